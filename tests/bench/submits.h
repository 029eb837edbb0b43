/* SPDX-License-Identifier: Apache-2.0
 * Submit messages made before the clock starts: intakes from a JSON array, encoded once each;
 * key, phone and message id are written over them for every use. */
#ifndef BENCH_SUBMITS_H
#define BENCH_SUBMITS_H

#include <jansson.h>

#include "common/json.h"
#include "tests/bench/bench.h"

#define SUBMITS_MOST 1024
/* What the intakes and messages hold in the places that differ. */
#define SUBMIT_BY "bench"
#define SUBMIT_ID "id######"
#define SUBMIT_KEY "bench-key-################"
#define SUBMIT_PHONE "+380000000000"

struct submit_message {
	char bytes[STAMP_BYTES];
	size_t length;
	struct stamp_mark id, key, phone;
};

struct submits {
	unsigned count;
	struct submit_message list[SUBMITS_MOST];
};

static inline void
submits_add(struct submits *submits, const char *json)
{
	static struct message message;
	struct submit_message *made = &submits->list[submits->count++];
	struct json_arena *arena = json_arena_new();
	struct defects defects;

	message_init(&message, MESSAGE_submit);
	message.id = LITERAL(SUBMIT_ID);
	message.submit.key = LITERAL(SUBMIT_KEY);
	message.submit.by = LITERAL(SUBMIT_BY);
	message.submit.role = role_operator;
	message.submit.has_intake = true;
	if (arena == NULL || json_read(arena, &record_intake, &message.submit.intake,
	                         text_of(json), &defects) != STATUS_OK)
		bench_die("not an intake: %s", json);
	if (message_encode(&message, made->bytes, sizeof made->bytes, &made->length) !=
	    STATUS_OK)
		bench_die("an intake is too large");
	json_arena_free(arena);
	stamp_find(&made->id, made->bytes, made->length, SUBMIT_ID, strlen(SUBMIT_ID));
	stamp_find(&made->key, made->bytes, made->length, SUBMIT_KEY, strlen(SUBMIT_KEY));
	stamp_find(
	    &made->phone, made->bytes, made->length, SUBMIT_PHONE, strlen(SUBMIT_PHONE));
}

/* Reads the array of intakes at `path`. */
static inline void
submits_read(struct submits *submits, const char *path)
{
	json_t *root = json_load_file(path, 0, NULL);

	submits->count = 0;
	for (size_t i = 0; i < json_array_size(root) && i < SUBMITS_MOST; i++) {
		char *json = json_dumps(json_array_get(root, i), 0);

		submits_add(submits, json);
		free(json);
	}
	if (submits->count == 0)
		bench_die("no intakes in %s", path);
	json_decref(root);
}

/* The key of submit `number`; SUBMIT_KEY's length. */
static inline void
submit_key(unsigned number, char key[sizeof SUBMIT_KEY])
{
	snprintf(key, sizeof SUBMIT_KEY, "bench-key-%016u", number);
}

/* Submit `number`, valid until the next use of its intake. */
static inline const struct submit_message *
submit_make(struct submits *submits, unsigned number)
{
	struct submit_message *made = &submits->list[number % submits->count];
	char id[sizeof SUBMIT_ID], key[sizeof SUBMIT_KEY], phone[sizeof SUBMIT_PHONE];

	snprintf(id, sizeof id, "%08u", number % 100000000);
	submit_key(number, key);
	snprintf(phone, sizeof phone, "+380%09u", 400000000 + number % 100000000);
	stamp_put(&made->id, made->bytes, id);
	stamp_put(&made->key, made->bytes, key);
	stamp_put(&made->phone, made->bytes, phone);
	return made;
}

/* Which submit an answer is to; ends the program unless that was accepted. */
static inline unsigned
submit_accepted(const char *reply, size_t length)
{
	static const char ID[] = "\xa2id\xa8"; /* the key, and a text of eight bytes */
	const char *at = memmem(reply, length, ID, 4);
	char number[9] = "";

	if (at == NULL || at + 12 > reply + length ||
	    memmem(reply, length,
	        "\xa8"
	        "accepted",
	        9) == NULL)
		bench_die("not accepted: %.*s", (int)length, reply);
	memcpy(number, at + 4, 8);
	return (unsigned)strtoul(number, NULL, 10);
}

#endif
