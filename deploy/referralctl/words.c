/* SPDX-License-Identifier: Apache-2.0
 * Puts figures into words. */
#include "deploy/referralctl/words.h"

#include <inttypes.h>
#include <math.h>
#include <time.h>

#include "deploy/referralctl/sheet.h"
#include "proto/say.h"

const char *
words_age(int64_t ms, char words[WORDS_BYTES])
{
	const char *in = ms < 0 ? "in " : "";
	int64_t s, min, h, d;

	if (ms == TIME_ABSENT)
		return "-";
	s = (ms < 0 ? -ms : ms) / 1000;
	min = s / 60;
	h = min / 60;
	d = h / 24;
	if (min == 0)
		(void)snprintf(words, WORDS_BYTES, "%s%" PRId64 " s", in, s);
	else if (h == 0)
		(void)snprintf(words, WORDS_BYTES, "%s%" PRId64 " min", in, min);
	else if (d == 0)
		(void)snprintf(words, WORDS_BYTES, "%s%" PRId64 " h %" PRId64 " min", in,
		    h, min % 60);
	else
		(void)snprintf(
		    words, WORDS_BYTES, "%s%" PRId64 " d %" PRId64 " h", in, d, h % 24);
	return words;
}

const char *
words_time(int64_t at_ms, char words[WORDS_BYTES])
{
	time_t at = (time_t)(at_ms / 1000);
	struct tm local;

	if (at_ms == TIME_ABSENT || localtime_r(&at, &local) == NULL ||
	    strftime(words, WORDS_BYTES, "%Y-%m-%d %H:%M:%S", &local) == 0)
		return "-";
	return words;
}

const char *
words_code(enum code_set set, unsigned value)
{
	const char *word = code_word(set, value);

	return word != NULL ? word : "-";
}

/* ---- explanations ---- */

static void
put_name(const struct candidate *candidate, FILE *out)
{
	sheet_put(candidate->name.length > 0 ? candidate->name : candidate->service, out);
}

static void
put_unknown(const struct candidate *candidate, unsigned indent, FILE *out)
{
	const char *before = "unknown: ";

	for (uint32_t i = 0; i < candidate->rules_count; i++) {
		if (candidate->rules[i].verdict != verdict_unknown)
			continue;
		if (before[0] == 'u')
			fprintf(out, "%*s", (int)indent, "");
		fputs(before, out);
		sheet_put(candidate->rules[i].rule, out);
		before = ", ";
	}
	if (before[0] != 'u')
		fputc('\n', out);
	for (uint32_t i = 0; i < candidate->questions_count; i++) {
		fprintf(out, "%*sask: ", (int)indent, "");
		sheet_put(candidate->questions[i], out);
		fputc('\n', out);
	}
}

/* Each part on a line of its own, what it adds before it. */
static void
put_sentences(
    const struct candidate *candidate, const char *lang, unsigned indent, FILE *out)
{
	char sentence[SAY_BYTES];

	for (uint32_t i = 0; lang != NULL && i < candidate->parts_count; i++)
		if (say_part(candidate->parts[i].part, lang, candidate->parts[i].value,
		        sentence))
			fprintf(out, "%*s%+8.2f  %s\n", (int)indent, "",
			    candidate->parts[i].points, sentence);
}

/* Parts that give nothing go without saying. */
void
words_candidate(
    const struct candidate *candidate, const char *lang, unsigned indent, FILE *out)
{
	bool is_first = true;

	fprintf(out, "%*sscore %.2f", (int)indent, "", candidate->score);
	for (uint32_t i = 0; i < candidate->parts_count; i++) {
		const struct score_part *part = &candidate->parts[i];

		if (part->points == 0)
			continue;
		fprintf(out, "%s%s%.4g ",
		    is_first           ? " = "
		    : part->points < 0 ? " "
		                       : " + ",
		    part->points >= 0 ? ""
		    : is_first        ? "-"
		                      : "- ",
		    fabs(part->points));
		sheet_put(part->part, out);
		if (!isnan(part->value))
			fprintf(out, " (%.4g)", part->value);
		is_first = false;
	}
	fputc('\n', out);
	put_sentences(candidate, lang, indent, out);
	put_unknown(candidate, indent, out);
}

static void
put_refusals(const struct why *why, unsigned indent, FILE *out)
{
	if (why->refusals_by_rule_count == 0)
		return;
	fprintf(out, "%*sexcluded:", (int)indent, "");
	for (uint32_t i = 0; i < why->refusals_by_rule_count; i++) {
		fprintf(out, "%s %" PRIu32 " by ", i > 0 ? "," : "",
		    why->refusals_by_rule[i].count);
		sheet_put(why->refusals_by_rule[i].rule, out);
	}
	fputc('\n', out);
	for (uint32_t i = 0; i < why->refusals_count; i++) {
		const struct refusal *refusal = &why->refusals[i];

		fprintf(out, "%*s  ", (int)indent, "");
		sheet_put(
		    refusal->name.length > 0 ? refusal->name : refusal->service, out);
		fputs(": ", out);
		sheet_put(refusal->rule, out);
		fputc('\n', out);
	}
}

void
words_why(const struct why *why, const char *lang, unsigned indent, FILE *out)
{
	if (why->considered_count != UINT_ABSENT)
		fprintf(out, "%*s%" PRIu32 " services considered\n", (int)indent, "",
		    why->considered_count);
	if (why->has_chosen)
		words_candidate(&why->chosen, lang, indent, out);
	for (uint32_t i = 0; i < why->next_count; i++) {
		fprintf(out, "%*snext: %.2f ", (int)indent, "", why->next[i].score);
		put_name(&why->next[i], out);
		fputc('\n', out);
	}
	if (why->policy != UINT_ABSENT)
		fprintf(out, "%*spolicy: version %" PRIu32 "\n", (int)indent, "",
		    why->policy);
	put_refusals(why, indent, out);
}
