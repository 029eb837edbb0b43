/* SPDX-License-Identifier: Apache-2.0
 * The Redis Function library: tables from states.def and codes.def in front of the texts
 * of proto/functions/. */
#ifndef COMMON_LIBRARY_H
#define COMMON_LIBRARY_H

#include "common/store.h"

/* The whole text of the library as FUNCTION LOAD takes it; malloc'd, NULL: out of memory.
 * `version` gets its fingerprint (ID_DIGEST_BYTES digits and the NUL). */
char *library_text(char *version);

/* Loads the library, replacing an older one; waits.  For start-up.
 * OK, UNAVAILABLE or INTERNAL. */
enum status library_load(struct store *store) MUST_CHECK;

/* From now on a Redis that has no library gets it before the first call of each new
 * connection: after a loss of everything, or of its first second with appendfsync everysec.
 * It never replaces one, so an old process does not undo what a newer one has loaded.
 * NO_MEMORY. */
enum status library_keep(struct store *store) MUST_CHECK;

#endif
