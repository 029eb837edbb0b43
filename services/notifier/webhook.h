/* SPDX-License-Identifier: Apache-2.0
 * The webhook channel: a signed POST to the agency's own system, as Standard
 *Webhooks 1.0.0 has it.
 *
 *	POST <address>
 *	content-type: application/json
 *	webhook-id: <delivery>               the same on every retry
 *	webhook-timestamp: <seconds>         of this attempt
 *	webhook-signature: v1,<base64> ...   HMAC-SHA256 of id.timestamp.body, one per
 *secret
 *
 *	{"type":"referral.offer","timestamp":"2026-11-20T08:00:00.000Z","data":{"delivery":..,
 *	"referral":..,"purpose":..,"agency":..,"service":..,"term":..,"urgency":..,"link":..}}
 *
 * type is service.confirm, without referral, term and urgency, where an agency is asked whether
 * places still hold.  `timestamp` in the body is the notification's time and stays; every member is always
 * there, "" where there is nothing to say.  No personal data: the link leads to it,
 *behind the agency's own login. */
#ifndef NOTIFIER_WEBHOOK_H
#define NOTIFIER_WEBHOOK_H

#include "common/seal.h"
#include "services/notifier/client.h"

/* ---- the channel ---- */

/* Both are borrowed and must outlive it. */
struct webhook {
	struct client *client;
	const struct seal *seal; /* the agencies' secrets are derived from it */
};

/* `self` is a struct webhook.  tell also returns INVALID when the delivery cannot be a
 * webhook id, or a text is not UTF-8 or is larger than WEBHOOK_BODY_MOST allows. */
extern const struct channel webhook_channel;

/* ---- secrets ---- */

/* Bytes of a secret, by the specification. */
#define WEBHOOK_SECRET_LEAST 24
#define WEBHOOK_SECRET_MOST 64
/* Secrets at once: the current one and those on their way out. */
#define WEBHOOK_SECRETS_MOST 4

struct webhook_secret {
	uint8_t bytes[WEBHOOK_SECRET_MOST];
	size_t length;
};

/* The bytes of what seal_webhook_secret shows, and its errors.  seal_wipe them after use. */
enum status webhook_secret_of(const struct seal *seal, struct text agency,
    struct webhook_secret *secret) MUST_CHECK;
/* Reads "whsec_BASE64".  INVALID: not that, or not 24 to 64 bytes. */
enum status webhook_secret_read(
    struct text text, struct webhook_secret *secret) MUST_CHECK;

/* ---- signing: pure ---- */

/* An id is visible ASCII without a full stop, which would let the signed text be split in
 * another way. */
#define WEBHOOK_ID_BYTES 128
/* "v1," and 44 characters for each secret, a space between, and the NUL. */
#define WEBHOOK_SIGNATURE_BYTES (WEBHOOK_SECRETS_MOST * 48)

/* Signs the exact bytes that will be sent, with each of 1..WEBHOOK_SECRETS_MOST secrets.
 * INVALID: the id, or at_s is negative. */
enum status webhook_sign(const struct webhook_secret *secrets, size_t count,
    struct text id, int64_t at_s, struct text body,
    char signature[WEBHOOK_SIGNATURE_BYTES]) MUST_CHECK;

/* A timestamp may be so far from now, before or after. */
#define WEBHOOK_TOLERANCE_S 300

/* What the receiver of a webhook does with the three header fields and the body; needs
 * one signature by one of the secrets, and takes the same time for every wrong one. OK;
 * INVALID: the id or the timestamp is none; STALE: outside the tolerance; UNAUTHORIZED:
 * no signature fits. */
enum status webhook_verify(const struct webhook_secret *secrets, size_t count,
    struct text id, struct text timestamp, struct text signature, struct text body,
    int64_t now_s) MUST_CHECK;

/* ---- the body: pure ---- */

/* Enough for texts of 64 bytes, a term of 128 and a link of 512 with every byte escaped
 * as six: 6 * (6 * 64 + 128 + 512) and 200 for the names. */
#define WEBHOOK_BODY_MOST 6400

/* Writes the compact JSON.  INVALID: a text is not UTF-8; TOO_LARGE: `size` is too small.
 */
enum status webhook_body(
    const struct notification *what, char *body, size_t size, size_t *length) MUST_CHECK;

#endif
