/* SPDX-License-Identifier: Apache-2.0
 * Words with their spellings, by the hash of their text. */
#include "services/matcher/vocabulary_private.h"

#include <stdlib.h>

#include "services/matcher/spell.h"

/* Bytes of a word as it is shown: the count is one byte. */
#define SHOWN_MAX 250

/* ---- spellings ---- */

struct text
word_text(const struct vocabulary *vocabulary, uint32_t word)
{
	const struct word *at = &vocabulary->words[word];

	return (struct text){ vocabulary->texts + at->text, at->length };
}

static struct text
word_letters(const void *self, uint32_t word)
{
	const struct vocabulary *vocabulary = self;
	const struct word *at = &vocabulary->words[word];

	return (struct text){ vocabulary->texts + at->text + at->length, at->letters };
}

struct text
word_sounds(const struct vocabulary *vocabulary, uint32_t word)
{
	const struct word *at = &vocabulary->words[word];

	return (struct text){ vocabulary->texts + at->text + at->length + at->letters,
		at->sounds };
}

static struct text
sounds_of(const void *self, uint32_t word)
{
	return word_sounds(self, word);
}

struct text
word_shown(const struct vocabulary *vocabulary, uint32_t word)
{
	const struct word *at = &vocabulary->words[word];

	return (struct text){ vocabulary->texts + at->text + at->length + at->letters +
		                  at->sounds,
		at->shown };
}

/* Sounds of the word without its ending, which its sounds begin with; all of them else. */
static uint8_t
count_stem(struct text text, const uint8_t *sounds, uint32_t count)
{
	uint8_t stem[SPELL_SOUNDS_MAX];
	uint32_t length;

	text.length = spell_stem(text);
	length = spell_sounds(text, stem);
	return (uint8_t)(length <= count && memcmp(stem, sounds, length) == 0 ? length
	                                                                      : count);
}

/* ---- finding a word ---- */

static uint32_t
hash(struct text text)
{
	uint32_t value = 2166136261u; /* FNV-1a, 32 bit */

	for (uint32_t i = 0; i < text.length; i++)
		value = (value ^ (uint8_t)text.at[i]) * 16777619u;
	return value ^ value >> 15;
}

/* Where the word is, or would be. */
static uint32_t *
slot_of(const struct vocabulary *vocabulary, struct text text)
{
	uint32_t at = hash(text);

	for (;; at++) {
		uint32_t *slot = &vocabulary->slots[at & (vocabulary->slots_count - 1)];

		if (*slot == 0 || text_equal(word_text(vocabulary, *slot - 1), text))
			return slot;
	}
}

uint32_t
vocabulary_find(const struct vocabulary *vocabulary, struct text text)
{
	if (vocabulary->slots_count == 0)
		return NO_WORD;
	return *slot_of(vocabulary, text) - 1; /* 0 - 1: none */
}

static void
fill_slots(struct vocabulary *vocabulary)
{
	memset(vocabulary->slots, 0, vocabulary->slots_count * sizeof *vocabulary->slots);
	for (uint32_t i = 0; i < vocabulary->words_count; i++)
		if (vocabulary->words[i].length > 0)
			*slot_of(vocabulary, word_text(vocabulary, i)) = i + 1;
}

/* ---- room ---- */

bool
vocabulary_grow(void **memory, uint32_t *room, uint32_t wanted, size_t size)
{
	uint32_t more = wanted + wanted / 2 + 32;
	void *at;

	if (wanted <= *room)
		return true;
	at = index_memory(*memory, 0, more * size);
	if (at == NULL)
		return false;
	*memory = at;
	*room = more;
	return true;
}

/* A third of the slots stays free. */
static bool
reserve_slots(struct vocabulary *vocabulary)
{
	uint32_t count = vocabulary->slots_count ? 2 * vocabulary->slots_count : 64;
	uint32_t *slots;

	if (3 * (vocabulary->words_count + 1) <= 2 * vocabulary->slots_count)
		return true;
	slots = index_memory(NULL, 0, count * sizeof *slots);
	if (slots == NULL)
		return false;
	free(vocabulary->slots);
	vocabulary->slots = slots;
	vocabulary->slots_count = count;
	fill_slots(vocabulary);
	return true;
}

bool
vocabulary_reserve_word(struct vocabulary *vocabulary)
{
	void *words = vocabulary->words, *texts = vocabulary->texts;
	bool is_good = vocabulary_grow(&words, &vocabulary->words_room,
	                   vocabulary->words_count + 1, sizeof *vocabulary->words) &&
	               vocabulary_grow(&texts, &vocabulary->texts_room,
	                   vocabulary->texts_used + 2 * SPELL_WORD_MAX +
	                       SPELL_SOUNDS_MAX + SHOWN_MAX,
	                   1);

	vocabulary->words = words;
	vocabulary->texts = texts;
	return is_good && reserve_slots(vocabulary) &&
	       order_reserve(&vocabulary->by_letters) &&
	       order_reserve(&vocabulary->by_sounds);
}

/* ---- adding a word ---- */

static void
add_text(struct vocabulary *vocabulary, struct text text)
{
	if (text.length > 0)
		memcpy(vocabulary->texts + vocabulary->texts_used, text.at, text.length);
	vocabulary->texts_used += text.length;
}

static uint32_t
take_number(struct vocabulary *vocabulary)
{
	uint32_t number = vocabulary->free_word;

	if (number == NO_WORD)
		return vocabulary->words_count++;
	vocabulary->free_word = vocabulary->words[number].text;
	return number;
}

uint32_t
vocabulary_add_word(struct vocabulary *vocabulary, struct text text, struct text written)
{
	uint8_t letters[SPELL_WORD_MAX], sounds[SPELL_SOUNDS_MAX];
	uint32_t number = take_number(vocabulary);
	struct word *word = &vocabulary->words[number];

	if (written.length > SHOWN_MAX)
		written = text;
	*word = (struct word){
		.text = vocabulary->texts_used,
		.room = 2,
		.length = (uint8_t)text.length,
		.letters = (uint8_t)spell_letters(text, letters),
		.sounds = (uint8_t)spell_sounds(text, sounds),
		.shown = (uint8_t)written.length,
	};
	word->stem = count_stem(text, sounds, word->sounds);
	*slot_of(vocabulary, text) = number + 1;
	add_text(vocabulary, text);
	add_text(vocabulary, (struct text){ (char *)letters, word->letters });
	add_text(vocabulary, (struct text){ (char *)sounds, word->sounds });
	add_text(vocabulary, written);
	vocabulary->dead++;
	if (text.at[0] != BEGINNING_MARK) {
		order_add(&vocabulary->by_letters, number);
		order_add(&vocabulary->by_sounds, number);
	}
	return number;
}

/* ---- words that nobody has ---- */

static bool
is_used(const void *self, uint32_t word)
{
	const struct vocabulary *vocabulary = self;

	return vocabulary->words[word].count > 0;
}

static void
free_word(struct vocabulary *vocabulary, uint32_t number)
{
	struct word *word = &vocabulary->words[number];

	if (word->room > 2)
		free(word->services.many);
	*word = (struct word){ .text = vocabulary->free_word };
	vocabulary->free_word = number;
}

static void
move_texts(struct vocabulary *vocabulary, char *texts)
{
	uint32_t used = 0;

	for (uint32_t i = 0; i < vocabulary->words_count; i++) {
		struct word *word = &vocabulary->words[i];
		uint32_t length =
		    (uint32_t)word->length + word->letters + word->sounds + word->shown;

		if (word->length == 0)
			continue;
		memcpy(texts + used, vocabulary->texts + word->text, length);
		word->text = used;
		used += length;
	}
	free(vocabulary->texts);
	vocabulary->texts = texts;
	vocabulary->texts_used = used;
}

void
vocabulary_sweep(struct vocabulary *vocabulary)
{
	char *texts = index_memory(NULL, 0, vocabulary->texts_room);

	if (texts == NULL)
		return;
	order_keep(&vocabulary->by_letters, is_used);
	order_keep(&vocabulary->by_sounds, is_used);
	for (uint32_t i = 0; i < vocabulary->words_count; i++)
		if (vocabulary->words[i].length > 0 && !is_used(vocabulary, i))
			free_word(vocabulary, i);
	move_texts(vocabulary, texts);
	fill_slots(vocabulary);
	vocabulary->dead = 0;
}

/* ---- the whole ---- */

void
vocabulary_open(struct vocabulary *vocabulary)
{
	*vocabulary = (struct vocabulary){ .free_word = NO_WORD };
	vocabulary->by_letters.bytes = word_letters;
	vocabulary->by_sounds.bytes = sounds_of;
	vocabulary->by_letters.self = vocabulary->by_sounds.self = vocabulary;
}
