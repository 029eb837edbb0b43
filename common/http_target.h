/* SPDX-License-Identifier: Apache-2.0
 * A request target taken apart, and the patterns of routes.  Pure. */
#ifndef COMMON_HTTP_TARGET_H
#define COMMON_HTTP_TARGET_H

#include "proto/status.h"

/* Twice the deepest path and the widest search of our API. */
#define HTTP_SEGMENTS_MOST 12
#define HTTP_PARAMETERS_MOST 32

struct http_target {
	uint32_t segment_count;
	uint32_t parameter_count;
	struct text segments[HTTP_SEGMENTS_MOST];
	struct {
		struct text name;
		struct text value; /* empty for "?name" */
	} parameters[HTTP_PARAMETERS_MOST];
};

/* Takes "/a/b%20c?x=1+2" apart and decodes it in place: the texts point into `bytes`. "/"
 * is one empty segment.  NULL, or a literal that says what is wrong: no leading slash, a
 * % without two hexadecimal digits, a NUL, too many pieces. */
const char *http_target_read(
    struct http_target *target, char *bytes, size_t length) MUST_CHECK;

/* Whether the path is that of a pattern such as "/api/v1/cases/{id}", where {id} stands
 * for one segment that is not empty. */
bool http_target_fits(const struct http_target *target, const char *pattern);

/* The segment that stands where the (fitting) pattern has {name}; TEXT_ABSENT: nowhere.
 */
struct text http_target_segment(
    const struct http_target *target, const char *pattern, const char *name);

/* The first query parameter of that name, else TEXT_ABSENT. */
struct text http_target_parameter(const struct http_target *target, const char *name);

/* Whether it is a traceparent of W3C Trace Context: any version but ff, ids not all zero.
 */
bool http_trace_is_valid(struct text trace);

#endif
