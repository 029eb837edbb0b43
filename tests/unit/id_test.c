/* SPDX-License-Identifier: Apache-2.0
 * Ids: derived ones never change, none run together. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/id.h"

#define MANY 1000000

/* Made with Python's hashlib.blake2b(digest_size=16) over the length-prefixed texts. */
static const struct {
	struct text by;
	struct text key;
	const char *id;
} CASES[] = {
	{ LITERAL(""), LITERAL(""), "680k71k3p36zhxrxhbvmd0kbpe" },
	{ LITERAL("operator:7"), LITERAL("call-2026-11-20-0001"),
	    "4bp9xc3nx0kbt5zx4j8pmbe4yc" },
	{ LITERAL("a"), LITERAL("bc"), "78gngeavk286qypbftggbs3ckb" },
	{ LITERAL("ab"), LITERAL("c"), "7fwwqn8bxmka15ah143k2mr7ew" },
	{ LITERAL("оператор"), LITERAL("\0\xff"), "36w4v29nes8nn4gxhhcvtv94rn" },
};

static void
derived_ids_are_the_same_for_ever(void **state)
{
	char id[ID_CASE_BYTES + 1];
	char uuid[ID_UUID_BYTES + 1];
	char digest[ID_DIGEST_BYTES + 1];

	(void)state;
	for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
		id_case(CASES[i].by, CASES[i].key, id);
		assert_string_equal(id, CASES[i].id);
	}
	id_uuid_of(LITERAL("delivery"), LITERAL("r1-1-1:offer"), uuid);
	assert_string_equal(uuid, "88511849-48cb-84cb-af01-672e6b004052");
	id_digest("", 0, digest);
	assert_string_equal(digest, "cae66941d9efbd404e4d88758ea67670");
	id_digest("hearthline", 10, digest);
	assert_string_equal(digest, "fd9c7244aa0fbcfb6781f41a489bc99a");
}

static int
compare_ids(const void *one, const void *other)
{
	return memcmp(one, other, ID_CASE_BYTES);
}

static void
a_million_derived_ids_are_all_different(void **state)
{
	char(*ids)[ID_CASE_BYTES + 1] = malloc(MANY * sizeof *ids);

	(void)state;
	assert_non_null(ids);
	for (int i = 0; i < MANY; i++) {
		char by[16];
		char key[16];

		snprintf(by, sizeof by, "by%d", i / 1000);
		snprintf(key, sizeof key, "%d", i % 1000);
		id_case(text_of(by), text_of(key), ids[i]);
	}
	qsort(ids, MANY, sizeof *ids, compare_ids);
	for (int i = 1; i < MANY; i++)
		assert_true(compare_ids(ids[i - 1], ids[i]) != 0);
	free(ids);
}

static void
an_id_takes_apart_into_what_it_was_made_of(void **state)
{
	char id[ID_CASE_BYTES + 1];
	char need_id[ID_ITEM_MAX];
	char referral_id[ID_ITEM_MAX];
	static const unsigned NUMBERS[] = { 1, 2, 9, 10, 99, 100, 1000, 9999 };
	struct text case_id;
	unsigned need;
	unsigned attempt;

	(void)state;
	id_case(LITERAL("by"), LITERAL("key"), id);
	assert_true(id_split(text_of(id), &case_id, &need, &attempt));
	assert_true(text_is(case_id, id));
	assert_int_equal(need + attempt, 0);
	for (unsigned i = 0; i < sizeof NUMBERS / sizeof *NUMBERS; i++) {
		id_need(text_of(id), NUMBERS[i], need_id);
		assert_true(id_split(text_of(need_id), &case_id, &need, &attempt));
		assert_int_equal(need, NUMBERS[i]);
		assert_int_equal(attempt, 0);
		id_referral(text_of(need_id), 10000 - NUMBERS[i], referral_id);
		assert_true(id_split(text_of(referral_id), &case_id, &need, &attempt));
		assert_true(text_is(case_id, id));
		assert_int_equal(need, NUMBERS[i]);
		assert_int_equal(attempt, 10000 - NUMBERS[i]);
	}
}

#define LEGAL_CASE "7zzzzzzzzzzzzzzzzzzzzzzzzz"

static void
every_malformed_id_is_refused(void **state)
{
	static const char *const ILLEGAL[] = { "", "7", "7zzzzzzzzzzzzzzzzzzzzzzzz",
		LEGAL_CASE "z", LEGAL_CASE "-", LEGAL_CASE "-0", LEGAL_CASE "-01",
		LEGAL_CASE "-10000", LEGAL_CASE "-99999999999999999999", LEGAL_CASE "-a",
		LEGAL_CASE "-1a", LEGAL_CASE "-1-", LEGAL_CASE "-1-0", LEGAL_CASE "-1-01",
		LEGAL_CASE "-1-10000", LEGAL_CASE "-1-1-", LEGAL_CASE "-1-1-1",
		LEGAL_CASE "--1", LEGAL_CASE "-+1", LEGAL_CASE "- 1", LEGAL_CASE " ",
		LEGAL_CASE ":1", "8zzzzzzzzzzzzzzzzzzzzzzzzz",
		"7Zzzzzzzzzzzzzzzzzzzzzzzzz", "7izzzzzzzzzzzzzzzzzzzzzzzz",
		"7lzzzzzzzzzzzzzzzzzzzzzzzz", "7ozzzzzzzzzzzzzzzzzzzzzzzz",
		"7uzzzzzzzzzzzzzzzzzzzzzzzz", "7zzzzzzzzzzzzzzzzzzzzzzzz-" };
	struct text case_id;
	unsigned need;
	unsigned attempt;

	(void)state;
	assert_true(id_split(LITERAL(LEGAL_CASE), &case_id, &need, &attempt));
	assert_true(
	    id_split(LITERAL(LEGAL_CASE "-9999-9999"), &case_id, &need, &attempt));
	for (size_t i = 0; i < sizeof ILLEGAL / sizeof *ILLEGAL; i++)
		if (id_split(text_of(ILLEGAL[i]), &case_id, &need, &attempt))
			fail_msg("\"%s\" was taken", ILLEGAL[i]);
	assert_false(id_split(TEXT_ABSENT, &case_id, &need, &attempt));
	assert_false(id_split(LITERAL(LEGAL_CASE "-1\0"), &case_id, &need, &attempt));
	assert_false(
	    id_split(LITERAL("\0zzzzzzzzzzzzzzzzzzzzzzzzz"), &case_id, &need, &attempt));
}

static void
an_id_cut_anywhere_is_never_read_past_its_end(void **state)
{
	static const char WHOLE[] = LEGAL_CASE "-12-345";
	struct text case_id;
	unsigned need;
	unsigned attempt;

	(void)state;
	for (uint32_t length = 1; length < sizeof WHOLE; length++) {
		char *copy = malloc(length);
		bool is_id = length >= 26 && WHOLE[length - 1] != '-';

		assert_non_null(copy);
		memcpy(copy, WHOLE, length);
		assert_int_equal(
		    id_split((struct text){ copy, length }, &case_id, &need, &attempt),
		    is_id);
		free(copy);
	}
}

static void
check_uuid(const char *id, char version)
{
	assert_int_equal(strlen(id), ID_UUID_BYTES);
	for (int i = 0; i < ID_UUID_BYTES; i++) {
		bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;

		assert_non_null(strchr(is_dash ? "-" : "0123456789abcdef", id[i]));
	}
	assert_int_equal(id[14], version);
	assert_non_null(strchr("89ab", id[19]));
}

static void
uuids_carry_the_time_and_rise_even_when_the_clock_falls_back(void **state)
{
	char last[ID_UUID_BYTES + 1] = "";
	char id[ID_UUID_BYTES + 1];

	(void)state;
	clock_set(0x0123456789ab);
	id_uuid7(last);
	check_uuid(last, '7');
	assert_memory_equal(last, "01234567-89ab-7", 15);
	for (int i = 0; i < 20000;
	     i++) { /* more than 12 bits can count in one millisecond */
		if (i == 10000)
			clock_set(0x0123456789ab - 86400000);
		id_uuid7(id);
		check_uuid(id, '7');
		assert_true(strcmp(last, id) < 0);
		memcpy(last, id, sizeof id);
	}
	clock_set(-1);
	id_uuid7(id);
	assert_true(strcmp(last, id) < 0);
}

static void
name_based_uuids_depend_on_space_and_name(void **state)
{
	char one[ID_UUID_BYTES + 1];
	char other[ID_UUID_BYTES + 1];

	(void)state;
	id_uuid_of(LITERAL("a"), LITERAL("bc"), one);
	check_uuid(one, '8');
	id_uuid_of(LITERAL("ab"), LITERAL("c"), other);
	assert_string_not_equal(one, other);
	id_uuid_of(LITERAL("a"), LITERAL("bc"), other);
	assert_string_equal(one, other);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    uuids_carry_the_time_and_rise_even_when_the_clock_falls_back),
		cmocka_unit_test(derived_ids_are_the_same_for_ever),
		cmocka_unit_test(a_million_derived_ids_are_all_different),
		cmocka_unit_test(an_id_takes_apart_into_what_it_was_made_of),
		cmocka_unit_test(every_malformed_id_is_refused),
		cmocka_unit_test(an_id_cut_anywhere_is_never_read_past_its_end),
		cmocka_unit_test(name_based_uuids_depend_on_space_and_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
