/* SPDX-License-Identifier: Apache-2.0
 * Rules between the fields of an intake: each named once, with its path, and nothing else. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "proto/rules.h"

static struct intake intake;
static struct defects defects;

/* An intake that breaks no rule and has everything that a rule speaks of. */
static int
start(void **state)
{
	(void)state;
	record_init(&record_intake, &intake);
	intake.urgency = urgency_normal;
	intake.has_place = intake.has_household = intake.has_contact = true;
	intake.has_preferences = intake.has_consent = intake.contact.has_safe = true;
	record_init(&record_safe, &intake.contact.safe);
	intake.place.code = LITERAL("UA26040190010045761");
	intake.household.members_count = 3;
	for (int i = 0; i < 3; i++)
		record_init(&record_member, &intake.household.members[i]);
	record_init(&record_need_request, &intake.needs[0]);
	record_init(&record_need_request, &intake.needs[1]);
	intake.needs_count = 2;
	intake.needs[0].term = LITERAL("BD-1800");
	intake.needs[1].term = LITERAL("food");
	intake.consent.version = LITERAL("2026-1");
	intake.consent.purposes[0] = LITERAL("referral");
	intake.consent.recipients[0] = LITERAL("any");
	intake.consent.purposes_count = intake.consent.recipients_count = 1;
	return 0;
}

/* Exactly this field is wrong; NULL: none. */
static void
expect(const char *field)
{
	char path[96];

	for (int with_prefix = 0; with_prefix < 2; with_prefix++) {
		defects = (struct defects){ .count = 0 };
		rules_check_intake(&intake, with_prefix ? "intake." : "", &defects);
		if (defects.count > 0 && field == NULL)
			fail_msg("%s %s", defects.list[0].field, defects.list[0].why);
		assert_int_equal(defects.count, field != NULL);
		if (field == NULL)
			continue;
		(void)snprintf(
		    path, sizeof path, "%s%s", with_prefix ? "intake." : "", field);
		assert_string_equal(defects.list[0].field, path);
		assert_in_range(strlen(defects.list[0].why), 5, 160);
	}
}

static void
what_fits_together_has_no_defect(void **state)
{
	expect(NULL);
	record_init(&record_intake, &intake);
	expect(NULL);
	(void)start(state);
}

/* ---- needs ---- */

static void
for_names_members_that_exist_each_once(void **state)
{
	(void)state;
	intake.needs[1].for_count = 3;
	intake.needs[1].for_at[0] = 2;
	intake.needs[1].for_at[1] = 0;
	intake.needs[1].for_at[2] = 1;
	expect(NULL);
	intake.needs[1].for_at[1] = 3;
	expect("needs[1].for[1]");
	intake.needs[1].for_at[1] = 2;
	expect("needs[1].for[1]");
	intake.needs[1].for_at[1] = 1;
	intake.needs[1].for_at[0] = 1;
	intake.needs[1].for_count = 2;
	expect("needs[1].for[1]");
	intake.needs[1].for_count = 1;
	intake.has_household = false;
	expect("needs[1].for[0]");
}

static void
a_term_is_a_word_or_words_of_any_script(void **state)
{
	static const struct {
		const char *term;
		bool is_good;
	} TERMS[] = { { "x", true }, { "BD-1800.2000", true }, { "food bank", true },
		{ "їжа", true }, { "食", true }, { "", false }, { " food", false },
		{ "food ", false }, { " ", false }, { "fo\tod", false },
		{ "food\n", false }, { "\x1f", false }, { "fo\x7fod", false } };

	(void)state;
	for (size_t i = 0; i < sizeof TERMS / sizeof *TERMS; i++) {
		intake.needs[0].term = text_of(TERMS[i].term);
		expect(TERMS[i].is_good ? NULL : "needs[0].term");
	}
}

/* ---- place ---- */

static void
latitude_and_longitude_stand_together(void **state)
{
	(void)state;
	intake.place.lat = 48.92;
	expect("place.lon");
	intake.place.lon = 24.71;
	expect(NULL);
	intake.place.lat = (double)NAN;
	expect("place.lat");
}

static void
a_place_needs_a_code_a_point_or_a_text(void **state)
{
	(void)state;
	intake.place.code = TEXT_ABSENT;
	expect("place");
	intake.place.code = LITERAL("");
	expect("place");
	intake.place.text = LITERAL("behind the mill");
	expect(NULL);
	intake.place.text = TEXT_ABSENT;
	intake.place.lat = 0;
	intake.place.lon = 0;
	expect(NULL);
}

/* ---- lists ---- */

static void
languages_look_like_bcp_47(void **state)
{
	static const char *const GOOD[] = { "uk", "ru", "crh", "uk-UA", "zh-Hant-TW",
		"sr-Latn", "es-419", "de-CH-1996", "en-US-x-twain", "abcdefgh" };
	static const char *const BAD[] = { "u", "ukrainian-language-x", "uk_UA", "uk-",
		"-uk", "uk--UA", "4uk", "uk ", "uk-abcdefghi", "українська", "*" };

	(void)state;
	intake.household.languages_count = 1;
	for (size_t i = 0; i < sizeof GOOD / sizeof *GOOD; i++) {
		intake.household.languages[0] = text_of(GOOD[i]);
		expect(NULL);
	}
	for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
		intake.household.languages[0] = text_of(BAD[i]);
		expect("household.languages[0]");
	}
}

static void
a_list_has_no_empty_text_and_none_twice(void **state)
{
	(void)state;
	intake.household.languages_count = 3;
	intake.household.languages[0] = LITERAL("uk");
	intake.household.languages[1] = LITERAL("ru");
	intake.household.languages[2] = LITERAL("uk");
	expect("household.languages[2]");
	intake.household.languages[2] = LITERAL("");
	expect("household.languages[2]");
	intake.household.languages_count = 2;
	intake.preferences.deny_agencies_count = 2;
	intake.preferences.deny_agencies[0] = LITERAL("a1");
	intake.preferences.deny_agencies[1] = LITERAL("a1");
	expect("preferences.deny_agencies[1]");
	intake.preferences.deny_agencies[1] = LITERAL("");
	expect("preferences.deny_agencies[1]");
	intake.preferences.deny_agencies[1] = LITERAL("a2");
	expect(NULL);
	intake.consent.purposes[0] = LITERAL("");
	expect("consent.purposes[0]");
	intake.consent.purposes[0] = LITERAL("referral");
	intake.consent.recipients_count = 2;
	intake.consent.recipients[1] = LITERAL("any");
	expect("consent.recipients[1]");
}

/* ---- contact ---- */

static void
telephone_numbers_have_eight_to_fifteen_digits(void **state)
{
	static const struct {
		const char *phone, *number; /* NULL: none */
	} PHONES[] = { { "+380342550100", "+380342550100" },
		{ "00380342550100", "+380342550100" },
		{ "+38 (034) 255-01-00", "+380342550100" },
		{ "034.255.01.00", "+0342550100" }, { "12345678", "+12345678" },
		{ "+123456789012345", "+123456789012345" },
		{ "00123456789012345", "+123456789012345" },
		{ "(+380) 342550100", "+380342550100" }, { "1234567", NULL },
		{ "+1234567890123456", NULL }, { "001234567", NULL },
		{ "001234567890123456", NULL }, { "", NULL }, { "+", NULL },
		{ "++380342550100", NULL }, { "380+342550100", NULL },
		{ "+380342550100 ext 5", NULL }, { "call me", NULL },
		{ "٠١٢٣٤٥٦٧٨٩", NULL } };
	char number[RULES_PHONE_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof PHONES / sizeof *PHONES; i++) {
		bool is_good = rules_phone_normal(text_of(PHONES[i].phone), number);

		if (is_good != (PHONES[i].number != NULL))
			fail_msg("%s", PHONES[i].phone);
		if (is_good)
			assert_string_equal(number, PHONES[i].number);
		intake.contact.phone = text_of(PHONES[i].phone);
		expect(is_good ? NULL : "contact.phone");
	}
	assert_false(rules_phone_normal((struct text){ "1234\0"
	                                               "5678",
	                                    9 },
	    number));
}

static void
an_address_has_one_at_and_a_dot_after_it(void **state)
{
	static const char *const GOOD[] = { "a@b.c", "olena.k+help@post.example.org" };
	static const char *const BAD[] = { "", "a", "a@", "@b.c", "a@b", "a@b@c.d",
		"a@.b", "a@b.", "a b@c.d", "a@b .c", "@", "@." };

	(void)state;
	for (size_t i = 0; i < sizeof GOOD / sizeof *GOOD; i++) {
		intake.contact.email = text_of(GOOD[i]);
		expect(NULL);
	}
	for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
		intake.contact.email = text_of(BAD[i]);
		expect("contact.email");
	}
}

static void
hours_are_two_times_of_day(void **state)
{
	static const char *const GOOD[] = { "09:00-12:00", "00:00-24:00", "22:30-06:15",
		"23:59-00:00" };
	static const char *const BAD[] = { "", "9:00-12:00", "09:00-12:0", "24:01-12:00",
		"09:60-12:00", "25:00-26:00", "09:00 12:00", "09.00-12.00",
		"09:00-12:000", "-9:00-12:00" };

	(void)state;
	for (size_t i = 0; i < sizeof GOOD / sizeof *GOOD; i++) {
		intake.contact.safe.hours = text_of(GOOD[i]);
		expect(NULL);
	}
	for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
		intake.contact.safe.hours = text_of(BAD[i]);
		expect("contact.safe.hours");
	}
	intake.contact.has_safe = false;
	expect(NULL);
}

/* ---- consent ---- */

static void
consent_ends_on_a_real_day(void **state)
{
	static const char *const GOOD[] = { "2026-11-20", "2024-02-29", "2000-02-29",
		"2026-01-31", "2026-12-31", "2026-04-30", "9999-12-31" };
	static const char *const BAD[] = { "", "2026-02-29", "1900-02-29", "2100-02-29",
		"2026-13-01", "2026-00-10", "2026-01-00", "2026-04-31", "2026-1-01",
		"2026-01-1", "20260101", "2026/01/01", "2026-01-01T00:00:00Z", "26-01-01",
		"2o26-01-01", "2024-02-30" };

	(void)state;
	for (size_t i = 0; i < sizeof GOOD / sizeof *GOOD; i++) {
		intake.consent.until = text_of(GOOD[i]);
		expect(NULL);
	}
	for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
		intake.consent.until = text_of(BAD[i]);
		expect("consent.until");
	}
}

static void
consent_names_the_text_that_was_read_out(void **state)
{
	(void)state;
	intake.consent.version = LITERAL("");
	expect("consent.version");
}

/* ---- several ---- */

static void
everything_wrong_is_named_each_once(void **state)
{
	(void)state;
	intake.place.code = TEXT_ABSENT;
	intake.needs[0].term = LITERAL("");
	intake.needs[1].for_count = 3; /* of three equals two are too many */
	intake.needs[1].for_at[0] = intake.needs[1].for_at[1] =
	    intake.needs[1].for_at[2] = 9;
	intake.contact.phone = LITERAL("1");
	intake.consent.until = LITERAL("soon");
	defects = (struct defects){ .count = 0 };
	rules_check_intake(&intake, "", &defects);
	assert_int_equal(defects.count, 7);
	for (uint32_t i = 0; i < defects.count; i++)
		for (uint32_t j = 0; j < i; j++)
			assert_string_not_equal(
			    defects.list[i].field, defects.list[j].field);
}

static void
an_amendment_is_checked_by_the_same_rules(void **state)
{
	static struct changes changes;

	(void)state;
	record_init(&record_changes, &changes);
	defects = (struct defects){ .count = 0 };
	rules_check_changes(&changes, 0, "changes.", &defects);
	assert_int_equal(defects.count, 0);
	changes.has_place = changes.has_contact = changes.has_consent = true;
	changes.has_household = changes.has_preferences = true;
	record_init(&record_place, &changes.place);
	changes.contact.email = LITERAL("x");
	changes.consent.version = LITERAL("1");
	changes.consent.until = LITERAL("x");
	changes.household.languages_count = 1;
	changes.household.languages[0] = LITERAL("1");
	changes.preferences.deny_agencies_count = 1;
	changes.preferences.deny_agencies[0] = LITERAL("");
	record_init(&record_need_request, &changes.add_needs[0]);
	changes.add_needs_count = 1;
	changes.add_needs[0].term = LITERAL("food");
	changes.add_needs[0].for_count = 1;
	changes.add_needs[0].for_at[0] = 2;
	rules_check_changes(&changes, 2, "changes.", &defects);
	assert_int_equal(defects.count, 6);
	assert_string_equal(defects.list[0].field, "changes.place");
	assert_string_equal(defects.list[1].field, "changes.household.languages[0]");
	assert_string_equal(defects.list[2].field, "changes.add_needs[0].for[0]");
	assert_string_equal(defects.list[3].field, "changes.contact.email");
	assert_string_equal(
	    defects.list[4].field, "changes.preferences.deny_agencies[0]");
	assert_string_equal(defects.list[5].field, "changes.consent.until");
	defects = (struct defects){ .count = 0 };
	rules_check_changes(&changes, 3, "", &defects);
	assert_int_equal(defects.count, 5);
}

static void
matching_knows_a_rough_place_only(void **state)
{
	(void)state;
	intake.place.lat = 48.92263;
	intake.place.lon = -24.71114;
	intake.place.text = LITERAL("behind the mill");
	rules_coarsen_place(&intake.place);
	assert_true(fabs(intake.place.lat - 48.92) < 1e-9);
	assert_true(fabs(intake.place.lon + 24.71) < 1e-9);
	assert_null(intake.place.text.at);
	intake.place.lat = intake.place.lon = (double)NAN;
	rules_coarsen_place(&intake.place);
	assert_true(isnan(intake.place.lat) && isnan(intake.place.lon));
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, start)
	const struct CMUnitTest tests[] = {
		TEST(what_fits_together_has_no_defect),
		TEST(for_names_members_that_exist_each_once),
		TEST(a_term_is_a_word_or_words_of_any_script),
		TEST(latitude_and_longitude_stand_together),
		TEST(a_place_needs_a_code_a_point_or_a_text),
		TEST(languages_look_like_bcp_47),
		TEST(a_list_has_no_empty_text_and_none_twice),
		TEST(telephone_numbers_have_eight_to_fifteen_digits),
		TEST(an_address_has_one_at_and_a_dot_after_it),
		TEST(hours_are_two_times_of_day),
		TEST(consent_ends_on_a_real_day),
		TEST(consent_names_the_text_that_was_read_out),
		TEST(everything_wrong_is_named_each_once),
		TEST(an_amendment_is_checked_by_the_same_rules),
		TEST(matching_knows_a_rough_place_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
