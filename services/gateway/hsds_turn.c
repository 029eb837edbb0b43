/* SPDX-License-Identifier: Apache-2.0
 * Few streams read at a time, in turns of a page each, so that others wait for few pages however
 * many streams there are. */
#include <utlist.h>

#include "services/gateway/hsds.h"

#define TURNS_AT_ONCE 2

bool
hsds_turn_take(struct browse *browse)
{
	struct gateway *gateway = browse->call->gateway;

	if (gateway->browses_under_way < TURNS_AT_ONCE) {
		gateway->browses_under_way++;
		browse->has_turn = true;
		return true;
	}
	DL_APPEND2(gateway->waiting_browses, browse, prev, next_in_line);
	browse->is_queued = true;
	return false;
}

void
hsds_turn_give(struct browse *browse)
{
	struct gateway *gateway = browse->call->gateway;
	struct browse *first;

	if (browse->is_queued) {
		DL_DELETE2(gateway->waiting_browses, browse, prev, next_in_line);
		browse->is_queued = false;
	}
	if (!browse->has_turn)
		return;
	browse->has_turn = false;
	gateway->browses_under_way--;
	first = gateway->waiting_browses;
	if (first == NULL)
		return;
	DL_DELETE2(gateway->waiting_browses, first, prev, next_in_line);
	first->is_queued = false;
	first->has_turn = true;
	gateway->browses_under_way++;
	hsds_go_on(first);
}
