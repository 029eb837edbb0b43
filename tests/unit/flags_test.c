/* SPDX-License-Identifier: Apache-2.0
 * Words of a command: every option of the table, in any order, and nothing else. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>

#include "deploy/referralctl/flags.h"
#include "deploy/referralctl/referralctl.h"

#define WORDS_MOST 8

struct outcome {
	const char *state, *limit;
	bool wants_json;
	int status;
	char **words;
	char *argv[WORDS_MOST + 2];
};

/* What a command "list [--state S] [--limit N] [--json] WORD [WORD]" makes of these. */
static struct outcome *
read_words(const char *const *given)
{
	static struct outcome outcome;
	const struct choice flags[] = { { "state", &outcome.state, NULL },
		{ "limit", &outcome.limit, NULL }, { "json", NULL, &outcome.wants_json },
		{ NULL, NULL, NULL } };
	int argc = 1;

	outcome = (struct outcome){ .status = EXIT_DONE };
	outcome.argv[0] = (char *)(uintptr_t) "list";
	for (; given[argc - 1] != NULL; argc++)
		outcome.argv[argc] = (char *)(uintptr_t)given[argc - 1];
	outcome.status =
	    flags_read(argc, outcome.argv, "help\n", flags, 1, 2, &outcome.words);
	return &outcome;
}

#define READ(...) read_words((const char *const[]){ __VA_ARGS__, NULL })

static void
options_stand_anywhere_and_words_keep_their_order(void **state)
{
	struct outcome *outcome;

	(void)state;
	outcome = READ("one", "--state", "offered", "two", "--json", "--limit=5");
	assert_int_equal(outcome->status, FLAGS_GO_ON);
	assert_string_equal(outcome->state, "offered");
	assert_string_equal(outcome->limit, "5");
	assert_true(outcome->wants_json);
	assert_string_equal(outcome->words[0], "one");
	assert_string_equal(outcome->words[1], "two");
	assert_null(outcome->words[2]);
	outcome = READ("-");
	assert_int_equal(outcome->status, FLAGS_GO_ON);
	assert_string_equal(outcome->words[0], "-");
	assert_null(outcome->state);
	assert_false(outcome->wants_json);
	outcome = READ("--", "--json");
	assert_int_equal(outcome->status, FLAGS_GO_ON);
	assert_string_equal(outcome->words[0], "--json");
	outcome = READ("one", "--limit", "-5"); /* a value may begin with a dash */
	assert_int_equal(outcome->status, FLAGS_GO_ON);
	assert_string_equal(outcome->limit, "-5");
}

static void
what_the_table_does_not_hold_is_a_usage_error(void **state)
{
	(void)state;
	assert_int_equal(READ("one", "--nonsense")->status, EXIT_USAGE);
	assert_int_equal(READ("one", "-x")->status, EXIT_USAGE);
	assert_int_equal(READ("one", "--state")->status, EXIT_USAGE);
	assert_int_equal(READ("one", "--json=yes")->status, EXIT_USAGE);
	assert_int_equal(READ("--json")->status, EXIT_USAGE);
	assert_int_equal(READ("one", "two", "three")->status, EXIT_USAGE);
	assert_int_equal(READ("one", "--help")->status, EXIT_DONE);
}

static void
a_number_is_digits_within_its_bounds(void **state)
{
	static const char *const BAD[] = { "", "x", "-1", "+1", " 1", "1 ", "0", "11",
		"1.5", "0x1", "99999999999999999999999" };
	uint32_t number = 7;

	(void)state;
	assert_true(flags_number("list", "limit", NULL, 1, 10, &number));
	assert_int_equal(number, 7);
	assert_true(flags_number("list", "limit", "1", 1, 10, &number));
	assert_int_equal(number, 1);
	assert_true(flags_number("list", "limit", "10", 1, 10, &number));
	assert_int_equal(number, 10);
	for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++)
		assert_false(flags_number("list", "limit", BAD[i], 1, 10, &number));
	assert_int_equal(number, 10);
}

static void
a_code_is_a_word_of_its_set(void **state)
{
	uint8_t code = 0;

	(void)state;
	assert_true(flags_code("answer", "reason", NULL, CODE_SET_reason, &code));
	assert_int_equal(code, 0);
	assert_true(flags_code("answer", "reason", "full", CODE_SET_reason, &code));
	assert_int_equal(code, reason_full);
	assert_false(flags_code("answer", "reason", "Full", CODE_SET_reason, &code));
	assert_false(flags_code("answer", "reason", "", CODE_SET_reason, &code));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_stand_anywhere_and_words_keep_their_order),
		cmocka_unit_test(what_the_table_does_not_hold_is_a_usage_error),
		cmocka_unit_test(a_number_is_digits_within_its_bounds),
		cmocka_unit_test(a_code_is_a_word_of_its_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
