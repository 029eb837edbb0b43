/* SPDX-License-Identifier: Apache-2.0
 * Follows the bytes of one HTTP/1 connection before any parser sees them, and refuses
 * every request that two parsers could read differently.  Pure: no socket, no allocation.
 *
 * Stricter than RFC 9112 where it leaves a choice: lines end in CR LF only, no tabs or
 * other control bytes in a head, no folded lines, no chunk extensions, no trailer fields,
 * targets in origin form only, no body on HEAD. */
#ifndef COMMON_HTTP_FILTER_H
#define COMMON_HTTP_FILTER_H

#include "proto/status.h"

/* More fields than any client of ours sends; each costs the parser three allocations. */
#define HTTP_FILTER_FIELDS_MOST 100

enum http_filter_result {
	HTTP_FILTER_MORE,    /* no fault so far, the request goes on */
	HTTP_FILTER_REQUEST, /* the last byte used ends a whole, well-formed request */
	HTTP_FILTER_REFUSED, /* the last byte used is the first fault: answer and close */
};

struct http_filter {
	/* After HTTP_FILTER_REFUSED: the HTTP status to answer, and a literal that says
	 * why. */
	int code;
	const char *why;

	/* private */
	size_t head_most; /* bytes */
	size_t body_most; /* bytes */
	size_t head_bytes;
	uint64_t body_bytes;  /* declared so far, by Content-Length or chunk sizes */
	uint64_t left_bytes;  /* of the body or chunk that is passing by */
	uint32_t word_length; /* of the word being read, also beyond the buffer */
	char word[20]; /* room for the longest that is compared: transfer-encoding */
	uint8_t state;
	uint8_t field;
	uint8_t seen; /* bit per field that may come once */
	uint8_t minor_version;
	uint8_t field_count;
	bool is_chunked;
	bool is_head_method;
	bool awaits_continue;
	bool has_space; /* inside the field value being read */
};

/* Limits in bytes: the request line with all fields and line ends; the body without the
 * framing of chunks. */
void http_filter_init(struct http_filter *filter, size_t head_most, size_t body_most);

/* Reads on to the end of the bytes or of the request or to the first fault; `used` says
 * how many bytes were looked at.  What follows a request begins the next one: feed it. */
enum http_filter_result http_filter_feed(struct http_filter *filter, const char *bytes,
    size_t length, size_t *used) MUST_CHECK;

/* True once, after a head with "Expect: 100-continue" whose body has not begun. */
bool http_filter_take_continue(struct http_filter *filter);

#endif
