/* SPDX-License-Identifier: Apache-2.0
 * Names, HTTP codes and sentences of the statuses. */
#include "proto/status.h"

static const struct {
	const char *code;
	const char *about;
	int http;
} STATUSES[STATUS_COUNT] = {
#define STATUS(name, http_, code_, about_)                                               \
	[STATUS_##name] = { .code = code_, .about = about_, .http = http_ },
#include "proto/status.def"
#undef STATUS
};

static enum status
in_range(enum status status)
{
	return (unsigned)status < STATUS_COUNT ? status : STATUS_INTERNAL;
}

const char *
status_code(enum status status)
{
	return STATUSES[in_range(status)].code;
}

int
status_http(enum status status)
{
	return STATUSES[in_range(status)].http;
}

const char *
status_about(enum status status)
{
	return STATUSES[in_range(status)].about;
}

enum status
status_of_code(struct text code)
{
	for (unsigned i = 0; i < STATUS_COUNT; i++)
		if (text_is(code, STATUSES[i].code))
			return (enum status)i;
	return STATUS_INTERNAL;
}
