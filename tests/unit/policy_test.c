/* SPDX-License-Identifier: Apache-2.0
 * What a policy may say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/policy.h"

static struct policy policy;
static char *problems;

static int
start(void **unused)
{
	(void)unused;
	policy = POLICY_STANDARD;
	problems = NULL;
	return 0;
}

static int
end(void **unused)
{
	(void)unused;
	free(problems);
	return 0;
}

static enum status
read_text(const char *text)
{
	size_t length;
	enum status status;
	FILE *out;

	free(problems);
	out = open_memstream(&problems, &length);
	assert_non_null(out);
	status = policy_read(&policy, text, out);
	fclose(out);
	assert_int_equal(status == STATUS_OK, length == 0);
	assert_int_equal(policy_read(&(struct policy){ 0 }, text, NULL), status);
	return status;
}

static void
assert_problem(const char *text, const char *says)
{
	const struct policy before = policy;

	assert_int_equal(read_text(text), STATUS_INVALID);
	if (strstr(problems, says) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", says, problems);
	assert_memory_equal(&policy, &before, sizeof policy);
}

static void
what_a_text_leaves_out_is_standard(void **unused)
{
	(void)unused;
	policy.weight_distance = 1;
	assert_int_equal(read_text("# nothing\n"), STATUS_OK);
	assert_true(policy.weight_distance == POLICY_STANDARD.weight_distance);
	assert_int_equal(
	    read_text("[weight]\ndistance = 42.5\n[deadline]\nurgent_hours=48\n"),
	    STATUS_OK);
	assert_true(policy.weight_distance == 42.5);
	assert_true(policy.deadline_urgent_hours == 48);
	assert_true(policy.weight_capacity == POLICY_STANDARD.weight_capacity);
}

static void
a_problem_names_the_value_and_what_would_be_legal(void **unused)
{
	(void)unused;
	assert_problem("[weight]\ndistance = 101\n", "weight.distance: 101 is not legal; "
	                                             "legal: 0 to 100 km");
	assert_problem("[weight]\nunknowns = 1\n", "weight.unknowns");
	assert_problem("[weight]\ndistance = far\n", "weight.distance: far");
	assert_problem("[weight]\ndistance = 3 km\n", "weight.distance: 3 km");
	assert_problem("[weight]\ndistance = nan\n", "weight.distance");
	assert_problem("[weight]\ndistance =\n", "weight.distance");
	assert_problem("[weight]\ndistance = 1\ndistance = 1\n", "given twice");
	assert_problem("[weight]\nlook = 3\n", "weight.look: there is no such value");
	assert_problem("[weights]\ndistance = 3\n", "weights.distance: there is no such");
	assert_problem("distance = 3\n", "there is no such value");
	assert_problem("[weight]\nnothing at all\n", "line 2");
	assert_problem(
	    "[weight]\ndistance = 101\ncapacity = -1\n", "weight.capacity: -1");
}

static void
a_full_service_may_not_come_before_one_that_is_not(void **unused)
{
	(void)unused;
	assert_problem("[weight]\nfull = -100\n", "weight.full: a full service would");
	assert_problem("[weight]\nunknowns = -40\n", "weight.full");
	assert_problem("[weight]\nscarcity = -5\n", "weight.full");
	assert_int_equal(read_text("[weight]\nfull = -400\n"), STATUS_OK);
}

static void
the_standard_is_legal_and_a_printed_policy_reads_back_the_same(void **unused)
{
	char *text;
	size_t length;
	FILE *out = open_memstream(&text, &length);
	struct policy printed = POLICY_STANDARD;

	(void)unused;
	assert_non_null(out);
	printed.weight_distance = 1 / 3.0;
	printed.deadline_normal_hours = 500.125;
	policy_print(&printed, out);
	fclose(out);
	assert_in_range(length, 1, POLICY_TEXT_MOST);
	assert_int_equal(read_text(text), STATUS_OK);
	assert_memory_equal(&policy, &printed, sizeof policy);
	free(text);
	assert_int_equal(read_text("[weight]\n"), STATUS_OK);
	assert_memory_equal(&policy, &POLICY_STANDARD, sizeof policy);
}

static unsigned told;

static void
tell(void *self, const char *name, double one, double other)
{
	assert_string_equal(name, self);
	assert_true(one == 30 && other == 31);
	told++;
}

static void
a_difference_is_told_by_name(void **unused)
{
	struct policy other = POLICY_STANDARD;

	(void)unused;
	policy_compare(&POLICY_STANDARD, &other, tell, NULL);
	other.weight_distance = 31;
	policy_compare(&POLICY_STANDARD, &other, tell, "weight.distance");
	assert_int_equal(told, 1);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)
	const struct CMUnitTest tests[] = {
		TEST(what_a_text_leaves_out_is_standard),
		TEST(a_problem_names_the_value_and_what_would_be_legal),
		TEST(a_full_service_may_not_come_before_one_that_is_not),
		TEST(the_standard_is_legal_and_a_printed_policy_reads_back_the_same),
		TEST(a_difference_is_told_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
