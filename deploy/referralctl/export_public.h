/* SPDX-License-Identifier: Apache-2.0
 * What of a stored service everybody may see, by its own word and by what was edited here. */
#ifndef REFERRALCTL_EXPORT_PUBLIC_H
#define REFERRALCTL_EXPORT_PUBLIC_H

#include "common/directory.h"

struct export_edits;

/* All edits that were made by hand.  NULL: they could not be read, or out of memory. */
struct export_edits *export_edits_read(struct store *store, struct directory *directory);
void export_edits_free(struct export_edits *edits);

/* OK: `shown` is malloc'd, NULL where the document may be seen as it is.  ABSENT: it is for
 * cleared roles, or not understood.  NO_MEMORY. */
enum status export_public(struct export_edits *edits, struct text id,
    struct text document, char **shown, size_t *length) MUST_CHECK;

#endif
