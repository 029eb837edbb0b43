/* SPDX-License-Identifier: Apache-2.0
 * referralctl import: read, compare, guard, put into use, say what happened. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "deploy/referralctl/reach.h"
#include "deploy/referralctl/import_apply.h"
#include "deploy/referralctl/import_collect.h"
#include "deploy/referralctl/import_inputs.h"
#include "deploy/referralctl/import_other.h"
#include "deploy/referralctl/import_places.h"
#include "deploy/referralctl/import_map_parts.h"
#include "deploy/referralctl/import_table.h"
#include "deploy/referralctl/import_tabular.h"
#include "deploy/referralctl/referralctl.h"

#define CELL "c1" /* as config.def has it */
#define SOURCE_MAX_BYTES 64
#define MOST_REMOVED_PERCENT 20
#define TRANSLATIONS_MOST 8
/* Times that the directory is read anew because somebody else changed it meanwhile. */
#define READS_MOST 3

struct options {
	char **paths;
	size_t paths_count;
	const char *map;
	const char *report;
	const char *cell;
	enum directory_kind kind; /* DIRECTORY_KINDS: by the map or the first row */
	struct import_tabular tabular;
	enum import_format format; /* IMPORT_FORMATS: by the first rows */
	const char *languages[TRANSLATIONS_MOST];
	char *translated[TRANSLATIONS_MOST];
	size_t translated_count;
	char source[SOURCE_MAX_BYTES + 1];
	double most_removed_percent;
	bool is_dry_run, is_forced, is_reported_now, wants_json, wants_help;
	bool is_suggesting;
};

static void
help(FILE *out)
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

/* ---- options ---- */

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
take_translation(struct options *options, char *word)
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
take_option(struct options *options, int option, const char **format)
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
check_format(struct options *options, const char *word)
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

static bool
read_options(int argc, char **argv, struct options *options)
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

	*options = (struct options){
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

/* ---- the steps ---- */

struct import {
	const struct options *options;
	enum directory_kind kind;
	struct places *places; /* NULL: none were imported */
	FILE *report_file;     /* NULL: none wanted */
	struct import_map *map;
	struct import_inputs inputs, translated;
	enum import_format format;
	struct import_plan plan;
	struct import_report report;
	char version[KEY_MAX_BYTES]; /* in use when all is done; empty: none */
	struct import_target target;
	struct import_stage *stage; /* NULL: a dry run */
};

static volatile sig_atomic_t was_told_to_stop;

static void
on_stop(int number)
{
	was_told_to_stop = number;
}

static int
fail(const char *what, const char *why)
{
	wrong(what, why);
	return EXIT_FAILED;
}

/* Opened before anything is done, so that a wrong path is known in time. */
static int
open_report(struct import *import)
{
	const char *path = import->options->report;

	if (path == NULL)
		return EXIT_DONE;
	import->report_file = fopen(path, "we");
	if (import->report_file == NULL)
		return fail(path, strerror(errno));
	return import_report_keep_rows(&import->report)
	           ? EXIT_DONE
	           : fail("no file for the report's rows", strerror(errno));
}

static int
open_map(struct import *import, const char *name)
{
	char why[256];

	if (name == NULL || import_map_load(&import->map, name, why) == STATUS_OK)
		return EXIT_DONE;
	return fail(name, why);
}

/* By the beginning of a file. */
static enum directory_kind
guess_kind(const struct import_file *file)
{
	size_t length = file->length < UINT32_MAX ? file->length : UINT32_MAX;

	if (file->bytes == NULL) /* a package */
		return DIRECTORY_SERVICES;
	return import_kind_guess((struct text){ file->bytes, (uint32_t)length });
}

static bool
is_package(const struct import *import, size_t index)
{
	return import->inputs.files[index].bytes == NULL;
}

/* By what it holds, as far as nobody said it. */
static enum import_format
recognise(const struct import *import)
{
	const struct options *options = import->options;
	const struct import_file *first = &import->inputs.files[0];
	enum import_format format = options->format;

	if (format != IMPORT_FORMATS)
		return format;
	if (is_package(import, 0))
		return IMPORT_FORMAT_package;
	format = import_format_guess(first);
	if (format == IMPORT_FORMATS && import_tabular_is_table(&options->tabular, first))
		return IMPORT_FORMAT_table;
	return options->map != NULL && format != IMPORT_FORMATS ? IMPORT_FORMAT_map
	                                                        : format;
}

/* The map that was named, or that the format has, or that a table's columns fit. */
static int
find_map(struct import *import)
{
	const struct import_tabular *said = &import->options->tabular;
	const struct import_file *first = &import->inputs.files[0];
	const char *map = import->options->map;
	const char *why = NULL;
	enum status status;

	import->format = recognise(import);
	if (map == NULL && import->format == IMPORT_FORMAT_geojson)
		return fail(first->name, "features of GeoJSON need --map");
	if (map == NULL && import->format != IMPORT_FORMATS)
		map = import_format_map(import->format);
	if (open_map(import, map) != EXIT_DONE)
		return EXIT_FAILED;
	if (map == NULL && import->format == IMPORT_FORMAT_table) {
		status = import_tabular_find_map(
		    said, first, &import->report, &import->map, &why);
		if (status != STATUS_OK)
			return fail(first->name, why ? why : status_about(status));
	}
	import->kind = import->options->kind;
	if (import->kind == DIRECTORY_KINDS && import->map != NULL)
		import->kind = import_map_kind(import->map);
	else if (import->kind == DIRECTORY_KINDS)
		import->kind =
		    is_package(import, 0) ? DIRECTORY_SERVICES : guess_kind(first);
	return EXIT_DONE;
}

static int
suggest_map(const struct options *options)
{
	static const char NO_TABLE[] =
	    "no table (CSV), for which alone a map is suggested";
	struct import_file file;
	const char *why = NULL;
	int exit = EXIT_DONE;

	if (import_file_open(&file, options->paths[0]) != STATUS_OK)
		return fail(options->paths[0], strerror(errno));
	if (!import_table_looks_so(file.bytes, file.length))
		exit = fail(file.name, NO_TABLE);
	else if (import_tabular_suggest_map(&options->tabular, &file, stdout, &why) !=
	         STATUS_OK)
		exit = fail(file.name, why ? why : strerror(errno));
	import_file_close(&file);
	return exit;
}

static const char *
why_not_open(const struct import *import)
{
	if (import->inputs.why[0] != '\0')
		return import->inputs.why;
	return import->translated.why[0] != '\0' ? import->translated.why
	                                         : strerror(errno);
}

static int
open_files(struct import *import)
{
	const struct options *options = import->options;
	const char *wrong_path;

	if (import_inputs_open(&import->inputs, &options->tabular, options->paths,
	        options->paths_count, &wrong_path) != STATUS_OK ||
	    import_inputs_open(&import->translated, NULL, options->translated,
	        options->translated_count, &wrong_path) != STATUS_OK)
		return fail(wrong_path, why_not_open(import));
	if (import->translated.count != options->translated_count)
		return fail("--translation", "a file is wanted, not a folder");
	return EXIT_DONE;
}

static int
fail_format(const char *what, const char *why)
{
	fprintf(stderr, "referralctl import: %s: %s; looked for:\n", what, why);
	for (enum import_format format = 0; format < IMPORT_FORMATS; format++)
		fprintf(stderr, "  %-18s %s\n", import_format_word(format),
		    import_format_about(format));
	return EXIT_FAILED;
}

static enum status
collect_one(
    struct import *import, size_t index, struct import_collect *collect, const char **why)
{
	const struct import_tabular *said = &import->options->tabular;
	struct import_file *file = &import->inputs.files[index];

	if (is_package(import, index))
		return import_tabular_take_package(
		    said, file->name, collect, &import->report, why);
	if (import->map != NULL && import_map_has_parts(import->map)) {
		if (import_tabular_is_table(said, file))
			return import_tabular_take_parts(said, file, import->map,
			    text_of(import->options->source), collect, &import->report,
			    why);
		*why = "this map is for tables";
		return STATUS_UNSUPPORTED;
	}
	return import_collect_file(collect, file, why);
}

static int
collect_all(struct import *import, struct import_collect *collect)
{
	const char *why = NULL;
	const char *what = import->options->source;
	enum status status = STATUS_OK;

	for (size_t i = 0; i < import->inputs.count && status == STATUS_OK; i++) {
		what = import->inputs.files[i].name;
		status = collect_one(import, i, collect, &why);
	}
	if (status == STATUS_OK)
		status = import_collect_end(collect);
	if (status == STATUS_DRAINING)
		return fail("nothing was changed", "told to stop");
	if (status == STATUS_UNSUPPORTED)
		return fail_format(what, why);
	if (status != STATUS_OK)
		return fail(what, status_about(status));
	if (!import_report_adds_up(&import->report))
		return fail("the counts do not add up", status_about(STATUS_INTERNAL));
	return EXIT_DONE;
}

static int
read_places(struct import *import)
{
	enum status status = STATUS_OK;

	if (import->kind == DIRECTORY_SERVICES)
		status = import_places_load(&import->target, &import->places);
	return status == STATUS_OK ? EXIT_DONE
	                           : fail("cannot read the places", status_about(status));
}

static int
read_files(struct import *import)
{
	char today[] = "2026-11-22";
	time_t now = (time_t)(clock_wall_ms() / 1000);
	struct tm parts;
	const char *why = NULL;
	struct import_collect *collect;
	const struct import_pass pass = {
		.kind = import->kind,
		.is_older = import->format == IMPORT_FORMAT_older,
		.translated = import->translated.files,
		.languages = import->options->languages,
		.translated_count = import->translated.count,
		.today = today,
		.map = import->map,
		.encoding = import->options->tabular.encoding,
		.source = text_of(import->options->source),
		.plan = &import->plan,
		.report = &import->report,
		.places = import->places,
		.sink = import->stage ? import_stage_add : NULL,
		.sink_self = import->stage,
		.stop = &was_told_to_stop,
		.names_files = import->inputs.count > 1,
		.shows_progress = import->target.shows_progress,
	};
	enum status status;
	int exit;

	(void)strftime(today, sizeof today, "%Y-%m-%d", gmtime_r(&now, &parts));
	status = import_collect_new(&collect, &pass, &why);
	exit = status == STATUS_OK
	           ? collect_all(import, collect)
	           : fail("--translation", why ? why : status_about(status));
	import_collect_free(collect);
	return exit;
}

/* A Unix socket's path is at most 107 bytes: from inside the directory it is short. */
static int
find_redis(const char *dir, struct reach *reach, struct store_options *options)
{
	struct sockaddr_un address;

	if (strlen(dir) + sizeof "/" REACH_SOCKET > sizeof address.sun_path) {
		if (chdir(dir) != 0)
			return fail(dir, strerror(errno));
		dir = ".";
	}
	if (!reach_find(reach, dir, options))
		return EXIT_FAILED;
	if (!reach->is_elsewhere && access(options->socket_path, R_OK | W_OK) != 0)
		return fail(
		    "no Redis answers there, is referralctl up?", options->socket_path);
	return EXIT_DONE;
}

static int
read_in_use(struct import *import)
{
	enum status status = STATUS_STALE;

	for (int i = 0; i < READS_MOST && status == STATUS_STALE; i++)
		status =
		    import_in_use_read(&import->target, &import->plan, import->version);
	if (status != STATUS_OK)
		return fail("cannot read what is in use", status_about(status));
	if (import->options->is_dry_run)
		return EXIT_DONE;
	import->stage = import_stage_new(&import->target, import->version);
	return import->stage ? EXIT_DONE : fail("import", status_about(STATUS_NO_MEMORY));
}

static int
put_into_use(struct import *import)
{
	enum status status =
	    import_stage_apply(import->stage, &import->plan, import->version);

	if (status == STATUS_STALE)
		return fail(
		    "nothing was changed", "another import of this source came first");
	return status == STATUS_OK ? EXIT_DONE
	                           : fail("not put into use", status_about(status));
}

static int
work(struct import *import)
{
	int exit = read_in_use(import);
	bool differs;

	if (exit == EXIT_DONE)
		exit = read_places(import);
	if (exit == EXIT_DONE)
		exit = read_files(import);
	places_free(import->places);
	if (exit != EXIT_DONE)
		return exit;
	differs = import_plan_end(&import->plan, &import->report);
	import->report.refused = import_plan_guard(
	    &import->plan, import->options->most_removed_percent, &import->report);
	if (import->report.refused != IMPORT_ALLOWED && !import->options->is_forced)
		return EXIT_REFUSED;
	import->report.refused = IMPORT_ALLOWED;
	if (!differs || import->options->is_dry_run)
		return EXIT_DONE;
	return put_into_use(import);
}

static int
connect_and_work(struct import *import, const char *dir)
{
	static struct reach reach;
	struct store_options options = {
		.connections = 1,
		.timeout_ms = 30000,
		.stall_ms = 10000,
		.most_bytes = (size_t)64 << 20,
		.name = "referralctl.import",
	};
	struct import_target *target = &import->target;
	int exit = find_redis(dir, &reach, &options);

	if (exit != EXIT_DONE)
		return exit;
	target->cell = import->options->cell;
	target->source = import->options->source;
	target->is_reported_now = import->options->is_reported_now;
	target->loop = loop_new();
	target->store = target->loop ? store_open(target->loop, &options) : NULL;
	target->directory =
	    target->store ? directory_open(target->store, target->cell, import->kind)
	                  : NULL;
	if (target->directory == NULL)
		exit = fail("import", status_about(STATUS_NO_MEMORY));
	else
		exit = work(import);
	import_stage_free(import->stage);
	directory_close(target->directory);
	if (target->store != NULL)
		store_close(target->store);
	if (target->loop != NULL)
		loop_free(target->loop);
	return exit;
}

/* ---- saying it ---- */

static void
explain_refusal(const struct import *import)
{
	const struct import_report *report = &import->report;

	switch (report->refused) {
	case IMPORT_ALLOWED:
		break;
	case IMPORT_MOST_REMOVED:
		fprintf(stderr,
		    "referralctl import: refused: %llu of %zu services would vanish, "
		    "more than "
		    "%g %%; --most-removed or --force, if that is right\n",
		    (unsigned long long)report->removed, import->plan.known,
		    import->options->most_removed_percent);
		break;
	case IMPORT_CUT_FILE:
		fprintf(stderr,
		    "referralctl import: refused: the file ends within a row, and %llu "
		    "services "
		    "would vanish; --force, if that is right\n",
		    (unsigned long long)report->removed);
		break;
	case IMPORT_NOTHING_GOOD:
		fputs("referralctl import: refused: the file holds no service without a "
		      "defect\n",
		    stderr);
		break;
	}
}

static int
say(const struct import *import, int exit)
{
	bool is_known =
	    import->format != IMPORT_FORMATS && import->kind == DIRECTORY_SERVICES;
	const struct import_summary summary = {
		.file = import->options->paths[0],
		.source = import->options->source,
		.format = is_known ? import_format_word(import->format) : NULL,
		.format_about = is_known ? import_format_about(import->format) : NULL,
		.version = import->version[0] ? text_of(import->version) : TEXT_ABSENT,
		.is_dry_run = import->options->is_dry_run,
	};

	if (import->report_file != NULL &&
	    !import_report_write(&import->report, &summary, import->report_file))
		exit = fail(import->options->report, "the report could not be written");
	if (import->options->wants_json) {
		if (!import_report_json(&import->report, &summary, stdout))
			return fail("standard output", strerror(errno));
	} else {
		import_report_print(&import->report, &summary, stdout);
	}
	explain_refusal(import);
	return exit;
}

static void
free_import(struct import *import)
{
	if (import->report_file != NULL)
		fclose(import->report_file);
	import_map_free(import->map);
	import_inputs_close(&import->inputs);
	import_inputs_close(&import->translated);
	import_plan_free(&import->plan);
	import_report_free(&import->report);
}

int
import_command(int argc, char **argv, const char *dir)
{
	struct options options;
	struct import import = { .options = &options };
	int exit;

	if (!read_options(argc, argv, &options))
		return EXIT_USAGE;
	if (options.wants_help) {
		help(stdout);
		return EXIT_DONE;
	}
	if (options.is_suggesting)
		return suggest_map(&options);
	log_open("referralctl", LOG_ERROR);
	(void)signal(SIGINT, on_stop);
	(void)signal(SIGTERM, on_stop);
	import.target.shows_progress = isatty(STDERR_FILENO) == 1;
	exit = open_report(&import);
	if (exit == EXIT_DONE)
		exit = open_files(&import);
	if (exit == EXIT_DONE)
		exit = find_map(&import);
	if (exit == EXIT_DONE)
		exit = connect_and_work(&import, dir);
	if (exit == EXIT_DONE || exit == EXIT_REFUSED)
		exit = say(&import, exit);
	free_import(&import);
	return exit;
}
