/* SPDX-License-Identifier: Apache-2.0
 * Rows of a package's tables, of whatever version, as parts of HSDS 3.1. */
#ifndef REFERRALCTL_IMPORT_PACKAGE_ROW_H
#define REFERRALCTL_IMPORT_PACKAGE_ROW_H

#include <jansson.h>

#include "deploy/referralctl/import_hsds.h"
#include "deploy/referralctl/import_report.h"

/* A kind of table. */
struct package_table;

/* By the name of its file without ".csv"; NULL: no table of HSDS. */
const struct package_table *package_table_find(const char *name);
const struct hsds_entity *package_table_entity(const struct package_table *table);

/* What HSDS makes of a column of such a table: NULL: nothing, it is kept under "x_". */
bool package_table_knows(const struct package_table *table, const char *column);
/* Makes a row a part, in place.  IMPORT_FINE, or why it is refused. */
enum import_reason package_row_settle(const struct package_table *table, json_t *row);

#endif
