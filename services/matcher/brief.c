/* SPDX-License-Identifier: Apache-2.0
 * Doors, notices and ways in, of what a search found. */
#include "services/matcher/brief.h"

#include "services/matcher/index_private.h"

/* Bytes of a notice (messages.def). */
#define NOTICE_MAX 300

static uint32_t
write_codes(uint32_t bits, unsigned end, uint8_t *codes)
{
	uint32_t count = 0;

	for (unsigned code = 1; code < end; code++)
		if (bits >> code & 1)
			codes[count++] = (uint8_t)code;
	return count;
}

static void
write_brief(const struct indexed *service, struct service_brief *brief, int64_t now_ms)
{
	const struct kept_facts *facts = indexed_facts(service);

	brief->opens_at = traits_next_opening(&service->traits, now_ms);
	brief->verified_at = facts->verified_at;
	if (facts->notice->count > 0 &&
	    facts_is_noticed(facts->notice_starts, facts->notice_ends, now_ms))
		brief->notice = text_for_message(facts->notice->at[0], NOTICE_MAX);
	brief->referral_methods_count = write_codes(
	    facts->referral_methods, referral_method_end, brief->referral_methods);
	brief->costs_count = write_codes(facts->costs, cost_end, brief->costs);
}

void
brief_found(const struct index *index, struct found *found, int64_t now_ms)
{
	for (uint32_t i = 0; i < found->services_count; i++) {
		const struct indexed *service = index_find(index, found->services[i].id);

		if (service != NULL)
			write_brief(service, &found->services[i], now_ms);
	}
}
