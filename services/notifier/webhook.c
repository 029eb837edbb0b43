/* SPDX-License-Identifier: Apache-2.0
 * Body, signature and headers of a webhook; the client sends them. */
#include "services/notifier/webhook.h"

#include <assert.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>

#include "common/clock.h"
#include "common/seal_webhook.h"
#include "proto/field.h"

#define PREFIX "whsec_"
#define PREFIX_BYTES (sizeof PREFIX - 1)
#define VERSION "v1,"
#define VERSION_BYTES (sizeof VERSION - 1)
#define DIGEST_BYTES crypto_auth_hmacsha256_BYTES
/* Characters of a digest in base64, without the NUL. */
#define DIGEST_TEXT_BYTES 44
#define BASE64 sodium_base64_VARIANT_ORIGINAL
/* Digits of the largest timestamp that is read: until the year 33658. */
#define TIMESTAMP_BYTES 12

_Static_assert(
    sodium_base64_ENCODED_LEN(DIGEST_BYTES, BASE64) == DIGEST_TEXT_BYTES + 1, "digest");
_Static_assert(WEBHOOK_SIGNATURE_BYTES ==
                   WEBHOOK_SECRETS_MOST * (VERSION_BYTES + DIGEST_TEXT_BYTES + 1),
    "signature");

/* ---- secrets ---- */

enum status
webhook_secret_of(
    const struct seal *seal, struct text agency, struct webhook_secret *secret)
{
	char shown[SEAL_WEBHOOK_BYTES];
	enum status status = seal_webhook_secret(seal, agency, shown);

	if (status == STATUS_OK)
		status = webhook_secret_read(text_of(shown), secret);
	seal_wipe(shown, sizeof shown);
	return status;
}

/* libsodium 1.0.18 takes some bytes over 0x7f for digits, so the way back decides. */
static bool
read_base64(struct text text, struct webhook_secret *secret)
{
	char again[sodium_base64_ENCODED_LEN(WEBHOOK_SECRET_MOST, BASE64)];

	if (sodium_base642bin(secret->bytes, sizeof secret->bytes, text.at, text.length,
	        NULL, &secret->length, NULL, BASE64) != 0)
		return false;
	sodium_bin2base64(again, sizeof again, secret->bytes, secret->length, BASE64);
	return text_is(text, again);
}

enum status
webhook_secret_read(struct text text, struct webhook_secret *secret)
{
	struct text rest;

	*secret = (struct webhook_secret){ .length = 0 };
	if (text.length <= PREFIX_BYTES || memcmp(text.at, PREFIX, PREFIX_BYTES) != 0)
		return STATUS_INVALID;
	rest.at = text.at + PREFIX_BYTES;
	rest.length = text.length - (uint32_t)PREFIX_BYTES;
	if (!read_base64(rest, secret) || secret->length < WEBHOOK_SECRET_LEAST) {
		seal_wipe(secret, sizeof *secret);
		return STATUS_INVALID;
	}
	return STATUS_OK;
}

/* ---- signing ---- */

static bool
is_id(struct text id)
{
	if (id.length == 0 || id.length > WEBHOOK_ID_BYTES)
		return false;
	for (uint32_t i = 0; i < id.length; i++)
		if (id.at[i] <= ' ' || id.at[i] > '~' || id.at[i] == '.')
			return false;
	return true;
}

/* The base64 of HMAC-SHA256 over id.timestamp.body. */
static void
digest(const struct webhook_secret *secret, struct text id, int64_t at_s,
    struct text body, char text[DIGEST_TEXT_BYTES + 1])
{
	crypto_auth_hmacsha256_state state;
	uint8_t mac[DIGEST_BYTES];
	char between[32];
	int length = snprintf(between, sizeof between, ".%" PRId64 ".", at_s);

	crypto_auth_hmacsha256_init(&state, secret->bytes, secret->length);
	crypto_auth_hmacsha256_update(&state, (const uint8_t *)id.at, id.length);
	crypto_auth_hmacsha256_update(
	    &state, (const uint8_t *)between, (unsigned long long)length);
	crypto_auth_hmacsha256_update(&state, (const uint8_t *)body.at, body.length);
	crypto_auth_hmacsha256_final(&state, mac);
	sodium_bin2base64(text, DIGEST_TEXT_BYTES + 1, mac, sizeof mac, BASE64);
	seal_wipe(&state, sizeof state);
}

enum status
webhook_sign(const struct webhook_secret *secrets, size_t count, struct text id,
    int64_t at_s, struct text body, char signature[WEBHOOK_SIGNATURE_BYTES])
{
	char *at = signature;

	assert(count >= 1 && count <= WEBHOOK_SECRETS_MOST);
	*at = '\0';
	if (!is_id(id) || at_s < 0)
		return STATUS_INVALID;
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			*at++ = ' ';
		memcpy(at, VERSION, VERSION_BYTES);
		digest(&secrets[i], id, at_s, body, at + VERSION_BYTES);
		at += VERSION_BYTES + DIGEST_TEXT_BYTES;
	}
	return STATUS_OK;
}

/* Seconds, in the one spelling that digest() writes. */
static bool
read_timestamp(struct text text, int64_t *at_s)
{
	*at_s = 0;
	if (text.length == 0 || text.length > TIMESTAMP_BYTES ||
	    (text.at[0] == '0' && text.length > 1))
		return false;
	for (uint32_t i = 0; i < text.length; i++) {
		if (text.at[i] < '0' || text.at[i] > '9')
			return false;
		*at_s = *at_s * 10 + (text.at[i] - '0');
	}
	return true;
}

/* Takes the part before the next space off the front. */
static struct text
take_part(struct text *rest)
{
	const char *space = rest->length > 0 ? memchr(rest->at, ' ', rest->length) : NULL;
	struct text part = *rest;

	if (space != NULL)
		part.length = (uint32_t)(space - rest->at);
	rest->at += part.length + (space != NULL);
	rest->length -= part.length + (space != NULL);
	return part;
}

/* Whether one of the parts is the digest.  Other versions are not for us. */
static bool
has_digest(struct text signature, const char wanted[DIGEST_TEXT_BYTES + 1])
{
	bool is_found = false;

	while (signature.length > 0) {
		struct text part = take_part(&signature);

		if (part.length == VERSION_BYTES + DIGEST_TEXT_BYTES &&
		    memcmp(part.at, VERSION, VERSION_BYTES) == 0 &&
		    sodium_memcmp(part.at + VERSION_BYTES, wanted, DIGEST_TEXT_BYTES) ==
		        0)
			is_found = true;
	}
	return is_found;
}

enum status
webhook_verify(const struct webhook_secret *secrets, size_t count, struct text id,
    struct text timestamp, struct text signature, struct text body, int64_t now_s)
{
	bool is_signed = false;
	int64_t at_s;

	if (!is_id(id) || !read_timestamp(timestamp, &at_s))
		return STATUS_INVALID;
	if (at_s < now_s - WEBHOOK_TOLERANCE_S || at_s > now_s + WEBHOOK_TOLERANCE_S)
		return STATUS_STALE;
	for (size_t i = 0; i < count; i++) {
		char wanted[DIGEST_TEXT_BYTES + 1];

		digest(&secrets[i], id, at_s, body, wanted);
		if (has_digest(signature, wanted))
			is_signed = true;
	}
	return is_signed ? STATUS_OK : STATUS_UNAUTHORIZED;
}

/* ---- the body ---- */

/* Text in a buffer of fixed size; what does not fit is counted, not written. */
struct writer {
	char *at;
	size_t size;
	size_t length;
};

static void
put(struct writer *writer, const char *bytes, size_t length)
{
	if (writer->length <= writer->size && length <= writer->size - writer->length)
		memcpy(writer->at + writer->length, bytes, length);
	writer->length += length;
}

static void
put_string(struct writer *writer, const char *string)
{
	put(writer, string, strlen(string));
}

/* What JSON does not take as it is; clean text has no other. */
static void
put_escaped(struct writer *writer, struct text text)
{
	for (uint32_t i = 0; i < text.length; i++) {
		unsigned char byte = (unsigned char)text.at[i];
		char escape[8];

		if (byte == '"' || byte == '\\') {
			put(writer, "\\", 1);
		} else if (byte < 0x20 || byte == 0x7f) {
			snprintf(escape, sizeof escape, "\\u%04x", byte);
			put_string(writer, escape);
			continue;
		}
		put(writer, &text.at[i], 1);
	}
}

/* The members of "data", in order. */
static const struct {
	const char *name;
	size_t offset;
} MEMBERS[] = {
#define MEMBER(name) #name, offsetof(struct notification, name)
	{ MEMBER(delivery) },
	{ MEMBER(referral) },
	{ MEMBER(purpose) },
	{ MEMBER(agency) },
	{ MEMBER(service) },
	{ MEMBER(term) },
	{ MEMBER(urgency) },
	{ MEMBER(link) },
#undef MEMBER
};

static struct text
member(const struct notification *what, size_t offset)
{
	return *(const struct text *)(const void *)((const char *)what + offset);
}

enum status
webhook_body(const struct notification *what, char *body, size_t size, size_t *length)
{
	struct writer writer = { .at = body, .size = size };
	char at[CLOCK_TEXT_BYTES];

	clock_format(what->at_ms, at);
	put_string(&writer,
	    what->referral.length > 0 ? "{\"type\":\"referral." : "{\"type\":\"service.");
	put_escaped(&writer, what->purpose);
	put_string(&writer, "\",\"timestamp\":\"");
	put_string(&writer, at);
	put_string(&writer, "\",\"data\":{");
	for (size_t i = 0; i < sizeof MEMBERS / sizeof *MEMBERS; i++) {
		struct text text = member(what, MEMBERS[i].offset);

		if (text.length > 0 && !text_is_clean(text))
			return STATUS_INVALID;
		put_string(&writer, i > 0 ? ",\"" : "\"");
		put_string(&writer, MEMBERS[i].name);
		put_string(&writer, "\":\"");
		put_escaped(&writer, text);
		put_string(&writer, "\"");
	}
	put_string(&writer, "}}");
	*length = writer.length;
	return writer.length <= size ? STATUS_OK : STATUS_TOO_LARGE;
}

/* ---- the channel ---- */

static enum status
sign_for(const struct webhook *webhook, const struct notification *what, int64_t at_s,
    struct text body, char signature[WEBHOOK_SIGNATURE_BYTES])
{
	struct webhook_secret secret;
	enum status status = webhook_secret_of(webhook->seal, what->agency, &secret);

	if (status != STATUS_OK)
		return status;
	status = webhook_sign(&secret, 1, what->delivery, at_s, body, signature);
	seal_wipe(&secret, sizeof secret);
	return status;
}

static enum status
tell(void *self, struct text address, const struct notification *what, channel_done *done,
    void *ctx)
{
	const struct webhook *webhook = self;
	int64_t at_s = clock_wall_ms() / 1000;
	char id[WEBHOOK_ID_BYTES + 1];
	char timestamp[24];
	char signature[WEBHOOK_SIGNATURE_BYTES];
	char bytes[WEBHOOK_BODY_MOST];
	struct text body = { bytes, 0 };
	size_t length;
	const struct client_header headers[] = {
		{ "Content-Type", "application/json" },
		{ "webhook-id", id },
		{ "webhook-timestamp", timestamp },
		{ "webhook-signature", signature },
		{ NULL, NULL },
	};

	if (webhook_body(what, bytes, sizeof bytes, &length) != STATUS_OK)
		return STATUS_INVALID;
	body.length = (uint32_t)length;
	if (sign_for(webhook, what, at_s, body, signature) != STATUS_OK ||
	    !text_copy(what->delivery, id, sizeof id))
		return STATUS_INVALID;
	snprintf(timestamp, sizeof timestamp, "%" PRId64, at_s);
	return client_post(webhook->client, address, headers, body, done, ctx);
}

static size_t
under_way(const void *self)
{
	const struct webhook *webhook = self;

	return client_under_way(webhook->client);
}

const struct channel webhook_channel = {
	.name = "webhook",
	.tell = tell,
	.under_way = under_way,
};
