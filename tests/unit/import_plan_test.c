/* SPDX-License-Identifier: Apache-2.0
 * What an import would change, and whether it may. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "deploy/referralctl/import_plan.h"
#include "proto/message.h"

static struct import_plan plan;
static struct import_report report;

static void
id_of(unsigned number, char id[ID_UUID_BYTES + 1])
{
	snprintf(id, ID_UUID_BYTES + 1, "00000000-0000-0000-0000-%012u", number);
}

static enum import_verdict
take_as(const char *id, const char *document, uint64_t line)
{
	struct import_where where = { line, line, TEXT_ABSENT };
	const struct import_service service = { .id = text_of(id),
		.document = text_of(document) };

	return import_plan_take(&plan, &service, &where, &report);
}

static enum import_verdict
take(unsigned number, const char *document, uint64_t line)
{
	char id[ID_UUID_BYTES + 1];

	id_of(number, id);
	return take_as(id, document, line);
}

static void
know_as(const char *id, const char *document)
{
	uint8_t digest[16];

	import_index_key(text_of(document), digest);
	assert_true(import_plan_know(&plan, text_of(id), digest));
}

static void
know(unsigned number, const char *document)
{
	char id[ID_UUID_BYTES + 1];

	id_of(number, id);
	know_as(id, document);
}

static void
the_same_words_twice_are_once(void **state)
{
	(void)state;
	assert_int_equal(take(1, "one", 1), IMPORT_NEW);
	assert_int_equal(take(2, "two", 2), IMPORT_NEW);
	assert_int_equal(take(1, "one", 3), IMPORT_PASSED);
	assert_int_equal(plan.count, 2);
	assert_int_equal(report.counts[IMPORT_repeated], 1);
	assert_int_equal(import_report_quarantined(&report), 0);
}

static void
of_different_words_under_one_id_the_first_stay(void **state)
{
	(void)state;
	assert_int_equal(take(1, "first", 2), IMPORT_NEW);
	assert_int_equal(take(1, "third", 5), IMPORT_PASSED);
	assert_int_equal(take(1, "first", 7), IMPORT_PASSED);
	assert_int_equal(take(1, "other", 9), IMPORT_PASSED);
	assert_int_equal(plan.count, 1);
	assert_int_equal(report.counts[IMPORT_duplicate_id], 2);
	assert_int_equal(report.counts[IMPORT_repeated], 1);
}

static void
the_first_stays_also_where_a_later_one_is_what_is_in_use(void **state)
{
	(void)state;
	know(1, "in use");
	assert_int_equal(take(1, "first", 1), IMPORT_NEW);
	assert_int_equal(take(1, "in use", 2), IMPORT_PASSED);
	assert_int_equal(report.changed, 1);
	assert_int_equal(report.counts[IMPORT_duplicate_id], 1);
}

static void
services_are_added_changed_unchanged_or_removed(void **state)
{
	(void)state;
	know(5, "gone");
	know(2, "old");
	know(9, "gone");
	know(1, "same");
	know(0, "gone");
	assert_int_equal(take(1, "same", 1), IMPORT_KEPT);
	assert_int_equal(take(2, "new", 2), IMPORT_NEW);
	assert_int_equal(take(7, "new", 3), IMPORT_NEW);
	assert_true(import_plan_end(&plan, &report));
	assert_int_equal(report.added, 1);
	assert_int_equal(report.changed, 1);
	assert_int_equal(report.unchanged, 1);
	assert_int_equal(report.removed, 3);
}

static void
the_same_services_differ_in_nothing(void **state)
{
	(void)state;
	know(2, "two");
	know(1, "one");
	know(2, "two"); /* Redis may name one twice */
	(void)take(1, "one", 1);
	(void)take(2, "two", 2);
	assert_false(import_plan_end(&plan, &report));
	assert_int_equal(report.unchanged, 2);
}

static void
one_removed_alone_is_a_difference(void **state)
{
	(void)state;
	know(1, "one");
	know(2, "two");
	(void)take(1, "one", 1);
	assert_true(import_plan_end(&plan, &report));
	assert_int_equal(report.removed, 1);
}

static void
ids_may_be_any_text(void **state)
{
	(void)state;
	know_as("", "one");
	know_as("UA26040190000026187", "two");
	assert_int_equal(take_as("UA26040190000026187", "two", 1), IMPORT_KEPT);
	assert_int_equal(take_as("UA26040190000026188", "two", 2), IMPORT_NEW);
	assert_true(import_plan_end(&plan, &report));
	assert_int_equal(report.removed, 1);
	assert_int_equal(report.unchanged, 1);
}

static void
what_is_kept_is_named_as_it_came(void **state)
{
	static const char *const IDS[] = { "11111111-2222-3333-4444-5555abcdef00", "code",
		"11111111-2222-3333-4444-5555ABCDEF00", "" };
	char uuid[ID_UUID_BYTES + 1];
	size_t at = 0;

	(void)state;
	for (size_t i = 0; i < 4; i++)
		know_as(IDS[i], "same");
	know_as("not in the file", "same");
	assert_int_equal(take_as("new", "new", 1), IMPORT_NEW);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(take_as(IDS[i], "same", 1), IMPORT_KEPT);
	for (size_t i = 0; i < 4; i++)
		assert_true(text_is(import_plan_next_kept(&plan, &at, uuid), IDS[i]));
	assert_null(import_plan_next_kept(&plan, &at, uuid).at);
}

static void
a_hundred_thousand_are_told_apart_in_six_megabytes(void **state)
{
	enum { MANY = 100000 };

	(void)state;
	for (unsigned i = 0; i < MANY; i += 2)
		know(i, "same");
	for (unsigned i = 0; i < MANY; i++)
		assert_int_equal(
		    take(i, "same", i), i % 2 == 0 ? IMPORT_KEPT : IMPORT_NEW);
	assert_int_equal(plan.count, MANY);
	assert_int_equal(report.added, MANY / 2);
	assert_true(plan.services.size * sizeof *plan.services.slots +
	                plan.services.table_size * sizeof *plan.services.table <
	            6u << 20);
}

static void
check_guard(uint64_t removed, size_t in_use, double percent, enum import_guard expected)
{
	report.removed = removed;
	plan.known = in_use;
	assert_int_equal(import_plan_guard(&plan, percent, &report), expected);
}

static void
more_than_the_share_may_not_vanish(void **state)
{
	(void)state;
	(void)take(1, "one", 1);
	check_guard(0, 0, 20, IMPORT_ALLOWED);
	check_guard(0, 10, 0, IMPORT_ALLOWED);
	check_guard(1, 10, 0, IMPORT_MOST_REMOVED);
	check_guard(2, 10, 20, IMPORT_ALLOWED);
	check_guard(3, 10, 20, IMPORT_MOST_REMOVED);
	check_guard(201, 1000, 20, IMPORT_MOST_REMOVED);
	check_guard(10, 10, 100, IMPORT_ALLOWED);
	check_guard(1, 2000000, 0.00001, IMPORT_MOST_REMOVED);
}

static void
a_cut_file_removes_nothing(void **state)
{
	(void)state;
	(void)take(1, "one", 1);
	report.counts[IMPORT_cut_file] = 1;
	check_guard(0, 10, 20, IMPORT_ALLOWED);
	check_guard(1, 10, 100, IMPORT_CUT_FILE);
}

static void
a_file_without_a_good_service_is_refused(void **state)
{
	(void)state;
	check_guard(0, 0, 100, IMPORT_NOTHING_GOOD);
	check_guard(3, 3, 100, IMPORT_NOTHING_GOOD);
}

static int
begin(void **state)
{
	(void)state;
	plan = (struct import_plan){ 0 };
	report = (struct import_report){ 0 };
	return 0;
}

static int
end(void **state)
{
	(void)state;
	import_plan_free(&plan);
	import_report_free(&report);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_same_words_twice_are_once),
		TEST(of_different_words_under_one_id_the_first_stay),
		TEST(the_first_stays_also_where_a_later_one_is_what_is_in_use),
		TEST(services_are_added_changed_unchanged_or_removed),
		TEST(the_same_services_differ_in_nothing),
		TEST(one_removed_alone_is_a_difference),
		TEST(ids_may_be_any_text),
		TEST(what_is_kept_is_named_as_it_came),
		TEST(a_hundred_thousand_are_told_apart_in_six_megabytes),
		TEST(more_than_the_share_may_not_vanish),
		TEST(a_cut_file_removes_nothing),
		TEST(a_file_without_a_good_service_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
