/* SPDX-License-Identifier: Apache-2.0
 * Looks services up one after the other. */
#include "deploy/referralctl/naming.h"

#include <stdlib.h>

#include "common/directory.h"
#include "common/facts.h"
#include "proto/explanation.h"

/* Of each of 64 referrals: its own, the next ones, what was refused. */
#define SERVICES_MOST (64 * (1 + EXPLANATION_NEXT_MOST + EXPLANATION_REFUSALS_MOST))

struct naming {
	struct session_wait wait;
	struct session *session;
	struct facts_reader *reader;
	const struct session_reading *reading;
	unsigned count;
	struct name {
		char service[SESSION_ID_BYTES + 1];
		char shown[301]; /* as messages.def allows; empty: unknown */
		char agency[301];
	} list[SERVICES_MOST];
};

struct naming *
naming_new(struct session *session)
{
	struct naming *naming = calloc(1, sizeof *naming);

	if (naming != NULL)
		naming->reader = facts_reader_new();
	if (naming == NULL || naming->reader == NULL) {
		free(naming);
		(void)session_failed(session, STATUS_NO_MEMORY);
		return NULL;
	}
	naming->session = session;
	return naming;
}

void
naming_free(struct naming *naming)
{
	if (naming == NULL)
		return;
	facts_reader_free(naming->reader);
	free(naming);
}

static const struct name *
find_name(const struct naming *naming, struct text service)
{
	for (unsigned i = 0; i < naming->count; i++)
		if (text_is(service, naming->list[i].service))
			return &naming->list[i];
	return NULL;
}

const char *
naming_service(const struct naming *naming, struct text service)
{
	const struct name *name = find_name(naming, service);

	return name != NULL ? name->shown : "";
}

const char *
naming_agency(const struct naming *naming, struct text service)
{
	const struct name *name = find_name(naming, service);

	return name != NULL ? name->agency : "";
}

/* ---- the first time ---- */

static void
note(struct naming *naming, struct text service)
{
	if (service.length > 0 && find_name(naming, service) == NULL &&
	    naming->count < SERVICES_MOST &&
	    text_copy(service, naming->list[naming->count].service,
	        sizeof naming->list[0].service))
		naming->count++;
}

static void
note_services(void *ctx, struct case_view *view)
{
	struct naming *naming = ctx;

	for (uint32_t i = 0; i < view->referrals_count; i++) {
		const struct referral_state *referral = &view->referrals[i];

		note(naming, referral->service);
		if (!referral->has_why)
			continue;
		for (uint32_t n = 0; n < referral->why.next_count; n++)
			note(naming, referral->why.next[n].service);
		for (uint32_t n = 0; n < referral->why.refusals_count; n++)
			note(naming, referral->why.refusals[n].service);
	}
}

static void
on_document(void *self, enum status status, struct text document)
{
	struct naming *naming = self;
	struct service_facts facts;

	naming->wait.status = status;
	naming->wait.is_over = true;
	if (status != STATUS_OK ||
	    facts_read(naming->reader, document, &facts) != STATUS_OK)
		return;
	for (unsigned i = 0; i < naming->count; i++)
		if (text_is(facts.id, naming->list[i].service)) {
			(void)text_copy(facts.name, naming->list[i].shown,
			    sizeof naming->list[i].shown);
			(void)text_copy(facts.agency_name, naming->list[i].agency,
			    sizeof naming->list[i].agency);
		}
}

static void
look_up_names(struct naming *naming)
{
	struct session *session = naming->session;
	struct directory *directory =
	    directory_open(session->store, SESSION_CELL, DIRECTORY_SERVICES);

	for (unsigned i = 0; directory != NULL && i < naming->count; i++)
		(void)!session_settle(session,
		    directory_get(
		        directory, text_of(naming->list[i].service), on_document, naming),
		    &naming->wait);
	directory_close(directory);
}

/* ---- the second ---- */

static void
give_name(const struct naming *naming, struct text service, struct text *out)
{
	const char *name = naming_service(naming, service);

	if (name[0] != '\0')
		*out = text_of(name);
}

static void
give_names(const struct naming *naming, struct referral_state *referral)
{
	struct why *why = &referral->why;

	give_name(naming, referral->service, &referral->service_name);
	if (!referral->has_why)
		return;
	for (uint32_t i = 0; i < why->next_count; i++)
		give_name(naming, why->next[i].service, &why->next[i].name);
	for (uint32_t i = 0; i < why->refusals_count; i++)
		give_name(naming, why->refusals[i].service, &why->refusals[i].name);
}

static void
show_named(void *ctx, struct case_view *view)
{
	struct naming *naming = ctx;

	for (uint32_t i = 0; i < view->referrals_count; i++)
		give_names(naming, &view->referrals[i]);
	naming->reading->visit(naming->reading->ctx, view);
}

enum status
naming_case(
    struct naming *naming, const struct session_reading *reading, struct text case_id)
{
	const struct session_reading first = {
		.wants_whys = true, .visit = note_services, .ctx = naming
	};
	struct session_reading second = *reading;
	enum status status = session_case(naming->session, &first, case_id);

	if (status != STATUS_OK)
		return status;
	look_up_names(naming);
	naming->reading = reading;
	second.visit = show_named;
	second.ctx = naming;
	return session_case(naming->session, &second, case_id);
}
