/* SPDX-License-Identifier: Apache-2.0
 * The tables of HSDS 3.1, from import_hsds.def. */
#ifndef REFERRALCTL_IMPORT_HSDS_H
#define REFERRALCTL_IMPORT_HSDS_H

#include <stdbool.h>
#include <stddef.h>

enum hsds_type {
	HSDS_ID,
	HSDS_REF,
	HSDS_TEXT,
	HSDS_CODE,
	HSDS_NUMBER,
	HSDS_TIME,
	HSDS_WORD,
	HSDS_LIST,
	HSDS_ONE
};

struct hsds_entity;

struct hsds_field {
	const char *name;
	enum hsds_type type;
	bool is_required;
	const char *words;                /* WORD: "active|inactive" */
	const struct hsds_entity *entity; /* LIST, ONE */
};

struct hsds_entity {
	const char *name;
	size_t count;
	const struct hsds_field *fields; /* sorted by name */
};

#define ENTITY(name) extern const struct hsds_entity hsds_##name;
#include "deploy/referralctl/import_hsds.def"

/* NULL: HSDS does not know it. */
const struct hsds_field *hsds_find(const struct hsds_entity *entity, const char *name);
/* Every entity, NULL-terminated: for tests. */
extern const struct hsds_entity *const HSDS_ALL[];

#endif
