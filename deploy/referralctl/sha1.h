/* SPDX-License-Identifier: Apache-2.0
 * SHA-1, which Redis' functions make the journal's chains with: against accidents, not against
 * forgers. */
#ifndef REFERRALCTL_SHA1_H
#define REFERRALCTL_SHA1_H

#include "proto/text.h"

#define SHA1_HEX_BYTES 40
/* Over both texts, one behind the other. */
void sha1_hex(struct text one, struct text other, char hex[SHA1_HEX_BYTES + 1]);

#endif
