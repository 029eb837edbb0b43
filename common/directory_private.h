/* SPDX-License-Identifier: Apache-2.0
 * What the files of a directory share.  For directory*.c only. */
#ifndef COMMON_DIRECTORY_PRIVATE_H
#define COMMON_DIRECTORY_PRIVATE_H

#include "common/directory.h"

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

/* What is edited by hand, by service. */
struct overlays {
	size_t count, room;
	struct overlay {
		char *id; /* terminated; the text behind it */
		struct text text;
	} * list; /* sorted once it is whole */
};
/* Adds a copy; false: out of memory. */
bool overlays_add(struct overlays *overlays, struct text id, struct text text) MUST_CHECK;
void overlays_sort(struct overlays *overlays);
/* Absent: the service was never edited. */
struct text overlays_find(const struct overlays *overlays, struct text id);
void overlays_free(struct overlays *overlays);

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
	struct overlays overlays;
};

struct directory {
	struct store *store;
	enum directory_kind kind;
	char *cell;
	char tag[KEY_MAX_BYTES]; /* "{c1}" */
	char sources_key[KEY_MAX_BYTES];
	char changes_key[KEY_MAX_BYTES];
	char edits_key[KEY_MAX_BYTES];
	size_t calls; /* of ours that are out: freed when closed and none is */
	bool is_closed;
	struct load load;

	struct store_blocking *blocking;
	directory_changed *changed; /* NULL: nobody watches */
	void *changed_self;
	char seen[STREAM_ID_BYTES]; /* the last entry that was told */
	unsigned refusals;

	char staged_key[KEY_MAX_BYTES]; /* the version whose expiry is set */
	size_t staged_count;            /* documents since then */
};

/* A call of the directory's own, with the directory kept until it is answered. */
enum status directory_ask(struct directory *directory, size_t count,
    const struct text *arguments, store_done *done, void *ctx) MUST_CHECK;
/* To be called first when such a call is answered. */
void directory_answered(struct directory *directory);
/* Frees a directory that is closed and waits for nothing: last in such an answer. */
void directory_release(struct directory *directory);

/* Reads the reply of HGETALL.  NO_MEMORY, or DAMAGED for names that are no names. */
enum status sources_read(
    struct sources *sources, const struct store_value *value) MUST_CHECK;
bool sources_equal(const struct sources *one, const struct sources *other);

#endif
