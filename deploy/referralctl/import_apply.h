/* SPDX-License-Identifier: Apache-2.0
 * A plan and Redis: what is in use, and putting something else into use. */
#ifndef REFERRALCTL_IMPORT_APPLY_H
#define REFERRALCTL_IMPORT_APPLY_H

#include "common/directory.h"
#include "common/keys.h"
#include "deploy/referralctl/import_plan.h"

/* What a source has in use. */
struct import_in_use {
	char version[KEY_MAX_BYTES]; /* empty: none */
	struct import_known *known;  /* owned; import_in_use_free */
	size_t count, size;
};

/* Where to: everything is borrowed. */
struct import_target {
	struct loop *loop;
	struct store *store;
	struct directory *directory;
	const char *cell;
	const char *source;
	bool shows_progress; /* on standard error */
};

/* Reads the source's version and the digest of every document of it.  Waits.
 * OK, UNAVAILABLE, INTERNAL, NO_MEMORY; STALE: swapped while it was read, read again. */
enum status import_in_use_read(
    const struct import_target *target, struct import_in_use *in_use) MUST_CHECK;
void import_in_use_free(struct import_in_use *in_use);

/* Stages every service of the plan, reports the capacities of those that are new or changed,
 * and swaps.  Waits.  OK with the new version; STALE: another import came first.  With
 * anything but OK the old version stands and Redis forgets what was staged after an hour. */
enum status import_apply(const struct import_target *target,
    const struct import_plan *plan, const struct import_in_use *in_use,
    char version[ID_UUID_BYTES + 1]) MUST_CHECK;

#endif
