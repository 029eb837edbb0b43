/* SPDX-License-Identifier: Apache-2.0
 * Reads options by a command's table. */
#include "deploy/referralctl/flags.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "deploy/referralctl/referralctl.h"

#define FLAGS_MOST 16
/* What getopt_long returns for the first flag of the table: no character. */
#define FIRST 256
#define HELP 255

int
flags_wrong(const char *command, const char *format, ...)
{
	va_list arguments;

	fprintf(stderr, "referralctl %s: ", command);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fprintf(stderr, "; referralctl %s --help tells more\n", command);
	return EXIT_USAGE;
}

static void
fill(struct option *options, const struct choice *flags)
{
	int at = 0;

	for (; at < FLAGS_MOST && flags[at].name != NULL; at++)
		options[at] = (struct option){ flags[at].name,
			flags[at].value != NULL ? required_argument : no_argument, NULL,
			FIRST + at };
	options[at] = (struct option){ "help", no_argument, NULL, HELP };
	options[at + 1] = (struct option){ NULL, 0, NULL, 0 };
}

int
flags_read(int argc, char **argv, const char *help, const struct choice *flags, int least,
    int most, char ***words)
{
	struct option options[FLAGS_MOST + 2];
	int option;

	fill(options, flags);
	opterr = 0;
	optind = 0; /* GNU: start over */
	while ((option = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		if (option == HELP) {
			fputs(help, stdout);
			return EXIT_DONE;
		}
		if (option == ':')
			return flags_wrong(argv[0], "%s wants a value", argv[optind - 1]);
		if (option < FIRST)
			return flags_wrong(
			    argv[0], "no such option: %s", argv[optind - 1]);
		if (flags[option - FIRST].value != NULL)
			*flags[option - FIRST].value = optarg;
		else
			*flags[option - FIRST].is_given = true;
	}
	*words = argv + optind;
	if (argc - optind < least)
		return flags_wrong(argv[0], "a word is missing");
	if (argc - optind > most)
		return flags_wrong(argv[0], "one word too many: %s", argv[optind + most]);
	return FLAGS_GO_ON;
}

bool
flags_number(const char *command, const char *name, const char *value, uint32_t least,
    uint32_t most, uint32_t *out)
{
	unsigned long long number;
	char *end;

	if (value == NULL)
		return true;
	number = strtoull(value, &end, 10);
	if (value[0] < '0' || value[0] > '9' || *end != '\0' || number < least ||
	    number > most) {
		(void)flags_wrong(command, "--%s wants a number from %u to %u, not %s",
		    name, least, most, value);
		return false;
	}
	*out = (uint32_t)number;
	return true;
}

bool
flags_code(const char *command, const char *name, const char *value, enum code_set set,
    uint8_t *out)
{
	if (value == NULL)
		return true;
	*out = (uint8_t)code_value(set, text_of(value));
	if (*out != 0)
		return true;
	(void)flags_wrong(command, "%s is no %s", value, name);
	fputs("legal:", stderr);
	for (unsigned i = 1; i <= code_count(set); i++)
		fprintf(stderr, " %s", code_word(set, i));
	fputs("\n", stderr);
	return false;
}
