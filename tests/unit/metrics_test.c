/* SPDX-License-Identifier: Apache-2.0
 * Metrics: the values, and a text that Prometheus reads. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <dirent.h>
#include <math.h>
#include <sys/resource.h>
#include <time.h>

#include "common/clock.h"
#include "common/metrics.h"
#include "proto/message.h"
#include "tests/unit/metrics_check.h"

static char *
text(void)
{
	size_t length = 0;
	char *written = metrics_write(&length);
	int line;
	const char *problem;

	assert_non_null(written);
	assert_int_equal(strlen(written), length);
	problem = metrics_check(written, METRICS_PLAIN, &line);
	if (problem != NULL)
		fail_msg("line %d: %s\n%s", line, problem, written);
	return written;
}

/* Whether the text has exactly this line. */
static bool
has_line(const char *written, const char *line)
{
	size_t length = strlen(line);

	for (const char *at = written; (at = strstr(at, line)) != NULL; at++)
		if ((at == written || at[-1] == '\n') && at[length] == '\n')
			return true;
	return false;
}

static void
expect_line(const char *line)
{
	char *written = text();

	if (!has_line(written, line))
		fail_msg("no line \"%s\" in\n%s", line, written);
	free(written);
}

static bool
is_mentioned(const char *piece)
{
	char *written = text();
	bool is_there = strstr(written, piece) != NULL;

	free(written);
	return is_there;
}

static void
counters_without_label_stand_at_zero_from_the_start(void **state)
{
	(void)state;
	expect_line("referral_redis_reconnects_total 0");
	expect_line("# TYPE referral_redis_reconnects_total counter");
	expect_line(
	    "# HELP referral_redis_reconnects_total Connections to Redis that were lost");
	expect_line("referral_accept_seconds_count 0");
	assert_false(is_mentioned("referral_accept_total"));
}

static void
counters_add_up_by_label(void **state)
{
	(void)state;
	metrics_add(METRIC_accept_total, "ok", 1);
	metrics_add(METRIC_accept_total, "ok", 2);
	metrics_add(METRIC_accept_total, "busy", 1);
	metrics_add(METRIC_redis_reconnects_total, NULL, 1);
	expect_line("referral_accept_total{result=\"ok\"} 3");
	expect_line("referral_accept_total{result=\"busy\"} 1");
	expect_line("referral_redis_reconnects_total 1");
	assert_true(metrics_get(METRIC_accept_total, "ok") == 3);
	assert_true(metrics_get(METRIC_accept_total, "dup") == 0);
}

static void
a_gauge_is_absent_until_it_is_set_and_after_it_is_cleared(void **state)
{
	(void)state;
	assert_false(is_mentioned("referral_queue_oldest_ready_seconds"));
	metrics_set(METRIC_queue_oldest_ready_seconds, "match", 0);
	expect_line("referral_queue_oldest_ready_seconds{stage=\"match\"} 0");
	metrics_set(METRIC_queue_oldest_ready_seconds, "match", 1.5);
	metrics_set(METRIC_queue_oldest_ready_seconds, "notify", 2);
	metrics_clear(METRIC_queue_oldest_ready_seconds, "match");
	assert_false(
	    is_mentioned("referral_queue_oldest_ready_seconds{stage=\"match\"}"));
	expect_line("referral_queue_oldest_ready_seconds{stage=\"notify\"} 2");
	metrics_clear(METRIC_queue_oldest_ready_seconds, "notify");
	metrics_clear(METRIC_queue_oldest_ready_seconds, "never set");
	assert_false(is_mentioned("referral_queue_oldest_ready_seconds"));
	metrics_add(METRIC_queue_oldest_ready_seconds, "match", 4); /* not 5.5 */
	expect_line("referral_queue_oldest_ready_seconds{stage=\"match\"} 4");
	metrics_set(METRIC_redis_connected, NULL, 1);
	expect_line("referral_redis_connected 1");
	metrics_clear(METRIC_redis_connected, NULL);
	assert_false(is_mentioned("referral_redis_connected"));
}

static void
label_values_are_escaped(void **state)
{
	(void)state;
	metrics_add(METRIC_nack_total, "a\"b\\c\nd", 1);
	metrics_add(METRIC_nack_total, "tab\tbell\a", 1);
	metrics_add(METRIC_nack_total, "}\",x=\"", 1);
	expect_line("referral_nack_total{reason=\"a\\\"b\\\\c\\nd\"} 1");
	expect_line("referral_nack_total{reason=\"tab?bell?\"} 1");
	expect_line("referral_nack_total{reason=\"}\\\",x=\\\"\"} 1");
}

static void
more_than_64_label_values_are_counted_under_other(void **state)
{
	(void)state;
	for (int i = 0; i < 200; i++) {
		char label[16];

		snprintf(label, sizeof label, "%d", i);
		metrics_add(METRIC_http_requests_total, label, 1);
		metrics_add(METRIC_http_requests_total, label, 1);
	}
	assert_true(metrics_get(METRIC_http_requests_total, "63") == 2);
	assert_true(metrics_get(METRIC_http_requests_total, "64") == 0);
	assert_true(metrics_get(METRIC_http_requests_total, "other") == 2 * (200 - 64));
	expect_line("referral_http_requests_total{code=\"other\"} 272");
}

static void
long_label_values_are_cut_and_counted_together(void **state)
{
	char one[128];
	char other[128];
	char line[256];

	(void)state;
	memset(one, 'x', sizeof one);
	memset(other, 'x', sizeof other);
	one[100] = other[90] = '\0';
	metrics_add(METRIC_dead_total, one, 1);
	metrics_add(METRIC_dead_total, other, 1);
	snprintf(line, sizeof line, "referral_dead_total{stage=\"%.63s\"} 2", one);
	expect_line(line);
}

static void
an_observation_lies_in_every_bucket_above_it(void **state)
{
	(void)state;
	metrics_observe_us(METRIC_match_seconds, NULL, 0);
	metrics_observe_us(METRIC_match_seconds, NULL, 100);
	metrics_observe_us(METRIC_match_seconds, NULL, 101);
	metrics_observe_us(METRIC_match_seconds, NULL, 5000000);
	metrics_observe_us(METRIC_match_seconds, NULL, 86400000000);
	expect_line("referral_match_seconds_bucket{le=\"1e-05\"} 1");
	expect_line("referral_match_seconds_bucket{le=\"5e-05\"} 1");
	expect_line("referral_match_seconds_bucket{le=\"0.0001\"} 2");
	expect_line("referral_match_seconds_bucket{le=\"0.00025\"} 3");
	expect_line("referral_match_seconds_bucket{le=\"2.5\"} 3");
	expect_line("referral_match_seconds_bucket{le=\"5.0\"} 4");
	expect_line("referral_match_seconds_bucket{le=\"3600.0\"} 4");
	expect_line("referral_match_seconds_bucket{le=\"+Inf\"} 5");
	expect_line("referral_match_seconds_sum 86405.000201");
	expect_line("referral_match_seconds_count 5");
	assert_true(metrics_get(METRIC_match_seconds, NULL) == 5);
}

static void
what_has_passed_since_a_time_is_observed_and_since_none_is_not(void **state)
{
	(void)state;
	clock_set(5500);
	metrics_observe_since(METRIC_delivered_seconds, NULL, 3000);
	metrics_observe_since(METRIC_delivered_seconds, NULL, TIME_ABSENT);
	clock_set(-1);
	expect_line("referral_delivered_seconds_sum 2.5");
	expect_line("referral_delivered_seconds_count 1");
}

static void
numbers_keep_their_last_digit(void **state)
{
	(void)state;
	metrics_set(METRIC_credit, NULL, 0.1);
	expect_line("referral_credit 0.1");
	metrics_set(METRIC_credit, NULL, 9007199254740993.0);
	expect_line("referral_credit 9007199254740992");
	metrics_set(METRIC_credit, NULL, 1.0 / 3);
	expect_line("referral_credit 0.33333333333333331");
	metrics_set(METRIC_credit, NULL, -INFINITY);
	expect_line("referral_credit -Inf");
	metrics_set(METRIC_credit, NULL, NAN);
	expect_line("referral_credit NaN");
	metrics_clear(METRIC_credit, NULL);
}

static double
value_of(const char *name)
{
	char *written = text();
	char *at = strstr(written, name);
	double value;

	while (at != NULL && at != written && at[-1] != '\n')
		at = strstr(at + 1, name);
	assert_non_null(at);
	value = strtod(at + strlen(name), NULL);
	free(written);
	return value;
}

static void
the_process_tells_version_start_memory_and_cpu(void **state)
{
	struct rusage usage;
	double now = (double)time(NULL);

	(void)state;
	getrusage(RUSAGE_SELF, &usage);
	assert_true(is_mentioned("\nreferral_build_info{version=\""));
	assert_true(value_of("process_start_time_seconds ") > now - 600);
	assert_true(value_of("process_start_time_seconds ") < now + 2);
	assert_true(value_of("process_resident_memory_bytes ") > 1e5);
	assert_true(value_of("process_resident_memory_bytes ") <=
	            (double)usage.ru_maxrss * 1024 * 1.5);
	assert_true(
	    value_of("process_cpu_seconds_total ") >= (double)usage.ru_utime.tv_sec);
	assert_true(value_of("process_cpu_seconds_total ") < 600);
}

/* Every metric with every kind of change, through the checker. */
static void
every_metric_of_the_table_is_written_legally(void **state)
{
	(void)state;
#define COUNTER(name, label, about) metrics_add(METRIC_##name, "x\\\"\n", 1);
#define GAUGE(name, label, about) metrics_set(METRIC_##name, "x", -0.5);
#define HISTOGRAM(name, label, about) metrics_observe_us(METRIC_##name, "x", 3);
#include "common/metrics.def"
#define COUNTER(name, label, about) assert_true(is_mentioned("\nreferral_" #name));
#define GAUGE(name, label, about) assert_true(is_mentioned("\nreferral_" #name));
#define HISTOGRAM(name, label, about)                                                    \
	assert_true(is_mentioned("\nreferral_" #name "_sum"));
#include "common/metrics.def"
}

/* ---- the checker itself, on cases that others wrote ---- */

static char *
slurp(const char *folder, const char *name, const char *file)
{
	char path[1024];
	char *bytes = calloc(1, 65536);
	FILE *in;

	snprintf(path, sizeof path, "%s/%s/%s", folder, name, file);
	in = fopen(path, "r");
	assert_non_null(bytes);
	assert_non_null(in);
	assert_true(fread(bytes, 1, 65535, in) < 65535);
	fclose(in);
	return bytes;
}

/* What the checker does not know: other types, units, exemplars, time stamps, NUL. */
static bool
is_beyond(const char *name, const char *metrics)
{
	static const char *const NAMES[] = { "timestamp", "exemplar", "unit", "stateset",
		"info", "summary", "gaugehistogram", "null_byte", "_type_" };
	static const char *const WORDS[] = { "gaugehistogram", " stateset", " info",
		" summary", "# UNIT", " # {", "_created" };

	for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++)
		if (strstr(name, NAMES[i]) != NULL)
			return true;
	for (size_t i = 0; i < sizeof WORDS / sizeof *WORDS; i++)
		if (strstr(metrics, WORDS[i]) != NULL)
			return true;
	return false;
}

static void
the_checker_agrees_with_the_openmetrics_suite(void **state)
{
	const char *data = getenv("REFERRAL_DATA");
	char folder[512];
	int checked = 0;
	int differing = 0;
	struct dirent *entry;
	DIR *cases;

	(void)state;
	snprintf(folder, sizeof folder, "%s/suite-openmetrics/parsers",
	    data != NULL ? data : "../shared/data");
	cases = opendir(folder);
	if (cases == NULL)
		skip();
	while ((entry = readdir(cases)) != NULL) {
		int line;
		char *metrics;
		char *expected;

		if (entry->d_name[0] == '.')
			continue;
		metrics = slurp(folder, entry->d_name, "metrics");
		expected = slurp(folder, entry->d_name, "test.json");
		if (!is_beyond(entry->d_name, metrics)) {
			bool is_legal = strstr(expected, "\"shouldParse\": true") != NULL;
			const char *problem = metrics_check(metrics, METRICS_OPEN, &line);

			checked++;
			if (is_legal != (problem == NULL)) {
				differing++;
				print_message("%s: %s\n%s\n", entry->d_name,
				    problem ? problem : "taken", metrics);
			}
		}
		free(metrics);
		free(expected);
	}
	closedir(cases);
	print_message("%d cases, %d differ\n", checked, differing);
	assert_true(checked > 100);
	assert_int_equal(differing, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_checker_agrees_with_the_openmetrics_suite),
		cmocka_unit_test(counters_without_label_stand_at_zero_from_the_start),
		cmocka_unit_test(counters_add_up_by_label),
		cmocka_unit_test(
		    a_gauge_is_absent_until_it_is_set_and_after_it_is_cleared),
		cmocka_unit_test(label_values_are_escaped),
		cmocka_unit_test(more_than_64_label_values_are_counted_under_other),
		cmocka_unit_test(long_label_values_are_cut_and_counted_together),
		cmocka_unit_test(an_observation_lies_in_every_bucket_above_it),
		cmocka_unit_test(
		    what_has_passed_since_a_time_is_observed_and_since_none_is_not),
		cmocka_unit_test(numbers_keep_their_last_digit),
		cmocka_unit_test(the_process_tells_version_start_memory_and_cpu),
		cmocka_unit_test(every_metric_of_the_table_is_written_legally),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
