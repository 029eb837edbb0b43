/* SPDX-License-Identifier: Apache-2.0
 * What the files of the command policy share; of others explain --replay alone includes it. */
#ifndef REFERRALCTL_POLICY_H
#define REFERRALCTL_POLICY_H

#include <jansson.h>

#include "common/policies.h"
#include "deploy/referralctl/session.h"

struct sheet;

/* What the verbs are given. */
struct order {
	struct session *session;
	const char *verb, *word; /* FILE or VERSION; NULL: none */
	uint32_t version, cases;
	char by[SESSION_BY_BYTES + 1];
	bool is_dry;
	char *text; /* of FILE */
	struct policy policy;
};

/* ---- versions in Redis ---- */

struct reading {
	struct session_wait wait;
	void (*each)(struct reading *reading, const struct policies_entry *entry);
	uint32_t wanted; /* version; UINT_ABSENT: the newest */
	uint32_t newest; /* 0: there is none */
	bool is_found;
	struct policies_entry found; /* its text in `text`, without `by` */
	char text[POLICY_TEXT_MOST + 1];
	struct sheet *sheet;
	json_t *list;
};

#define POLICY_HISTORY_MOST 1000

/* Tells `each` of the newest ones, newest first. */
enum status policy_versions(
    struct session *session, unsigned most, struct reading *reading) MUST_CHECK;
/* Reads a version (UINT_ABSENT: the one in force; 0: the standard) into order->policy.  False: said
 * why. */
bool policy_version(
    struct order *order, uint32_t version, struct reading *reading) MUST_CHECK;
/* Reads order->word into order->text and order->policy.  False: said why. */
bool policy_file(struct order *order) MUST_CHECK;
/* All values, so that the text says the same under another release; NULL: out of memory. */
char *policy_text(const struct policy *policy);

/* ---- trials ---- */

#define POLICY_EXAMPLES_MOST 10

struct policy_trial {
	uint32_t
	    decisions; /* offers of the last days that were decided anew, by both policies */
	uint32_t elsewhere; /* of them went to another service */
	uint32_t unread;    /* cases whose facts could not be opened */
	uint32_t examples_count;
	struct {
		char referral[SESSION_ID_BYTES + 1];
		char before[SESSION_ID_BYTES + 1],
		    after[SESSION_ID_BYTES + 1]; /* services; "": none */
	} examples[POLICY_EXAMPLES_MOST];
};

/* Decides the offers of cases accepted since a moment anew, by the policy in force and by `text`,
 * with the directory and the places as they are now; looks at `cases_most` cases, the newest
 * first.  False: said why. */
bool policy_try(struct session *session, struct text text, int64_t since_ms,
    uint32_t cases_most, struct policy_trial *trial) MUST_CHECK;

#endif
