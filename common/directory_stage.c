/* SPDX-License-Identifier: Apache-2.0
 * Writing a directory: a version is staged while nobody reads it, then swapped in. */
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/directory_private.h"

/* Redis forgets a version that was staged and never swapped in. */
#define STAGED_SECONDS "3600"
/* Documents between two renewals of that. */
#define RENEW_EVERY 5000

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

/* The expiry is awaited with the documents: repeated after the swap, on a connection that
 * was lost, it would end the version in use. */
static enum status
stage_with_expiry(struct directory *directory, size_t count, const struct text *documents,
    store_done *done, void *ctx)
{
	struct text route = text_of(directory->cell);
	struct text expire[] = { LITERAL("EXPIRE"), documents[1],
		LITERAL(STAGED_SECONDS) };
	struct staging *staging = calloc(1, sizeof *staging);
	enum status status;

	if (staging == NULL)
		return STATUS_NO_MEMORY;
	*staging = (struct staging){ STATUS_OK, done, ctx };
	status =
	    store_call(directory->store, route, count, documents, on_staged, staging);
	if (status != STATUS_OK) {
		free(staging);
		return status;
	}
	status = store_call(directory->store, route, 3, expire, on_expiry, staging);
	if (status != STATUS_OK)
		staging->done = NULL;
	return status;
}

static bool
make_version_key(const struct directory *directory, struct text source,
    struct text version, char key[KEY_MAX_BYTES])
{
	struct source names;

	return text_copy(source, names.name, sizeof names.name) &&
	       text_copy(version, names.version, sizeof names.version) &&
	       directory_version_key(directory, names.name, names.version, key);
}

enum status
directory_stage_many(struct directory *directory, struct text source, struct text version,
    size_t count, const struct text *pairs, store_done *done, void *ctx)
{
	struct text arguments[2 + 2 * DIRECTORY_STAGE_MOST];
	char key[KEY_MAX_BYTES];
	bool is_new;
	enum status status;

	assert(count > 0 && count <= DIRECTORY_STAGE_MOST);
	if (!make_version_key(directory, source, version, key))
		return STATUS_TOO_LARGE;
	arguments[0] = LITERAL("HSET");
	arguments[1] = text_of(key);
	memcpy(arguments + 2, pairs, 2 * count * sizeof *pairs);
	is_new = strcmp(key, directory->staged_key) != 0;
	if (!is_new && directory->staged_count < RENEW_EVERY)
		status = store_call(directory->store, text_of(directory->cell),
		    2 + 2 * count, arguments, done, ctx);
	else
		status =
		    stage_with_expiry(directory, 2 + 2 * count, arguments, done, ctx);
	if (status == STATUS_OK) {
		directory->staged_count = is_new || directory->staged_count >= RENEW_EVERY
		                              ? count
		                              : directory->staged_count + count;
		memcpy(directory->staged_key, key, sizeof key);
	}
	return status;
}

enum status
directory_stage(struct directory *directory, struct text source, struct text version,
    struct text id, struct text document, store_done *done, void *ctx)
{
	const struct text pair[] = { id, document };

	return directory_stage_many(directory, source, version, 1, pair, done, ctx);
}

enum status
directory_keep(struct directory *directory, struct text source, struct text from,
    struct text version, size_t count, const struct text *ids, store_done *done,
    void *ctx)
{
	struct text arguments[9 + DIRECTORY_STAGE_MOST] = { LITERAL("FCALL"),
		LITERAL("hl_directory_keep"), LITERAL("1"), text_of(directory->tag),
		source, from, version, text_of(directory_kind_word(directory->kind)),
		LITERAL(STAGED_SECONDS) };

	assert(count > 0 && count <= DIRECTORY_STAGE_MOST);
	memcpy(arguments + 9, ids, count * sizeof *ids);
	return store_call(
	    directory->store, text_of(directory->cell), 9 + count, arguments, done, ctx);
}

enum status
directory_forget(struct directory *directory, struct text source, struct text version,
    store_done *done, void *ctx)
{
	char key[KEY_MAX_BYTES];
	struct text arguments[] = { LITERAL("UNLINK"), { key, 0 } };

	if (!make_version_key(directory, source, version, key))
		return STATUS_TOO_LARGE;
	arguments[1] = text_of(key);
	return store_call(
	    directory->store, text_of(directory->cell), 2, arguments, done, ctx);
}

enum status
directory_swap(struct directory *directory, struct text source, struct text expected,
    struct text version, store_done *done, void *ctx)
{
	struct text arguments[] = { LITERAL("FCALL"), LITERAL("hl_directory_swap"),
		LITERAL("1"), text_of(directory->tag), source,
		expected.at ? expected : LITERAL(""), version,
		text_of(directory_kind_word(directory->kind)) };

	return store_call(
	    directory->store, text_of(directory->cell), 8, arguments, done, ctx);
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
directory_capacities(struct directory *directory, size_t count,
    const struct directory_report *reports, store_done *done, void *ctx)
{
	char digits[DIRECTORY_REPORTS_MOST][3][40];
	struct text arguments[4 + 4 * DIRECTORY_REPORTS_MOST] = { LITERAL("FCALL"),
		LITERAL("hl_capacity"), LITERAL("1"), text_of(directory->tag) };

	assert(count > 0 && count <= DIRECTORY_REPORTS_MOST);
	for (size_t i = 0; i < count; i++) {
		struct text *four = arguments + 4 + 4 * i;

		four[0] = reports[i].service;
		four[1] = print_number(reports[i].available, digits[i][0]);
		four[2] = print_number(reports[i].maximum, digits[i][1]);
		snprintf(
		    digits[i][2], sizeof digits[i][2], "%lld", (long long)reports[i].at);
		four[3] = text_of(digits[i][2]);
	}
	return store_call(directory->store, text_of(directory->cell), 4 + 4 * count,
	    arguments, done, ctx);
}

enum status
directory_capacity(struct directory *directory, struct text service, double available,
    double maximum, int64_t reported_at, store_done *done, void *ctx)
{
	const struct directory_report report = { service, available, maximum,
		reported_at };

	return directory_capacities(directory, 1, &report, done, ctx);
}
