/* SPDX-License-Identifier: Apache-2.0
 * Services and all that belongs to them, from the database of parts. */
#include <stdlib.h>

#include "deploy/referralctl/import_parts_private.h"
#include "deploy/referralctl/import_settle.h"

#define NAME_BYTES 64
#define DEPTH_MAX 8

struct found {
	sqlite3_int64 seq;
	const struct hsds_entity *entity;
	json_t *object;
	bool is_used;
};

static enum status
use(struct import_parts *parts, const struct found *found)
{
	if (found->is_used)
		return STATUS_OK;
	(void)sqlite3_bind_int64(parts->statements[USE], 1, found->seq);
	return parts_run(parts, USE);
}

static json_t *
parse(sqlite3_stmt *statement, int column)
{
	struct text text = parts_text(statement, column);

	return json_loadb(text.at, text.length, 0, NULL);
}

/* Parts that name an owner; all are read before any is looked into, since the statement is
 * used again for them. */
static enum status
find_children(struct import_parts *parts, const struct hsds_entity *owner, struct text id,
    struct found **children, size_t *count)
{
	sqlite3_stmt *statement = parts->statements[CHILDREN];
	size_t size = 0;
	int code;

	*children = NULL;
	*count = 0;
	(void)sqlite3_bind_int(statement, 1, parts_number(owner));
	parts_bind(statement, 2, id);
	while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
		if (*count == size) {
			struct found *grown;

			size = size ? size * 2 : 8;
			grown = realloc(*children, size * sizeof *grown);
			if (grown == NULL) {
				code = SQLITE_NOMEM;
				break;
			}
			*children = grown;
		}
		(*children)[(*count)++] = (struct found){
			sqlite3_column_int64(statement, 0),
			HSDS_ALL[sqlite3_column_int(statement, 1)],
			parse(statement, 3),
			sqlite3_column_int(statement, 4) == 1,
		};
	}
	(void)sqlite3_reset(statement);
	return parts_status(code);
}

static enum status fill(struct import_parts *parts, const struct hsds_entity *entity,
    json_t *object, int depth);

static enum status
add_children(struct import_parts *parts, const struct hsds_entity *entity, json_t *object,
    struct text id, int depth)
{
	struct found *children;
	size_t count;
	enum status status = find_children(parts, entity, id, &children, &count);

	for (size_t i = 0; i < count; i++) {
		const struct hsds_field *list = parts_list(entity, children[i].entity);
		json_t *all;

		/* with each service its locations stand, not all of its agency's */
		if (status != STATUS_OK || list == NULL || children[i].object == NULL ||
		    (entity == &hsds_organization &&
		        children[i].entity == &hsds_location)) {
			json_decref(children[i].object);
			continue;
		}
		status = use(parts, &children[i]);
		if (status == STATUS_OK)
			status = fill(
			    parts, children[i].entity, children[i].object, depth + 1);
		all = json_object_get(object, list->name);
		if (!json_is_array(all)) {
			all = json_array();
			json_object_set_new(object, list->name, all);
		}
		json_array_append_new(all, children[i].object);
	}
	free(children);
	return status;
}

/* The part that is named beside a ONE member: organization_id, or taxonomy_id for
 * taxonomy_detail. */
static enum status
add_one(
    struct import_parts *parts, json_t *object, const struct hsds_field *field, int depth)
{
	sqlite3_stmt *statement = parts->statements[BY_ID];
	struct found found = { .entity = field->entity };
	char name[NAME_BYTES];
	char digits[32];
	struct text id;
	int code;
	enum status status;

	snprintf(name, sizeof name, "%s_id", field->entity->name);
	id = settle_read_id(json_object_get(object, name), digits);
	if (id.length == 0 || json_object_get(object, field->name) != NULL)
		return STATUS_OK;
	(void)sqlite3_bind_int(statement, 1, parts_number(field->entity));
	parts_bind(statement, 2, id);
	code = sqlite3_step(statement);
	if (code == SQLITE_ROW) {
		found.seq = sqlite3_column_int64(statement, 0);
		found.object = parse(statement, 1);
		found.is_used = sqlite3_column_int(statement, 2) == 1;
	}
	(void)sqlite3_reset(statement);
	if (found.object == NULL)
		return parts_status(code);
	status = use(parts, &found);
	if (status == STATUS_OK)
		status = fill(parts, found.entity, found.object, depth + 1);
	json_object_set_new(object, field->name, found.object);
	return status;
}

/* Joins a part with all that belongs to it. */
static enum status
fill(struct import_parts *parts, const struct hsds_entity *entity, json_t *object,
    int depth)
{
	char digits[32];
	struct text id = settle_read_id(json_object_get(object, "id"), digits);
	enum status status = STATUS_OK;

	if (depth > DEPTH_MAX)
		return STATUS_OK;
	for (size_t i = 0; i < entity->count && status == STATUS_OK; i++) {
		const struct hsds_field *field = &entity->fields[i];
		size_t index;
		json_t *each;

		if (field->type == HSDS_ONE)
			status = add_one(parts, object, field, depth);
		else if (field->type == HSDS_LIST)
			json_array_foreach(
			    json_object_get(object, field->name), index, each)
			{
				if (status == STATUS_OK)
					status =
					    fill(parts, field->entity, each, depth + 1);
			}
	}
	if (status == STATUS_OK && id.length > 0 && parts->is_owner[parts_number(entity)])
		status = add_children(parts, entity, object, id, depth);
	return status;
}

/* ---- services ---- */

/* A service that says no organization has that of its locations, where they agree. */
static enum status
inherit_organization(struct import_parts *parts, json_t *service)
{
	const json_t *organization = NULL;
	size_t index;
	const json_t *place;

	if (json_object_get(service, "organization") != NULL ||
	    json_object_get(service, "organization_id") != NULL)
		return STATUS_OK;
	json_array_foreach(json_object_get(service, "service_at_locations"), index, place)
	{
		const json_t *id = json_object_get(
		    json_object_get(place, "location"), "organization_id");

		if (id == NULL || (organization != NULL && !json_equal(organization, id)))
			return STATUS_OK;
		organization = id;
	}
	if (organization == NULL)
		return STATUS_OK;
	json_object_set(service, "organization_id", (json_t *)organization);
	return add_one(parts, service, hsds_find(&hsds_service, "organization"), 0);
}

enum status
import_parts_next(
    struct import_parts *parts, json_t **service, struct import_where *where)
{
	sqlite3_stmt *statement = parts->statements[SERVICES];
	enum status status;
	int code;

	if (!parts->is_reading)
		(void)sqlite3_bind_int(statement, 1, parts_number(&hsds_service));
	parts->is_reading = true;
	code = sqlite3_step(statement);
	if (code != SQLITE_ROW)
		return code == SQLITE_DONE ? STATUS_ABSENT : parts_status(code);
	(void)text_copy(parts_text(statement, 1), parts->id, sizeof parts->id);
	*where = (struct import_where){
		.id = text_of(parts->id),
		.row = (uint64_t)sqlite3_column_int64(statement, 3),
		.line = (uint64_t)sqlite3_column_int64(statement, 4),
	};
	parts->report->file = parts->files[sqlite3_column_int(statement, 2)];
	*service = parse(statement, 5);
	if (*service == NULL)
		return STATUS_NO_MEMORY;
	status = fill(parts, &hsds_service, *service, 0);
	if (status == STATUS_OK)
		status = inherit_organization(parts, *service);
	if (status != STATUS_OK) {
		json_decref(*service);
		*service = NULL;
	}
	return status;
}

enum status
import_parts_end(struct import_parts *parts)
{
	char query[256];
	enum status status;

	snprintf(query, sizeof query,
	    "SELECT seq,id,file,row,line,'','' FROM part WHERE used=0 AND weak=0 AND "
	    "entity=%d "
	    "ORDER BY seq",
	    parts_number(&hsds_organization));
	status = parts_report(parts, query, IMPORT_organization_without_services);
	snprintf(query, sizeof query,
	    "SELECT seq,id,file,row,line,'','' FROM part WHERE used=0 AND weak=0 AND "
	    "entity NOT IN "
	    "(%d,%d) ORDER BY seq",
	    parts_number(&hsds_organization), parts_number(&hsds_service));
	if (status == STATUS_OK)
		status = parts_report(parts, query, IMPORT_not_referred);
	return status;
}
