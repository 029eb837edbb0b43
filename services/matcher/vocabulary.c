/* SPDX-License-Identifier: Apache-2.0
 * Documents read for their words, and the services of each word. */
#include "services/matcher/vocabulary.h"

#include <stdlib.h>

#include "common/fold.h"
#include "services/matcher/spell.h"
#include "services/matcher/vocabulary_private.h"

/* Words that nobody has are swept out once there are so many, and a quarter of all. */
#define DEAD_MIN 1024
/* Fresh words from which on they are put in order with the others. */
#define FRESH_MIN 1024

/* ---- a document ---- */

void
vocabulary_begin(struct vocabulary *vocabulary)
{
	if (vocabulary->dead > DEAD_MIN + vocabulary->words_count / 4)
		vocabulary_sweep(vocabulary);
	vocabulary->documents++;
	vocabulary->gathered_count = 0;
}

static bool
gather(struct vocabulary *vocabulary, uint32_t number, enum search_field field)
{
	struct word *word = &vocabulary->words[number];
	void *gathered = vocabulary->gathered;
	uint32_t *entry;

	if (!vocabulary_grow(&gathered, &vocabulary->gathered_room,
	        vocabulary->gathered_count + 1, sizeof *vocabulary->gathered))
		return false;
	vocabulary->gathered = gathered;
	if (word->document != vocabulary->documents) {
		word->document = vocabulary->documents;
		word->position = vocabulary->gathered_count++;
		vocabulary->gathered[word->position] = UINT32_MAX;
	}
	entry = &vocabulary->gathered[word->position];
	if ((number << SEARCH_FIELD_BITS | field) < *entry)
		*entry = number << SEARCH_FIELD_BITS | field;
	return true;
}

static bool
read_word(struct vocabulary *vocabulary, enum search_field field, struct text text,
    struct text written)
{
	uint32_t number = vocabulary_find(vocabulary, text);

	if (number == NO_WORD && !vocabulary_reserve_word(vocabulary))
		return false;
	if (number == NO_WORD)
		number = vocabulary_add_word(vocabulary, text, written);
	return gather(vocabulary, number, field);
}

static bool
read_beginnings(struct vocabulary *vocabulary, enum search_field field, struct text text)
{
	char marked[BEGINNING_BYTES] = { BEGINNING_MARK };
	struct text beginning = { text.at, 0 };

	for (unsigned i = 0; i < BEGINNING_MOST && beginning.length < text.length; i++) {
		do
			beginning.length++;
		while (beginning.length < text.length &&
		       ((unsigned char)text.at[beginning.length] & 0xc0) == 0x80);
		memcpy(marked + 1, beginning.at, beginning.length);
		if (!read_word(vocabulary, field,
		        (struct text){ marked, beginning.length + 1 }, TEXT_ABSENT))
			return false;
	}
	return true;
}

bool
vocabulary_read(struct vocabulary *vocabulary, enum search_field field, struct text text)
{
	char folded[SPELL_WORD_MAX];
	struct text written;
	uint32_t at = 0;
	size_t length;

	while ((length = fold_word(text, &at, folded, sizeof folded, &written)) > 0) {
		struct text word = { folded, (uint32_t)length };

		if (!read_word(vocabulary, field, word, written) ||
		    !read_beginnings(vocabulary, field, word))
			return false;
	}
	return true;
}

static bool
reserve_service(struct word *word)
{
	uint32_t room = word->room + word->room / 2 + 2;
	uint32_t *many;

	if (word->count < word->room)
		return true;
	many = index_memory(
	    word->room > 2 ? word->services.many : NULL, 0, room * sizeof *many);
	if (many == NULL)
		return false;
	if (word->room == 2)
		memcpy(many, word->services.few, sizeof word->services.few);
	word->services.many = many;
	word->room = room;
	return true;
}

struct word_list *
vocabulary_end(struct vocabulary *vocabulary)
{
	size_t bytes = vocabulary->gathered_count * sizeof *vocabulary->gathered;
	struct word_list *list;

	for (uint32_t i = 0; i < vocabulary->gathered_count; i++)
		if (!reserve_service(
		        &vocabulary->words[vocabulary->gathered[i] >> SEARCH_FIELD_BITS]))
			return NULL;
	list = index_memory(NULL, 0, sizeof *list + bytes);
	if (list == NULL)
		return NULL;
	list->count = vocabulary->gathered_count;
	if (bytes > 0)
		memcpy(list->at, vocabulary->gathered, bytes);
	return list;
}

/* ---- services ---- */

/* Where the service stands, or would. */
static uint32_t *
find_service(struct word *word, uint32_t service)
{
	uint32_t *services = word->room > 2 ? word->services.many : word->services.few;
	uint32_t low = 0, high = word->count;

	if (high > 0 && services[high - 1] >> SEARCH_FIELD_BITS < service)
		return services + high; /* services come in order, mostly */
	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (services[middle] >> SEARCH_FIELD_BITS < service)
			low = middle + 1;
		else
			high = middle;
	}
	return services + low;
}

static void
join_word(struct word *word, uint32_t service, uint32_t field)
{
	uint32_t *at = find_service(word, service);
	size_t behind = word->count - (size_t)(at - word_services(word));

	if (behind == 0 || *at >> SEARCH_FIELD_BITS != service) {
		memmove(at + 1, at, behind * sizeof *at);
		word->count++;
	}
	*at = service << SEARCH_FIELD_BITS | field;
}

static void
leave_word(struct vocabulary *vocabulary, struct word *word, uint32_t service)
{
	uint32_t *at = find_service(word, service);
	size_t behind = word->count - (size_t)(at - word_services(word)) - 1;

	memmove(at, at + 1, behind * sizeof *at);
	word->count--;
	vocabulary->dead += word->count == 0;
}

static struct word *
listed_word(const struct vocabulary *vocabulary, const struct word_list *list, uint32_t i)
{
	return &vocabulary->words[list->at[i] >> SEARCH_FIELD_BITS];
}

void
vocabulary_join(struct vocabulary *vocabulary, const struct word_list *list,
    const struct word_list *before, uint32_t service)
{
	for (uint32_t i = 0; before != NULL && i < before->count; i++) {
		struct word *word = listed_word(vocabulary, before, i);

		if (word->document != vocabulary->documents)
			leave_word(vocabulary, word, service);
	}
	for (uint32_t i = 0; i < list->count; i++) {
		struct word *word = listed_word(vocabulary, list, i);

		vocabulary->dead -= word->count == 0;
		join_word(word, service, list->at[i] & ((1u << SEARCH_FIELD_BITS) - 1));
	}
	vocabulary->services += before == NULL;
	if (vocabulary->by_letters.fresh > FRESH_MIN + vocabulary->words_count / 8)
		vocabulary_settle(vocabulary);
}

void
vocabulary_leave(
    struct vocabulary *vocabulary, const struct word_list *list, uint32_t service)
{
	for (uint32_t i = 0; i < list->count; i++)
		leave_word(vocabulary, listed_word(vocabulary, list, i), service);
	vocabulary->services--;
}

/* ---- the whole ---- */

void
vocabulary_settle(struct vocabulary *vocabulary)
{
	order_settle(&vocabulary->by_letters);
	order_settle(&vocabulary->by_sounds);
}

void
vocabulary_close(struct vocabulary *vocabulary)
{
	for (uint32_t i = 0; i < vocabulary->words_count; i++)
		if (vocabulary->words[i].room > 2)
			free(vocabulary->words[i].services.many);
	order_free(&vocabulary->by_letters);
	order_free(&vocabulary->by_sounds);
	free(vocabulary->words);
	free(vocabulary->texts);
	free(vocabulary->slots);
	free(vocabulary->gathered);
}
