/* SPDX-License-Identifier: Apache-2.0
 * What a source has in use. */
#ifndef REFERRALCTL_IMPORT_IN_USE_H
#define REFERRALCTL_IMPORT_IN_USE_H

#include "common/directory.h"
#include "deploy/referralctl/import_plan.h"

/* Where to: everything is borrowed. */
struct import_target {
	struct loop *loop;
	struct store *store;
	struct directory *directory;
	const char *cell;
	const char *source;
	bool shows_progress;  /* on standard error */
	bool is_reported_now; /* places count as reported now, whatever the file says */
};

/* Tells the plan what the source has in use.  `version` is empty where that is nothing.
 * Waits.  OK, UNAVAILABLE, INTERNAL, NO_MEMORY; STALE: swapped while it was read, read again.
 * With anything but OK the plan is empty. */
enum status import_in_use_read(const struct import_target *target,
    struct import_plan *plan, char version[KEY_MAX_BYTES]) MUST_CHECK;
/* So many documents a version holds.  Waits. */
enum status import_in_use_count(
    const struct import_target *target, const char *version, uint64_t *count) MUST_CHECK;

#endif
