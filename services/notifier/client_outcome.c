/* SPDX-License-Identifier: Apache-2.0
 * What an attempt came to. */
#include <stdio.h>
#include <stdlib.h>

#include "services/notifier/client_private.h"

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

struct channel_outcome
client_outcome_of_failure(const struct attempt *attempt, CURLcode code)
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

struct channel_outcome
client_outcome_of_answer(const struct attempt *attempt)
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
