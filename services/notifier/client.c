/* SPDX-License-Identifier: Apache-2.0
 * libcurl on the loop, and the guard around it.  The files client*.c are the only ones that know curl. */
#include "services/notifier/client_private.h"

#include <assert.h>
#include <event2/event.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

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
	failed |= curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, client_open_socket);
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
			outcome = client_outcome_of_answer(attempt);
		else
			outcome = client_outcome_of_failure(attempt, code);
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
