/* SPDX-License-Identifier: Apache-2.0
 * Text in a form that compares: what people type differently becomes equal.  Pure. */
#ifndef COMMON_FOLD_H
#define COMMON_FOLD_H

#include "proto/text.h"

/* Room that is always enough for the folded form of `length` bytes. */
#define FOLD_ROOM(length) ((size_t)(length) + 1)

/* Writes the words of a UTF-8 text, each after one space (" " + word + " " + word), in
 * lower case, and returns the bytes written (no NUL).
 *
 *   Cyrillic   і ї й ы are и; ґ is г; ё є э are е; ь and ъ are dropped
 *   Latin      loses its marks (ș is s, ł is l, ß is ss)
 *   Arabic     أ إ آ ٱ are ا; ة is ه; ى ی ئ are ي; ؤ is و; ک is ك; ٠ to ٩ are 0 to 9
 *   dropped    apostrophes of every shape, combining marks, soft hyphens, joiners
 *   a gap      all other punctuation, signs and spaces
 *
 * Malformed bytes are passed over.  What does not fit is left out, whole words and
 * characters first to last.  Folding a folded text changes nothing. */
size_t fold(struct text text, char *buffer, size_t size);

/* Folds the next word of a text from `*at` on, without a space, and moves `*at` behind it.
 * Returns its bytes, 0 at the end; what does not fit into `size` of them (at least 4) is
 * left out.  `written`: the word as it stands in the text. */
size_t fold_word(
    struct text text, uint32_t *at, char *buffer, size_t size, struct text *written);

#endif
