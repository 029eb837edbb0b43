/* SPDX-License-Identifier: Apache-2.0
 * Settings: one table (config.def), read from a file, then from the environment.
 *
 * A new setting is one KEY line there, then `--print-config > deploy/hearthline.conf`. */
#ifndef COMMON_CONFIG_H
#define COMMON_CONFIG_H

#include <stdio.h>

#include "proto/status.h"

#define HEARTHLINE_VERSION "0.1.0"

/* Longest TEXT and longest item of a LIST.  A line of the file is at most 197 bytes
 * (inih), and the name before the value takes up to 36 of them. */
#define CONFIG_TEXT_MOST 160
#define CONFIG_LIST_MOST 1024
/* An instance's name, with the NUL. */
#define CONFIG_NAME_BYTES 64

/* How the types stand in the struct. */
#define CONFIG_FIELD_TEXT(field, largest) char field[(largest) + 1];
#define CONFIG_FIELD_LIST(field, largest) char field[(largest) + 1];
#define CONFIG_FIELD_WORD(field, largest) char field[(largest) + 1];
#define CONFIG_FIELD_COUNT(field, largest) int64_t field;
#define CONFIG_FIELD_MS(field, largest) int64_t field;
#define CONFIG_FIELD_BYTES(field, largest) int64_t field;
#define CONFIG_FIELD_YESNO(field, largest) bool field;

/* config->redis_socket, config->limits_lease (ms), config->gateway_http ... */
struct config {
	char name[CONFIG_NAME_BYTES]; /* --name, else the service's name */
#define KEY(section, name, type, fallback, least, largest, unit, help)                   \
	CONFIG_FIELD_##type(section##_##name, largest)
#include "common/config.def"
};

enum config_type {
	CONFIG_TEXT,
	CONFIG_LIST,
	CONFIG_WORD,
	CONFIG_COUNT,
	CONFIG_MS,
	CONFIG_BYTES,
	CONFIG_YESNO
};

/* One line of the table; `name` NULL ends it. */
struct config_key {
	const char *section;
	const char *name;
	enum config_type type;
	const char *fallback;   /* as it would be written in a file */
	int64_t least, largest; /* the number; of TEXT and LIST the length in bytes */
	const char *unit;       /* WORD: the legal words, separated by '|' */
	const char *help;
	size_t offset;
};

const struct config_key *config_keys(void);
/* NULL: there is no such key. */
const struct config_key *config_find(const char *section, const char *name);

/* Every key at its default; the name empty. */
void config_defaults(struct config *config);
/* Sets one key from text as in a file.  False: illegal, nothing is changed, and `why`
 * says what is wrong and what would be legal. */
bool config_set(struct config *config, const struct config_key *key, const char *value,
    char *why, size_t why_size) MUST_CHECK;
/* Writes a key's value as a file would hold it, on one line; false: cut at `size`. */
bool config_format(
    const struct config *config, const struct config_key *key, char *value, size_t size);

/* What a file may say for the key, for people: "100 ms to 1 h". */
void config_range(const struct config_key *key, char *text, size_t size);

/* Reads settings over those that `config` holds.  Every problem becomes one line
 * "FILE:LINE: SECTION.NAME: what; legal: range" in `problems`; the good keys are set.
 * OK; INVALID: there were problems. */
enum status config_read(
    struct config *config, FILE *file, const char *file_name, FILE *problems) MUST_CHECK;
/* The same from HEARTHLINE_<SECTION>_<NAME> variables ("NAME=value", NULL-terminated, as
 * environ).  Of a section of ours an unknown name is refused; other variables are none of
 * our business. */
enum status config_read_environment(
    struct config *config, char *const *environment, FILE *problems) MUST_CHECK;
/* Defaults, then the file (NULL: none), then the environment.  OK or INVALID. */
enum status config_load(
    struct config *config, const char *path, FILE *problems) MUST_CHECK;
/* Writes all keys as a file that config_read reads back to the same values, with help,
 * unit, range and default as comments. */
void config_print(const struct config *config, FILE *out);

/* Takes the next item of a LIST off the front of *rest (start with the field itself);
 * absent text: no more.  Items are never empty and have no spaces around them. */
struct text config_list_next(const char **rest);

/* The options of every service: --config FILE, --name NAME, --check-config,
 * --print-config,
 * --help, --version.  Fills `config`.  Returns -1: go on and serve; else the status to
 * exit with: 0 after an option that only prints, 1 for wrong settings, 2 for a wrong
 * option (all said already, problems on standard error, those of --check-config on
 * standard output). */
int config_main(int argc, char **argv, const char *service, const char *about,
    struct config *config) MUST_CHECK;

#endif
