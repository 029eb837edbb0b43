/* SPDX-License-Identifier: Apache-2.0
 * Asks agencies whether places that were reported long ago still hold. */
#include "common/clock.h"
#include "common/log.h"
#include "services/matcher/matcher.h"

#define LOOK_EVERY_MS 10000
#define SERVICES_AT_ONCE 100

static void
on_asked(void *ctx, enum status status, const struct store_value *value)
{
	struct matcher *matcher = ctx;

	(void)value;
	if (status != STATUS_OK) /* the next look finds it again */
		log_event(LOG_WARN, "confirmation_not_asked",
		    LOG_STRING("status", status_code(status)));
	matcher->confirm_calls--;
}

/* A service that is in no directory any more has nobody who could confirm. */
static void
confirm_one(struct matcher *matcher, struct text service)
{
	const struct indexed *indexed = index_find(matcher->index, service);
	const struct kept_facts *facts = indexed != NULL ? indexed_facts(indexed) : NULL;

	if (directory_confirm_ask(matcher->directory, service,
	        facts != NULL ? facts->agency : TEXT_ABSENT,
	        facts != NULL ? facts->name : TEXT_ABSENT, matcher->confirm_before_ms,
	        on_asked, matcher) == STATUS_OK)
		matcher->confirm_calls++;
}

static void
on_stale(void *ctx, enum status status, const struct store_value *value)
{
	struct matcher *matcher = ctx;

	matcher->confirm_calls--;
	for (size_t i = 0; status == STATUS_OK && i + 1 < store_count(value); i += 2)
		confirm_one(matcher, store_text(store_at(value, i)));
	if (store_count(value) == 2 * SERVICES_AT_ONCE)
		matcher->confirm_next_ms = 0; /* there are more */
}

void
confirm_look(struct matcher *matcher)
{
	int64_t ttl_ms = matcher->service->config->directory_capacity_ttl;
	int64_t now_ms = clock_mono_ms();

	if (ttl_ms == 0 || matcher->confirm_calls > 0 || matcher->index == NULL ||
	    now_ms < matcher->confirm_next_ms)
		return;
	matcher->confirm_next_ms = now_ms + LOOK_EVERY_MS;
	matcher->confirm_before_ms = clock_wall_ms() - ttl_ms;
	if (directory_stale(matcher->directory, matcher->confirm_before_ms,
	        SERVICES_AT_ONCE, on_stale, matcher) == STATUS_OK)
		matcher->confirm_calls++;
}
