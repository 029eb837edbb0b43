/* SPDX-License-Identifier: Apache-2.0
 * What Redis keeps packed (kept.def), taken apart. */
#ifndef PROTO_KEPT_H
#define PROTO_KEPT_H

#include "proto/text.h"

/* Absent ones have length 0. */
struct kept_head {
#define KEPT_HEAD(name, about) struct text name;
#include "proto/kept.def"
};
struct kept_need {
#define KEPT_NEED(name, about) struct text name;
#include "proto/kept.def"
};
struct kept_referral {
#define KEPT_REFERRAL(name, about) struct text name;
#include "proto/kept.def"
};
struct kept_line {
#define KEPT_LINE(name, about) struct text name;
#include "proto/kept.def"
};

/* Fills one of the structures above: KEPT_SPLIT(packed, &head). */
#define KEPT_SPLIT(packed, kept)                                                         \
	kept_split((packed), (struct text *)(kept), sizeof *(kept) / sizeof(struct text))
void kept_split(struct text packed, struct text *fields, size_t count);

/* The same as names, for the functions: the record's, and its fields'; NULL ends both. */
struct kept_record {
	const char *name;
	const char *const *fields;
};
const struct kept_record *kept_records(void);

#endif
