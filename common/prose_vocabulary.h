/* SPDX-License-Identifier: Apache-2.0
 * The words of one sentence on eligibility.  For prose_sentence.c only. */
#ifndef COMMON_PROSE_VOCABULARY_H
#define COMMON_PROSE_VOCABULARY_H

#include <stdbool.h>
#include <stdint.h>

enum eligibility_kind {
	KIND_END,
	KIND_FILLER,
	KIND_FAMILY, /* goes with a kind of household or displacement */
	KIND_AGE,
	KIND_YEARS,
	KIND_MONTHS,
	KIND_UP,
	KIND_DOWN,
	KIND_OVER,
	KIND_UNDER,
	KIND_UP_TO,
	KIND_FROM,
	KIND_TO,
	KIND_BIRTH,
	KIND_GROUP,
	KIND_RESIDENT,
	KIND_OF,
	KIND_AND,
	KIND_OR,
	KIND_NARROW,
	KIND_OPEN,
	KIND_HARMLESS,
	KIND_HOUSEHOLD,
	KIND_DISPLACEMENT,
	KIND_DIFFICULTY,
	KIND_NUMBER,
	KIND_DASH,
	KIND_COMMA,
	KIND_STRANGE,
};

#define ELIGIBILITY_ITEMS_MAX 60

struct eligibility_item {
	enum eligibility_kind kind;
	uint32_t value;
};

struct eligibility_items {
	struct eligibility_item list[ELIGIBILITY_ITEMS_MAX + 1]; /* ends with KIND_END */
	uint32_t count;
};

/* From a folded sentence (prose_text.h), which ends with a NUL.  False: it is empty, too long,
 * or holds a mark that is not known. */
bool eligibility_items_read(const char *sentence, struct eligibility_items *items);

#endif
