/* SPDX-License-Identifier: Apache-2.0
 * Held places: what each service's place says, against what cases hold.
 *
 * Both change in one step, but a count over all cases takes many; so what differs at first is
 * counted anew among the open referrals of one agency, with nothing moving in between. */
#include <inttypes.h>
#include <stdlib.h>

#include "common/directory.h"
#include "common/facts.h"
#include "deploy/referralctl/fsck.h"

/* Places asked for at once. */
#define PLACES_AT_ONCE 256
/* Second looks at a service until nothing moved during one. */
#define QUIET_TRIES 20
/* Open referrals of one agency. */
#define INBOX_MOST 1000000

/* A service of which places are or were held. */
struct service_places {
	const char *service;
	int64_t counted;    /* in cases */
	int64_t now;        /* what the place says */
	int64_t difference; /* between the two, at the first look */
	struct places *places;
};

struct places {
	struct session_wait wait; /* first */
	struct fsck *fsck;
	struct service_places *list;
	size_t count;
	size_t asked; /* store calls out */
	struct directory *directory;
	struct facts_reader *reader;
	char agency[SESSION_ID_BYTES + 1]; /* whose service is looked at */
};

static int
compare_ids(const void *one, const void *other)
{
	return strcmp(one, other);
}

/* Sorted, each once. */
static void
keep_unique(struct session_ids *ids)
{
	size_t kept = 0;

	if (ids->count > 0)
		qsort(ids->list, ids->count, sizeof *ids->list, compare_ids);
	for (size_t i = 0; i < ids->count; i++)
		if (kept == 0 || strcmp(ids->list[kept - 1], ids->list[i]) != 0)
			memmove(ids->list[kept++], ids->list[i], sizeof *ids->list);
	ids->count = kept;
}

/* ---- what the places say ---- */

static void
on_held(void *ctx, enum status status, int64_t now)
{
	struct service_places *place = ctx;
	struct places *places = place->places;

	place->now = now;
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

/* ---- the first look ---- */

static enum status
take_services(struct fsck *fsck, const struct session_ids *ids, void *ctx)
{
	struct session_ids *all = ctx;

	(void)fsck;
	for (size_t i = 0; i < ids->count; i++)
		session_on_id(all, text_of(ids->list[i]));
	return all->has_failed ? STATUS_NO_MEMORY : STATUS_OK;
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
compare_all(struct places *places)
{
	enum status status = STATUS_OK;

	for (size_t i = 0; i < places->count && status == STATUS_OK;
	     i += PLACES_AT_ONCE) {
		size_t count = places->count - i;

		if (count > PLACES_AT_ONCE)
			count = PLACES_AT_ONCE;
		status = read_some(places, &places->list[i], count);
	}
	for (size_t i = 0; i < places->count; i++)
		places->list[i].difference =
		    places->list[i].now - places->list[i].counted;
	return status;
}

/* ---- the second look ---- */

static void
on_document(void *self, enum status status, struct text document)
{
	struct places *places = self;
	struct service_facts facts;

	places->wait.status = status;
	places->wait.is_over = true;
	if (status == STATUS_OK &&
	    facts_read(places->reader, document, &facts) == STATUS_OK)
		(void)text_copy(facts.agency, places->agency, sizeof places->agency);
}

/* places->agency stays empty where the directory does not name the service any more. */
static enum status
find_agency(struct places *places, const struct service_places *place)
{
	enum status status;

	places->agency[0] = '\0';
	status = session_settle(places->fsck->session,
	    directory_get(
	        places->directory, text_of(place->service), on_document, places),
	    &places->wait);
	return status == STATUS_ABSENT ? STATUS_OK : status;
}

static enum status
read_inbox(struct places *places, struct session_ids *ids)
{
	struct session *session = places->fsck->session;
	enum status status = session_settle(session,
	    cases_inbox(session->cases, text_of(places->agency), 0, INBOX_MOST,
	        session_on_id, session_on_done, ids),
	    &ids->wait);

	return status == STATUS_OK && ids->has_failed ? STATUS_NO_MEMORY : status;
}

static bool
is_equal(const struct session_ids *one, const struct session_ids *other)
{
	bool is_equal = one->count == other->count;

	for (size_t i = 0; is_equal && i < one->count; i++)
		is_equal = strcmp(one->list[i], other->list[i]) == 0;
	return is_equal;
}

/* Counts the service in the cases of these referrals. */
static enum status
count_in(struct fsck *fsck, const struct session_ids *referrals)
{
	struct session_ids cases = { .count = 0 };
	enum status status = STATUS_NO_MEMORY;

	for (size_t i = 0; i < referrals->count; i++) {
		struct text case_id;
		unsigned need, attempt;

		if (id_split(text_of(referrals->list[i]), &case_id, &need, &attempt))
			session_on_id(&cases, case_id);
	}
	keep_unique(&cases);
	if (!cases.has_failed)
		status = fsck_cases(fsck, &cases);
	session_ids_free(&cases);
	return status;
}

/* Counts in the agency's open referrals; *is_quiet: nothing moved meanwhile, so the count and
 * place->now belong together. */
static enum status
count_quietly(struct places *places, struct service_places *place, bool *is_quiet)
{
	struct session_ids before = { .count = 0 }, after = { .count = 0 };
	enum status status = read_some(places, place, 1);
	int64_t now_before = place->now;

	places->fsck->again = 0;
	if (status == STATUS_OK)
		status = read_inbox(places, &before);
	if (status == STATUS_OK)
		status = count_in(places->fsck, &before);
	if (status == STATUS_OK)
		status = read_inbox(places, &after);
	if (status == STATUS_OK)
		status = read_some(places, place, 1);
	*is_quiet =
	    status == STATUS_OK && is_equal(&before, &after) && place->now == now_before;
	session_ids_free(&before);
	session_ids_free(&after);
	return status;
}

/* Two counts over all cases that differ by the same from what the place says. */
static enum status
count_everywhere(struct places *places, struct service_places *place, bool *is_sure)
{
	enum status status;

	places->fsck->again = 0;
	status = fsck_all_cases(places->fsck);
	if (status == STATUS_OK)
		status = read_some(places, place, 1);
	*is_sure = place->now - places->fsck->again == place->difference;
	return status;
}

/* An agency that has only now got the service does not have its old referrals: where its inbox
 * says something else than the first look, and where there is no agency, all cases have the
 * last word. */
static enum status
count_again(struct places *places, struct service_places *place, bool *is_sure)
{
	enum status status = STATUS_OK;
	int64_t difference;

	*is_sure = false;
	if (places->agency[0] == '\0')
		return count_everywhere(places, place, is_sure);
	for (int i = 0; status == STATUS_OK && !*is_sure && i < QUIET_TRIES; i++)
		status = count_quietly(places, place, is_sure);
	difference = place->now - places->fsck->again;
	if (status != STATUS_OK || !*is_sure || difference == 0 ||
	    difference == place->difference)
		return status;
	place->difference = difference;
	return count_everywhere(places, place, is_sure);
}

static enum status
look_again(struct places *places, struct service_places *place)
{
	struct fsck *fsck = places->fsck;
	enum status status = find_agency(places, place);
	bool is_sure = false;

	fsck->only = place->service;
	if (status == STATUS_OK)
		status = count_again(places, place, &is_sure);
	fsck->only = NULL;
	if (status == STATUS_OK && is_sure && place->now != fsck->again)
		fsck_find(fsck, text_of(place->service), true,
		    "%" PRId64 " places held, %" PRId64 " accounted for", place->now,
		    fsck->again);
	return status;
}

static enum status
look_at_differences(struct places *places)
{
	enum status status = STATUS_OK;

	places->directory = directory_open(places->fsck->session->store, SESSION_CELL);
	places->reader = facts_reader_new();
	if (places->directory == NULL || places->reader == NULL)
		status = STATUS_NO_MEMORY;
	for (size_t i = 0; i < places->count && status == STATUS_OK; i++)
		if (places->list[i].difference != 0)
			status = look_again(places, &places->list[i]);
	facts_reader_free(places->reader);
	directory_close(places->directory);
	return status;
}

enum status
fsck_places(struct fsck *fsck)
{
	struct places places = { .fsck = fsck };
	struct session_ids services = { .count = 0 };
	enum status status = fsck_walk(fsck, cases_places, take_services, &services);

	for (size_t i = 0; i < fsck->held.count; i++)
		session_on_id(&services, text_of(fsck->held.list[i]));
	keep_unique(&services);
	if (status == STATUS_OK && (services.has_failed || fsck->held.has_failed ||
	                               !make_list(&places, &services)))
		status = STATUS_NO_MEMORY;
	if (status == STATUS_OK)
		status = compare_all(&places);
	if (status == STATUS_OK)
		status = look_at_differences(&places);
	free(places.list);
	session_ids_free(&services);
	return status;
}
