/* SPDX-License-Identifier: Apache-2.0
 * Says what came of a command: records, and why something failed. */
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/json.h"
#include "deploy/referralctl/referralctl.h"
#include "deploy/referralctl/session.h"
#include "deploy/referralctl/sheet.h"

static void
write_problem(enum status status, const struct defects *defects, struct text state,
    uint32_t version)
{
	char *json = json_problem(status, defects, state, version, NULL);

	if (json != NULL)
		puts(json);
	free(json);
}

int
session_fail(struct session *session, enum status status, const char *format, ...)
{
	va_list arguments;

	fprintf(stderr, "referralctl %s: ", session->command);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	if (session->wants_json)
		write_problem(status, NULL, TEXT_ABSENT, UINT_ABSENT);
	return EXIT_FAILED;
}

int
session_failed(struct session *session, enum status status)
{
	fprintf(stderr, "referralctl %s: %s\n", session->command, status_about(status));
	if (session->wants_json)
		write_problem(status, NULL, TEXT_ABSENT, UINT_ABSENT);
	return EXIT_FAILED;
}

int
session_defects(const char *command, bool wants_json, enum status status,
    const struct defects *defects)
{
	fprintf(stderr, "referralctl %s: %s\n", command,
	    status == STATUS_INVALID ? "these fields are wrong:" : status_about(status));
	for (uint32_t i = 0; i < defects->count && i < DEFECTS_MAX; i++) {
		fputs("  ", stderr);
		sheet_put(text_of(defects->list[i].field), stderr);
		fprintf(stderr, "%s%s\n", defects->list[i].field[0] != '\0' ? ": " : "",
		    defects->list[i].why);
	}
	if (defects->count > DEFECTS_MAX)
		fprintf(stderr, "  and %u more\n", defects->count - DEFECTS_MAX);
	if (wants_json)
		write_problem(status, defects, TEXT_ABSENT, UINT_ABSENT);
	return EXIT_FAILED;
}

/* "intake.needs[0].term" is needs[0].term to who wrote the body. */
static struct text
without_prefix(struct text field)
{
	static const char PREFIX[] = "intake.";
	const uint32_t length = sizeof PREFIX - 1;

	if (field.length > length && memcmp(field.at, PREFIX, length) == 0)
		return (struct text){ field.at + length, field.length - length };
	return field;
}

static int
refused_defects(struct session *session, const struct refused *refused)
{
	static char whys[DEFECTS_MAX][161];
	struct defects defects = { .count = 0 };

	for (uint32_t i = 0; i < refused->defects_count && i < DEFECTS_MAX; i++) {
		struct text field = without_prefix(refused->defects[i].field);

		(void)text_copy(refused->defects[i].why, whys[i], sizeof whys[i]);
		defects_add(&defects, whys[i], "%.*s", (int)field.length, field.at);
	}
	return session_defects(session->command, session->wants_json,
	    status_of_code(refused->status), &defects);
}

int
session_refused(struct session *session, const struct refused *refused)
{
	enum status status = status_of_code(refused->status);

	if (refused->defects_count > 0)
		return refused_defects(session, refused);
	fprintf(stderr, "referralctl %s: %s", session->command, status_about(status));
	if (refused->state.length > 0)
		fprintf(stderr, "; it is %.*s", (int)refused->state.length,
		    refused->state.at);
	if (refused->version != UINT_ABSENT)
		fprintf(stderr, "%s version %u",
		    refused->state.length > 0 ? "," : "; it has", refused->version);
	fputc('\n', stderr);
	if (session->wants_json)
		write_problem(status, NULL, refused->state, refused->version);
	return EXIT_FAILED;
}

int
session_write(struct session *session, const char *key, const struct record *record,
    const void *values)
{
	char *json = json_write(record, values, MASK_NOT_PERSONAL, NULL);
	char *whole = json != NULL && key != NULL ? json_wrap(key, json, NULL) : NULL;
	int exit = EXIT_DONE;

	if (json == NULL || (key != NULL && whole == NULL))
		exit = session_failed(session, STATUS_NO_MEMORY);
	else
		puts(whole != NULL ? whole : json);
	free(whole);
	free(json);
	return exit;
}

int
session_print(struct session *session, struct json_t *root)
{
	char *text = root != NULL
	                 ? json_dumps(root, JSON_COMPACT | JSON_REAL_PRECISION(12))
	                 : NULL;
	int exit = EXIT_DONE;

	if (text != NULL)
		puts(text);
	else
		exit = session_failed(session, STATUS_NO_MEMORY);
	free(text);
	json_decref(root);
	return exit;
}
