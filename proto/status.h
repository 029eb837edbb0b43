/* SPDX-License-Identifier: Apache-2.0
 * The one error type; its list is status.def. */
#ifndef PROTO_STATUS_H
#define PROTO_STATUS_H

#include "proto/text.h"

#define MUST_CHECK __attribute__((warn_unused_result))

enum status {
#define STATUS(name, http, code, about) STATUS_##name,
#include "proto/status.def"
#undef STATUS
	STATUS_COUNT
};

/* The code on the wire, in JSON problems, logs and metrics: "stale".  Never NULL. */
const char *status_code(enum status status);
/* The HTTP status that says the same. */
int status_http(enum status status);
/* One sentence for people. */
const char *status_about(enum status status);
/* The status of a wire code; STATUS_INTERNAL if there is none of that name. */
enum status status_of_code(struct text code);

/* OK or DUP. */
static inline bool
status_is_success(enum status status)
{
	return status == STATUS_OK || status == STATUS_DUP;
}

#endif
