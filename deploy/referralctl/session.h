/* SPDX-License-Identifier: Apache-2.0
 * A command's way into a running Hearthline: its Redis, its intake and matcher, its keys.
 * Everything is waited for.  What fails is said in one line on standard error, and with --json
 * as problem details on standard output too. */
#ifndef REFERRALCTL_SESSION_H
#define REFERRALCTL_SESSION_H

#include "common/cases.h"
#include "common/id.h"
#include "common/link.h"
#include "common/seal.h"

/* As config.def has it. */
#define SESSION_CELL "c1"
/* "phone:" or "ctl:" and a login name; messages.def allows 64 for `by`. */
#define SESSION_BY_BYTES 64

struct session {
	const char *command; /* begins what is said */
	const char *dir;
	bool wants_json;
	struct loop *loop;
	struct store *store;
	struct cases *cases;
	struct archive *archive; /* that cases read too */
	struct link *link;       /* opened by the first question */
	struct decoder *decoder; /* of replies */
	struct message *out;     /* what session_ask sends */
	struct message *in;
	struct case_view *view;
	uint8_t *bytes; /* of `in` */
	bool is_answered;
};

/* Enters `dir` (relative names of files are read before) and connects to its Redis, without
 * loading the function library.  False: said why; close it all the same. */
bool session_open(struct session *session, const char *command, bool wants_json,
    const char *dir) MUST_CHECK;
void session_close(struct session *session);

/* Says why something failed; EXIT_FAILED. */
int session_fail(struct session *session, enum status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same with what the status means. */
int session_failed(struct session *session, enum status status);
/* Says what intake or the matcher refused, each defect on a line of its own; EXIT_FAILED. */
int session_refused(struct session *session, const struct refused *refused);
/* The same for defects found here. */
int session_defects(const char *command, bool wants_json, enum status status,
    const struct defects *defects);

/* Writes a record, wrapped as {"key":...} where `key` is not NULL, and a line end on standard
 * output.  An exit status. */
int session_write(struct session *session, const char *key, const struct record *record,
    const void *values);

/* Writes a tree of jansson and a line end, and lets go of it; NULL: memory had run out. */
struct json_t;
int session_print(struct session *session, struct json_t *root);

/* Who acts: "KIND:<login name>". */
void session_by(const char *kind, char by[SESSION_BY_BYTES + 1]);
/* A key file of the state directory.  NULL: said why. */
struct seal *session_key(struct session *session, const char *name);

/* ---- questions and commands ---- */

enum session_peer { SESSION_INTAKE, SESSION_MATCHER };
/* Sends session->out (its id is filled in) and waits, up to 10 s, repeating it meanwhile.  The
 * reply, valid until the next question; NULL: none came, or not of kind `wanted`, said so. */
const struct message *session_ask(
    struct session *session, enum session_peer peer, enum message_kind wanted);
/* Whether the directory, as the matcher has it, has a service of the agency; where it has not, or
 * the matcher does not answer, it is said, and that --unknown passes this over. */
bool session_has_agency(struct session *session, const char *agency);

/* ---- store calls ---- */

/* The first member of what a store call calls back with. */
struct session_wait {
	bool is_over;
	enum status status;
};
/* A cases_done that keeps the status; ctx begins with a session_wait. */
void session_on_done(void *ctx, const struct case_result *result);
/* Waits for a call that returned `accepted`; how it went. */
enum status session_settle(
    struct session *session, enum status accepted, struct session_wait *wait) MUST_CHECK;

/* Of cases, needs, referrals, services and agencies. */
#define SESSION_ID_BYTES 64

/* Ids as they come; longer ones are none of ours. */
struct session_ids {
	struct session_wait wait;
	char (*list)[SESSION_ID_BYTES + 1];
	size_t count, size;
	bool has_failed; /* memory ran out: ids are missing */
};
void session_on_id(void *ctx, struct text id); /* ctx is a session_ids */
/* Sorts them and keeps each once, so that session_ids_have can look. */
void session_ids_sort(struct session_ids *ids);
bool session_ids_have(const struct session_ids *ids, struct text id);
void session_ids_free(struct session_ids *ids);

/* Reads cases without persons, explanations opened where asked for, and shows each that is
 * there to `visit`, which may not wait.  OK, UNAVAILABLE, NO_MEMORY; of one case: ABSENT. */
struct session_reading {
	unsigned timeline_most;
	bool wants_whys;
	void (*visit)(void *ctx, struct case_view *view);
	void *ctx;
};
enum status session_case(struct session *session, const struct session_reading *reading,
    struct text case_id) MUST_CHECK;
enum status session_cases(struct session *session, const struct session_reading *reading,
    const struct session_ids *ids) MUST_CHECK;

#endif
