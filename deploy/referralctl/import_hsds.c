/* SPDX-License-Identifier: Apache-2.0
 * Makes the tables. */
#include "deploy/referralctl/import_hsds.h"

#include <string.h>

#define REQUIRED true
#define OPTIONAL false

/* clang-format off */
#define ENTITY(name) static const struct hsds_field name##_fields[] = {
#define END_ENTITY(name) }; const struct hsds_entity hsds_##name = \
	{ #name, sizeof name##_fields / sizeof *name##_fields, name##_fields };
#define ID(need) { "id", HSDS_ID, need, NULL, NULL },
#define REF(name) { #name, HSDS_REF, OPTIONAL, NULL, NULL },
#define TEXT(name, need) { #name, HSDS_TEXT, need, NULL, NULL },
#define CODE(name, need) { #name, HSDS_CODE, need, NULL, NULL },
#define NUMBER(name, need) { #name, HSDS_NUMBER, need, NULL, NULL },
#define TIME(name, need) { #name, HSDS_TIME, need, NULL, NULL },
#define WORD(name, words, need) { #name, HSDS_WORD, need, words, NULL },
#define LIST(name, entity) { #name, HSDS_LIST, OPTIONAL, NULL, &hsds_##entity },
#define ONE(name, entity, need) { #name, HSDS_ONE, need, NULL, &hsds_##entity },
#include "deploy/referralctl/import_hsds.def"

const struct hsds_entity *const HSDS_ALL[] = {
#define ENTITY(name) &hsds_##name,
#include "deploy/referralctl/import_hsds.def"
	NULL
};
/* clang-format on */

const struct hsds_field *
hsds_find(const struct hsds_entity *entity, const char *name)
{
	size_t low = 0;
	size_t high = entity->count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		const char *other = entity->fields[middle].name;
		int order = *name - *other; /* most often it is told by these */

		if (order == 0)
			order = strcmp(name, other);
		if (order == 0)
			return &entity->fields[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}
