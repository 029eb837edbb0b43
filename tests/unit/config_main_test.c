/* SPDX-License-Identifier: Apache-2.0
 * Options of every service, printed settings, the sample file. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/config.h"

#define SAMPLE "deploy/hearthline.conf"

static struct config config;
static char path[] = "/tmp/config_main_test.XXXXXX";

static char *
slurp(FILE *file)
{
	char *bytes = calloc(1, 65536);

	assert_non_null(bytes);
	rewind(file);
	assert_true(fread(bytes, 1, 65535, file) < 65535);
	return bytes;
}

/* Runs with the options; what was printed is in *out and *err, to be freed. */
static int
run(char **out, char **err, int argc, char **argv)
{
	FILE *files[2] = { tmpfile(), tmpfile() };
	int kept[2] = { dup(STDOUT_FILENO), dup(STDERR_FILENO) };
	int status;

	fflush(stdout);
	for (int i = 0; i < 2; i++)
		dup2(fileno(files[i]), i + 1);
	status =
	    config_main(argc, argv, "matcher", "finds the service for a need", &config);
	fflush(stdout);
	for (int i = 0; i < 2; i++) {
		dup2(kept[i], i + 1);
		close(kept[i]);
	}
	*out = slurp(files[0]);
	*err = slurp(files[1]);
	fclose(files[0]);
	fclose(files[1]);
	return status;
}

/* Expects a status, and texts that standard output and error begin with; "" is nothing. */
static void
expect(int status, const char *out, const char *err, int argc, char **argv)
{
	char *printed;
	char *complained;

	assert_int_equal(run(&printed, &complained, argc, argv), status);
	assert_int_equal(strncmp(printed, out, strlen(out)), 0);
	assert_int_equal(strncmp(complained, err, strlen(err)), 0);
	assert_true((*out == '\0') == (*printed == '\0'));
	assert_true((*err == '\0') == (*complained == '\0'));
	free(printed);
	free(complained);
}

#define EXPECT(status, out, err, ...)                                                    \
	expect(status, out, err,                                                         \
	    (int)(sizeof((char *[]){ __VA_ARGS__ }) / sizeof(char *)),                   \
	    (char *[]){ __VA_ARGS__, NULL })

static void
write_file(const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static int
make_file(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	close(fd);
	return fd < 0;
}

static int
remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

static void
without_options_a_service_goes_on_with_defaults_and_its_own_name(void **state)
{
	(void)state;
	EXPECT(-1, "", "", "matcher");
	assert_string_equal(config.name, "matcher");
	assert_int_equal(config.redis_connections, 4);
}

static void
file_and_name_are_taken_and_the_environment_goes_before_the_file(void **state)
{
	(void)state;
	write_file("[redis]\nconnections = 8\ncell = c9\n");
	setenv("HEARTHLINE_REDIS_CONNECTIONS", "9", 1);
	EXPECT(-1, "", "", "matcher", "--config", path, "--name", "matcher.2");
	unsetenv("HEARTHLINE_REDIS_CONNECTIONS");
	assert_string_equal(config.name, "matcher.2");
	assert_int_equal(config.redis_connections, 9);
	assert_string_equal(config.redis_cell, "c9");
}

static void
check_config_says_ok_or_every_problem(void **state)
{
	char expected[128];

	(void)state;
	write_file("[redis]\nconnections = 8\n");
	EXPECT(0, "ok\n", "", "matcher", "--check-config", "--config", path);
	write_file("[redis]\nconnections = 80\nx = 1\n");
	snprintf(expected, sizeof expected, "%s:2: redis.connections: ", path);
	EXPECT(1, expected, "", "matcher", "--config", path, "--check-config");
	EXPECT(1, "", expected, "matcher", "--config", path);
	EXPECT(1, "", expected, "matcher", "--config", path, "--print-config");
	EXPECT(
	    1, "", "/nonexistent: No such file", "matcher", "--config", "/nonexistent");
	EXPECT(1, "", "/tmp: Is a directory", "matcher", "--config", "/tmp");
	setenv("HEARTHLINE_LIMITS_LEASE", "never", 1);
	EXPECT(
	    1, "environment: HEARTHLINE_LIMITS_LEASE", "", "matcher", "--check-config");
	unsetenv("HEARTHLINE_LIMITS_LEASE");
}

static void
a_wrong_option_is_one_line_and_status_2(void **state)
{
	(void)state;
	EXPECT(2, "", "matcher: --foo: wrong option, see --help\n", "matcher", "--foo");
	EXPECT(2, "", "matcher: -x: wrong option, see --help\n", "matcher", "-x");
	EXPECT(2, "", "matcher: word: wrong option, see --help\n", "matcher", "word");
	EXPECT(2, "", "matcher: --config: wrong option, see --help\n", "matcher",
	    "--config");
	EXPECT(2, "", "matcher: a b: wrong option, see --help\n", "matcher", "--name",
	    "a b");
	EXPECT(2, "", "matcher: : wrong option, see --help\n", "matcher", "--name", "");
	EXPECT(2, "", "matcher: --help=1: wrong option, see --help\n", "matcher",
	    "--help=1");
	EXPECT(2, "", "matcher: ", "matcher", "--name",
	    "0123456789012345678901234567890123456789012345678901234567890123");
	EXPECT(-1, "", "", "matcher", "--name",
	    "012345678901234567890123456789012345678901234567890123456789012");
}

static void
help_and_version_are_printed(void **state)
{
	(void)state;
	EXPECT(0, "matcher: finds the service for a need\n", "", "matcher", "--help");
	EXPECT(0, "matcher " HEARTHLINE_VERSION "\n", "", "matcher", "--version");
}

/* ---- printed settings ---- */

/* Prints, reads back, and compares the whole struct. */
static void
check_read_back(void)
{
	FILE *file = tmpfile();
	FILE *problems = tmpfile();
	struct config back;
	char *complaints;

	assert_non_null(file);
	config_print(&config, file);
	rewind(file);
	config_defaults(&back);
	assert_int_equal(config_read(&back, file, "printed", problems), STATUS_OK);
	complaints = slurp(problems);
	assert_string_equal(complaints, "");
	assert_memory_equal(&config, &back, sizeof config);
	free(complaints);
	fclose(file);
	fclose(problems);
}

static void
printed_settings_read_back_to_the_same(void **state)
{
	(void)state;
	config_defaults(&config);
	check_read_back();
}

/* The longest text or list, the least or largest number. */
static void
set_to_its_limit(const struct config_key *key, bool is_largest)
{
	char value[CONFIG_LIST_MOST + 1] = "";
	char why[256];
	int64_t number = is_largest ? key->largest : key->least;

	if (key->type == CONFIG_TEXT || key->type == CONFIG_LIST)
		for (int64_t i = 0; i < number; i++)
			value[i] = key->type == CONFIG_LIST && i % 161 == 160 ? ',' : 'x';
	else if (key->type == CONFIG_YESNO)
		snprintf(value, sizeof value, "%s", is_largest ? "yes" : "no");
	else if (key->type == CONFIG_WORD)
		snprintf(value, sizeof value, "%s", is_largest ? "error" : "debug");
	else
		snprintf(value, sizeof value, "%lld %s", (long long)number,
		    key->type == CONFIG_MS      ? "ms"
		    : key->type == CONFIG_BYTES ? "B"
		                                : "");
	assert_true(config_set(&config, key, value, why, sizeof why));
}

static void
every_limit_of_the_table_can_be_printed_and_read_back(void **state)
{
	(void)state;
	for (int is_largest = 0; is_largest < 2; is_largest++) {
		config_defaults(&config);
		for (const struct config_key *key = config_keys(); key->name != NULL;
		     key++)
			set_to_its_limit(key, is_largest);
		check_read_back();
	}
}

static void
print_config_shows_the_values_in_use_with_help_range_and_default(void **state)
{
	(void)state;
	write_file("[limits]\nlease = 90 s\n");
	config_defaults(&config);
	for (int i = 0; i < 2; i++) {
		char *out;
		char *err;

		assert_int_equal(run(&out, &err, 4,
		                     (char *[]){ "matcher", "--print-config", "--config",
		                         path, NULL }),
		    0);
		assert_non_null(
		    strstr(out, "\n# a worker's right to an item, unless it extends it\n"
		                "# duration: 100 ms to 1 h; default 15 s\n"
		                "lease = 90 s\n"));
		free(out);
		free(err);
	}
}

static void
every_key_has_a_section_help_and_names_that_fit(void **state)
{
	char why[256];

	(void)state;
	config_defaults(&config);
	for (const struct config_key *key = config_keys(); key->name != NULL; key++) {
		char header[64];
		char *out = NULL;
		size_t size;
		FILE *file = open_memstream(&out, &size);

		assert_true(strlen(key->help) > 3);
		assert_true(strlen(key->name) + 3 + CONFIG_TEXT_MOST < 198);
		assert_true(config_set(&config, key, key->fallback, why, sizeof why));
		assert_ptr_equal(config_find(key->section, key->name), key);
		config_print(&config, file);
		fclose(file);
		snprintf(header, sizeof header, "\n[%s]\n", key->section);
		assert_non_null(strstr(out, header));
		snprintf(header, sizeof header, "\n%s = ", key->name);
		assert_non_null(strstr(out, header));
		free(out);
	}
}

static void
the_sample_file_is_what_print_config_prints(void **state)
{
	FILE *sample = fopen(SAMPLE, "r");
	FILE *printed = tmpfile();
	char *expected;
	char *found;

	(void)state;
	if (sample == NULL)
		fail_msg(
		    "%s: run --print-config > %s in the project's root", SAMPLE, SAMPLE);
	config_defaults(&config);
	config_print(&config, printed);
	expected = slurp(printed);
	found = slurp(sample);
	assert_string_equal(found, expected);
	free(expected);
	free(found);
	fclose(printed);
	fclose(sample);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    without_options_a_service_goes_on_with_defaults_and_its_own_name),
		cmocka_unit_test(
		    file_and_name_are_taken_and_the_environment_goes_before_the_file),
		cmocka_unit_test(check_config_says_ok_or_every_problem),
		cmocka_unit_test(a_wrong_option_is_one_line_and_status_2),
		cmocka_unit_test(help_and_version_are_printed),
		cmocka_unit_test(printed_settings_read_back_to_the_same),
		cmocka_unit_test(every_limit_of_the_table_can_be_printed_and_read_back),
		cmocka_unit_test(
		    print_config_shows_the_values_in_use_with_help_range_and_default),
		cmocka_unit_test(every_key_has_a_section_help_and_names_that_fit),
		cmocka_unit_test(the_sample_file_is_what_print_config_prints),
	};

	return cmocka_run_group_tests(tests, make_file, remove_file);
}
