/* SPDX-License-Identifier: Apache-2.0
 * Directories are published packed: as a zip or tar of a package's files, or one file alone
 * that is compressed.
 *
 * What is in it is written to a folder of its own in TMPDIR, within bounds that a file made
 * to swell runs into; links, devices and names that lead out of the folder are left out. */
#ifndef REFERRALCTL_IMPORT_ARCHIVE_H
#define REFERRALCTL_IMPORT_ARCHIVE_H

#include <stddef.h>

#include "proto/status.h"

#define ARCHIVE_FILES_MOST 1000
/* Unpacked bytes in all: so many, and so many for each that is packed. */
#define ARCHIVE_MOST_BYTES (INT64_C(16) << 30)
#define ARCHIVE_FREE_BYTES (INT64_C(64) << 20)
#define ARCHIVE_SWELLS_MOST 200

#define ARCHIVE_WHY_BYTES 200

struct import_archive;

/* By its first bytes: a zip, tar, gzip, bzip2, xz or zstd file. */
bool import_archive_is(const char *path);
/* OK; ABSENT: it cannot be read; UNSUPPORTED: it is damaged, encrypted, empty, out of bounds
 * or a spreadsheet, and `why` says which; NO_MEMORY.  *archive is to be closed whatever it is. */
enum status import_archive_open(struct import_archive **archive, const char *path,
    char why[ARCHIVE_WHY_BYTES]) MUST_CHECK;
/* Takes everything away again; NULL is fine. */
void import_archive_close(struct import_archive *archive);
/* What is to be read: the one file, or the innermost folder that holds them all. */
const char *import_archive_path(const struct import_archive *archive);

#endif
