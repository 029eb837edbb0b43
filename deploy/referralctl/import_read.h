/* SPDX-License-Identifier: Apache-2.0
 * Rows of a JSON file, cut out without parsing them: so that a broken row costs itself only,
 * and a large file is never one tree.
 *
 * The shapes of HSDS 3.1: one object; a bare array; a Page envelope ({"contents":[...]}); an
 * object with arrays of organizations, locations and services; one object per line (ndjson).
 * Of others: the list of an envelope ({"records":[...]}, {"results":[...]} and the like).
 * A byte order mark and any line ends are taken. */
#ifndef REFERRALCTL_IMPORT_READ_H
#define REFERRALCTL_IMPORT_READ_H

#include <jansson.h>

#include "deploy/referralctl/import_report.h"

/* Larger rows are quarantined unread.  An organization with all its services is one row. */
#define IMPORT_ROW_MAX_BYTES ((uint32_t)64 << 20)

enum import_role {
	IMPORT_ROLE_any,          /* by what it holds */
	IMPORT_ROLE_organization, /* of an "organizations" array, and so on */
	IMPORT_ROLE_location,
	IMPORT_ROLE_service,
	IMPORT_ROLE_service_at_location,
};

struct import_row {
	struct text text; /* points into the file */
	enum import_role role;
	uint64_t number; /* from 1 within its list */
	uint64_t line;   /* where it begins, from 1 */
};

/* What the file says of itself; see import_rows_about. */
struct import_shape {
	bool
	    is_container; /* holds the organizations and locations that its services name */
	bool has_organizations, has_locations;
	bool is_page_of_many;
	uint64_t pages; /* so many there are; 0: not said */
	bool is_cut;    /* ends within a row: known when all rows were read */
};

struct import_rows;
/* Looks at the shape; `bytes` must outlive the rows.
 * OK; UNSUPPORTED: no JSON, another encoding, or a shape that is not taken, and *why (a
 * literal) says which; NO_MEMORY. */
enum status import_rows_open(struct import_rows **rows, const char *bytes, size_t length,
    const char **why) MUST_CHECK;
void import_rows_close(struct import_rows *rows);
/* The next row, organizations and locations before services; false: there is none. */
bool import_rows_next(struct import_rows *rows, struct import_row *row);
struct import_shape import_rows_about(const struct import_rows *rows);

/* Parses one row.  IMPORT_FINE with an object that the caller owns; else why not
 * (not_json, not_object, bad_utf8, too_large), with a line for people in `text`. */
enum import_reason import_row_parse(
    struct text row, json_t **object, char text[JSON_ERROR_TEXT_LENGTH]);

#endif
