/* SPDX-License-Identifier: Apache-2.0
 * Changes of single services by hand, which lie over what their publisher says.  Pure.
 *
 * An overlay is the text that Redis holds of a service's edits ({c1}:edits).  Its first line
 * is the version and the last commands' digests; each other line is one edited field:
 *
 *   FIELD VERSION AT BASE ["author",VALUE]
 *
 * AT in ms since 1970; BASE is the digest of what the publisher said when the edit was made
 * ("-": nothing).  An edit stands for as long as the publisher says that; once a later
 * import says something else, the publisher knows more and the edit is passed over. */
#ifndef COMMON_JSON_EDITS_H
#define COMMON_JSON_EDITS_H

#include "proto/message.h"

/* Fields that one request may change, and bytes of one request's body. */
#define EDITS_MOST 32
#define EDITS_BASE_BYTES 16

/* One field's change as Redis takes it. */
struct edit {
	const char *field; /* of edits.def */
	char base[EDITS_BASE_BYTES + 1];
	char *entry;       /* ["author",VALUE]; empty: the edit is taken back */
	char *previous;    /* JSON of what readers saw before; "null": nothing */
	char *replacement; /* of what they see from now on */
};

/* Zeroed is empty. */
struct edits {
	unsigned count;
	struct edit list[EDITS_MOST];
};
void edits_free(struct edits *edits);

/* The version of an overlay; 0 where it is absent or no overlay. */
uint32_t edits_version(struct text overlay);

/* The document with its edits; a malloc'd text that the caller frees.  NULL: no edit stands
 * (the document is the answer), it is no JSON, or memory ran out. */
char *edits_apply(struct text document, struct text overlay, size_t *length);

/* Reads a JSON merge patch (RFC 7396) over the fields of edits.def, against what the publisher
 * says and what is edited already.  Entries of lists get ids derived from the service's.
 * OK; INVALID: see defects, each naming its field; BAD_MESSAGE: no JSON object; DAMAGED: the
 * published document is none; NO_MEMORY.  With anything but OK `edits` is empty. */
enum status edits_read(struct text published, struct text overlay, struct text patch,
    struct text author, struct edits *edits, struct defects *defects) MUST_CHECK;

/* The merge patch for edits_read that leads from a service as its reader was shown it to what
 * the reader would have, facts where they stand among the attributes; a malloc'd text.
 * INVALID: members that may not be edited differ, each is named.  BAD_MESSAGE: no JSON object.
 * DAMAGED: what was shown is none.  NO_MEMORY.  With anything but OK `patch` is NULL. */
enum status edits_compare(struct text shown, struct text wanted, char **patch,
    struct defects *defects) MUST_CHECK;

/* Takes one field's edit back.  ABSENT: there is none.  DAMAGED, NO_MEMORY. */
enum status edits_undo(struct text published, struct text overlay, struct text field,
    struct edits *edits) MUST_CHECK;

/* The name of an editable field; NULL: there is none of that name. */
const char *edits_field(struct text name);

/* An edited field's line. */
struct edit_line {
	struct text field;
	uint32_t version;
	int64_t at;
	struct text base;
	struct text entry;
};
/* The next edited field from `rest`, which moves on; false: there is none. */
bool edits_next(struct text *rest, struct edit_line *line);
/* Whether the publisher still says what the edit was made on. */
bool edits_stands(struct text published, const struct edit_line *line);

#endif
