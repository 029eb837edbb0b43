/* SPDX-License-Identifier: Apache-2.0
 * Reads one case with its timeline, and the journal. */
#include "common/cases_private.h"

#include <stdlib.h>

#include "proto/kept.h"

/* ---- one case ---- */

struct case_reader {
	struct case_record *record;
	struct cases *cases;
	struct text case_id;
	struct text last;              /* its newest journal line */
	uint32_t base[CASE_NEEDS_MAX]; /* position of the first referral of each need */
};

/* Takes "n3", "r3-2" or "r3-2.why" apart; `rest` is what follows the numbers.  False for
 * fields of the case itself. */
static bool
item_field(struct text name, unsigned *need, unsigned *attempt, struct text *rest)
{
	char text[64];
	int used = 0;

	*attempt = 0;
	if (!text_copy(name, text, sizeof text))
		return false;
	if (sscanf(text, "n%u%n", need, &used) < 1 &&
	    sscanf(text, "r%u-%u%n", need, attempt, &used) < 2)
		return false;
	*rest = (struct text){ name.at + used, name.length - (uint32_t)used };
	return *need >= 1 && *need <= CASE_NEEDS_MAX;
}

static int64_t
number_or(struct text text, int64_t absent)
{
	char digits[24];

	return text.length > 0 && text_copy(text, digits, sizeof digits)
	           ? strtoll(digits, NULL, 10)
	           : absent;
}

static void
head_field(struct case_reader *reader, struct text packed)
{
	struct case_view *view = &reader->record->view;
	struct kept_head head;

	KEPT_SPLIT(packed, &head);
	view->version = (uint32_t)number_or(head.version, UINT_ABSENT);
	view->urgency = (uint8_t)code_value(CODE_SET_urgency, head.urgency);
	view->accepted_at = number_or(head.at, TIME_ABSENT);
	view->open = number_or(head.open, 0) > 0 ? FLAG_YES : FLAG_NO;
	if (head.by.length > 0)
		reader->record->by = head.by;
	if (head.digest.length > 0)
		reader->record->digest = head.digest;
	reader->last = head.last;
}

static void
case_field(struct case_reader *reader, struct text name, struct text text)
{
	struct case_record *record = reader->record;

	if (text_is(name, "head"))
		head_field(reader, text);
	else if (text_is(name, "digest")) /* of an older case, as `by` */
		record->digest = text;
	else if (text_is(name, "by"))
		record->by = text;
	else if (text_is(name, "key"))
		record->key = text;
	else if (text_is(name, "identity"))
		record->identity = text;
	else if (text_is(name, "routing"))
		record->routing = text;
}

static void
need_field(struct need_state *out, struct text packed)
{
	struct kept_need need;

	KEPT_SPLIT(packed, &need);
	out->state = need.state;
	out->term = need.term;
	out->reason = (uint8_t)code_value(CODE_SET_reason, need.reason);
}

static void
referral_field(
    struct case_record *record, uint32_t at, struct text field, struct text text)
{
	struct referral_state *out = &record->view.referrals[at];
	struct kept_referral referral;

	if (text_is(field, ".why")) {
		record->whys[at] = text;
	} else if (text_is(field, ".note")) {
		record->notes[at] = text;
	} else if (field.length == 0) {
		KEPT_SPLIT(text, &referral);
		out->state = referral.state;
		out->version = (uint32_t)number_or(referral.version, UINT_ABSENT);
		out->service = referral.service;
		out->agency = referral.agency;
		out->reason = (uint8_t)code_value(CODE_SET_reason, referral.reason);
		out->offered_at = number_or(referral.offered_at, TIME_ABSENT);
		out->expires_at = number_or(referral.expires_at, TIME_ABSENT);
	}
}

/* How many needs there are and where each need's referrals begin. */
static void
lay_out(struct case_reader *reader, const struct store_value *fields)
{
	struct case_view *view = &reader->record->view;
	int64_t counts[CASE_NEEDS_MAX] = { 0 };
	struct kept_need kept;
	unsigned need, attempt;
	struct text rest;

	for (size_t i = 0; i + 1 < store_count(fields); i += 2) {
		struct text name = store_text(store_at(fields, i));

		if (!item_field(name, &need, &attempt, &rest) || attempt != 0 ||
		    rest.length != 0)
			continue;
		if (need > view->needs_count)
			view->needs_count = need;
		KEPT_SPLIT(store_text(store_at(fields, i + 1)), &kept);
		counts[need - 1] = number_or(kept.referrals, 0);
	}
	for (unsigned n = 0; n < view->needs_count; n++) {
		reader->base[n] = view->referrals_count;
		for (unsigned a = 1; a <= counts[n] && view->referrals_count < 64; a++) {
			uint32_t at = view->referrals_count++;

			record_init(&record_referral_state, &view->referrals[at]);
			id_need(reader->case_id, n + 1, reader->cases->need_ids[n]);
			id_referral(text_of(reader->cases->need_ids[n]), a,
			    reader->cases->referral_ids[at]);
			view->referrals[at].id = text_of(reader->cases->referral_ids[at]);
			view->referrals[at].need = text_of(reader->cases->need_ids[n]);
		}
		record_init(&record_need_state, &view->needs[n]);
		id_need(reader->case_id, n + 1, reader->cases->need_ids[n]);
		view->needs[n].id = text_of(reader->cases->need_ids[n]);
	}
}

/* A moment of a referral, from 10^12 on since 1970, else since its case was accepted. */
static int64_t
moment_of(const struct case_view *view, int64_t kept)
{
	return kept == TIME_ABSENT || kept >= INT64_C(1000000000000)
	           ? kept
	           : view->accepted_at + kept;
}

static void
read_fields(struct case_reader *reader, const struct store_value *fields)
{
	struct case_record *record = reader->record;
	unsigned need, attempt;
	struct text rest;

	for (size_t i = 0; i + 1 < store_count(fields); i += 2) {
		struct text name = store_text(store_at(fields, i));
		struct text text = store_text(store_at(fields, i + 1));

		if (!item_field(name, &need, &attempt, &rest)) {
			case_field(reader, name, text);
		} else if (attempt == 0 && rest.length == 0) {
			need_field(&record->view.needs[need - 1], text);
		} else if (attempt != 0) {
			uint32_t at = reader->base[need - 1] + attempt - 1;

			if (at < record->view.referrals_count)
				referral_field(record, at, rest, text);
		}
	}
	for (uint32_t i = 0; i < record->view.referrals_count; i++) {
		struct referral_state *referral = &record->view.referrals[i];

		referral->urgency = record->view.urgency;
		referral->offered_at = moment_of(&record->view, referral->offered_at);
		referral->expires_at = moment_of(&record->view, referral->expires_at);
		if (id_split(referral->need, &rest, &need, &attempt))
			referral->term = record->view.needs[need - 1].term;
	}
}

/* ---- the journal ---- */

struct line {
	struct text id, case_id;
	struct kept_line kept;
};

static void
read_line(const struct store_value *entry, struct line *line)
{
	unsigned need, attempt;

	line->id = store_text(store_at(entry, 0));
	KEPT_SPLIT(store_text(store_at(store_at(entry, 1), 1)), &line->kept);
	if (!id_split(line->kept.item, &line->case_id, &need, &attempt))
		line->case_id = line->kept.item;
}

static struct text
unless_empty(struct text text)
{
	return text.length > 0 ? text : TEXT_ABSENT;
}

static void
transition_of(const struct line *line, struct transition *out)
{
	record_init(&record_transition, out);
	out->id = line->id;
	out->at = line->id.at != NULL ? strtoll(line->id.at, NULL, 10) : 0;
	out->item = line->kept.item;
	out->action = line->kept.action;
	out->from = unless_empty(line->kept.from);
	out->to = unless_empty(line->kept.to);
	out->by = unless_empty(line->kept.by);
	out->role = (uint8_t)code_value(CODE_SET_role, line->kept.role);
	out->reason = (uint8_t)code_value(CODE_SET_reason, line->kept.reason);
}

/* The need's share of a line about its referral, as a line of its own. */
static bool
need_transition_of(
    const struct line *line, char need_id[ID_ITEM_MAX], struct transition *out)
{
	struct text case_id;
	unsigned need, attempt;

	if (line->kept.need_to.length == 0 ||
	    !id_split(line->kept.item, &case_id, &need, &attempt) || need == 0)
		return false;
	transition_of(line, out);
	id_need(case_id, need, need_id);
	out->item = text_of(need_id);
	out->from = line->kept.need_from;
	out->to = line->kept.need_to;
	return true;
}

/* Entries come newest first; the view has them oldest first. */
static void
read_timeline(struct case_reader *reader, const struct store_value *entries)
{
	struct case_view *view = &reader->record->view;
	struct line line;

	for (size_t i = store_count(entries); i-- > 0 && view->timeline_count < 255;) {
		uint32_t at = view->timeline_count;

		read_line(store_at(entries, i), &line);
		transition_of(&line, &view->timeline[view->timeline_count++]);
		if (need_transition_of(&line, reader->cases->item_ids[at],
		        &view->timeline[view->timeline_count]))
			view->timeline_count++;
	}
}

/* Old lines of a case that is still open may have gone to the archive. */
static struct store_value *
older_lines(const struct case_reader *reader, const struct store_value *lines,
    unsigned timeline_most)
{
	size_t count = store_count(lines);
	struct line oldest = { .kept.prev = reader->last };

	if (count >= timeline_most)
		return NULL;
	if (count > 0)
		read_line(store_at(lines, count - 1), &oldest);
	return archived_lines(
	    reader->cases, oldest.kept.prev, timeline_most - (unsigned)count);
}

void
record_read(struct cases *cases, struct text case_id, const struct store_value *fields,
    const struct store_value *lines, unsigned timeline_most)
{
	struct case_record *record = cases->record;
	struct case_reader reader = {
		.record = record, .cases = cases, .case_id = case_id
	};

	memset(record->whys, 0, sizeof record->whys);
	memset(record->notes, 0, sizeof record->notes);
	record->by = record->key = record->identity = record->routing = record->digest =
	    TEXT_ABSENT;
	record_init(&record_case_view, &record->view);
	record->view.id = case_id;
	lay_out(&reader, fields);
	read_fields(&reader, fields);
	cases->older = older_lines(&reader, lines, timeline_most);
	read_timeline(&reader, cases->older);
	read_timeline(&reader, lines);
}

static void
read_show(
    struct pending *pending, const struct store_value *value, struct case_result *result)
{
	struct cases *cases = pending->cases;
	struct text id = text_of(pending->what);
	bool is_all = pending->most == 0; /* hl_show puts the lines behind the fields */

	if (result->status == STATUS_OK && store_count(value) < 2)
		result->status = record_read_archived(cases, id, pending->most);
	else if (result->status == STATUS_OK)
		record_read(cases, id, is_all ? value : store_at(value, 0),
		    is_all ? NULL : store_at(value, 1), pending->most);
	pending->each.got(pending->ctx, result->status,
	    result->status == STATUS_OK ? cases->record : NULL);
	record_free(cases);
}

enum status
cases_get(struct cases *cases, struct text case_id, unsigned timeline_most,
    cases_got *got, void *ctx)
{
	char key[KEY_MAX_BYTES];
	struct pending *pending;
	struct arguments a;

	if (case_id.length >= sizeof pending->what)
		return STATUS_ABSENT;
	pending = pending_take(cases, read_show, NULL, ctx);
	if (pending == NULL)
		return STATUS_NO_MEMORY;
	pending->each.got = got;
	pending->most = timeline_most;
	(void)text_copy(case_id, pending->what, sizeof pending->what);
	if (timeline_most == 0) {
		(void)arguments_key(
		    &a, key, cases, "HGETALL", "case", pending->what, NULL);
	} else {
		arguments_begin(&a, cases, "hl_show");
		arguments_text(&a, case_id);
		arguments_number(&a, timeline_most);
	}
	return pending_send(pending, case_id, &a);
}

static void
read_journal(
    struct pending *pending, const struct store_value *value, struct case_result *result)
{
	struct transition out;
	char need_id[ID_ITEM_MAX];
	struct line line;

	if (result->status != STATUS_OK)
		return;
	for (size_t i = 0; i < store_count(value); i++) {
		read_line(store_at(value, i), &line);
		if (need_transition_of(&line, need_id, &out))
			pending->each.on_line(pending->ctx, line.case_id, &out, false);
		transition_of(&line, &out);
		pending->each.on_line(pending->ctx, line.case_id, &out, true);
		result->count++;
	}
}

enum status
cases_journal(struct cases *cases, struct text after, unsigned most,
    cases_on_transition *on_line, cases_done *done, void *ctx)
{
	struct pending *pending = pending_take(cases, read_journal, done, ctx);
	char key[KEY_MAX_BYTES], from[48];
	struct arguments a;

	if (pending == NULL)
		return STATUS_NO_MEMORY;
	pending->each.on_line = on_line;
	(void)arguments_key(&a, key, cases, "XRANGE", "journal", NULL, NULL);
	(void)snprintf(from, sizeof from, "(%.*s",
	    (int)(after.length < 40 ? after.length : 40), after.at);
	arguments_word(&a, from);
	arguments_word(&a, "+");
	arguments_word(&a, "COUNT");
	arguments_number(&a, most);
	return pending_send(pending, LITERAL("journal"), &a);
}
