/* SPDX-License-Identifier: Apache-2.0
 * Terms that may be meant by a code or words that are none: "did you mean".  Pure. */
#ifndef MATCHER_SUGGEST_H
#define MATCHER_SUGGEST_H

#include "common/taxonomies.h"
#include "proto/message.h"

#define SUGGESTIONS_MAX 5

struct suggestion {
	const struct taxonomy_term *term;
	struct text
	    name; /* its label or synonym that is like what was typed; absent: the code is */
	uint32_t unlike; /* less is likelier */
};

/* Terms of a taxonomy (absent: our own) whose code, label or synonym in any language is like what
 * was typed: at least half of its words are words of it, their beginnings, stems or sounds, or
 * differ by a letter (of 8 and more by two).  Where there is none: what the same keys mean in the
 * other keyboard layout.  Likeliest first, then by code; returns how many. */
uint32_t suggest_terms(const struct taxonomies *taxonomies, struct text taxonomy,
    struct text typed, struct suggestion found[SUGGESTIONS_MAX]);
/* The same as they are shown; `shown` has room for all. */
uint32_t suggest_briefs(const struct taxonomies *taxonomies, struct text taxonomy,
    struct text typed, struct term_brief shown[SUGGESTIONS_MAX]);
/* That no service offers a term may be because no taxonomy has it: then unknown_term takes the
 * place of no_service.  Without any taxonomy nobody could say so. */
void suggest_reason(
    const struct taxonomies *taxonomies, struct text code, enum reason *reason);

#endif
