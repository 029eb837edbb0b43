/* SPDX-License-Identifier: Apache-2.0
 * Explanations at length. */
#include <inttypes.h>
#include <math.h>

#include "common/id.h"
#include "deploy/referralctl/explain.h"
#include "deploy/referralctl/sheet.h"
#include "deploy/referralctl/words.h"
#include "proto/say.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static bool
is_of(struct text id, unsigned need, unsigned attempt)
{
	struct text case_id;
	unsigned its_need, its_attempt;

	return id_split(id, &case_id, &its_need, &its_attempt) &&
	       (need == 0 || its_need == need) &&
	       (attempt == 0 || its_attempt == attempt);
}

bool
explain_keep(struct case_view *view, unsigned need, unsigned attempt)
{
	uint32_t needs = 0, referrals = 0;

	for (uint32_t i = 0; i < view->needs_count; i++)
		if (is_of(view->needs[i].id, need, 0))
			view->needs[needs++] = view->needs[i];
	for (uint32_t i = 0; i < view->referrals_count; i++)
		if (is_of(view->referrals[i].id, need, attempt))
			view->referrals[referrals++] = view->referrals[i];
	view->needs_count = needs;
	view->referrals_count = referrals;
	return needs > 0 && (attempt == 0 || referrals > 0);
}

/* ---- what is not stored ---- */

static void
ask(struct candidate *candidate, const char *lang)
{
	candidate->questions_count = 0;
	for (uint32_t i = 0; i < candidate->rules_count; i++) {
		const struct rule_result *line = &candidate->rules[i];
		const char *question = say_question(line->rule, lang);

		if (line->verdict == verdict_unknown && question != NULL &&
		    candidate->questions_count < COUNT(candidate->questions))
			candidate->questions[candidate->questions_count++] =
			    text_of(question);
	}
}

void
explain_say(struct case_view *view, const char *lang)
{
	static struct said said[COUNT(view->referrals)];

	for (uint32_t i = 0; i < view->referrals_count; i++) {
		struct referral_state *referral = &view->referrals[i];

		if (!referral->has_why)
			continue;
		say_why(&referral->why, lang, &said[i]);
		if (referral->why.has_chosen)
			ask(&referral->why.chosen, lang);
	}
}

/* ---- for people ---- */

static void
put_named(struct text name, struct text id, FILE *out)
{
	if (name.length > 0) {
		sheet_put(name, out);
		fputs(" (", out);
	}
	sheet_put(id, out);
	if (name.length > 0)
		fputc(')', out);
}

/* By what it was decided: who has the same gets the same. */
static void
put_inputs(const struct why *why, FILE *out)
{
	fputs("  decided by ", out);
	if (why->policy != UINT_ABSENT)
		fprintf(out, "policy version %" PRIu32, why->policy);
	else
		fputs("the standard policy", out);
	if (why->directory_version.length > 0) {
		fputs(", directory version ", out);
		sheet_put(why->directory_version, out);
	}
	if (why->seed != UINT_ABSENT)
		fprintf(out, ", seed %" PRIu32, why->seed);
	fputc('\n', out);
}

static void
put_chosen(const struct candidate *chosen, const char *lang, FILE *out)
{
	char sentence[SAY_BYTES];

	fprintf(out, "  chosen with %.2f points\n", chosen->score);
	for (uint32_t i = 0; i < chosen->parts_count; i++)
		if (say_part(
		        chosen->parts[i].part, lang, chosen->parts[i].value, sentence))
			fprintf(
			    out, "    %+8.2f  %s\n", chosen->parts[i].points, sentence);
}

static void
put_questions(const struct candidate *chosen, const char *lang, FILE *out)
{
	bool is_first = true;

	for (uint32_t i = 0; i < chosen->rules_count; i++) {
		const struct rule_result *line = &chosen->rules[i];
		const char *question = say_question(line->rule, lang);

		if (line->verdict != verdict_unknown)
			continue;
		if (is_first)
			fputs(
			    "  not known, to be asked: each may still exclude it\n", out);
		is_first = false;
		fputs("    ", out);
		sheet_put(line->rule, out);
		fprintf(out, ": %s\n", question != NULL ? question : "");
	}
}

static void
put_next(const struct why *why, FILE *out)
{
	if (why->next_count == 0)
		fputs("  no other was found that could take it\n", out);
	for (uint32_t i = 0; i < why->next_count; i++) {
		const struct candidate *next = &why->next[i];
		/* Points are whole hundredths. */
		double less = why->has_chosen
		                  ? round((why->chosen.score - next->score) * 100) / 100
		                  : NAN;

		fputs("  next: ", out);
		put_named(next->name, next->service, out);
		fprintf(out, " with %.2f points", next->score);
		if (less > 0)
			fprintf(out, ", %.2f fewer", less);
		else if (less < 0)
			fprintf(out,
			    ", %.2f more: it has this need already, or no place "
			    "could be reserved",
			    -less);
		else if (!isnan(less))
			fputs(", as many: the seed decided", out);
		fputc('\n', out);
	}
}

static void
put_refusal(struct text rule, const char *lang, FILE *out)
{
	const char *refusal = say_refusal(rule, lang);

	sheet_put(rule, out);
	if (refusal != NULL)
		fprintf(out, ": %s", refusal);
	fputc('\n', out);
}

static void
put_excluded(const struct why *why, const char *lang, FILE *out)
{
	if (why->considered_count != UINT_ABSENT)
		fprintf(
		    out, "  services considered: %" PRIu32 "\n", why->considered_count);
	for (uint32_t i = 0; i < why->refusals_by_rule_count; i++) {
		fprintf(
		    out, "  excluded %" PRIu32 " by ", why->refusals_by_rule[i].count);
		put_refusal(why->refusals_by_rule[i].rule, lang, out);
	}
	for (uint32_t i = 0; i < why->refusals_count; i++) {
		fputs("  one of them: ", out);
		put_named(why->refusals[i].name, why->refusals[i].service, out);
		fputs(", by ", out);
		sheet_put(why->refusals[i].rule, out);
		fputc('\n', out);
	}
}

static void
print_referral(const struct referral_state *referral, const char *lang, FILE *out)
{
	char at[WORDS_BYTES];

	fputs("referral ", out);
	sheet_put(referral->id, out);
	fprintf(out, ", offered %s: ", words_time(referral->offered_at, at));
	sheet_put(referral->state, out);
	fputs("\n  to ", out);
	put_named(referral->service_name, referral->service, out);
	fputc('\n', out);
	if (!referral->has_why) {
		fputs("  no explanation is stored, or it is damaged\n", out);
		return;
	}
	put_inputs(&referral->why, out);
	if (referral->why.has_chosen) {
		put_chosen(&referral->why.chosen, lang, out);
		put_questions(&referral->why.chosen, lang, out);
	}
	put_next(&referral->why, out);
	put_excluded(&referral->why, lang, out);
}

void
explain_print(const struct case_view *view, const char *lang, FILE *out)
{
	for (uint32_t i = 0; i < view->needs_count; i++) {
		const struct need_state *need = &view->needs[i];

		fputs(i > 0 ? "\nneed " : "need ", out);
		sheet_put(need->id, out);
		fputs(", ", out);
		sheet_put(need->term, out);
		fputs(": ", out);
		sheet_put(need->state, out);
		if (need->reason != 0)
			fprintf(out, ", %s", code_about(CODE_SET_reason, need->reason));
		fputc('\n', out);
		for (uint32_t n = 0; n < view->referrals_count; n++)
			if (text_equal(view->referrals[n].need, need->id))
				print_referral(&view->referrals[n], lang, out);
	}
}
