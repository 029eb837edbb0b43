/* SPDX-License-Identifier: Apache-2.0
 * The secret that signs an agency's webhooks, as the agency enters it into its own system. */
#ifndef COMMON_SEAL_WEBHOOK_H
#define COMMON_SEAL_WEBHOOK_H

#include "common/seal.h"

#define SEAL_WEBHOOK_AGENCY_BYTES 64
/* "whsec_", 44 characters of base64, NUL (Standard Webhooks 1.0.0). */
#define SEAL_WEBHOOK_BYTES 51

/* The secret that is derived from keys/notify.key for the name "webhook:AGENCY", shown.
 * seal_wipe it after use.  INVALID: no agency, or a longer id. */
enum status seal_webhook_secret(const struct seal *notify_keys, struct text agency,
    char shown[SEAL_WEBHOOK_BYTES]) MUST_CHECK;

#endif
