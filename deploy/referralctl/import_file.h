/* SPDX-License-Identifier: Apache-2.0
 * A file whose bytes are looked at in place.
 *
 * It is mapped, and what was passed over is given back to the system, so that a file of any
 * size takes a few megabytes.  What cannot be mapped (a pipe, "-" for standard input) is first
 * written to a file without a name in TMPDIR. */
#ifndef REFERRALCTL_IMPORT_FILE_H
#define REFERRALCTL_IMPORT_FILE_H

#include "proto/status.h"

struct import_file {
	const char *name; /* borrowed; "-" is standard input */
	const char *bytes;
	size_t length;
	bool is_mapped;        /* else the bytes are the caller's, as in tests */
	const char *kept_from; /* what stands before was given back */
};

/* OK; ABSENT: cannot be opened or read (errno says why; EISDIR for a directory,
 * EINVAL for a device).
 * A file that becomes shorter while it is looked at ends this program with a word on standard
 * error: nothing that it was doing to the directory is in use then. */
enum status import_file_open(struct import_file *file, const char *name) MUST_CHECK;
/* What is left of standard input is a file without a name from now on, which can be read as often
 * as is wanted, by "-" and as /dev/stdin.  Called again it does nothing.
 * false: errno says why. */
bool import_file_keep_input(void) MUST_CHECK;
/* Everything before `at` will not be looked at soon. */
void import_file_pass(struct import_file *file, const char *at);
void import_file_close(struct import_file *file);

#endif
