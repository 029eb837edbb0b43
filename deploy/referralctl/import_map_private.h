/* SPDX-License-Identifier: Apache-2.0
 * A field map as it is kept.  For import_map.c and import_map_read.c only. */
#ifndef REFERRALCTL_IMPORT_MAP_PRIVATE_H
#define REFERRALCTL_IMPORT_MAP_PRIVATE_H

#include "deploy/referralctl/import_map.h"
#include "deploy/referralctl/import_path.h"

struct import_map {
	enum directory_kind kind;
	json_t *root;   /* as it was read, and found good */
	json_t *tables; /* name -> object; keys folded */
	json_t *
	    nothing; /* folded -> true: what a cell says that says nothing; may be NULL */
	json_t *used; /* members of a row that rules look at */
};

/* Whether rules are what README.md of the maps says; remembers what they look at. */
bool map_check_rules(struct import_map *map, const json_t *rules, char why[256]);
bool map_check_parts(struct import_map *map, char why[256]);
/* Carries rules out on a row; what is not understood is kept in `made`. */
void map_run_rules(const struct import_map *map, const json_t *rules, const json_t *row,
    struct import_check *check, json_t *made);
/* Where a file of deploy/maps ("" for the folder) is: beside the working directory, else
 * beside build/bin/referralctl. */
bool import_map_find(const char *file, char path[4096]);
/* What a value is looked up as: folded (common/fold.h), or as it is where it has nothing but
 * signs; empty where it is too long. */
void import_map_fold(struct text text, char key[PATH_NAME_BYTES]);

#endif
