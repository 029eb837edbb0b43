/* SPDX-License-Identifier: Apache-2.0
 * Values of one service, brought to the type that HSDS gives them.  For import_check.c only. */
#ifndef REFERRALCTL_IMPORT_SETTLE_H
#define REFERRALCTL_IMPORT_SETTLE_H

#include "deploy/referralctl/import_check.h"
#include "deploy/referralctl/import_hsds.h"

/* What a value that does not fit is kept under: this and its name. */
#define ASIDE "x_"

/* A member that is looked at, and where that was found. */
struct import_step {
	const struct import_step *up;
	const char *name;
	size_t index;
	bool is_list;
};

struct text settle_text_in(const json_t *value);
struct text settle_text_at(const json_t *object, const char *key);

/* Keeps a value under ASIDE and its name.  Takes the reference. */
void settle_aside(
    struct import_check *check, json_t *object, const char *name, json_t *value);

/* An id as text: strings and whole numbers are ids, in trimmed form. */
struct text settle_read_id(const json_t *value, char digits[32]);
/* Gives the UUID of an id of this file; false: it says none. */
bool settle_id(
    struct import_check *check, const json_t *value, char id[ID_UUID_BYTES + 1]);
/* The UUID of a thing without an id, by what it is and what tells it from others. */
void settle_derive(struct text space, const char *kind, struct text one,
    struct text other, char id[ID_UUID_BYTES + 1]);

/* A number, or a text that is one. */
bool settle_read_number(const json_t *value, double *number);
/* The word of a closed list ("a|b") in its own spelling; absent: it is none of them. */
struct text settle_find_word(const char *words, struct text word);

/* Each brings one member to its type, or sets it aside. */
void settle_number(
    struct import_check *check, json_t *object, const char *name, json_t *value);
void settle_text(struct import_check *check, json_t *object,
    const struct hsds_field *field, json_t *value);
void settle_word(struct import_check *check, json_t *object,
    const struct hsds_field *field, json_t *value);
void settle_reference(
    struct import_check *check, json_t *object, const char *name, json_t *value);

#endif
