/* SPDX-License-Identifier: Apache-2.0
 * Dead letters as they are shown. */
#ifndef REFERRALCTL_DEAD_H
#define REFERRALCTL_DEAD_H

#include "deploy/referralctl/session.h"

/* One dead letter; a referral may be dead in two stages. */
struct letter {
	char item[SESSION_ID_BYTES + 1];
	enum stage stage;
};

/* Prints them as a table or as JSON; with `wants_lines` each for itself, with its part of the
 * timeline.  An exit status. */
int dead_print(struct session *session, const struct letter *letters, size_t count,
    bool wants_lines);

#endif
