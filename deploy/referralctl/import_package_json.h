/* SPDX-License-Identifier: Apache-2.0
 * A tabular data package as one JSON object: its tables by the names of their files, each a
 * list of flat rows. */
#ifndef REFERRALCTL_IMPORT_PACKAGE_JSON_H
#define REFERRALCTL_IMPORT_PACKAGE_JSON_H

#include "deploy/referralctl/import_table.h"

/* Whether a path is a file of that shape, with a table of services. */
bool package_json_is(const char *path);

struct package_json_reader {
	void *self;
	/* "services.csv"; false: its rows are passed over. */
	bool (*begins)(void *self, const char *table);
	/* The cells are texts as a table of CSV has them; what is no row says why. */
	enum status (*takes)(void *self, struct import_table_row *row);
};
/* Reads table after table, row after row.  *is_cut: it ends within one.
 * OK, or what a reader's function said; ABSENT: no file (errno); NO_MEMORY. */
enum status package_json_read(
    const char *path, const struct package_json_reader *reader, bool *is_cut) MUST_CHECK;

#endif
