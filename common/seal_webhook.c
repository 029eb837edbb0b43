/* SPDX-License-Identifier: Apache-2.0
 * Derives a webhook secret and writes it as Standard Webhooks has it. */
#include "common/seal_webhook.h"

#include <sodium.h>

#define KIND "webhook:"
#define PREFIX "whsec_"
#define SECRET_BYTES 32
#define BASE64 sodium_base64_VARIANT_ORIGINAL

_Static_assert(SEAL_WEBHOOK_BYTES ==
                   sizeof PREFIX - 1 + sodium_base64_ENCODED_LEN(SECRET_BYTES, BASE64),
    "prefix, digits, NUL");

enum status
seal_webhook_secret(
    const struct seal *notify_keys, struct text agency, char shown[SEAL_WEBHOOK_BYTES])
{
	const uint32_t kind_bytes = sizeof KIND - 1, prefix_bytes = sizeof PREFIX - 1;
	char name[sizeof KIND - 1 + SEAL_WEBHOOK_AGENCY_BYTES];
	uint8_t secret[SECRET_BYTES];

	shown[0] = '\0';
	if (agency.length == 0 || agency.length > SEAL_WEBHOOK_AGENCY_BYTES)
		return STATUS_INVALID;
	memcpy(name, KIND, kind_bytes);
	memcpy(name + kind_bytes, agency.at, agency.length);
	seal_derive(notify_keys, (struct text){ name, kind_bytes + agency.length },
	    secret, sizeof secret);
	memcpy(shown, PREFIX, prefix_bytes);
	sodium_bin2base64(shown + prefix_bytes, SEAL_WEBHOOK_BYTES - prefix_bytes, secret,
	    sizeof secret, BASE64);
	seal_wipe(secret, sizeof secret);
	return STATUS_OK;
}
