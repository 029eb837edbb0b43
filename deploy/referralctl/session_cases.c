/* SPDX-License-Identifier: Apache-2.0
 * Reads cases, many at once, and opens their explanations. */
#include "common/log.h"
#include "deploy/referralctl/session.h"
#include "proto/explanation.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define TURN_MS 100
/* Cases asked for at once. */
#define CASES_AT_ONCE 64

/* Cases asked for and not yet there. */
struct showing {
	struct session *session;
	const struct session_reading *reading;
	size_t left, found;
	enum status status; /* of the first that failed */
};

static void
show_record(struct showing *showing, const struct case_record *record)
{
	const struct session_reading *reading = showing->reading;
	struct case_view *view = showing->session->view;
	/* The view's texts point into it until it is visited. */
	static struct explanation_texts texts[COUNT(view->referrals)];

	*view = record->view;
	for (uint32_t i = 0; reading->wants_whys && i < view->referrals_count; i++) {
		struct referral_state *referral = &view->referrals[i];

		referral->has_why =
		    record->whys[i].at != NULL &&
		    explanation_unpack(record->whys[i].at, record->whys[i].length,
		        referral->service, referral->agency, &texts[i],
		        &referral->why) == STATUS_OK;
	}
	showing->found++;
	reading->visit(reading->ctx, view);
}

static void
on_record(void *ctx, enum status status, const struct case_record *record)
{
	struct showing *showing = ctx;

	showing->left--;
	if (status == STATUS_OK)
		show_record(showing, record);
	else if (status != STATUS_ABSENT && showing->status == STATUS_OK)
		showing->status = status;
}

static void
wait_showing(struct showing *showing, size_t most)
{
	while (showing->left > most)
		if (loop_turn(showing->session->loop, TURN_MS) != STATUS_OK)
			log_die("the loop does not turn");
}

static void
show(struct showing *showing, struct text case_id)
{
	enum status status = cases_get(showing->session->cases, case_id,
	    showing->reading->timeline_most, on_record, showing);

	if (status == STATUS_OK)
		showing->left++;
	else
		showing->status = status;
	wait_showing(showing, CASES_AT_ONCE - 1);
}

enum status
session_case(
    struct session *session, const struct session_reading *reading, struct text case_id)
{
	struct showing showing = { .session = session, .reading = reading };

	show(&showing, case_id);
	wait_showing(&showing, 0);
	return showing.status == STATUS_OK && showing.found == 0 ? STATUS_ABSENT
	                                                         : showing.status;
}

enum status
session_cases(struct session *session, const struct session_reading *reading,
    const struct session_ids *ids)
{
	struct showing showing = { .session = session, .reading = reading };

	for (size_t i = 0; i < ids->count && showing.status == STATUS_OK; i++)
		show(&showing, text_of(ids->list[i]));
	wait_showing(&showing, 0);
	return showing.status;
}
