/* SPDX-License-Identifier: Apache-2.0
 * The words of a command: options from one table, then what is left. */
#ifndef REFERRALCTL_FLAGS_H
#define REFERRALCTL_FLAGS_H

#include "proto/message.h"

/* One option; `name` NULL ends the list. */
struct choice {
	const char *name;   /* without the dashes */
	const char **value; /* gets the option's value; NULL: it takes none */
	bool *is_given;     /* of an option without value */
};

/* flags_read: nothing stands against doing it. */
#define FLAGS_GO_ON (-1)

/* Reads the options, wherever they stand; `words` gets the others, NULL after the last, which
 * must be at least `least` and at most `most`.  --help prints `help`.
 * FLAGS_GO_ON, or the status to exit with: all is said then. */
int flags_read(int argc, char **argv, const char *help, const struct choice *flags,
    int least, int most, char ***words) MUST_CHECK;

/* Says "referralctl COMMAND: ..." on standard error; EXIT_USAGE. */
int flags_wrong(const char *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Values of options; NULL (not given) leaves `out` as it is.  They say what is wrong; false. */
bool flags_number(const char *command, const char *name, const char *value,
    uint32_t least, uint32_t most, uint32_t *out) MUST_CHECK;
/* A word of a set of codes.def. */
bool flags_code(const char *command, const char *name, const char *value,
    enum code_set set, uint8_t *out) MUST_CHECK;

#endif
