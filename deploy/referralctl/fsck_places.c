/* SPDX-License-Identifier: Apache-2.0
 * Held places: what each service's place says, against what cases hold.  Both change in one
 * step, but a count over all cases takes many, so what differs is counted anew. */
#include <stdlib.h>

#include "common/directory.h"
#include "common/facts.h"
#include "deploy/referralctl/fsck.h"

/* Places asked for at once. */
#define PLACES_AT_ONCE 256

/* A service of which places are or were held. */
struct service_places {
	const char *service;
	int64_t counted; /* in cases */
	int64_t now;     /* what the place says */
	struct places *places;
};

struct places {
	struct session_wait wait; /* first */
	struct fsck *fsck;
	struct service_places *list;
	size_t count;
	size_t asked; /* store calls out */
};

static void
on_held(void *ctx, enum status status, int64_t held)
{
	struct service_places *place = ctx;
	struct places *places = place->places;

	place->now = held;
	if (status != STATUS_OK && places->wait.status == STATUS_OK)
		places->wait.status = status;
	if (--places->asked == 0)
		places->wait.is_over = true;
}

static enum status
read_some(struct places *places, struct service_places *first, size_t count)
{
	struct session *session = places->fsck->session;

	places->wait = (struct session_wait){ .status = STATUS_OK };
	places->asked = 0;
	for (size_t i = 0; i < count; i++) {
		enum status status = cases_held(
		    session->cases, text_of(first[i].service), on_held, &first[i]);

		if (status == STATUS_OK)
			places->asked++;
		else
			places->wait.status = status;
	}
	return places->asked == 0 ? places->wait.status
	                          : session_settle(session, STATUS_OK, &places->wait);
}

static enum status
read_all(struct places *places)
{
	enum status status = STATUS_OK;

	for (size_t i = 0; i < places->count && status == STATUS_OK;
	     i += PLACES_AT_ONCE) {
		size_t left = places->count - i;

		status = read_some(places, &places->list[i],
		    left < PLACES_AT_ONCE ? left : PLACES_AT_ONCE);
	}
	return status;
}

static enum status
take_services(struct fsck *fsck, const struct session_ids *ids, void *ctx)
{
	struct session_ids *all = ctx;

	(void)fsck;
	for (size_t i = 0; i < ids->count; i++)
		session_on_id(all, text_of(ids->list[i]));
	return all->has_failed ? STATUS_NO_MEMORY : STATUS_OK;
}

static int
compare_ids(const void *one, const void *other)
{
	return strcmp(one, other);
}

/* One entry per service that has a place or of which a case holds one. */
static bool
make_list(struct places *places, const struct session_ids *services)
{
	struct session_ids *held = &places->fsck->held;
	size_t at = 0;

	if (held->count > 0)
		qsort(held->list, held->count, sizeof *held->list, compare_ids);
	places->list = calloc(services->count + 1, sizeof *places->list);
	if (places->list == NULL)
		return false;
	for (size_t i = 0; i < services->count; i++) {
		struct service_places *place = &places->list[places->count++];

		*place = (struct service_places){ .service = services->list[i],
			.places = places };
		for (; at < held->count && strcmp(held->list[at], place->service) == 0;
		     at++)
			place->counted++;
	}
	return true;
}

static enum status
look_at_differences(struct places *places)
{
	struct directory *directory = directory_open(
	    places->fsck->session->store, SESSION_CELL, DIRECTORY_SERVICES);
	struct facts_reader *reader = facts_reader_new();
	enum status status =
	    directory != NULL && reader != NULL ? STATUS_OK : STATUS_NO_MEMORY;

	for (size_t i = 0; i < places->count && status == STATUS_OK; i++) {
		struct service_places *place = &places->list[i];

		if (place->now != place->counted)
			status = fsck_recount(places->fsck, directory, reader,
			    place->service, place->now - place->counted);
	}
	facts_reader_free(reader);
	directory_close(directory);
	return status;
}

enum status
fsck_places(struct fsck *fsck)
{
	struct places places = { .fsck = fsck };
	struct session_ids services = { .count = 0 };
	enum status status = fsck_walk(fsck, "place", take_services, &services);

	for (size_t i = 0; i < fsck->held.count; i++)
		session_on_id(&services, text_of(fsck->held.list[i]));
	session_ids_sort(&services);
	if (status == STATUS_OK && (services.has_failed || fsck->held.has_failed ||
	                               !make_list(&places, &services)))
		status = STATUS_NO_MEMORY;
	if (status == STATUS_OK)
		status = read_all(&places);
	if (status == STATUS_OK)
		status = look_at_differences(&places);
	free(places.list);
	session_ids_free(&services);
	return status;
}
