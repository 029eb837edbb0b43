/* SPDX-License-Identifier: Apache-2.0
 * What is read from JSON keeps the bounds, and is written and read back to the same bytes. */
#include <stdlib.h>
#include <string.h>

#include "common/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static struct {
	struct json_arena *arena;
	struct defects defects;
	struct case_view values; /* holds any record */
	uint8_t once[MESSAGE_MAX_BYTES], twice[MESSAGE_MAX_BYTES];
} its;

static void
must(bool is_true)
{
	if (!is_true)
		abort();
}

static void
check_again(const struct record *record, size_t once)
{
	size_t length = 0, twice = 0;
	char *json = json_write(record, &its.values, MASK_ALL, &length);

	must(json != NULL && strlen(json) == length);
	must(json_read(its.arena, record, &its.values,
	         (struct text){ json, (uint32_t)length }, &its.defects) == STATUS_OK);
	must(record_encode(record, &its.values, MASK_ALL, its.twice, sizeof its.twice,
	         &twice) == STATUS_OK);
	must(once == twice && memcmp(its.once, its.twice, once) == 0);
	free(json);
}

static void
check_problem(enum status status)
{
	size_t length = 0;
	char *json =
	    json_problem(status, &its.defects, TEXT_ABSENT, UINT_ABSENT, &length);

	must(json != NULL && strlen(json) == length);
	free(json);
}

/* The record of that name, or else any. */
static const struct record *
choose(struct text name)
{
	size_t count = 0;

	while (record_all()[count] != NULL)
		if (text_is(name, record_all()[count++]->name))
			return record_all()[count - 1];
	return record_all()[name.length > 0 ? (uint8_t)name.at[0] % count : 0];
}

/* "submit\n{...}": the first line names the record. */
int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	const char *at = (const char *)bytes;
	const char *end = length > 0 ? memchr(at, '\n', length) : NULL;
	const struct record *record;
	enum status status;
	size_t once = 0;

	if (end == NULL || length > MESSAGE_MAX_BYTES / 4)
		return 0;
	if (its.arena == NULL)
		its.arena = json_arena_new();
	record = choose((struct text){ at, (uint32_t)(end - at) });
	status = json_read(its.arena, record, &its.values,
	    (struct text){ end + 1, (uint32_t)(at + length - end - 1) }, &its.defects);
	must((status == STATUS_OK) == (its.defects.count == 0));
	if (status != STATUS_OK) {
		check_problem(status);
		return 0;
	}
	record_check(record, &its.values, &its.defects);
	must(its.defects.count == 0);
	must(record_encode(record, &its.values, MASK_ALL, its.once, sizeof its.once,
	         &once) == STATUS_OK);
	check_again(record, once);
	return 0;
}
