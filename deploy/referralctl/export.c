/* SPDX-License-Identifier: Apache-2.0
 * referralctl export: the services of a source as they are stored, one file. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/directory.h"
#include "common/log.h"
#include "deploy/referralctl/export_public.h"
#include "deploy/referralctl/import_index.h"
#include "deploy/referralctl/reach.h"
#include "deploy/referralctl/referralctl.h"

#define PAGE "500"

struct export
{
	const char *cell, *source, *path;
	bool is_array, with_cleared, wants_help;
	FILE *out;
	struct store *store;
	struct directory *directory;
	struct export_edits *edits;
	struct import_index seen; /* a page may tell a document again */
	char cursor[32];
	char version[KEY_MAX_BYTES];
	unsigned long long written, left_out, without_address;
	enum status status;
};

static void
help(FILE *out)
{
	fputs(
	    "usage: referralctl [--dir DIR] export --source NAME [options] FILE\n\n"
	    "Writes the services of one source as they are stored, without edits made "
	    "here;\n"
	    "`import --source NAME FILE` of one with --cleared changes nothing.\n\n"
	    "  --source NAME         whose services\n"
	    "  --format FORMAT       hsds-json (default, an array) or hsds-ndjson (one "
	    "per line)\n"
	    "  --cleared             entries for cleared roles and hidden addresses too; "
	    "else they\n"
	    "                        are left out, and counted\n"
	    "  --cell CELL           of the network (default c1)\n\n"
	    "FILE may be - for standard output.\n",
	    out);
}

static bool
wrong(const char *what, const char *value)
{
	fprintf(stderr, "referralctl export: %s: %s\n", what, value);
	return false;
}

static bool
read_options(struct export *export, int argc, char **argv)
{
	static const struct option LONG[] = {
		{ "source", required_argument, NULL, 's' },
		{ "format", required_argument, NULL, 'f' },
		{ "cleared", no_argument, NULL, 'c' },
		{ "cell", required_argument, NULL, 'e' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const char *format = "hsds-json";
	int option;

	optind = 0; /* GNU: start over */
	while ((option = getopt_long(argc, argv, "", LONG, NULL)) != -1) {
		if (option == 's')
			export->source = optarg;
		else if (option == 'f')
			format = optarg;
		else if (option == 'c')
			export->with_cleared = true;
		else if (option == 'e')
			export->cell = optarg;
		else if (option == 'h')
			export->wants_help = true;
		else
			return false;
	}
	if (export->wants_help)
		return true;
	if (export->source == NULL || optind + 1 != argc)
		return wrong("one --source and one file are wanted", "see --help");
	export->path = argv[optind];
	export->is_array = strcmp(format, "hsds-json") == 0;
	return export->is_array || strcmp(format, "hsds-ndjson") == 0 ||
	       wrong("unknown format", format);
}

/* ---- documents ---- */

static void
write_document(struct export *export, struct text id, struct text document)
{
	uint8_t key[INDEX_KEY_BYTES];
	bool is_new = false;
	char *shown = NULL;
	size_t length = 0;

	import_index_key(id, key);
	if (import_index_add(&export->seen, key, &is_new) == NULL) {
		export->status = STATUS_NO_MEMORY;
		return;
	}
	if (!is_new)
		return;
	if (!export->with_cleared)
		export->status =
		    export_public(export->edits, id, document, &shown, &length);
	if (export->status == STATUS_ABSENT) {
		export->status = STATUS_OK;
		export->left_out++;
		return;
	}
	if (export->status != STATUS_OK)
		return;
	if (export->is_array)
		fputs(export->written > 0 ? ",\n" : "[\n", export->out);
	if (shown != NULL)
		export->without_address++;
	fwrite(shown != NULL ? shown : document.at, 1,
	    shown != NULL ? length : document.length, export->out);
	free(shown);
	if (!export->is_array)
		fputc('\n', export->out);
	export->written++;
}

static void
on_page(void *ctx, enum status status, const struct store_value *value)
{
	struct export *export = ctx;
	const struct store_value *pairs = store_at(value, 1);

	export->status = status;
	if (status == STATUS_OK && !text_copy(store_text(store_at(value, 0)),
	                               export->cursor, sizeof export->cursor))
		export->status = STATUS_DAMAGED;
	for (size_t i = 0; i + 1 < store_count(pairs) && export->status == STATUS_OK;
	     i += 2)
		write_document(export, store_text(store_at(pairs, i)),
		    store_text(store_at(pairs, i + 1)));
}

static void
on_version(void *ctx, enum status status, const struct store_value *value)
{
	struct export *export = ctx;

	export->status = status;
	if (status == STATUS_OK &&
	    (store_text(value).at == NULL ||
	        !text_copy(store_text(value), export->version, sizeof export->version)))
		export->status = STATUS_ABSENT;
}

static enum status
read_version(struct export *export)
{
	struct text arguments[] = { LITERAL("HGET"),
		text_of(directory_sources_key(export->directory)),
		text_of(export->source) };
	enum status status =
	    store_call_wait(export->store, 3, arguments, on_version, export);

	return status == STATUS_OK ? export->status : status;
}

static enum status
read_all(struct export *export)
{
	char key[KEY_MAX_BYTES], before[KEY_MAX_BYTES];
	enum status status = read_version(export);

	if (status != STATUS_OK)
		return status;
	memcpy(before, export->version, sizeof before);
	if (!directory_version_key(
	        export->directory, export->source, export->version, key))
		return STATUS_TOO_LARGE;
	memcpy(export->cursor, "0", 2);
	do {
		struct text arguments[] = { LITERAL("HSCAN"), text_of(key),
			text_of(export->cursor), LITERAL("COUNT"), LITERAL(PAGE) };

		status = store_call_wait(export->store, 5, arguments, on_page, export);
		if (status == STATUS_OK)
			status = export->status;
		if (status != STATUS_OK)
			return status;
	} while (strcmp(export->cursor, "0") != 0);
	status = read_version(export);
	if (status == STATUS_OK && strcmp(before, export->version) != 0)
		status = STATUS_STALE;
	return status;
}

/* ---- the command ---- */

static int
fail(const char *what, const char *why)
{
	wrong(what, why);
	return EXIT_FAILED;
}

static int
write_file(struct export *export)
{
	bool is_stdout = strcmp(export->path, "-") == 0;
	enum status status;
	bool is_good;

	export->out = is_stdout ? stdout : fopen(export->path, "we");
	if (export->out == NULL)
		return fail(export->path, strerror(errno));
	status = read_all(export);
	if (status == STATUS_OK && export->is_array)
		fputs(export->written > 0 ? "\n]\n" : "[]\n", export->out);
	is_good = ferror(export->out) == 0;
	if (!is_stdout)
		is_good = fclose(export->out) == 0 && is_good;
	if (status == STATUS_STALE)
		return fail("half written", "an import came between: export again");
	if (status != STATUS_OK)
		return fail(export->source, status_about(status));
	if (!is_good)
		return fail(export->path, "could not be written");
	fprintf(stderr, "%llu services written", export->written);
	if (export->left_out > 0)
		fprintf(stderr, ", %llu left out: they are for cleared roles",
		    export->left_out);
	if (export->without_address > 0)
		fprintf(stderr, ", %llu without addresses that are hidden",
		    export->without_address);
	fputs("\n", stderr);
	return EXIT_DONE;
}

static int
connect_and_write(struct export *export, const char *dir)
{
	static struct reach reach;
	struct store_options options = {
		.connections = 1,
		.timeout_ms = 30000,
		.stall_ms = 10000,
		.most_bytes = (size_t)64 << 20,
		.name = "referralctl.export",
	};
	struct loop *loop;
	int exit = EXIT_FAILED;

	if (!reach_find(&reach, dir, &options))
		return EXIT_FAILED;
	loop = loop_new();
	export->store = loop ? store_open(loop, &options) : NULL;
	if (export->store != NULL)
		export->directory =
		    directory_open(export->store, export->cell, DIRECTORY_SERVICES);
	if (export->directory != NULL)
		export->edits = export_edits_read(export->store, export->directory);
	if (export->edits == NULL)
		exit = fail("export", "the edits could not be read");
	else
		exit = write_file(export);
	import_index_free(&export->seen);
	export_edits_free(export->edits);
	directory_close(export->directory);
	if (export->store != NULL)
		store_close(export->store);
	if (loop != NULL)
		loop_free(loop);
	return exit;
}

int
export_command(int argc, char **argv, const char *dir)
{
	struct export export = { .cell = "c1" };

	if (!read_options(&export, argc, argv))
		return EXIT_USAGE;
	if (export.wants_help) {
		help(stdout);
		return EXIT_DONE;
	}
	log_open("referralctl", LOG_ERROR);
	return connect_and_write(&export, dir);
}
