/* SPDX-License-Identifier: Apache-2.0
 * codes.def and messages.def as the preprocessor made data of them. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include "proto/field.h"
#include "proto/wire.h"

static void
every_word_of_a_set_has_one_value(void **state)
{
	(void)state;
	for (unsigned i = 0; i < CODE_SETS; i++) {
		enum code_set set = (enum code_set)i;

		assert_in_range(code_count(set), 1, 254); /* values live in a byte */
		for (unsigned value = 1; value <= code_count(set); value++) {
			assert_int_equal(
			    code_value(set, text_of(code_word(set, value))), value);
			assert_true(strlen(code_about(set, value)) > 0);
		}
		assert_null(code_word(set, 0));
		assert_null(code_word(set, code_count(set) + 1));
		assert_null(code_about(set, code_count(set) + 1));
		assert_int_equal(code_value(set, LITERAL("nonsense")), 0);
		assert_int_equal(code_value(set, LITERAL("")), 0);
		assert_int_equal(code_value(set, TEXT_ABSENT), 0);
	}
}

static void
words_and_enumerators_agree(void **state)
{
	(void)state;
	assert_string_equal(code_word(CODE_SET_urgency, urgency_emergency), "emergency");
	assert_string_equal(code_word(CODE_SET_reason, reason_other), "other");
	assert_int_equal(code_value(CODE_SET_role, LITERAL("agency")), role_agency);
	assert_int_equal(code_count(CODE_SET_verdict), 3);
	assert_string_equal(code_set_name(CODE_SET_household_type), "household_type");
}

static void
every_kind_has_the_record_of_its_name(void **state)
{
	(void)state;
	for (unsigned i = MESSAGE_NONE + 1; i < MESSAGE_KINDS; i++) {
		const struct record *record = message_record((enum message_kind)i);

		assert_non_null(record);
		assert_non_null(record->from_to);
		assert_int_equal(message_kind_of(text_of(record->name)), i);
	}
	assert_null(message_record(MESSAGE_NONE));
	assert_null(message_record(MESSAGE_KINDS));
	assert_null(message_record((enum message_kind) - 1));
	assert_int_equal(
	    message_kind_of(LITERAL("intake")), MESSAGE_NONE); /* a record only */
	assert_int_equal(message_kind_of(LITERAL("")), MESSAGE_NONE);
	assert_int_equal(message_kind_of(TEXT_ABSENT), MESSAGE_NONE);
}

static void
all_records_are_listed_once_and_messages_are_among_them(void **state)
{
	unsigned messages = 0, records = 0;

	(void)state;
	for (const struct record *const *one = record_all(); *one != NULL; one++) {
		records++;
		messages += (*one)->from_to != NULL;
		for (const struct record *const *other = one + 1; *other != NULL; other++)
			assert_string_not_equal((*one)->name, (*other)->name);
	}
	assert_int_equal(messages, MESSAGE_KINDS - 1);
	assert_true(records > messages);
}

static size_t
value_size(const struct field *field)
{
	switch (field_element(field->type)) {
	case FIELD_TEXT:
	case FIELD_BYTES:
		return sizeof(struct text);
	case FIELD_UINT:
	case FIELD_ASKED:
		return sizeof(uint32_t);
	case FIELD_REAL:
	case FIELD_TIME:
		return 8;
	case FIELD_FLAG:
	case FIELD_CODE:
		return 1;
	case FIELD_ONE:
	case FIELD_MANY:
		return field->record->size;
	case FIELD_CODES:
	case FIELD_TEXTS:
	case FIELD_UINTS:
		break;
	}
	return 0;
}

static void
check_bounds(const struct field *field)
{
	enum field_type type = field_element(field->type);

	if (type == FIELD_TEXT || type == FIELD_BYTES)
		assert_in_range(field->most_bytes, 1, MESSAGE_MAX_BYTES / 4);
	if (type == FIELD_UINT || type == FIELD_ASKED) {
		assert_true(field->largest >= 1 && field->largest < UINT_REFUSED);
		assert_true(!(field->least > 0) && !(field->least < 0));
	}
	if (type == FIELD_REAL)
		assert_true(field->least < field->largest);
	assert_int_equal(field->record != NULL, type == FIELD_ONE || type == FIELD_MANY);
	assert_int_equal(field->most_count > 0, field_is_list(field->type));
	assert_int_equal(field->element_bytes > 0, field_is_list(field->type));
	assert_int_equal(field->name_length, strlen(field->name));
}

/* messages.def: defect.why has 160 bytes, defect.field 96. */
static void
check_words(const struct field *field)
{
	assert_in_range(strlen(field->must), 1, 160);
	assert_int_equal(field->must_each != NULL, field_is_list(field->type));
	if (field->must_each != NULL)
		assert_in_range(strlen(field->must_each), 1, 160);
	assert_true(strlen(field->about) > 0);
	assert_in_range(strlen(field->name), 1, 31);
}

static void
check_places(const struct record *record)
{
	size_t end = 0;

	for (const struct field *field = record->fields; field->name != NULL; field++) {
		size_t most = field->most_count > 0 ? field->most_count : 1;

		assert_true(field->type == FIELD_ONE ? field->count_offset >= end
		                                     : field->offset >= end);
		end = field->offset + most * value_size(field);
		if (field_is_list(field->type)) {
			assert_true(field->count_offset >= end);
			end = field->count_offset + sizeof(uint32_t);
		} else if (field->type == FIELD_ONE) {
			assert_true(field->count_offset < field->offset);
		}
	}
	assert_true(end <= record->size);
}

static void
fields_lie_in_order_within_their_struct_and_have_bounds(void **state)
{
	(void)state;
	for (const struct record *const *one = record_all(); *one != NULL; one++) {
		assert_non_null((*one)->fields[0].name);
		check_places(*one);
		for (const struct field *field = (*one)->fields; field->name != NULL;
		     field++) {
			check_bounds(field);
			check_words(field);
			for (const struct field *other = field + 1; other->name != NULL;
			     other++)
				assert_string_not_equal(field->name, other->name);
		}
	}
}

static void
no_field_of_a_message_hides_its_envelope(void **state)
{
	(void)state;
	for (unsigned kind = MESSAGE_NONE + 1; kind < MESSAGE_KINDS; kind++)
		for (const struct field *field =
		         message_record((enum message_kind)kind)->fields;
		     field->name != NULL; field++)
			for (const char *const *name = (const char *const[]){ "v", "kind",
			         "id", "trace", NULL };
			     *name != NULL; name++)
				assert_string_not_equal(field->name, *name);
}

/* Values of a record with every list full, keys included, as wire.c counts them. */
static uint32_t
value_count(const struct record *record)
{
	uint32_t count = 1;

	for (const struct field *field = record->fields; field->name != NULL; field++) {
		uint32_t each = field->record != NULL ? value_count(field->record) : 1;

		count += 1 + (field_is_list(field->type) ? 1 + field->most_count * each
		                                         : each);
	}
	return count;
}

static unsigned
depth(const struct record *record)
{
	unsigned deepest = 1;

	for (const struct field *field = record->fields; field->name != NULL; field++) {
		unsigned own = 1 + field_is_list(field->type);

		own += field->record != NULL ? depth(field->record) : 0;
		deepest = own > deepest ? own : deepest;
	}
	return deepest;
}

static void
a_message_with_every_list_full_passes_the_guard(void **state)
{
	uint32_t largest = 0;

	(void)state;
	for (unsigned kind = MESSAGE_NONE + 1; kind < MESSAGE_KINDS; kind++) {
		uint32_t count = 8 + value_count(message_record((enum message_kind)kind));

		largest = count > largest ? count : largest;
	}
	for (const struct record *const *one = record_all(); *one != NULL; one++)
		assert_in_range(depth(*one), 1, WIRE_MAX_DEPTH - 2);
	assert_int_equal(depth(&record_submit), 6);
	assert_int_equal(value_count(&record_previewed) + 8, largest);
	assert_in_range(largest, 30000, WIRE_MAX_VALUES);
}

/* A path is reported whole: the longest one fits a defect's 95 bytes. */
static size_t
path_length(const struct record *record)
{
	size_t longest = 0;

	for (const struct field *field = record->fields; field->name != NULL; field++) {
		size_t own = strlen(field->name) + (field_is_list(field->type) ? 5 : 0);

		own += field->record != NULL ? 1 + path_length(field->record) : 0;
		longest = own > longest ? own : longest;
	}
	return longest;
}

static void
the_longest_path_fits_a_defect(void **state)
{
	(void)state;
	for (const struct record *const *one = record_all(); *one != NULL; one++)
		assert_in_range(path_length(*one), 1, 95);
}

static void
what_identifies_a_family_is_marked(void **state)
{
	unsigned personal = 0;

	(void)state;
	for (const struct field *field = record_contact.fields; field->name != NULL;
	     field++) {
		assert_int_equal(field->mark, PERSONAL);
		personal++;
	}
	assert_int_equal(personal, 4);
	for (const struct record *const *one = record_all(); *one != NULL; one++)
		for (const struct field *field = (*one)->fields; field->name != NULL;
		     field++)
			if (field->record == &record_contact ||
			    strcmp(field->name, "note") == 0 ||
			    strcmp(field->name, "phone") == 0)
				assert_int_equal(field->mark, PERSONAL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_word_of_a_set_has_one_value),
		cmocka_unit_test(words_and_enumerators_agree),
		cmocka_unit_test(every_kind_has_the_record_of_its_name),
		cmocka_unit_test(all_records_are_listed_once_and_messages_are_among_them),
		cmocka_unit_test(fields_lie_in_order_within_their_struct_and_have_bounds),
		cmocka_unit_test(no_field_of_a_message_hides_its_envelope),
		cmocka_unit_test(a_message_with_every_list_full_passes_the_guard),
		cmocka_unit_test(the_longest_path_fits_a_defect),
		cmocka_unit_test(what_identifies_a_family_is_marked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
