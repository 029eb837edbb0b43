/* SPDX-License-Identifier: Apache-2.0
 * The sentences of a description, held against each other. */
#include "common/prose_eligibility.h"

#include <math.h>

#include "common/prose_sentence.h"

#define SENTENCES_MAX 24

static bool
is_space(char byte)
{
	return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

/* A full stop ends a sentence before a space: not in "1.5" and "a.m.". */
static bool
ends_sentence(struct text prose, uint32_t at)
{
	char byte = prose.at[at];

	return byte == '\n' || byte == ';' ||
	       (byte == '.' && (at + 1 == prose.length || is_space(prose.at[at + 1])));
}

static struct text
trim(struct text text)
{
	while (text.length > 0 && is_space(text.at[0])) {
		text.at++;
		text.length--;
	}
	while (text.length > 0 && is_space(text.at[text.length - 1]))
		text.length--;
	return text;
}

/* False: more than fit. */
static bool
split(struct text prose, struct text sentences[SENTENCES_MAX], uint32_t *count)
{
	uint32_t from = 0;

	*count = 0;
	if (prose.length == 0)
		return true;
	for (uint32_t at = 0; at <= prose.length; at++) {
		struct text sentence;

		if (at < prose.length && !ends_sentence(prose, at))
			continue;
		sentence = trim((struct text){ prose.at + from, at - from });
		from = at + 1;
		if (sentence.length == 0)
			continue;
		if (*count == SENTENCES_MAX)
			return false;
		sentences[(*count)++] = sentence;
	}
	return true;
}

/* Whether the groups that a sentence names lie within the range of ages. */
static bool
groups_fit(uint32_t groups, double least, double most)
{
	static const struct {
		uint32_t group;
		double least_from, least_to, most; /* what the range must keep to */
	} GROUPS[] = {
		{ GROUP_infants, 0, 2, 5 },
		{ GROUP_children, 0, 12, 21 },
		{ GROUP_youth, 0, 18, 26 },
		{ GROUP_adults, 16, 25, INFINITY },
		{ GROUP_seniors, 50, 75, INFINITY },
	};
	double from = isnan(least) ? 0 : least;
	double to = isnan(most) ? INFINITY : most;

	for (size_t i = 0; i < sizeof GROUPS / sizeof *GROUPS; i++)
		if ((groups & GROUPS[i].group) != 0 &&
		    (from < GROUPS[i].least_from || from > GROUPS[i].least_to ||
		        to > GROUPS[i].most))
			return false;
	/* "Adults and seniors age 60 or over": whose age is it? */
	return (groups & GROUP_adults) == 0 || (groups & ~(uint32_t)GROUP_adults) == 0;
}

static bool
is_same(double one, double other)
{
	return one == other || (isnan(one) && isnan(other));
}

/* Takes what one clear sentence says into the whole; false: it goes with nothing else. */
static bool
join(struct prose_eligibility *all, const struct sentence *sentence, struct text text)
{
	if (sentence->has_age) {
		if (all->age_evidence.at != NULL &&
		    (!is_same(all->minimum_age, sentence->least) ||
		        !is_same(all->maximum_age, sentence->most)))
			return false;
		all->minimum_age = sentence->least;
		all->maximum_age = sentence->most;
		if (all->age_evidence.at == NULL)
			all->age_evidence = text;
	}
	if (sentence->codes != 0) {
		if (all->codes != 0 &&
		    (all->set != sentence->set || all->codes != sentence->codes))
			return false;
		all->set = sentence->set;
		all->codes = sentence->codes;
		if (all->codes_evidence.at == NULL)
			all->codes_evidence = text;
	}
	return true;
}

/* Whether the sentences make rules, which are then in `all`. */
static bool
make_rules(struct prose_eligibility *all, const struct sentence *sentences,
    const struct text *texts, uint32_t count)
{
	uint32_t groups = 0;

	for (uint32_t i = 0; i < count; i++) {
		if (sentences[i].class != SENTENCE_CLEAR ||
		    !join(all, &sentences[i], texts[i]))
			return false;
		groups |= sentences[i].groups;
	}
	if (all->codes != 0 && (all->age_evidence.at != NULL || groups != 0))
		return false;
	return all->age_evidence.at == NULL ||
	       groups_fit(groups, all->minimum_age, all->maximum_age);
}

static void
ask(struct prose_eligibility *all, struct text sentence)
{
	for (uint32_t i = 0; i < all->questions_count; i++)
		if (text_equal(all->questions[i], sentence))
			return;
	if (all->questions_count < PROSE_QUESTIONS_MAX)
		all->questions[all->questions_count++] = sentence;
}

/* Groups within a range of ages say no more than it. */
static bool
is_said_by_rules(const struct prose_eligibility *all, const struct sentence *sentence)
{
	return !sentence->has_more && (sentence->has_age || sentence->codes != 0 ||
	                                  all->age_evidence.at != NULL);
}

static void
forget(struct prose_eligibility *all)
{
	*all = (struct prose_eligibility){ .minimum_age = NAN, .maximum_age = NAN };
}

bool
prose_eligibility_read(struct text prose, struct prose_eligibility *all)
{
	struct text texts[SENTENCES_MAX];
	struct sentence sentences[SENTENCES_MAX];
	uint32_t count, open = 0;
	bool is_whole = split(prose, texts, &count);
	bool has_rules;

	forget(all);
	for (uint32_t i = 0; i < count; i++) {
		sentence_read(texts[i], &sentences[i]);
		open += sentences[i].class == SENTENCE_OPEN;
	}
	has_rules = is_whole && make_rules(all, sentences, texts, count);
	if (!has_rules)
		forget(all);
	all->is_open_to_all = is_whole && count > 0 && open == count;
	for (uint32_t i = 0; i < count; i++)
		if (sentences[i].class != SENTENCE_OPEN &&
		    (!has_rules || !is_said_by_rules(all, &sentences[i])))
			ask(all, texts[i]);
	return count > 0;
}
