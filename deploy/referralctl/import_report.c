/* SPDX-License-Identifier: Apache-2.0
 * Counts and rows of an import, as a table and as JSON. */
#include "deploy/referralctl/import_report.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>

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

bool
import_report_keep_rows(struct import_report *report)
{
	report->rows = tmpfile();
	report->noted = report->rows ? tmpfile() : NULL;
	return report->noted != NULL;
}

static bool
write_line(const json_t *value, FILE *out)
{
	return value != NULL && json_dumpf(value, out, JSON_COMPACT) == 0 &&
	       fputc('\n', out) != EOF;
}

/* Ids and fields come from files that may hold anything: what is no UTF-8 is left out. */
static void
set_text(json_t *object, const char *key, struct text text)
{
	if (text.length > 0)
		json_object_set_new(object, key, json_stringn(text.at, text.length));
}

void
import_report_add(struct import_report *report, enum import_reason reason,
    const struct import_where *where, const char *field, const char *why)
{
	FILE *out = REASONS[reason].is_quarantine ? report->rows : report->noted;
	json_t *row;

	report->counts[reason]++;
	if (out == NULL)
		return;
	row = json_pack(
	    "{s:I, s:I}", "row", (json_int_t)where->row, "line", (json_int_t)where->line);
	set_text(row, "file", text_of(report->file ? report->file : ""));
	set_text(row, "id", where->id);
	set_text(row, "reason", text_of(REASONS[reason].word));
	set_text(row, "field", text_of(field));
	set_text(row, "why", text_of(why ? why : ""));
	if (!write_line(row, out))
		report->rows_lost++;
	json_decref(row);
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

bool
import_report_adds_up(const struct import_report *report)
{
	return report->read == report->added + report->changed + report->unchanged +
	                           import_report_quarantined(report) +
	                           report->counts[IMPORT_repeated];
}

void
import_report_free(struct import_report *report)
{
	if (report->rows != NULL)
		fclose(report->rows);
	if (report->noted != NULL)
		fclose(report->noted);
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
	if (summary->format_about != NULL)
		fprintf(out, "taken for %s\n", summary->format_about);
	fprintf(out, "%-31s %8" PRIu64 "\n", "read", report->read);
	fprintf(out, "%-31s %8" PRIu64 "\n", "added", report->added);
	fprintf(out, "%-31s %8" PRIu64 "\n", "changed", report->changed);
	fprintf(out, "%-31s %8" PRIu64 "\n", "unchanged", report->unchanged);
	fprintf(out, "%-31s %8" PRIu64 "\n", "removed", report->removed);
	fprintf(out, "%-31s %8" PRIu64 "\n", "quarantined",
	    import_report_quarantined(report));
	print_reasons(report, true, out);
	fprintf(out,
	    "%-31s %8" PRIu64 "  = %" PRIu64 " loaded + %" PRIu64
	    " quarantined + %" PRIu64 " repeated\n",
	    "accounted for", report->read,
	    report->added + report->changed + report->unchanged,
	    import_report_quarantined(report), report->counts[IMPORT_repeated]);
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
	if (summary->format != NULL)
		json_object_set_new(all, "format", json_string(summary->format));
	json_object_set_new(all, "dry_run", json_boolean(summary->is_dry_run));
	if (summary->version.at != NULL)
		json_object_set_new(all, "version",
		    json_stringn(summary->version.at, summary->version.length));
	if (guard != NULL)
		json_object_set_new(all, "refused", json_string(guard));
	return all;
}

bool
import_report_json(
    const struct import_report *report, const struct import_summary *summary, FILE *out)
{
	json_t *all = summarise(report, summary);
	bool is_written = write_line(all, out) && fflush(out) == 0;

	json_decref(all);
	return is_written;
}

/* The lines of a file as a list. */
static bool
write_rows(const char *name, FILE *rows, FILE *out)
{
	bool is_line_end = false;

	if (fprintf(out, ",\"%s\":[", name) < 0)
		return false;
	if (rows != NULL) {
		rewind(rows);
		for (int byte = fgetc(rows); byte != EOF; byte = fgetc(rows)) {
			if (is_line_end && fputs(",\n", out) < 0)
				return false;
			is_line_end = byte == '\n';
			if (!is_line_end && fputc(byte, out) == EOF)
				return false;
		}
		if (ferror(rows))
			return false;
	}
	return fputc(']', out) != EOF;
}

bool
import_report_write(
    const struct import_report *report, const struct import_summary *summary, FILE *out)
{
	json_t *all = summarise(report, summary);
	char *text;
	bool is_written;

	json_object_set_new(all, "file", json_string(summary->file));
	if (report->rows_lost > 0)
		json_object_set_new(
		    all, "rows_not_listed", json_integer((json_int_t)report->rows_lost));
	text = json_dumps(all, JSON_COMPACT);
	is_written = text != NULL &&
	             fprintf(out, "%.*s", (int)strlen(text) - 1, text) >= 0 &&
	             write_rows("rows", report->rows, out) &&
	             write_rows("noted", report->noted, out) && fputs("}\n", out) >= 0 &&
	             fflush(out) == 0;
	free(text);
	json_decref(all);
	return is_written;
}
