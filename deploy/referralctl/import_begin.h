/* SPDX-License-Identifier: Apache-2.0
 * One import: what it was told, what it reads, and what it found. */
#ifndef REFERRALCTL_IMPORT_BEGIN_H
#define REFERRALCTL_IMPORT_BEGIN_H

#include "deploy/referralctl/import_apply.h"
#include "deploy/referralctl/import_options.h"

struct import {
	const struct import_options *options;
	enum directory_kind kind;
	struct places *places; /* NULL: none were imported */
	json_t *edits;         /* of import_edits_read; NULL: of services alone */
	FILE *report_file;     /* NULL: none wanted */
	struct import_map *map;
	struct import_inputs inputs, translated;
	enum import_format format;
	struct import_plan plan;
	struct import_report report;
	char version[KEY_MAX_BYTES]; /* in use when all is done; empty: none */
	struct import_target target;
	struct import_stage *stage; /* NULL: a dry run */
};

/* Says it on standard error; EXIT_FAILED. */
int import_fail(const char *what, const char *why);

/* Opens the report, then the files, then finds the format, the map and the kind.
 * EXIT_DONE, or EXIT_FAILED when it was said why; import_begin_free is due after both. */
int import_begin_open(struct import *import) MUST_CHECK;
/* Whether that file is a folder of tables. */
bool import_is_package(const struct import *import, size_t index);
/* Writes a draft of a map to standard output.  EXIT_DONE or EXIT_FAILED. */
int import_begin_suggest(const struct import_options *options) MUST_CHECK;
void import_begin_free(struct import *import);

#endif
