/* SPDX-License-Identifier: Apache-2.0
 * Names of the services that a case's referrals speak of, from the directory as it is now; what
 * it does not hold any more goes without. */
#ifndef REFERRALCTL_NAMING_H
#define REFERRALCTL_NAMING_H

#include "deploy/referralctl/session.h"

struct naming;

/* NULL: out of memory, said so. */
struct naming *naming_new(struct session *session);
void naming_free(struct naming *naming);

/* Reads a case twice, first for the services it names, then with their names, to be shown to
 * `reading`.  Status as of session_case. */
enum status naming_case(struct naming *naming, const struct session_reading *reading,
    struct text case_id) MUST_CHECK;

/* The name of a referral's service, and of its agency; "" where unknown. */
const char *naming_service(const struct naming *naming, struct text service);
const char *naming_agency(const struct naming *naming, struct text service);

#endif
