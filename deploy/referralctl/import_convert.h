/* SPDX-License-Identifier: Apache-2.0
 * What becomes of a value: the kinds of "as" in field maps. */
#ifndef REFERRALCTL_IMPORT_CONVERT_H
#define REFERRALCTL_IMPORT_CONVERT_H

#include <jansson.h>
#include <stdbool.h>

/* A new value; NULL where this kind makes nothing of it. */
typedef json_t *convert_value(const json_t *value);

/* The text of a string, number or truth. */
convert_value convert_to_text;
/* The kind of a word ("slug"); NULL: there is none. */
convert_value *convert_find(const char *word);
/* Whether it makes {"latitude","longitude"}. */
bool convert_is_point(const char *word);

#endif
