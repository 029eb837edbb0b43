/* SPDX-License-Identifier: Apache-2.0
 * A stored decision, told to who asks. */
#ifndef REFERRALCTL_EXPLAIN_H
#define REFERRALCTL_EXPLAIN_H

#include <stdio.h>

#include "deploy/referralctl/session.h"
#include "proto/message.h"

/* Keeps of a case what belongs to one of its needs, or to one referral of it; 0: to all.
 * False: it has no such one. */
bool explain_keep(struct case_view *view, unsigned need, unsigned attempt) MUST_CHECK;

/* Fills in what is not stored: sentences and questions in a language that say.h knows.  They last
 * until the next call. */
void explain_say(struct case_view *view, const char *lang);

/* Why this one, why not the next ones, what excluded others, what is not known and what to ask:
 * of each referral, in a language; needs without one say why they wait. */
void explain_print(const struct case_view *view, const char *lang, FILE *out);

/* Works stored decisions out again (replayed.h) by the policies that were in force, which it reads
 * first, and tells of each.  NULL: said why. */
struct replaying;
struct replaying *replaying_new(struct session *session);
void replaying_free(struct replaying *replaying);
void replaying_view(struct replaying *replaying, const struct case_view *view);
/* EXIT_FAILED where one is not the same. */
int replaying_end(struct replaying *replaying, struct session *session);

#endif
