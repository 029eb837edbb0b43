/* SPDX-License-Identifier: Apache-2.0
 * The words of the command. */
#include "deploy/referralctl/import_options.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#define CELL "c1" /* as config.def has it */
#define MOST_REMOVED_PERCENT 20

void
import_options_help(FILE *out)
{
	fputs(
	    "usage: referralctl [--dir DIR] import [options] FILE...\n\n"
	    "Loads a directory of services: HSDS 3.x JSON (an object, an array, a page "
	    "of an\n"
	    "API, an object of arrays, one object per line) or tables (a folder of CSV "
	    "files), or\n"
	    "flat rows, of JSON or one CSV file, through a field map; packed as zip, tar "
	    "or gz too.\n"
	    "All services of the file's source are replaced in one step; others stay.\n\n"
	    "  --dry-run             say what would change, change nothing\n"
	    "  --format FORMAT       auto (default), hsds, older, services_advisor, "
	    "geojson, map,\n"
	    "                        table, package\n"
	    "  --translation L=FILE  the same directory in language L: its texts come "
	    "with the\n"
	    "                        services of the same ids\n"
	    "  --kind KIND           services, taxonomies or places (default: as the map "
	    "or the\n"
	    "                        first row says)\n"
	    "  --map MAP             field map: a file, or a name in deploy/maps "
	    "(default "
	    "for a table:\n"
	    "                        the one that its columns fit)\n"
	    "  --suggest-map         write a draft of a map for the table FILE, and do "
	    "nothing else\n"
	    "  --encoding NAME       of tables (default: found by looking)\n"
	    "  --source NAME         whose services these are (default: name of the "
	    "file)\n"
	    "  --report FILE         write every quarantined row and why, as JSON\n"
	    "  --most-removed N      refuse when more than N percent would vanish "
	    "(default 20)\n"
	    "  --force               whatever a guard says\n"
	    "  --reported-now        places of new and changed services are as of now, "
	    "whatever\n"
	    "                        the file says\n"
	    "  --cell CELL           of the network (default c1)\n"
	    "  --json                print JSON\n\n"
	    "Exit: 0 done, 1 failed, 2 usage, 3 refused by a guard (nothing was "
	    "changed).\n",
	    out);
}

static bool
wrong(const char *what, const char *value)
{
	fprintf(stderr, "referralctl import: %s: %s\n", what, value);
	return false;
}

/* Part of key names: no colon, no brace, no space. */
static bool
is_name(const char *name, size_t most)
{
	size_t length =
	    strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                 "0123456789._-");

	return length > 0 && length <= most && name[length] == '\0';
}

/* Without the last ending: "list.json" of "list.json.gz". */
static size_t
stem_length(const char *name, size_t length)
{
	const char *dot = memrchr(name, '.', length);

	return dot != NULL && dot > name ? (size_t)(dot - name) : length;
}

/* "data/San Mateo.ndjson.gz" is san-mateo. */
static void
name_source(const char *path, char source[SOURCE_MAX_BYTES + 1])
{
	static const char *const PACKED[] = { ".gz", ".bz2", ".xz", ".zst" };
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	const char *dot = strrchr(name, '.');
	size_t length = stem_length(name, strlen(name));
	size_t at = 0;

	for (size_t i = 0; dot != NULL && i < sizeof PACKED / sizeof *PACKED; i++)
		if (strcmp(dot, PACKED[i]) == 0)
			length = stem_length(name, length);
	for (size_t i = 0; i < length && at < SOURCE_MAX_BYTES; i++) {
		char byte = name[i];

		if (byte >= 'A' && byte <= 'Z')
			byte = (char)(byte + 32);
		if (!((byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') ||
		        byte == '.' || byte == '_' || byte == '-'))
			byte = '-';
		source[at++] = byte;
	}
	source[at] = '\0';
}

static bool
read_percent(const char *value, double *percent)
{
	char *end;

	*percent = strtod(value, &end);
	return end != value && *end == '\0' && *percent >= 0 && *percent <= 100;
}

enum word {
	OPTION_dry_run = 1,
	OPTION_format,
	OPTION_kind,
	OPTION_translation,
	OPTION_map,
	OPTION_suggest_map,
	OPTION_source,
	OPTION_report,
	OPTION_most_removed,
	OPTION_force,
	OPTION_reported_now,
	OPTION_json,
	OPTION_cell,
	OPTION_encoding,
	OPTION_help
};

static bool
take_translation(struct import_options *options, char *word)
{
	char *equals = strchr(word, '=');

	if (equals == NULL || equals == word || equals[1] == '\0')
		return wrong("not LANGUAGE=FILE", word);
	if (options->translated_count == TRANSLATIONS_MOST)
		return wrong("too many languages", word);
	*equals = '\0';
	options->languages[options->translated_count] = word;
	options->translated[options->translated_count++] = equals + 1;
	return true;
}

static bool
take_flag(bool *flag)
{
	*flag = true;
	return true;
}

static bool
take_option(struct import_options *options, int option, const char **format)
{
	switch (option) {
	case OPTION_dry_run:
		return take_flag(&options->is_dry_run);
	case OPTION_format:
		*format = optarg;
		return true;
	case OPTION_kind:
		options->kind = import_kind_of(optarg);
		return options->kind != DIRECTORY_KINDS ||
		       wrong("not a kind of directory", optarg);
	case OPTION_translation:
		return take_translation(options, optarg);
	case OPTION_map:
		options->map = optarg;
		return true;
	case OPTION_suggest_map:
		return take_flag(&options->is_suggesting);
	case OPTION_source:
		if (!is_name(optarg, SOURCE_MAX_BYTES))
			return wrong("a source is up to 64 of A-Z a-z 0-9 . _ -", optarg);
		(void)text_copy(text_of(optarg), options->source, sizeof options->source);
		return true;
	case OPTION_report:
		options->report = optarg;
		return true;
	case OPTION_most_removed:
		return read_percent(optarg, &options->most_removed_percent) ||
		       wrong("not a percentage", optarg);
	case OPTION_force:
		return take_flag(&options->is_forced);
	case OPTION_reported_now:
		return take_flag(&options->is_reported_now);
	case OPTION_json:
		return take_flag(&options->wants_json);
	case OPTION_cell:
		options->cell = optarg;
		return is_name(optarg, 32) || wrong("not a cell", optarg);
	case OPTION_encoding:
		options->tabular.encoding = optarg;
		return true;
	case OPTION_help:
		return take_flag(&options->wants_help);
	default:
		return false;
	}
}

static bool
check_format(struct import_options *options, const char *word)
{
	options->format = import_format_find(word);
	if (options->format == IMPORT_FORMATS && strcmp(word, "auto") != 0)
		return wrong("unknown format", word);
	if (options->map != NULL &&
	    (options->format == IMPORT_FORMAT_hsds ||
	        options->format == IMPORT_FORMAT_older ||
	        options->format == IMPORT_FORMAT_services_advisor))
		return wrong("takes no --map", word);
	if (options->map == NULL && (options->format == IMPORT_FORMAT_map ||
	                                options->format == IMPORT_FORMAT_geojson))
		return wrong("needs --map", word);
	return true;
}

bool
import_options_read(int argc, char **argv, struct import_options *options)
{
	static const struct option LONG[] = {
		{ "dry-run", no_argument, NULL, OPTION_dry_run },
		{ "format", required_argument, NULL, OPTION_format },
		{ "kind", required_argument, NULL, OPTION_kind },
		{ "translation", required_argument, NULL, OPTION_translation },
		{ "map", required_argument, NULL, OPTION_map },
		{ "suggest-map", no_argument, NULL, OPTION_suggest_map },
		{ "source", required_argument, NULL, OPTION_source },
		{ "report", required_argument, NULL, OPTION_report },
		{ "most-removed", required_argument, NULL, OPTION_most_removed },
		{ "force", no_argument, NULL, OPTION_force },
		{ "reported-now", no_argument, NULL, OPTION_reported_now },
		{ "json", no_argument, NULL, OPTION_json },
		{ "cell", required_argument, NULL, OPTION_cell },
		{ "encoding", required_argument, NULL, OPTION_encoding },
		{ "help", no_argument, NULL, OPTION_help },
		{ NULL, 0, NULL, 0 },
	};
	const char *format = "auto";
	int option;

	*options = (struct import_options){
		.cell = CELL,
		.kind = DIRECTORY_KINDS,
		.most_removed_percent = MOST_REMOVED_PERCENT,
	};
	optind = 0; /* GNU: start over */
	while ((option = getopt_long(argc, argv, "", LONG, NULL)) != -1)
		if (!take_option(options, option, &format))
			return false;
	if (options->wants_help)
		return true;
	if (optind >= argc)
		return wrong("a file is wanted", "see --help");
	options->paths = argv + optind;
	options->paths_count = (size_t)(argc - optind);
	if (options->is_suggesting)
		return options->paths_count == 1 ||
		       wrong("a map is for one file", options->paths[1]);
	if (options->source[0] == '\0' && strcmp(options->paths[0], "-") == 0)
		return wrong("needs --source", "standard input");
	if (options->source[0] == '\0')
		name_source(options->paths[0], options->source);
	options->tabular.format = format;
	if (options->map != NULL && strcmp(options->map, "auto") == 0)
		options->map = NULL;
	return check_format(options, format);
}
