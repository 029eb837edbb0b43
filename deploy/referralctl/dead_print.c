/* SPDX-License-Identifier: Apache-2.0
 * What is known of dead letters. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/json.h"
#include "deploy/referralctl/dead.h"
#include "deploy/referralctl/referralctl.h"
#include "deploy/referralctl/sheet.h"
#include "deploy/referralctl/words.h"

#define TIMELINE_MOST 256

struct facts_of {
	const struct letter *letter;
	struct sheet *sheet; /* a row of a list */
	json_t *list;        /* or an element of one */
	bool wants_lines;    /* and its part of the timeline */
	bool has_failed;
};

static const struct need_state *
need_of(const struct case_view *view, const char *item)
{
	for (uint32_t i = 0; i < view->needs_count; i++) {
		struct text id = view->needs[i].id;

		if (strncmp(item, id.at, id.length) == 0 &&
		    (item[id.length] == '\0' || item[id.length] == '-'))
			return &view->needs[i];
	}
	return NULL;
}

static const struct referral_state *
referral_of(const struct case_view *view, const char *item)
{
	for (uint32_t i = 0; i < view->referrals_count; i++)
		if (text_is(view->referrals[i].id, item))
			return &view->referrals[i];
	return NULL;
}

static int64_t
died_at(const struct case_view *view, const struct letter *letter)
{
	for (uint32_t i = view->timeline_count; i-- > 0;) {
		const struct transition *line = &view->timeline[i];

		if (text_is(line->item, letter->item) && text_is(line->action, "dead") &&
		    text_is(line->from, code_word(CODE_SET_stage, letter->stage)))
			return line->at;
	}
	return TIME_ABSENT;
}

static json_t *
json_of(struct text text)
{
	return text.length > 0 ? json_stringn(text.at, text.length) : json_null();
}

/* The lines of the timeline that are about the item. */
static json_t *
lines_json(const struct case_view *view, const char *item)
{
	json_t *lines = json_array();

	for (uint32_t i = 0; i < view->timeline_count; i++)
		if (text_is(view->timeline[i].item, item)) {
			char *json = json_write(&record_transition, &view->timeline[i],
			    MASK_NOT_PERSONAL, NULL);

			if (json != NULL)
				json_array_append_new(lines, json_loads(json, 0, NULL));
			free(json);
		}
	return lines;
}

static void
add_json(struct facts_of *facts, const struct case_view *view)
{
	const struct need_state *need = need_of(view, facts->letter->item);
	const struct referral_state *referral = referral_of(view, facts->letter->item);
	int64_t at_ms = died_at(view, facts->letter);
	char at[CLOCK_TEXT_BYTES];
	json_t *object = json_object();

	json_object_set_new(object, "stage",
	    json_string(code_word(CODE_SET_stage, facts->letter->stage)));
	json_object_set_new(object, "item", json_string(facts->letter->item));
	if (at_ms != TIME_ABSENT) {
		clock_format(at_ms, at);
		json_object_set_new(object, "died_at", json_string(at));
	}
	json_object_set_new(object, "state",
	    json_of(referral ? referral->state
	            : need   ? need->state
	                     : TEXT_ABSENT));
	json_object_set_new(object, "term", json_of(need ? need->term : TEXT_ABSENT));
	if (referral != NULL) {
		json_object_set_new(object, "service", json_of(referral->service));
		json_object_set_new(object, "agency", json_of(referral->agency));
	}
	if (facts->wants_lines)
		json_object_set_new(
		    object, "timeline", lines_json(view, facts->letter->item));
	if (json_array_append_new(facts->list, object) != 0)
		facts->has_failed = true;
}

static void
print_lines(const struct case_view *view, const char *item)
{
	struct sheet *sheet = sheet_new("WHEN ACTION FROM TO BY");
	char at[WORDS_BYTES];

	for (uint32_t i = 0; sheet != NULL && i < view->timeline_count; i++) {
		const struct transition *line = &view->timeline[i];

		if (!text_is(line->item, item))
			continue;
		sheet_word(sheet, words_time(line->at, at));
		sheet_text(sheet, line->action);
		sheet_text(sheet, line->from);
		sheet_text(sheet, line->to);
		sheet_text(sheet, line->by);
	}
	if (sheet != NULL)
		(void)sheet_print(sheet, 2, stdout);
	sheet_free(sheet);
}

static void
add_row(struct facts_of *facts, const struct case_view *view)
{
	const struct need_state *need = need_of(view, facts->letter->item);
	const struct referral_state *referral = referral_of(view, facts->letter->item);
	char at[WORDS_BYTES];

	sheet_word(facts->sheet, code_word(CODE_SET_stage, facts->letter->stage));
	sheet_word(facts->sheet, facts->letter->item);
	sheet_word(facts->sheet, words_time(died_at(view, facts->letter), at));
	sheet_text(facts->sheet, referral ? referral->state
	                         : need   ? need->state
	                                  : TEXT_ABSENT);
	sheet_text(facts->sheet, need ? need->term : TEXT_ABSENT);
	sheet_text(facts->sheet, referral ? referral->agency : TEXT_ABSENT);
	if (!facts->wants_lines)
		return;
	(void)sheet_print(facts->sheet, 0, stdout);
	print_lines(view, facts->letter->item);
}

static void
visit(void *ctx, struct case_view *view)
{
	struct facts_of *facts = ctx;

	if (facts->list != NULL)
		add_json(facts, view);
	else
		add_row(facts, view);
}

static enum status
read_facts(struct session *session, struct facts_of *facts)
{
	const struct session_reading reading = {
		.timeline_most = TIMELINE_MOST, .visit = visit, .ctx = facts
	};
	struct text case_id = TEXT_ABSENT;
	unsigned need, attempt;
	enum status status;

	if (!id_split(text_of(facts->letter->item), &case_id, &need, &attempt))
		return STATUS_OK;
	status = session_case(session, &reading, case_id);
	return status == STATUS_ABSENT ? STATUS_OK : status;
}

static struct sheet *
new_sheet(void)
{
	return sheet_new("STAGE ITEM DIED STATE TERM AGENCY");
}

int
dead_print(
    struct session *session, const struct letter *letters, size_t count, bool wants_lines)
{
	struct facts_of facts = {
		.sheet = new_sheet(),
		.list = session->wants_json ? json_array() : NULL,
		.wants_lines = wants_lines,
	};
	enum status status = STATUS_OK;
	int exit = EXIT_DONE;

	for (size_t i = 0; status == STATUS_OK && i < count; i++) {
		if (wants_lines && i > 0) {
			sheet_free(facts.sheet);
			facts.sheet = new_sheet();
		}
		facts.letter = &letters[i];
		status =
		    facts.sheet != NULL ? read_facts(session, &facts) : STATUS_NO_MEMORY;
	}
	if (status == STATUS_OK && (facts.has_failed || facts.sheet == NULL))
		status = STATUS_NO_MEMORY;
	if (status != STATUS_OK)
		exit = session_failed(session, status);
	else if (facts.list != NULL)
		exit = session_print(session, json_pack("{s:O}", "dead", facts.list));
	else if (!wants_lines && sheet_print(facts.sheet, 0, stdout))
		printf("%zu dead letters\n", count);
	sheet_free(facts.sheet);
	json_decref(facts.list);
	return exit;
}
