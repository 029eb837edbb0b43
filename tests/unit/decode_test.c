/* SPDX-License-Identifier: Apache-2.0
 * Hostile msgpack, made from the table: every field, every harm, every cut, every byte.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/forge.h"
#include "tests/unit/sample.h"

/* ---- the msgpack pen: wide heads only, which a sender may use as well ---- */

static void
put_head(struct forge *forge, uint8_t head, uint64_t value, unsigned bytes)
{
	uint8_t out[9] = { head };

	for (unsigned i = 0; i < bytes; i++)
		out[1 + i] = (uint8_t)(value >> (8 * (bytes - 1 - i)));
	forge_put(forge, out, 1 + bytes);
}

static void
pen_nil(struct forge *forge)
{
	put_head(forge, 0xc0, 0, 0);
}

static void
pen_boolean(struct forge *forge, bool value)
{
	put_head(forge, value ? 0xc3 : 0xc2, 0, 0);
}

static void
pen_integer(struct forge *forge, int64_t value)
{
	put_head(forge, value < 0 ? 0xd3 : 0xcf, (uint64_t)value, 8);
}

static void
pen_real(struct forge *forge, double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof bits);
	put_head(forge, 0xcb, bits, 8);
}

static void
pen_text(struct forge *forge, struct text text)
{
	put_head(forge, 0xdb, text.length, 4);
	forge_put(forge, text.at, text.length);
}

static void
pen_bytes(struct forge *forge, struct text text)
{
	put_head(forge, 0xc6, text.length, 4);
	forge_put(forge, text.at, text.length);
}

/* The count is filled in when the container closes. */
static void
pen_open(struct forge *forge, bool is_map)
{
	forge->open[forge->depth].at = forge->length;
	forge->open[forge->depth++].count = 0;
	put_head(forge, is_map ? 0xdf : 0xdd, 0, 4);
}

static void
pen_next(struct forge *forge)
{
	forge->open[forge->depth - 1].count++;
}

static void
pen_key(struct forge *forge, const char *key)
{
	pen_next(forge);
	pen_text(forge, text_of(key));
}

static void
pen_close(struct forge *forge, bool is_map)
{
	size_t at = forge->open[--forge->depth].at;
	uint32_t count = forge->open[forge->depth].count;

	(void)is_map;
	for (unsigned i = 0; i < 4; i++)
		forge->bytes[at + 1 + i] = (uint8_t)(count >> (24 - 8 * i));
}

static const struct pen PEN = { pen_nil, pen_boolean, pen_integer, pen_real, pen_text,
	pen_bytes, pen_integer, pen_open, pen_next, pen_key, pen_close };

/* ---- what is decoded ---- */

static struct {
	struct decoder *decoder;
	struct forge forge;
	struct sample sample;
	struct defects defects;
	struct message message;
	struct case_view largest; /* holds any record */
	uint8_t bytes[MESSAGE_MAX_BYTES];
} its;

static int
set_up(void **state)
{
	(void)state;
	its.decoder = decoder_new();
	its.sample.random = 7;
	return its.decoder == NULL;
}

static int
tear_down(void **state)
{
	(void)state;
	decoder_free(its.decoder);
	decoder_free(NULL);
	return 0;
}

/* Decodes an exact heap copy; texts of the result are gone afterwards. */
static enum status
decode_message(const void *bytes, size_t length)
{
	void *copy = exact_copy(bytes, length);
	enum status status =
	    message_decode(its.decoder, &its.message, copy, length, &its.defects);

	free(copy);
	return status;
}

static enum status
decode_record(const struct record *record, const void *bytes, size_t length)
{
	void *copy = exact_copy(bytes, length);
	enum status status =
	    record_decode(its.decoder, record, &its.largest, copy, length, &its.defects);

	free(copy);
	return status;
}

/* Writes a record, as a message if it is one. */
static void
write_forged(const struct record *record, unsigned target, enum harm harm)
{
	struct forge *forge = &its.forge;

	forge_begin(forge, &PEN, target, harm);
	pen_open(forge, true);
	if (record->from_to != NULL) {
		pen_key(forge, "v");
		pen_integer(forge, 1);
		pen_key(forge, "kind");
		pen_text(forge, text_of(record->name));
	}
	forge_fields(forge, record);
	pen_key(forge, "a later version's field"); /* passed over */
	forge_other_type(forge, AS_MAP);
	pen_close(forge, true);
}

static enum status
decode_forged(const struct record *record)
{
	if (record->from_to != NULL)
		return decode_message(its.forge.bytes, its.forge.length);
	return decode_record(record, its.forge.bytes, its.forge.length);
}

static void
check_forged(const struct record *record, unsigned target, enum harm harm)
{
	enum status status;

	write_forged(record, target, harm);
	if (!its.forge.applies)
		return;
	status = decode_forged(record);
	if (status != (forge_is_legal(&its.forge) ? STATUS_OK : STATUS_INVALID) ||
	    its.defects.count != !forge_is_legal(&its.forge) ||
	    (its.defects.count == 1 &&
	        strcmp(its.defects.list[0].field, its.forge.hit) != 0))
		fail_msg("%s %s harm %u: %s, %u defects, first %s", record->name,
		    its.forge.hit, (unsigned)harm, status_code(status), its.defects.count,
		    its.defects.count > 0 ? its.defects.list[0].field : "-");
}

static void
every_field_names_itself_when_it_is_wrong(void **state)
{
	unsigned fields = 0;

	(void)state;
	for (const struct record *const *record = record_all(); *record != NULL;
	     record++) {
		unsigned targets;

		write_forged(*record, 0, NO_HARM);
		targets = its.forge.visited;
		assert_true(targets > 0);
		fields += targets;
		for (unsigned target = 0; target < targets; target++)
			for (enum harm harm = NO_HARM; harm < HARMS; harm++)
				check_forged(*record, target, harm);
	}
	assert_true(fields > 500);
}

static void
all_defects_are_collected_and_counted(void **state)
{
	(void)state;
	assert_int_equal(decode_record(&record_submit, "\x80", 1), STATUS_INVALID);
	assert_int_equal(its.defects.count, 4);
	assert_string_equal(its.defects.list[0].field, "key");
	assert_string_equal(its.defects.list[0].why, "missing");
	assert_string_equal(its.defects.list[3].field, "intake");
	forge_begin(
	    &its.forge, &PEN, 0, NO_HARM); /* 256 empty transitions, 4 wants each */
	pen_open(&its.forge, true);
	pen_key(&its.forge, "timeline");
	pen_open(&its.forge, false);
	for (unsigned i = 0; i < 256; i++) {
		pen_next(&its.forge);
		forge_other_type(&its.forge, AS_MAP);
	}
	pen_close(&its.forge, false);
	pen_close(&its.forge, true);
	assert_int_equal(
	    decode_record(&record_case_view, its.forge.bytes, its.forge.length),
	    STATUS_INVALID);
	assert_int_equal(its.defects.count, 3 + 256 * 4);
	assert_string_equal(its.defects.list[DEFECTS_MAX - 1].field, "timeline[7].id");
}

static void
a_message_cut_anywhere_is_refused(void **state)
{
	(void)state;
	for (unsigned i = MESSAGE_NONE + 1; i < MESSAGE_KINDS; i++) {
		write_forged(message_record((enum message_kind)i), 0, NO_HARM);
		for (size_t cut = 0; cut < its.forge.length;
		     cut += 1 + its.forge.length / 3000) {
			assert_int_equal(
			    decode_message(its.forge.bytes, cut), STATUS_BAD_MESSAGE);
			assert_int_equal(its.message.kind, MESSAGE_NONE);
		}
	}
}

/* A random message of the kind, encoded into its.bytes. */
static size_t
encode_sample(enum message_kind kind)
{
	size_t length = 0;

	its.sample.used = 0;
	message_init(&its.message, kind);
	its.message.id = LITERAL("q1");
	sample_record(&its.sample, message_record(kind), &its.message.submit);
	assert_int_equal(
	    message_encode(&its.message, its.bytes, sizeof its.bytes, &length),
	    STATUS_OK);
	return length;
}

static void
no_changed_byte_does_harm(void **state)
{
	static const uint8_t CHANGES[] = { 0x01, 0x80, 0xff, 0x40, 0x10 };

	(void)state;
	for (unsigned i = MESSAGE_NONE + 1; i < MESSAGE_KINDS; i++) {
		size_t length = encode_sample((enum message_kind)i);

		if (length > 2000)
			length = encode_sample((enum message_kind)i);
		for (size_t at = 0; at < length; at += 1 + length / 4000)
			for (size_t j = 0; j < sizeof CHANGES; j++) {
				its.bytes[at] ^= CHANGES[j];
				assert_true(
				    decode_message(its.bytes, length) < STATUS_COUNT);
				its.bytes[at] ^= CHANGES[j];
			}
		assert_int_equal(decode_message(its.bytes, length), STATUS_OK);
	}
}

static void
what_is_not_named_does_not_matter(void **state)
{
	static const char BYTES[] = "\x84\xa1x\xc4\x01\xff\xa4kind\xa4ping\xa1v\x01"
	                            "\xa5"
	                            "epoch\xd0\x05";

	(void)state;
	assert_int_equal(decode_message(BYTES, sizeof BYTES - 1), STATUS_OK);
	assert_int_equal(its.message.kind, MESSAGE_ping);
	assert_int_equal(
	    its.message.ping.epoch, 5); /* any width and sign form of a number */
}

static void
reals_take_whole_and_short_numbers(void **state)
{
	static const char WHOLE[] = "\x82\xa3lat\x32\xa3lon\xd0\x80";
	static const char SHORT[] =
	    "\x82\xa3lat\xca\x42\x48\x00\x00\xa3lon\xca\x80\x00\x00\x00";

	(void)state;
	assert_int_equal(
	    decode_record(&record_place, WHOLE, sizeof WHOLE - 1), STATUS_OK);
	assert_int_equal((int)((struct place *)&its.largest)->lat, 50);
	assert_int_equal((int)((struct place *)&its.largest)->lon, -128);
	assert_int_equal(
	    decode_record(&record_place, SHORT, sizeof SHORT - 1), STATUS_OK);
	assert_int_equal((int)((struct place *)&its.largest)->lat, 50);
	assert_false(signbit(((struct place *)&its.largest)->lon));
}

static void
more_than_the_largest_message_is_not_looked_at(void **state)
{
	static const char HEAD[] = "\x83\xa1v\x01\xa4kind\xa4ping\xa1x\xc6";
	size_t head = sizeof HEAD - 1, fill = MESSAGE_MAX_BYTES - head - 4;

	(void)state;
	memset(its.forge.bytes, 0, MESSAGE_MAX_BYTES + 1);
	memcpy(its.forge.bytes, HEAD, head);
	for (unsigned over = 0; over <= 1; over++) {
		for (unsigned i = 0; i < 4; i++)
			its.forge.bytes[head + i] =
			    (uint8_t)((fill + over) >> (24 - 8 * i));
		assert_int_equal(
		    decode_message(its.forge.bytes, MESSAGE_MAX_BYTES + over),
		    over ? STATUS_BAD_MESSAGE : STATUS_OK);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_names_itself_when_it_is_wrong),
		cmocka_unit_test(all_defects_are_collected_and_counted),
		cmocka_unit_test(a_message_cut_anywhere_is_refused),
		cmocka_unit_test(no_changed_byte_does_harm),
		cmocka_unit_test(what_is_not_named_does_not_matter),
		cmocka_unit_test(reals_take_whole_and_short_numbers),
		cmocka_unit_test(more_than_the_largest_message_is_not_looked_at),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
