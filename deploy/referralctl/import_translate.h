/* SPDX-License-Identifier: Apache-2.0
 * The same directory in another language: a file of the same format whose rows have the same
 * ids.  HSDS has no translations: a service's stand in x_translations, {"ar": {"name": …}}. */
#ifndef REFERRALCTL_IMPORT_TRANSLATE_H
#define REFERRALCTL_IMPORT_TRANSLATE_H

#include <jansson.h>

#include "deploy/referralctl/import_file.h"
#include "deploy/referralctl/import_report.h"

struct import_translation;

/* Makes a service of a row, or gives it as it is: a new reference; NULL: it is none. */
typedef json_t *import_translate_make(void *self, json_t *row);

/* Finds the rows of a file by the ids of the services they make.  The file stays open; its
 * `language` is borrowed.  OK; UNSUPPORTED with *why; NO_MEMORY. */
enum status import_translation_open(struct import_translation **translation,
    const char *language, struct import_file *file, import_translate_make *make,
    void *self, const char **why) MUST_CHECK;
void import_translation_free(struct import_translation *translation);

/* Adds what the file says of a service in its language, as far as it says other words. */
void import_translation_add(struct import_translation *translation, json_t *service);
/* Notes rows that translate nothing, when all services were taken. */
void import_translation_end(
    const struct import_translation *translation, struct import_report *report);

#endif
