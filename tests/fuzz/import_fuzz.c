/* SPDX-License-Identifier: Apache-2.0
 * Any file imports to the end: every row is counted, and what is planned is a document that
 * reads back, has facts, and comes through another import word for word. */
#include <stdlib.h>
#include <string.h>

#include "common/facts.h"
#include "deploy/referralctl/import_collect.h"
#include "deploy/referralctl/import_inputs.h"
#include "deploy/referralctl/import_other.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

/* A map with every kind of rule. */
static const char MAP[] =
    "{\"identity\":[\"id\",\"a.b\"],\"rest\":\"x_\",\"tables\":{\"t\":{\"x\":\"en\","
    "\"y\":"
    "true}},\"rules\":[{\"to\":\"name\",\"from\":[\"name\",\"id\"],\"note\":"
    "\"agency_is_name\"},{\"to\":\"status\",\"constant\":\"active\"},{\"to\":"
    "\"organization.name\",\"from\":\"organization\"},{\"to\":\"languages[]\",\"from\":"
    "\"languages[]\",\"except\":\"t\",\"fields\":[{\"to\":\"code\",\"from\":\".\","
    "\"table\":"
    "\"t\"},{\"to\":\"name\",\"from\":\".\"}]},{\"to\":\"attributes[]\",\"from\":"
    "\"attributes[]\",\"fields\":[{\"to\":\"taxonomy_term.code\",\"from\":\".\",\"as\":"
    "\"slug\"}]},{\"to\":\"service_at_locations[0].location\",\"from\":\"phones\",\"as\":"
    "\"lon_lat\"},{\"to\":\"description\",\"from\":[\"email\",\"schedules[]\"],\"all\":"
    "true,"
    "\"join\":\"-\"},{\"to\":\"last_modified\",\"from\":\"updated.$date\",\"as\":"
    "\"time_ms\"},{\"to\":\"capacities[]\",\"from\":\"capacities[]\",\"as\":\"as_it_is\"}"
    "]}";

static void
must(bool is_true)
{
	if (!is_true)
		abort();
}

/* What a pass gave: documents one after the other, each with its id before it. */
struct given {
	struct import_buffer texts;
	uint64_t count;
};

static void
add_text(struct given *given, struct text text)
{
	import_buffer_add(&given->texts, (const char *)&text.length, sizeof text.length);
	import_buffer_add(&given->texts, text.at, text.length);
}

static enum status
take(void *self, const struct import_service *service)
{
	struct given *given = self;

	add_text(given, service->id);
	add_text(given, service->document);
	given->count++;
	return STATUS_OK;
}

static struct text
next_text(const struct given *given, size_t *at)
{
	struct text text = { given->texts.bytes + *at + sizeof text.length, 0 };

	memcpy(&text.length, given->texts.bytes + *at, sizeof text.length);
	*at += sizeof text.length + text.length;
	return text;
}

/* False: it is no JSON. */
static bool
collect(struct text bytes, enum directory_kind kind, const struct import_map *map,
    struct import_report *report, struct given *given)
{
	struct import_plan plan = { 0 };
	struct import_file file = { .bytes = bytes.at, .length = bytes.length };
	const struct import_pass pass = {
		.kind = kind,
		.is_older = map == NULL && kind == DIRECTORY_SERVICES &&
		            import_format_guess(&file) == IMPORT_FORMAT_older,
		.today = "2026-11-22",
		.map = map,
		.source = LITERAL("fuzz"),
		.plan = &plan,
		.report = report,
		.sink = take,
		.sink_self = given,
	};
	struct import_collect *collect;
	const char *why;
	enum status status = import_collect_new(&collect, &pass, &why);

	must(status == STATUS_OK);
	status = import_collect_file(collect, &file, &why);

	must(status == STATUS_OK || status == STATUS_UNSUPPORTED);
	if (status == STATUS_OK)
		must(import_collect_end(collect) == STATUS_OK);
	must(import_report_adds_up(report));
	must(plan.count == given->count && report->added == given->count);
	import_collect_free(collect);
	import_plan_free(&plan);
	return status == STATUS_OK;
}

static void
check_document(struct text id, struct text document)
{
	static struct facts_reader *reader;
	static struct service_facts facts;
	struct import_report report = { 0 };
	struct given again = { 0 };
	size_t at = 0;
	char *file;

	if (reader == NULL)
		reader = facts_reader_new();
	must(document.length <= IMPORT_DOCUMENT_MAX_BYTES);
	must(facts_read(reader, document, &facts) == STATUS_OK);
	must(text_equal(id, facts.id));
	must(text_is(facts.source, "fuzz"));
	must(asprintf(&file, "{\"services\":[%.*s]}", (int)document.length, document.at) >
	     0);
	must(collect(text_of(file), DIRECTORY_SERVICES, NULL, &report, &again) &&
	     again.count == 1);
	(void)next_text(&again, &at);
	if (report.counts[IMPORT_tags_removed] ==
	    0) /* "&amp;lt;" is another text each time */
		must(text_equal(next_text(&again, &at), document));
	free(file);
	free(again.texts.bytes);
	import_report_free(&report);
}

static void
check_report(const struct import_report *report)
{
	const struct import_summary summary = { .file = "file", .source = "fuzz" };
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	json_t *read;

	must(import_report_write(report, &summary, out));
	fclose(out);
	read = json_loadb(text, size, 0, NULL);
	must(json_is_object(read));
	json_decref(read);
	free(text);
}

static void
import(struct text bytes, const struct import_map *map)
{
	struct import_report report = { 0 };
	struct given given = { 0 };
	enum directory_kind kind = map ? import_map_kind(map) : import_kind_guess(bytes);
	size_t at = 0;

	must(import_report_keep_rows(&report));
	if (collect(bytes, kind, map, &report, &given)) {
		while (map == NULL && kind == DIRECTORY_SERVICES &&
		       at < given.texts.length) {
			struct text id = next_text(&given, &at);

			check_document(id, next_text(&given, &at));
		}
		check_report(&report);
	}
	free(given.texts.bytes);
	import_report_free(&report);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static struct import_map *map;
	struct import_map *other;
	char why[256];
	struct text text = { (const char *)bytes, (uint32_t)length };

	if (map == NULL)
		must(import_map_read(&map, text_of(MAP), why) == STATUS_OK);
	import(text, NULL);
	import(text, map);
	if (import_map_read(&other, text, why) == STATUS_OK) /* a map is a file, too */
		import(text_of(MAP), other);
	import_map_free(other);
	return 0;
}
