/* SPDX-License-Identifier: Apache-2.0
 * The guard: nothing unbounded reaches msgpack_unpack. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <msgpack.h>

#include "proto/wire.h"
#include "tests/unit/sample.h"

/* Checks an exact heap copy. */
static bool
passes(const void *bytes, size_t length)
{
	void *copy = exact_copy(bytes, length);
	bool is_ok = wire_check(copy, length) == STATUS_OK;

	free(copy);
	return is_ok;
}

static bool
passes_any(const void *bytes, size_t length)
{
	void *copy = exact_copy(bytes, length);
	bool is_ok = wire_check_any(copy, length) == STATUS_OK;

	free(copy);
	return is_ok;
}

#define PASSES(literal) passes(literal, sizeof(literal) - 1)
#define PASSES_ANY(literal) passes_any(literal, sizeof(literal) - 1)

static void
a_five_byte_bomb_is_refused_before_allocating(void **state)
{
	(void)state;
	assert_false(PASSES("\xdd\xff\x00\x00\x00"));
	assert_false(PASSES_ANY("\xdd\xff\x00\x00\x00"));
	assert_false(PASSES("\xdf\xff\xff\xff\xff"));
	assert_false(PASSES_ANY("\xdf\xff\xff\xff\xff"));
	assert_false(PASSES_ANY("\xdb\xff\xff\xff\xff"));
	assert_false(PASSES_ANY("\xc6\xff\xff\xff\xff"));
	assert_false(PASSES_ANY("\xc9\xff\xff\xff\xff\x01"));
	assert_false(PASSES("\x81\xa1k\xdd\xff\x00\x00\x00"));
}

static void
only_one_map_that_ends_at_the_last_byte_passes(void **state)
{
	(void)state;
	assert_true(PASSES("\x80"));
	assert_true(PASSES("\x81\xa1k\x01"));
	assert_true(PASSES("\xde\x00\x01\xa1k\x01"));
	assert_true(PASSES("\xdf\x00\x00\x00\x01\xa1k\x01"));
	assert_false(PASSES(""));
	assert_false(PASSES("\x80\x80"));
	assert_false(PASSES("\x81\xa1k\x01\xc0"));
	assert_false(PASSES("\x81\xa1k"));
	assert_false(PASSES("\x90"));
	assert_false(PASSES("\xc0"));
	assert_false(PASSES("\x01"));
	assert_false(PASSES("\xa1k"));
}

static void
keys_are_strings_and_stand_once_in_a_map(void **state)
{
	(void)state;
	assert_false(PASSES("\x81\x01\x01"));
	assert_false(PASSES("\x81\xc4\x01k\x01"));
	assert_false(PASSES("\x81\x80\x01"));
	assert_true(PASSES("\x82\xa1k\x01\xa1l\x01"));
	assert_false(PASSES("\x82\xa1k\x01\xa1k\x01"));
	assert_false(
	    PASSES("\x82\xa1k\x01\xd9\x01k\x01")); /* another form of the same key */
	assert_false(PASSES("\x81\xa1k\x82\xa1x\x01\xa1x\x01"));
	assert_true(PASSES("\x82\xa1k\x81\xa1k\x01\xa1l\x81\xa1k\x01")); /* other maps */
	assert_false(
	    PASSES("\x83\xa1k\x81\xa1m\x01\xa1l\x01\xa1k\x01")); /* after a nested map */
	assert_true(PASSES_ANY("\x82\xa1k\x01\xa1k\x01"));
	assert_true(PASSES_ANY("\x81\x01\x01"));
}

static bool
passes_kept(const void *bytes, size_t length)
{
	void *copy = exact_copy(bytes, length);
	bool is_ok = wire_check_kept(copy, length) == STATUS_OK;

	free(copy);
	return is_ok;
}

#define PASSES_KEPT(literal) passes_kept(literal, sizeof(literal) - 1)

static void
keys_of_what_is_kept_may_be_numbers_of_one_byte(void **state)
{
	(void)state;
	assert_true(PASSES_KEPT("\x82\x00\x01\x7f\x01"));
	assert_true(PASSES_KEPT("\x82\xa1k\x01\x01\x80"));
	assert_false(PASSES_KEPT("\x82\x01\x01\x01\x01"));
	assert_false(PASSES_KEPT("\x81\xcc\x01\x01"));
	assert_false(PASSES_KEPT("\x81\xff\x01"));
	assert_false(PASSES_KEPT("\x81\xc0\x01"));
	assert_false(PASSES_KEPT("\x81\xc4\x01k\x01"));
	assert_false(PASSES_KEPT("\x81\x80\x01"));
	assert_false(PASSES_KEPT("\x81\xd4\x01k\x01"));
	assert_false(PASSES_KEPT("\x81\x01\xd4\x01k"));
	assert_false(PASSES_KEPT("\x81\x01"));
	assert_false(PASSES_KEPT("\x01"));
	assert_false(PASSES_KEPT(""));
	assert_false(PASSES_KEPT("\xdd\xff\x00\x00\x00"));
}

static void
extensions_and_the_unused_byte_do_not_pass(void **state)
{
	(void)state;
	assert_false(PASSES("\x81\xa1k\xd4\x01\x02"));
	assert_false(PASSES("\x81\xa1k\xc7\x01\x01\x02"));
	assert_true(PASSES_ANY("\x81\xa1k\xd4\x01\x02"));
	assert_false(PASSES("\x81\xa1k\xc1"));
	assert_false(PASSES_ANY("\xc1"));
}

/* {"k": [[[ ... ]]]} with `depth` containers in all. */
static bool
nested_passes(unsigned depth)
{
	uint8_t bytes[64] = { 0x81, 0xa1, 'k' };
	size_t length = 3;

	for (unsigned i = 2; i < depth; i++)
		bytes[length++] = 0x91;
	bytes[length++] = 0x90;
	return passes(bytes, length);
}

static void
nesting_is_bounded(void **state)
{
	static uint8_t deep[100000];

	(void)state;
	assert_true(nested_passes(WIRE_MAX_DEPTH));
	assert_false(nested_passes(WIRE_MAX_DEPTH + 1));
	memset(deep, 0x91, sizeof deep);
	assert_false(passes_any(deep, sizeof deep));
	memcpy(deep, "\x81\xa1k", 3);
	assert_false(passes(deep, sizeof deep));
}

/* {"k": [0, 0, ...]}: 3 values and the elements. */
static bool
list_passes(uint32_t count)
{
	size_t length = 8 + (size_t)count;
	uint8_t *bytes = calloc(1, length);
	bool is_ok;

	assert_non_null(bytes);
	memcpy(bytes, "\x81\xa1k\xdd", 4);
	for (unsigned i = 0; i < 4; i++)
		bytes[4 + i] = (uint8_t)(count >> (24 - 8 * i));
	is_ok = passes(bytes, length);
	free(bytes);
	return is_ok;
}

static void
the_number_of_values_is_bounded(void **state)
{
	(void)state;
	assert_true(list_passes(WIRE_MAX_VALUES - 3));
	assert_false(list_passes(WIRE_MAX_VALUES - 2));
	assert_false(list_passes(WIRE_MAX_VALUES * 4));
}

/* A map of distinct two-byte keys. */
static bool
map_passes(unsigned count)
{
	uint8_t bytes[3 + 256 * 4] = { 0xde, (uint8_t)(count >> 8), (uint8_t)count };
	size_t length = 3;

	for (unsigned i = 0; i < count; i++) {
		bytes[length++] = 0xa2;
		bytes[length++] = (uint8_t)('a' + i / 16);
		bytes[length++] = (uint8_t)('a' + i % 16);
		bytes[length++] = 0;
	}
	return passes(bytes, length);
}

static void
the_keys_of_a_map_are_bounded(void **state)
{
	(void)state;
	assert_true(map_passes(64));
	assert_false(map_passes(65));
	assert_false(map_passes(256));
}

/* Every head that carries a length, with contents that fit exactly. */
static const struct {
	const char *hex;
	size_t length;
} EXACT[] = {
	{ "a3616263", 4 },
	{ "d903616263", 5 },
	{ "da0003616263", 6 },
	{ "db00000003616263", 8 },
	{ "c403000102", 5 },
	{ "c50003000102", 6 },
	{ "c600000003000102", 8 },
	{ "c70305000102", 6 },
	{ "c8000305000102", 7 },
	{ "c90000000305000102", 9 },
	{ "d40501", 3 },
	{ "d5050102", 4 },
	{ "d60501020304", 6 },
	{ "d7050102030405060708", 10 },
	{ "d80501020304050607080102030405060708", 18 },
	{ "ca00000000", 5 },
	{ "cb0000000000000000", 9 },
	{ "cc01", 2 },
	{ "cd0001", 3 },
	{ "ce00000001", 5 },
	{ "cf0000000000000001", 9 },
	{ "d001", 2 },
	{ "d10001", 3 },
	{ "d200000001", 5 },
	{ "d30000000000000001", 9 },
	{ "93010203", 4 },
	{ "dc0003010203", 6 },
	{ "dd00000003010203", 8 },
	{ "8101a161", 4 },
	{ "de000101a161", 6 },
	{ "df0000000101a161", 8 },
};

static void
every_head_must_find_all_its_bytes(void **state)
{
	uint8_t bytes[32];

	(void)state;
	for (size_t i = 0; i < sizeof EXACT / sizeof *EXACT; i++) {
		size_t length = unhex(EXACT[i].hex, bytes, sizeof bytes);

		assert_int_equal(length, EXACT[i].length);
		assert_true(passes_any(bytes, length));
		for (size_t cut = 0; cut < length; cut++)
			assert_false(passes_any(bytes, cut));
		bytes[length] = 0;
		assert_false(passes_any(bytes, length + 1));
	}
}

/* Whatever passes, msgpack_unpack reads to the same end. */
static void
what_passes_is_read_by_msgpack(void **state)
{
	struct sample *sample = calloc(1, sizeof *sample);
	msgpack_zone *zone = msgpack_zone_new(1 << 16);
	unsigned passed = 0;

	(void)state;
	assert_non_null(sample);
	sample->random = 42;
	for (unsigned turn = 0; turn < 200000; turn++) {
		uint8_t bytes[24];
		size_t length = 1 + sample_below(sample, sizeof bytes), end = 0;
		msgpack_object object;

		for (size_t i = 0; i < length; i++) /* many heads, few large lengths */
			bytes[i] = sample_below(sample, 3) == 0
			               ? (uint8_t)(0x80 + sample_below(sample, 0x60))
			               : (uint8_t)sample_below(sample, 4);
		if (!passes_any(bytes, length))
			continue;
		passed++;
		assert_int_equal(
		    msgpack_unpack((char *)bytes, length, &end, zone, &object),
		    MSGPACK_UNPACK_SUCCESS);
		assert_int_equal(end, length);
		msgpack_zone_clear(zone);
	}
	assert_in_range(passed, 1000, 200000);
	msgpack_zone_free(zone);
	free(sample);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_five_byte_bomb_is_refused_before_allocating),
		cmocka_unit_test(only_one_map_that_ends_at_the_last_byte_passes),
		cmocka_unit_test(keys_are_strings_and_stand_once_in_a_map),
		cmocka_unit_test(keys_of_what_is_kept_may_be_numbers_of_one_byte),
		cmocka_unit_test(extensions_and_the_unused_byte_do_not_pass),
		cmocka_unit_test(nesting_is_bounded),
		cmocka_unit_test(the_number_of_values_is_bounded),
		cmocka_unit_test(the_keys_of_a_map_are_bounded),
		cmocka_unit_test(every_head_must_find_all_its_bytes),
		cmocka_unit_test(what_passes_is_read_by_msgpack),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
