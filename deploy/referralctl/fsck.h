/* SPDX-License-Identifier: Apache-2.0
 * What the parts of fsck share. */
#ifndef REFERRALCTL_FSCK_H
#define REFERRALCTL_FSCK_H

#include "deploy/referralctl/session.h"

/* Cases that Redis checks in one call, line by line: it does nothing else meanwhile. */
#define FSCK_BATCH 8

/* Something that looks wrong. */
struct finding {
	char item[SESSION_ID_BYTES + 1];
	char *what;
	bool is_violation; /* seen twice */
};

struct fsck {
	struct session_wait wait; /* first: store calls end here */
	struct session *session;
	struct finding *findings;
	size_t findings_count, findings_size;
	uint64_t cases;
	struct session_ids held; /* per place that a case holds: its service */
	const char *only;        /* a service whose places are counted once more: nothing
	                            else counts then; NULL at first */
	int64_t again;           /* of `only` */
	bool has_failed;         /* memory ran out */
};

/* Adds a finding. */
void fsck_find(struct fsck *fsck, struct text item, bool is_violation, const char *format,
    ...) __attribute__((format(printf, 4, 5)));

/* Checks every case, open or closed: findings, and fsck->held. */
enum status fsck_all_cases(struct fsck *fsck) MUST_CHECK;
/* Looks once more at a finding of a case. */
enum status fsck_look_again(struct fsck *fsck, struct finding *finding) MUST_CHECK;

/* One page after the other of cases_names. */
typedef enum status fsck_page(
    struct fsck *fsck, const struct session_ids *ids, void *ctx);
enum status fsck_walk(
    struct fsck *fsck, const char *kind, fsck_page *take, void *ctx) MUST_CHECK;

/* Looks for entries of nothing in every queue, inbox and index, and in the open set. */
enum status fsck_entries(struct fsck *fsck) MUST_CHECK;

/* Tells how far it is, where a person looks on. */
void fsck_progress(const struct fsck *fsck, const char *what, uint64_t count);

struct directory;
struct facts_reader;
/* Counts the held places of a service again; still different: a finding. */
enum status fsck_recount(struct fsck *fsck, struct directory *directory,
    struct facts_reader *reader, const char *service, int64_t difference) MUST_CHECK;

/* Compares fsck->held with what the places say; a second look at what differs. */
enum status fsck_places(struct fsck *fsck) MUST_CHECK;

/* Checks every case in the archive: findings. */
enum status fsck_archive(struct fsck *fsck) MUST_CHECK;

/* Compares how many cases there are with how many were accepted and not archived: a finding. */
enum status fsck_count(struct fsck *fsck) MUST_CHECK;

#endif
