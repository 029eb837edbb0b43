/* SPDX-License-Identifier: Apache-2.0
 * One sentence on eligibility.  For prose_eligibility.c only. */
#ifndef COMMON_PROSE_SENTENCE_H
#define COMMON_PROSE_SENTENCE_H

#include "proto/message.h"

enum sentence_class {
	SENTENCE_UNCLEAR, /* may mean anything */
	SENTENCE_OPEN,    /* "all ages" */
	SENTENCE_CLEAR,   /* narrows, as its members say */
};

/* Groups of people, as words mean them. */
enum sentence_group {
	GROUP_infants = 1,
	GROUP_children = 2,
	GROUP_youth = 4,
	GROUP_adults = 8,
	GROUP_seniors = 16,
};

struct sentence {
	enum sentence_class class;
	bool has_age;
	double least, most; /* years, NaN not said */
	uint32_t groups;    /* bits of enum sentence_group */
	enum code_set set;  /* of `codes`; of one set only */
	uint32_t codes;
	bool has_more; /* residence, income: true, but no rule */
};

void sentence_read(struct text text, struct sentence *sentence);

#endif
