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

static struct import_item *
add(unsigned number, const char *document, uint64_t line)
{
	struct import_where where = { line, line, TEXT_ABSENT };
	char id[ID_UUID_BYTES + 1];

	id_of(number, id);
	return import_plan_add(&plan, id, text_of(document), &where);
}

static struct import_known
known(unsigned number, const char *document)
{
	struct import_known one;

	id_of(number, one.id);
	id_digest(document, strlen(document), one.digest);
	return one;
}

static void
a_document_is_copied_and_has_no_capacity_yet(void **state)
{
	char document[] = "one";
	struct import_item *item = add(1, document, 3);

	(void)state;
	assert_non_null(item);
	document[0] = 'X';
	assert_true(text_is(item->document, "one"));
	assert_true(isnan(item->available) && isnan(item->maximum));
	assert_true(item->capacity_at == TIME_ABSENT);
	assert_int_equal(item->line, 3);
}

static void
services_come_in_order_of_their_ids(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 1000; i++)
		assert_non_null(add(i * 7 % 1000, "d", i));
	import_plan_settle(&plan, &report);
	assert_int_equal(plan.count, 1000);
	for (unsigned i = 1; i < 1000; i++)
		assert_true(strcmp(plan.items[i - 1].id, plan.items[i].id) < 0);
}

static void
the_same_words_twice_are_once(void **state)
{
	(void)state;
	add(1, "one", 1);
	add(2, "two", 2);
	add(1, "one", 3);
	import_plan_settle(&plan, &report);
	assert_int_equal(plan.count, 2);
	assert_int_equal(report.counts[IMPORT_repeated], 1);
	assert_int_equal(import_report_quarantined(&report), 0);
}

static void
of_different_words_under_one_id_the_first_stay(void **state)
{
	(void)state;
	add(1, "other", 9);
	add(1, "first", 2);
	add(1, "third", 5);
	add(1, "first", 7);
	import_plan_settle(&plan, &report);
	assert_int_equal(plan.count, 1);
	assert_true(text_is(plan.items[0].document, "first"));
	assert_int_equal(report.counts[IMPORT_duplicate_id], 2);
	assert_int_equal(report.counts[IMPORT_repeated], 1);
}

static void
services_are_added_changed_unchanged_or_removed(void **state)
{
	struct import_known in_use[] = { known(5, "gone"), known(2, "old"),
		known(9, "gone"), known(1, "same"), known(0, "gone") };

	(void)state;
	add(1, "same", 1);
	add(2, "new", 2);
	add(7, "new", 3);
	import_plan_settle(&plan, &report);
	assert_true(import_plan_compare(&plan, in_use, 5, &report));
	assert_int_equal(report.added, 1);
	assert_int_equal(report.changed, 1);
	assert_int_equal(report.unchanged, 1);
	assert_int_equal(report.removed, 3);
	assert_false(plan.items[0].is_new);
	assert_true(plan.items[1].is_new);
	assert_true(plan.items[2].is_new);
}

static void
the_same_services_differ_in_nothing(void **state)
{
	struct import_known in_use[] = { known(2, "two"), known(1, "one") };

	(void)state;
	add(1, "one", 1);
	add(2, "two", 2);
	import_plan_settle(&plan, &report);
	assert_false(import_plan_compare(&plan, in_use, 2, &report));
	assert_int_equal(report.unchanged, 2);
}

static void
one_removed_alone_is_a_difference(void **state)
{
	struct import_known in_use[] = { known(1, "one"), known(2, "two") };

	(void)state;
	add(1, "one", 1);
	import_plan_settle(&plan, &report);
	assert_true(import_plan_compare(&plan, in_use, 2, &report));
	assert_int_equal(report.removed, 1);
}

static void
entries_that_are_no_uuids_count_as_removed(void **state)
{
	struct import_known in_use[] = { known(1, "one"), { "", "" } };

	(void)state;
	add(1, "one", 1);
	import_plan_settle(&plan, &report);
	assert_true(import_plan_compare(&plan, in_use, 2, &report));
	assert_int_equal(report.removed, 1);
	assert_int_equal(report.unchanged, 1);
}

static void
check_guard(uint64_t removed, size_t in_use, double percent, enum import_guard expected)
{
	report.removed = removed;
	assert_int_equal(import_plan_guard(&plan, in_use, percent, &report), expected);
}

static void
more_than_the_share_may_not_vanish(void **state)
{
	(void)state;
	add(1, "one", 1);
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
	add(1, "one", 1);
	report.counts[IMPORT_cut_file] = 1;
	check_guard(0, 10, 20, IMPORT_ALLOWED);
	check_guard(1, 10, 100, IMPORT_CUT_FILE);
}

static void
a_file_without_a_good_service_is_refused(void **state)
{
	(void)state;
	import_plan_settle(&plan, &report);
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
		TEST(a_document_is_copied_and_has_no_capacity_yet),
		TEST(services_come_in_order_of_their_ids),
		TEST(the_same_words_twice_are_once),
		TEST(of_different_words_under_one_id_the_first_stay),
		TEST(services_are_added_changed_unchanged_or_removed),
		TEST(the_same_services_differ_in_nothing),
		TEST(one_removed_alone_is_a_difference),
		TEST(entries_that_are_no_uuids_count_as_removed),
		TEST(more_than_the_share_may_not_vanish),
		TEST(a_cut_file_removes_nothing),
		TEST(a_file_without_a_good_service_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
