/* SPDX-License-Identifier: Apache-2.0
 * Texts as people wrote them in somebody's web form. */
#ifndef REFERRALCTL_IMPORT_TEXT_H
#define REFERRALCTL_IMPORT_TEXT_H

#include "proto/text.h"

/* Takes out tags that HTML knows (others stay: "<person@example.org>"), comments, scripts and
 * styles, replaces character references, makes line ends "\n" and trims.  Block tags become a
 * line end, cells a space.  A malloc'd text; NULL: nothing to change, or out of memory.
 * `had_html` is set, never cleared. */
char *import_text_clean(struct text text, bool *had_html);
/* Without white space at both ends. */
struct text import_text_trim(struct text text);

#endif
