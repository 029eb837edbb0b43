/* SPDX-License-Identifier: Apache-2.0
 * What the filter makes of a connection's bytes, however they are cut. */
#ifndef TESTS_UNIT_HTTP_FILTER_FIXTURE_H
#define TESTS_UNIT_HTTP_FILTER_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
/* after those four */
#include <cmocka.h>

#include "common/http_filter.h"

#define HEAD_MOST 512
#define BODY_MOST 64
#define GET "GET / HTTP/1.1\r\nHost: a\r\n"
#define POST "POST / HTTP/1.1\r\nHost: a\r\n"
#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"

/* What a connection came to: whole requests, then the code of a refusal, or 0. */
struct outcome {
	unsigned requests;
	int code;
	size_t refused_at;
};

static inline struct outcome
run(const char *bytes, size_t length, size_t piece)
{
	struct outcome outcome = { 0 };
	struct http_filter filter;
	enum http_filter_result result = HTTP_FILTER_MORE;

	http_filter_init(&filter, HEAD_MOST, BODY_MOST);
	for (size_t at = 0; at < length && result != HTTP_FILTER_REFUSED;) {
		size_t left = length - at < piece ? length - at : piece;
		size_t used;
		/* ends with the piece, so that the sanitizer sees a read past it */
		char *copy = malloc(1 + left);

		assert_non_null(copy);
		memcpy(copy + 1, bytes + at, left);
		result = http_filter_feed(&filter, copy + 1, left, &used);
		free(copy);
		assert_in_range(used, 1, left);
		at += used;
		outcome.requests += result == HTTP_FILTER_REQUEST;
		if (result == HTTP_FILTER_REFUSED) {
			assert_non_null(filter.why);
			outcome.code = filter.code;
			outcome.refused_at = at;
		}
	}
	return outcome;
}

/* Whole, and byte by byte. */
static inline struct outcome
outcome_of(const char *bytes, size_t length)
{
	struct outcome whole = run(bytes, length, length);

	for (size_t piece = 1; piece < 8; piece++) {
		struct outcome cut = run(bytes, length, piece);

		assert_memory_equal(&whole, &cut, sizeof whole);
	}
	return whole;
}

#define OUTCOME(literal) outcome_of(literal, sizeof(literal) - 1)

static inline void
passes(const char *bytes, unsigned requests)
{
	struct outcome outcome = outcome_of(bytes, strlen(bytes));

	if (outcome.code != 0 || outcome.requests != requests)
		fail_msg("%u requests and code %d instead of %u: %s", outcome.requests,
		    outcome.code, requests, bytes);
}

static inline void
refuses(int code, const char *bytes)
{
	struct outcome outcome = outcome_of(bytes, strlen(bytes));

	if (outcome.code != code || outcome.requests != 0)
		fail_msg("%u requests and code %d instead of %d: %s", outcome.requests,
		    outcome.code, code, bytes);
}

#endif
