/* SPDX-License-Identifier: Apache-2.0
 * From an address as people write it to the place it is in, where that is certain.  Pure. */
#ifndef COMMON_PLACES_RESOLVE_H
#define COMMON_PLACES_RESOLVE_H

#include "common/places.h"

/* Absent: not said. */
struct place_address {
	struct text country; /* two letters */
	struct text region;  /* oblast, state */
	struct text city;    /* a populated place, with or without a word for its kind */
	struct text postal_code; /* taken where the country is said too */
	struct text
	    line; /* all of it in one, parts between commas; a part counts where a word
	                     says what kind of place it names (places_words.def) */
};

struct place_resolved {
	place_id place; /* PLACE_NONE: not certain */
	uint32_t
	    candidates; /* homonyms within what the address says; 0: no name is known */
};

/* Certain is a populated place, else a community, that is the only one of its name within the
 * regions, districts and communities that the address names and that are known; kinds of
 * populated places tell homonyms apart.  A region or district alone is no answer. */
struct place_resolved places_resolve(
    struct places *places, const struct place_address *address);
/* The place of a name that stands alone ("Львівська область", "Суми"): the only one of its
 * name and kind. */
struct place_resolved places_resolve_name(
    struct places *places, struct text country, struct text name);

#endif
