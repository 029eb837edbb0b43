/* SPDX-License-Identifier: Apache-2.0
 * Intakes whose caller rather hears of a misspelt term than has it stored. */
#include "services/gateway/gateway.h"

/* "handling=strict" among the preferences, which commas and semicolons part. */
bool
strict_is_wanted(const struct call *call)
{
	static const char WANTED[] = "handling=strict";
	struct text header = http_header(call->request, "Prefer");
	const uint32_t length = sizeof WANTED - 1;

	for (uint32_t at = 0; header.length >= length && at <= header.length - length;
	     at++) {
		uint32_t end = at + length;

		if (memcmp(header.at + at, WANTED, length) == 0 &&
		    (at == 0 || strchr(" ,;", header.at[at - 1]) != NULL) &&
		    (end == header.length || strchr(" ,;", header.at[end]) != NULL))
			return true;
	}
	return false;
}

static void
add_hint(struct need_hints *hints, const struct need_preview *need)
{
	struct need_hint *hint = &hints->needs[hints->needs_count++];

	record_init(&record_need_hint, hint);
	hint->term = need->term;
	hint->suggestions_count = need->suggestions_count;
	memcpy(hint->suggestions, need->suggestions,
	    need->suggestions_count * sizeof need->suggestions[0]);
}

void
strict_on_previewed(struct call *call, const struct message *reply)
{
	static struct need_hints hints;
	struct defects defects = { .count = 0 };

	if (reply->kind != MESSAGE_previewed) {
		call_pass_refusal(call, &reply->refused);
		return;
	}
	record_init(&record_need_hints, &hints);
	for (uint32_t i = 0; i < reply->previewed.needs_count; i++)
		if (reply->previewed.needs[i].reason == reason_unknown_term) {
			defects_add(
			    &defects, "is a term that nobody knows", "needs[%u].term", i);
			add_hint(&hints, &reply->previewed.needs[i]);
		}
	if (defects.count == 0)
		intake_submit(call);
	else
		call_refuse_with(
		    call, STATUS_INVALID, &defects, &record_need_hints, &hints);
}
