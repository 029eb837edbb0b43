/* SPDX-License-Identifier: Apache-2.0
 * Reads one case with its timeline, and the journal. */
#include "common/cases_private.h"

#include <stdlib.h>

/* ---- one case ---- */

struct case_reader {
	struct case_record *record;
	struct cases *cases;
	struct text case_id;
	uint32_t base[CASE_NEEDS_MAX]; /* position of the first referral of each need */
};

/* Takes "n3.state" or "r3-2.why" apart; false for fields of the case itself. */
static bool
item_field(struct text name, unsigned *need, unsigned *attempt, struct text *field)
{
	char text[64];
	int used = 0;

	*attempt = 0;
	if (!text_copy(name, text, sizeof text))
		return false;
	if (sscanf(text, "n%u.%n", need, &used) < 1 || used == 0) {
		used = 0;
		if (sscanf(text, "r%u-%u.%n", need, attempt, &used) < 2 || used == 0)
			return false;
	}
	*field = (struct text){ name.at + used, name.length - (uint32_t)used };
	return *need >= 1 && *need <= CASE_NEEDS_MAX;
}

static void
case_field(struct case_reader *reader, struct text name, const struct store_value *value)
{
	struct case_record *record = reader->record;
	struct text text = store_text(value);

	if (text_is(name, "version"))
		record->view.version = value_version(value);
	else if (text_is(name, "urgency"))
		record->view.urgency = (uint8_t)code_value(CODE_SET_urgency, text);
	else if (text_is(name, "at"))
		record->view.accepted_at = store_integer(value, TIME_ABSENT);
	else if (text_is(name, "open"))
		record->view.open = store_integer(value, 0) > 0 ? FLAG_YES : FLAG_NO;
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
need_field(struct need_state *need, struct text field, struct text text)
{
	if (text_is(field, "state"))
		need->state = text;
	else if (text_is(field, "term"))
		need->term = text;
	else if (text_is(field, "reason"))
		need->reason = (uint8_t)code_value(CODE_SET_reason, text);
}

static void
referral_field(struct case_record *record, uint32_t at, struct text field,
    const struct store_value *value)
{
	struct referral_state *referral = &record->view.referrals[at];
	struct text text = store_text(value);

	if (text_is(field, "state"))
		referral->state = text;
	else if (text_is(field, "version"))
		referral->version = value_version(value);
	else if (text_is(field, "service"))
		referral->service = text;
	else if (text_is(field, "agency"))
		referral->agency = text;
	else if (text_is(field, "reason"))
		referral->reason = (uint8_t)code_value(CODE_SET_reason, text);
	else if (text_is(field, "offered_at"))
		referral->offered_at = store_integer(value, TIME_ABSENT);
	else if (text_is(field, "expires_at"))
		referral->expires_at = store_integer(value, TIME_ABSENT);
	else if (text_is(field, "why"))
		record->whys[at] = text;
	else if (text_is(field, "note"))
		record->notes[at] = text;
}

/* How many needs there are and where each need's referrals begin. */
static void
lay_out(struct case_reader *reader, const struct store_value *fields)
{
	struct case_view *view = &reader->record->view;
	uint32_t counts[CASE_NEEDS_MAX] = { 0 };
	unsigned need, attempt;
	struct text field;

	for (size_t i = 0; i + 1 < store_count(fields); i += 2) {
		struct text name = store_text(store_at(fields, i));

		if (!item_field(name, &need, &attempt, &field) || attempt != 0)
			continue;
		if (need > view->needs_count)
			view->needs_count = need;
		if (text_is(field, "referrals"))
			counts[need - 1] = value_version(store_at(fields, i + 1));
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

static void
read_fields(struct case_reader *reader, const struct store_value *fields)
{
	struct case_record *record = reader->record;
	unsigned need, attempt;
	struct text field;

	for (size_t i = 0; i + 1 < store_count(fields); i += 2) {
		struct text name = store_text(store_at(fields, i));
		const struct store_value *value = store_at(fields, i + 1);

		if (!item_field(name, &need, &attempt, &field)) {
			case_field(reader, name, value);
		} else if (attempt == 0) {
			need_field(
			    &record->view.needs[need - 1], field, store_text(value));
		} else {
			uint32_t at = reader->base[need - 1] + attempt - 1;

			if (at < record->view.referrals_count)
				referral_field(record, at, field, value);
		}
	}
	for (uint32_t i = 0; i < record->view.referrals_count; i++) {
		struct referral_state *referral = &record->view.referrals[i];

		referral->urgency = record->view.urgency;
		if (id_split(referral->need, &field, &need, &attempt))
			referral->term = record->view.needs[need - 1].term;
	}
}

/* ---- the journal ---- */

struct line {
	struct text id, item, action, from, to, need_from, need_to, by, role, reason,
	    case_id;
};

static void
read_line(const struct store_value *entry, struct line *line)
{
	static const struct {
		const char *name;
		size_t offset;
	} PARTS[] = {
		{ "case", offsetof(struct line, case_id) },
		{ "item", offsetof(struct line, item) },
		{ "action", offsetof(struct line, action) },
		{ "from", offsetof(struct line, from) },
		{ "to", offsetof(struct line, to) },
		{ "need_from", offsetof(struct line, need_from) },
		{ "need_to", offsetof(struct line, need_to) },
		{ "by", offsetof(struct line, by) },
		{ "role", offsetof(struct line, role) },
		{ "reason", offsetof(struct line, reason) },
	};
	const struct store_value *fields = store_at(entry, 1);

	memset(line, 0, sizeof *line);
	line->id = store_text(store_at(entry, 0));
	for (size_t i = 0; i + 1 < store_count(fields); i += 2)
		for (size_t p = 0; p < sizeof PARTS / sizeof PARTS[0]; p++)
			if (text_is(store_text(store_at(fields, i)), PARTS[p].name))
				*(struct text *)((char *)line + PARTS[p].offset) =
				    store_text(store_at(fields, i + 1));
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
	out->item = line->item;
	out->action = line->action;
	out->from = unless_empty(line->from);
	out->to = unless_empty(line->to);
	out->by = unless_empty(line->by);
	out->role = (uint8_t)code_value(CODE_SET_role, line->role);
	out->reason = (uint8_t)code_value(CODE_SET_reason, line->reason);
}

/* The need's share of a line about its referral, as a line of its own. */
static bool
need_transition_of(
    const struct line *line, char need_id[ID_ITEM_MAX], struct transition *out)
{
	struct text case_id;
	unsigned need, attempt;

	if (line->need_to.length == 0 || !id_split(line->item, &case_id, &need, &attempt))
		return false;
	transition_of(line, out);
	id_need(case_id, need, need_id);
	out->item = text_of(need_id);
	out->from = line->need_from;
	out->to = line->need_to;
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

static void
read_show(
    struct pending *pending, const struct store_value *value, struct case_result *result)
{
	struct cases *cases = pending->cases;
	struct case_record *record = cases->record;
	struct case_reader reader = { .record = record, .cases = cases };
	const struct store_value *fields = store_at(value, 0);
	struct line line;

	if (result->status == STATUS_OK && store_count(value) < 2)
		result->status = STATUS_ABSENT;
	if (result->status != STATUS_OK) {
		pending->each.got(pending->ctx, result->status, NULL);
		return;
	}
	memset(record->whys, 0, sizeof record->whys);
	memset(record->notes, 0, sizeof record->notes);
	record->by = record->key = record->identity = record->routing = TEXT_ABSENT;
	record_init(&record_case_view, &record->view);
	read_line(store_at(store_at(value, 1), 0), &line);
	reader.case_id = line.case_id;
	record->view.id = line.case_id;
	lay_out(&reader, fields);
	read_fields(&reader, fields);
	read_timeline(&reader, store_at(value, 1));
	pending->each.got(pending->ctx, STATUS_OK, record);
}

enum status
cases_get(struct cases *cases, struct text case_id, unsigned timeline_most,
    cases_got *got, void *ctx)
{
	struct pending *pending = pending_take(cases, read_show, NULL, ctx);
	struct arguments a;

	if (pending == NULL)
		return STATUS_NO_MEMORY;
	pending->each.got = got;
	arguments_begin(&a, cases, "hl_show");
	arguments_text(&a, case_id);
	arguments_number(&a, timeline_most > 0 ? timeline_most : 1);
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
