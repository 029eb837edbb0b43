/* SPDX-License-Identifier: Apache-2.0
 * Counts and rows of an import, as a table and as JSON. */
#include "deploy/referralctl/import_report.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>

struct import_entry {
	enum import_reason reason;
	uint64_t row;
	uint64_t line;
	char *texts; /* id, field and why, each with its NUL */
};

static const struct {
	const char *word;
	const char *about;
	bool is_quarantine;
} REASONS[IMPORT_REASONS] = {
#define REASON(name, about) [IMPORT_##name] = { #name, about, true },
#define NOTE(name, about) [IMPORT_##name] = { #name, about, false },
#include "deploy/referralctl/import_reasons.def"
};

static const char *const UNDERSTOOD[IMPORT_UNDERSTOODS] = {
	[IMPORT_UNDERSTOOD_hours] = "hours",
	[IMPORT_UNDERSTOOD_eligibility] = "eligibility",
	[IMPORT_UNDERSTOOD_places] = "places",
};

const char *
import_reason_word(enum import_reason reason)
{
	return reason < IMPORT_REASONS && reason != IMPORT_FINE ? REASONS[reason].word
	                                                        : "fine";
}

enum import_reason
import_reason_find(const char *word)
{
	for (enum import_reason reason = IMPORT_FINE + 1; reason < IMPORT_REASONS;
	     reason++)
		if (!REASONS[reason].is_quarantine &&
		    strcmp(REASONS[reason].word, word) == 0)
			return reason;
	return IMPORT_FINE;
}

bool
import_reason_is_quarantine(enum import_reason reason)
{
	return reason < IMPORT_REASONS && REASONS[reason].is_quarantine;
}

const char *
import_guard_word(enum import_guard guard)
{
	switch (guard) {
	case IMPORT_ALLOWED:
		return NULL;
	case IMPORT_MOST_REMOVED:
		return "most_removed";
	case IMPORT_CUT_FILE:
		return "cut_file";
	case IMPORT_NOTHING_GOOD:
		return "nothing_good";
	}
	return NULL;
}

/* False: out of memory, or enough of them. */
static bool
make_room(struct import_report *report)
{
	size_t size = report->entries_size ? report->entries_size * 2 : 64;
	struct import_entry *entries;

	if (report->entries_count < report->entries_size)
		return true;
	if (report->entries_count >= IMPORT_ENTRIES_MAX)
		return false;
	entries = realloc(report->entries, size * sizeof *entries);
	if (entries == NULL)
		return false;
	report->entries = entries;
	report->entries_size = size;
	return true;
}

void
import_report_add(struct import_report *report, enum import_reason reason,
    const struct import_where *where, const char *field, const char *why)
{
	char *texts;

	report->counts[reason]++;
	if (why == NULL)
		why = "";
	if (!make_room(report) ||
	    asprintf(&texts, "%.*s%c%s%c%s", (int)where->id.length,
	        where->id.at ? where->id.at : "", '\0', field, '\0', why) < 0) {
		report->entries_lost++;
		return;
	}
	report->entries[report->entries_count++] = (struct import_entry){
		.reason = reason,
		.row = where->row,
		.line = where->line,
		.texts = texts,
	};
}

uint64_t
import_report_quarantined(const struct import_report *report)
{
	uint64_t sum = 0;

	for (enum import_reason reason = 0; reason < IMPORT_REASONS; reason++)
		if (REASONS[reason].is_quarantine)
			sum += report->counts[reason];
	return sum;
}

void
import_report_free(struct import_report *report)
{
	for (size_t i = 0; i < report->entries_count; i++)
		free(report->entries[i].texts);
	free(report->entries);
	*report = (struct import_report){ 0 };
}

/* ---- for people ---- */

static void
print_reasons(const struct import_report *report, bool quarantine, FILE *out)
{
	for (enum import_reason reason = 0; reason < IMPORT_REASONS; reason++)
		if (report->counts[reason] > 0 &&
		    REASONS[reason].is_quarantine == quarantine)
			fprintf(out, "  %-29s %8" PRIu64 "  %s\n", REASONS[reason].word,
			    report->counts[reason], REASONS[reason].about);
}

static bool
has_notes(const struct import_report *report)
{
	for (enum import_reason reason = 0; reason < IMPORT_REASONS; reason++)
		if (report->counts[reason] > 0 && !REASONS[reason].is_quarantine)
			return true;
	return false;
}

static void
print_understood(const struct import_report *report, FILE *out)
{
	for (int i = 0; i < IMPORT_UNDERSTOODS; i++) {
		const struct import_share *share = &report->understood[i];

		if (share->of > 0)
			fprintf(out,
			    "understood: %-19s %8" PRIu64 "  of %" PRIu64 " (%.1f %%)\n",
			    UNDERSTOOD[i], share->understood, share->of,
			    100 * (double)share->understood / (double)share->of);
	}
}

void
import_report_print(
    const struct import_report *report, const struct import_summary *summary, FILE *out)
{
	fprintf(out, "source %s%s\n", summary->source,
	    summary->is_dry_run ? " (dry run: nothing was changed)" : "");
	fprintf(out, "%-31s %8" PRIu64 "\n", "read", report->read);
	fprintf(out, "%-31s %8" PRIu64 "\n", "added", report->added);
	fprintf(out, "%-31s %8" PRIu64 "\n", "changed", report->changed);
	fprintf(out, "%-31s %8" PRIu64 "\n", "unchanged", report->unchanged);
	fprintf(out, "%-31s %8" PRIu64 "\n", "removed", report->removed);
	fprintf(out, "%-31s %8" PRIu64 "\n", "quarantined",
	    import_report_quarantined(report));
	print_reasons(report, true, out);
	print_understood(report, out);
	if (has_notes(report))
		fprintf(out, "noted in rows\n");
	print_reasons(report, false, out);
}

/* ---- for programs ---- */

static json_t *
count_reasons(const struct import_report *report, bool quarantine)
{
	json_t *counts = json_object();

	for (enum import_reason reason = 0; reason < IMPORT_REASONS; reason++)
		if (report->counts[reason] > 0 &&
		    REASONS[reason].is_quarantine == quarantine)
			json_object_set_new(counts, REASONS[reason].word,
			    json_integer((json_int_t)report->counts[reason]));
	return counts;
}

static json_t *
list_understood(const struct import_report *report)
{
	json_t *all = json_object();

	for (int i = 0; i < IMPORT_UNDERSTOODS; i++)
		json_object_set_new(all, UNDERSTOOD[i],
		    json_pack("{s:I, s:I}", "of", (json_int_t)report->understood[i].of,
		        "understood", (json_int_t)report->understood[i].understood));
	return all;
}

static json_t *
summarise(const struct import_report *report, const struct import_summary *summary)
{
	json_t *all = json_object();
	const char *guard = import_guard_word(report->refused);

	json_object_set_new(all, "read", json_integer((json_int_t)report->read));
	json_object_set_new(all, "added", json_integer((json_int_t)report->added));
	json_object_set_new(all, "changed", json_integer((json_int_t)report->changed));
	json_object_set_new(
	    all, "unchanged", json_integer((json_int_t)report->unchanged));
	json_object_set_new(all, "removed", json_integer((json_int_t)report->removed));
	json_object_set_new(all, "quarantined", count_reasons(report, true));
	json_object_set_new(all, "notes", count_reasons(report, false));
	json_object_set_new(all, "understood", list_understood(report));
	json_object_set_new(all, "without_terms",
	    json_integer((json_int_t)report->counts[IMPORT_without_terms]));
	json_object_set_new(all, "source", json_string(summary->source));
	json_object_set_new(all, "dry_run", json_boolean(summary->is_dry_run));
	if (summary->version.at != NULL)
		json_object_set_new(all, "version",
		    json_stringn(summary->version.at, summary->version.length));
	if (guard != NULL)
		json_object_set_new(all, "refused", json_string(guard));
	return all;
}

static bool
write_line(const json_t *value, FILE *out)
{
	return value != NULL && json_dumpf(value, out, JSON_COMPACT) == 0 &&
	       fputc('\n', out) != EOF && fflush(out) == 0;
}

bool
import_report_json(
    const struct import_report *report, const struct import_summary *summary, FILE *out)
{
	json_t *all = summarise(report, summary);
	bool is_written = write_line(all, out);

	json_decref(all);
	return is_written;
}

/* Ids and fields come from files that may hold anything: what is no UTF-8 is left out. */
static void
set_text(json_t *object, const char *key, const char *string)
{
	if (*string != '\0')
		json_object_set_new(object, key, json_string(string));
}

static json_t *
list_entries(const struct import_report *report, bool quarantine)
{
	json_t *list = json_array();

	for (size_t i = 0; i < report->entries_count; i++) {
		const struct import_entry *entry = &report->entries[i];
		const char *id = entry->texts;
		const char *field = id + strlen(id) + 1;
		const char *why = field + strlen(field) + 1;
		json_t *row;

		if (REASONS[entry->reason].is_quarantine != quarantine)
			continue;
		row = json_object();
		json_object_set_new(row, "row", json_integer((json_int_t)entry->row));
		json_object_set_new(row, "line", json_integer((json_int_t)entry->line));
		set_text(row, "id", id);
		set_text(row, "reason", REASONS[entry->reason].word);
		set_text(row, "field", field);
		set_text(row, "why", why);
		json_array_append_new(list, row);
	}
	return list;
}

bool
import_report_write(
    const struct import_report *report, const struct import_summary *summary, FILE *out)
{
	json_t *all = summarise(report, summary);
	bool is_written;

	json_object_set_new(all, "file", json_string(summary->file));
	if (report->entries_lost > 0)
		json_object_set_new(all, "rows_not_listed",
		    json_integer((json_int_t)report->entries_lost));
	json_object_set_new(all, "rows", list_entries(report, true));
	json_object_set_new(all, "noted", list_entries(report, false));
	is_written = write_line(all, out);
	json_decref(all);
	return is_written;
}
