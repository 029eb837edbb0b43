/* SPDX-License-Identifier: Apache-2.0
 * A table of parts and one of who names whom. */
#include <stdlib.h>

#include "deploy/referralctl/import_parts_private.h"

#include "deploy/referralctl/import_settle.h"

/* part.used: 1 as soon as a service holds it; -1 quarantined. */
static const char SCHEMA[] =
    "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA temp_store=FILE;"
    "PRAGMA cache_size=-65536; PRAGMA locking_mode=EXCLUSIVE;"
    "CREATE TABLE part(seq INTEGER PRIMARY KEY, entity INT, id TEXT, file INT, row INT,"
    " line INT, weak INT, used INT DEFAULT 0, doc TEXT);"
    "CREATE TABLE name(seq INT, entity INT, id TEXT, nests INT, field TEXT);"
    "BEGIN";
static const char INDEXES[] = "COMMIT; CREATE INDEX by_id ON part(entity, id);"
                              "CREATE INDEX by_owner ON name(entity, id); BEGIN";

static const char *const STATEMENT[STATEMENTS] = {
	[ADD_PART] = "INSERT INTO part(entity,id,file,row,line,doc,weak)"
	             " VALUES(?,?,?,?,?,?,?)",
	[ADD_NAME] = "INSERT INTO name(seq,entity,id,nests,field) VALUES(?,?,?,?,?)",
	[CHILDREN] =
	    "SELECT p.seq,p.entity,p.id,p.doc,p.used FROM name n JOIN part p ON"
	    " p.seq=n.seq WHERE n.entity=? AND n.id=? AND n.nests=1 AND p.used>=0"
	    " ORDER BY p.seq",
	[BY_ID] = "SELECT seq,doc,used FROM part WHERE entity=? AND id=? AND used>=0"
	          " ORDER BY seq LIMIT 1",
	[USE] = "UPDATE part SET used=1 WHERE seq=?",
	[SERVICES] =
	    "SELECT seq,id,file,row,line,doc FROM part WHERE entity=? AND used>=0"
	    " ORDER BY seq",
};

enum status
parts_status(int code)
{
	if (code == SQLITE_OK || code == SQLITE_DONE || code == SQLITE_ROW)
		return STATUS_OK;
	return code == SQLITE_NOMEM ? STATUS_NO_MEMORY : STATUS_UNAVAILABLE;
}

enum status
import_parts_open(struct import_parts **parts, struct import_report *report)
{
	enum status status;

	*parts = calloc(1, sizeof **parts);
	if (*parts == NULL)
		return STATUS_NO_MEMORY;
	(*parts)->report = report;
	status = parts_status(sqlite3_open("", &(*parts)->database));
	if (status == STATUS_OK)
		status = parts_status(
		    sqlite3_exec((*parts)->database, SCHEMA, NULL, NULL, NULL));
	for (int i = 0; i < STATEMENTS && status == STATUS_OK; i++)
		status = parts_status(sqlite3_prepare_v2((*parts)->database, STATEMENT[i],
		    -1, &(*parts)->statements[i], NULL));
	if (status != STATUS_OK) {
		import_parts_close(*parts);
		*parts = NULL;
	}
	return status;
}

void
import_parts_close(struct import_parts *parts)
{
	if (parts == NULL)
		return;
	for (int i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(parts->statements[i]);
	(void)sqlite3_close(parts->database);
	free(parts->files);
	free(parts);
}

/* ---- entities ---- */

int
parts_number(const struct hsds_entity *entity)
{
	int number = 0;

	while (HSDS_ALL[number] != entity)
		number++;
	return number;
}

/* "services" and "service" are one; NULL: there is no such entity. */
static const struct hsds_entity *
find_entity(struct text name)
{
	for (int i = 0; HSDS_ALL[i] != NULL; i++) {
		size_t length = strlen(HSDS_ALL[i]->name);

		if ((name.length == length ||
		        (name.length == length + 1 && name.at[length] == 's')) &&
		    memcmp(HSDS_ALL[i]->name, name.at, length) == 0)
			return HSDS_ALL[i];
	}
	return NULL;
}

const struct hsds_field *
parts_list(const struct hsds_entity *entity, const struct hsds_entity *part)
{
	for (size_t i = 0; i < entity->count; i++)
		if (entity->fields[i].type == HSDS_LIST &&
		    entity->fields[i].entity == part)
			return &entity->fields[i];
	return NULL;
}

void
import_parts_expect(struct import_parts *parts, const struct hsds_entity *entity)
{
	parts->is_expected[parts_number(entity)] = true;
}

/* What a REF member names; NULL: nothing that a part is joined by. */
static const struct hsds_entity *
named_by(const json_t *object, const char *field)
{
	size_t length = strlen(field);

	if (strcmp(field, "link_id") == 0)
		return find_entity(settle_text_at(object, "link_entity"));
	if (strcmp(field, "resource_id") == 0)
		return find_entity(settle_text_at(object, "resource_type"));
	if (length < 4 || strncmp(field, "parent", 6) == 0)
		return NULL; /* of another of its kind: kept, not joined */
	return find_entity((struct text){ field, (uint32_t)(length - 3) });
}

/* ---- adding ---- */

void
parts_bind(sqlite3_stmt *statement, int index, struct text text)
{
	(void)sqlite3_bind_text(
	    statement, index, text.at, (int)text.length, SQLITE_TRANSIENT);
}

enum status
parts_run(struct import_parts *parts, enum statement which)
{
	int code = sqlite3_step(parts->statements[which]);

	(void)sqlite3_reset(parts->statements[which]);
	return parts_status(code);
}

static enum status
add_name(struct import_parts *parts, sqlite3_int64 seq, const struct hsds_entity *named,
    struct text id, bool nests, const char *field)
{
	sqlite3_stmt *statement = parts->statements[ADD_NAME];

	parts->is_owner[parts_number(named)] |= nests;
	(void)sqlite3_bind_int64(statement, 1, seq);
	(void)sqlite3_bind_int(statement, 2, parts_number(named));
	parts_bind(statement, 3, id);
	(void)sqlite3_bind_int(statement, 4, nests);
	parts_bind(statement, 5, text_of(field));
	return parts_run(parts, ADD_NAME);
}

/* Names of a part and of the parts that stand in it. */
static enum status
add_names(struct import_parts *parts, sqlite3_int64 seq, const struct hsds_entity *entity,
    const json_t *object, bool is_inside)
{
	enum status status = STATUS_OK;

	for (size_t i = 0; i < entity->count && status == STATUS_OK; i++) {
		const struct hsds_field *field = &entity->fields[i];
		const json_t *value = json_object_get(object, field->name);
		size_t index;
		const json_t *each;

		if (field->type == HSDS_REF) {
			char digits[32];
			struct text id = settle_read_id(value, digits);
			const struct hsds_entity *named = named_by(object, field->name);

			if (id.length > 0 && named != NULL)
				status = add_name(parts, seq, named, id,
				    !is_inside && parts_list(named, entity) != NULL,
				    field->name);
		} else if (field->type == HSDS_LIST) {
			json_array_foreach((json_t *)value, index, each)
			{
				if (status == STATUS_OK)
					status = add_names(
					    parts, seq, field->entity, each, true);
			}
		}
	}
	return status;
}

static int
number_file(struct import_parts *parts, const char *file)
{
	const char **grown;

	if (parts->files_count > 0 && parts->files[parts->files_count - 1] == file)
		return (int)parts->files_count - 1;
	grown = realloc(parts->files, (parts->files_count + 1) * sizeof *grown);
	if (grown == NULL)
		return -1;
	parts->files = grown;
	parts->files[parts->files_count++] = file;
	return (int)parts->files_count - 1;
}

enum status
import_parts_add(struct import_parts *parts, const struct hsds_entity *entity,
    const json_t *object, bool is_weak, const struct import_where *where)
{
	sqlite3_stmt *statement = parts->statements[ADD_PART];
	char digits[32];
	struct text id = settle_read_id(json_object_get(object, "id"), digits);
	char *document = json_dumps(object, JSON_COMPACT);
	int file = number_file(parts, parts->report->file);
	enum status status;

	if (document == NULL || file < 0) {
		free(document);
		return STATUS_NO_MEMORY;
	}
	(void)sqlite3_bind_int(statement, 1, parts_number(entity));
	if (id.length > 0)
		parts_bind(statement, 2, id);
	else
		(void)sqlite3_bind_null(statement, 2);
	(void)sqlite3_bind_int(statement, 3, file);
	(void)sqlite3_bind_int64(statement, 4, (sqlite3_int64)where->row);
	(void)sqlite3_bind_int64(statement, 5, (sqlite3_int64)where->line);
	(void)sqlite3_bind_text(statement, 6, document, -1, SQLITE_TRANSIENT);
	(void)sqlite3_bind_int(statement, 7, is_weak);
	status = parts_run(parts, ADD_PART);
	free(document);
	if (status != STATUS_OK)
		return status;
	return add_names(
	    parts, sqlite3_last_insert_rowid(parts->database), entity, object, false);
}

/* ---- settling ---- */

struct text
parts_text(sqlite3_stmt *statement, int column)
{
	return (struct text){ (const char *)sqlite3_column_text(statement, column),
		(uint32_t)sqlite3_column_bytes(statement, column) };
}

enum status
parts_report(struct import_parts *parts, const char *query, enum import_reason reason)
{
	sqlite3_stmt *statement;
	sqlite3_int64 last = -1;
	int code = sqlite3_prepare_v2(parts->database, query, -1, &statement, NULL);

	if (code != SQLITE_OK)
		return parts_status(code);
	while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
		struct import_where where = {
			.id = parts_text(statement, 1),
			.row = (uint64_t)sqlite3_column_int64(statement, 3),
			.line = (uint64_t)sqlite3_column_int64(statement, 4),
		};

		if (sqlite3_column_int64(statement, 0) == last)
			continue;
		last = sqlite3_column_int64(statement, 0);
		parts->report->file = parts->files[sqlite3_column_int(statement, 2)];
		parts->report->read += import_reason_is_quarantine(reason);
		import_report_add(parts->report, reason, &where,
		    (const char *)sqlite3_column_text(statement, 5),
		    (const char *)sqlite3_column_text(statement, 6));
	}
	sqlite3_finalize(statement);
	parts->report->file = NULL;
	return parts_status(code);
}

static enum status
exec(struct import_parts *parts, const char *statements)
{
	return parts_status(sqlite3_exec(parts->database, statements, NULL, NULL, NULL));
}

/* Services keep their doubles: the plan judges them.  Files of one kind (streets' addresses,
 * letters' addresses) may each count their rows from 1. */
#define DOUBLES                                                                          \
	"FROM part p JOIN part f ON f.entity=p.entity AND f.id=p.id AND f.seq<p.seq "    \
	"WHERE "                                                                         \
	"p.entity<>%d AND p.used=0 AND f.seq=(SELECT min(seq) FROM part g WHERE "        \
	"g.entity=p.entity AND g.id=p.id AND g.used=0 AND "                              \
	"(g.file=p.file OR g.doc=p.doc))"
/* Of those that share an id across files the first keeps it. */
#define WITHOUT_ID                                                                       \
	"UPDATE part SET doc=json_remove(doc,'$.id') WHERE used=0 AND entity<>%d AND "   \
	"EXISTS (SELECT 1 FROM part f WHERE f.entity=part.entity AND f.id=part.id AND "  \
	"f.used=0 AND f.file<part.file)"
#define BROKEN                                                                           \
	"FROM name n JOIN part p ON p.seq=n.seq JOIN expected e ON e.entity=n.entity "   \
	"WHERE "                                                                         \
	"p.used=0 AND NOT EXISTS (SELECT 1 FROM part q WHERE q.entity=n.entity AND "     \
	"q.id=n.id)"

static enum status
expect_all(struct import_parts *parts)
{
	enum status status =
	    exec(parts, "CREATE TABLE expected(entity INTEGER PRIMARY KEY)");

	for (int i = 0; HSDS_ALL[i] != NULL && status == STATUS_OK; i++) {
		char insert[64];

		snprintf(insert, sizeof insert, "INSERT INTO expected VALUES(%d)", i);
		if (parts->is_expected[i])
			status = exec(parts, insert);
	}
	return status;
}

enum status
import_parts_settle(struct import_parts *parts)
{
	char query[512];
	int service = parts_number(&hsds_service);
	enum status status = exec(parts, INDEXES);

	if (status == STATUS_OK)
		status = expect_all(parts);
	if (status == STATUS_OK)
		status = exec(parts,
		    "UPDATE part SET used=-1 WHERE weak=1 AND EXISTS (SELECT 1 FROM part "
		    "f WHERE f.entity=part.entity AND f.id=part.id AND (f.weak=0 OR "
		    "f.seq<part.seq))");
	snprintf(query, sizeof query,
	    "SELECT p.seq,p.id,p.file,p.row,p.line,'id','' " DOUBLES
	    " AND p.doc<>f.doc ORDER BY p.seq",
	    service);
	if (status == STATUS_OK)
		status = parts_report(parts, query, IMPORT_duplicate_id);
	snprintf(query, sizeof query,
	    "UPDATE part SET used=-1 WHERE seq IN (SELECT p.seq " DOUBLES ")", service);
	if (status == STATUS_OK)
		status = exec(parts, query);
	snprintf(query, sizeof query, WITHOUT_ID, service);
	if (status == STATUS_OK)
		status = exec(parts, query);
	if (status == STATUS_OK)
		status = parts_report(parts,
		    "SELECT p.seq,p.id,p.file,p.row,p.line,n.field,n.id " BROKEN
		    " ORDER BY p.seq",
		    IMPORT_broken_reference);
	if (status == STATUS_OK)
		status = exec(parts,
		    "UPDATE part SET used=-1 WHERE seq IN (SELECT p.seq " BROKEN ")");
	return status;
}
