/* SPDX-License-Identifier: Apache-2.0
 * Language codes in their shortest form. */
#ifndef COMMON_FACTS_LANGUAGE_H
#define COMMON_FACTS_LANGUAGE_H

#include "proto/text.h"

/* Reads a code in lower case, in place: two or three letters, perhaps with subtags ("uk",
 * "ukr", "zh-hant").  Three letters become two where there are two ("ukr-ua" is "uk-ua").
 * TEXT_ABSENT: not a code; else it points into `code`. */
struct text facts_language(char *code, uint32_t length);

#endif
