/* SPDX-License-Identifier: Apache-2.0
 * Settings: read from file and environment, every problem named. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "common/config.h"

static struct config config;

static int
set_defaults(void **state)
{
	(void)state;
	config_defaults(&config);
	return 0;
}

/* Reads a file's text over `config`; returns the problems, to be freed. */
static char *
read_text(const char *text, size_t length)
{
	FILE *file = fmemopen((void *)(uintptr_t)text, length, "r");
	char *problems = NULL;
	size_t size;
	FILE *out = open_memstream(&problems, &size);
	enum status status;

	assert_non_null(file);
	assert_non_null(out);
	status = config_read(&config, file, "a.conf", out);
	fclose(file);
	fclose(out);
	assert_int_equal(status, size == 0 ? STATUS_OK : STATUS_INVALID);
	return problems;
}

static void
expect_problems(const char *text, const char *expected)
{
	char *problems = read_text(text, strlen(text));

	assert_string_equal(problems, expected);
	free(problems);
}

static void
expect_environment(char *const *environment, const char *expected)
{
	char *problems = NULL;
	size_t size;
	FILE *out = open_memstream(&problems, &size);
	enum status status;

	assert_non_null(out);
	status = config_read_environment(&config, environment, out);
	fclose(out);
	assert_int_equal(status, size == 0 ? STATUS_OK : STATUS_INVALID);
	assert_string_equal(problems, expected);
	free(problems);
}

/* ---- values ---- */

static void
defaults_are_those_of_the_table(void **state)
{
	(void)state;
	assert_string_equal(config.redis_socket, "redis.sock");
	assert_int_equal(config.redis_connections, 4);
	assert_int_equal(config.redis_timeout, 5000);
	assert_string_equal(config.gateway_http, "127.0.0.1:8080");
	assert_true(config.matcher_handoff);
	assert_false(config.notifier_webhook_private);
	assert_string_equal(config.log_level, "info");
	assert_int_equal(config.limits_body, 256 * 1024);
	assert_int_equal(config.limits_backoff_most, 3600000);
	assert_int_equal(config.clocks_emergency_remind, 15 * 60 * 1000);
	assert_int_equal(config.clocks_normal_expire, 4 * 86400000);
}

static void
every_unit_is_read_with_and_without_a_space(void **state)
{
	static const struct {
		const char *value;
		int64_t ms;
	} DURATIONS[] = { { "250ms", 250 }, { "250 ms", 250 }, { "3s", 3000 },
		{ "2 min", 120000 }, { "1\th", 3600000 }, { "07 s", 7000 },
		{ "30 d", 30 * INT64_C(86400000) }, { "0", 0 }, { "0 h", 0 } };
	static const struct {
		const char *value;
		int64_t bytes;
	} SIZES[] = { { "1024 B", 1024 }, { "1kB", 1024 }, { "16 MB", 16777216 } };
	const struct config_key *remind = config_find("clocks", "normal_remind");
	const struct config_key *body = config_find("limits", "body");
	char why[256];

	(void)state;
	for (size_t i = 0; i < sizeof DURATIONS / sizeof *DURATIONS; i++) {
		assert_true(
		    config_set(&config, remind, DURATIONS[i].value, why, sizeof why));
		assert_int_equal(config.clocks_normal_remind, DURATIONS[i].ms);
	}
	for (size_t i = 0; i < sizeof SIZES / sizeof *SIZES; i++) {
		assert_true(config_set(&config, body, SIZES[i].value, why, sizeof why));
		assert_int_equal(config.limits_body, SIZES[i].bytes);
	}
}

/* SECTION.NAME, a value, and what is wrong with it. */
static const struct {
	const char *key, *value, *problem;
} ILLEGAL[] = {
	{ "limits.lease", "5", "is no duration in ms, s, min, h or d" },
	{ "limits.lease", "0", "is out of range" },
	{ "limits.lease", "99 ms", "is out of range" },
	{ "limits.lease", "3600001 ms", "is out of range" },
	{ "limits.lease", "1.5 s", "is no duration in ms, s, min, h or d" },
	{ "limits.lease", "5 parsecs", "is no duration in ms, s, min, h or d" },
	{ "limits.lease", "5 S", "is no duration in ms, s, min, h or d" },
	{ "limits.lease", "-5 s", "does not begin with a digit" },
	{ "limits.lease", "", "does not begin with a digit" },
	{ "limits.lease", "9223372036854775808 ms", "is out of range" },
	{ "limits.lease", "9223372036854775807 d", "is out of range" },
	{ "limits.body", "1 kb", "is no size in B, kB, MB or GB" },
	{ "limits.body", "18014398509481985 kB", "is out of range" }, /* wraps to 1 kB */
	{ "limits.body", "1 GB", "is out of range" },
	{ "limits.memory_share", "101", "is out of range" },
	{ "limits.memory_share", "9", "is out of range" },
	{ "limits.memory_share", "85 %", "is not a whole number" },
	{ "limits.memory_share", "0x55", "is not a whole number" },
	{ "intake.handoff", "true", "is neither yes nor no" },
	{ "intake.handoff", "Yes", "is neither yes nor no" },
	{ "log.level", "loud", "is none of the words" },
	{ "log.level", "", "is none of the words" },
	{ "log.level", "info|warn", "is none of the words" },
	{ "redis.cell", "", "is empty" },
	{ "redis.cell", "0123456789abcdef0123456789abcdefX", "has a wrong length" },
	{ "redis.cell", "a\nb", "holds a control character or ';'" },
	{ "redis.cell", "a;b", "holds a control character or ';'" },
	{ "matcher.upstream", "ipc://a,,ipc://b", "has an empty item" },
	{ "matcher.upstream", ",", "has an empty item" },
	{ "matcher.upstream", "ipc://a ipc://b",
	    "has an item that is too long or holds a space" },
	{ "matcher.upstream", "", "is empty" },
};

/* What config_range says of the keys above. */
static const struct {
	const char *key, *range;
} RANGES[] = {
	{ "limits.lease", "100 ms to 1 h" },
	{ "limits.body", "1 kB to 16 MB" },
	{ "limits.memory_share", "10 to 100" },
	{ "intake.handoff", "yes or no" },
	{ "log.level", "one of debug|info|warn|error" },
	{ "redis.cell", "1 to 32 bytes" },
	{ "matcher.upstream", "6 to 1024 bytes, separated by commas" },
};

static const struct config_key *
key_of(const char *dotted)
{
	for (const struct config_key *key = config_keys(); key->name != NULL; key++) {
		char name[80];

		snprintf(name, sizeof name, "%s.%s", key->section, key->name);
		if (strcmp(name, dotted) == 0)
			return key;
	}
	fail_msg("no key %s", dotted);
	return NULL;
}

static void
illegal_values_change_nothing_and_say_what_is_legal(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof ILLEGAL / sizeof *ILLEGAL; i++) {
		const struct config_key *key = key_of(ILLEGAL[i].key);
		struct config before = config;
		char why[256];
		char expected[256];
		char range[128];

		assert_false(config_set(&config, key, ILLEGAL[i].value, why, sizeof why));
		config_range(key, range, sizeof range);
		snprintf(expected, sizeof expected, "\"%s\" %s; legal: %s",
		    ILLEGAL[i].value, ILLEGAL[i].problem, range);
		for (char *at = expected; *at != '\0'; at++)
			*at = *at == '\n' ? '?' : *at;
		assert_string_equal(why, expected);
		assert_memory_equal(&before, &config, sizeof config);
	}
}

static void
the_legal_range_is_said_in_words_of_the_file(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof RANGES / sizeof *RANGES; i++) {
		char range[128];

		config_range(key_of(RANGES[i].key), range, sizeof range);
		assert_string_equal(range, RANGES[i].range);
	}
}

/* ---- files ---- */

static void
a_file_sets_what_it_names_and_nothing_else(void **state)
{
	(void)state;
	expect_problems("\xef\xbb\xbf# a comment\r\n"
	                "[redis]\r\n"
	                "connections = 8 ; a comment behind\n"
	                "\n"
	                "; another comment\n"
	                "timeout: 250 ms\n"
	                "[limits]\n"
	                "  lease=1 min\n"
	                "[redis]\n"
	                "cell = a cell with spaces",
	    "");
	assert_int_equal(config.redis_connections, 8);
	assert_int_equal(config.redis_timeout, 250);
	assert_int_equal(config.limits_lease, 60000);
	assert_string_equal(config.redis_cell, "a cell with spaces");
	assert_string_equal(config.redis_socket, "redis.sock");
}

static void
all_problems_of_a_file_are_listed_and_the_good_keys_are_set(void **state)
{
	(void)state;
	expect_problems("early = 1\n"
	                "[redis]\n"
	                "connections = 99\n"
	                "timeout = soon\n"
	                "nonsense\n"
	                "colour = red\n"
	                "cell = c7\n"
	                "cell = c8\n"
	                "cell = c9\n"
	                "[colours]\n"
	                "red = 1\n"
	                "[limits\n"
	                "lease = 1 s\n"
	                "[log]\n"
	                "level = loud\n"
	                "= 5\n",
	    "a.conf:1: early: there is no such key\n"
	    "a.conf:3: redis.connections: \"99\" is out of range; legal: 1 to 64\n"
	    "a.conf:4: redis.timeout: \"soon\" does not begin with a digit; legal: 10 ms "
	    "to 5 min\n"
	    "a.conf:5: neither a section, a comment nor NAME = VALUE\n"
	    "a.conf:6: redis.colour: there is no such key\n"
	    "a.conf:8: redis.cell: given twice, first in line 7\n"
	    "a.conf:9: redis.cell: given twice, first in line 7\n"
	    "a.conf:10: [colours]: there is no such section\n"
	    "a.conf:12: a section header without ]\n"
	    "a.conf:15: log.level: \"loud\" is none of the words; legal: one of "
	    "debug|info|warn|error\n"
	    "a.conf:16: log.: there is no such key\n");
	assert_string_equal(config.redis_cell, "c7");
	assert_int_equal(config.redis_connections, 4);
	assert_int_equal(config.limits_lease, 15000);
}

static void
a_list_goes_on_in_lines_that_begin_with_a_space(void **state)
{
	const char *rest = config.matcher_upstream;

	(void)state;
	expect_problems("[matcher]\n"
	                "upstream = ipc://a , ipc://b,\n"
	                "\t ipc://c,\n"
	                "# between\n"
	                "  ipc://d\n",
	    "");
	assert_string_equal(config.matcher_upstream, "ipc://a,ipc://b,ipc://c,ipc://d");
	for (const char *expected = "abcd"; *expected != '\0'; expected++) {
		struct text item = config_list_next(&rest);

		assert_int_equal(item.length, 7);
		assert_int_equal(item.at[6], *expected);
	}
	assert_null(config_list_next(&rest).at);
	expect_problems("[redis]\ncell = a\n  b\n",
	    "a.conf:3: redis.cell: a line that begins with a space goes on with it, but "
	    "it is "
	    "no list\n");
}

static void
lines_that_are_too_long_and_nul_bytes_are_refused(void **state)
{
	char text[1024];
	char *problems;

	(void)state;
	snprintf(text, sizeof text, "[redis]\ncell = %0300d\nconnections = 7\n# %0400d\n",
	    1, 2);
	expect_problems(text, "a.conf:2: a line of more than 199 bytes\n");
	assert_int_equal(config.redis_connections, 7);
	memcpy(text, "[redis]\ncell = x\0y\n", 20);
	problems = read_text(text, 19);
	assert_string_equal(problems, "a.conf:2: a NUL byte\n");
	free(problems);
	assert_string_equal(config.redis_cell, "c1");
}

static void
names_from_outside_are_shown_without_control_characters(void **state)
{
	(void)state;
	expect_problems("[\x1b[31m]\n[redis]\n\x1b[2J = 1\n",
	    "a.conf:1: [?[31m]: there is no such section\n"
	    "a.conf:3: redis.?[2J: there is no such key\n");
}

/* ---- the environment ---- */

static void
the_environment_goes_before_the_file(void **state)
{
	char *environment[] = { "HOME=/root", "HEARTHLINE_REDIS_CONNECTIONS=16",
		"HEARTHLINE_CLOCKS_EMERGENCY_REMIND=0", "HEARTHLINE_ELSEWHERE=1", NULL };

	(void)state;
	expect_problems("[redis]\nconnections = 8\ncell = c2\n", "");
	expect_environment(environment, "");
	assert_int_equal(config.redis_connections, 16);
	assert_int_equal(config.clocks_emergency_remind, 0);
	assert_string_equal(config.redis_cell, "c2");
}

static void
every_problem_of_the_environment_is_named(void **state)
{
	char *environment[] = { "HEARTHLINE_REDIS_CONNECTIONS=0",
		"HEARTHLINE_REDIS_CELLS=c1", "HEARTHLINE_LOG_=info",
		"HEARTHLINE_LIMITS_LEASE", "HEARTHLINE_LOG_LEVEL=warn", NULL };

	(void)state;
	expect_environment(environment,
	    "environment: HEARTHLINE_REDIS_CONNECTIONS (redis.connections): \"0\" is out "
	    "of "
	    "range; legal: 1 to 64\n"
	    "environment: HEARTHLINE_REDIS_CELLS: there is no such key\n"
	    "environment: HEARTHLINE_LOG_: there is no such key\n"
	    "environment: HEARTHLINE_LIMITS_LEASE (limits.lease): \"\" does not begin "
	    "with a "
	    "digit; legal: 100 ms to 1 h\n");
	assert_string_equal(config.log_level, "warn");
}

#define CONFIG_UNIT_TEST(test) cmocka_unit_test_setup(test, set_defaults)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CONFIG_UNIT_TEST(defaults_are_those_of_the_table),
		CONFIG_UNIT_TEST(every_unit_is_read_with_and_without_a_space),
		CONFIG_UNIT_TEST(illegal_values_change_nothing_and_say_what_is_legal),
		CONFIG_UNIT_TEST(the_legal_range_is_said_in_words_of_the_file),
		CONFIG_UNIT_TEST(a_file_sets_what_it_names_and_nothing_else),
		CONFIG_UNIT_TEST(
		    all_problems_of_a_file_are_listed_and_the_good_keys_are_set),
		CONFIG_UNIT_TEST(a_list_goes_on_in_lines_that_begin_with_a_space),
		CONFIG_UNIT_TEST(lines_that_are_too_long_and_nul_bytes_are_refused),
		CONFIG_UNIT_TEST(names_from_outside_are_shown_without_control_characters),
		CONFIG_UNIT_TEST(the_environment_goes_before_the_file),
		CONFIG_UNIT_TEST(every_problem_of_the_environment_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
