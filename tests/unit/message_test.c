/* SPDX-License-Identifier: Apache-2.0
 * Filling, encoding, checking and printing messages. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>

#include "proto/wire.h"
#include "tests/unit/sample.h"

#if defined(__has_feature)
#define HAS_SANITIZER __has_feature(address_sanitizer)
#elif defined(__SANITIZE_ADDRESS__)
#define HAS_SANITIZER 1
#else
#define HAS_SANITIZER 0
#endif

/* ---- counts allocations, where the sanitizer does not do so itself ---- */

static unsigned long allocations;

#if !HAS_SANITIZER
void *__libc_malloc(size_t size);

void *
malloc(size_t size)
{
	allocations++;
	return __libc_malloc(size);
}
#endif

static struct {
	struct decoder *decoder;
	struct sample sample;
	struct defects defects;
	struct message message, other;
	struct case_view one, two; /* hold any record */
	char bytes[MESSAGE_MAX_BYTES], again[MESSAGE_MAX_BYTES];
} its;

static int
set_up(void **state)
{
	(void)state;
	its.decoder = decoder_new();
	its.sample.random = 11;
	return its.decoder == NULL;
}

static int
tear_down(void **state)
{
	(void)state;
	decoder_free(its.decoder);
	return 0;
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

/* ---- absence ---- */

static void
after_init_nothing_is_present(void **state)
{
	(void)state;
	for (const struct record *const *record = record_all(); *record != NULL;
	     record++) {
		memset(&its.one, 0x5a, sizeof its.one);
		record_init(*record, &its.one);
		for (const struct field *field = (*record)->fields; field->name != NULL;
		     field++)
			assert_false(field_is_present(field, &its.one));
		assert_int_equal(encode(*record, &its.one, MASK_ALL, its.bytes), 1);
		assert_int_equal((uint8_t)its.bytes[0], 0x80);
	}
}

static void
what_one_holds_is_set_to_absent_too(void **state)
{
	(void)state;
	memset(&its.message, 0x5a, sizeof its.message);
	message_init(&its.message, MESSAGE_submit);
	assert_int_equal(its.message.kind, MESSAGE_submit);
	assert_null(its.message.id.at);
	assert_null(its.message.trace.at);
	assert_false(its.message.submit.has_intake);
	assert_null(its.message.submit.intake.contact.phone.at);
	assert_true(isnan(its.message.submit.intake.place.lat));
	assert_int_equal(its.message.submit.intake.contact.safe.voicemail, FLAG_ABSENT);
	assert_int_equal(its.message.submit.intake.needs_count, 0);
	message_init(&its.message, MESSAGE_NONE);
	assert_int_equal(its.message.kind, MESSAGE_NONE);
}

/* ---- round trips ---- */

static void
what_is_encoded_decodes_to_what_encodes_the_same(void **state)
{
	(void)state;
	for (const struct record *const *record = record_all(); *record != NULL; record++)
		for (unsigned turn = 0; turn < 200; turn++) {
			size_t length;
			void *copy;

			its.sample.used = 0;
			sample_record(&its.sample, *record, &its.one);
			its.defects.count = 0;
			record_check(*record, &its.one, &its.defects);
			assert_int_equal(its.defects.count, 0);
			length = encode(*record, &its.one, MASK_ALL, its.bytes);
			copy = exact_copy(its.bytes, length);
			memset(&its.two, 0x5a, (*record)->size);
			assert_int_equal(record_decode(its.decoder, *record, &its.two,
			                     copy, length, &its.defects),
			    STATUS_OK);
			assert_int_equal(
			    encode(*record, &its.two, MASK_ALL, its.again), length);
			assert_memory_equal(its.bytes, its.again, length);
			free(copy);
		}
}

static void
what_is_packed_unpacks_to_what_encodes_the_same(void **state)
{
	unsigned long packed = 0, encoded = 0;

	(void)state;
	for (const struct record *const *record = record_all(); *record != NULL; record++)
		for (unsigned turn = 0; turn < 200; turn++) {
			size_t length, kept = 0;
			void *copy;

			its.sample.used = 0;
			sample_record(&its.sample, *record, &its.one);
			length = encode(*record, &its.one, MASK_ALL, its.bytes);
			assert_int_equal(record_pack(*record, &its.one, MASK_ALL,
			                     its.again, sizeof its.again, &kept),
			    STATUS_OK);
			copy = exact_copy(its.again, kept);
			memset(&its.two, 0x5a, (*record)->size);
			assert_int_equal(record_unpack(its.decoder, *record, &its.two,
			                     copy, kept, &its.defects),
			    STATUS_OK);
			assert_int_equal(
			    encode(*record, &its.two, MASK_ALL, its.again), length);
			assert_memory_equal(its.bytes, its.again, length);
			free(copy);
			packed += kept;
			encoded += length;
		}
	assert_true(packed < encoded);
}

static void
small_intake(struct intake *in)
{
	record_init(&record_intake, in);
	in->urgency = urgency_urgent;
	in->has_place = in->has_household = true;
	record_init(&record_place, &in->place);
	in->place.code = LITERAL("UA2");
	in->place.lat = 48.92;
	in->place.lon = 24.7123456789;
	record_init(&record_household, &in->household);
	in->household.displacement = displacement_idp;
	in->household.members_count = 1;
	record_init(&record_member, &in->household.members[0]);
	in->household.members[0].age = UINT_REFUSED;
	in->household.members[0].difficulties[0] = difficulty_walking;
	in->household.members[0].difficulties_count = 1;
	in->needs_count = 1;
	record_init(&record_need_request, &in->needs[0]);
	in->needs[0].term = LITERAL("food");
}

static size_t
pack_all(const void *intake, char *bytes, size_t size)
{
	size_t length = 0;

	assert_int_equal(
	    record_pack(&record_intake, intake, MASK_ALL, bytes, size, &length),
	    STATUS_OK);
	return length;
}

/* What lies in Redis must be read by every later version: positions and numbers stay. */
static void
a_packed_record_is_these_bytes(void **state)
{
	static const char BYTES[] = "02"
	                            "84"
	                            "00"
	                            "02" /* urgent */
	                            "01"
	                            "83" /* the place */
	                            "00"
	                            "a3554132"
	                            "01"
	                            "cdbf18" /* 48920 thousandths */
	                            "02"
	                            "cb4038b65c4952528a"
	                            "02"
	                            "82" /* the household */
	                            "02"
	                            "02"
	                            "03"
	                            "91"
	                            "82"
	                            "01"
	                            "a772656675736564" /* refused */
	                            "02"
	                            "9103"
	                            "03"
	                            "91"
	                            "81" /* the need */
	                            "00"
	                            "a4666f6f64";
	struct intake *in = (struct intake *)&its.one;
	char hex[512] = "";
	size_t length = 0;

	(void)state;
	small_intake(in);
	assert_int_equal(record_pack(&record_intake, in, MASK_ALL, its.bytes,
	                     sizeof its.bytes, &length),
	    STATUS_OK);
	for (size_t i = 0; i < length; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", (uint8_t)its.bytes[i]);
	assert_string_equal(hex, BYTES);
	its.bytes[0] = 3; /* of another version */
	assert_int_equal(record_unpack(its.decoder, &record_intake, &its.two, its.bytes,
	                     length, &its.defects),
	    STATUS_BAD_MESSAGE);
}

/* Its keys were letters. */
static void
a_record_packed_by_version_1_is_read(void **state)
{
	static const char BYTES[] = "01"
	                            "84"
	                            "a141"
	                            "02" /* urgent */
	                            "a142"
	                            "83" /* the place */
	                            "a141"
	                            "a3554132"
	                            "a142"
	                            "cdbf18" /* 48920 thousandths */
	                            "a143"
	                            "cb4038b65c4952528a"
	                            "a143"
	                            "82" /* the household */
	                            "a143"
	                            "02"
	                            "a144"
	                            "91"
	                            "82"
	                            "a142"
	                            "a772656675736564" /* refused */
	                            "a143"
	                            "9103"
	                            "a144"
	                            "91"
	                            "81" /* the need */
	                            "a141"
	                            "a4666f6f64";
	struct intake *in = (struct intake *)&its.one;
	size_t length = (sizeof BYTES - 1) / 2, packed = 0, again = 0;
	char bytes[256];

	(void)state;
	for (size_t i = 0; i < length; i++) {
		unsigned byte = 0;

		assert_int_equal(sscanf(BYTES + 2 * i, "%2x", &byte), 1);
		bytes[i] = (char)byte;
	}
	assert_int_equal(record_unpack(its.decoder, &record_intake, &its.two, bytes,
	                     length, &its.defects),
	    STATUS_OK);
	small_intake(in);
	packed = pack_all(in, its.bytes, sizeof its.bytes);
	again = pack_all(&its.two, its.again, sizeof its.again);
	assert_int_equal(packed, again);
	assert_memory_equal(its.bytes, its.again, packed);
}

/* ---- a record in two parts ---- */

static size_t
pack(const struct record *record, const void *values, enum mask mask, char *bytes)
{
	size_t length = 0;

	assert_int_equal(
	    record_pack(record, values, mask, bytes, sizeof its.bytes, &length),
	    STATUS_OK);
	return length;
}

/* Makes its.two of what is not personal, a family's point rounded. */
static void
unpack_known(const struct record *record, const void *values, char *bytes)
{
	static struct case_view known;
	struct place *place = &((struct intake *)&known)->place;
	size_t length;

	memcpy(&known, values, record->size);
	if (record == &record_intake) {
		place->lat = round(place->lat);
		place->lon = round(place->lon);
	}
	length = pack(record, &known, MASK_NOT_PERSONAL, bytes);
	assert_int_equal(
	    record_unpack(its.decoder, record, &its.two, bytes, length, &its.defects),
	    STATUS_OK);
}

static void
the_personal_part_onto_the_other_one_makes_the_whole_again(void **state)
{
	static const struct record *const RECORDS[] = { &record_intake,
		&record_case_view };
	static const enum mask ONTO[] = { MASK_PERSONAL, MASK_ALL };
	static char known[MESSAGE_MAX_BYTES], whole[MESSAGE_MAX_BYTES];

	(void)state;
	for (unsigned turn = 0; turn < 800; turn++) {
		const struct record *record = RECORDS[turn % 2];
		size_t length, again;

		its.sample.used = 0;
		sample_record(&its.sample, record, &its.one);
		length = encode(record, &its.one, MASK_ALL, its.bytes);
		unpack_known(record, &its.one, known);
		again = pack(record, &its.one, ONTO[turn / 2 % 2], its.again);
		assert_int_equal(record_unpack_onto(its.decoder, record, &its.two,
		                     its.again, again, &its.defects),
		    STATUS_OK);
		assert_int_equal(encode(record, &its.two, MASK_ALL, whole), length);
		assert_memory_equal(its.bytes, whole, length);
	}
}

static void
the_personal_part_holds_only_what_the_other_one_does_not(void **state)
{
	static const char BYTES[] = "02"
	                            "83"
	                            "01"
	                            "82" /* the place: its exact point */
	                            "01"
	                            "cdbf18"
	                            "02"
	                            "cb4038b65c4952528a"
	                            "03"
	                            "92" /* two needs, the second one with a note */
	                            "80"
	                            "81"
	                            "02"
	                            "a16e"
	                            "04"
	                            "81" /* the contact */
	                            "00"
	                            "a141";
	struct intake *in = (struct intake *)&its.one;
	char hex[512] = "";
	size_t length;

	(void)state;
	small_intake(in);
	in->needs_count = 2;
	in->needs[1] = in->needs[0];
	in->needs[1].note = LITERAL("n");
	in->has_contact = true;
	in->contact.name = LITERAL("A");
	length = pack(&record_intake, in, MASK_PERSONAL, its.bytes);
	for (size_t i = 0; i < length; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", (uint8_t)its.bytes[i]);
	assert_string_equal(hex, BYTES);
}

static void
a_part_of_another_record_is_refused(void **state)
{
	struct intake *in = (struct intake *)&its.one;
	size_t length;

	(void)state;
	small_intake(in);
	in->needs[0].note = LITERAL("n");
	length = pack(&record_intake, in, MASK_PERSONAL, its.bytes);
	record_init(&record_intake, &its.two);
	assert_int_equal(record_unpack_onto(its.decoder, &record_intake, &its.two,
	                     its.bytes, length, &its.defects),
	    STATUS_INVALID); /* no urgency, no term */
	in->needs[1] = in->needs[0];
	in->needs_count = 2;
	unpack_known(&record_intake, in, its.again);
	assert_int_equal(record_unpack_onto(its.decoder, &record_intake, &its.two,
	                     its.bytes, length, &its.defects),
	    STATUS_INVALID);
	assert_string_equal(its.defects.list[0].field, "needs");
	its.bytes[0] = 3; /* of another version */
	assert_int_equal(record_unpack_onto(its.decoder, &record_intake, &its.two,
	                     its.bytes, length, &its.defects),
	    STATUS_BAD_MESSAGE);
}

static void
a_message_keeps_its_envelope(void **state)
{
	(void)state;
	for (unsigned i = MESSAGE_NONE + 1; i < MESSAGE_KINDS; i++) {
		const struct record *record = message_record((enum message_kind)i);
		size_t length = 0, again = 0;

		its.sample.used = 0;
		message_init(&its.message, (enum message_kind)i);
		sample_record(&its.sample, record, &its.message.submit);
		its.message.id = LITERAL("question-1");
		if (i % 2 == 0)
			its.message.trace = LITERAL(
			    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
		assert_int_equal(
		    message_encode(&its.message, its.bytes, sizeof its.bytes, &length),
		    STATUS_OK);
		assert_int_equal(message_decode(its.decoder, &its.other, its.bytes,
		                     length, &its.defects),
		    STATUS_OK);
		assert_int_equal(its.other.kind, i);
		assert_true(text_equal(its.other.id, its.message.id));
		assert_true(text_equal(its.other.trace, its.message.trace));
		assert_int_equal(
		    message_encode(&its.other, its.again, sizeof its.again, &again),
		    STATUS_OK);
		assert_int_equal(again, length);
		assert_memory_equal(its.bytes, its.again, length);
	}
}

static void
a_buffer_that_is_too_small_is_never_overrun(void **state)
{
	size_t length = 0, ignored = 0;

	(void)state;
	its.sample.used = 0;
	message_init(&its.message, MESSAGE_submit);
	sample_record(&its.sample, &record_submit, &its.message.submit);
	assert_int_equal(
	    message_encode(&its.message, its.bytes, sizeof its.bytes, &length),
	    STATUS_OK);
	for (size_t size = 0; size < length; size++) {
		char *buffer = exact_copy(its.bytes, size);

		assert_int_equal(message_encode(&its.message, buffer, size, &ignored),
		    STATUS_TOO_LARGE);
		assert_int_equal(
		    record_encode(&record_submit, &its.message.submit, MASK_ALL, buffer,
		        size < 20 ? 0 : size - 20, &ignored),
		    STATUS_TOO_LARGE);
		free(buffer);
	}
	assert_int_equal(
	    message_encode(&its.message, its.bytes, length, &ignored), STATUS_OK);
}

/* Nobody would look at more than MESSAGE_MAX_BYTES. */
static void
a_message_that_nobody_would_read_is_not_written(void **state)
{
	static char note[4000], buffer[MESSAGE_MAX_BYTES * 2];
	struct accepted *accepted = &its.message.accepted;
	struct previewed *previewed = &its.message.previewed;
	size_t length;

	(void)state;
	memset(note, 'n', sizeof note);
	message_init(&its.message, MESSAGE_accepted);
	accepted->needs_count = 16;
	for (unsigned i = 0; i < 16; i++) {
		record_init(&record_need_state, &accepted->needs[i]);
		accepted->needs[i].note = (struct text){ note, sizeof note };
	}
	assert_int_equal(
	    message_encode(&its.message, buffer, sizeof buffer, &length), STATUS_OK);
	message_init(&its.message, MESSAGE_previewed);
	previewed->needs_count = 16;
	for (unsigned i = 0; i < 16; i++) {
		struct why *why = &previewed->needs[i].why;

		record_init(&record_need_preview, &previewed->needs[i]);
		previewed->needs[i].has_why = true;
		why->next_count = 10;
		for (unsigned j = 0; j < 10; j++) {
			record_init(&record_candidate, &why->next[j]);
			why->next[j].questions_count = 8;
			for (unsigned k = 0; k < 8; k++)
				why->next[j].questions[k] = (struct text){ note, 210 };
		}
	}
	assert_int_equal(message_encode(&its.message, buffer, sizeof buffer, &length),
	    STATUS_TOO_LARGE);
}

static void
encoding_and_decoding_allocate_nothing(void **state)
{
	unsigned long before;
	size_t length = 0;

	(void)state;
	if (HAS_SANITIZER) {
		print_message("malloc belongs to the sanitizer here\n");
		skip();
	}
	before = allocations;
	free(exact_copy("x", 1));
	assert_int_equal(allocations, before + 1); /* the counter counts */
	its.sample.used = 0;
	for (unsigned i = MESSAGE_NONE + 1; i < MESSAGE_KINDS; i++) {
		message_init(&its.message, (enum message_kind)i);
		sample_record(&its.sample, message_record((enum message_kind)i),
		    &its.message.submit);
		before = allocations;
		for (unsigned turn = 0; turn < 100; turn++) {
			if (message_encode(&its.message, its.bytes, sizeof its.bytes,
			        &length) != STATUS_OK ||
			    message_decode(its.decoder, &its.other, its.bytes, length,
			        &its.defects) != STATUS_OK)
				fail();
		}
		assert_int_equal(allocations, before);
	}
}

/* As many values as the guard lets through, in a field that nobody knows. */
static void
even_the_largest_message_is_decoded_without_allocating(void **state)
{
	static const char HEAD[] = "\x83\xa1v\x01\xa4kind\xa4ping\xa1x\xdd";
	size_t head = sizeof HEAD - 1;
	uint32_t count = WIRE_MAX_VALUES - 7;
	unsigned long before;

	(void)state;
	if (HAS_SANITIZER)
		skip();
	memset(its.bytes, 0x90,
	    sizeof its.bytes); /* empty lists: the most memory a byte takes */
	memcpy(its.bytes, HEAD, head);
	for (unsigned i = 0; i < 4; i++)
		its.bytes[head + i] = (char)(count >> (24 - 8 * i));
	before = allocations;
	assert_int_equal(message_decode(its.decoder, &its.message, its.bytes,
	                     head + 4 + count, &its.defects),
	    STATUS_OK);
	assert_int_equal(allocations, before);
}

/* ---- checking ---- */

static void
a_record_built_in_c_is_checked_against_the_bounds(void **state)
{
	struct intake *intake = &its.message.submit.intake;

	(void)state;
	message_init(&its.message, MESSAGE_submit);
	its.message.submit.has_intake = true;
	its.message.submit.role = (uint8_t)role_end;
	its.message.submit.key = LITERAL("");
	intake->has_place = true;
	intake->place.lat = 90.5;
	intake->place.lon = INFINITY;
	intake->has_household = true;
	intake->household.members_count = 2;
	record_init(&record_member, &intake->household.members[0]);
	record_init(&record_member, &intake->household.members[1]);
	intake->household.members[0].age = UINT_REFUSED;
	intake->household.members[1].age = 131;
	intake->household.languages_count = 9;
	for (unsigned i = 0; i < 8; i++)
		intake->household.languages[i] = LITERAL("uk");
	intake->has_contact = true;
	intake->contact.has_safe = true;
	intake->contact.safe.voicemail = 3;
	its.defects.count = 0;
	record_check(&record_submit, &its.message.submit, &its.defects);
	for (unsigned i = 0; i < 9; i++)
		assert_string_equal(its.defects.list[i].field,
		    ((const char *const[]){ "by", "role", "intake.urgency",
		        "intake.place.lat", "intake.place.lon",
		        "intake.household.languages", "intake.household.members[1].age",
		        "intake.needs", "intake.contact.safe.voicemail" })[i]);
	assert_int_equal(its.defects.count, 9);
	record_check(&record_submit, &its.message.submit, &its.defects);
	assert_int_equal(its.defects.count, 9); /* a field is named once */
	defects_add(&its.defects, "why", "elsewhere");
	assert_int_equal(its.defects.count, 10); /* others are added to what is there */
}

static void
a_list_longer_than_its_place_is_cut_when_written(void **state)
{
	(void)state;
	record_init(&record_member, &its.one);
	((struct member *)&its.one)->difficulties_count = 4711;
	memset(((struct member *)&its.one)->difficulties, difficulty_seeing, 6);
	(void)encode(&record_member, &its.one, MASK_ALL, its.bytes);
	assert_int_equal((uint8_t)its.bytes[1 + 13], 0x96);
}

static void
no_negative_zero_is_written(void **state)
{
	struct place *place = (struct place *)&its.one;

	(void)state;
	record_init(&record_place, place);
	place->lat = -0.0;
	assert_int_equal(encode(&record_place, place, MASK_ALL, its.bytes), 1 + 4 + 9);
	assert_memory_equal(its.bytes, "\x81\xa3lat\xcb\0\0\0\0\0\0\0\0", 14);
}

static void
long_paths_and_many_defects_are_cut_not_overrun(void **state)
{
	char path[300];

	(void)state;
	its.defects.count = 0;
	memset(path, 'p', sizeof path);
	path[93] = '\xd1'; /* a character of two bytes over the edge */
	path[94] = '\xd1';
	path[95] = '\x96';
	path[sizeof path - 1] = '\0';
	defects_add(&its.defects, "why", "%s", path);
	for (unsigned i = 1; i < DEFECTS_MAX; i++)
		defects_add(&its.defects, "why", "field[%u]", i);
	for (unsigned i = 0; i < 5; i++)
		defects_add(&its.defects, "why", "more[%u]", i);
	assert_int_equal(its.defects.count, DEFECTS_MAX + 5);
	assert_int_equal(strlen(its.defects.list[0].field), 94);
	assert_string_equal(its.defects.list[DEFECTS_MAX - 1].why, "why");
	its.defects.count = 0;
	defects_add(&its.defects, "why", "list[%d].%s", 3, "name");
	assert_string_equal(its.defects.list[0].field, "list[3].name");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(after_init_nothing_is_present),
		cmocka_unit_test(what_one_holds_is_set_to_absent_too),
		cmocka_unit_test(what_is_encoded_decodes_to_what_encodes_the_same),
		cmocka_unit_test(what_is_packed_unpacks_to_what_encodes_the_same),
		cmocka_unit_test(a_packed_record_is_these_bytes),
		cmocka_unit_test(a_record_packed_by_version_1_is_read),
		cmocka_unit_test(
		    the_personal_part_onto_the_other_one_makes_the_whole_again),
		cmocka_unit_test(
		    the_personal_part_holds_only_what_the_other_one_does_not),
		cmocka_unit_test(a_part_of_another_record_is_refused),
		cmocka_unit_test(a_message_keeps_its_envelope),
		cmocka_unit_test(a_buffer_that_is_too_small_is_never_overrun),
		cmocka_unit_test(a_message_that_nobody_would_read_is_not_written),
		cmocka_unit_test(encoding_and_decoding_allocate_nothing),
		cmocka_unit_test(even_the_largest_message_is_decoded_without_allocating),
		cmocka_unit_test(a_record_built_in_c_is_checked_against_the_bounds),
		cmocka_unit_test(a_list_longer_than_its_place_is_cut_when_written),
		cmocka_unit_test(no_negative_zero_is_written),
		cmocka_unit_test(long_paths_and_many_defects_are_cut_not_overrun),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
