/* SPDX-License-Identifier: Apache-2.0
 * Doubling with half of it random; the header has the formula. */
#include "services/notifier/backoff.h"

#include <assert.h>

static int64_t
smaller(int64_t one, int64_t other)
{
	return one < other ? one : other;
}

int64_t
backoff_ms(unsigned attempt, int64_t first_ms, int64_t most_ms, int64_t retry_after_ms,
    uint64_t random)
{
	int64_t whole_ms = first_ms;
	int64_t asked_ms = smaller(retry_after_ms, most_ms);
	int64_t spread_ms;
	int64_t delay_ms;

	assert(first_ms >= 1 && most_ms >= first_ms);
	for (unsigned i = 1; i < attempt && whole_ms < most_ms; i++)
		whole_ms = whole_ms > most_ms / 2 ? most_ms : whole_ms * 2;
	spread_ms = whole_ms / 2;
	delay_ms = whole_ms - spread_ms + (int64_t)(random % ((uint64_t)spread_ms + 1));
	return delay_ms > asked_ms ? delay_ms : asked_ms;
}
