/* SPDX-License-Identifier: Apache-2.0
 * The files that are given, and what they are taken for. */
#ifndef REFERRALCTL_IMPORT_INPUTS_H
#define REFERRALCTL_IMPORT_INPUTS_H

#include "deploy/referralctl/import_archive.h"
#include "deploy/referralctl/import_tabular.h"

/* Zeroed is empty.  Files stay where they are once all are open. */
struct import_inputs {
	char **names; /* owned */
	size_t names_count;
	struct import_file *files;
	size_t count; /* of those that are open */
	struct import_archive **archives;
	size_t archives_count;
	char why[ARCHIVE_WHY_BYTES]; /* an archive is not taken; empty: it is not that */
};

/* Opens each but packages of tables (`said` NULL: there are none), whose file has a name and
 * no bytes; of a folder its files of JSON (*.json, *.jsonl, *.ndjson, *.geojson) by name.
 * An archive stands for what it holds, on standard input ("-") too.
 * OK; ABSENT, UNSUPPORTED, NO_MEMORY: *wrong is the name of what cannot be read, and `why` or
 * errno says why. */
enum status import_inputs_open(struct import_inputs *inputs,
    const struct import_tabular *said, char *const *paths, size_t count,
    const char **wrong) MUST_CHECK;
void import_inputs_close(struct import_inputs *inputs);

/* What a file holds, by its first rows. */
enum import_format {
#define FORMAT(name, map, about) IMPORT_FORMAT_##name,
#include "deploy/referralctl/import_formats.def"
	IMPORT_FORMATS
};
/* Its word on the command line; the map that it is read through (NULL: none, or the user's);
 * what it is, for people. */
const char *import_format_word(enum import_format format);
const char *import_format_map(enum import_format format);
const char *import_format_about(enum import_format format);
/* IMPORT_FORMATS: there is none of that word. */
enum import_format import_format_find(const char *word);
/* IMPORT_FORMATS: it is no JSON that we know. */
enum import_format import_format_guess(const struct import_file *file);

#endif
