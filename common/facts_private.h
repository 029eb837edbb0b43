/* SPDX-License-Identifier: Apache-2.0
 * What the readers of parts of a document share: for the facts files only. */
#ifndef COMMON_FACTS_PRIVATE_H
#define COMMON_FACTS_PRIVATE_H

#include <jansson.h>
#include <math.h>
#include <strings.h>

#include "common/facts.h"

#define OWN_TAXONOMY "hearthline-facts"

struct facts_reader {
	json_t *document;
	/* Texts in lower case; none is longer than the document it came from. */
	char *folded;
	size_t folded_size;
	size_t folded_used;
	struct hours_rule hours[FACTS_HOURS_MAX];
	struct shape_point shapes[FACTS_SHAPE_POINTS_MAX];
	struct facts_wording wordings[FACTS_WORDINGS_MAX];
};

/* Absent where it is no text or an empty one. */
static inline struct text
text_at(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);
	size_t length = json_string_length(value);

	if (length == 0)
		return TEXT_ABSENT;
	return (struct text){ json_string_value(value), (uint32_t)length };
}

static inline double
number_at(const json_t *object, const char *key, double least, double most)
{
	const json_t *value = json_object_get(object, key);
	double number = json_is_number(value) ? json_number_value(value) : NAN;

	return number >= least && number <= most ? number : NAN;
}

static inline bool
is_word(struct text text, const char *word)
{
	return text.at != NULL && text.length == strlen(word) &&
	       strncasecmp(text.at, word, text.length) == 0;
}

static inline bool
begins(struct text text, const char *beginning)
{
	return text.at != NULL && text.length >= strlen(beginning) &&
	       strncasecmp(text.at, beginning, strlen(beginning)) == 0;
}

/* False: the list is full.  A text that is there already is not added again. */
static inline bool
add_text(struct text *list, uint32_t *count, uint32_t most, struct text text)
{
	for (uint32_t i = 0; i < *count; i++)
		if (text_equal(list[i], text))
			return true;
	if (*count == most)
		return false;
	list[(*count)++] = text;
	return true;
}

/* The code behind urn:place:; absent where it is none. */
static inline struct text
place_code(struct text uri)
{
	struct text prefix = LITERAL("urn:place:");

	if (!begins(uri, prefix.at) || uri.length == prefix.length)
		return TEXT_ABSENT;
	return (struct text){ uri.at + prefix.length, uri.length - prefix.length };
}

/* ---- facts_own.c ---- */

/* An attribute of our own taxonomy. */
void read_own_fact(
    const json_t *attribute, const json_t *term, struct service_facts *facts);
/* Places may ask for more secrecy than their service, never for less.  Those for cleared roles
 * of an entry that is not move to FACTS_CLEARED_PLACES. */
void read_place_secrecy(json_t *service, struct service_facts *facts);
/* Free text on interpreters: any says yes, but for a plain no, and for what begins like one
 * ("No appointment needed"), which may be either. */
enum flag read_interpretation(struct text value);
void read_costs(const json_t *service, struct service_facts *facts);
void read_accessibility(const json_t *location, struct service_facts *facts);

/* ---- facts_words.c ---- */

void read_wordings(
    struct facts_reader *reader, const json_t *service, struct service_facts *facts);

/* ---- facts_where.c ---- */

/* Areas, points, and what the places ask for. */
void read_places(
    struct facts_reader *reader, const json_t *service, struct service_facts *facts);

#endif
