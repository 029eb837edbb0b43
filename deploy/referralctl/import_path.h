/* SPDX-License-Identifier: Apache-2.0
 * Paths of field maps into JSON: "a.b", "a[].b", "a[0].b", "'No. of beds'" for a name
 * with such signs in it, and "." for the value itself. */
#ifndef REFERRALCTL_IMPORT_PATH_H
#define REFERRALCTL_IMPORT_PATH_H

#include <jansson.h>

#include "proto/text.h"

/* Longest name of a member on a path, with its NUL. */
#define PATH_NAME_BYTES 128

bool path_is_good(const char *path);
/* The member that a path begins with; false: ".". */
bool path_first(const char *path, char name[PATH_NAME_BYTES]);

/* Whether a value says anything: not null, no blank text. */
bool path_says_something(const json_t *value);
/* Appends what a path leads to from `value`, as far as it says anything. */
void path_collect(const json_t *value, const char *path, json_t *found);
/* Puts a value where a path leads from `object`, making what is missing on the way unless
 * `is_weak`.  What is there already stays; to a list ("x[]" at the end) the value is added
 * unless it is in it.  Takes the reference. */
void path_put(json_t *object, const char *path, json_t *value, bool is_weak);

#endif
