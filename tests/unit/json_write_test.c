/* SPDX-License-Identifier: Apache-2.0
 * Records to JSON and back, problem details. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <jansson.h>

#include "common/json.h"
#include "tests/unit/sample.h"

static struct {
	struct json_arena *arena;
	struct sample sample;
	struct defects defects;
	struct case_view one, two; /* hold any record */
	char bytes[MESSAGE_MAX_BYTES], again[MESSAGE_MAX_BYTES];
} its;

static int
set_up(void **state)
{
	(void)state;
	its.arena = json_arena_new();
	its.sample.random = 17;
	return its.arena == NULL;
}

static int
tear_down(void **state)
{
	(void)state;
	json_arena_free(its.arena);
	return 0;
}

static enum status
read_text(const struct record *record, struct text json)
{
	char *copy = exact_copy(json.at, json.length);
	enum status status = json_read(its.arena, record, &its.one,
	    (struct text){ copy, json.length }, &its.defects);

	free(copy); /* the arena holds what the record needs */
	return status;
}

static enum status
read_json(const struct record *record, const char *json)
{
	return read_text(record, text_of(json));
}

static size_t
encode(const struct record *record, const void *values, enum mask mask, char *bytes)
{
	size_t length = 0;

	assert_int_equal(
	    record_encode(record, values, mask, bytes, sizeof its.bytes, &length),
	    STATUS_OK);
	return length;
}

static void
check_round_trip(const struct record *record)
{
	size_t length = 0, encoded = encode(record, &its.two, MASK_ALL, its.bytes);
	char *json = json_write(record, &its.two, MASK_ALL, &length);
	enum status status;

	assert_non_null(json);
	assert_int_equal(strlen(json), length);
	/* an empty list is written, but a required one is refused: samples have none */
	status = read_text(record, (struct text){ json, (uint32_t)length });
	if (status != STATUS_OK)
		fail_msg("%s: %s in %s", its.defects.list[0].field,
		    its.defects.list[0].why, json);
	assert_int_equal(encode(record, &its.one, MASK_ALL, its.again), encoded);
	assert_memory_equal(its.bytes, its.again, encoded);
	free(json);
}

static void
what_is_written_reads_back_to_the_same_bytes(void **state)
{
	(void)state;
	for (const struct record *const *record = record_all(); *record != NULL; record++)
		for (unsigned turn = 0; turn < 100; turn++) {
			its.sample.used = 0;
			sample_record(&its.sample, *record, &its.two);
			check_round_trip(*record);
		}
}

static void
json_has_the_order_of_the_table_and_all_lists(void **state)
{
	struct household *household = (struct household *)&its.two;
	struct place *place = (struct place *)&its.two;
	char *json;

	(void)state;
	record_init(&record_household, household);
	household->displacement = displacement_idp;
	household->members_count = 2;
	record_init(&record_member, &household->members[0]);
	record_init(&record_member, &household->members[1]);
	household->members[0].age = UINT_REFUSED;
	household->members[1].age = 4;
	json = json_write(&record_household, household, MASK_ALL, NULL);
	assert_string_equal(json,
	    "{\"languages\":[],\"displacement\":\"idp\",\"members\":["
	    "{\"age\":\"refused\",\"difficulties\":[]},"
	    "{\"age\":4,\"difficulties\":[]}]}");
	free(json);
	record_init(&record_place, place);
	place->lat = 48.85;
	place->lon = -0.0;
	place->text = LITERAL("a\"b\\c\n\x01/<é>");
	json = json_write(&record_place, place, MASK_ALL, NULL);
	assert_string_equal(
	    json, "{\"lat\":48.85,\"lon\":0,\"text\":\"a\\\"b\\\\c\\n\\u0001/<é>\"}");
	free(json);
	record_init(&record_place, place);
	json = json_write(&record_place, place, MASK_ALL, NULL);
	assert_string_equal(json, "{}");
	free(json);
}

static void
what_breaks_its_bounds_is_written_as_null(void **state)
{
	struct place *place = (struct place *)&its.two;
	struct search *search = (struct search *)&its.two;
	char *json;

	(void)state;
	record_init(&record_place, place);
	place->lat = 1.0 / 0.0;
	place->code = LITERAL("\xff");
	place->text = LITERAL("Київ");
	json = json_write(&record_place, place, MASK_ALL, NULL);
	assert_string_equal(json, "{\"code\":null,\"lat\":null,\"text\":\"Київ\"}");
	free(json);
	record_init(&record_search, search);
	search->open_at = INT64_MAX;
	json = json_write(&record_search, search, MASK_ALL, NULL);
	assert_string_equal(json, "{\"open_at\":null}");
	free(json);
}

static void
masked_json_holds_what_masked_bytes_hold(void **state)
{
	(void)state;
	for (unsigned turn = 0; turn < 100; turn++) {
		struct intake *intake = (struct intake *)&its.two;
		size_t length;
		char *json;

		its.sample.used = 0;
		sample_record(&its.sample, &record_intake, intake);
		intake->has_contact = true;
		intake->needs[0].note = LITERAL("Oksana");
		json = json_write(&record_intake, intake, MASK_NOT_PERSONAL, &length);
		assert_null(strstr(json, "\"contact\""));
		assert_null(strstr(json, "Oksana"));
		assert_int_equal(read_json(&record_intake, json), STATUS_OK);
		free(json);
		length = encode(&record_intake, intake, MASK_NOT_PERSONAL, its.bytes);
		assert_int_equal(
		    encode(&record_intake, &its.one, MASK_ALL, its.again), length);
		assert_memory_equal(its.bytes, its.again, length);
	}
}

static void
a_problem_names_status_fields_and_state(void **state)
{
	size_t length = 0;
	char *json = json_problem(STATUS_STALE, NULL, LITERAL("sent"), 7, &length);

	(void)state;
	assert_string_equal(json,
	    "{\"type\":\"urn:hearthline:problem:stale\",\"title\":"
	    "\"based on an older version: read again\",\"status\":412,"
	    "\"code\":\"stale\",\"state\":\"sent\",\"version\":7}");
	assert_int_equal(strlen(json), length);
	free(json);
	its.defects.count = 0;
	defects_add(&its.defects, "must be \"x\"", "needs[0]");
	defects_add(&its.defects, "missing", "key");
	json = json_problem(STATUS_INVALID, &its.defects, TEXT_ABSENT, UINT_ABSENT, NULL);
	assert_non_null(
	    strstr(json, ",\"errors\":[{\"field\":\"needs[0]\",\"why\":\"must be "
	                 "\\\"x\\\"\"},{\"field\":\"key\",\"why\":\"missing\"}]}"));
	free(json);
	its.defects.count = 0;
	for (unsigned i = 0; i < DEFECTS_MAX + 9; i++)
		defects_add(&its.defects, "missing", "keys[%u]", i);
	for (unsigned i = 0; i < STATUS_COUNT; i++) {
		json_t *root;

		json = json_problem(
		    (enum status)i, &its.defects, TEXT_ABSENT, UINT_ABSENT, NULL);
		root = json_loads(json, JSON_REJECT_DUPLICATES, NULL);
		assert_int_equal(json_integer_value(json_object_get(root, "status")),
		    status_http((enum status)i));
		assert_int_equal(
		    json_array_size(json_object_get(root, "errors")), DEFECTS_MAX);
		json_decref(root);
		free(json);
	}
	json = json_wrap("case", "{\"id\":1}", &length);
	assert_string_equal(json, "{\"case\":{\"id\":1}}");
	assert_int_equal(strlen(json), length);
	free(json);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_reads_back_to_the_same_bytes),
		cmocka_unit_test(json_has_the_order_of_the_table_and_all_lists),
		cmocka_unit_test(what_breaks_its_bounds_is_written_as_null),
		cmocka_unit_test(masked_json_holds_what_masked_bytes_hold),
		cmocka_unit_test(a_problem_names_status_fields_and_state),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
