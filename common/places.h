/* SPDX-License-Identifier: Apache-2.0
 * Places in memory: their codes, names in several languages, what lies in what, and where.
 * Pure; one thread.
 *
 * Several sources make one place where their codes are the same: texts of 400,000 places with
 * two names each take under 100 MB.  KATOTTG codes (UA and 17 digits) and the p-codes that
 * begin them (UA and 2, 4, 7, 10 or 12 digits) are the same place. */
#ifndef COMMON_PLACES_H
#define COMMON_PLACES_H

#include "proto/status.h"
#include "proto/text.h"

enum place_kind {
#define KIND(name, rank, about) PLACE_##name,
#include "common/places.def"
	PLACE_KINDS
};
/* "region"; and the kind of a word, `other` where there is none. */
const char *place_kind_word(enum place_kind kind);
enum place_kind place_kind_of(struct text word);

/* Sets of kinds: bit (1 << enum place_kind). */
#define PLACE_SETTLED                                                                    \
	(1U << PLACE_city | 1U << PLACE_town | 1U << PLACE_settlement |                  \
	    1U << PLACE_village | 1U << PLACE_locality)
#define PLACE_ANY (~0U)

#define PLACE_NAMES_MAX 24
#define PLACE_CODE_MAX 64
#define PLACE_NAME_MAX 200

/* What one source says of a place. */
struct place_entry {
	struct text code;   /* required, at most PLACE_CODE_MAX bytes */
	struct text parent; /* code; absent: by the code itself, see places_settle */
	enum place_kind kind;
	struct text name; /* as its own country writes it; at most PLACE_NAME_MAX bytes */
	struct {
		struct text lang; /* two letters; absent: an alternate name */
		struct text text;
	} names[PLACE_NAMES_MAX];
	uint32_t names_count;
	double lat, lon;     /* NaN unknown */
	uint32_t population; /* 0 unknown */
};

/* A place, as long as its places live. */
typedef uint32_t place_id;
#define PLACE_NONE UINT32_MAX

struct places;
/* NULL: out of memory. */
struct places *places_new(void);
void places_free(struct places *places);

/* Adds a place, or what another source says of it: the first that says something counts, names
 * are added.  INVALID: no code or no name, or too long; NO_MEMORY. */
enum status places_add(struct places *places, const struct place_entry *entry) MUST_CHECK;
/* The same from a document: {"code", "name", "kind", "parent", "names":{"en":"…"},
 * "alternates":["…"], "latitude", "longitude", "population"}. */
enum status places_read(struct places *places, struct text document) MUST_CHECK;
/* To be called when all are added, before anything is asked.  A place whose parent is not said
 * lies in the nearest place above it by code: a KATOTTG code with its last levels zero, else
 * the longest code that its own begins with.  A ring of parents is opened.  NO_MEMORY. */
enum status places_settle(struct places *places) MUST_CHECK;

size_t places_count(const struct places *places);
/* Memory that the places take, in bytes. */
size_t places_bytes(const struct places *places);

/* By code, letters in any case; PLACE_NONE. */
place_id places_find(const struct places *places, struct text code);
place_id places_parent(const struct places *places, place_id place);
/* Whether a place lies in it whose code does not begin with its own. */
bool places_holds_others(const struct places *places, place_id place);
/* Whether a code is KATOTTG's or a p-code that begins one. */
bool places_is_path(struct text code);
/* Whether it is `area` or lies in it. */
bool places_within(const struct places *places, place_id area, place_id place);

struct place_view {
	struct text code;
	struct text name; /* in the language that is wanted, else its own */
	enum place_kind kind;
	double lat, lon;     /* NaN unknown */
	uint32_t population; /* 0 unknown */
};
/* `lang`: two letters, or absent.  Texts live as long as the places. */
void places_view(const struct places *places, place_id place, struct text lang,
    struct place_view *view);

/* ---- by name (fold.h: case, apostrophes, і/ї/и …; see place_name_fold) ---- */

struct place_question {
	struct text q;   /* words; the last may be a beginning */
	place_id within; /* PLACE_NONE: anywhere */
	uint32_t kinds;
	bool is_whole; /* q is a whole name, no beginning of one */
};
/* Fills `found` with up to `most` places, best first: a whole name before the beginning of one
 * before the beginning of a later word; then by population, kind and code.  Returns how many
 * there are in all. */
uint32_t places_search(struct places *places, const struct place_question *question,
    place_id *found, uint32_t most);

/* The nearest to a point among those with one, nearest first; returns how many were found. */
uint32_t places_nearest(const struct places *places, double lat, double lon,
    uint32_t kinds, place_id *found, uint32_t most);

/* As fold() does, and Latin letters that look like Cyrillic ones are those in texts that
 * hold Cyrillic: "Cуми" and "м. Кiровськ" are what they look like. */
size_t place_name_fold(struct text text, char *buffer, size_t size);

#endif
