/* SPDX-License-Identifier: Apache-2.0
 * Folding any bytes gives clean words in the room that was promised, once and for all. */
#include <assert.h>
#include <stdlib.h>

#include "proto/field.h"
#include "common/fold.h"

/* Into memory of exactly `size` bytes, so that one more is seen. */
static char *
fold_into(const uint8_t *bytes, size_t length, size_t size, size_t *folded)
{
	char *buffer = malloc(size + 1);

	assert(buffer != NULL);
	buffer = realloc(buffer, size > 0 ? size : 1);
	*folded =
	    fold((struct text){ (const char *)bytes, (uint32_t)length }, buffer, size);
	assert(*folded <= size);
	return buffer;
}

static void
check_words(const char *folded, size_t length)
{
	assert(text_is_clean((struct text){ folded, (uint32_t)length }));
	for (size_t i = 0; i < length; i++)
		if (i == 0 || folded[i] == ' ')
			assert(
			    folded[i] == ' ' && i + 1 < length && folded[i + 1] != ' ');
}

/* The words of a text one by one are those of the whole. */
static void
check_one_by_one(const uint8_t *data, size_t size, const char *folded, size_t length)
{
	struct text text = { (const char *)data, (uint32_t)size }, written;
	char *word = malloc(FOLD_ROOM(size) + 4);
	uint32_t at = 0;
	size_t count, used = 0;

	assert(word != NULL);
	while ((count = fold_word(text, &at, word, FOLD_ROOM(size) + 4, &written)) > 0) {
		assert(used + 1 + count <= length && folded[used] == ' ');
		assert(memcmp(folded + used + 1, word, count) == 0);
		assert(
		    written.at >= text.at && written.at + written.length <= text.at + at);
		used += 1 + count;
	}
	assert(used == length && at == size);
	free(word);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t length, again, less, first, second, cut;
	char *once, *twice, *part, *head, *tail;

	if (size < 2 || size > 4096)
		return 0;
	cut = data[0] % size;
	data++;
	size--;
	once = fold_into(data, size, FOLD_ROOM(size), &length);
	check_words(once, length);
	check_one_by_one(data, size, once, length);

	/* Folding a folded text changes nothing. */
	twice = fold_into((const uint8_t *)once, length, length, &again);
	assert(again == length && memcmp(once, twice, length) == 0);

	/* Less room gives less, from the start. */
	part = fold_into(data, size, cut, &less);
	assert(less <= length && memcmp(once, part, less) == 0);
	check_words(part, less);

	/* Two texts are folded one by one as with a space between them. */
	head = fold_into(data, cut, FOLD_ROOM(cut), &first);
	tail = fold_into(data + cut, size - cut, FOLD_ROOM(size - cut), &second);
	free(part);
	part = malloc(size + 1);
	assert(part != NULL);
	memcpy(part, data, cut);
	part[cut] = ' ';
	memcpy(part + cut + 1, data + cut, size - cut);
	free(twice);
	twice = fold_into((const uint8_t *)part, size + 1, FOLD_ROOM(size + 1), &again);
	assert(again == first + second && memcmp(twice, head, first) == 0 &&
	       memcmp(twice + first, tail, second) == 0);
	free(once);
	free(twice);
	free(part);
	free(head);
	free(tail);
	return 0;
}
