/* SPDX-License-Identifier: Apache-2.0
 * A draft of a map while it is made.  For import_suggest*.c only. */
#ifndef REFERRALCTL_IMPORT_SUGGEST_PRIVATE_H
#define REFERRALCTL_IMPORT_SUGGEST_PRIVATE_H

#include "deploy/referralctl/import_path.h"
#include "deploy/referralctl/import_suggest.h"

/* A member within members within ...: of JSON. */
#define SUGGEST_PATH_BYTES 512
#define SUGGEST_EXAMPLE_BYTES 60

enum column_role {
#define ROLE(name, how, to, rule, instead, words) ROLE_##name,
#define STATUS(text, status)
#define LANGUAGE(text, code)
#define NOTHING(text)
#include "deploy/referralctl/import_suggest.def"
	ROLES
};

enum how { HOW_ONE, HOW_TOGETHER, HOW_EACH, HOW_FLAG };

struct about_role {
	enum how how;
	const char *to, *rule;
	enum column_role instead;
	const char *words;
};
const struct about_role *suggest_role(enum column_role role);
/* By the words of a heading, all of it or (`is_within`) any of it; ROLES: none. */
enum column_role suggest_role_find(const char *heading, bool is_within);
/* The role of what a flag is about, `ROLE_hidden` apart: of "Phone is private" phone. */
enum column_role suggest_role_flagged(const char *heading);

struct suggest_column {
	enum column_role role; /* ROLES: not placed */
	char *heading;
	char path[SUGGEST_PATH_BYTES]; /* as rules say it */
	bool is_renamed; /* no path can say its heading: the map calls it by `path` */
	unsigned kinds;  /* of rows that its cells name: agency 1, site 2, program 4 */
	char example[SUGGEST_EXAMPLE_BYTES + 1];
};

struct draft {
	struct suggest_column *columns;
	size_t count;
	bool is_id_good; /* each row has one, and no other row has it */
	bool is_table;
};

/* A column behind the others; NULL: out of memory. */
struct suggest_column *suggest_add_column(struct draft *draft, const char *heading);
void suggest_place_columns(struct draft *draft);
/* What a cell shows of its column.  `value` may be NULL. */
void suggest_look_at_cell(struct suggest_column *column, const json_t *value);
/* The column of this id saw a value that no row before had; NULL, or seen: it is none. */
void suggest_look_at_id(struct draft *draft, const json_t *value, json_t *ids);
bool suggest_is_taken(const struct draft *draft, enum column_role role);
void suggest_free(struct draft *draft);
/* NULL: out of memory. */
json_t *suggest_make_map(const struct draft *draft);

#endif
