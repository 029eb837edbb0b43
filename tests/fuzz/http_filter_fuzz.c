/* SPDX-License-Identifier: Apache-2.0
 * The verdict on a connection is the same whatever way its bytes are cut into reads.  The
 * first byte of the input chooses the cuts. */
#include <assert.h>

#include "common/http_filter.h"

#define HEAD_MOST 256
#define BODY_MOST 64
#define REQUESTS_MOST 64

struct verdict {
	size_t ends[REQUESTS_MOST]; /* where each request ended */
	size_t requests;
	size_t refused_at;
	const char *why;
	int64_t code;
};

/* The length of the next piece: `piece`, or if that is 0 a random one. */
static size_t
next_piece(size_t piece, uint32_t *seed)
{
	*seed = *seed * 1103515245u + 12345u;
	return piece ? piece : 1 + (*seed >> 16) % (*seed & 0x1000 ? 3 : 40);
}

static void
judge(struct verdict *verdict, const char *bytes, size_t length, size_t piece,
    uint32_t seed)
{
	enum http_filter_result result = HTTP_FILTER_MORE;
	struct http_filter filter;
	size_t end = 0;

	http_filter_init(&filter, HEAD_MOST, BODY_MOST);
	for (size_t at = 0; at < length && result != HTTP_FILTER_REFUSED;) {
		size_t used;

		if (at == end)
			end += next_piece(piece, &seed);
		if (end > length)
			end = length;
		result = http_filter_feed(&filter, bytes + at, end - at, &used);
		assert(used > 0 && used <= end - at);
		at += used;
		assert(at == end || result != HTTP_FILTER_MORE);
		if (result == HTTP_FILTER_REQUEST)
			verdict->ends[verdict->requests++ % REQUESTS_MOST] = at;
		if (result != HTTP_FILTER_REFUSED)
			continue;
		assert(filter.code >= 400 && filter.code < 600 && filter.why);
		verdict->refused_at = at;
		verdict->code = filter.code;
		verdict->why = filter.why;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct verdict whole = { 0 };
	struct verdict single = { 0 };
	struct verdict random = { 0 };
	const char *bytes = (const char *)data + 1;

	if (size < 2)
		return 0;
	judge(&whole, bytes, size - 1, size, 0);
	judge(&single, bytes, size - 1, 1, 0);
	judge(&random, bytes, size - 1, 0, data[0]);
	assert(memcmp(&whole, &single, sizeof whole) == 0);
	assert(memcmp(&whole, &random, sizeof whole) == 0);
	return 0;
}
