/* SPDX-License-Identifier: Apache-2.0
 * referralctl import: read, compare, guard, put into use, say what happened. */
#include <errno.h>
#include <string.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "deploy/referralctl/import_begin.h"
#include "deploy/referralctl/import_collect.h"
#include "deploy/referralctl/import_edits.h"
#include "deploy/referralctl/import_map_parts.h"
#include "deploy/referralctl/import_places.h"
#include "deploy/referralctl/reach.h"
#include "deploy/referralctl/referralctl.h"

/* Times that the directory is read anew because somebody else changed it meanwhile. */
#define READS_MOST 3

static volatile sig_atomic_t was_told_to_stop;

static void
on_stop(int number)
{
	was_told_to_stop = number;
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

	if (import_is_package(import, index))
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
		return import_fail("nothing was changed", "told to stop");
	if (status == STATUS_UNSUPPORTED)
		return fail_format(what, why);
	if (status != STATUS_OK)
		return import_fail(what, status_about(status));
	if (!import_report_adds_up(&import->report))
		return import_fail(
		    "the counts do not add up", status_about(STATUS_INTERNAL));
	return EXIT_DONE;
}

/* What services are held against. */
static int
read_around(struct import *import)
{
	enum status status;

	if (import->kind != DIRECTORY_SERVICES)
		return EXIT_DONE;
	status = import_edits_read(&import->target, &import->edits);
	if (status != STATUS_OK)
		return import_fail("cannot read the edits", status_about(status));
	status = import_places_load(&import->target, &import->places);
	return status == STATUS_OK
	           ? EXIT_DONE
	           : import_fail("cannot read the places", status_about(status));
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
		.edits = import->edits,
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
	           : import_fail("--translation", why ? why : status_about(status));
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
			return import_fail(dir, strerror(errno));
		dir = ".";
	}
	if (!reach_find(reach, dir, options))
		return EXIT_FAILED;
	if (!reach->is_elsewhere && access(options->socket_path, R_OK | W_OK) != 0)
		return import_fail(
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
		return import_fail("cannot read what is in use", status_about(status));
	if (import->options->is_dry_run)
		return EXIT_DONE;
	import->stage = import_stage_new(&import->target, import->version);
	return import->stage ? EXIT_DONE
	                     : import_fail("import", status_about(STATUS_NO_MEMORY));
}

static int
put_into_use(struct import *import)
{
	enum status status =
	    import_stage_apply(import->stage, &import->plan, import->version);

	if (status == STATUS_STALE)
		return import_fail(
		    "nothing was changed", "another import of this source came first");
	return status == STATUS_OK
	           ? EXIT_DONE
	           : import_fail("not put into use", status_about(status));
}

static int
work(struct import *import)
{
	int exit = read_in_use(import);
	bool differs;

	if (exit == EXIT_DONE)
		exit = read_around(import);
	if (exit == EXIT_DONE)
		exit = read_files(import);
	places_free(import->places);
	json_decref(import->edits);
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
		exit = import_fail("import", status_about(STATUS_NO_MEMORY));
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
		if (import->format == IMPORT_FORMAT_hsds &&
		    import->options->format == IMPORT_FORMATS)
			fputs("if it is something else: --map, or --suggest-map for a "
			      "draft of one\n",
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
		exit = import_fail(
		    import->options->report, "the report could not be written");
	if (import->options->wants_json) {
		if (!import_report_json(&import->report, &summary, stdout))
			return import_fail("standard output", strerror(errno));
	} else {
		import_report_print(&import->report, &summary, stdout);
	}
	explain_refusal(import);
	return exit;
}

int
import_command(int argc, char **argv, const char *dir)
{
	struct import_options options;
	struct import import = { .options = &options };
	int exit;

	if (!import_options_read(argc, argv, &options))
		return EXIT_USAGE;
	if (options.wants_help) {
		import_options_help(stdout);
		return EXIT_DONE;
	}
	if (options.is_suggesting)
		return import_begin_suggest(&options);
	log_open("referralctl", LOG_ERROR);
	(void)signal(SIGINT, on_stop);
	(void)signal(SIGTERM, on_stop);
	import.target.shows_progress = isatty(STDERR_FILENO) == 1;
	exit = import_begin_open(&import);
	if (exit == EXIT_DONE)
		exit = connect_and_work(&import, dir);
	if (exit == EXIT_DONE || exit == EXIT_REFUSED)
		exit = say(&import, exit);
	import_begin_free(&import);
	return exit;
}
