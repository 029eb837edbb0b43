/* SPDX-License-Identifier: Apache-2.0
 * Log lines: members, levels, rate; no personal data. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <sys/wait.h>

#include "tests/unit/log_fixture.h"

static void
a_line_is_one_json_object_with_time_level_service_and_event(void **state)
{
	json_t *line;

	(void)state;
	clock_set(NOON);
	begin_capture();
	log_event(LOG_WARN, "lease_lost", LOG_STRING("item", "4bp9-1"),
	    LOG_NUMBER("attempt", -3), LOG_TEXT("stage", LITERAL("match")));
	line = only_line();
	check_member(line, "at", "2026-11-20T12:00:00.000Z");
	check_member(line, "level", "warn");
	check_member(line, "service", "matcher.1");
	check_member(line, "event", "lease_lost");
	check_member(line, "item", "4bp9-1");
	check_member(line, "stage", "match");
	assert_int_equal(json_integer_value(json_object_get(line, "attempt")), -3);
	assert_int_equal(json_object_size(line), 7);
	json_decref(line);
}

static void
lines_below_the_level_are_not_written(void **state)
{
	size_t length;
	char *bytes;

	(void)state;
	assert_int_equal(log_level_of(LITERAL("debug")), LOG_DEBUG);
	assert_int_equal(log_level_of(LITERAL("error")), LOG_ERROR);
	assert_int_equal(log_level_of(LITERAL("loud")), LOG_INFO);
	log_open("matcher.1", LOG_WARN);
	begin_capture();
	log_event(LOG_INFO, "quiet", LOG_NUMBER("n", 1));
	log_event(LOG_WARN, "heard", LOG_NUMBER("n", 1));
	log_event(LOG_ERROR, "heard", LOG_NUMBER("n", 1));
	bytes = end_capture(&length);
	assert_int_equal(count_lines(bytes), 2);
	assert_null(strstr(bytes, "quiet"));
	free(bytes);
}

static void
more_than_20_lines_of_an_event_in_a_second_are_counted(void **state)
{
	int64_t start = clock_wall_ms();
	size_t length;
	char *bytes;

	(void)state;
	begin_capture();
	for (int i = 0; i < 100; i++) {
		clock_set(start + i);
		log_event(LOG_INFO, "storm", LOG_NUMBER("n", i));
	}
	log_event(
	    LOG_INFO, "calm", LOG_NUMBER("n", 0)); /* another event is not held back */
	bytes = end_capture(&length);
	assert_int_equal(count_lines(bytes), 21);
	assert_null(strstr(bytes, "held_back"));
	free(bytes);
	clock_set(start + 1000);
	begin_capture();
	log_event(LOG_INFO, "storm", LOG_NUMBER("n", 100));
	log_event(LOG_INFO, "storm", LOG_NUMBER("n", 101));
	bytes = end_capture(&length);
	assert_int_equal(count_lines(bytes), 2);
	assert_non_null(strstr(bytes, "\"held_back\":80,\"n\":100}"));
	assert_non_null(strstr(bytes, "\"event\":\"storm\",\"n\":101}"));
	free(bytes);
}

static void
errno_is_kept(void **state)
{
	static struct message message;
	size_t length;
	int kept = dup(STDERR_FILENO);

	(void)state;
	message_init(&message, MESSAGE_NONE);
	close(STDERR_FILENO); /* every write fails now */
	errno = ENOTRECOVERABLE;
	log_event(LOG_INFO, "lost", LOG_NUMBER("n", 1));
	log_event(LOG_DEBUG, "lost", LOG_NUMBER("n", 1));
	log_message(LOG_INFO, "lost", &message);
	assert_int_equal(errno, ENOTRECOVERABLE);
	dup2(kept, STDERR_FILENO);
	close(kept);
	begin_capture();
	errno = ENOTRECOVERABLE;
	log_event(LOG_INFO, "written", LOG_NUMBER("n", 1));
	assert_int_equal(errno, ENOTRECOVERABLE);
	free(end_capture(&length));
}

/* ---- personal data ---- */

/* Writes a telling text into every TEXT and BYTES of a record: "open" where the table
 * says PLAIN all the way down, else "secret". */
static void
fill(const struct record *record, void *values, bool is_plain)
{
	for (const struct field *field = record->fields; field->name != NULL; field++) {
		char *at = (char *)values + field->offset;
		bool is_open = is_plain && field->mark == PLAIN;

		if (field->type == FIELD_TEXT || field->type == FIELD_BYTES)
			*(struct text *)(void *)at =
			    is_open ? LITERAL("open") : LITERAL("secret");
		if (field->type == FIELD_ONE)
			*(bool *)(void *)((char *)values + field->count_offset) = true;
		if (field->type == FIELD_MANY || field->type == FIELD_TEXTS)
			*(uint32_t *)(void *)((char *)values + field->count_offset) = 1;
		if (field->type == FIELD_TEXTS)
			*(struct text *)(void *)at =
			    is_open ? LITERAL("open") : LITERAL("secret");
		if (field->type == FIELD_ONE || field->type == FIELD_MANY)
			fill(field->record, at, is_open);
	}
}

static void
what_the_table_marks_is_never_printed(void **state)
{
	static struct message message;

	(void)state;
	for (unsigned kind = 1; kind < MESSAGE_KINDS; kind++) {
		const struct record *record = message_record((enum message_kind)kind);
		size_t length;
		char *bytes;

		clock_set(clock_wall_ms() + 1000);
		message_init(&message, (enum message_kind)kind);
		fill(record, &message.submit, true);
		begin_capture();
		log_message(LOG_INFO, "message", &message);
		bytes = end_capture(&length);
		assert_int_equal(count_lines(bytes), 1);
		assert_non_null(strstr(bytes, record->name));
		assert_null(strstr(bytes, "secret"));
		free(bytes);
	}
}

static void
a_message_that_is_cut_is_still_read_as_text(void **state)
{
	static struct message message;
	char id[65] = "";
	char long_text[600];
	json_t *line;

	(void)state;
	for (int i = 0; i + 1 < (int)sizeof long_text; i += 2)
		memcpy(long_text + i, "є", 2);
	for (size_t shift = 0; shift < 2; shift++) {
		clock_set(clock_wall_ms() + 1000);
		message_init(&message, MESSAGE_withdraw);
		memset(id, 'i', shift);
		message.id = text_of(id);
		message.withdraw.case_id = (struct text){ long_text, sizeof long_text };
		begin_capture();
		log_message(LOG_INFO, "message", &message);
		line = only_line();
		assert_non_null(strstr(
		    json_string_value(json_object_get(line, "message")), "case_id=є"));
		json_decref(line);
	}
}

static void
dying_says_one_line_and_exits_with_1(void **state)
{
	pid_t child;
	int status = 0;
	size_t length;
	char *bytes;

	(void)state;
	begin_capture();
	child = fork();
	if (child == 0)
		log_die("port %d is taken", 8080);
	waitpid(child, &status, 0);
	bytes = end_capture(&length);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 1);
	assert_string_equal(bytes, "matcher.1: port 8080 is taken\n");
	free(bytes);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		LOG_TEST(a_line_is_one_json_object_with_time_level_service_and_event),
		LOG_TEST(lines_below_the_level_are_not_written),
		LOG_TEST(more_than_20_lines_of_an_event_in_a_second_are_counted),
		LOG_TEST(errno_is_kept),
		LOG_TEST(what_the_table_marks_is_never_printed),
		LOG_TEST(a_message_that_is_cut_is_still_read_as_text),
		LOG_TEST(dying_says_one_line_and_exits_with_1),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
