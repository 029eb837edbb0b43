/* SPDX-License-Identifier: Apache-2.0
 * What services and needs refer to: taxonomies and places, as Redis holds them. */
#ifndef MATCHER_REFERENCES_H
#define MATCHER_REFERENCES_H

#include "common/directory.h"
#include "common/places.h"
#include "common/taxonomies.h"

struct matcher;

struct references {
	struct directory *directories[DIRECTORY_KINDS]; /* not of services */
	struct taxonomies *taxonomies, *taxonomies_loading;
	struct places *places, *places_loading;
	bool must_reload[DIRECTORY_KINDS]; /* changed while it was being loaded */
	bool is_loaded;                    /* both, once */
};

/* Loads places and taxonomies one after the other; then, and whenever one of them changes,
 * the directory of services (directory_reload).  Dies (log_die) where memory runs out. */
void references_open(struct matcher *matcher);
void references_close(struct references *references);
/* Loads one of the two anew. */
void references_load(struct matcher *matcher, enum directory_kind kind);

#endif
