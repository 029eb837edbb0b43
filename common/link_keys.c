/* SPDX-License-Identifier: Apache-2.0
 * Encrypted links (CURVE) and who may use them (ZAP, ZeroMQ RFC 27).
 *
 * Every process of a network holds the same secret: who has it is inside.  A CURVE socket that
 * has nobody to ask lets everybody in, so the socket that answers is bound before the first
 * other one, and ZAP_ENFORCE_DOMAIN turns that rule of libzmq round. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/link_socket.h"
#include "common/log.h"

/* ZMQ_ZAP_ENFORCE_DOMAIN: in zmq.h it stands among the drafts, in the library it always is. */
#define ZAP_ENFORCE_DOMAIN 93
#define ZAP_ENDPOINT "inproc://zeromq.zap.01"
#define PATH_BYTES 256
#define NAME_MOST 64

static enum status
explain(
    char *why, size_t why_size, enum status status, const char *path, const char *reason)
{
	(void)snprintf(why, why_size, "%.200s: %s", path, reason);
	return status;
}

/* ---- files ---- */

/* A key, and perhaps the end of its line, is all there is. */
static bool
read_secret(FILE *file, char secret[LINK_KEY_BYTES])
{
	char line[LINK_KEY_BYTES + 2] = "";
	uint8_t binary[32];
	bool is_key;

	if (fgets(line, sizeof line, file) == NULL)
		return false;
	line[strcspn(line, "\n")] = '\0';
	is_key = strlen(line) == LINK_KEY_BYTES - 1 &&
	         zmq_z85_decode(binary, line) != NULL && fgetc(file) == EOF;
	if (is_key)
		memcpy(secret, line, LINK_KEY_BYTES);
	explicit_bzero(line, sizeof line);
	explicit_bzero(binary, sizeof binary);
	return is_key;
}

static enum status
read_keys(struct link_keys *keys, const char *path, char *why, size_t why_size)
{
	FILE *file = fopen(path, "re");
	enum status status = STATUS_OK;
	struct stat about;

	if (file == NULL)
		return explain(why, why_size,
		    errno == ENOENT ? STATUS_ABSENT : STATUS_UNAVAILABLE, path,
		    strerror(errno));
	if (fstat(fileno(file), &about) != 0 || (about.st_mode & 077) != 0)
		status = explain(why, why_size, STATUS_FORBIDDEN, path,
		    "can be reached by others: set its mode to 600 or 400");
	else if (!read_secret(file, keys->secret) ||
	         zmq_curve_public(keys->public, keys->secret) != 0)
		status = explain(why, why_size, STATUS_INVALID, path,
		    "does not hold one key of 40 characters");
	(void)fclose(file);
	return status;
}

/* Whether the file names this key: lines "NAME KEY", # for remarks.  Read for every stranger
 * that knocks, so that a client is let in, or no longer, without a restart. */
static bool
is_client(const struct link_keys *keys, const char *key)
{
	char name[NAME_MOST + 1], listed[LINK_KEY_BYTES], *line = NULL;
	FILE *file = fopen(keys->clients_path, "re");
	bool is_listed = false;
	size_t size = 0;

	/* Whole lines: the end of a long remark must not be read as one of its own. */
	while (file != NULL && !is_listed && getline(&line, &size, file) > 0)
		is_listed = line[0] != '#' &&
		            sscanf(line, "%64s %40s", name, listed) == 2 &&
		            strcmp(listed, key) == 0;
	if (file != NULL)
		(void)fclose(file);
	free(line);
	return is_listed;
}

enum status
link_key_create(
    const char *path, char public_key[LINK_KEY_BYTES], char *why, size_t why_size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	struct link_keys keys;
	enum status status = STATUS_DUP;
	bool is_written;

	if (fd < 0 && errno != EEXIST)
		return explain(why, why_size, STATUS_UNAVAILABLE, path, strerror(errno));
	if (fd >= 0) {
		if (zmq_curve_keypair(keys.public, keys.secret) != 0)
			abort(); /* a libzmq without CURVE */
		is_written = dprintf(fd, "%s\n", keys.secret) == LINK_KEY_BYTES;
		is_written &= fsync(fd) == 0;
		(void)close(fd);
		status = is_written ? STATUS_OK
		                    : explain(why, why_size, STATUS_UNAVAILABLE, path,
		                          "cannot be written");
	} else if (read_keys(&keys, path, why, why_size) != STATUS_OK) {
		status = STATUS_INVALID;
	}
	if (status_is_success(status))
		memcpy(public_key, keys.public, LINK_KEY_BYTES);
	explicit_bzero(&keys, sizeof keys);
	return status;
}

/* ---- who may come in ---- */

/* Parts of a request, as RFC 27 orders them. */
enum { VERSION, REQUEST, DOMAIN, ADDRESS, IDENTITY, MECHANISM, KEY, PARTS };

struct part {
	char bytes[256];
	size_t length;
};

static bool
part_is(const struct part *part, const char *text)
{
	return part->length == strlen(text) &&
	       memcmp(part->bytes, text, part->length) == 0;
}

static bool
may_enter(const struct link_keys *keys, const struct part *parts)
{
	char key[LINK_KEY_BYTES];

	if (!part_is(&parts[MECHANISM], "CURVE") || parts[KEY].length != 32)
		return false;
	if (zmq_z85_encode(key, (const uint8_t *)parts[KEY].bytes, 32) == NULL)
		return false;
	return strcmp(key, keys->public) == 0 ||
	       (part_is(&parts[DOMAIN], LINK_DOMAIN_OPEN) && is_client(keys, key));
}

static void
answer(void *zmq, const struct part *request, bool is_let_in)
{
	const char *texts[] = { is_let_in ? "200" : "400",
		is_let_in ? "OK" : "unknown key", "", "" };
	size_t count = sizeof texts / sizeof *texts;

	(void)zmq_send(zmq, "1.0", 3, ZMQ_SNDMORE);
	(void)zmq_send(zmq, request->bytes, request->length, ZMQ_SNDMORE);
	for (size_t i = 0; i < count; i++)
		(void)zmq_send(
		    zmq, texts[i], strlen(texts[i]), i + 1 < count ? ZMQ_SNDMORE : 0);
}

/* Only libzmq's own thread asks, so the parts are in order. */
bool
link_keys_turn(struct link_socket *socket)
{
	struct part parts[PARTS] = { 0 };
	int more = 1;
	size_t size = sizeof more;
	bool is_let_in;

	for (unsigned i = 0; more != 0; i++) {
		struct part *part = &parts[i < PARTS ? i : KEY];
		int length =
		    zmq_recv(socket->zmq, part->bytes, sizeof part->bytes, ZMQ_DONTWAIT);

		if (length < 0)
			return false;
		part->length = (size_t)length < sizeof part->bytes ? (size_t)length
		                                                   : sizeof part->bytes;
		(void)zmq_getsockopt(socket->zmq, ZMQ_RCVMORE, &more, &size);
	}
	is_let_in = may_enter(socket->link->keys, parts);
	if (!is_let_in) {
		link_count_refused("handshake", STATUS_FORBIDDEN);
		log_event(LOG_WARN, "stranger_refused",
		    LOG_TEXT("address", ((struct text){ parts[ADDRESS].bytes,
		                            (uint32_t)parts[ADDRESS].length })));
	}
	answer(socket->zmq, &parts[REQUEST], is_let_in);
	return true;
}

/* ---- sockets ---- */

static bool
set_text(void *zmq, int option, const char *text)
{
	return zmq_setsockopt(zmq, option, text, strlen(text)) == 0;
}

bool
link_keys_secure(struct link_socket *socket)
{
	const struct link_keys *keys = socket->link->keys;
	const int yes = 1;

	if (!set_text(socket->zmq, ZMQ_CURVE_SECRETKEY, keys->secret))
		return false;
	if (socket->type == ZMQ_DEALER)
		return set_text(socket->zmq, ZMQ_CURVE_PUBLICKEY, keys->public) &&
		       set_text(socket->zmq, ZMQ_CURVE_SERVERKEY, keys->public);
	return zmq_setsockopt(socket->zmq, ZMQ_CURVE_SERVER, &yes, sizeof yes) == 0 &&
	       set_text(socket->zmq, ZMQ_ZAP_DOMAIN, socket->domain) &&
	       zmq_setsockopt(socket->zmq, ZAP_ENFORCE_DOMAIN, &yes, sizeof yes) == 0;
}

enum status
link_keys_open(struct link *link, const char *folder, char *why, size_t why_size)
{
	struct link_keys *keys = calloc(1, sizeof *keys);
	char path[PATH_BYTES];
	enum status status;

	if (keys == NULL)
		return link_no_memory(why, why_size);
	(void)snprintf(path, sizeof path, "%.200s/link.key", folder);
	(void)snprintf(
	    keys->clients_path, sizeof keys->clients_path, "%.200s/link.clients", folder);
	status = read_keys(keys, path, why, why_size);
	if (status != STATUS_OK) {
		free(keys);
		return status;
	}
	link->keys = keys;
	return link_socket_listen(&keys->socket, link, ZAP_ENDPOINT, why, why_size);
}

void
link_keys_close(struct link *link)
{
	if (link->keys == NULL)
		return;
	link_socket_close(&link->keys->socket);
	explicit_bzero(link->keys, sizeof *link->keys);
	free(link->keys);
	link->keys = NULL;
}
