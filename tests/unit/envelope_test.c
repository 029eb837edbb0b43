/* SPDX-License-Identifier: Apache-2.0
 * v, kind, id and trace; what is masked and printed; which texts are clean. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/sample.h"

static struct {
	struct decoder *decoder;
	struct sample sample;
	struct defects defects;
	struct message message;
	struct case_view values; /* holds any record */
	char bytes[MESSAGE_MAX_BYTES];
} its;

static int
set_up(void **state)
{
	(void)state;
	its.decoder = decoder_new();
	its.sample.random = 13;
	return its.decoder == NULL;
}

static int
tear_down(void **state)
{
	(void)state;
	decoder_free(its.decoder);
	return 0;
}

static enum status
decode(const char *bytes, size_t length)
{
	return message_decode(its.decoder, &its.message, bytes, length, &its.defects);
}
#define DECODE(literal) decode(literal, sizeof(literal) - 1)

static void
check_refusal(enum status status, enum status expected, const char *field)
{
	assert_int_equal(status, expected);
	assert_int_equal(its.defects.count, 1);
	assert_string_equal(its.defects.list[0].field, field);
	assert_true(
	    text_is(its.message.id, "q1")); /* so that a refusal can be addressed */
}

/* ---- v, kind, id, trace ---- */

static void
another_major_version_is_told_apart_from_none(void **state)
{
	(void)state;
	check_refusal(
	    DECODE("\x83\xa1v\x02\xa4kind\xa4ping\xa2id\xa2q1"), STATUS_UNSUPPORTED, "v");
	assert_int_equal(its.message.kind, MESSAGE_NONE);
	check_refusal(
	    DECODE("\x83\xa1v\x00\xa4kind\xa4ping\xa2id\xa2q1"), STATUS_UNSUPPORTED, "v");
	check_refusal(
	    DECODE("\x83\xa1v\xff\xa4kind\xa4ping\xa2id\xa2q1"), STATUS_UNSUPPORTED, "v");
	check_refusal(DECODE("\x83\xa1v\xcf\0\0\0\1\0\0\0\1\xa4kind\xa4ping\xa2id\xa2q1"),
	    STATUS_UNSUPPORTED, "v"); /* 1 if it were cut to 32 bits */
	check_refusal(
	    DECODE("\x82\xa4kind\xa4ping\xa2id\xa2q1"), STATUS_BAD_MESSAGE, "v");
	check_refusal(DECODE("\x83\xa1v\xa1"
	                     "1\xa4kind\xa4ping\xa2id\xa2q1"),
	    STATUS_BAD_MESSAGE, "v");
	check_refusal(
	    DECODE("\x83\xa1v\xc3\xa4kind\xa4ping\xa2id\xa2q1"), STATUS_BAD_MESSAGE, "v");
	check_refusal(DECODE("\x83\xa1v\xca\x3f\x80\0\0\xa4kind\xa4ping\xa2id\xa2q1"),
	    STATUS_BAD_MESSAGE, "v");
}

static void
a_kind_that_nobody_knows_is_refused(void **state)
{
	(void)state;
	check_refusal(DECODE("\x82\xa1v\x01\xa2id\xa2q1"), STATUS_BAD_MESSAGE, "kind");
	check_refusal(DECODE("\x83\xa1v\x01\xa4kind\xa4pi\0g\xa2id\xa2q1"),
	    STATUS_BAD_MESSAGE, "kind");
	check_refusal(DECODE("\x83\xa1v\x01\xa4kind\xa6intake\xa2id\xa2q1"),
	    STATUS_BAD_MESSAGE, "kind");
	check_refusal(
	    DECODE("\x83\xa1v\x01\xa4kind\x01\xa2id\xa2q1"), STATUS_BAD_MESSAGE, "kind");
	check_refusal(
	    DECODE("\x83\xa1v\x01\xa4kind\xc0\xa2id\xa2q1"), STATUS_BAD_MESSAGE, "kind");
	assert_int_equal(its.message.kind, MESSAGE_NONE);
}

static void
invalid_fields_leave_kind_and_id_readable(void **state)
{
	(void)state;
	check_refusal(DECODE("\x84\xa1v\x01\xa4kind\xa4ping\xa2id\xa2q1\xa5"
	                     "epoch\xc3"),
	    STATUS_INVALID, "epoch");
	assert_int_equal(its.message.kind, MESSAGE_ping);
}

/* {"v","kind","id":65 bytes} and the like. */
static enum status
decode_long(const char *name, size_t length)
{
	char bytes[256] = "\x83\xa1v\x01\xa4kind\xa4ping";
	size_t at = 14;

	bytes[at++] = (char)(0xa0 + strlen(name));
	memcpy(bytes + at, name, strlen(name));
	at += strlen(name);
	bytes[at++] = '\xd9';
	bytes[at++] = (char)length;
	memset(bytes + at, 'i', length);
	return decode(bytes, at + length);
}

static void
id_and_trace_are_bounded_texts(void **state)
{
	(void)state;
	assert_int_equal(decode_long("id", 64), STATUS_OK);
	assert_int_equal(its.message.id.length, 64);
	assert_int_equal(decode_long("id", 65), STATUS_INVALID);
	assert_string_equal(its.defects.list[0].field, "id");
	assert_null(its.message.id.at);
	assert_int_equal(decode_long("trace", 64), STATUS_OK);
	assert_int_equal(decode_long("trace", 65), STATUS_INVALID);
	assert_string_equal(its.defects.list[0].field, "trace");
	assert_null(its.message.trace.at);
	assert_int_equal(
	    DECODE("\x83\xa1v\x01\xa4kind\xa4ping\xa2id\x07"), STATUS_INVALID);
	assert_string_equal(its.defects.list[0].field, "id");
	assert_int_equal(
	    DECODE("\x83\xa1v\x01\xa4kind\xa4ping\xa2id\xa2q\xff"), STATUS_INVALID);
	assert_int_equal(DECODE("\x83\xa1v\x01\xa4kind\xa4ping\xa2id\xa0"), STATUS_OK);
	assert_non_null(its.message.id.at); /* empty is not absent */
	assert_int_equal(DECODE("\x82\xa1v\x01\xa4kind\xa4ping"), STATUS_OK);
	assert_null(its.message.id.at);
	assert_int_equal(its.defects.count, 0);
}

static void
bytes_that_are_no_message_say_so(void **state)
{
	(void)state;
	assert_int_equal(DECODE("\xdd\xff\x00\x00\x00"), STATUS_BAD_MESSAGE);
	assert_int_equal(its.defects.count, 1);
	assert_null(its.message.id.at);
	assert_int_equal(its.message.kind, MESSAGE_NONE);
	assert_int_equal(DECODE(""), STATUS_BAD_MESSAGE);
	assert_int_equal(
	    DECODE("\x83\xa1v\x01\xa4kind\xa4ping\xa1v\x01"), STATUS_BAD_MESSAGE);
}

/* ---- masking and printing ---- */

#define SECRET "Oksana Petrenko"

/* Puts SECRET into every personal text. */
static void
make_personal(const struct record *record, void *values, bool is_personal)
{
	for (const struct field *field = record->fields; field->name != NULL; field++) {
		bool is_secret = is_personal || field->mark == PERSONAL;

		for (uint32_t i = 0; i < field_count(field, values); i++) {
			void *at = field_place(field, values, i);

			if (field->record != NULL)
				make_personal(field->record, at, is_secret);
			else if (field_element(field->type) == FIELD_TEXT && is_secret)
				*(struct text *)at = LITERAL(SECRET);
		}
	}
}

static void
masked_bytes_hold_nothing_personal(void **state)
{
	unsigned shown = 0;

	(void)state;
	for (const struct record *const *record = record_all(); *record != NULL; record++)
		for (unsigned turn = 0; turn < 50; turn++) {
			size_t length = 0;

			its.sample.used = 0;
			sample_record(&its.sample, *record, &its.values);
			make_personal(*record, &its.values, false);
			assert_int_equal(
			    record_encode(*record, &its.values, MASK_NOT_PERSONAL,
			        its.bytes, sizeof its.bytes, &length),
			    STATUS_OK);
			assert_null(memmem(its.bytes, length, SECRET, strlen(SECRET)));
			assert_null(memmem(its.bytes, length, "contact", 7));
			assert_int_equal(record_encode(*record, &its.values, MASK_ALL,
			                     its.bytes, sizeof its.bytes, &length),
			    STATUS_OK);
			shown +=
			    memmem(its.bytes, length, SECRET, strlen(SECRET)) != NULL;
		}
	assert_true(shown > 100);
}

static void
a_printed_message_shows_ids_and_masks_the_family(void **state)
{
	char line[512];
	struct work *work = &its.message.work;

	(void)state;
	message_init(&its.message, MESSAGE_submit);
	its.message.id = LITERAL("q1");
	its.message.submit.key = LITERAL("key 1\nlevel=error");
	its.message.submit.role = role_operator;
	its.message.submit.has_intake = true;
	its.message.submit.intake.urgency = urgency_urgent;
	message_print(&its.message, line, sizeof line);
	assert_string_equal(
	    line, "submit q1 key=key_1_level=error role=operator intake=***");
	message_init(&its.message, MESSAGE_work);
	work->stage = stage_match;
	work->version = 7;
	work->routing = (struct text){ "\0\1\2", 3 };
	work->tried_count = 2;
	work->accepted_at = -5;
	message_print(&its.message, line, sizeof line);
	assert_string_equal(
	    line, "work stage=match version=7 routing=3_bytes tried=2 accepted_at=-5");
	message_init(&its.message, MESSAGE_answer);
	its.message.answer.note = LITERAL(SECRET);
	message_print(&its.message, line, sizeof line);
	assert_string_equal(line, "answer note=***");
	message_init(&its.message, MESSAGE_NONE);
	message_print(&its.message, line, sizeof line);
	assert_string_equal(line, "none");
}

static void
a_printed_message_ends_where_the_buffer_ends(void **state)
{
	(void)state;
	message_init(&its.message, MESSAGE_search);
	its.message.id = LITERAL("їжак");
	its.message.search.q = LITERAL("їжа їжа");
	its.message.search.lat = 48.85;
	its.message.search.cleared = FLAG_NO;
	for (size_t size = 0; size < 70; size++) {
		char *line = exact_copy(its.bytes, size);

		message_print(&its.message, line, size);
		if (size > 0) {
			assert_true(strlen(line) < size);
			assert_true(text_is_clean(text_of(line)));
		}
		if (size == 69)
			assert_string_equal(
			    line, "search їжак q=їжа_їжа lat=48.85 cleared=false");
		free(line);
	}
}

static void
no_printed_message_shows_a_personal_text(void **state)
{
	static char line[4096];

	(void)state;
	for (unsigned kind = MESSAGE_NONE + 1; kind < MESSAGE_KINDS; kind++)
		for (unsigned turn = 0; turn < 20; turn++) {
			const struct record *record =
			    message_record((enum message_kind)kind);

			its.sample.used = 0;
			message_init(&its.message, (enum message_kind)kind);
			sample_record(&its.sample, record, &its.message.submit);
			make_personal(record, &its.message.submit, false);
			message_print(&its.message, line, sizeof line);
			assert_null(strstr(line, "Oksana"));
			assert_null(strchr(line, '\n'));
		}
}

/* ---- texts ---- */

static bool
is_clean(const char *hex)
{
	uint8_t bytes[64];
	size_t length = unhex(hex, bytes, sizeof bytes);
	char *copy = exact_copy(bytes, length);
	bool is = text_is_clean((struct text){ copy, (uint32_t)length });

	free(copy);
	return is;
}

static void
only_shortest_complete_utf8_without_nul_is_clean(void **state)
{
	(void)state;
	for (const char *const *hex = (const char *const[]){ "", "01", "7f", "c280",
	         "dfbf", "e0a080", "ed9fbf", "ee8080", "efbfbf", "f0908080", "f48fbfbf",
	         "6162636465666768", "616263646566c3a9", "61626364656667c3a9", NULL };
	     *hex != NULL; hex++)
		assert_true(is_clean(*hex));
	for (const char *const *hex = (const char *const[]){ "00", "80", "bf", "c0af",
	         "c1bf", "c2", "c27f", "c2c0", "e080af", "e09fbf", "e0a0", "e0a07f",
	         "eda080", "edbfbf", "f08fbfbf", "f0908f", "f0908fc0", "f4908080",
	         "f5808080", "ff", "fe", "6162636465666700", "6100636465666768",
	         "61626364656667c3", "616263646566676880", NULL };
	     *hex != NULL; hex++)
		assert_false(is_clean(*hex));
}

static void
a_cut_text_ends_between_characters(void **state)
{
	(void)state;
	assert_int_equal(text_cut("abc", 3, 5), 3);
	assert_int_equal(text_cut("abc", 3, 3), 3);
	assert_int_equal(text_cut("abc", 3, 2), 2);
	assert_int_equal(text_cut("їжа", 6, 3), 2);
	assert_int_equal(text_cut("їжа", 6, 1), 0);
	assert_int_equal(text_cut("🏠", 4, 3), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(another_major_version_is_told_apart_from_none),
		cmocka_unit_test(a_kind_that_nobody_knows_is_refused),
		cmocka_unit_test(invalid_fields_leave_kind_and_id_readable),
		cmocka_unit_test(id_and_trace_are_bounded_texts),
		cmocka_unit_test(bytes_that_are_no_message_say_so),
		cmocka_unit_test(masked_bytes_hold_nothing_personal),
		cmocka_unit_test(a_printed_message_shows_ids_and_masks_the_family),
		cmocka_unit_test(a_printed_message_ends_where_the_buffer_ends),
		cmocka_unit_test(no_printed_message_shows_a_personal_text),
		cmocka_unit_test(only_shortest_complete_utf8_without_nul_is_clean),
		cmocka_unit_test(a_cut_text_ends_between_characters),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
