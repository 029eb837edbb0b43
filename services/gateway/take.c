/* SPDX-License-Identifier: Apache-2.0
 * What a command needs of its request: key, version, body. */
#include "proto/rules.h"
#include "services/gateway/gateway.h"

#define COMMAND_ID_MAX 128

/* If-Match: "7"; ABSENT: no such header; INVALID: something else. */
static enum status
read_version(const struct call *call, uint32_t *version)
{
	struct text header = http_header(call->request, "If-Match");
	uint64_t number = 0;

	*version = UINT_ABSENT;
	if (header.at == NULL)
		return STATUS_ABSENT;
	if (header.length < 3 || header.length > 12 || header.at[0] != '"' ||
	    header.at[header.length - 1] != '"')
		return STATUS_INVALID;
	for (uint32_t i = 1; i + 1 < header.length; i++) {
		if (header.at[i] < '0' || header.at[i] > '9')
			return STATUS_INVALID;
		number = number * 10 + (uint64_t)(header.at[i] - '0');
	}
	if (number > 4294967290)
		return STATUS_INVALID;
	*version = (uint32_t)number;
	return STATUS_OK;
}

bool
call_take_key(struct call *call, struct text *key)
{
	struct text header = http_header(call->request, "Idempotency-Key");
	struct defects defects = { .count = 0 };

	if (header.length > 1 && header.at[0] == '"' &&
	    header.at[header.length - 1] == '"')
		header = (struct text){ header.at + 1, header.length - 2 };
	*key = header;
	if (header.length > 0 && header.length <= COMMAND_ID_MAX)
		return true;
	defects_add(&defects,
	    header.length == 0 ? "this request needs one, so that a repeat is harmless"
	                       : "is longer than 128 bytes",
	    "Idempotency-Key");
	call_refuse(
	    call, STATUS_BAD_MESSAGE, &defects, TEXT_ABSENT, UINT_ABSENT, UINT_ABSENT);
	return false;
}

bool
call_take_version(struct call *call, bool is_required, uint32_t *version)
{
	struct defects defects = { .count = 0 };
	enum status status = read_version(call, version);

	if (status == STATUS_OK || (status == STATUS_ABSENT && !is_required))
		return true;
	if (status == STATUS_ABSENT) {
		call_fail(call, STATUS_PRECONDITION);
		return false;
	}
	defects_add(&defects, "is not a quoted version, e.g. \"3\"", "If-Match");
	call_refuse(
	    call, STATUS_BAD_MESSAGE, &defects, TEXT_ABSENT, UINT_ABSENT, UINT_ABSENT);
	return false;
}

bool
call_take_body(
    struct call *call, const struct record *record, void *values, bool may_be_empty)
{
	struct defects defects = { .count = 0 };
	struct text body = http_body(call->request);
	enum status status;

	if (body.length == 0 && may_be_empty) {
		record_init(record, values);
		return true;
	}
	status = json_read(call->gateway->arena, record, values, body, &defects);
	if (record == &record_intake && status != STATUS_BAD_MESSAGE)
		rules_check_intake(values, "", &defects);
	if (status == STATUS_OK && defects.count > 0)
		status = STATUS_INVALID;
	if (status == STATUS_OK)
		return true;
	call_refuse(call, status, &defects, TEXT_ABSENT, UINT_ABSENT, UINT_ABSENT);
	return false;
}
