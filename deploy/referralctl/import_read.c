/* SPDX-License-Identifier: Apache-2.0
 * Rows by the shape of the file; jansson judges what is in them. */
#include "deploy/referralctl/import_read.h"

#include <stdlib.h>

#include "deploy/referralctl/import_scan.h"

enum shape { SHAPE_LINES, SHAPE_LISTS, SHAPE_VALUES };

struct list {
	const char *at; /* behind its "[", or the first value */
	enum import_role role;
};

struct import_rows {
	const char *begin;
	const char *end;
	const char *at; /* the next row is looked for here */
	enum shape shape;
	struct list lists[8]; /* SHAPE_LISTS, in the order they are given */
	size_t lists_count;
	size_t list; /* the one that is read */
	uint64_t number;
	const char *counted_to; /* lines are counted up to here */
	uint64_t line;
	struct import_shape about;
};

/* ---- the shape ---- */

static void
add_list(struct import_rows *rows, const struct scan_member *list, enum import_role role)
{
	if (list != NULL)
		rows->lists[rows->lists_count++] = (struct list){ list->value + 1, role };
}

/* What services refer to comes first. */
static void
open_container(struct import_rows *rows, const struct scan_member *members, size_t count)
{
	const struct scan_member *organizations =
	    scan_find_list(members, count, "organizations");
	const struct scan_member *locations = scan_find_list(members, count, "locations");

	rows->shape = SHAPE_LISTS;
	rows->about.is_container = true;
	rows->about.has_organizations = organizations != NULL;
	rows->about.has_locations = locations != NULL;
	add_list(rows, locations, IMPORT_ROLE_location);
	add_list(rows, organizations, IMPORT_ROLE_organization);
	add_list(rows, scan_find_list(members, count, "service_at_locations"),
	    IMPORT_ROLE_service_at_location);
	add_list(rows, scan_find_list(members, count, "services"), IMPORT_ROLE_service);
}

/* The list of a page as HSDS 3, Open Referral UK 1.0 (and others) have it, or GeoJSON. */
static const struct scan_member *
find_contents(const struct scan_member *members, size_t count)
{
	const struct scan_member *contents = scan_find_list(members, count, "contents");

	if (contents == NULL && (scan_has_member(members, count, "totalElements") ||
	                            scan_has_member(members, count, "totalPages")))
		contents = scan_find_list(members, count, "content");
	if (contents == NULL &&
	    scan_member_says(members, count, "type", "\"FeatureCollection\""))
		contents = scan_find_list(members, count, "features");
	return contents;
}

/* The list of objects in an envelope as interfaces of other programs give it, {"status": 1,
 * "records": [{...}]}; NULL: none.  What has a name or an id is a row itself. */
static const struct scan_member *
find_records(
    const struct import_rows *rows, const struct scan_member *members, size_t count)
{
	static const char *const NAMES[] = { "records", "results", "items", "data",
		"rows", "entries", "listings", "resources", "value", "values", "list",
		"objects", "elements" };

	if (scan_has_member(members, count, "id") ||
	    scan_has_member(members, count, "name"))
		return NULL;
	for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
		const struct scan_member *list = scan_find_list(members, count, NAMES[i]);
		const char *first =
		    list ? scan_skip_space(list->value + 1, rows->end) : rows->end;

		if (first < rows->end && *first == '{')
			return list;
	}
	return NULL;
}

/* What leads to the page behind this one. */
static bool
says_next(const struct scan_member *members, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if ((text_is(members[i].key, "next") ||
		        text_is(members[i].key, "offset")) &&
		    *members[i].value == '"')
			return true;
	return false;
}

static const char *
open_object(struct import_rows *rows, const char *at)
{
	struct scan_member members[SCAN_MEMBERS_MAX];
	bool is_cut;
	size_t count = scan_members(at, rows->end, members, &is_cut);
	const struct scan_member *contents = find_contents(members, count);

	if (contents != NULL) {
		rows->shape = SHAPE_LISTS;
		add_list(rows, contents, IMPORT_ROLE_any);
		rows->about.is_page_of_many =
		    scan_member_says(members, count, "last_page", "false") ||
		    scan_member_says(members, count, "first_page", "false") ||
		    scan_member_says(members, count, "last", "false") ||
		    scan_member_says(members, count, "first", "false");
		rows->about.pages = scan_member_number(members, count, "total_pages") +
		                    scan_member_number(members, count, "totalPages");
	} else if (!scan_has_member(members, count, "id") &&
	           (scan_find_list(members, count, "services") != NULL ||
	               scan_find_list(members, count, "organizations") != NULL ||
	               scan_find_list(members, count, "service_at_locations") != NULL)) {
		open_container(rows, members, count);
	} else if (scan_has_member(members, count, "services.csv")) {
		return "a tabular data package is not of this format";
	} else if ((contents = find_records(rows, members, count)) != NULL) {
		rows->shape = SHAPE_LISTS;
		add_list(rows, contents, IMPORT_ROLE_any);
		rows->about.is_page_of_many = says_next(members, count);
	}
	rows->about.is_cut = is_cut;
	return NULL;
}

/* Whether each line is a row of its own, though the first may be broken. */
static bool
is_lines(const struct import_rows *rows, const char *first)
{
	const char *value_end = scan_skip_value(first, rows->end);
	const char *newline = scan_line_end(first, rows->end);
	const char *next = scan_skip_space(newline, rows->end);
	const char *last = newline;

	if (next == rows->end)
		return false;
	while (last > first && scan_is_space(last[-1]))
		last--;
	if (value_end != NULL && value_end <= newline)
		return true;
	return *next == '{' && strchr("[{,:", last[-1]) == NULL;
}

static const char *
find_shape(struct import_rows *rows)
{
	const char *first = scan_skip_space(rows->at, rows->end);

	if (first == rows->end) {
		rows->shape = SHAPE_VALUES;
		return NULL;
	}
	if (rows->end - first >= 2 && ((first[0] == '\xff' && first[1] == '\xfe') ||
	                                  (first[0] == '\xfe' && first[1] == '\xff')))
		return "the file is UTF-16; UTF-8 is taken";
	if (*first == '[') {
		rows->shape = SHAPE_LISTS;
		rows->lists[rows->lists_count++] =
		    (struct list){ first + 1, IMPORT_ROLE_any };
		return NULL;
	}
	if (*first == '{' && !is_lines(rows, first)) {
		rows->shape = SHAPE_VALUES;
		return open_object(rows, first);
	}
	rows->shape = SHAPE_LINES;
	if (*first == '{')
		return NULL;
	for (const char *line = first;
	     line < rows->end;) { /* a good line after bad ones? */
		line = scan_skip_space(scan_line_end(line, rows->end), rows->end);
		if (line < rows->end && *line == '{')
			return NULL;
	}
	return "the file is no JSON";
}

enum status
import_rows_open(
    struct import_rows **rows, const char *bytes, size_t length, const char **why)
{
	*rows = calloc(1, sizeof **rows);
	*why = NULL;
	if (*rows == NULL)
		return STATUS_NO_MEMORY;
	(*rows)->begin = (*rows)->at = bytes;
	(*rows)->end = bytes + length;
	if (length >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0)
		(*rows)->at += 3;
	(*rows)->counted_to = bytes;
	(*rows)->line = 1;
	*why = find_shape(*rows);
	if (*why != NULL) {
		import_rows_close(*rows);
		*rows = NULL;
		return STATUS_UNSUPPORTED;
	}
	if ((*rows)->shape == SHAPE_LISTS && (*rows)->lists_count > 0)
		(*rows)->at = (*rows)->lists[0].at;
	return STATUS_OK;
}

void
import_rows_close(struct import_rows *rows)
{
	free(rows);
}

struct import_shape
import_rows_about(const struct import_rows *rows)
{
	return rows->about;
}

/* ---- rows ---- */

/* Lists may stand in the file in another order than they are read: counting starts over
 * when it has to go back. */
static uint64_t
count_lines(struct import_rows *rows, const char *to)
{
	if (to < rows->counted_to) {
		rows->counted_to = rows->begin;
		rows->line = 1;
	}
	while (rows->counted_to < to) {
		const char *newline = scan_line_end(rows->counted_to, to);

		if (newline == to)
			break;
		rows->line++;
		rows->counted_to = newline + 1;
	}
	return rows->line;
}

static bool
give(struct import_rows *rows, const char *at, const char *end, struct import_row *row)
{
	size_t length = (size_t)(end - at);

	rows->at = end;
	row->text =
	    (struct text){ at, length > UINT32_MAX ? UINT32_MAX : (uint32_t)length };
	row->role =
	    rows->shape == SHAPE_LISTS ? rows->lists[rows->list].role : IMPORT_ROLE_any;
	row->number = ++rows->number;
	row->line = count_lines(rows, at);
	return true;
}

static bool
next_line(struct import_rows *rows, struct import_row *row)
{
	const char *at = scan_skip_space(rows->at, rows->end);
	const char *end = scan_line_end(at, rows->end);

	if (at == rows->end)
		return false;
	if (end == rows->end && scan_skip_value(at, end) == NULL)
		rows->about.is_cut = true;
	while (end > at && scan_is_space(end[-1]))
		end--;
	return give(rows, at, end, row);
}

/* The value at `at`, or what stands in its place up to where one may begin again. */
static bool
give_value(struct import_rows *rows, const char *at, struct import_row *row)
{
	const char *end = scan_skip_value(at, rows->end);

	if (end == NULL) {
		rows->about.is_cut = true;
		end = rows->end;
	} else if (end == at) {
		while (end < rows->end && *end != '{' && *end != ']')
			end++;
		if (end == at)
			end++;
	}
	return give(rows, at, end, row);
}

static bool
next_value(struct import_rows *rows, struct import_row *row)
{
	const char *at = scan_skip_space(rows->at, rows->end);

	return at < rows->end && give_value(rows, at, row);
}

static bool
next_of_lists(struct import_rows *rows, struct import_row *row)
{
	while (rows->list < rows->lists_count) {
		const char *at = scan_skip_space(rows->at, rows->end);

		while (at < rows->end && *at == ',')
			at = scan_skip_space(at + 1, rows->end);
		if (at < rows->end && *at != ']')
			return give_value(rows, at, row);
		if (at == rows->end)
			rows->about.is_cut = true;
		rows->number = 0;
		if (++rows->list < rows->lists_count)
			rows->at = rows->lists[rows->list].at;
	}
	return false;
}

bool
import_rows_next(struct import_rows *rows, struct import_row *row)
{
	switch (rows->shape) {
	case SHAPE_LINES:
		return next_line(rows, row);
	case SHAPE_LISTS:
		return next_of_lists(rows, row);
	case SHAPE_VALUES:
		return next_value(rows, row);
	}
	return false;
}

enum import_reason
import_row_parse(struct text row, json_t **object, char text[JSON_ERROR_TEXT_LENGTH])
{
	json_error_t error;

	*object = NULL;
	text[0] = '\0';
	if (row.length > IMPORT_ROW_MAX_BYTES)
		return IMPORT_too_large;
	*object = json_loadb(
	    row.at, row.length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
	if (*object == NULL) {
		memcpy(text, error.text, sizeof error.text);
		return json_error_code(&error) == json_error_invalid_utf8
		           ? IMPORT_bad_utf8
		           : IMPORT_not_json;
	}
	if (json_is_object(*object))
		return IMPORT_FINE;
	json_decref(*object);
	*object = NULL;
	return IMPORT_not_object;
}
