/* SPDX-License-Identifier: Apache-2.0
 * Word by word, the rarest first, every service that has the word takes its worth. */
#include "services/matcher/seek.h"

#include <math.h>

#define TIERS 3u
/* Of the first tier in a tally; a tier less is worse. */
#define SPELLING_SHIFT 14
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
/* Sounds from which on they count as a stem; as a beginning. */
#define STEM_MIN 2
#define BEGINNING_MIN 3
/* Of a stem with another vowel. */
#define ALTERNATE_MIN 3
/* Characters from which on one and two errors are looked for. */
#define ONE_ERROR_MIN 4
#define TWO_ERRORS_MIN 8
#define TWO_SOUNDS_MIN 6

/* Out of 15.  A name is what people remember; a description mentions much that is not meant. */
static const uint8_t FIELD_WORTH[SEARCH_FIELDS] = {
	[SEARCH_NAME] = 15,
	[SEARCH_ALTERNATE_NAME] = 13,
	[SEARCH_AGENCY] = 8,
	[SEARCH_TERMS] = 7,
	[SEARCH_PLACE] = 6,
	[SEARCH_DESCRIPTION] = 3,
};

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
	struct tallies *tallies;
	const struct vocabulary *vocabulary;
	const struct sought_word *word;
	unsigned tier;
};

/* Each service keeps the best that is said of it. */
static void
tally_word(struct pass *pass, uint32_t number, enum fit fit)
{
	const struct word *word = &pass->vocabulary->words[number];
	const uint32_t *services = word_services(word);
	uint16_t *last = pass->tallies->last;
	uint8_t *touched = pass->tallies->touched;
	uint16_t values[1 << SEARCH_FIELD_BITS] = { 0 };

	for (unsigned i = 0; i < SEARCH_FIELDS; i++)
		values[i] = (uint16_t)((TIERS - pass->tier) << SPELLING_SHIFT |
		                       (pass->word->worth[i] * (uint32_t)fit + 8) / 16);
	for (uint32_t i = 0; i < word->count; i++) {
		uint32_t service = services[i] >> SEARCH_FIELD_BITS;
		uint16_t value = values[services[i] & ((1u << SEARCH_FIELD_BITS) - 1)];

		touched[service / TALLY_BLOCK] = 1;
		if (value > last[service])
			last[service] = value;
	}
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

/* How a word whose sounds begin with the stem fits, other than by its letters, and in which
 * tier; 0: it does not. */
static enum fit
fit_of_sounds(const struct pass *pass, uint32_t number, unsigned *tier)
{
	const struct sought_word *word = pass->word;
	struct text text = word_text(pass->vocabulary, number);
	struct text sounds = word_sounds(pass->vocabulary, number);

	if (begins(text, word->text))
		return 0;
	*tier = 1;
	if (text_equal(sounds, word->sounds) &&
	    (sounds.length > 1 ||
	        pass->vocabulary->words[number].letters == word->letters.length))
		return FIT_WHOLE;
	if (word->stem.length >= STEM_MIN &&
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
	    order, pass->word->stem.length >= STEM_MIN ? pass->word->stem : sounds);

	if (sounds.length == 0)
		return;
	if (sounds.length < STEM_MIN ||
	    (sounds.length < BEGINNING_MIN && pass->word->stem.length >= sounds.length))
		range = order_whole(order, range, sounds.length);
	for (uint32_t i = range.first; i < range.end; i++) {
		enum fit fit = fit_of_sounds(pass, order->at[i].word, &pass->tier);

		if (fit > 0)
			tally_word(pass, order->at[i].word, fit);
	}
}

/* What has the stem with the other vowel of a syllable that closes or opens. */
static void
tally_alternate(struct pass *pass)
{
	const struct vocabulary *vocabulary = pass->vocabulary;
	const struct order *order = &vocabulary->by_sounds;
	uint8_t other[SPELL_SOUNDS_MAX];
	struct text stem = { (const char *)other,
		spell_alternate(pass->word->stem, other) };
	struct order_range range;

	if (stem.length < ALTERNATE_MIN)
		return;
	range = order_find(order, stem);
	pass->tier = 1;
	for (uint32_t i = range.first; i < range.end; i++)
		if (vocabulary->words[order->at[i].word].stem == stem.length)
			tally_word(pass, order->at[i].word, FIT_STEM);
}

static void
tally_near(void *self, uint32_t number, unsigned edits)
{
	if (edits > 0)
		tally_word(self, number, edits == 1 ? FIT_ERROR : FIT_TWO_ERRORS);
}

/* Two errors by sounds alone: what differs by two letters does so by two sounds, mostly. */
static void
tally_errors(struct pass *pass, unsigned most)
{
	const struct sought_word *word = pass->word;
	const struct vocabulary *vocabulary = pass->vocabulary;
	bool may_be_two = most > 1 && word->letters.length >= TWO_ERRORS_MIN &&
	                  word->sounds.length >= TWO_SOUNDS_MIN;

	pass->tier = 2;
	if (word->letters.length < ONE_ERROR_MIN)
		return;
	order_walk(
	    &vocabulary->by_letters, word->letters, 1, word->is_last, tally_near, pass);
	if (word->sounds.length >= ONE_ERROR_MIN)
		order_walk(&vocabulary->by_sounds, word->sounds, may_be_two ? 2 : 1,
		    word->is_last, tally_near, pass);
}

static void
tally_all(
    struct pass *pass, const struct index *index, bool is_cleared, unsigned errors_most)
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
		tally_alternate(pass);
		if (errors_most > 0)
			tally_errors(pass, errors_most);
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

/* What a block's services have of the word that was read comes to what they had before;
 * false: none has all words. */
static bool
settle_block(uint16_t *restrict worth, uint16_t *restrict last)
{
	const uint16_t sum_most = TALLY_SUM_MOST;
	uint16_t any = 0;

	for (unsigned i = 0; i < TALLY_BLOCK; i++) {
		uint16_t one = worth[i] & TALLY_SPELLING,
		         other = last[i] & TALLY_SPELLING;
		uint16_t worse = one < other ? one : other;
		uint16_t sum = (uint16_t)(worth[i] - one + (last[i] - other));

		sum = sum < sum_most ? sum : sum_most;
		worth[i] = worse == 0 ? 0 : (uint16_t)(worse | sum);
		any |= worth[i];
		last[i] = 0;
	}
	return any != 0;
}

static void
start_block(const struct tallies *tallies, uint32_t block)
{
	uint16_t *last = tallies->last + (size_t)block * TALLY_BLOCK;

	memcpy(tallies->worth + (size_t)block * TALLY_BLOCK, last,
	    TALLY_BLOCK * sizeof *last);
	memset(last, 0, TALLY_BLOCK * sizeof *last);
}

static uint32_t
settle_first(const struct tallies *tallies, uint32_t blocks)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < blocks; i++)
		if (tallies->touched[i]) {
			tallies->touched[i] = 0;
			start_block(tallies, i);
			tallies->blocks[count++] = i;
		}
	return count;
}

/* Of so many blocks, those that are left. */
static uint32_t
settle_next(const struct tallies *tallies, uint32_t blocks, uint32_t count)
{
	uint32_t left = 0;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t block = tallies->blocks[i];

		if (!tallies->touched[block])
			continue;
		tallies->touched[block] = 0;
		if (settle_block(tallies->worth + (size_t)block * TALLY_BLOCK,
		        tallies->last + (size_t)block * TALLY_BLOCK))
			tallies->blocks[left++] = block;
	}
	for (uint32_t i = 0; i < blocks; i++)
		if (tallies->touched[i]) {
			tallies->touched[i] = 0;
			memset(tallies->last + (size_t)i * TALLY_BLOCK, 0,
			    TALLY_BLOCK * sizeof *tallies->last);
		}
	return left;
}

uint32_t
seek_run(struct index *index, struct seek *seek, bool is_cleared, unsigned errors_most)
{
	struct pass pass = { .tallies = &index->numbers.tallies };
	uint32_t blocks = numbers_blocks(&index->numbers), count = 0;
	uint8_t places[SEEK_WORDS_MAX];

	for (unsigned i = 0; i < VOCABULARIES; i++)
		vocabulary_settle(&index->vocabularies[i]);
	for (uint32_t i = 0; i < seek->count; i++)
		weigh(&index->vocabularies[WORDS_PUBLIC], &seek->words[i]);
	order_words(seek, places);
	for (uint32_t i = 0; i < seek->count && (i == 0 || count > 0); i++) {
		pass.word = &seek->words[places[i]];
		tally_all(&pass, index, is_cleared, errors_most);
		count = i == 0 ? settle_first(pass.tallies, blocks)
		               : settle_next(pass.tallies, blocks, count);
	}
	return count;
}
