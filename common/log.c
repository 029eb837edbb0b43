/* SPDX-License-Identifier: Apache-2.0
 * JSON lines on standard error, bounded in size and in rate. */
#include "common/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/clock.h"
#include "proto/field.h"

/* One line; a member that does not fit is left out and "cut" says so. */
#define LINE_BYTES 16384
#define LINE_END "}\n"
#define LINE_CUT ",\"cut\":1"
#define VALUE_MOST 512
/* Lines of one event in one second; events beyond the table are not held back. */
#define RATE_LINES 20
#define RATE_WINDOW_MS 1000
#define RATE_EVENTS 128
#define EVENT_BYTES 48

struct line {
	char bytes[LINE_BYTES];
	size_t length;
	bool is_full;
};

struct rate {
	char event[EVENT_BYTES];
	int64_t since_ms;
	unsigned written;
	unsigned held_back;
};

static const char *const LEVELS[] = { "debug", "info", "warn", "error" };

static char service_name[64] = "?";
static enum log_level least_level = LOG_INFO;
static struct rate rates[RATE_EVENTS];
static unsigned rate_count;

void
log_open(const char *service, enum log_level least)
{
	snprintf(service_name, sizeof service_name, "%s", service);
	least_level = least;
}

enum log_level
log_level_of(struct text word)
{
	for (unsigned i = 0; i < sizeof LEVELS / sizeof *LEVELS; i++)
		if (text_is(word, LEVELS[i]))
			return (enum log_level)i;
	return LOG_INFO;
}

static void
put(struct line *line, const char *bytes, size_t length)
{
	if (line->length + length > LINE_BYTES - sizeof LINE_CUT - sizeof LINE_END) {
		line->is_full = true;
		return;
	}
	memcpy(line->bytes + line->length, bytes, length);
	line->length += length;
}

static void
put_string(struct line *line, const char *string)
{
	put(line, string, strlen(string));
}

static void
put_hexadecimal(struct line *line, struct text text)
{
	for (uint32_t i = 0; i < text.length && i < VALUE_MOST / 2; i++) {
		char pair[3];

		snprintf(pair, sizeof pair, "%02x", (unsigned char)text.at[i]);
		put(line, pair, 2);
	}
}

static void
put_escaped(struct line *line, char character)
{
	static const char RAW[] = "\"\\\b\f\n\r\t";
	static const char LETTERS[] = "\"\\bfnrt";
	const char *found = strchr(RAW, character);
	char escape[8];

	if (found != NULL) {
		put(line, "\\", 1);
		put(line, &LETTERS[found - RAW], 1);
	} else if ((unsigned char)character < 0x20 || character == 0x7f) {
		snprintf(escape, sizeof escape, "\\u%04x", (unsigned)character);
		put_string(line, escape);
	} else {
		put(line, &character, 1);
	}
}

static void
put_text(struct line *line, struct text text)
{
	size_t length = text_cut(text.at, text.length, VALUE_MOST);

	put(line, "\"", 1);
	if (!text_is_clean(text))
		put_hexadecimal(line, text);
	else
		for (size_t i = 0; i < length; i++)
			put_escaped(line, text.at[i]);
	put(line, "\"", 1);
}

/* Whole members only: what does not fit is taken back. */
static void
put_member(struct line *line, const struct log_field *field)
{
	size_t before = line->length;
	bool was_full = line->is_full;
	char number[24];

	line->is_full = false;
	put(line, ",", 1);
	put_text(line, text_of(field->key));
	put(line, ":", 1);
	if (field->text.at != NULL) {
		put_text(line, field->text);
	} else {
		snprintf(number, sizeof number, "%lld", (long long)field->number);
		put_string(line, number);
	}
	if (line->is_full)
		line->length = before;
	line->is_full = line->is_full || was_full;
}

static struct rate *
rate_of(const char *event)
{
	for (unsigned i = 0; i < rate_count; i++)
		if (strncmp(rates[i].event, event, EVENT_BYTES - 1) == 0)
			return &rates[i];
	if (rate_count == RATE_EVENTS)
		return NULL;
	rates[rate_count] = (struct rate){ .since_ms = clock_mono_ms() };
	snprintf(rates[rate_count].event, EVENT_BYTES, "%s", event);
	return &rates[rate_count++];
}

/* Whether this line may be written; then `held_back` is what went before it unseen. */
static bool
rate_allows(const char *event, unsigned *held_back)
{
	struct rate *rate = rate_of(event);
	int64_t now_ms = clock_mono_ms();

	*held_back = 0;
	if (rate == NULL)
		return true;
	if (now_ms - rate->since_ms >= RATE_WINDOW_MS || now_ms < rate->since_ms) {
		rate->since_ms = now_ms;
		rate->written = 0;
	}
	if (rate->written == RATE_LINES) {
		rate->held_back++;
		return false;
	}
	rate->written++;
	*held_back = rate->held_back;
	rate->held_back = 0;
	return true;
}

/* One write, so that lines of several processes do not mix.  What standard error does not
 * take is lost: there is no other place to say so. */
static void
write_out(const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t done = write(STDERR_FILENO, bytes, length);

		if (done < 0 && errno != EINTR)
			return;
		if (done > 0) {
			bytes += done;
			length -= (size_t)done;
		}
	}
}

static void
write_line(enum log_level level, const char *event, const struct log_field *fields,
    size_t count, unsigned held_back)
{
	static struct line line;
	char at[CLOCK_TEXT_BYTES];

	clock_format(clock_wall_ms(), at);
	line.length = 0;
	line.is_full = false;
	put_string(&line, "{\"at\":\"");
	put_string(&line, at);
	put(&line, "\"", 1);
	put_member(&line, &LOG_STRING("level", LEVELS[level]));
	put_member(&line, &LOG_STRING("service", service_name));
	put_member(&line, &LOG_STRING("event", event));
	if (held_back > 0)
		put_member(&line, &LOG_NUMBER("held_back", held_back));
	for (size_t i = 0; i < count; i++)
		put_member(&line, &fields[i]);
	if (line.is_full) {
		memcpy(line.bytes + line.length, LINE_CUT, sizeof LINE_CUT - 1);
		line.length += sizeof LINE_CUT - 1;
	}
	memcpy(line.bytes + line.length, LINE_END, sizeof LINE_END - 1);
	write_out(line.bytes, line.length + sizeof LINE_END - 1);
}

void
log_write(
    enum log_level level, const char *event, const struct log_field *fields, size_t count)
{
	int kept_errno = errno;
	unsigned held_back;

	if (level >= least_level && rate_allows(event, &held_back))
		write_line(level, event, fields, count, held_back);
	errno = kept_errno;
}

void
log_message(enum log_level level, const char *event, const struct message *message)
{
	int kept_errno = errno;
	char printed[VALUE_MOST + 1];

	if (level >= least_level) {
		message_print(message, printed, sizeof printed);
		log_event(level, event, LOG_STRING("message", printed));
	}
	errno = kept_errno;
}

void
log_die(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fprintf(stderr, "%s: ", service_name);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	va_end(arguments);
	exit(EXIT_FAILURE);
}
