/* SPDX-License-Identifier: Apache-2.0
 * Word by word, the rarest first, every service that has the word takes its worth. */
#include "services/matcher/seek.h"

#include <math.h>

#include "common/fold.h"

#define TIERS 3u
/* In 1/16: how well a word fits. */
enum fit {
	FIT_WHOLE = 16,
	FIT_BEGINNING = 12,
	FIT_STEM = 11,
	FIT_ERROR = 8,
	FIT_TWO_ERRORS = 5
};
/* More words than these that begin alike are not looked at one by one to tell how rare they
 * are. */
#define COUNTED_MOST 256
/* Sounds from which on they count as a whole or as a stem; as a beginning. */
#define SOUNDS_MIN 2
#define BEGINNING_MIN 3
/* Characters from which on one and two errors are looked for. */
#define ONE_ERROR_MIN 4
#define TWO_ERRORS_MIN 8

/* Out of 15.  A name is what people remember; a description mentions much that is not meant. */
static const uint8_t FIELD_WORTH[SEARCH_FIELDS] = {
	[SEARCH_NAME] = 15,
	[SEARCH_ALTERNATE_NAME] = 13,
	[SEARCH_AGENCY] = 8,
	[SEARCH_TERMS] = 7,
	[SEARCH_PLACE] = 6,
	[SEARCH_DESCRIPTION] = 3,
};

/* ---- reading ---- */

static bool
is_there(const struct seek *seek, struct text text)
{
	for (uint32_t i = 0; i < seek->count; i++)
		if (text_equal(seek->words[i].text, text))
			return true;
	return false;
}

/* The spellings lie behind those of the words before. */
static void
read_word(struct seek *seek, struct text text)
{
	uint8_t letters[SPELL_WORD_MAX], sounds[SPELL_SOUNDS_MAX], stem[SPELL_SOUNDS_MAX];
	struct sought_word *word = &seek->words[seek->count];
	size_t at = (size_t)(text.at - seek->texts);
	struct text without = { text.at, spell_stem(text) };

	*word = (struct sought_word){ .text = text };
	word->letters =
	    (struct text){ (char *)seek->letters + at, spell_letters(text, letters) };
	memcpy(seek->letters + at, letters, word->letters.length);
	word->sounds =
	    (struct text){ (char *)seek->sounds + at, spell_sounds(text, sounds) };
	if (word->sounds.length > text.length)
		word->sounds.length = text.length;
	memcpy(seek->sounds + at, sounds, word->sounds.length);
	word->stem =
	    (struct text){ (char *)seek->stems + at, spell_sounds(without, stem) };
	if (word->stem.length > text.length)
		word->stem.length = text.length;
	memcpy(seek->stems + at, stem, word->stem.length);
	seek->count++;
}

void
seek_read(struct seek *seek, struct text question)
{
	uint32_t at = 0;
	size_t used = 0, length;
	struct text written;

	seek->count = 0;
	if (question.length > SEEK_QUESTION_MAX)
		question.length = SEEK_QUESTION_MAX;
	while ((length = fold_word(question, &at, seek->texts + used,
	            sizeof seek->texts - used, &written)) > 0) {
		struct text text = { seek->texts + used, (uint32_t)length };

		if (is_there(seek, text))
			continue;
		read_word(seek, text);
		used += length;
	}
	if (seek->count > 0)
		seek->words[seek->count - 1].is_last = true;
}

/* ---- how rare a word is ---- */

static uint32_t
count_services(const struct vocabulary *vocabulary, const struct order *order,
    struct order_range range)
{
	uint32_t count = 0;

	if (range.end - range.first > COUNTED_MOST)
		return vocabulary->services;
	for (uint32_t i = range.first; i < range.end; i++)
		count += vocabulary->words[order->at[i].word].count;
	return count < vocabulary->services ? count : vocabulary->services;
}

/* The list of a beginning; UINT32_MAX: nothing begins so, or it is too long to have one. */
static uint32_t
find_beginning(const struct vocabulary *vocabulary, const struct sought_word *word)
{
	char marked[BEGINNING_BYTES] = { BEGINNING_MARK };

	if (word->letters.length > BEGINNING_MOST || word->text.length >= BEGINNING_BYTES)
		return UINT32_MAX;
	memcpy(marked + 1, word->text.at, word->text.length);
	return vocabulary_find(
	    vocabulary, (struct text){ marked, word->text.length + 1 });
}

/* A word that all have is worth a quarter of one that nobody else has. */
static void
weigh(const struct vocabulary *vocabulary, struct sought_word *word)
{
	const struct order *order = &vocabulary->by_letters;
	uint32_t beginning = find_beginning(vocabulary, word);
	double all = vocabulary->services, rarity;

	word->services = beginning != UINT32_MAX ? vocabulary->words[beginning].count
	                                         : count_services(vocabulary, order,
	                                               order_find(order, word->letters));
	rarity = 0.25 + 0.75 * log((all + 1) / (word->services + 1)) / log(all + 2);
	for (unsigned i = 0; i < SEARCH_FIELDS; i++)
		word->worth[i] = (uint8_t)lround(16 * FIELD_WORTH[i] * rarity);
}

/* ---- tallies ---- */

/* One pass over the services of the words that fit one word of the question. */
struct pass {
	struct numbers *numbers;
	const struct vocabulary *vocabulary;
	const struct sought_word *word;
	uint32_t stamp; /* of this word; that of the one before is one less */
	bool is_first;  /* word of the question */
	uint32_t met;   /* services */
	uint8_t tier;
};

/* A service has the word: its first one, its next, or the same in a better way. */
static void
tally(struct pass *pass, uint32_t number, uint32_t worth)
{
	struct tally *at = &pass->numbers->tallies[number];
	uint16_t value = (uint16_t)((TIERS - 1 - pass->tier) << 8 | worth);

	if (at->stamp == pass->stamp) {
		/* Tiers come best first, so a better value is of the same tier. */
		if (value > at->last && value >> 8 == at->last >> 8) {
			at->sum += (uint32_t)(value - at->last);
			at->last = value;
		}
	} else if (pass->is_first) {
		pass->numbers->met[pass->met++] = number;
		*at = (struct tally){ pass->stamp, worth, value, pass->tier };
	} else if (at->stamp == pass->stamp - 1) {
		at->stamp = pass->stamp;
		at->sum += worth;
		at->last = value;
		if (pass->tier > at->tier)
			at->tier = pass->tier;
	}
}

static void
tally_word(struct pass *pass, uint32_t number, enum fit fit)
{
	const struct word *word = &pass->vocabulary->words[number];
	const uint32_t *services = word_services(word);
	uint32_t worth[1 << SEARCH_FIELD_BITS] = { 0 };

	for (unsigned i = 0; i < SEARCH_FIELDS; i++)
		worth[i] = (pass->word->worth[i] * (uint32_t)fit + 8) / 16;
	for (uint32_t i = 0; i < word->count; i++)
		tally(pass, services[i] >> SEARCH_FIELD_BITS,
		    worth[services[i] & ((1u << SEARCH_FIELD_BITS) - 1)]);
}

static bool
begins(struct text text, struct text beginning)
{
	return text.length >= beginning.length &&
	       memcmp(text.at, beginning.at, beginning.length) == 0;
}

/* Words of few letters have what begins with them in one list. */
static void
tally_short(struct pass *pass)
{
	uint32_t word = vocabulary_find(pass->vocabulary, pass->word->text);
	uint32_t beginning = find_beginning(pass->vocabulary, pass->word);

	if (word != UINT32_MAX)
		tally_word(pass, word, FIT_WHOLE);
	if (beginning != UINT32_MAX)
		tally_word(pass, beginning, FIT_BEGINNING);
}

static void
tally_letters(struct pass *pass)
{
	const struct order *order = &pass->vocabulary->by_letters;
	struct order_range range = order_find(order, pass->word->letters);

	for (uint32_t i = range.first; i < range.end; i++) {
		struct text text = word_text(pass->vocabulary, order->at[i].word);

		if (begins(text, pass->word->text))
			tally_word(pass, order->at[i].word,
			    text.length == pass->word->text.length ? FIT_WHOLE
			                                           : FIT_BEGINNING);
	}
}

static bool
has_same_stem(struct text one, struct text other)
{
	one.length = spell_stem(one);
	other.length = spell_stem(other);
	return text_equal(one, other);
}

/* How a word whose sounds begin with the stem fits, other than by its letters; 0: it does
 * not. */
static enum fit
fit_of_sounds(const struct pass *pass, uint32_t number, unsigned *tier)
{
	const struct sought_word *word = pass->word;
	struct text text = word_text(pass->vocabulary, number);
	struct text sounds = word_sounds(pass->vocabulary, number);

	if (begins(text, word->text))
		return 0;
	*tier = 1;
	if (text_equal(sounds, word->sounds))
		return FIT_WHOLE;
	if (word->stem.length >= SOUNDS_MIN &&
	    pass->vocabulary->words[number].stem == word->stem.length) {
		*tier = has_same_stem(text, word->text) ? 0 : 1;
		return FIT_STEM;
	}
	if (word->sounds.length >= BEGINNING_MIN && begins(sounds, word->sounds))
		return FIT_BEGINNING;
	return 0;
}

static void
tally_sounds(struct pass *pass)
{
	const struct order *order = &pass->vocabulary->by_sounds;
	struct text sounds = pass->word->sounds;
	struct order_range range = order_find(
	    order, pass->word->stem.length >= SOUNDS_MIN ? pass->word->stem : sounds);

	if (sounds.length < SOUNDS_MIN)
		return;
	if (sounds.length < BEGINNING_MIN && pass->word->stem.length >= sounds.length)
		range = order_whole(order, range, sounds.length);
	for (pass->tier = 0; pass->tier < 2; pass->tier++)
		for (uint32_t i = range.first; i < range.end; i++) {
			unsigned tier = 0;
			enum fit fit = fit_of_sounds(pass, order->at[i].word, &tier);

			if (fit > 0 && tier == pass->tier)
				tally_word(pass, order->at[i].word, fit);
		}
}

static void
tally_near(void *self, uint32_t number, unsigned edits)
{
	if (edits > 0)
		tally_word(self, number, edits == 1 ? FIT_ERROR : FIT_TWO_ERRORS);
}

static unsigned
errors_of(uint32_t characters)
{
	return characters >= TWO_ERRORS_MIN ? 2 : characters >= ONE_ERROR_MIN ? 1 : 0;
}

static void
tally_errors(struct pass *pass)
{
	const struct sought_word *word = pass->word;

	pass->tier = 2;
	if (word->letters.length < ONE_ERROR_MIN)
		return;
	order_walk(&pass->vocabulary->by_letters, word->letters,
	    errors_of(word->letters.length), word->is_last, tally_near, pass);
	if (word->sounds.length >= ONE_ERROR_MIN)
		order_walk(&pass->vocabulary->by_sounds, word->sounds,
		    errors_of(word->sounds.length), word->is_last, tally_near, pass);
}

static void
tally_all(struct pass *pass, const struct index *index, bool is_cleared, bool with_errors)
{
	unsigned count = is_cleared ? VOCABULARIES : 1;

	for (unsigned i = 0; i < count; i++) {
		pass->vocabulary = &index->vocabularies[i];
		pass->tier = 0;
		if (pass->word->letters.length <= BEGINNING_MOST)
			tally_short(pass);
		else
			tally_letters(pass);
		tally_sounds(pass);
		if (with_errors)
			tally_errors(pass);
	}
}

/* ---- all words ---- */

/* The rarest first, so that few services are met. */
static void
order_words(const struct seek *seek, uint8_t *places)
{
	for (uint32_t i = 0; i < seek->count; i++) {
		uint32_t at = i;

		for (; at > 0 &&
		       seek->words[places[at - 1]].services > seek->words[i].services;
		     at--)
			places[at] = places[at - 1];
		places[at] = (uint8_t)i;
	}
}

/* Stamps of this question; 0 and those of others are not among them. */
static uint32_t
take_stamps(struct numbers *numbers, uint32_t count)
{
	if (numbers->stamp > UINT32_MAX - count - 2) {
		memset(numbers->tallies, 0, numbers->room * sizeof *numbers->tallies);
		numbers->stamp = 0;
	}
	numbers->stamp += count + 1; /* no word follows the last of the question before */
	return numbers->stamp - count + 1;
}

uint32_t
seek_run(struct index *index, struct seek *seek, bool is_cleared, bool with_errors)
{
	struct pass pass = { .numbers = &index->numbers, .is_first = true };
	uint8_t places[SEEK_WORDS_MAX];

	for (unsigned i = 0; i < VOCABULARIES; i++)
		vocabulary_settle(&index->vocabularies[i]);
	for (uint32_t i = 0; i < seek->count; i++)
		weigh(&index->vocabularies[WORDS_PUBLIC], &seek->words[i]);
	order_words(seek, places);
	pass.stamp = take_stamps(&index->numbers, seek->count);
	for (uint32_t i = 0; i < seek->count; i++, pass.stamp++) {
		pass.word = &seek->words[places[i]];
		tally_all(&pass, index, is_cleared, with_errors);
		pass.is_first = false;
	}
	return pass.met;
}

uint32_t
seek_worth(const struct index *index, uint32_t number)
{
	const struct tally *tally = &index->numbers.tallies[number];

	if (tally->stamp != index->numbers.stamp)
		return 0;
	return (uint32_t)(TIERS - tally->tier) << 20 | tally->sum;
}
