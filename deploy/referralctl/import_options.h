/* SPDX-License-Identifier: Apache-2.0
 * What is said on the command line of referralctl import. */
#ifndef REFERRALCTL_IMPORT_OPTIONS_H
#define REFERRALCTL_IMPORT_OPTIONS_H

#include <stdio.h>

#include "deploy/referralctl/import_inputs.h"
#include "deploy/referralctl/import_other.h"

#define SOURCE_MAX_BYTES 64
#define TRANSLATIONS_MOST 8

/* Texts are those of argv. */
struct import_options {
	char **paths;
	size_t paths_count;
	const char *map;
	const char *report;
	const char *cell;
	enum directory_kind kind; /* DIRECTORY_KINDS: by the map or the first row */
	struct import_tabular tabular;
	enum import_format format; /* IMPORT_FORMATS: by the first rows */
	const char *languages[TRANSLATIONS_MOST];
	char *translated[TRANSLATIONS_MOST];
	size_t translated_count;
	char source[SOURCE_MAX_BYTES + 1];
	double most_removed_percent;
	bool is_dry_run, is_forced, is_reported_now, wants_json, wants_help;
	bool is_suggesting;
};

/* false: something was wrong, and standard error says what. */
bool import_options_read(
    int argc, char **argv, struct import_options *options) MUST_CHECK;
void import_options_help(FILE *out);

#endif
