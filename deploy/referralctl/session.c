/* SPDX-License-Identifier: Apache-2.0
 * Connects, asks and waits. */
#include "deploy/referralctl/session.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/archive.h"
#include "common/clock.h"
#include "common/log.h"
#include "deploy/referralctl/reach.h"
#include "deploy/referralctl/referralctl.h"

#define ARCHIVE "archive.db"
#define CALL_MS 10000
#define STALL_MS 5000
#define WAITING_MOST_BYTES ((size_t)16 << 20)
#define ASK_MS 10000
#define ASK_AGAIN_MS 2000
#define TURN_MS 100
#define BYTES_MOST ((size_t)MESSAGE_MAX_BYTES)
/* Between two looks whether a connection stands. */
#define CONNECT_MS 5

/* ---- opening ---- */

/* Whether somebody listens there, told at once, where the store would go on trying. */
static bool
can_connect(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = REACH_SOCKET };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool is_there =
	    fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
	int error = errno;

	if (fd >= 0)
		(void)close(fd);
	errno = error;
	return is_there;
}

static bool
open_store(struct session *session)
{
	static struct reach reach;
	struct store_options options = {
		.connections = 1,
		.timeout_ms = CALL_MS,
		.stall_ms = STALL_MS,
		.most_bytes = WAITING_MOST_BYTES,
		.name = "referralctl",
	};

	if (!reach_find(&reach, ".", &options))
		exit(EXIT_FAILED);
	session->loop = loop_new();
	if (session->loop != NULL)
		session->store = store_open(session->loop, &options);
	if (session->store != NULL)
		session->cases = cases_open(session->store, SESSION_CELL);
	session->decoder = decoder_new();
	session->in = malloc(sizeof *session->in);
	session->out = malloc(sizeof *session->out);
	session->view = malloc(sizeof *session->view);
	session->bytes = malloc(BYTES_MOST);
	return session->cases != NULL && session->decoder != NULL &&
	       session->in != NULL && session->out != NULL && session->view != NULL &&
	       session->bytes != NULL;
}

bool
session_open(
    struct session *session, const char *command, bool wants_json, const char *dir)
{
	char why[256];

	*session =
	    (struct session){ .command = command, .dir = dir, .wants_json = wants_json };
	log_open("referralctl", LOG_ERROR);
	if (chdir(dir) != 0 || (access(REACH_FILE, F_OK) != 0 && !can_connect())) {
		(void)session_fail(session, STATUS_UNAVAILABLE,
		    "no Hearthline runs in %s: %s", dir, strerror(errno));
		return false;
	}
	if (!open_store(session)) {
		(void)session_failed(session, STATUS_NO_MEMORY);
		return false;
	}
	/* The services make it, with their own user. */
	if (access(ARCHIVE, F_OK) == 0 &&
	    archive_open(ARCHIVE, &session->archive, why, sizeof why) != STATUS_OK) {
		(void)session_fail(session, STATUS_UNAVAILABLE, "%s", why);
		return false;
	}
	cases_attach(session->cases, session->archive);
	return true;
}

void
session_close(struct session *session)
{
	cases_close(session->cases);
	if (session->store != NULL)
		store_close(session->store);
	archive_close(session->archive);
	if (session->link != NULL)
		link_free(session->link);
	if (session->loop != NULL)
		loop_free(session->loop);
	decoder_free(session->decoder);
	free(session->in);
	free(session->out);
	free(session->view);
	if (session->bytes != NULL)
		seal_wipe(session->bytes, BYTES_MOST);
	free(session->bytes);
}

void
session_by(const char *kind, char by[SESSION_BY_BYTES + 1])
{
	const struct passwd *user = getpwuid(getuid());

	if (user != NULL)
		(void)snprintf(by, SESSION_BY_BYTES + 1, "%s:%s", kind, user->pw_name);
	else
		(void)snprintf(
		    by, SESSION_BY_BYTES + 1, "%s:%u", kind, (unsigned)getuid());
}

struct seal *
session_key(struct session *session, const char *name)
{
	char path[64], why[256] = "";
	struct seal *seal = NULL;
	enum status status;

	(void)snprintf(path, sizeof path, "keys/%s.key", name);
	status = seal_open(path, &seal, why, sizeof why);
	if (status == STATUS_OK)
		return seal;
	(void)session_fail(
	    session, status, "%s: %s", path, why[0] != '\0' ? why : status_about(status));
	return NULL;
}

/* ---- questions and commands ---- */

static void
on_bytes(void *self, const struct link_peer *peer, const void *bytes, size_t length)
{
	struct session *session = self;
	struct defects defects;

	(void)peer;
	if (session->is_answered || length > BYTES_MOST)
		return;
	memcpy(session->bytes, bytes, length);
	session->is_answered = message_decode(session->decoder, session->in,
	                           session->bytes, length, &defects) == STATUS_OK &&
	                       text_equal(session->in->id, session->out->id);
	if (session->is_answered)
		loop_again(session->loop); /* a turn reads sockets before it sleeps */
}

/* Sends as soon as the connection stands, and again while there is no answer: commands are
 * idempotent, questions without effect. */
static void
exchange(
    struct session *session, struct link_client *client, const void *bytes, size_t length)
{
	int64_t now_ms = clock_mono_ms(), until_ms = now_ms + ASK_MS, next_ms = now_ms;

	session->is_answered = false;
	for (; !session->is_answered && now_ms < until_ms; now_ms = clock_mono_ms()) {
		if (now_ms >= next_ms)
			next_ms =
			    now_ms + (link_client_send(client, bytes, length) == STATUS_OK
			                     ? ASK_AGAIN_MS
			                     : CONNECT_MS);
		if (loop_turn(session->loop, next_ms > now_ms ? next_ms - now_ms : 0) !=
		    STATUS_OK)
			return;
	}
}

static bool
ask_peer(struct session *session, const char *endpoint)
{
	uint8_t *bytes = malloc(BYTES_MOST);
	struct link_client *client = NULL;
	enum status status = STATUS_NO_MEMORY;
	char why[256] = "out of memory";
	size_t length = 0;

	if (session->link == NULL)
		session->link = link_new(session->loop);
	if (session->link != NULL && bytes != NULL)
		status = message_encode(session->out, bytes, BYTES_MOST, &length);
	if (status == STATUS_OK)
		status = link_client_open(
		    session->link, endpoint, on_bytes, session, &client, why, sizeof why);
	else if (status == STATUS_TOO_LARGE)
		(void)snprintf(why, sizeof why, "%s", status_about(status));
	if (status == STATUS_OK) {
		exchange(session, client, bytes, length);
		link_client_close(client);
	} else {
		(void)session_fail(session, status, "%s", why);
	}
	if (bytes != NULL)
		seal_wipe(bytes, BYTES_MOST); /* commands hold personal data */
	free(bytes);
	return status == STATUS_OK;
}

const struct message *
session_ask(struct session *session, enum session_peer peer, enum message_kind wanted)
{
	static const struct {
		const char *name, *endpoint;
	} PEERS[] = {
		[SESSION_INTAKE] = { "intake", "ipc://run/intake.sock" },
		[SESSION_MATCHER] = { "the matcher", "ipc://run/matcher.1.sock" },
	};
	char id[ID_UUID_BYTES + 1];

	id_uuid7(id);
	session->out->id = text_of(id);
	if (!ask_peer(session, PEERS[peer].endpoint))
		return NULL;
	session->out->id = TEXT_ABSENT;
	if (!session->is_answered) {
		(void)session_fail(session, STATUS_UNAVAILABLE, "%s does not answer%s",
		    PEERS[peer].name,
		    peer == SESSION_INTAKE ? "; it may or may not be done, repeat it"
		                           : "");
		return NULL;
	}
	if (session->in->kind == wanted)
		return session->in;
	if (session->in->kind == MESSAGE_refused)
		(void)session_refused(session, &session->in->refused);
	else
		(void)session_fail(session, STATUS_INTERNAL,
		    "%s gave an answer that was not expected", PEERS[peer].name);
	return NULL;
}

bool
session_has_agency(struct session *session, const char *agency)
{
	struct list *list = &session->out->list;
	const struct message *reply;

	message_init(session->out, MESSAGE_list);
	list->entity = entity_organization;
	list->only = text_of(agency);
	list->cleared = FLAG_YES;
	list->offset = 0;
	list->most = 1;
	reply = session_ask(session, SESSION_MATCHER, MESSAGE_listed);
	if (reply != NULL && reply->listed.items_count > 0)
		return true;
	if (reply != NULL)
		(void)session_fail(session, STATUS_ABSENT,
		    "%s has no service in the directory; with --unknown it is done "
		    "nevertheless",
		    agency);
	else
		fputs("with --unknown the directory is not asked\n", stderr);
	return false;
}

/* ---- store calls ---- */

void
session_on_done(void *ctx, const struct case_result *result)
{
	struct session_wait *wait = ctx;

	wait->status = result->status;
	wait->is_over = true;
}

enum status
session_settle(struct session *session, enum status accepted, struct session_wait *wait)
{
	if (accepted != STATUS_OK)
		return accepted;
	while (!wait->is_over) /* the store ends every call by its own deadline */
		if (loop_turn(session->loop, TURN_MS) != STATUS_OK)
			log_die("the loop does not turn");
	wait->is_over = false;
	return wait->status;
}

void
session_on_id(void *ctx, struct text id)
{
	struct session_ids *ids = ctx;

	if (ids->count == ids->size) {
		size_t size = ids->size > 0 ? 2 * ids->size : 64;
		void *list = realloc(ids->list, size * sizeof *ids->list);

		if (list == NULL) {
			ids->has_failed = true;
			return;
		}
		ids->list = list;
		ids->size = size;
	}
	if (text_copy(id, ids->list[ids->count], sizeof *ids->list))
		ids->count++;
}

static int
compare_ids(const void *one, const void *other)
{
	return strcmp(one, other);
}

void
session_ids_sort(struct session_ids *ids)
{
	size_t kept = 0;

	if (ids->count > 0)
		qsort(ids->list, ids->count, sizeof *ids->list, compare_ids);
	for (size_t i = 0; i < ids->count; i++)
		if (kept == 0 || strcmp(ids->list[kept - 1], ids->list[i]) != 0)
			memmove(ids->list[kept++], ids->list[i], sizeof *ids->list);
	ids->count = kept;
}

bool
session_ids_have(const struct session_ids *ids, struct text id)
{
	char key[SESSION_ID_BYTES + 1];

	return ids->count > 0 && text_copy(id, key, sizeof key) &&
	       bsearch(key, ids->list, ids->count, sizeof *ids->list, compare_ids) !=
	           NULL;
}

void
session_ids_free(struct session_ids *ids)
{
	free(ids->list);
	*ids = (struct session_ids){ .count = 0 };
}
