/* SPDX-License-Identifier: Apache-2.0
 * Policies in Redis: every version that was ever in force, the last of which is. */
#ifndef COMMON_POLICIES_H
#define COMMON_POLICIES_H

#include "common/policy.h"
#include "common/store.h"

/* Reads the newest versions, newest first: the reply is for policies_at. */
enum status policies_read(struct store *store, const char *cell, unsigned most,
    store_done *done, void *ctx) MUST_CHECK;

struct policies_entry {
	uint32_t version;
	int64_t at_ms;
	struct text by, text;
};
/* False: beyond the last. */
bool policies_at(
    const struct store_value *value, size_t position, struct policies_entry *entry);

/* Takes a text into force as the version after the last.  The reply is a list that begins with the
 * code of OK, DUP (it is) or STALE (then with the version that is in force). */
enum status policies_add(struct store *store, const char *cell, uint32_t version,
    struct text by, struct text text, store_done *done, void *ctx) MUST_CHECK;

#endif
