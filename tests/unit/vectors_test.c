/* SPDX-License-Identifier: Apache-2.0
 * tests/vectors/messages.txt, which clients in other languages read as well.
 * UPDATE_VECTORS=1 writes the bytes of its "ok" lines anew from their meaning. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <jansson.h>
#include <stdio.h>

#include "common/json.h"
#include "tests/unit/sample.h"

#define FILE_NAME "tests/vectors/messages.txt"

/* verdict, kind, hex and meaning of one line, split in place. */
struct vector {
	char *verdict, *kind, *hex, *meaning;
};

static struct {
	struct decoder *decoder;
	struct json_arena *arena;
	struct defects defects;
	struct message message;
	uint8_t bytes[MESSAGE_MAX_BYTES], stated[MESSAGE_MAX_BYTES];
	unsigned of_kind[MESSAGE_KINDS], refused;
} its;

static int
set_up(void **state)
{
	(void)state;
	its.decoder = decoder_new();
	its.arena = json_arena_new();
	return its.decoder == NULL || its.arena == NULL;
}

static int
tear_down(void **state)
{
	(void)state;
	decoder_free(its.decoder);
	json_arena_free(its.arena);
	return 0;
}

/* False: a comment or an empty line. */
static bool
split(char *line, struct vector *vector)
{
	line[strcspn(line, "\n")] = '\0';
	if (line[0] == '#' || line[0] == '\0')
		return false;
	vector->verdict = line;
	vector->kind = strchr(line, '\t');
	assert_non_null(vector->kind);
	*vector->kind++ = '\0';
	vector->hex = strchr(vector->kind, '\t');
	assert_non_null(vector->hex);
	*vector->hex++ = '\0';
	vector->meaning = strchr(vector->hex, '\t');
	assert_non_null(vector->meaning);
	*vector->meaning++ = '\0';
	return true;
}

/* Encodes what the line means into its.bytes. */
static size_t
encode_meaning(const struct vector *vector)
{
	json_t *root = json_loads(vector->meaning, JSON_REJECT_DUPLICATES, NULL), *rest;
	const char *id = json_string_value(json_object_get(root, "id"));
	const char *trace = json_string_value(json_object_get(root, "trace"));
	enum message_kind kind = message_kind_of(text_of(vector->kind));
	size_t length = 0;
	char *fields;

	assert_non_null(root);
	assert_int_equal(json_integer_value(json_object_get(root, "v")), 1);
	assert_string_equal(
	    json_string_value(json_object_get(root, "kind")), vector->kind);
	message_init(&its.message, kind);
	its.message.id = text_of(id);
	its.message.trace = text_of(trace);
	rest = json_copy(root);
	for (const char *const *name =
	         (const char *const[]){ "v", "kind", "id", "trace", NULL };
	     *name != NULL; name++)
		json_object_del(rest, *name);
	fields = json_dumps(rest, JSON_COMPACT);
	assert_int_equal(json_read(its.arena, message_record(kind), &its.message.submit,
	                     text_of(fields), &its.defects),
	    STATUS_OK);
	assert_int_equal(
	    message_encode(&its.message, its.bytes, sizeof its.bytes, &length),
	    STATUS_OK);
	json_decref(rest);
	json_decref(root);
	free(fields);
	return length;
}

static void
check_ok(const struct vector *vector)
{
	size_t length = encode_meaning(vector);
	size_t stated = unhex(vector->hex, its.stated, sizeof its.stated), again = 0;

	its.of_kind[message_kind_of(text_of(vector->kind))]++;
	if (stated != length || memcmp(its.bytes, its.stated, length) != 0)
		fail_msg("%s: the bytes differ; UPDATE_VECTORS=1 writes them anew",
		    vector->kind);
	assert_int_equal(
	    message_decode(its.decoder, &its.message, its.stated, stated, &its.defects),
	    STATUS_OK);
	assert_int_equal(
	    message_encode(&its.message, its.bytes, sizeof its.bytes, &again), STATUS_OK);
	assert_int_equal(again, stated);
	assert_memory_equal(its.bytes, its.stated, stated);
}

static void
check_refused(const struct vector *vector)
{
	size_t length = unhex(vector->hex, its.stated, sizeof its.stated);
	json_t *fields = json_loads(vector->meaning, 0, NULL);
	enum status status =
	    message_decode(its.decoder, &its.message, its.stated, length, &its.defects);

	its.refused++;
	assert_string_equal(status_code(status), vector->verdict);
	assert_int_equal(its.defects.count, json_array_size(fields));
	for (uint32_t i = 0; i < its.defects.count; i++)
		assert_string_equal(its.defects.list[i].field,
		    json_string_value(json_array_get(fields, i)));
	json_decref(fields);
}

static void
every_vector_is_what_we_write_and_read(void **state)
{
	FILE *file = fopen(FILE_NAME, "r");
	struct vector vector;
	char *line = NULL;
	size_t size = 0;

	(void)state;
	assert_non_null(file);
	while (getline(&line, &size, file) > 0) {
		if (!split(line, &vector))
			continue;
		if (strcmp(vector.verdict, "ok") == 0)
			check_ok(&vector);
		else
			check_refused(&vector);
	}
	for (unsigned kind = MESSAGE_NONE + 1; kind < MESSAGE_KINDS; kind++)
		if (its.of_kind[kind] == 0)
			fail_msg("no vector of %s",
			    message_record((enum message_kind)kind)->name);
	assert_in_range(its.refused, 10, 1000);
	free(line);
	fclose(file);
}

static void
write_line(FILE *out, char *line)
{
	struct vector vector;
	size_t length;

	if (!split(line, &vector)) {
		fprintf(out, "%s\n", line);
		return;
	}
	fprintf(out, "%s\t%s\t", vector.verdict, vector.kind);
	if (strcmp(vector.verdict, "ok") == 0) {
		length = encode_meaning(&vector);
		for (size_t i = 0; i < length; i++)
			fprintf(out, "%02x", its.bytes[i]);
	} else {
		fprintf(out, "%s", vector.hex);
	}
	fprintf(out, "\t%s\n", vector.meaning);
}

static void
update(void **state)
{
	FILE *in = fopen(FILE_NAME, "r"), *out = fopen(FILE_NAME ".new", "w");
	char *line = NULL;
	size_t size = 0;

	(void)state;
	assert_true(in != NULL && out != NULL);
	while (getline(&line, &size, in) > 0)
		write_line(out, line);
	free(line);
	fclose(in);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(rename(FILE_NAME ".new", FILE_NAME), 0);
}

int
main(void)
{
	const struct CMUnitTest updates[] = {
		cmocka_unit_test(update),
	};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_vector_is_what_we_write_and_read),
	};

	if (getenv("UPDATE_VECTORS") != NULL &&
	    cmocka_run_group_tests(updates, set_up, tear_down) != 0)
		return 1;
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
