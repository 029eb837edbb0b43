/* SPDX-License-Identifier: Apache-2.0
 * Settings from a file (inih) and from the environment; every problem is named. */
#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/config.h"

#define ENVIRONMENT_PREFIX "HEARTHLINE_"
#define NAME_MOST 40

enum {
	KEY_COUNT = 0
#define KEY(section, name, type, fallback, least, largest, unit, help) +1
#include "common/config.def"
};

/* inih reports neither line numbers to its handler nor more than one bad line, so the
 * reader that feeds it keeps both. */
struct reader {
	struct config *config;
	FILE *file;
	const char *file_name;
	FILE *problems;
	char *bytes; /* of getline */
	size_t size;
	unsigned line;
	unsigned problem_count;
	unsigned set_on_line[KEY_COUNT]; /* by position in the table; 0: not yet */
	bool is_awaited;                 /* this line must reach the handler */
	bool is_after_key;  /* a line that begins with a space goes on with it */
	bool is_continued;  /* this one does */
	bool is_in_section; /* below a header of ours */
	bool is_in_unknown; /* below a header that was refused */
};

static void complain(struct reader *reader, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void
complain(struct reader *reader, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fprintf(reader->problems, "%s:", reader->file_name);
	if (reader->line > 0)
		fprintf(reader->problems, "%u:", reader->line);
	fputc(' ', reader->problems);
	vfprintf(reader->problems, format, arguments);
	fputc('\n', reader->problems);
	va_end(arguments);
	reader->problem_count++;
}

/* Names from outside are shown as far as they can be names. */
static const char *
shown(const char *name, char buffer[NAME_MOST + 1])
{
	snprintf(buffer, NAME_MOST + 1, "%s", name);
	for (char *at = buffer; *at != '\0'; at++)
		if (!isgraph((unsigned char)*at))
			*at = '?';
	return buffer;
}

static bool
is_section(const char *name)
{
	for (const struct config_key *key = config_keys(); key->name != NULL; key++)
		if (strcmp(key->section, name) == 0)
			return true;
	return false;
}

/* inih calls its handler for keys only, so headers are looked at here.  False: it is
 * none. */
static bool
look_at_header(struct reader *reader, const char *header)
{
	const char *end = strchr(header, ']');
	char name[NAME_MOST + 1];
	char buffer[NAME_MOST + 1];

	reader->is_in_section = false;
	reader->is_in_unknown = true;
	if (end == NULL) {
		complain(reader, "a section header without ]");
		return false;
	}
	snprintf(name, sizeof name, "%.*s", (int)(end - header - 1), header + 1);
	reader->is_in_section = is_section(name);
	reader->is_in_unknown = !reader->is_in_section;
	if (reader->is_in_unknown)
		complain(reader, "[%s]: there is no such section", shown(name, buffer));
	reader->is_after_key = false;
	return true;
}

static void
miss(struct reader *reader)
{
	if (reader->is_awaited)
		complain(reader, "neither a section, a comment nor NAME = VALUE");
	reader->is_awaited = false;
}

/* Whether the line goes to inih as it is; else as an empty one. */
static bool
look_at_line(struct reader *reader, const char *line, size_t length, int room)
{
	const char *start = line + strspn(line, " \t\r");

	if (strlen(line) != length) {
		complain(reader, "a NUL byte");
		return false;
	}
	if (*start == '#' || *start == ';' || *start == '\0')
		return false;
	if (length >= (size_t)room) {
		complain(reader, "a line of more than %d bytes", room - 1);
		return false;
	}
	reader->is_continued = start > line && reader->is_after_key;
	if (*start == '[' && !reader->is_continued)
		return look_at_header(reader, start);
	reader->is_awaited = true;
	return true;
}

static char *
read_line(char *buffer, int room, void *stream)
{
	struct reader *reader = stream;
	ssize_t got;
	size_t length;
	size_t mark = 0;

	miss(reader);
	got = getline(&reader->bytes, &reader->size, reader->file);
	if (got < 0)
		return NULL;
	reader->line++;
	length = (size_t)got;
	while (length > 0 &&
	       (reader->bytes[length - 1] == '\n' || reader->bytes[length - 1] == '\r'))
		reader->bytes[--length] = '\0';
	if (reader->line == 1 && strncmp(reader->bytes, "\xef\xbb\xbf", 3) == 0)
		mark = 3;
	if (!look_at_line(reader, reader->bytes + mark, length - mark, room))
		length = mark;
	memcpy(buffer, reader->bytes + mark, length - mark);
	buffer[length - mark] = '\0';
	return buffer;
}

/* The value as one line: a LIST that goes on is put behind what it has so far. */
static bool
set(struct reader *reader, const struct config_key *key, const char *value)
{
	char joined[CONFIG_LIST_MOST + 256];
	char why[256];
	size_t used = 0;

	if (reader->is_continued) {
		if (!config_format(reader->config, key, joined, sizeof joined))
			return false;
		used = strlen(joined);
		joined[used++] = ',';
	}
	snprintf(joined + used, sizeof joined - used, "%s", value);
	if (config_set(reader->config, key, joined, why, sizeof why))
		return true;
	complain(reader, "%s.%s: %s", key->section, key->name, why);
	return false;
}

static int
on_value(void *self, const char *section, const char *name, const char *value)
{
	struct reader *reader = self;
	const struct config_key *key = config_find(section, name);
	char buffer[NAME_MOST + 1];
	unsigned *set_on_line;

	reader->is_awaited = false;
	reader->is_after_key = reader->is_continued || name[0] != '\0';
	if (reader->is_in_unknown)
		return 1;
	if (key == NULL) {
		complain(reader, "%s%s%s: there is no such key", section,
		    reader->is_in_section ? "." : "", shown(name, buffer));
		return 1;
	}
	set_on_line = &reader->set_on_line[key - config_keys()];
	if (reader->is_continued && key->type != CONFIG_LIST)
		complain(reader,
		    "%s.%s: a line that begins with a space goes on with it, but it is "
		    "no list",
		    key->section, key->name);
	else if (!reader->is_continued && *set_on_line != 0)
		complain(reader, "%s.%s: given twice, first in line %u", key->section,
		    key->name, *set_on_line);
	else
		set(reader, key, value);
	if (*set_on_line == 0)
		*set_on_line = reader->line;
	return 1;
}

enum status
config_read(struct config *config, FILE *file, const char *file_name, FILE *problems)
{
	struct reader reader = { .config = config,
		.file = file,
		.file_name = file_name,
		.problems = problems };
	int result = ini_parse_stream(read_line, &reader, on_value, &reader);

	if (ferror(file))
		complain(&reader, "%s", strerror(errno));
	else if (result != 0 && reader.problem_count == 0)
		complain(&reader, "line %d cannot be read", result);
	free(reader.bytes);
	return reader.problem_count == 0 ? STATUS_OK : STATUS_INVALID;
}

/* Whether a variable's name is PREFIX SECTION _ NAME, in capitals; `name` NULL: any. */
static bool
is_variable(const char *variable, size_t length, const char *section, const char *name)
{
	char expected[128];
	int used = snprintf(expected, sizeof expected, ENVIRONMENT_PREFIX "%s_%s",
	    section, name != NULL ? name : "");

	for (char *at = expected; *at != '\0'; at++)
		*at = (char)toupper((unsigned char)*at);
	return (name != NULL ? (size_t)used == length : (size_t)used <= length) &&
	       memcmp(variable, expected, (size_t)used) == 0;
}

/* False: a problem, which was written. */
static bool
read_variable(struct config *config, const char *variable, FILE *problems)
{
	size_t length = strcspn(variable, "=");
	bool is_ours = false;
	char why[256];
	char buffer[NAME_MOST + 1];

	for (const struct config_key *key = config_keys(); key->name != NULL; key++) {
		is_ours = is_ours || is_variable(variable, length, key->section, NULL);
		if (!is_variable(variable, length, key->section, key->name))
			continue;
		if (config_set(config, key, variable + length + (variable[length] == '='),
		        why, sizeof why))
			return true;
		fprintf(problems, "environment: %.*s (%s.%s): %s\n", (int)length,
		    variable, key->section, key->name, why);
		return false;
	}
	if (is_ours)
		fprintf(problems, "environment: %.*s: there is no such key\n",
		    (int)length, shown(variable, buffer));
	return !is_ours;
}

enum status
config_read_environment(struct config *config, char *const *environment, FILE *problems)
{
	enum status status = STATUS_OK;

	for (; *environment != NULL; environment++)
		if (strncmp(*environment, ENVIRONMENT_PREFIX,
		        strlen(ENVIRONMENT_PREFIX)) == 0 &&
		    !read_variable(config, *environment, problems))
			status = STATUS_INVALID;
	return status;
}

enum status
config_load(struct config *config, const char *path, FILE *problems)
{
	enum status status = STATUS_OK;
	FILE *file;

	config_defaults(config);
	if (path != NULL) {
		file = fopen(path, "re");
		if (file == NULL) {
			fprintf(problems, "%s: %s\n", path, strerror(errno));
			status = STATUS_INVALID;
		} else {
			status = config_read(config, file, path, problems);
			fclose(file);
		}
	}
	if (config_read_environment(config, environ, problems) != STATUS_OK)
		status = STATUS_INVALID;
	return status;
}
