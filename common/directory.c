/* SPDX-License-Identifier: Apache-2.0
 * Pages of a directory that may be swapped meanwhile, and the stream that tells of
 * changes.
 *
 * Every call of a directory has one route, so Redis sees them in order: a watch that was
 * begun before a load misses nothing between the two. */
#include "common/directory.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/id.h"
#include "common/keys.h"
#include "common/log.h"

#define PAGE "500"
/* Entries of the change stream taken at once. */
#define CHANGES "1000"
#define VERSION_MAX_BYTES 64
/* Redis forgets a version that was staged and never swapped in. */
#define STAGED_SECONDS "3600"
/* Documents between two renewals of that. */
#define RENEW_EVERY 5000
/* Beginnings of a read of one document, when each time a swap came between. */
#define GET_ROUNDS 4
/* Refusals in a row after which a watch is given up: Redis does not know what we ask. */
#define WATCH_REFUSALS_MOST 16
#define STREAM_ID_BYTES 48

/* The sources in use and their versions, sorted by source.  Where two hold the same
 * service the last one counts: a load names it last, a get looks there first. */
struct sources {
	size_t count;
	struct source {
		char name[KEY_MAX_BYTES];
		char version[KEY_MAX_BYTES];
	} * list;
};

struct load {
	bool is_running;
	loop_call *reset;
	directory_each *each;
	directory_done *done;
	void *self;
	struct sources sources;
	size_t at; /* the source that is read; sources.count: looks whether they still
	              stand */
	char cursor[32];
};

struct directory {
	struct store *store;
	char *cell;
	char tag[KEY_MAX_BYTES]; /* "{c1}" */
	char directory_key[KEY_MAX_BYTES];
	char changes_key[KEY_MAX_BYTES];
	size_t calls; /* of ours that are out: freed when closed and none is */
	bool is_closed;
	struct load load;

	struct store_blocking *blocking;
	directory_changed *changed; /* NULL: nobody watches */
	void *changed_self;
	char seen[STREAM_ID_BYTES]; /* the last entry that was told */
	unsigned refusals;

	char staged_key[KEY_MAX_BYTES]; /* the version whose expiry is set */
	size_t staged_count;
};

static void
release(struct directory *directory)
{
	if (!directory->is_closed || directory->calls > 0)
		return;
	free(directory->load.sources.list);
	free(directory->cell);
	free(directory);
}

struct directory *
directory_open(struct store *store, const char *cell)
{
	struct directory *directory = calloc(1, sizeof *directory);

	if (directory == NULL)
		return NULL;
	directory->store = store;
	directory->cell = strdup(cell);
	if (directory->cell == NULL ||
	    (size_t)snprintf(directory->tag, KEY_MAX_BYTES, "{%s}", cell) >=
	        KEY_MAX_BYTES ||
	    !key_make(directory->directory_key, cell, "directory", NULL, NULL) ||
	    !key_make(directory->changes_key, cell, "changes", NULL, NULL)) {
		directory->is_closed = true;
		release(directory);
		return NULL;
	}
	return directory;
}

void
directory_close(struct directory *directory)
{
	if (directory == NULL)
		return;
	directory->is_closed = true;
	directory->changed = NULL;
	store_blocking_close(directory->blocking);
	directory->blocking = NULL;
	release(directory);
}

/* A call of our own, with the directory kept until it is answered. */
static enum status
ask(struct directory *directory, size_t count, const struct text *arguments,
    store_done *done, void *ctx)
{
	enum status status = store_call(
	    directory->store, text_of(directory->cell), count, arguments, done, ctx);

	if (status == STATUS_OK)
		directory->calls++;
	return status;
}

/* To be called first when such a call is answered. */
static void
answered(struct directory *directory)
{
	assert(directory->calls > 0);
	directory->calls--;
}

/* ---- sources ---- */

static int
compare_sources(const void *one, const void *other)
{
	return strcmp(
	    ((const struct source *)one)->name, ((const struct source *)other)->name);
}

/* Reads the reply of HGETALL.  NO_MEMORY, or DAMAGED for names that are no names. */
static enum status
sources_read(struct sources *sources, const struct store_value *value)
{
	size_t count = store_count(value) / 2;

	*sources = (struct sources){ 0 };
	if (count == 0)
		return STATUS_OK;
	sources->list = calloc(count, sizeof *sources->list);
	if (sources->list == NULL)
		return STATUS_NO_MEMORY;
	for (size_t i = 0; i < count; i++) {
		struct source *source = &sources->list[i];

		if (!text_copy(store_text(store_at(value, 2 * i)), source->name,
		        sizeof source->name) ||
		    !text_copy(store_text(store_at(value, 2 * i + 1)), source->version,
		        sizeof source->version)) {
			free(sources->list);
			*sources = (struct sources){ 0 };
			return STATUS_DAMAGED;
		}
	}
	sources->count = count;
	qsort(sources->list, count, sizeof *sources->list, compare_sources);
	return STATUS_OK;
}

static bool
sources_equal(const struct sources *one, const struct sources *other)
{
	if (one->count != other->count)
		return false;
	for (size_t i = 0; i < one->count; i++)
		if (strcmp(one->list[i].name, other->list[i].name) != 0 ||
		    strcmp(one->list[i].version, other->list[i].version) != 0)
			return false;
	return true;
}

/* "demo=0192…,sanmateo=0192…", or its digest where it is longer than 64 bytes.  False:
 * out of memory. */
static bool
sources_version(const struct sources *sources, char version[VERSION_MAX_BYTES + 1])
{
	size_t size = 1;
	size_t length = 0;
	char *all;

	for (size_t i = 0; i < sources->count; i++)
		size +=
		    strlen(sources->list[i].name) + strlen(sources->list[i].version) + 2;
	all = malloc(size);
	if (all == NULL)
		return false;
	all[0] = '\0';
	for (size_t i = 0; i < sources->count; i++)
		length += (size_t)snprintf(all + length, size - length, "%s%s=%s",
		    i ? "," : "", sources->list[i].name, sources->list[i].version);
	if (length <= VERSION_MAX_BYTES)
		memcpy(version, all, length + 1);
	else
		id_digest(all, length, version);
	free(all);
	return true;
}

static bool
service_key(const struct directory *directory, const struct source *source,
    char key[KEY_MAX_BYTES])
{
	return key_make(key, directory->cell, "service", source->name, source->version);
}

/* ---- loading ---- */

static store_done on_sources;
static store_done on_page;

static void
load_end(struct directory *directory, enum status status)
{
	struct load *load = &directory->load;
	char version[VERSION_MAX_BYTES + 1] = "";

	if (status == STATUS_OK && !sources_version(&load->sources, version))
		status = STATUS_NO_MEMORY;
	free(load->sources.list);
	load->sources = (struct sources){ 0 };
	load->is_running = false;
	if (!directory->is_closed)
		load->done(load->self, status,
		    status == STATUS_OK ? text_of(version) : TEXT_ABSENT);
}

/* Asks for the next page, or whether the sources still stand. */
static enum status
load_next(struct directory *directory)
{
	struct load *load = &directory->load;
	char key[KEY_MAX_BYTES];
	struct text page[] = { LITERAL("HSCAN"), { key, 0 }, text_of(load->cursor),
		LITERAL("COUNT"), LITERAL(PAGE) };
	struct text all[] = { LITERAL("HGETALL"), text_of(directory->directory_key) };

	if (load->at == load->sources.count)
		return ask(directory, 2, all, on_sources, directory);
	if (!service_key(directory, &load->sources.list[load->at], key))
		return STATUS_DAMAGED;
	page[1] = text_of(key);
	return ask(directory, 5, page, on_page, directory);
}

static void
load_go_on(struct directory *directory)
{
	enum status status = load_next(directory);

	if (status != STATUS_OK)
		load_end(directory, status);
}

static void
on_page(void *ctx, enum status status, const struct store_value *value)
{
	struct directory *directory = ctx;
	struct load *load = &directory->load;
	const struct store_value *pairs = store_at(value, 1);
	struct text source;

	answered(directory);
	if (status == STATUS_OK &&
	    !text_copy(store_text(store_at(value, 0)), load->cursor, sizeof load->cursor))
		status = STATUS_DAMAGED;
	if (status != STATUS_OK || directory->is_closed) {
		load_end(directory, status);
		release(directory);
		return;
	}
	source = text_of(load->sources.list[load->at].name);
	for (size_t i = 0; i + 1 < store_count(pairs) && !directory->is_closed; i += 2)
		load->each(load->self, source, store_text(store_at(pairs, i)),
		    store_text(store_at(pairs, i + 1)));
	if (strcmp(load->cursor, "0") == 0)
		load->at++;
	load_go_on(directory);
	release(directory);
}

/* The sources, first at the start and again at the end: a swap in between has removed
 * what was being read, which looks like an early end. */
static void
on_sources(void *ctx, enum status status, const struct store_value *value)
{
	struct directory *directory = ctx;
	struct load *load = &directory->load;
	struct sources now = { 0 };
	bool is_first = load->cursor[0] == '\0';

	answered(directory);
	if (status == STATUS_OK)
		status = sources_read(&now, value);
	if (status != STATUS_OK || directory->is_closed ||
	    (!is_first && sources_equal(&now, &load->sources))) {
		free(now.list);
		load_end(directory, status);
		release(directory);
		return;
	}
	if (!is_first)
		load->reset(load->self);
	free(load->sources.list);
	load->sources = now;
	load->at = 0;
	strcpy(load->cursor, "0");
	if (now.count == 0) /* nothing to read that a swap could take away */
		load_end(directory, STATUS_OK);
	else
		load_go_on(directory);
	release(directory);
}

enum status
directory_load(struct directory *directory, loop_call *reset, directory_each *each,
    directory_done *done, void *self)
{
	struct text all[] = { LITERAL("HGETALL"), text_of(directory->directory_key) };
	enum status status;

	if (directory->load.is_running)
		return STATUS_BUSY;
	status = ask(directory, 2, all, on_sources, directory);
	if (status == STATUS_OK)
		directory->load = (struct load){
			.is_running = true,
			.reset = reset,
			.each = each,
			.done = done,
			.self = self,
		};
	return status;
}

/* ---- one document ---- */

struct get {
	struct directory *directory;
	directory_got *got;
	void *self;
	struct sources sources;
	size_t left; /* sources that were not looked into yet */
	unsigned rounds;
	struct text id; /* behind this struct */
};

static void
get_end(struct get *get, enum status status, struct text document)
{
	if (!get->directory->is_closed)
		get->got(get->self, status, document);
	free(get->sources.list);
	free(get);
}

static store_done on_get_sources;

static enum status
get_begin(struct get *get)
{
	struct directory *directory = get->directory;
	struct text all[] = { LITERAL("HGETALL"), text_of(directory->directory_key) };

	return ask(directory, 2, all, on_get_sources, get);
}

static store_done on_document;

static void
get_next(struct get *get)
{
	char key[KEY_MAX_BYTES];
	struct text one[] = { LITERAL("HGET"), { key, 0 }, get->id };
	enum status status = STATUS_DAMAGED;

	if (get->left == 0)
		status = get_begin(get); /* gone, or swapped while we looked? */
	else if (service_key(get->directory, &get->sources.list[--get->left], key)) {
		one[1] = text_of(key);
		status = ask(get->directory, 3, one, on_document, get);
	}
	if (status != STATUS_OK)
		get_end(get, status, TEXT_ABSENT);
}

static void
on_document(void *ctx, enum status status, const struct store_value *value)
{
	struct get *get = ctx;
	struct directory *directory = get->directory;
	struct text document = store_text(value);

	answered(directory);
	if (status != STATUS_OK || document.at != NULL || directory->is_closed)
		get_end(get, status, document);
	else
		get_next(get);
	release(directory);
}

static void
on_get_sources(void *ctx, enum status status, const struct store_value *value)
{
	struct get *get = ctx;
	struct directory *directory = get->directory;
	struct sources now = { 0 };

	answered(directory);
	if (status == STATUS_OK)
		status = sources_read(&now, value);
	if (status == STATUS_OK && (now.count == 0 || sources_equal(&now, &get->sources)))
		status = STATUS_ABSENT;
	else if (status == STATUS_OK && get->rounds++ == GET_ROUNDS)
		status = STATUS_UNAVAILABLE;
	free(get->sources.list);
	get->sources = now;
	get->left = now.count;
	if (status != STATUS_OK || directory->is_closed)
		get_end(get, status, TEXT_ABSENT);
	else
		get_next(get);
	release(directory);
}

enum status
directory_get(struct directory *directory, struct text id, directory_got *got, void *self)
{
	struct get *get = calloc(1, sizeof *get + id.length);
	enum status status;

	if (get == NULL)
		return STATUS_NO_MEMORY;
	*get = (struct get){
		.directory = directory,
		.got = got,
		.self = self,
		.id = { (char *)(get + 1), id.length },
	};
	if (id.length > 0)
		memcpy(get + 1, id.at, id.length);
	status = get_begin(get);
	if (status != STATUS_OK)
		free(get);
	return status;
}

/* ---- watching ---- */

static store_done on_changes;

static double
number_of(struct text text)
{
	char digits[40];
	char *end;
	double number;

	if (text.length == 0 || !text_copy(text, digits, sizeof digits))
		return NAN;
	number = strtod(digits, &end);
	return *end == '\0' ? number : NAN;
}

static void
tell_change(struct directory *directory, const struct store_value *fields)
{
	struct directory_change change = { false, TEXT_ABSENT, NAN, NAN };
	struct text kind = TEXT_ABSENT;

	for (size_t i = 0; i + 1 < store_count(fields); i += 2) {
		struct text name = store_text(store_at(fields, i));
		struct text value = store_text(store_at(fields, i + 1));

		if (text_is(name, "kind"))
			kind = value;
		else if (text_is(name, "subject"))
			change.subject = value;
		else if (text_is(name, "available"))
			change.available = number_of(value);
		else if (text_is(name, "held"))
			change.held = number_of(value);
	}
	change.is_swap = text_is(kind, "swap");
	if (change.is_swap || text_is(kind, "capacity"))
		directory->changed(directory->changed_self, &change);
}

static void
watch_next(struct directory *directory)
{
	struct text arguments[] = { LITERAL("XREAD"), LITERAL("COUNT"), LITERAL(CHANGES),
		LITERAL("BLOCK"), LITERAL("0"), LITERAL("STREAMS"),
		text_of(directory->changes_key), text_of(directory->seen) };
	enum status status = STATUS_UNAVAILABLE;

	if (directory->refusals <= WATCH_REFUSALS_MOST)
		status = store_blocking_call(
		    directory->blocking, 8, arguments, on_changes, directory);
	if (status != STATUS_OK)
		log_event(LOG_ERROR, "directory_watch_ended",
		    LOG_STRING("status", status_code(status)));
}

static void
on_changes(void *ctx, enum status status, const struct store_value *value)
{
	struct directory *directory = ctx;
	const struct store_value *entries = store_at(store_at(value, 0), 1);

	if (directory->is_closed)
		return;
	directory->refusals = status == STATUS_OK ? 0 : directory->refusals + 1;
	for (size_t i = 0; i < store_count(entries); i++) {
		const struct store_value *entry = store_at(entries, i);

		if (text_copy(store_text(store_at(entry, 0)), directory->seen,
		        sizeof directory->seen))
			tell_change(directory, store_at(entry, 1));
	}
	watch_next(directory);
}

/* The newest entry is where watching begins: "$" would forget what happens while a lost
 * connection is reopened. */
static void
on_newest(void *ctx, enum status status, const struct store_value *value)
{
	struct directory *directory = ctx;
	struct text newest = store_text(store_at(store_at(value, 0), 0));

	answered(directory);
	if (directory->is_closed) {
		release(directory);
		return;
	}
	if (status != STATUS_OK) {
		log_event(LOG_ERROR, "directory_watch_ended",
		    LOG_STRING("status", status_code(status)));
		return;
	}
	if (newest.at == NULL ||
	    !text_copy(newest, directory->seen, sizeof directory->seen))
		strcpy(directory->seen, "0-0");
	watch_next(directory);
}

enum status
directory_watch(struct directory *directory, directory_changed *changed, void *self)
{
	struct text arguments[] = { LITERAL("XREVRANGE"), text_of(directory->changes_key),
		LITERAL("+"), LITERAL("-"), LITERAL("COUNT"), LITERAL("1") };
	enum status status;

	if (directory->changed != NULL)
		return STATUS_BUSY;
	if (directory->blocking == NULL)
		directory->blocking = store_blocking_open(directory->store);
	if (directory->blocking == NULL)
		return STATUS_NO_MEMORY;
	status = ask(directory, 6, arguments, on_newest, directory);
	if (status == STATUS_OK) {
		directory->changed = changed;
		directory->changed_self = self;
	}
	return status;
}

/* ---- writing ---- */

/* A document and the expiry of its version, told of as one. */
struct staging {
	enum status status; /* of the first of the two that failed */
	store_done *done;   /* NULL: the expiry could not be sent */
	void *ctx;
};

static void
on_staged(void *ctx, enum status status, const struct store_value *value)
{
	struct staging *staging = ctx;

	(void)value;
	staging->status = status;
	if (staging->done == NULL)
		free(staging);
}

static void
on_expiry(void *ctx, enum status status, const struct store_value *value)
{
	struct staging *staging = ctx;

	if (staging->status != STATUS_OK)
		status = staging->status;
	staging->done(staging->ctx, status, status == STATUS_OK ? value : NULL);
	free(staging);
}

/* The expiry is awaited with the document: repeated after the swap, on a connection that
 * was lost, it would end the version in use. */
static enum status
stage_with_expiry(struct directory *directory, const struct text document[4],
    store_done *done, void *ctx)
{
	struct text route = text_of(directory->cell);
	struct text expire[] = { LITERAL("EXPIRE"), document[1],
		LITERAL(STAGED_SECONDS) };
	struct staging *staging = calloc(1, sizeof *staging);
	enum status status;

	if (staging == NULL)
		return STATUS_NO_MEMORY;
	*staging = (struct staging){ STATUS_OK, done, ctx };
	status = store_call(directory->store, route, 4, document, on_staged, staging);
	if (status != STATUS_OK) {
		free(staging);
		return status;
	}
	status = store_call(directory->store, route, 3, expire, on_expiry, staging);
	if (status != STATUS_OK)
		staging->done = NULL;
	return status;
}

enum status
directory_stage(struct directory *directory, struct text source, struct text version,
    struct text id, struct text document, store_done *done, void *ctx)
{
	struct source names;
	char key[KEY_MAX_BYTES];
	struct text arguments[] = { LITERAL("HSET"), TEXT_ABSENT, id, document };
	bool is_new;
	enum status status;

	if (!text_copy(source, names.name, sizeof names.name) ||
	    !text_copy(version, names.version, sizeof names.version) ||
	    !service_key(directory, &names, key))
		return STATUS_TOO_LARGE;
	arguments[1] = text_of(key);
	is_new = strcmp(key, directory->staged_key) != 0;
	if (!is_new && directory->staged_count % RENEW_EVERY != 0)
		status = store_call(
		    directory->store, text_of(directory->cell), 4, arguments, done, ctx);
	else
		status = stage_with_expiry(directory, arguments, done, ctx);
	if (status == STATUS_OK) {
		directory->staged_count = is_new ? 1 : directory->staged_count + 1;
		strcpy(directory->staged_key, key);
	}
	return status;
}

enum status
directory_swap(struct directory *directory, struct text source, struct text expected,
    struct text version, store_done *done, void *ctx)
{
	struct text arguments[] = { LITERAL("FCALL"), LITERAL("hl_directory_swap"),
		LITERAL("1"), text_of(directory->tag), source,
		expected.at ? expected : LITERAL(""), version };

	return store_call(
	    directory->store, text_of(directory->cell), 7, arguments, done, ctx);
}

/* As text; empty where it is unknown. */
static struct text
print_number(double number, char digits[40])
{
	digits[0] = '\0';
	if (!isnan(number))
		snprintf(digits, 40, "%.15g", number);
	return text_of(digits);
}

enum status
directory_capacity(struct directory *directory, struct text service, double available,
    double maximum, int64_t reported_at, store_done *done, void *ctx)
{
	char digits[3][40];
	struct text arguments[] = { LITERAL("FCALL"), LITERAL("hl_capacity"),
		LITERAL("1"), text_of(directory->tag), service,
		print_number(available, digits[0]), print_number(maximum, digits[1]),
		{ digits[2], 0 } };

	snprintf(digits[2], sizeof digits[2], "%lld", (long long)reported_at);
	arguments[7] = text_of(digits[2]);
	return store_call(
	    directory->store, text_of(directory->cell), 8, arguments, done, ctx);
}
