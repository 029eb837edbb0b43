/* SPDX-License-Identifier: Apache-2.0
 * The words of a question, each in all its spellings. */
#include "common/fold.h"
#include "services/matcher/seek.h"

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
