/* SPDX-License-Identifier: Apache-2.0
 * Every word that services are found by, with the services that have it.  Pure. */
#ifndef MATCHER_VOCABULARY_H
#define MATCHER_VOCABULARY_H

#include "services/matcher/order.h"

/* Texts that a search looks at, in the order of their worth. */
enum search_field {
	SEARCH_NAME,
	SEARCH_ALTERNATE_NAME, /* and names in other languages */
	SEARCH_AGENCY,
	SEARCH_TERMS, /* codes, names and synonyms of what is offered */
	SEARCH_PLACE, /* that is served, and what it lies in */
	SEARCH_DESCRIPTION,
	SEARCH_FIELDS
};
#define SEARCH_FIELD_BITS 3

struct word {
	union {
		uint32_t few[2];
		uint32_t *many; /* where there is room for more than two */
	} services;             /* number << SEARCH_FIELD_BITS | best field, by number */
	uint32_t count, room;   /* of services */
	uint32_t text; /* in `texts`: folded, then letters, sounds and as it is shown */
	uint32_t document;             /* that was read last with this word in it, */
	uint32_t position;             /* and where in what was gathered of it */
	uint8_t length;                /* bytes of the folded word */
	uint8_t letters, sounds, stem; /* spell.h; `stem` in sounds */
	uint8_t shown;                 /* bytes */
};

struct vocabulary {
	struct word *words;
	uint32_t words_count, words_room;
	uint32_t
	    free_word; /* the first number to use again, in whose `text` is the next */
	uint32_t dead; /* words that no service has */
	char *texts;
	uint32_t texts_used, texts_room;
	uint32_t *slots;      /* word + 1 by hash of its text; 0: free */
	uint32_t slots_count; /* power of 2 */
	struct order by_letters, by_sounds;
	uint32_t documents; /* read so far */
	uint32_t *
	    gathered; /* word << SEARCH_FIELD_BITS | field, of the document that is read */
	uint32_t gathered_count, gathered_room;
	uint32_t services; /* that have words */
};

/* The words of one service. */
struct word_list {
	uint32_t count;
	uint32_t at[]; /* word << SEARCH_FIELD_BITS | best field */
};

void vocabulary_open(struct vocabulary *vocabulary);
void vocabulary_close(struct vocabulary *vocabulary);

/* Reads a service's texts: begin, read each, end.  False or NULL: out of memory, and nothing has
 * changed that a search sees. */
void vocabulary_begin(struct vocabulary *vocabulary);
bool vocabulary_read(
    struct vocabulary *vocabulary, enum search_field field, struct text text) MUST_CHECK;
struct word_list *vocabulary_end(struct vocabulary *vocabulary) MUST_CHECK;

/* A service, by a number below 2^29, has what vocabulary_end gave last; `before`, what it has
 * had in this vocabulary until now (NULL: nothing). */
void vocabulary_join(struct vocabulary *vocabulary, const struct word_list *list,
    const struct word_list *before, uint32_t service);
/* It no longer has what it had. */
void vocabulary_leave(
    struct vocabulary *vocabulary, const struct word_list *list, uint32_t service);
/* Makes it ready for questions after changes; cheap where there were none. */
void vocabulary_settle(struct vocabulary *vocabulary);

static inline const uint32_t *
word_services(const struct word *word)
{
	return word->room > 2 ? word->services.many : word->services.few;
}
struct text word_text(const struct vocabulary *vocabulary, uint32_t word);
struct text word_sounds(const struct vocabulary *vocabulary, uint32_t word);
/* As somebody wrote it. */
struct text word_shown(const struct vocabulary *vocabulary, uint32_t word);
/* A beginning of one or two characters is kept like a word of its own, with all services that have
 * a word so begun, since it may begin very many; no order holds it.  Its text: this byte and the
 * characters. */
#define BEGINNING_MARK 1
#define BEGINNING_MOST 2
#define BEGINNING_BYTES (1 + 4 * BEGINNING_MOST)

/* The word of a folded text; UINT32_MAX: none. */
uint32_t vocabulary_find(const struct vocabulary *vocabulary, struct text text);

#endif
