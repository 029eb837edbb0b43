/* SPDX-License-Identifier: Apache-2.0
 * Fills sentences. */
#include "proto/say.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>

enum { EN, UK, RU, LANGUAGES };

static const char *const TAGS[LANGUAGES] = { "en", "uk", "ru" };
static const char *const UNKNOWN[LANGUAGES] = { "not known", "невідомо", "неизвестно" };
static const char *const NO[LANGUAGES] = { "no", "ні", "нет" };
static const char *const YES[LANGUAGES] = { "yes", "так", "да" };

static const struct {
	const char *part;
	const char *sentences[LANGUAGES];
} TABLE[] = {
#define PART(name, unit, weight, least, largest, en, uk, ru, about)                      \
	{ #name, { en, uk, ru } },
#include "proto/score.def"
#undef PART
};

static const struct condition {
	const char *rule;
	const char *questions[LANGUAGES];
	const char *refusals[LANGUAGES];
} CONDITIONS[] = {
#define CONDITION(name, en, uk, ru, en_refusal, uk_refusal, ru_refusal)                  \
	{ #name, { en, uk, ru }, { en_refusal, uk_refusal, ru_refusal } },
#include "proto/eligibility.def"
#undef CONDITION
};

/* LANGUAGES: none of them. */
static unsigned
find_language(const char *tag)
{
	for (unsigned i = 0; i < LANGUAGES; i++)
		if (tolower((unsigned char)tag[0]) == TAGS[i][0] && tag[0] != '\0' &&
		    tolower((unsigned char)tag[1]) == TAGS[i][1] &&
		    !isalpha((unsigned char)tag[2]))
			return i;
	return LANGUAGES;
}

bool
say_knows(const char *lang)
{
	return find_language(lang) < LANGUAGES;
}

static unsigned
language_of(const char *tag)
{
	unsigned language = find_language(tag);

	return language < LANGUAGES ? language : EN;
}

static void
fill(const char *sentence, unsigned language, double value, char text[SAY_BYTES])
{
	const char *place = strchr(sentence, '{');
	char word[32];

	if (isnan(value))
		(void)snprintf(word, sizeof word, "%s", UNKNOWN[language]);
	else if (place[1] == '?')
		(void)snprintf(
		    word, sizeof word, "%s", value > 0 ? YES[language] : NO[language]);
	else
		(void)snprintf(word, sizeof word, "%.4g", round(value * 10) / 10);
	(void)snprintf(text, SAY_BYTES, "%.*s%s%s", (int)(place - sentence), sentence,
	    word, strchr(place, '}') + 1);
}

bool
say_part(struct text part, const char *lang, double value, char sentence[SAY_BYTES])
{
	unsigned language = language_of(lang);

	for (size_t i = 0; i < sizeof TABLE / sizeof *TABLE; i++) {
		if (!text_is(part, TABLE[i].part))
			continue;
		fill(TABLE[i].sentences[language], language, value, sentence);
		return true;
	}
	return false;
}

static const struct condition *
find_condition(struct text rule)
{
	for (size_t i = 0; i < sizeof CONDITIONS / sizeof *CONDITIONS; i++)
		if (text_is(rule, CONDITIONS[i].rule))
			return &CONDITIONS[i];
	return NULL;
}

const char *
say_question(struct text rule, const char *lang)
{
	const struct condition *condition = find_condition(rule);

	return condition != NULL ? condition->questions[language_of(lang)] : NULL;
}

const char *
say_refusal(struct text rule, const char *lang)
{
	const struct condition *condition = find_condition(rule);

	return condition != NULL ? condition->refusals[language_of(lang)] : NULL;
}

void
say_why(struct why *why, const char *lang, struct said *said)
{
	for (uint32_t i = 0; why->has_chosen && i < why->chosen.parts_count; i++) {
		const struct score_part *part = &why->chosen.parts[i];
		char *sentence = said->sentences[why->says_count];

		if (say_part(part->part, lang, part->value, sentence))
			why->says[why->says_count++] = text_of(sentence);
	}
}
