/* SPDX-License-Identifier: Apache-2.0
 * What a case holds of a family, in two sealed parts: `routing`, that matchers open, and
 * `identity`, that holds the rest and is read only together with it. */
#ifndef COMMON_FAMILY_H
#define COMMON_FAMILY_H

#include "common/cases.h"
#include "common/seal.h"

/* Both parts open. */
#define FAMILY_MAX_BYTES (112 * 1024)

struct family_keys {
	const struct seal *identity, *routing;
	struct decoder *decoder;
};

/* Opens both parts, the texts of `out` point into `plain`, and gives the case's own key, to be
 * wiped.  DAMAGED: altered, of another case, or of a key that is not there any more. */
enum status family_open(const struct family_keys *keys, const struct case_record *record,
    uint8_t case_key[SEAL_KEY_BYTES], uint8_t plain[FAMILY_MAX_BYTES],
    struct intake *out) MUST_CHECK;

#endif
