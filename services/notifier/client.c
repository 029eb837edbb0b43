/* SPDX-License-Identifier: Apache-2.0
 * libcurl on the loop, and the guard around it.  The only file that knows curl. */
#include "services/notifier/client.h"

#include <assert.h>
#include <curl/curl.h>
#include <event2/event.h>
#include <locale.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

/* One POST.  Places and their curl handles are used again. */
struct attempt {
	struct client *client;
	CURL *easy; /* made on first use */
	struct curl_slist *headers;
	channel_done *done; /* NULL: not under way */
	void *ctx;
	size_t head_bytes, body_bytes; /* of the answer */
	bool has_refused;              /* an address the guard forbids */
	bool has_opened;               /* a socket to another one */
	struct attempt *next_free;
};

struct client {
	struct loop *loop;
	struct loop_timer *timer;
	CURLM *multi;
	struct client_settings settings;
	struct attempt attempts[CLIENT_UNDER_WAY_MOST];
	struct attempt *free;
	size_t under_way_count;
	bool is_settling;
	bool is_closing;
};

/* ---- addresses ---- */

enum reach { NEVER, PRIVATE, PUBLIC };

/* The first `bits` of an address. */
struct range {
	uint8_t prefix[16];
	unsigned bits;
	enum reach reach;
};

/* IANA's special-purpose address registries (RFC 6890); the first that fits counts. */
static const struct range RANGES_4[] = {
	{ { 0 }, 8, NEVER },             /* this network: connects to this host */
	{ { 10 }, 8, PRIVATE },          /* private use */
	{ { 100, 64 }, 10, PRIVATE },    /* carrier NAT */
	{ { 127 }, 8, PRIVATE },         /* loopback */
	{ { 169, 254 }, 16, NEVER },     /* link-local */
	{ { 172, 16 }, 12, PRIVATE },    /* private use */
	{ { 192, 0, 0 }, 24, NEVER },    /* protocol assignments */
	{ { 192, 0, 2 }, 24, NEVER },    /* documentation */
	{ { 192, 88, 99 }, 24, NEVER },  /* 6to4 relays */
	{ { 192, 168 }, 16, PRIVATE },   /* private use */
	{ { 198, 18 }, 15, NEVER },      /* benchmarks */
	{ { 198, 51, 100 }, 24, NEVER }, /* documentation */
	{ { 203, 0, 113 }, 24, NEVER },  /* documentation */
	{ { 224 }, 3, NEVER },           /* multicast, reserved, broadcast */
	{ { 0 }, 0, PUBLIC },
};

static const struct range RANGES_6[] = {
	{ { [15] = 1 }, 128, PRIVATE },            /* ::1 */
	{ { 0xfc }, 7, PRIVATE },                  /* unique local */
	{ { 0x20, 0x01 }, 23, NEVER },             /* assignments, Teredo, ORCHID */
	{ { 0x20, 0x01, 0x0d, 0xb8 }, 32, NEVER }, /* documentation */
	{ { 0x20, 0x02 }, 16, NEVER },             /* 6to4 */
	{ { 0x3f, 0xff }, 20, NEVER },             /* documentation */
	{ { 0x20 }, 3, PUBLIC },                   /* global unicast */
	{ { 0 }, 0, NEVER }, /* ::, mapped, NAT64, link-local, multicast, not assigned */
};

static bool
is_within(const uint8_t *address, const struct range *range)
{
	unsigned whole = range->bits / 8;
	unsigned rest = range->bits % 8;

	if (memcmp(address, range->prefix, whole) != 0)
		return false;
	return rest == 0 || (address[whole] ^ range->prefix[whole]) >> (8 - rest) == 0;
}

static enum reach
reach_of(const uint8_t *address, const struct range *ranges)
{
	while (!is_within(address, ranges)) /* the last one takes all */
		ranges++;
	return ranges->reach;
}

bool
client_may_reach(const struct sockaddr *address, bool is_private_allowed)
{
	const void *any = address;
	enum reach reach = NEVER;

	if (address->sa_family == AF_INET) {
		const struct sockaddr_in *in = any;

		reach = reach_of((const uint8_t *)&in->sin_addr, RANGES_4);
	} else if (address->sa_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = any;

		reach = reach_of(in6->sin6_addr.s6_addr, RANGES_6);
	}
	return reach == PUBLIC || (reach == PRIVATE && is_private_allowed);
}

/* Called with the address that will be connected to, for each that a name has. */
static curl_socket_t
open_socket(void *self, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct attempt *attempt = self;
	bool is_private_allowed = attempt->client->settings.is_private_allowed;

	(void)purpose;
	if (!client_may_reach(&address->addr, is_private_allowed)) {
		attempt->has_refused = true;
		return CURL_SOCKET_BAD;
	}
	attempt->has_opened = true;
	return socket(
	    address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* ---- outcome ---- */

static const struct {
	CURLcode code;
	enum status status;
	const char *detail;
} FAILURES[] = {
	{ CURLE_COULDNT_RESOLVE_HOST, STATUS_UNAVAILABLE, "name not found" },
	{ CURLE_COULDNT_CONNECT, STATUS_UNAVAILABLE, "no connection" },
	{ CURLE_OPERATION_TIMEDOUT, STATUS_UNAVAILABLE, "timeout" },
	{ CURLE_SSL_CONNECT_ERROR, STATUS_UNAVAILABLE, "no TLS" },
	{ CURLE_PEER_FAILED_VERIFICATION, STATUS_REFUSED, "certificate" },
	{ CURLE_SSL_CACERT_BADFILE, STATUS_UNAVAILABLE, "no CA certificates here" },
	{ CURLE_SEND_ERROR, STATUS_UNAVAILABLE, "connection lost" },
	{ CURLE_RECV_ERROR, STATUS_UNAVAILABLE, "connection lost" },
	{ CURLE_GOT_NOTHING, STATUS_UNAVAILABLE, "no answer" },
	{ CURLE_PARTIAL_FILE, STATUS_UNAVAILABLE, "answer cut short" },
	{ CURLE_WRITE_ERROR, STATUS_UNAVAILABLE, "answer too large" },
	{ CURLE_OUT_OF_MEMORY, STATUS_UNAVAILABLE, "too long a line, or no memory" },
	{ CURLE_WEIRD_SERVER_REPLY, STATUS_UNAVAILABLE, "not HTTP" },
	{ CURLE_UNSUPPORTED_PROTOCOL, STATUS_UNAVAILABLE, "not HTTP" }, /* HTTP/0.9 */
	{ CURLE_URL_MALFORMAT, STATUS_REFUSED, "not a host name" },
};

static struct channel_outcome
outcome_of_failure(const struct attempt *attempt, CURLcode code)
{
	struct channel_outcome outcome = { .status = STATUS_UNAVAILABLE };

	if (attempt->has_refused && !attempt->has_opened) {
		outcome.status = STATUS_REFUSED;
		snprintf(outcome.detail, sizeof outcome.detail, "address not allowed");
		return outcome;
	}
	for (size_t i = 0; i < sizeof FAILURES / sizeof *FAILURES; i++)
		if (FAILURES[i].code == code) {
			outcome.status = FAILURES[i].status;
			snprintf(outcome.detail, sizeof outcome.detail, "%s",
			    FAILURES[i].detail);
			return outcome;
		}
	snprintf(outcome.detail, sizeof outcome.detail, "curl %d", (int)code);
	return outcome;
}

/* In ms, of a number of seconds or a date; 0: not given, past, or neither. */
static int64_t
retry_after_ms(CURL *easy)
{
	curl_off_t seconds = 0;

	if (curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &seconds) != CURLE_OK ||
	    seconds < 0)
		return 0;
	if (seconds > CLIENT_RETRY_AFTER_MOST_MS / 1000)
		return CLIENT_RETRY_AFTER_MOST_MS;
	return (int64_t)seconds * 1000;
}

static struct channel_outcome
outcome_of_answer(const struct attempt *attempt)
{
	struct channel_outcome outcome = { .status = STATUS_REFUSED };
	long code = 0;

	curl_easy_getinfo(attempt->easy, CURLINFO_RESPONSE_CODE, &code);
	if (code >= 200 && code < 300) {
		outcome.status = STATUS_OK;
		outcome.is_delivered = true;
	} else if (code == 408 || code == 425 || code == 429 || code >= 500) {
		outcome.status = STATUS_UNAVAILABLE;
		outcome.retry_after_ms = retry_after_ms(attempt->easy);
	}
	snprintf(outcome.detail, sizeof outcome.detail, "HTTP %ld", code);
	return outcome;
}

/* ---- attempts ---- */

static size_t
take_head(char *bytes, size_t size, size_t count, void *self)
{
	struct attempt *attempt = self;

	(void)bytes;
	attempt->head_bytes += size * count;
	return attempt->head_bytes <= CLIENT_ANSWER_HEAD_MOST ? size * count : 0;
}

static size_t
take_body(char *bytes, size_t size, size_t count, void *self)
{
	struct attempt *attempt = self;

	(void)bytes;
	attempt->body_bytes += size * count;
	return attempt->body_bytes <= CLIENT_ANSWER_BODY_MOST ? size * count : 0;
}

/* What is the same for every request.
 * QUICK_EXIT: a lookup that lasts longer than the time limit is left to its thread; without
 * it the loop would wait for the name server.
 * CAPATH: Debian's build reads every file of /etc/ssl/certs for each TLS connection, 40 ms
 * of the loop's time; the same certificates in one file take 14 ms. */
static bool
set_up(CURL *easy, struct attempt *attempt)
{
	const struct client_settings *settings = &attempt->client->settings;
	unsigned failed = 0;

	failed |= curl_easy_setopt(easy, CURLOPT_PRIVATE, attempt);
	failed |= curl_easy_setopt(easy, CURLOPT_POST, 1L);
	failed |= curl_easy_setopt(easy, CURLOPT_USERAGENT, "Hearthline");
	failed |= curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
	failed |= curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	failed |= curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	failed |= curl_easy_setopt(easy, CURLOPT_PROXY, ""); /* nor the environment's */
	failed |= curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
	failed |= curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
	failed |= curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	failed |= curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	failed |= curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)settings->timeout_ms);
	failed |= curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	failed |= curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, attempt);
	failed |= curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_head);
	failed |= curl_easy_setopt(easy, CURLOPT_HEADERDATA, attempt);
	failed |= curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
	failed |= curl_easy_setopt(easy, CURLOPT_WRITEDATA, attempt);
	failed |= curl_easy_setopt(easy, CURLOPT_CAINFO, settings->ca_file);
	failed |= curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
	return failed == CURLE_OK;
}

/* A free place with a handle that is set up; NULL: none, or no memory. */
static struct attempt *
take_place(struct client *client)
{
	struct attempt *attempt = client->free;

	if (attempt == NULL || client->is_closing)
		return NULL;
	if (attempt->easy == NULL) {
		CURL *easy = curl_easy_init();

		if (easy == NULL)
			return NULL;
		if (!set_up(easy, attempt)) {
			curl_easy_cleanup(easy);
			return NULL;
		}
		attempt->easy = easy;
	}
	client->free = attempt->next_free;
	attempt->head_bytes = 0;
	attempt->body_bytes = 0;
	attempt->has_refused = false;
	attempt->has_opened = false;
	return attempt;
}

static void
give_place_back(struct attempt *attempt)
{
	curl_slist_free_all(attempt->headers);
	attempt->headers = NULL;
	attempt->done = NULL;
	attempt->next_free = attempt->client->free;
	attempt->client->free = attempt;
}

/* The place is free before the call, so that done may post again. */
static void
end(struct attempt *attempt, const struct channel_outcome *outcome)
{
	channel_done *done = attempt->done;

	curl_multi_remove_handle(attempt->client->multi, attempt->easy);
	attempt->client->under_way_count--;
	give_place_back(attempt);
	done(attempt->ctx, outcome);
}

/* ---- on the loop ---- */

static void
end_finished(struct client *client)
{
	struct CURLMsg *message;
	int left;

	client->is_settling = true;
	while ((message = curl_multi_info_read(client->multi, &left)) != NULL) {
		struct attempt *attempt = NULL;
		struct channel_outcome outcome;
		CURLcode code = message->data.result;

		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &attempt);
		if (code == CURLE_OK || attempt->body_bytes > CLIENT_ANSWER_BODY_MOST)
			outcome = outcome_of_answer(attempt);
		else
			outcome = outcome_of_failure(attempt, code);
		end(attempt, &outcome);
	}
	client->is_settling = false;
}

static void
on_socket(evutil_socket_t fd, short events, void *self)
{
	struct client *client = self;
	int ready = (events & EV_READ ? CURL_CSELECT_IN : 0) |
	            (events & EV_WRITE ? CURL_CSELECT_OUT : 0);
	int running;

	curl_multi_socket_action(client->multi, fd, ready, &running);
	end_finished(client);
}

static void
on_time(void *self)
{
	struct client *client = self;
	int running;

	curl_multi_socket_action(client->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	end_finished(client);
}

/* Says what curl waits for on a socket.  Without memory for the event the request runs
 * into its time limit; an error would end all of them. */
static int
watch(CURL *easy, curl_socket_t fd, int what, void *self, void *known)
{
	struct client *client = self;
	struct event *event = known;
	short events = (short)(EV_PERSIST | (what & CURL_POLL_IN ? EV_READ : 0) |
	                       (what & CURL_POLL_OUT ? EV_WRITE : 0));

	(void)easy;
	if (event != NULL)
		event_free(event);
	event = NULL;
	if (what != CURL_POLL_REMOVE)
		event = event_new(loop_base(client->loop), fd, events, on_socket, client);
	if (event != NULL)
		event_add(event, NULL);
	curl_multi_assign(client->multi, fd, event);
	return 0;
}

static int
set_timer(CURLM *multi, long after_ms, void *self)
{
	struct client *client = self;

	(void)multi;
	loop_timer_set(client->timer, after_ms);
	return 0;
}

/* ---- the client ---- */

static bool
set_up_multi(struct client *client)
{
	CURLM *multi = curl_multi_init();
	int failed = 0;

	client->multi = multi;
	if (multi == NULL)
		return false;
	failed |= curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, watch);
	failed |= curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, client);
	failed |= curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, set_timer);
	failed |= curl_multi_setopt(multi, CURLMOPT_TIMERDATA, client);
	failed |= curl_multi_setopt(
	    multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)CLIENT_PER_HOST_MOST);
	failed |= curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)CLIENT_IDLE_MOST);
	return failed == CURLM_OK;
}

struct client *
client_open(struct loop *loop, const struct client_settings *settings)
{
	struct client *client;

	assert(settings->timeout_ms >= 1 && settings->timeout_ms <= INT32_MAX);
	setlocale(
	    LC_CTYPE, "C.UTF-8"); /* libidn2 reads host names in the locale's form */
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return NULL;
	client = calloc(1, sizeof *client);
	if (client == NULL) {
		curl_global_cleanup();
		return NULL;
	}
	client->loop = loop;
	client->settings = *settings;
	if (client->settings.ca_file == NULL)
		client->settings.ca_file = CLIENT_CA_FILE;
	for (size_t i = CLIENT_UNDER_WAY_MOST; i > 0; i--) {
		client->attempts[i - 1].client = client;
		give_place_back(&client->attempts[i - 1]);
	}
	client->timer = loop_timer_new(loop, on_time, client);
	if (client->timer == NULL || !set_up_multi(client)) {
		client_close(client);
		return NULL;
	}
	return client;
}

void
client_close(struct client *client)
{
	struct channel_outcome closed = { .status = STATUS_UNAVAILABLE,
		.detail = "closed" };

	if (client == NULL)
		return;
	assert(!client->is_settling);
	client->is_closing = true;
	for (size_t i = 0; i < CLIENT_UNDER_WAY_MOST; i++)
		if (client->attempts[i].done != NULL)
			end(&client->attempts[i], &closed);
	for (size_t i = 0; i < CLIENT_UNDER_WAY_MOST; i++)
		curl_easy_cleanup(client->attempts[i].easy);
	curl_multi_cleanup(client->multi);
	loop_timer_free(client->timer);
	free(client);
	curl_global_cleanup();
}

/* Only http and https, and no password that everybody who sees the address would see. */
static bool
is_allowed_url(const char *url)
{
	CURLU *parts = curl_url();
	char *scheme = NULL;
	bool is_allowed = false;

	if (parts != NULL &&
	    curl_url_set(parts, CURLUPART_URL, url, CURLU_DISALLOW_USER) == CURLUE_OK &&
	    curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK)
		is_allowed = strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0;
	curl_free(scheme);
	curl_url_cleanup(parts);
	return is_allowed;
}

/* False: no memory. */
static bool
describe(struct attempt *attempt, const char *url, const struct client_header *headers,
    struct text body)
{
	unsigned failed = 0;

	for (; headers->name != NULL; headers++) {
		char line[CLIENT_HEADER_BYTES];
		struct curl_slist *list;
		int length =
		    snprintf(line, sizeof line, "%s: %s", headers->name, headers->value);

		assert(length > 0 && (size_t)length < sizeof line);
		list = curl_slist_append(attempt->headers, line);
		if (list == NULL)
			return false;
		attempt->headers = list;
	}
	failed |= curl_easy_setopt(attempt->easy, CURLOPT_URL, url);
	failed |= curl_easy_setopt(attempt->easy, CURLOPT_HTTPHEADER, attempt->headers);
	failed |=
	    curl_easy_setopt(attempt->easy, CURLOPT_POSTFIELDSIZE, (long)body.length);
	failed |= curl_easy_setopt(attempt->easy, CURLOPT_COPYPOSTFIELDS,
	    body.at != NULL ? body.at : ""); /* NULL would read standard input */
	return failed == CURLE_OK;
}

enum status
client_post(struct client *client, struct text url, const struct client_header *headers,
    struct text body, channel_done *done, void *ctx)
{
	char terminated[CLIENT_URL_BYTES + 1];
	struct attempt *attempt;

	if (url.at == NULL || memchr(url.at, '\0', url.length) != NULL ||
	    !text_copy(url, terminated, sizeof terminated) || !is_allowed_url(terminated))
		return STATUS_INVALID;
	attempt = take_place(client);
	if (attempt == NULL)
		return STATUS_BUSY;
	if (!describe(attempt, terminated, headers, body) ||
	    curl_multi_add_handle(client->multi, attempt->easy) != CURLM_OK) {
		give_place_back(attempt);
		return STATUS_BUSY;
	}
	attempt->done = done;
	attempt->ctx = ctx;
	client->under_way_count++;
	return STATUS_OK;
}

size_t
client_under_way(const struct client *client)
{
	return client->under_way_count;
}
