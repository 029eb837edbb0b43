/* SPDX-License-Identifier: Apache-2.0
 * referralctl explain --replay: stored decisions by the policies that were in force. */
#include <inttypes.h>
#include <stdlib.h>

#include "deploy/referralctl/explain.h"
#include "deploy/referralctl/policy.h"
#include "deploy/referralctl/referralctl.h"
#include "deploy/referralctl/replayed.h"
#include "deploy/referralctl/sheet.h"

struct replaying {
	struct reading reading;
	struct policy *policies; /* the newest first */
	uint32_t count;
	bool is_same;
	json_t *list; /* NULL: for people */
};

static void
keep_version(struct reading *reading, const struct policies_entry *entry)
{
	struct replaying *replaying = (struct replaying *)reading;
	struct policy *policies =
	    realloc(replaying->policies, (replaying->count + 1) * sizeof *policies);

	if (policies == NULL)
		return;
	replaying->policies = policies;
	if (!text_copy(entry->text, reading->text, sizeof reading->text) ||
	    policy_read(&policies[replaying->count], reading->text, NULL) != STATUS_OK)
		return;
	policies[replaying->count++].version = entry->version;
}

struct replaying *
replaying_new(struct session *session)
{
	struct replaying *replaying = calloc(1, sizeof *replaying);
	enum status status = STATUS_NO_MEMORY;

	if (replaying != NULL) {
		replaying->is_same = true;
		replaying->list = session->wants_json ? json_array() : NULL;
		replaying->reading.each = keep_version;
		status =
		    policy_versions(session, POLICY_HISTORY_MOST, &replaying->reading);
	}
	if (status == STATUS_OK)
		return replaying;
	(void)session_failed(session, status);
	replaying_free(replaying);
	return NULL;
}

void
replaying_free(struct replaying *replaying)
{
	if (replaying == NULL)
		return;
	json_decref(replaying->list);
	free(replaying->policies);
	free(replaying);
}

/* NULL: not one that this release understands. */
static const struct policy *
find_policy(const struct replaying *replaying, uint32_t version)
{
	if (version == 0)
		return &POLICY_STANDARD;
	for (uint32_t i = 0; i < replaying->count; i++)
		if (replaying->policies[i].version == version)
			return &replaying->policies[i];
	return NULL;
}

static void
tell(struct replaying *replaying, const struct referral_state *referral, uint32_t version,
    const struct replay *replay)
{
	const struct why *why = &referral->why;
	json_t *differences;

	if (replaying->list == NULL) {
		sheet_put(referral->id, stdout);
		printf(": %.2f points, policy %" PRIu32 ", directory ", why->chosen.score,
		    version);
		sheet_put(why->directory_version, stdout);
		puts(replay->differences_count == 0 ? ": the same" : ": not the same");
		for (uint32_t i = 0; i < replay->differences_count; i++)
			printf("  %s\n", replay->differences[i]);
		return;
	}
	differences = json_array();
	for (uint32_t i = 0; i < replay->differences_count; i++)
		(void)json_array_append_new(
		    differences, json_string(replay->differences[i]));
	(void)json_array_append_new(replaying->list,
	    json_pack("{s:s%,s:o*,s:I,s:b,s:o}", "referral", referral->id.at,
	        (size_t)referral->id.length, "score", json_real(why->chosen.score),
	        "policy", (json_int_t)version, "same", replay->differences_count == 0,
	        "differences", differences));
}

void
replaying_view(struct replaying *replaying, const struct case_view *view)
{
	for (uint32_t i = 0; i < view->referrals_count; i++) {
		const struct referral_state *referral = &view->referrals[i];
		const struct why *why = &referral->why;
		uint32_t version = why->policy != UINT_ABSENT ? why->policy : 0;
		const struct policy *policy = find_policy(replaying, version);
		struct replay replay = { .differences_count = 1 };

		if (!referral->has_why || !why->has_chosen)
			(void)strcpy(replay.differences[0],
			    "no explanation is stored, or it is damaged");
		else if (policy == NULL)
			(void)strcpy(replay.differences[0],
			    "policy: no version that this release understands");
		else
			replay_decision(
			    &replay, why, (enum urgency)view->urgency, policy);
		replaying->is_same &= replay.differences_count == 0;
		tell(replaying, referral, version, &replay);
	}
}

int
replaying_end(struct replaying *replaying, struct session *session)
{
	json_t *list = replaying->list;
	int exit = EXIT_DONE;

	replaying->list = NULL;
	if (list != NULL)
		exit = session_print(session, json_pack("{s:o}", "replays", list));
	return exit == EXIT_DONE && !replaying->is_same ? EXIT_FAILED : exit;
}
