/* SPDX-License-Identifier: Apache-2.0
 * Prose of a directory in one spelling, so that its words can be looked up. */
#ifndef COMMON_PROSE_TEXT_H
#define COMMON_PROSE_TEXT_H

#include "proto/text.h"

/* Longer prose is not looked at: it tells more than hours or rules. */
#define PROSE_MAX_BYTES 2000

struct prose_text {
	char bytes[PROSE_MAX_BYTES + 1]; /* ends with a NUL */
	size_t length;
	bool is_cyrillic; /* Cyrillic letters are in it */
};

/* Latin and Cyrillic in lower case, Cyrillic io as ie, every dash as "-", every apostrophe as
 * "'", every other quotation mark as a double one, every space as " ", line ends as "\n",
 * marks without width left out, Latin letters inside Cyrillic words as the Cyrillic ones that
 * look the same.  Other bytes stay.
 * False: longer than PROSE_MAX_BYTES, holds a NUL or is no UTF-8. */
bool prose_fold(struct text prose, struct prose_text *folded);

/* Whether a byte belongs to a letter: a-z, or of any letter beyond ASCII. */
bool prose_is_letter(char byte);

#endif
