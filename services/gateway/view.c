/* SPDX-License-Identifier: Apache-2.0
 * What a reader may see of a case. */
#include <stdlib.h>

#include "common/family.h"
#include "common/id.h"
#include "common/log.h"
#include "proto/explanation.h"
#include "proto/say.h"
#include "proto/state.h"
#include "services/gateway/gateway.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* States in which an agency has the family's trust: it accepted and has not given back. */
static bool
is_serving(struct text state)
{
	static const char *const STATES[] = { "accepted", "in_progress", "on_hold",
		"waitlisted", "cancel_requested", "reopened", "completed", "confirmed" };

	for (size_t i = 0; i < sizeof STATES / sizeof STATES[0]; i++)
		if (text_is(state, STATES[i]))
			return true;
	return false;
}

/* Keeps an agency's own referrals, their needs, and the journal lines of both.
 * Returns whether any of them is being served by it; *any: whether there is one at all. */
static bool
keep_own(const struct account *account, struct case_view *view, bool *any)
{
	bool is_serving_any = false;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < view->referrals_count; i++) {
		if (!text_is(view->referrals[i].agency, account->agency))
			continue;
		is_serving_any |= is_serving(view->referrals[i].state);
		view->referrals[kept++] = view->referrals[i];
	}
	view->referrals_count = kept;
	*any = kept > 0;
	kept = 0;
	for (uint32_t i = 0; i < view->needs_count; i++)
		for (uint32_t r = 0; r < view->referrals_count; r++)
			if (text_equal(view->referrals[r].need, view->needs[i].id)) {
				view->needs[kept++] = view->needs[i];
				break;
			}
	view->needs_count = kept;
	kept = 0;
	for (uint32_t i = 0; i < view->timeline_count; i++)
		for (uint32_t r = 0; r < view->referrals_count; r++)
			if (text_equal(view->timeline[i].item, view->referrals[r].id)) {
				view->timeline[kept++] = view->timeline[i];
				break;
			}
	view->timeline_count = kept;
	return is_serving_any;
}

bool
view_keep_own(const struct account *account, struct case_view *view)
{
	bool any = true;

	if (account->role == role_agency)
		(void)keep_own(account, view, &any);
	return any;
}

static enum status
open_family(
    struct gateway *gateway, const struct case_record *record, struct intake *intake)
{
	/* The view's texts point into it until it is written. */
	static uint8_t plain[FAMILY_MAX_BYTES];
	const struct family_keys keys = { gateway->identity_keys, gateway->routing_keys,
		gateway->stored };
	uint8_t key[SEAL_KEY_BYTES];
	enum status status = family_open(&keys, record, key, plain, intake);

	seal_wipe(key, sizeof key);
	return status;
}

/* The note that the operator wrote for this need; needs are numbered in their ids. */
static struct text
note_of(const struct intake *intake, struct text need_id)
{
	struct text case_id;
	unsigned need, attempt;

	if (!id_split(need_id, &case_id, &need, &attempt) || need == 0 ||
	    need > intake->needs_count)
		return TEXT_ABSENT;
	return intake->needs[need - 1].note;
}

static void
show_identity(struct gateway *gateway, const struct account *account,
    const struct case_record *record, struct case_view *view)
{
	static struct intake intake;
	enum status status = open_family(gateway, record, &intake);

	if (status != STATUS_OK) {
		log_event(LOG_ERROR, "identity_unreadable",
		    LOG_TEXT("case", record->view.id),
		    LOG_STRING("status", status_code(status)));
		return;
	}
	view->has_place = intake.has_place;
	view->place = intake.place;
	view->has_household = intake.has_household;
	view->household = intake.household;
	view->has_contact = intake.has_contact;
	view->contact = intake.contact;
	view->has_preferences = intake.has_preferences && account->role != role_agency;
	view->preferences = intake.preferences;
	view->has_consent = intake.has_consent;
	view->consent = intake.consent;
	for (uint32_t i = 0; i < view->needs_count; i++)
		view->needs[i].note = note_of(&intake, view->needs[i].id);
	/* Reads of personal data are on record as well as writes. */
	log_event(LOG_INFO, "identity_read", LOG_TEXT("case", record->view.id),
	    LOG_STRING("person", account->person),
	    LOG_STRING("role", code_word(CODE_SET_role, account->role)));
}

static void
show_whys(const struct case_record *record, struct case_view *view)
{
	/* The view's texts point into it until it is written. */
	static struct explanation_texts texts[COUNT(view->referrals)];

	for (uint32_t i = 0; i < view->referrals_count; i++) {
		struct referral_state *referral = &view->referrals[i];

		if (record->whys[i].at == NULL)
			continue;
		referral->has_why =
		    explanation_unpack(record->whys[i].at, record->whys[i].length,
		        referral->service, referral->agency, &texts[i],
		        &referral->why) == STATUS_OK;
		if (!referral->has_why)
			log_event(LOG_WARN, "explanation_unreadable",
			    LOG_TEXT("referral", referral->id));
	}
}

bool
view_prepare(struct gateway *gateway, const struct account *account,
    const struct case_record *record, struct case_view *view)
{
	bool may_see_persons = role_is_in(account->role, "osc");
	bool any = true;

	*view = record->view;
	show_whys(record, view);
	if (account->role == role_agency)
		may_see_persons = keep_own(account, view, &any);
	if (any && may_see_persons)
		show_identity(gateway, account, record, view);
	return any;
}

void
view_say(struct case_view *view, struct text lang)
{
	/* The view's texts point into it until it is written. */
	static struct said said[COUNT(view->referrals)];
	char tag[LANG_MOST + 1];

	if (!text_copy(lang, tag, sizeof tag) || tag[0] == '\0')
		return;
	for (uint32_t i = 0; i < view->referrals_count; i++)
		if (view->referrals[i].has_why)
			say_why(&view->referrals[i].why, tag, &said[i]);
}

struct case_view *
view_buffer(void)
{
	static struct case_view *view;

	if (view == NULL)
		view = malloc(sizeof *view);
	return view;
}
