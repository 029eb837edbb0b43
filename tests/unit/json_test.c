/* SPDX-License-Identifier: Apache-2.0
 * Records from JSON; hostile JSON made from the table. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <sodium.h>

#include "common/clock.h"
#include "common/json.h"
#include "tests/unit/forge.h"
#include "tests/unit/sample.h"

/* ---- the JSON pen ---- */

static void
put(struct forge *forge, const char *string)
{
	forge_put(forge, string, strlen(string));
}

static void
pen_nil(struct forge *forge)
{
	put(forge, "null");
}

static void
pen_boolean(struct forge *forge, bool value)
{
	put(forge, value ? "true" : "false");
}

static void
pen_integer(struct forge *forge, int64_t value)
{
	char text[32];

	snprintf(text, sizeof text, "%" PRId64, value);
	put(forge, text);
}

static void
pen_real(struct forge *forge, double value)
{
	char text[64];

	snprintf(text, sizeof text, "%.17g", value);
	put(forge, text);
}

static void
pen_text(struct forge *forge, struct text text)
{
	put(forge, "\"");
	forge_put(forge, text.at, text.length);
	put(forge, "\"");
}

static void
pen_bytes(struct forge *forge, struct text text)
{
	static char base64[1 << 17];

	sodium_bin2base64(base64, sizeof base64, (const unsigned char *)text.at,
	    text.length, sodium_base64_VARIANT_ORIGINAL);
	pen_text(forge, text_of(base64));
}

static void
pen_time(struct forge *forge, int64_t value)
{
	char text[CLOCK_TEXT_BYTES];

	if (value > TIME_LARGEST || value < TIME_LEAST) {
		pen_text(forge, LITERAL("10000-01-01T00:00:00Z"));
		return;
	}
	clock_format(value, text);
	pen_text(forge, text_of(text));
}

static void
pen_open(struct forge *forge, bool is_map)
{
	forge->open[forge->depth++].count = 0;
	put(forge, is_map ? "{" : "[");
}

static void
pen_next(struct forge *forge)
{
	if (forge->open[forge->depth - 1].count++ > 0)
		put(forge, ",");
}

static void
pen_key(struct forge *forge, const char *key)
{
	pen_next(forge);
	pen_text(forge, text_of(key));
	put(forge, ":");
}

static void
pen_close(struct forge *forge, bool is_map)
{
	forge->depth--;
	put(forge, is_map ? "}" : "]");
}

static const struct pen PEN = { pen_nil, pen_boolean, pen_integer, pen_real, pen_text,
	pen_bytes, pen_time, pen_open, pen_next, pen_key, pen_close };

/* ---- reading ---- */

static struct {
	struct json_arena *arena;
	struct forge forge;
	struct defects defects;
	struct case_view one; /* holds any record */
} its;

static int
set_up(void **state)
{
	(void)state;
	its.arena = json_arena_new();
	return its.arena == NULL;
}

static int
tear_down(void **state)
{
	(void)state;
	json_arena_free(its.arena);
	json_arena_free(NULL);
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

/* JSON itself forbids these two, and knows no bytes and no NaN. */
static enum status
expected(const struct record *record)
{
	const struct forge *forge = &its.forge;

	(void)record;
	if (forge->harm == NUL_BYTE || forge->harm == BAD_UTF8)
		return STATUS_BAD_MESSAGE;
	if (forge->harm == AS_NIL && !forge->is_required && !forge->is_element)
		return STATUS_OK; /* null counts as absent */
	return forge_is_legal(forge) ? STATUS_OK : STATUS_INVALID;
}

static void
check_forged(const struct record *record, unsigned target, enum harm harm)
{
	struct forge *forge = &its.forge;
	enum status status;

	forge_begin(forge, &PEN, target, harm);
	forge_record(forge, record);
	if (!forge->applies)
		return;
	status = read_text(
	    record, (struct text){ (const char *)forge->bytes, (uint32_t)forge->length });
	if (status != expected(record) || its.defects.count != (status != STATUS_OK) ||
	    (status == STATUS_INVALID &&
	        strcmp(its.defects.list[0].field, forge->hit) != 0))
		fail_msg("%s %s harm %u: %s, %u defects, first %s", record->name,
		    forge->hit, (unsigned)harm, status_code(status), its.defects.count,
		    its.defects.count > 0 ? its.defects.list[0].field : "-");
}

static void
every_field_names_itself_when_it_is_wrong(void **state)
{
	(void)state;
	for (const struct record *const *record = record_all(); *record != NULL;
	     record++) {
		unsigned targets;

		forge_begin(&its.forge, &PEN, 0, NO_HARM);
		forge_record(&its.forge, *record);
		targets = its.forge.visited;
		assert_true(targets > 0);
		for (unsigned target = 0; target < targets; target++)
			for (enum harm harm = NO_HARM; harm < HARMS; harm++)
				if (harm != AS_BIN && harm != NOT_FINITE)
					check_forged(*record, target, harm);
	}
}

static void
unknown_keys_are_refused_by_name_and_all_defects_collected(void **state)
{
	static const char *const FIELDS[] = { "intake.urgency",
		"intake.household.members[1].age", "intake.household.members[1].agee",
		"intake.household.membres", "intake.needs[0].term", "intake.contact",
		"urgent", "\"<\x7f" };
	static const char JSON[] =
	    "{\"key\":\"k\",\"by\":\"b\",\"role\":\"operator\",\"intake\":{\"urgency\":"
	    "\"high\","
	    "\"household\":{\"members\":[{\"age\":\"refused\"},{\"age\":-1,\"agee\":3}],"
	    "\"membres\":null},\"needs\":[{}],\"contact\":[]},\"urgent\":1,\"\\\"<\x7f\":"
	    "2}";

	(void)state;
	assert_int_equal(read_json(&record_submit, JSON), STATUS_INVALID);
	assert_int_equal(its.defects.count, 8);
	for (unsigned i = 0; i < 8; i++)
		assert_string_equal(its.defects.list[i].field, FIELDS[i]);
	assert_string_equal(
	    its.defects.list[0].why, "must be one of: emergency urgent normal");
	assert_string_equal(its.defects.list[3].why, "no such field");
	assert_string_equal(its.defects.list[4].why, "missing");
	assert_int_equal(read_json(&record_submit, JSON), STATUS_INVALID);
	assert_int_equal(its.defects.count, 8); /* starts afresh */
}

static void
what_is_not_one_json_object_is_refused_with_its_place(void **state)
{
	static const char *const TEXTS[] = { "", " ", "null", "[]", "1", "\"x\"", "{",
		"{}}", "{} {}", "{\"text\":1,\"text\":1}", "{\"safe\":{\"a\":1,\"a\":1}}",
		"{\"text\":\"\\u0000\"}", "{\"te\\u0000xt\":1}", "{\"text\":\"\xff\"}",
		"{\"text\":\"\\ud800\"}", "{\"text\":nul}", "{'text':1}",
		"{\"lat\":1e999}", "{\"lat\":99999999999999999999}", "{\"lat\":NaN}",
		"{\"lat\":01}", "\xef\xbb\xbf{}" };

	(void)state;
	for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++) {
		assert_int_equal(read_json(&record_place, TEXTS[i]), STATUS_BAD_MESSAGE);
		assert_int_equal(its.defects.count, 1);
	}
	assert_int_equal(read_json(&record_place, "{\n \"text\":1,\n \"text\":1}"),
	    STATUS_BAD_MESSAGE);
	assert_non_null(strstr(its.defects.list[0].field, "line 3 column "));
	assert_string_equal(its.defects.list[0].why, "a key stands twice in one object");
	assert_int_equal(
	    read_text(&record_place, (struct text){ "{}\0", 3 }), STATUS_BAD_MESSAGE);
	assert_int_equal(read_json(&record_place, " {} \n"), STATUS_OK);
}

static void
deep_nesting_does_no_harm(void **state)
{
	static char deep[200000];

	(void)state;
	memset(deep, '[', sizeof deep - 1);
	assert_int_equal(read_json(&record_place, deep), STATUS_BAD_MESSAGE);
	memcpy(deep, "{\"text\":", 8);
	assert_int_equal(read_json(&record_place, deep), STATUS_BAD_MESSAGE);
}

static void
times_take_any_offset_and_bytes_are_base64(void **state)
{
	(void)state;
	assert_int_equal(
	    read_json(&record_search, "{\"open_at\":\"2026-11-20T10:00:00.250+02:00\"}"),
	    STATUS_OK);
	assert_int_equal(((struct search *)&its.one)->open_at, 1795161600250);
	assert_int_equal(
	    read_json(&record_search, "{\"open_at\":1795161600250}"), STATUS_INVALID);
	assert_int_equal(
	    read_json(&record_work, "{\"stage\":\"match\",\"item\":\"i\",\"version\":1,"
	                            "\"attempt\":1,\"urgency\":\"normal\","
	                            "\"routing\":\"AP8B/+==\"}"),
	    STATUS_INVALID); /* bits left over */
	assert_int_equal(
	    read_json(&record_work, "{\"stage\":\"match\",\"item\":\"i\",\"version\":1,"
	                            "\"attempt\":1,\"urgency\":\"normal\","
	                            "\"routing\":\"AP8B/w==\"}"),
	    STATUS_OK);
	assert_int_equal(((struct work *)&its.one)->routing.length, 4);
	assert_memory_equal(((struct work *)&its.one)->routing.at, "\0\xff\1\xff", 4);
}

static void
a_number_is_what_it_says(void **state)
{
	(void)state;
	assert_int_equal(read_json(&record_member, "{\"age\":-4294967295}"),
	    STATUS_INVALID); /* 1 in 32 bits */
	assert_int_equal(
	    read_json(&record_member, "{\"age\":4294967297}"), STATUS_INVALID);
	assert_int_equal(
	    read_json(&record_member, "{\"age\":4294967294}"), STATUS_INVALID);
	assert_int_equal(read_json(&record_member, "{\"age\":4.0}"), STATUS_INVALID);
	assert_int_equal(read_json(&record_member, "{\"age\":4}"), STATUS_OK);
	assert_int_equal(((struct member *)&its.one)->age, 4);
	assert_int_equal(read_json(&record_place, "{\"lat\":-0.0,\"lon\":7}"), STATUS_OK);
	assert_false(signbit(((struct place *)&its.one)->lat));
	assert_int_equal((int)((struct place *)&its.one)->lon, 7);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_names_itself_when_it_is_wrong),
		cmocka_unit_test(
		    unknown_keys_are_refused_by_name_and_all_defects_collected),
		cmocka_unit_test(what_is_not_one_json_object_is_refused_with_its_place),
		cmocka_unit_test(deep_nesting_does_no_harm),
		cmocka_unit_test(a_number_is_what_it_says),
		cmocka_unit_test(times_take_any_offset_and_bytes_are_base64),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
