/* SPDX-License-Identifier: Apache-2.0
 * What Redis holds of places when an index is new: documents know what was published, Redis
 * what was reported since. */
#include "common/log.h"
#include "services/matcher/matcher.h"

/* Services of one call: about a millisecond of Redis, 6 us each; transitions wait for so long. */
#define SERVICES_AT_ONCE 150

/* What the change stream told meanwhile is newer. */
static void
take_place(struct matcher *matcher, const struct store_value *value, size_t at)
{
	struct index *index = matcher->index;
	struct text service = store_text(store_at(value, at));
	struct text answers = store_text(store_at(value, at + 4));
	int64_t reported_at = store_integer(store_at(value, at + 3), TIME_ABSENT);

	if (answers.length > 0)
		answers_set(matcher->answers, service, answers);
	if (index_is_capacity_told(index, service))
		return;
	index_set_capacity(index, service, store_number(store_at(value, at + 1)),
	    store_number(store_at(value, at + 2)));
	if (reported_at != TIME_ABSENT)
		index_set_report(index, service, reported_at);
}

static void
on_places(void *ctx, enum status status, const struct store_value *value)
{
	struct matcher *matcher = ctx;

	if (status != STATUS_OK) {
		log_event(LOG_WARN, "places_not_loaded",
		    LOG_STRING("status", status_code(status)));
		return; /* the documents' figures stand: the reservation decides all the same */
	}
	for (size_t i = 0; i + 4 < store_count(value); i += 5)
		take_place(matcher, value, i);
	places_load(matcher);
}

void
places_load(struct matcher *matcher)
{
	static struct text ids[SERVICES_AT_ONCE];
	const struct indexed *service;
	size_t count = 0;

	while (count < SERVICES_AT_ONCE &&
	       (service = index_at(matcher->index, matcher->places_at)) != NULL) {
		ids[count++] = indexed_facts(service)->id;
		matcher->places_at++;
	}
	if (count == 0)
		log_event(LOG_INFO, "places_loaded",
		    LOG_NUMBER("services", matcher->places_at));
	else if (directory_places(matcher->directory, count, ids, on_places, matcher) !=
	         STATUS_OK)
		log_event(
		    LOG_WARN, "places_not_loaded", LOG_STRING("status", "not asked"));
}
