/* SPDX-License-Identifier: Apache-2.0
 * Completing a word: those that begin so lie side by side, the most common come first. */
#include "services/matcher/complete.h"

#include "services/matcher/seek.h"

#define MOST_DEFAULT 10
/* Letters from which on an error is looked for, as in a search. */
#define ERROR_MIN 4

struct completion {
	struct text folded, shown;
	uint32_t services;
};

/* The best so far, in order. */
struct completing {
	const struct index *index;
	unsigned vocabularies; /* that may be told of */
	unsigned vocabulary;   /* that is looked at */
	uint32_t count, most;
	struct completion best[sizeof((struct completed *)0)->words /
	                       sizeof *((struct completed *)0)->words];
};

static bool
is_better(const struct completion *one, const struct completion *other)
{
	uint32_t least = one->folded.length < other->folded.length ? one->folded.length
	                                                           : other->folded.length;
	int order = memcmp(one->folded.at, other->folded.at, least);

	if (one->services != other->services)
		return one->services > other->services;
	return order != 0 ? order < 0 : one->folded.length < other->folded.length;
}

static void
keep(struct completing *completing, const struct completion *completion)
{
	uint32_t at = completing->count;

	if (at < completing->most)
		completing->count++;
	else if (at == 0 || !is_better(completion, &completing->best[--at]))
		return;
	for (; at > 0 && is_better(completion, &completing->best[at - 1]); at--)
		completing->best[at] = completing->best[at - 1];
	completing->best[at] = *completion;
}

/* Services that have the word, in all vocabularies; of several the first tells of it. */
static void
look_at(struct completing *completing, uint32_t number)
{
	const struct vocabulary *vocabulary =
	    &completing->index->vocabularies[completing->vocabulary];
	struct completion completion = { word_text(vocabulary, number),
		word_shown(vocabulary, number), vocabulary->words[number].count };

	for (unsigned i = 0; i < completing->vocabularies; i++) {
		const struct vocabulary *other = &completing->index->vocabularies[i];
		uint32_t same = i == completing->vocabulary
		                    ? UINT32_MAX
		                    : vocabulary_find(other, completion.folded);
		uint32_t services = same == UINT32_MAX ? 0 : other->words[same].count;

		if (services > 0 && i < completing->vocabulary)
			return;
		completion.services += services;
	}
	if (vocabulary->words[number].count > 0)
		keep(completing, &completion);
}

static void
look_at_near(void *self, uint32_t number, unsigned edits)
{
	(void)edits;
	look_at(self, number);
}

static void
complete_word(
    struct completing *completing, const struct sought_word *word, bool with_error)
{
	for (unsigned i = 0; i < completing->vocabularies; i++) {
		const struct vocabulary *vocabulary = &completing->index->vocabularies[i];
		const struct order *order = &vocabulary->by_letters;
		struct order_range range = order_find(order, word->letters);

		completing->vocabulary = i;
		if (with_error)
			order_walk(
			    order, word->letters, 1, true, look_at_near, completing);
		for (uint32_t at = range.first; at < range.end && !with_error; at++) {
			struct text text = word_text(vocabulary, order->at[at].word);

			if (text.length >= word->text.length &&
			    memcmp(text.at, word->text.at, word->text.length) == 0)
				look_at(completing, order->at[at].word);
		}
	}
}

static void
complete_question(struct completing *completing, struct text question, bool with_error)
{
	struct seek seek;
	const struct sought_word *word;

	seek_read(&seek, question);
	if (seek.count == 0 || completing->count > 0 || completing->most == 0)
		return;
	word = &seek.words[seek.count - 1];
	if (!with_error || word->letters.length >= ERROR_MIN)
		complete_word(completing, word, with_error);
}

void
complete_run(
    struct index *index, const struct complete *complete, struct completed *completed)
{
	const uint32_t room = sizeof completed->words / sizeof *completed->words;
	struct completing completing = { .index = index, .most = complete->most };
	char switched[2 * SEEK_QUESTION_MAX];
	struct text other = { switched,
		(uint32_t)spell_switch(complete->q, switched, sizeof switched) };

	if (complete->most == UINT_ABSENT)
		completing.most = MOST_DEFAULT;
	if (completing.most > room)
		completing.most = room;
	completing.vocabularies = complete->cleared == FLAG_YES ? VOCABULARIES : 1;
	for (unsigned i = 0; i < completing.vocabularies; i++)
		vocabulary_settle(&index->vocabularies[i]);
	complete_question(&completing, complete->q, false);
	complete_question(&completing, other, false);
	complete_question(&completing, complete->q, true);
	record_init(&record_completed, completed);
	for (uint32_t i = 0; i < completing.count; i++) {
		struct word_brief *word = &completed->words[completed->words_count++];

		record_init(&record_word_brief, word);
		word->word = completing.best[i].shown;
		word->services = completing.best[i].services;
	}
}
