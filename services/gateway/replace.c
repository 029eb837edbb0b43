/* SPDX-License-Identifier: Apache-2.0
 * A service sent back as it was read, with what is to be different. */
#include <stdlib.h>

#include "common/clock.h"
#include "common/json_edits.h"
#include "services/gateway/gateway.h"

/* The patch that leads there from what this reader is shown. */
static enum status
read_patch(const struct call *call, const struct directory_entry *entry, char **patch,
    struct defects *defects)
{
	struct service_facts facts;
	size_t length = 0;
	enum status status = facts_read(call->gateway->reader, entry->document, &facts);
	char *shown = NULL;

	if (status != STATUS_OK)
		return status;
	shown = json_service(entry->document, &facts,
	    !role_is_in(call->account.role, "sc"), clock_wall_ms(), &length);
	if (shown == NULL)
		return STATUS_NO_MEMORY;
	status = edits_compare((struct text){ shown, (uint32_t)length },
	    http_body(call->request), patch, defects);
	free(shown);
	return status;
}

static void
on_replace_entry(void *self, enum status status, const struct directory_entry *entry)
{
	struct call *call = self;
	struct service_facts facts;
	struct defects defects = { .count = 0 };
	char *patch = NULL;

	if (status == STATUS_OK)
		status = edit_may(call, entry, &facts);
	if (status == STATUS_OK)
		status = read_patch(call, entry, &patch, &defects);
	if (status == STATUS_OK)
		edit_patch(call, status, entry, text_of(patch));
	else
		call_refuse(
		    call, status, &defects, TEXT_ABSENT, UINT_ABSENT, UINT_ABSENT);
	free(patch);
}

void
on_put_service(struct call *call)
{
	uint32_t expected;

	if (call_take_version(call, true, &expected))
		edit_get_entry(call, on_replace_entry);
}
