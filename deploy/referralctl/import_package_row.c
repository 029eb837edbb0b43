/* SPDX-License-Identifier: Apache-2.0
 * Renames, splits and completes what stands in a row. */
#include "deploy/referralctl/import_package_row.h"

#include <stdio.h>
#include <strings.h>

#include "deploy/referralctl/import_amount.h"
#include "deploy/referralctl/import_convert.h"
#include "deploy/referralctl/import_path.h"
#include "deploy/referralctl/import_settle.h"
#include "deploy/referralctl/import_when.h"

#define NAME_BYTES 64
#define LIST_SIGNS ","

struct package_table {
	const char *name;
	const struct hsds_entity *entity;
};

static const struct package_table TABLES[] = {
#define TABLE(file, entity) { file, &hsds_##entity },
#include "deploy/referralctl/import_package.def"
	{ NULL, NULL },
};

static const struct {
	const char *file, *member, *value;
} FIXED_VALUES[] = {
#define FIXED(file, member, value) { file, member, value },
#include "deploy/referralctl/import_package.def"
};

static const struct {
	const struct hsds_entity *entity;
	const char *column, *member;
} NAMES[] = {
#define NAMED(entity, column, member) { &hsds_##entity, column, member },
#include "deploy/referralctl/import_package.def"
};

static const struct {
	const struct hsds_entity *entity;
	const char *column, *list, *member;
} SPLITS[] = {
#define SPLIT(entity, column, list, member) { &hsds_##entity, column, list, member },
#include "deploy/referralctl/import_package.def"
};

#define COUNT(list) (sizeof(list) / sizeof *(list))

/* "Physical-Addresses" is "physical_address". */
static void
fold_name(const char *name, char folded[NAME_BYTES])
{
	size_t length = 0;

	for (; *name != '\0' && length < NAME_BYTES - 1; name++)
		folded[length++] = (char)(*name == '-' || *name == ' '   ? '_'
		                          : *name >= 'A' && *name <= 'Z' ? *name + 32
		                                                         : *name);
	folded[length] = '\0';
	if (length > 4 && strcmp(folded + length - 4, "sses") == 0)
		folded[length - 2] = '\0';
	else if (length > 3 && strcmp(folded + length - 3, "ies") == 0 &&
	         strcmp(folded, "taxonomies") != 0) /* the other than "taxonomy" */
		(void)snprintf(folded + length - 3, 2, "y");
	else if (length > 2 && folded[length - 1] == 's' && folded[length - 2] != 's')
		folded[length - 1] = '\0';
}

const struct package_table *
package_table_find(const char *name)
{
	char folded[2][NAME_BYTES];

	fold_name(name, folded[0]);
	for (const struct package_table *table = TABLES; table->name != NULL; table++) {
		fold_name(table->name, folded[1]);
		if (strcmp(folded[0], folded[1]) == 0)
			return table;
	}
	return NULL;
}

const struct hsds_entity *
package_table_entity(const struct package_table *table)
{
	return table->entity;
}

/* ---- columns ---- */

/* REF-like columns by which older attributes name their owner. */
static const struct hsds_entity *
owner_of(const char *column)
{
	static const struct {
		const char *column;
		const struct hsds_entity *entity;
	} OWNERS[] = { { "service_id", &hsds_service }, { "location_id", &hsds_location },
		{ "organization_id", &hsds_organization },
		{ "service_at_location_id", &hsds_service_at_location } };

	for (size_t i = 0; i < COUNT(OWNERS); i++)
		if (strcmp(OWNERS[i].column, column) == 0)
			return OWNERS[i].entity;
	return NULL;
}

bool
package_table_knows(const struct package_table *table, const char *column)
{
	if (hsds_find(table->entity, column) != NULL || strncmp(column, ASIDE, 2) == 0)
		return true;
	for (size_t i = 0; i < COUNT(NAMES); i++)
		if (NAMES[i].entity == table->entity &&
		    strcmp(NAMES[i].column, column) == 0)
			return true;
	for (size_t i = 0; i < COUNT(SPLITS); i++)
		if (SPLITS[i].entity == table->entity &&
		    strcmp(SPLITS[i].column, column) == 0)
			return true;
	if (table->entity == &hsds_schedule)
		return strcmp(column, "weekday") == 0 || strcmp(column, "closed") == 0;
	if (table->entity == &hsds_location)
		return strcmp(column, "virtual") == 0;
	return table->entity == &hsds_attribute && owner_of(column) != NULL;
}

static void
rename_columns(const struct hsds_entity *entity, json_t *row)
{
	for (size_t i = 0; i < COUNT(NAMES); i++) {
		json_t *value = json_object_get(row, NAMES[i].column);

		if (NAMES[i].entity != entity || value == NULL ||
		    json_object_get(row, NAMES[i].member) != NULL)
			continue;
		json_object_set(row, NAMES[i].member, value);
		json_object_del(row, NAMES[i].column);
	}
}

static void
split_columns(const struct hsds_entity *entity, json_t *row)
{
	for (size_t i = 0; i < COUNT(SPLITS); i++) {
		json_t *pieces = json_array();
		json_t *list = json_array();
		json_t *text = json_incref(json_object_get(row, SPLITS[i].column));
		size_t index;
		json_t *piece;

		if (SPLITS[i].entity == entity && json_is_string(text)) {
			convert_split(settle_text_in(text), LIST_SIGNS, NULL, pieces);
			json_object_del(row, SPLITS[i].column);
		}
		json_array_foreach(pieces, index, piece)
		{
			json_t *entry = json_object();

			path_put(entry, SPLITS[i].member, json_incref(piece), false);
			json_array_append_new(list, entry);
		}
		if (json_array_size(list) > 0) {
			json_t *all = json_object_get(row, SPLITS[i].list);

			if (json_is_array(all))
				json_array_extend(all, list);
			else
				json_object_set(row, SPLITS[i].list, list);
		}
		json_decref(text);
		json_decref(pieces);
		json_decref(list);
	}
}

/* What nobody knows is kept beside what HSDS has. */
static void
keep_unknown(const struct package_table *table, json_t *row)
{
	const char *column;
	json_t *value;
	void *next;

	json_object_foreach_safe(row, next, column, value)
	{
		char aside[128 + sizeof ASIDE];

		if (package_table_knows(table, column))
			continue;
		snprintf(aside, sizeof aside, ASIDE "%s", column);
		json_object_set(row, aside, value);
		json_object_del(row, column);
	}
}

/* ---- what a kind of row needs ---- */

static void
settle_attribute(json_t *row)
{
	const char *column;
	json_t *value;

	if (json_object_get(row, "link_entity") == NULL &&
	    json_object_get(row, "link_type") != NULL)
		json_object_set(row, "link_entity", json_object_get(row, "link_type"));
	if (json_object_get(row, "link_id") != NULL)
		return;
	json_object_foreach(row, column, value)
	{
		const struct hsds_entity *owner = owner_of(column);

		if (owner == NULL)
			continue;
		json_object_set(row, "link_id", value);
		json_object_set_new(row, "link_entity", json_string(owner->name));
		json_object_del(row, column);
		return;
	}
}

static const char *
find_weekday(const char *name)
{
	static const char *const DAYS[] = { "MOnday", "TUesday", "WEdnesday", "THursday",
		"FRiday", "SAturday", "SUnday" };
	static const char *const CODES[] = { "MO", "TU", "WE", "TH", "FR", "SA", "SU" };
	size_t length = strlen(name);

	for (size_t i = 0; i < COUNT(DAYS); i++)
		if (length >= 2 && length <= strlen(DAYS[i]) &&
		    strncasecmp(DAYS[i], name, length) == 0)
			return CODES[i];
	return length == 1 && *name >= '1' && *name <= '7' ? CODES[*name - '1'] : NULL;
}

/* False: it is no date. */
static bool
settle_date(json_t *row, const char *name)
{
	const json_t *value = json_object_get(row, name);
	char date[11];

	if (value == NULL)
		return true;
	if (!amount_read_date(settle_text_in(value), DATE_MONTH_FIRST, date))
		return false;
	json_object_set_new(row, name, json_string(date));
	return true;
}

/* A weekday of 1.x, and a holiday with its dates. */
static enum import_reason
settle_schedule(const struct package_table *table, json_t *row)
{
	const char *weekday = json_string_value(json_object_get(row, "weekday"));
	const char *day = weekday ? find_weekday(weekday) : NULL;
	bool is_holiday = strncmp(table->name, "holiday", 7) == 0;
	const json_t *closed = json_object_get(row, "closed");

	if (day != NULL && json_object_get(row, "byday") == NULL) {
		json_object_set_new(row, "freq", json_string("WEEKLY"));
		json_object_set_new(row, "byday", json_string(day));
		json_object_del(row, "weekday");
	} else if (weekday != NULL) {
		json_object_set(row, ASIDE "weekday", json_object_get(row, "weekday"));
		json_object_del(row, "weekday");
	}
	if (!is_holiday)
		return IMPORT_FINE;
	if (!settle_date(row, "valid_from") || !settle_date(row, "valid_to") ||
	    json_object_get(row, "valid_from") == NULL)
		return IMPORT_bad_date;
	if (json_object_get(row, "valid_to") == NULL)
		json_object_set(row, "valid_to", json_object_get(row, "valid_from"));
	if (when_is_yes(settle_text_in(closed))) {
		json_object_set_new(row, ASIDE "closed", json_true());
		json_object_del(row, "opens_at");
		json_object_del(row, "closes_at");
	}
	json_object_del(row, "closed");
	return IMPORT_FINE;
}

static void
settle_location(json_t *row)
{
	struct text is_virtual = settle_text_at(row, "virtual");

	if (json_object_get(row, "location_type") == NULL &&
	    (when_is_yes(is_virtual) || when_is_no(is_virtual)))
		json_object_set_new(row, "location_type",
		    json_string(when_is_yes(is_virtual) ? "virtual" : "physical"));
	json_object_del(row, "virtual");
}

static void
add_fixed(const struct package_table *table, json_t *row)
{
	for (size_t i = 0; i < COUNT(FIXED_VALUES); i++)
		if (strcmp(FIXED_VALUES[i].file, table->name) == 0 &&
		    json_object_get(row, FIXED_VALUES[i].member) == NULL)
			json_object_set_new(row, FIXED_VALUES[i].member,
			    json_string(FIXED_VALUES[i].value));
}

enum import_reason
package_row_settle(const struct package_table *table, json_t *row)
{
	enum import_reason reason = IMPORT_FINE;

	rename_columns(table->entity, row);
	split_columns(table->entity, row);
	if (table->entity == &hsds_attribute)
		settle_attribute(row);
	else if (table->entity == &hsds_schedule)
		reason = settle_schedule(table, row);
	else if (table->entity == &hsds_location)
		settle_location(row);
	keep_unknown(table, row);
	add_fixed(table, row);
	return reason;
}
