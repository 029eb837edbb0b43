/* SPDX-License-Identifier: Apache-2.0
 * The options of every service, and the settings printed. */
#include <getopt.h>
#include <stdlib.h>

#include "common/config.h"

/* Longer lists go on in the next line, item by item. */
#define LINE_MOST 88
#define GO_ON (-1)

struct options {
	const char *path;
	const char *name;
	bool is_check;
	bool is_print;
};

static const struct {
	const char *name;
	const char *about;
} SECTIONS[] = {
#define SECTION(name, about) { #name, about },
#include "common/config.def"
};

static void
print_list(const char *name, const char *value, FILE *out)
{
	struct text item = config_list_next(&value);

	fprintf(out, "%s = %.*s", name, (int)item.length, item.at);
	while ((item = config_list_next(&value)).at != NULL)
		fprintf(out, ",\n\t%.*s", (int)item.length, item.at);
	fputc('\n', out);
}

static void
print_key(const struct config *config, const struct config_key *key, FILE *out)
{
	char range[128];
	char value[CONFIG_LIST_MOST + 1];
	bool has_unit = key->unit[0] != '\0' && key->type != CONFIG_WORD;

	config_range(key, range, sizeof range);
	fprintf(out, "\n# %s\n# %s%s%s; default %s\n", key->help,
	    has_unit ? key->unit : "", has_unit ? ": " : "", range, key->fallback);
	if (!config_format(config, key, value, sizeof value))
		return;
	if (key->type == CONFIG_LIST && strlen(key->name) + 3 + strlen(value) > LINE_MOST)
		print_list(key->name, value, out);
	else
		fprintf(out, "%s = %s\n", key->name, value);
}

void
config_print(const struct config *config, FILE *out)
{
	fputs("# Settings of Hearthline.  Made by --print-config: all keys, one file for "
	      "all "
	      "services.\n"
	      "# Durations take ms, s, min, h or d; sizes B, kB, MB or GB (1 kB is 1024 "
	      "B).\n"
	      "# HEARTHLINE_<SECTION>_<NAME> in the environment goes before the file.\n",
	    out);
	for (size_t i = 0; i < sizeof SECTIONS / sizeof *SECTIONS; i++) {
		fprintf(out, "\n# %s\n[%s]\n", SECTIONS[i].about, SECTIONS[i].name);
		for (const struct config_key *key = config_keys(); key->name != NULL;
		     key++)
			if (strcmp(key->section, SECTIONS[i].name) == 0)
				print_key(config, key, out);
	}
}

static void
print_help(const char *service, const char *about)
{
	printf("%s: %s\n\n"
	       "usage: %s [options]\n"
	       "  --config FILE    settings (default: none, see --print-config)\n"
	       "  --name NAME      name of this instance (default: %s)\n"
	       "  --check-config   say whether the settings are legal, and exit\n"
	       "  --print-config   print the settings in use as a file, and exit\n"
	       "  --version        print the version, and exit\n"
	       "  --help           print this, and exit\n",
	    service, about, service, service);
}

static bool
is_name(const char *name)
{
	size_t length =
	    strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                 "0123456789._-");

	return length > 0 && name[length] == '\0' && length < CONFIG_NAME_BYTES;
}

/* GO_ON, or the status to exit with. */
static int
read_options(int argc, char **argv, const char *service, const char *about,
    struct options *options)
{
	static const struct option OPTIONS[] = { { "config", required_argument, NULL,
		                                     'c' },
		{ "name", required_argument, NULL, 'n' },
		{ "check-config", no_argument, NULL, 'k' },
		{ "print-config", no_argument, NULL, 'p' },
		{ "version", no_argument, NULL, 'v' }, { "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 } };
	int option;

	optind = 0; /* so that tests can call this again */
	opterr = 0;
	while ((option = getopt_long(argc, argv, ":", OPTIONS, NULL)) != -1) {
		if (option == 'c')
			options->path = optarg;
		else if (option == 'n' && is_name(optarg))
			options->name = optarg;
		else if (option == 'k')
			options->is_check = true;
		else if (option == 'p')
			options->is_print = true;
		else if (option == 'v')
			return printf("%s %s\n", service, HEARTHLINE_VERSION) < 0;
		else if (option == 'h')
			return print_help(service, about), EXIT_SUCCESS;
		else
			break;
	}
	if (option == -1 && optind == argc)
		return GO_ON;
	fprintf(stderr, "%s: %s: wrong option, see --help\n", service,
	    argv[option == -1 ? optind : optind - 1]);
	return 2;
}

int
config_main(
    int argc, char **argv, const char *service, const char *about, struct config *config)
{
	struct options options = { .name = service };
	int exit_status = read_options(argc, argv, service, about, &options);
	enum status status;

	if (exit_status != GO_ON)
		return exit_status;
	status = config_load(config, options.path, options.is_check ? stdout : stderr);
	snprintf(config->name, sizeof config->name, "%s", options.name);
	if (status != STATUS_OK)
		return EXIT_FAILURE;
	if (options.is_check)
		puts("ok");
	else if (options.is_print)
		config_print(config, stdout);
	return options.is_check || options.is_print ? EXIT_SUCCESS : GO_ON;
}
