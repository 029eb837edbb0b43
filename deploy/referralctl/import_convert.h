/* SPDX-License-Identifier: Apache-2.0
 * What becomes of a value: the kinds of "as" in field maps. */
#ifndef REFERRALCTL_IMPORT_CONVERT_H
#define REFERRALCTL_IMPORT_CONVERT_H

#include <jansson.h>
#include <stdbool.h>

#include "proto/text.h"

/* A new value; NULL where this kind makes nothing of it. */
typedef json_t *convert_value(const json_t *value);

/* The text of a string, number or truth. */
convert_value convert_to_text;
/* The kind of a word ("slug"); NULL: there is none. */
convert_value *convert_find(const char *word);
/* Appends the trimmed pieces of a text between any of these signs, as far as they say
 * something; with a pattern, what it finds in each. */
void convert_split(
    struct text text, const char *separators, const char *pattern, json_t *pieces);
/* Appends what the first group of a pattern (POSIX, extended, no regard to case) finds, or
 * the whole find where it has no group. */
void convert_match(struct text text, const char *pattern, json_t *pieces);
bool convert_is_pattern(const char *pattern);
/* Whether it makes {"latitude","longitude"}. */
bool convert_is_point(const char *word);

#endif
