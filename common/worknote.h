/* SPDX-License-Identifier: Apache-2.0
 * What a process is in the middle of, in a file that its death leaves behind: the next process
 * of the same name sees what the last one died on, if it died on anything.  Noting costs no
 * system call.  The file is a page of memory, so that a process's death loses nothing of it; the
 * machine's may, and then no crash is counted. */
#ifndef COMMON_WORKNOTE_H
#define COMMON_WORKNOTE_H

#include "common/id.h"
#include "proto/message.h"

struct worknote;

/* What the former process of the name died on. */
struct worknote_death {
	enum stage stage; /* 0: on nothing */
	char item[ID_ITEM_MAX];
	uint32_t attempt;
	char
	    id[ID_UUID_BYTES + 1]; /* of that process's start, and so of its only death */
};

/* Opens or makes the file and holds it for as long as the process lives.  `death` stays in the
 * file until the first worknote_begin.
 * OK; BUSY: a living process holds it; UNAVAILABLE: `why` says so in one line. */
enum status worknote_open(const char *path, struct worknote **note,
    struct worknote_death *death, char *why, size_t why_size) MUST_CHECK;
void worknote_close(struct worknote *note);

/* From here to worknote_end the process is in the middle of the item. */
void worknote_begin(
    struct worknote *note, enum stage stage, const char *item, uint32_t attempt);
void worknote_end(struct worknote *note);

#endif
