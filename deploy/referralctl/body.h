/* SPDX-License-Identifier: Apache-2.0
 * An intake from a file. */
#ifndef REFERRALCTL_BODY_H
#define REFERRALCTL_BODY_H

#include "common/json.h"

struct body {
	char *bytes;
	size_t length;
	struct json_arena *arena; /* holds the intake's texts */
	struct intake intake;     /* as HTTP takes it, checked */
};

/* Reads the file, or standard input for "-".  False: said why, on standard error and with
 * `wants_json` on standard output too; free it all the same. */
bool body_read(
    struct body *body, const char *command, bool wants_json, const char *path) MUST_CHECK;
/* Wipes: it is personal data. */
void body_free(struct body *body);

#endif
