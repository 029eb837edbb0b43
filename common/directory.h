/* SPDX-License-Identifier: Apache-2.0
 * The directory in Redis: one set of documents per source, swapped as a whole; a change
 * stream tells readers.  There are three kinds, each with sources of its own: services (HSDS
 * 3.1, see facts.h), taxonomies (see crosswalk.h) and places (see places.h). */
#ifndef COMMON_DIRECTORY_H
#define COMMON_DIRECTORY_H

#include "common/keys.h"
#include "common/store.h"

enum directory_kind {
	DIRECTORY_SERVICES,
	DIRECTORY_TAXONOMIES,
	DIRECTORY_PLACES,
	DIRECTORY_KINDS
};
/* "services", "taxonomies", "places". */
const char *directory_kind_word(enum directory_kind kind);

struct directory;
/* NULL: out of memory. */
struct directory *directory_open(
    struct store *store, const char *cell, enum directory_kind kind);
void directory_close(struct directory *directory);

/* One document; valid during the call. */
typedef void directory_each(
    void *self, struct text source, struct text id, struct text document);
/* OK, or what stopped it; `version` names all sources and their versions, sorted:
 * "demo=0192…,sanmateo=0192…", at most 64 bytes (a digest where longer). */
typedef void directory_done(void *self, enum status status, struct text version);

/* Reads every document of every source in use, in pages.  A swap during the read starts it
 * over (each is then called anew after reset).  A document may be told twice; where two
 * sources hold it, that of the last by name comes last and counts.  One read at a time; BUSY
 * while one runs.  Not done when the directory is closed first. */
enum status directory_load(struct directory *directory, loop_call *reset,
    directory_each *each, directory_done *done, void *self) MUST_CHECK;

/* One document by its id, whichever source holds it (the last by name where several do).
 * OK with the document; ABSENT; UNAVAILABLE. */
typedef void directory_got(void *self, enum status status, struct text document);
enum status directory_get(struct directory *directory, struct text id, directory_got *got,
    void *self) MUST_CHECK;

/* The same with what lies under it. */
struct directory_entry {
	struct text source;
	struct text document;  /* as readers see it: with the edits that stand */
	struct text published; /* as its publisher has it */
	struct text overlay;   /* of json_edits.h; absent: never edited */
	uint32_t version;      /* how often it was edited */
};
typedef void directory_entry_got(
    void *self, enum status status, const struct directory_entry *entry);
enum status directory_get_entry(struct directory *directory, struct text id,
    directory_entry_got *got, void *self) MUST_CHECK;

/* What the change stream says.  swap: `subject` is the source, of this kind; capacity: the
 * service with its figures (NaN unknown) and, of a report, its time (else TIME_ABSENT); edit:
 * the service; answered: the service, and how its offers were answered as Redis keeps it. */
struct directory_change {
	enum {
		DIRECTORY_SWAPPED,
		DIRECTORY_CAPACITY,
		DIRECTORY_EDITED,
		DIRECTORY_ANSWERED
	} event;
	enum directory_kind kind;
	struct text subject;
	double available, held;
	int64_t reported_at;
	struct text answers;
};
typedef void directory_changed(void *self, const struct directory_change *change);
/* Tells of every change of every kind from now on, in order, as soon as it happens.  A load that is begun
 * after it misses nothing between the two.  Once per directory: BUSY. */
enum status directory_watch(
    struct directory *directory, directory_changed *changed, void *self) MUST_CHECK;

/* ---- single services ---- */

struct edits;

/* Edits fields of a service, if its version is `expected` (UINT_ABSENT: whatever it is); a
 * command is done once.  An edit lies over the document, so that it outlives every swap; see
 * json_edits.h for how long.  The reply is a list: OK or DUP, or STALE, and the version. */
enum status directory_edit(struct directory *directory, struct text service,
    uint32_t expected, struct text command, struct text by, const struct edits *edits,
    store_done *done, void *ctx) MUST_CHECK;
/* A service's edits, newest first, at most 500: the reply is a stream's entries with at (ms),
 * version, by, field, previous and replacement (JSON). */
enum status directory_history(struct directory *directory, struct text service,
    unsigned most, store_done *done, void *ctx) MUST_CHECK;
/* The change stream's entries from one on, if it is still there (absent: from the oldest there is). */
enum status directory_changes(struct directory *directory, struct text from,
    unsigned most, store_done *done, void *ctx) MUST_CHECK;

/* What Redis holds of the places of some services (at most 1,000): the reply is a list of
 * service, available, held, reported at (ms), how its offers were answered (answered.h), empty
 * where unknown, of those that it knows. */
enum status directory_places(struct directory *directory, size_t count,
    const struct text *services, store_done *done, void *ctx) MUST_CHECK;
/* Services whose places were last reported before a moment, oldest first, and were not asked
 * about since: the reply is a list of service, reported at (ms). */
enum status directory_stale(struct directory *directory, int64_t before, unsigned most,
    store_done *done, void *ctx) MUST_CHECK;
/* Asks an agency (absent: nobody, the service is gone) whether the places still hold, until
 * they are reported again.  The reply is a list: OK, or DUP where they were meanwhile. */
enum status directory_confirm_ask(struct directory *directory, struct text service,
    struct text agency, struct text name, int64_t before, store_done *done,
    void *ctx) MUST_CHECK;
/* The places as reported still hold: they count as reported now.  The reply is a list: OK, or
 * DUP where nothing was reported. */
enum status directory_confirm(struct directory *directory, struct text service,
    store_done *done, void *ctx) MUST_CHECK;
/* What an agency is asked to confirm, longest asked first: the reply is a list of service,
 * asked at (ms), name, available, reported at (ms), tries and time of telling it by webhook (ms;
 * "-": given up); empty where unknown. */
enum status directory_confirmations(struct directory *directory, struct text agency,
    unsigned most, store_done *done, void *ctx) MUST_CHECK;

/* Questions that webhooks are to be told of now, taken for `lease_ms`: the reply is a list of
 * service, agency, asked at (ms), tries with this one. */
enum status directory_confirm_claim(struct directory *directory, unsigned most,
    int64_t lease_ms, store_done *done, void *ctx) MUST_CHECK;
/* What came of one: it is told; or else tried again after so long, or (TIME_ABSENT) never.  The
 * reply is a list: OK, or DUP where it is not asked any more. */
enum status directory_confirm_told(struct directory *directory, struct text service,
    struct text asked_at, bool is_told, int64_t again_ms, store_done *done,
    void *ctx) MUST_CHECK;

/* ---- writing, for the import ---- */

/* The hash of the sources in use; it lives as long as the directory. */
const char *directory_sources_key(const struct directory *directory);
/* The hash of the edits' overlays by service (json_edits.h); as long as the directory. */
const char *directory_edits_key(const struct directory *directory);
/* The hash of a version's documents.  False: too long. */
bool directory_version_key(const struct directory *directory, const char *source,
    const char *version, char key[KEY_MAX_BYTES]) MUST_CHECK;

/* Documents in one call: a call holds up Redis' others for its whole length. */
#define DIRECTORY_STAGE_MOST 128

/* Stages documents under a version (a UUIDv7) that nobody reads yet: `pairs` are ids each
 * with its document.  Redis forgets the version an hour after it was last added to, unless
 * it is swapped in.  Swap only when every stage has succeeded. */
enum status directory_stage_many(struct directory *directory, struct text source,
    struct text version, size_t count, const struct text *pairs, store_done *done,
    void *ctx) MUST_CHECK;
/* One of them. */
enum status directory_stage(struct directory *directory, struct text source,
    struct text version, struct text id, struct text document, store_done *done,
    void *ctx) MUST_CHECK;
/* Stages documents as they stand in the version `from`, within Redis.  The reply is a list:
 * OK and how many of them stand there. */
enum status directory_keep(struct directory *directory, struct text source,
    struct text from, struct text version, size_t count, const struct text *ids,
    store_done *done, void *ctx) MUST_CHECK;
/* Drops a staged version that will not be swapped in. */
enum status directory_forget(struct directory *directory, struct text source,
    struct text version, store_done *done, void *ctx) MUST_CHECK;
/* Makes the staged version the one in use, if `expected` (TEXT_ABSENT: none) still is; drops
 * the old one and tells the change stream.  The reply is a list that begins with the code of
 * OK, DUP (it is in use already) or STALE (then with the version that is). */
enum status directory_swap(struct directory *directory, struct text source,
    struct text expected, struct text version, store_done *done, void *ctx) MUST_CHECK;
/* Reports capacities (NaN unknown) as they were at a time in ms; no more than hold up Redis'
 * others for a millisecond.  The reply is a list: OK, or DUP where each stored report is as
 * new or newer. */
#define DIRECTORY_REPORTS_MOST 32
struct directory_report {
	struct text service;
	double available, maximum;
	int64_t at;
};
enum status directory_capacities(struct directory *directory, size_t count,
    const struct directory_report *reports, store_done *done, void *ctx) MUST_CHECK;
/* One of them. */
enum status directory_capacity(struct directory *directory, struct text service,
    double available, double maximum, int64_t reported_at, store_done *done,
    void *ctx) MUST_CHECK;

#endif
