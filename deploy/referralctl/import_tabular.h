/* SPDX-License-Identifier: Apache-2.0
 * Tables and packages of tables among the files of an import: what a file is, and what is in
 * a package into the pass. */
#ifndef REFERRALCTL_IMPORT_TABULAR_H
#define REFERRALCTL_IMPORT_TABULAR_H

#include "deploy/referralctl/import_collect.h"

/* What people said. */
struct import_tabular {
	const char *format;   /* "auto", "table", "package", or what is none of them */
	const char *encoding; /* NULL: find it */
};

/* Whether a path is to be read as a package, which is not opened as a file. */
bool import_tabular_is_package(const struct import_tabular *said, const char *path);
/* Whether a file is a table: no JSON, and rows of several cells. */
bool import_tabular_is_table(
    const struct import_tabular *said, const struct import_file *file);

/* The map whose columns a table has; noted in the report.  OK; UNSUPPORTED with *why;
 * UNAVAILABLE; NO_MEMORY. */
enum status import_tabular_find_map(const struct import_tabular *said,
    const struct import_file *file, struct import_report *report, struct import_map **map,
    const char **why) MUST_CHECK;

/* Writes a draft of a map for a table (import_suggest.h) to `out`.  OK; UNSUPPORTED with *why;
 * UNAVAILABLE: it cannot be written; NO_MEMORY. */
enum status import_tabular_suggest_map(const struct import_tabular *said,
    const struct import_file *file, FILE *out, const char **why) MUST_CHECK;

/* Takes the services that a table's rows make together (import_map_parts.h) into the pass.
 * As below. */
enum status import_tabular_take_parts(const struct import_tabular *said,
    const struct import_file *file, const struct import_map *map, struct text source,
    struct import_collect *collect, struct import_report *report,
    const char **why) MUST_CHECK;
/* Takes every service into the pass.  OK; UNSUPPORTED with *why; UNAVAILABLE; NO_MEMORY; what
 * the pass said. */
enum status import_tabular_take_package(const struct import_tabular *said,
    const char *path, struct import_collect *collect, struct import_report *report,
    const char **why) MUST_CHECK;

#endif
