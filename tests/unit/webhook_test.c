/* SPDX-License-Identifier: Apache-2.0
 * Webhooks: the published vectors, the body, and a receiver that checks what arrives. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/http.h"
#include "common/log.h"
#include "common/seal_webhook.h"
#include "services/notifier/webhook.h"

/* No wait is longer: a test that needs so much has failed. */
#define PATIENCE_S 20
#define NOW_S INT64_C(1795161600) /* 2026-11-20T08:00:00Z */

/* ---- signatures ---- */

static struct text
member_text(const json_t *vector, const char *name)
{
	return text_of(json_string_value(json_object_get(vector, name)));
}

static void
check_vector(const json_t *vector)
{
	struct text wanted = member_text(vector, "signature");
	bool is_valid = json_is_true(json_object_get(vector, "valid"));
	int64_t at_s = json_integer_value(json_object_get(vector, "timestamp"));
	struct webhook_secret secret;
	char timestamp[24];
	char made[WEBHOOK_SIGNATURE_BYTES];

	snprintf(timestamp, sizeof timestamp, "%lld", (long long)at_s);
	assert_int_equal(
	    webhook_secret_read(member_text(vector, "secret"), &secret), STATUS_OK);
	assert_int_equal(webhook_sign(&secret, 1, member_text(vector, "id"), at_s,
	                     member_text(vector, "payload"), made),
	    STATUS_OK);
	assert_int_equal(text_equal(text_of(made), wanted), is_valid);
	assert_int_equal(
	    webhook_verify(&secret, 1, member_text(vector, "id"), text_of(timestamp),
	        wanted, member_text(vector, "payload"), at_s),
	    is_valid ? STATUS_OK : STATUS_UNAUTHORIZED);
}

static void
the_published_vectors_sign_and_verify_as_they_state(void **state)
{
	const char *data = getenv("REFERRAL_DATA");
	char path[512];
	json_t *vectors;

	(void)state;
	snprintf(path, sizeof path, "%s/suite-standard-webhooks/vectors_known.json",
	    data != NULL ? data : "../shared/data");
	vectors = json_load_file(path, 0, NULL);
	if (vectors == NULL) {
		print_message("REFERRAL_DATA has no %s\n", path);
		skip();
	}
	assert_int_equal(json_array_size(vectors), 4);
	for (size_t i = 0; i < 4; i++)
		check_vector(json_array_get(vectors, i));
	json_decref(vectors);
}

/* A secret whose bytes all are `byte`. */
static struct webhook_secret
secret_of(char byte, size_t length)
{
	struct webhook_secret secret = { .length = length };

	memset(secret.bytes, byte, length);
	return secret;
}

/* One that a signature was made for, and what a verifier gets. */
struct letter {
	struct webhook_secret secrets[2];
	size_t count;
	struct text id, timestamp, signature, body;
	int64_t now_s;
	char made[WEBHOOK_SIGNATURE_BYTES];
};

static void
write_letter(struct letter *letter)
{
	*letter = (struct letter){ .secrets = { secret_of('a', 32), secret_of('b', 24) },
		.count = 1,
		.id = LITERAL("delivery-1"),
		.timestamp = LITERAL("1795161600"),
		.body = LITERAL("{\"a\":1}"),
		.now_s = NOW_S };
	assert_int_equal(webhook_sign(letter->secrets, 2, letter->id, NOW_S, letter->body,
	                     letter->made),
	    STATUS_OK);
	letter->signature = text_of(letter->made);
}

static enum status
verify(const struct letter *letter)
{
	return webhook_verify(letter->secrets, letter->count, letter->id,
	    letter->timestamp, letter->signature, letter->body, letter->now_s);
}

static void
a_changed_id_time_body_secret_or_signature_does_not_verify(void **state)
{
	struct letter letter;
	char changed[WEBHOOK_SIGNATURE_BYTES];

	(void)state;
	write_letter(&letter);
	assert_int_equal(verify(&letter), STATUS_OK);
	letter.id = LITERAL("delivery-2");
	assert_int_equal(verify(&letter), STATUS_UNAUTHORIZED);
	write_letter(&letter);
	letter.timestamp = LITERAL("1795161601");
	assert_int_equal(verify(&letter), STATUS_UNAUTHORIZED);
	write_letter(&letter);
	letter.body = LITERAL("{\"a\":2}");
	assert_int_equal(verify(&letter), STATUS_UNAUTHORIZED);
	letter.body = TEXT_ABSENT;
	assert_int_equal(verify(&letter), STATUS_UNAUTHORIZED);
	write_letter(&letter);
	letter.secrets[0].bytes[31] ^= 1;
	assert_int_equal(verify(&letter), STATUS_UNAUTHORIZED);
	write_letter(&letter);
	letter.count = 0;
	assert_int_equal(verify(&letter), STATUS_UNAUTHORIZED);
	letter.count = 1;
	for (uint32_t i = 0; i < 47; i++) {
		memcpy(changed, letter.made, 47);
		changed[i] = changed[i] == 'x' ? 'y' : 'x';
		letter.signature = (struct text){ changed, 47 };
		assert_int_equal(verify(&letter), STATUS_UNAUTHORIZED);
	}
	for (uint32_t length = 0; length < 47; length++) {
		letter.signature = (struct text){ letter.made, length };
		assert_int_equal(verify(&letter), STATUS_UNAUTHORIZED);
	}
	letter.signature = TEXT_ABSENT;
	assert_int_equal(verify(&letter), STATUS_UNAUTHORIZED);
}

static void
a_signature_is_looked_for_anywhere_in_the_list(void **state)
{
	struct letter letter;
	char list[512];

	(void)state;
	write_letter(&letter);
	snprintf(list, sizeof list, "v1a,%.44s v1, v2,abc  %.47s x", letter.made + 3,
	    letter.made);
	letter.signature = text_of(list);
	assert_int_equal(verify(&letter), STATUS_OK);
	snprintf(list, sizeof list, "v2,%.44s", letter.made + 3);
	letter.signature = text_of(list);
	assert_int_equal(verify(&letter), STATUS_UNAUTHORIZED);
	snprintf(list, sizeof list, "%.47s,", letter.made);
	letter.signature = text_of(list);
	assert_int_equal(verify(&letter), STATUS_UNAUTHORIZED);
}

static void
during_a_rotation_the_old_and_the_new_secret_both_verify(void **state)
{
	struct letter letter;
	struct webhook_secret other = secret_of('c', 64);

	(void)state;
	write_letter(&letter); /* signed with both */
	assert_int_equal(strlen(letter.made), 2 * 47 + 1);
	assert_int_equal(letter.made[47], ' ');
	assert_int_equal(verify(&letter), STATUS_OK);
	letter.secrets[0] = letter.secrets[1];
	assert_int_equal(verify(&letter), STATUS_OK);
	letter.secrets[0] = other;
	assert_int_equal(verify(&letter), STATUS_UNAUTHORIZED);
	letter.count = 2;
	assert_int_equal(verify(&letter), STATUS_OK);
}

static void
the_timestamp_may_be_five_minutes_off_but_not_more(void **state)
{
	struct letter letter;

	(void)state;
	write_letter(&letter);
	letter.now_s = NOW_S + 300;
	assert_int_equal(verify(&letter), STATUS_OK);
	letter.now_s = NOW_S - 300;
	assert_int_equal(verify(&letter), STATUS_OK);
	letter.now_s = NOW_S + 301;
	assert_int_equal(verify(&letter), STATUS_STALE);
	letter.now_s = NOW_S - 301;
	assert_int_equal(verify(&letter), STATUS_STALE);
}

static void
a_timestamp_has_one_spelling(void **state)
{
	static const char *const WRONG[] = { "", " 1795161600", "1795161600 ",
		"01795161600", "+1795161600", "-1795161600", "1795161600.0", "1.7e9",
		"0x6b000000", "now", "1795161600000000000000000000",
		"99999999999999999999", "1795161600a" };
	struct letter letter;

	(void)state;
	write_letter(&letter);
	for (size_t i = 0; i < sizeof WRONG / sizeof *WRONG; i++) {
		letter.timestamp = text_of(WRONG[i]);
		assert_int_equal(verify(&letter), STATUS_INVALID);
	}
	letter.timestamp = TEXT_ABSENT;
	assert_int_equal(verify(&letter), STATUS_INVALID);
	letter.timestamp = LITERAL("0");
	assert_int_equal(verify(&letter), STATUS_STALE);
	letter.now_s = 0;
	assert_int_equal(
	    webhook_sign(letter.secrets, 1, letter.id, 0, letter.body, letter.made),
	    STATUS_OK);
	letter.signature = text_of(letter.made);
	assert_int_equal(verify(&letter), STATUS_OK);
	assert_int_equal(
	    webhook_sign(letter.secrets, 1, letter.id, -1, letter.body, letter.made),
	    STATUS_INVALID);
	assert_string_equal(letter.made, "");
}

static void
an_id_that_could_move_the_borders_of_the_signed_text_is_refused(void **state)
{
	static const char *const WRONG[] = { "", "a.1", ".", "a b", "a\r\nx: y", "a\n",
		"\x7f", "\xd0\xb9" };
	char longest[WEBHOOK_ID_BYTES + 2];
	struct letter letter;

	(void)state;
	write_letter(&letter);
	for (size_t i = 0; i < sizeof WRONG / sizeof *WRONG; i++) {
		letter.id = text_of(WRONG[i]);
		assert_int_equal(verify(&letter), STATUS_INVALID);
		assert_int_equal(webhook_sign(letter.secrets, 1, letter.id, NOW_S,
		                     letter.body, letter.made),
		    STATUS_INVALID);
	}
	memset(longest, '~', sizeof longest);
	letter.id = (struct text){ longest, WEBHOOK_ID_BYTES + 1 };
	assert_int_equal(verify(&letter), STATUS_INVALID);
	letter.id = (struct text){ longest, WEBHOOK_ID_BYTES };
	assert_int_equal(verify(&letter), STATUS_UNAUTHORIZED);
	letter.id = (struct text){ longest + 1, 0 };
	assert_int_equal(verify(&letter), STATUS_INVALID);
}

/* ---- secrets ---- */

/* Reads the text of a secret of so many bytes. */
static enum status
read_secret_of(size_t length, struct webhook_secret *secret)
{
	uint8_t plain[80];
	char text[128] = "whsec_";

	memset(plain, 'a', sizeof plain);
	sodium_bin2base64(
	    text + 6, sizeof text - 6, plain, length, sodium_base64_VARIANT_ORIGINAL);
	return webhook_secret_read(text_of(text), secret);
}

static void
a_secret_has_24_to_64_bytes(void **state)
{
	struct webhook_secret secret;
	struct webhook_secret expected = secret_of('a', 64);

	(void)state;
	for (size_t length = 1; length <= 80; length++) {
		bool is_legal = length >= 24 && length <= 64;

		assert_int_equal(read_secret_of(length, &secret),
		    is_legal ? STATUS_OK : STATUS_INVALID);
		assert_int_equal(secret.length, is_legal ? length : 0);
		if (is_legal)
			assert_memory_equal(secret.bytes, expected.bytes, length);
	}
}

static void
a_secret_text_is_whsec_and_base64_and_nothing_else(void **state)
{
	static const char *const WRONG[] = { "", "whsec_",
		"YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFh",
		"WHSEC_YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFh",
		"whsk_YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFh",
		"whsec_YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFh=",
		"whsec_YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYW",
		"whsec_YWFhYWFhYWFhYWFh YWFhYWFhYWFhYWFhYWFh",
		"whsec_YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFh-_8=",
		"whsec_YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFh\n",
		/* libsodium 1.0.18 decodes this; found by the fuzzer */
		"whsec_YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWBh\xafWFh" };
	struct webhook_secret secret;

	(void)state;
	for (size_t i = 0; i < sizeof WRONG / sizeof *WRONG; i++)
		if (webhook_secret_read(text_of(WRONG[i]), &secret) != STATUS_INVALID)
			fail_msg("taken: %s", WRONG[i]);
	assert_int_equal(webhook_secret_read(TEXT_ABSENT, &secret), STATUS_INVALID);
	assert_int_equal(webhook_secret_read(
	                     LITERAL("whsec_YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFh"), &secret),
	    STATUS_OK);
}

/* ---- the body ---- */

static struct notification
sample(void)
{
	return (struct notification){ .delivery = LITERAL("01h-1-1-offer-1"),
		.referral = LITERAL("01h-1-1"),
		.purpose = LITERAL("offer"),
		.agency = LITERAL("agency-1"),
		.service = LITERAL("service-1"),
		.term = LITERAL("housing.shelter"),
		.urgency = LITERAL("today"),
		.link = LITERAL("https://h.example/r/01h-1-1"),
		.at_ms = NOW_S * 1000 + 5 };
}

static void
the_body_is_compact_json_with_every_member(void **state)
{
	static const char EXPECTED[] =
	    "{\"type\":\"referral.offer\",\"timestamp\":\"2026-11-20T08:00:00.005Z\","
	    "\"data\":{\"delivery\":\"01h-1-1-offer-1\",\"referral\":\"01h-1-1\","
	    "\"purpose\":\"offer\",\"agency\":\"agency-1\",\"service\":\"service-1\","
	    "\"term\":\"housing.shelter\",\"urgency\":\"today\","
	    "\"link\":\"https://h.example/r/01h-1-1\"}}";
	static const char TAIL[] = "\"urgency\":\"\",\"link\":\"\"}}";
	struct notification what = sample();
	char body[WEBHOOK_BODY_MOST];
	size_t length;

	(void)state;
	assert_int_equal(webhook_body(&what, body, sizeof body, &length), STATUS_OK);
	assert_int_equal(length, strlen(EXPECTED));
	assert_memory_equal(body, EXPECTED, length);
	what.link = TEXT_ABSENT;
	what.urgency = LITERAL("");
	assert_int_equal(webhook_body(&what, body, sizeof body, &length), STATUS_OK);
	assert_memory_equal(body + length - strlen(TAIL), TAIL, strlen(TAIL));
}

static void
a_body_about_no_referral_is_about_the_service(void **state)
{
	static const char HEAD[] = "{\"type\":\"service.offer\",";
	struct notification what = sample();
	char body[WEBHOOK_BODY_MOST];
	size_t length;

	(void)state;
	what.referral = LITERAL("");
	assert_int_equal(webhook_body(&what, body, sizeof body, &length), STATUS_OK);
	assert_memory_equal(body, HEAD, strlen(HEAD));
}

static void
any_clean_text_comes_back_from_a_json_reader(void **state)
{
	struct notification what = sample();
	char all[0x80 + 16];
	char body[WEBHOOK_BODY_MOST];
	size_t length;
	json_t *json;
	json_t *link;

	(void)state;
	for (int i = 1; i < 0x80; i++)
		all[i - 1] = (char)i;
	strcpy(all + 0x7f, "\xd0\x96\xe2\x82\xac\xf0\x9f\x8f\xa0");
	what.link = text_of(all);
	assert_int_equal(webhook_body(&what, body, sizeof body, &length), STATUS_OK);
	json = json_loadb(body, length, 0, NULL);
	assert_non_null(json);
	link = json_object_get(json_object_get(json, "data"), "link");
	assert_string_equal(json_string_value(link), all);
	assert_non_null(memmem(body, length, "\xd0\x96\xe2\x82\xac\xf0\x9f\x8f\xa0", 9));
	assert_non_null(memmem(body, length, "\\u0001\\u0002", 12));
	assert_non_null(memmem(body, length, "~\\u007f", 7));
	for (size_t i = 0; i < length; i++)
		assert_true((unsigned char)body[i] >= 0x20 && body[i] != 0x7f);
	json_decref(json);
}

static void
text_that_is_not_utf_8_is_refused(void **state)
{
	struct notification what = sample();
	struct text *const texts[] = { &what.delivery, &what.referral, &what.purpose,
		&what.agency, &what.service, &what.term, &what.urgency, &what.link };
	char body[WEBHOOK_BODY_MOST];
	size_t length;

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct text kept = *texts[i];

		*texts[i] = LITERAL("a\xff");
		assert_int_equal(
		    webhook_body(&what, body, sizeof body, &length), STATUS_INVALID);
		*texts[i] = LITERAL("a\0b");
		assert_int_equal(
		    webhook_body(&what, body, sizeof body, &length), STATUS_INVALID);
		*texts[i] = kept;
	}
	assert_int_equal(webhook_body(&what, body, sizeof body, &length), STATUS_OK);
}

static void
a_body_is_never_written_past_its_buffer(void **state)
{
	struct notification what = sample();
	char whole[WEBHOOK_BODY_MOST];
	size_t needed;
	size_t length;

	(void)state;
	what.term = LITERAL("\x01\"\\\x7f");
	assert_int_equal(webhook_body(&what, whole, sizeof whole, &needed), STATUS_OK);
	for (size_t size = 1; size <= needed; size++) {
		char *exact = malloc(size); /* the sanitizer stands behind it */

		assert_int_equal(webhook_body(&what, exact, size, &length),
		    size < needed ? STATUS_TOO_LARGE : STATUS_OK);
		if (size == needed)
			assert_memory_equal(exact, whole, needed);
		free(exact);
	}
}

static void
the_largest_texts_of_the_contract_fit(void **state)
{
	static char worst[512];
	struct notification what = { .at_ms = INT64_MAX };
	char body[WEBHOOK_BODY_MOST];
	size_t length;

	(void)state;
	memset(worst, 1, sizeof worst);
	what.delivery = what.referral = what.purpose = what.agency = what.service =
	    what.urgency = (struct text){ worst, 64 };
	what.term = (struct text){ worst, 128 };
	what.link = (struct text){ worst, 512 };
	what.purpose.length = 32; /* it is written twice */
	assert_int_equal(webhook_body(&what, body, sizeof body, &length), STATUS_OK);
}

/* ---- the channel, to a receiver ---- */

#define HOOKS_MOST 1024

/* What arrived, checked. */
struct hook {
	char id[WEBHOOK_ID_BYTES + 1];
	char timestamp[16];
	char body[WEBHOOK_BODY_MOST];
	enum status verified; /* with the secret that the agency was given */
};

struct town {
	struct loop *loop;
	struct seal *seal;
	struct client *client;
	struct webhook webhook;
	struct http_server *server;
	char url[128];
	char key_path[64];
	struct webhook_secret agency_secret; /* as its operator typed it in */
	int codes[4];                        /* answered in turn; 0: 200 from here on */
	struct hook hooks[HOOKS_MOST];
	unsigned hook_count;
	struct channel_outcome outcomes[HOOKS_MOST];
	unsigned done_count;
};

static void
on_hook(struct http_request *request, void *ctx)
{
	static const struct http_field LATER[] = { { "Retry-After", "30" },
		{ NULL, NULL } };
	struct town *town = ctx;
	struct hook *hook = &town->hooks[town->hook_count];
	int code = town->hook_count < 4 ? town->codes[town->hook_count] : 0;

	assert_in_range(town->hook_count, 0, HOOKS_MOST - 1);
	town->hook_count++;
	assert_true(text_is(http_header(request, "content-type"), "application/json"));
	assert_true(
	    text_copy(http_header(request, "webhook-id"), hook->id, sizeof hook->id));
	assert_true(text_copy(http_header(request, "webhook-timestamp"), hook->timestamp,
	    sizeof hook->timestamp));
	assert_true(text_copy(http_body(request), hook->body, sizeof hook->body));
	hook->verified = webhook_verify(&town->agency_secret, 1,
	    http_header(request, "webhook-id"), http_header(request, "webhook-timestamp"),
	    http_header(request, "webhook-signature"), http_body(request),
	    clock_wall_ms() / 1000);
	http_answer(&request, code == 0 ? 200 : code, NULL, code == 503 ? LATER : NULL,
	    LITERAL(""));
}

static const struct http_route ROUTES[] = {
	{ "POST", "/hook", on_hook, NULL },
	{ NULL, NULL, NULL, NULL },
};

static int
open_town(void **state)
{
	struct town *town = test_calloc(1, sizeof *town);
	struct client_settings settings = { .is_private_allowed = true,
		.timeout_ms = PATIENCE_S * 1000 };
	char address[HTTP_ADDRESS_BYTES];
	char secret[SEAL_WEBHOOK_BYTES];
	char why[200];

	log_open("webhook_test", LOG_ERROR);
	town->loop = loop_new();
	town->client = client_open(town->loop, &settings);
	assert_int_equal(http_serve(town->loop, "127.0.0.1:0", NULL, ROUTES, town,
	                     &town->server, why, sizeof why),
	    STATUS_OK);
	http_server_address(town->server, address);
	snprintf(town->url, sizeof town->url, "http://%s/hook", address);
	snprintf(town->key_path, sizeof town->key_path, "/tmp/webhook_test.%d.key",
	    (int)getpid());
	assert_int_equal(seal_create(town->key_path, why, sizeof why), STATUS_OK);
	assert_int_equal(
	    seal_open(town->key_path, &town->seal, why, sizeof why), STATUS_OK);
	town->webhook = (struct webhook){ town->client, town->seal };
	assert_int_equal(
	    seal_webhook_secret(town->seal, LITERAL("agency-1"), secret), STATUS_OK);
	assert_int_equal(
	    webhook_secret_read(text_of(secret), &town->agency_secret), STATUS_OK);
	*state = town;
	return 0;
}

static int
close_town(void **state)
{
	struct town *town = *state;

	clock_set(-1);
	client_close(town->client);
	http_server_close(town->server);
	seal_close(town->seal);
	unlink(town->key_path);
	loop_free(town->loop);
	test_free(town);
	return 0;
}

static void
on_told(void *ctx, const struct channel_outcome *outcome)
{
	struct town *town = ctx;

	town->outcomes[town->done_count++] = *outcome;
}

static enum status
tell(struct town *town, const struct notification *what)
{
	return webhook_channel.tell(
	    &town->webhook, text_of(town->url), what, on_told, town);
}

/* By the real clock: tests here set the other one. */
static time_t
real_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static void
wait_for_done(struct town *town, unsigned count)
{
	time_t until_s = real_s() + PATIENCE_S;

	while (town->done_count < count && real_s() < until_s)
		assert_int_equal(loop_turn(town->loop, 100), STATUS_OK);
	assert_int_equal(town->done_count, count);
}

static void
the_agency_can_verify_what_it_gets(void **state)
{
	struct town *town = *state;
	struct notification what = sample();
	char body[WEBHOOK_BODY_MOST];
	size_t length;

	assert_int_equal(tell(town, &what), STATUS_OK);
	assert_int_equal(town->done_count, 0);
	assert_int_equal(webhook_channel.under_way(&town->webhook), 1);
	wait_for_done(town, 1);
	assert_int_equal(webhook_channel.under_way(&town->webhook), 0);
	assert_int_equal(town->outcomes[0].status, STATUS_OK);
	assert_true(town->outcomes[0].is_delivered);
	assert_int_equal(town->hooks[0].verified, STATUS_OK);
	assert_string_equal(town->hooks[0].id, "01h-1-1-offer-1");
	assert_int_equal(webhook_body(&what, body, sizeof body, &length), STATUS_OK);
	assert_int_equal(strlen(town->hooks[0].body), length);
	assert_memory_equal(town->hooks[0].body, body, length);
}

static void
another_agency_cannot(void **state)
{
	struct town *town = *state;
	struct notification what = sample();

	what.agency = LITERAL("agency-2");
	assert_int_equal(tell(town, &what), STATUS_OK);
	wait_for_done(town, 1);
	assert_int_equal(town->hooks[0].verified, STATUS_UNAUTHORIZED);
}

static void
a_retry_keeps_id_and_body_and_is_signed_anew(void **state)
{
	struct town *town = *state;
	struct notification what = sample();

	town->codes[0] = 503;
	town->codes[1] = 429;
	town->codes[2] = 410;
	for (unsigned i = 0; i < 4; i++) {
		clock_set((NOW_S + 1000 * i) * 1000);
		assert_int_equal(tell(town, &what), STATUS_OK);
		wait_for_done(town, i + 1);
		assert_int_equal(town->hooks[i].verified, STATUS_OK);
		assert_string_equal(town->hooks[i].id, town->hooks[0].id);
		assert_string_equal(town->hooks[i].body, town->hooks[0].body);
		assert_int_equal(
		    strtoll(town->hooks[i].timestamp, NULL, 10), NOW_S + 1000 * i);
	}
	assert_int_equal(town->outcomes[0].status, STATUS_UNAVAILABLE);
	assert_int_equal(town->outcomes[0].retry_after_ms, 30000);
	assert_string_equal(town->outcomes[0].detail, "HTTP 503");
	assert_int_equal(town->outcomes[1].status, STATUS_UNAVAILABLE);
	assert_int_equal(town->outcomes[2].status, STATUS_REFUSED);
	assert_string_equal(town->outcomes[2].detail, "HTTP 410");
	assert_int_equal(town->outcomes[3].status, STATUS_OK);
}

static void
an_agency_keeps_its_secret_and_shares_it_with_nobody(void **state)
{
	struct town *town = *state;
	struct seal *again;
	struct webhook_secret secret;
	struct webhook_secret other;
	char text[SEAL_WEBHOOK_BYTES];
	char long_id[SEAL_WEBHOOK_AGENCY_BYTES + 1] = { 'a' };
	char why[200];

	assert_int_equal(seal_open(town->key_path, &again, why, sizeof why), STATUS_OK);
	assert_int_equal(
	    webhook_secret_of(again, LITERAL("agency-1"), &secret), STATUS_OK);
	assert_int_equal(secret.length, 32);
	assert_memory_equal(&secret, &town->agency_secret, sizeof secret);
	assert_int_equal(
	    webhook_secret_of(again, LITERAL("agency-2"), &other), STATUS_OK);
	assert_memory_not_equal(secret.bytes, other.bytes, 32);
	seal_derive(again, LITERAL("webhook:agency-2"), secret.bytes, 32);
	assert_memory_equal(secret.bytes, other.bytes, 32);
	assert_int_equal(
	    seal_webhook_secret(again, LITERAL("agency-1"), text), STATUS_OK);
	assert_int_equal(strlen(text), SEAL_WEBHOOK_BYTES - 1);
	assert_int_equal(webhook_secret_of(again, LITERAL(""), &other), STATUS_INVALID);
	assert_int_equal(webhook_secret_of(again, TEXT_ABSENT, &other), STATUS_INVALID);
	assert_int_equal(
	    webhook_secret_of(
	        again, (struct text){ long_id, SEAL_WEBHOOK_AGENCY_BYTES + 1 }, &other),
	    STATUS_INVALID);
	assert_int_equal(seal_webhook_secret(again, LITERAL(""), text), STATUS_INVALID);
	assert_string_equal(text, "");
	assert_int_equal(webhook_secret_of(again,
	                     (struct text){ long_id, SEAL_WEBHOOK_AGENCY_BYTES }, &other),
	    STATUS_OK);
	seal_close(again);
}

static void
what_cannot_be_sent_is_refused_at_once(void **state)
{
	static char long_text[WEBHOOK_BODY_MOST];
	struct town *town = *state;
	struct notification what = sample();

	memset(long_text, 'x', sizeof long_text);
	assert_int_equal(webhook_channel.tell(&town->webhook, LITERAL("not an address"),
	                     &what, on_told, town),
	    STATUS_INVALID);
	assert_int_equal(
	    webhook_channel.tell(&town->webhook, TEXT_ABSENT, &what, on_told, town),
	    STATUS_INVALID);
	what.delivery = LITERAL("a.b");
	assert_int_equal(tell(town, &what), STATUS_INVALID);
	what.delivery = LITERAL("a\r\nwebhook-signature: x");
	assert_int_equal(tell(town, &what), STATUS_INVALID);
	what = sample();
	what.agency = TEXT_ABSENT;
	assert_int_equal(tell(town, &what), STATUS_INVALID);
	what = sample();
	what.term = LITERAL("\xc0\x80");
	assert_int_equal(tell(town, &what), STATUS_INVALID);
	what.term = (struct text){ long_text, sizeof long_text };
	assert_int_equal(tell(town, &what), STATUS_INVALID);
	assert_int_equal(loop_turn(town->loop, 0), STATUS_OK);
	assert_int_equal(town->done_count, 0);
	assert_int_equal(town->hook_count, 0);
}

static void
a_thousand_webhooks_are_bounded_and_all_arrive_signed(void **state)
{
	struct town *town = *state;
	struct notification what = sample();
	unsigned told = 0;
	unsigned busy = 0;

	while (told < 1000) {
		char id[16];
		enum status status;

		snprintf(id, sizeof id, "d-%u", told);
		what.delivery = text_of(id);
		status = tell(town, &what);
		told += status == STATUS_OK;
		if (status == STATUS_OK)
			continue;
		assert_int_equal(status, STATUS_BUSY);
		assert_int_equal(
		    webhook_channel.under_way(&town->webhook), CLIENT_UNDER_WAY_MOST);
		busy++;
		assert_int_equal(loop_turn(town->loop, 100), STATUS_OK);
	}
	assert_true(busy > 0);
	wait_for_done(town, 1000);
	assert_int_equal(town->hook_count, 1000);
	for (unsigned i = 0; i < 1000; i++) {
		assert_int_equal(town->hooks[i].verified, STATUS_OK);
		assert_int_equal(town->outcomes[i].status, STATUS_OK);
	}
	assert_in_range(http_server_connections(town->server), 1, CLIENT_PER_HOST_MOST);
}

int
main(void)
{
#define TOWN_TEST(name) cmocka_unit_test_setup_teardown(name, open_town, close_town)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_published_vectors_sign_and_verify_as_they_state),
		cmocka_unit_test(
		    a_changed_id_time_body_secret_or_signature_does_not_verify),
		cmocka_unit_test(a_signature_is_looked_for_anywhere_in_the_list),
		cmocka_unit_test(
		    during_a_rotation_the_old_and_the_new_secret_both_verify),
		cmocka_unit_test(the_timestamp_may_be_five_minutes_off_but_not_more),
		cmocka_unit_test(a_timestamp_has_one_spelling),
		cmocka_unit_test(
		    an_id_that_could_move_the_borders_of_the_signed_text_is_refused),
		cmocka_unit_test(a_secret_has_24_to_64_bytes),
		cmocka_unit_test(a_secret_text_is_whsec_and_base64_and_nothing_else),
		cmocka_unit_test(the_body_is_compact_json_with_every_member),
		cmocka_unit_test(a_body_about_no_referral_is_about_the_service),
		cmocka_unit_test(any_clean_text_comes_back_from_a_json_reader),
		cmocka_unit_test(text_that_is_not_utf_8_is_refused),
		cmocka_unit_test(a_body_is_never_written_past_its_buffer),
		cmocka_unit_test(the_largest_texts_of_the_contract_fit),
		TOWN_TEST(the_agency_can_verify_what_it_gets),
		TOWN_TEST(another_agency_cannot),
		TOWN_TEST(a_retry_keeps_id_and_body_and_is_signed_anew),
		TOWN_TEST(an_agency_keeps_its_secret_and_shares_it_with_nobody),
		TOWN_TEST(what_cannot_be_sent_is_refused_at_once),
		TOWN_TEST(a_thousand_webhooks_are_bounded_and_all_arrive_signed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
