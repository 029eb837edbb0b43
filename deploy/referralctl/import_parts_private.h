/* SPDX-License-Identifier: Apache-2.0
 * Parts as they are kept.  For import_parts.c and import_parts_join.c only. */
#ifndef REFERRALCTL_IMPORT_PARTS_PRIVATE_H
#define REFERRALCTL_IMPORT_PARTS_PRIVATE_H

#include <sqlite3.h>

#include "deploy/referralctl/import_parts.h"

#define ID_TEXT_BYTES 64
#define ENTITIES_MAX 64

enum statement { ADD_PART, ADD_NAME, CHILDREN, BY_ID, USE, SERVICES, STATEMENTS };

struct import_parts {
	struct import_report *report;
	sqlite3 *database;
	sqlite3_stmt *statements[STATEMENTS];
	bool is_expected[ENTITIES_MAX];
	bool is_owner[ENTITIES_MAX]; /* some part names one of these */
	const char **files;          /* borrowed names, by number */
	size_t files_count;
	bool is_reading;
	char id[ID_TEXT_BYTES + 1];
};

enum status parts_status(int code);
/* Steps once and resets. */
enum status parts_run(struct import_parts *parts, enum statement which);
void parts_bind(sqlite3_stmt *statement, int index, struct text text);
struct text parts_text(sqlite3_stmt *statement, int column);
/* What an entity is called in the database. */
int parts_number(const struct hsds_entity *entity);
/* The list of an entity that holds parts of a kind; NULL: none does. */
const struct hsds_field *parts_list(
    const struct hsds_entity *entity, const struct hsds_entity *part);
/* Reports each row (seq, id, file, row, line, field, why) of a query, one for a seq. */
enum status parts_report(
    struct import_parts *parts, const char *query, enum import_reason reason);

#endif
