/* SPDX-License-Identifier: Apache-2.0
 * Where JSON values begin and end, by strings and brackets alone. */
#ifndef REFERRALCTL_IMPORT_SCAN_H
#define REFERRALCTL_IMPORT_SCAN_H

#include "proto/text.h"

/* Members of an object that are looked at. */
#define SCAN_MEMBERS_MAX 64

bool scan_is_space(char byte);
const char *scan_skip_space(const char *at, const char *end);
/* The end of the value that begins at `at` (itself where none does); NULL: the text ends
 * before. */
const char *scan_skip_value(const char *at, const char *end);
/* The line end at or behind `at`, or the end. */
const char *scan_line_end(const char *at, const char *end);

struct scan_member {
	struct text key; /* as it is written */
	const char *value;
	const char *value_end; /* NULL: the text ends before */
};
/* Members of the object at `at`.  Gives up at anything unexpected: what was found so far
 * stands, and *is_cut says whether the text ends within the object. */
size_t scan_members(const char *at, const char *end,
    struct scan_member members[SCAN_MEMBERS_MAX], bool *is_cut);
/* The member of that name that is a list; NULL: none. */
const struct scan_member *scan_find_list(
    const struct scan_member *members, size_t count, const char *key);
bool scan_has_member(const struct scan_member *members, size_t count, const char *key);
/* Whether the member is written so: "false", "\"yes\"". */
bool scan_member_says(
    const struct scan_member *members, size_t count, const char *key, const char *value);
/* A whole number; 0 where it is none. */
uint64_t scan_member_number(
    const struct scan_member *members, size_t count, const char *key);

#endif
