/* SPDX-License-Identifier: Apache-2.0
 * One JSON line per event on standard error.
 *
 * Names, phones, notes and addresses cannot get here: callers pass ids and numbers, and
 * messages are printed through message_print, which masks what the table marks. */
#ifndef COMMON_LOG_H
#define COMMON_LOG_H

#include "proto/message.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

/* The process' name ("matcher.1") and the least level that is written. */
void log_open(const char *service, enum log_level least);
/* The level of a word, LOG_INFO if it is none. */
enum log_level log_level_of(struct text word);

/* One more member of the line. */
struct log_field {
	const char *key;
	struct text text; /* used when at != NULL */
	int64_t number;   /* else this */
};
#define LOG_TEXT(key, text) ((struct log_field){ key, text, 0 })
#define LOG_STRING(key, string) ((struct log_field){ key, text_of(string), 0 })
#define LOG_NUMBER(key, number)                                                          \
	((struct log_field){ key, TEXT_ABSENT, (int64_t)(number) })

/* Writes {"at","level","service","event",...}.  Keeps errno.  More than 20 lines of one
 * event within a second are counted and the count is written with the next one.  Text is
 * escaped and cut at 512 bytes; a value that is not UTF-8, or holds a NUL, is written as
 * hexadecimal. */
void log_write(enum log_level level, const char *event, const struct log_field *fields,
    size_t count);
/* log_event(LOG_WARN, "lease_lost", LOG_TEXT("item", item), LOG_NUMBER("attempt", 3)); */
#define log_event(level, event, ...)                                                     \
	log_write(level, event, (const struct log_field[]){ __VA_ARGS__ },               \
	    sizeof((const struct log_field[]){ __VA_ARGS__ }) /                          \
	        sizeof(struct log_field))
/* A message, as message_print shows it. */
void log_message(enum log_level level, const char *event, const struct message *message);

/* For start-up only: one line "SERVICE: text" on standard error, then exit(1). */
void log_die(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

#endif
