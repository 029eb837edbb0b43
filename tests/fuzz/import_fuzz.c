/* SPDX-License-Identifier: Apache-2.0
 * Any file imports to the end: every row is counted, and what is planned is a document that
 * reads back, has facts, and comes through another import word for word. */
#include <stdlib.h>

#include "common/facts.h"
#include "deploy/referralctl/import_collect.h"
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

static void
check_counts(const struct import_plan *plan, const struct import_report *report)
{
	must(report->read == plan->count + import_report_quarantined(report) +
	                         report->counts[IMPORT_repeated]);
	must(report->entries_count <= IMPORT_ENTRIES_MAX);
}

static void
check_document(const struct import_item *item)
{
	static struct facts_reader *reader;
	static struct service_facts facts;
	static const struct import_report EMPTY;
	struct import_report report = EMPTY;
	struct import_plan again = { 0 };
	const char *why;
	char *file;

	if (reader == NULL)
		reader = facts_reader_new();
	must(item->document.length <= IMPORT_DOCUMENT_MAX_BYTES);
	must(facts_read(reader, item->document, &facts) == STATUS_OK);
	must(text_is(facts.id, item->id));
	must(text_is(facts.source, "fuzz"));
	must(asprintf(&file, "{\"services\":[%.*s]}", (int)item->document.length,
	         item->document.at) > 0);
	must(import_collect(text_of(file), DIRECTORY_SERVICES, NULL, LITERAL("fuzz"),
	         false, &again, &report, &why) == STATUS_OK);
	if (report.counts[IMPORT_tags_removed] ==
	    0) /* "&amp;lt;" is another text each time */
		must(again.count == 1 &&
		     text_equal(again.items[0].document, item->document));
	free(file);
	import_plan_free(&again);
	import_report_free(&report);
}

static void
check_report(const struct import_report *report)
{
	const struct import_summary summary = { "file", "fuzz", TEXT_ABSENT, true };
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
	struct import_plan plan = { 0 };
	const char *why;

	if (import_collect(bytes, map ? import_map_kind(map) : import_kind_guess(bytes),
	        map, LITERAL("fuzz"), false, &plan, &report, &why) == STATUS_OK) {
		check_counts(&plan, &report);
		for (size_t i = 0; i < plan.count && map == NULL; i++)
			check_document(&plan.items[i]);
		check_report(&report);
	}
	import_plan_free(&plan);
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
