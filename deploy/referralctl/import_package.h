/* SPDX-License-Identifier: Apache-2.0
 * HSDS as a tabular data package: a folder of CSV files that name each other's rows by id.
 * Any version from 1.0 to 3.1 and Ohana's (import_package.def says what was called how).
 * Which file is which table its datapackage.json says, else the name of the file.  One JSON
 * object that holds the tables as lists of rows, under the names of their files, is the same.
 *
 * How it is used: import_package_is tells; then each service of import_package_next, nested as
 * HSDS 3.1, is a row like any other (import_collect_row), and its `where` names file and line.
 * What the package has beyond services is in the report: rows that are quarantined, tables and
 * columns that nobody knows, rows that no service leads to. */
#ifndef REFERRALCTL_IMPORT_PACKAGE_H
#define REFERRALCTL_IMPORT_PACKAGE_H

#include <jansson.h>

#include "deploy/referralctl/import_report.h"

struct import_package;

/* Whether a path is a folder with a table of services, its datapackage.json, one of its
 * tables, or all of them as one JSON object. */
bool import_package_is(const char *path);

/* Reads all tables.  `encoding` NULL: find each file's.
 * OK; ABSENT: no file (errno); UNSUPPORTED with *why; UNAVAILABLE: no room on disk;
 * NO_MEMORY. */
enum status import_package_open(struct import_package **package, const char *path,
    const char *encoding, struct import_report *report, const char **why) MUST_CHECK;
void import_package_close(struct import_package *package);

/* The next service, the caller's; `where` is valid until the next call.
 * OK; ABSENT: there is none, and the report has all; UNAVAILABLE; NO_MEMORY. */
enum status import_package_next(struct import_package *package, json_t **service,
    struct import_where *where) MUST_CHECK;
/* Whether a table ends within a row. */
bool import_package_is_cut(const struct import_package *package);

#endif
