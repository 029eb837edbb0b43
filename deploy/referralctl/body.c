/* SPDX-License-Identifier: Apache-2.0
 * Reads an intake and collects all that is wrong with it. */
#include "deploy/referralctl/body.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/seal.h"
#include "deploy/referralctl/session.h"
#include "proto/rules.h"

/* A larger one would not fit into a message. */
#define BODY_MOST ((size_t)MESSAGE_MAX_BYTES)

static bool
fail(const char *command, bool wants_json, enum status status, const char *path,
    const char *why)
{
	struct session session = { .command = command, .wants_json = wants_json };

	(void)session_fail(&session, status, "%s: %s", path, why);
	return false;
}

static bool
read_bytes(struct body *body, const char *command, bool wants_json, const char *path)
{
	bool is_input = strcmp(path, "-") == 0;
	FILE *file = is_input ? stdin : fopen(path, "re");
	bool is_good;

	if (file == NULL)
		return fail(command, wants_json, STATUS_ABSENT, path, strerror(errno));
	body->bytes = malloc(BODY_MOST + 1);
	if (body->bytes != NULL)
		body->length = fread(body->bytes, 1, BODY_MOST + 1, file);
	is_good = ferror(file) == 0;
	if (!is_good)
		(void)fail(command, wants_json, STATUS_ABSENT, path, strerror(errno));
	if (!is_input)
		(void)fclose(file);
	if (!is_good)
		return false;
	if (body->bytes == NULL)
		return fail(command, wants_json, STATUS_NO_MEMORY, path, "out of memory");
	if (body->length > BODY_MOST)
		return fail(
		    command, wants_json, STATUS_TOO_LARGE, path, "larger than 256 kB");
	return true;
}

bool
body_read(struct body *body, const char *command, bool wants_json, const char *path)
{
	struct defects defects = { .count = 0 };
	enum status status;

	*body = (struct body){ .length = 0 };
	if (!read_bytes(body, command, wants_json, path))
		return false;
	body->arena = json_arena_new();
	if (body->arena == NULL)
		return fail(command, wants_json, STATUS_NO_MEMORY, path, "out of memory");
	status = json_read(body->arena, &record_intake, &body->intake,
	    (struct text){ body->bytes, (uint32_t)body->length }, &defects);
	if (status == STATUS_OK || status == STATUS_INVALID)
		rules_check_intake(&body->intake, "", &defects);
	if (status == STATUS_OK && defects.count > 0)
		status = STATUS_INVALID;
	if (status == STATUS_NO_MEMORY)
		return fail(command, wants_json, status, path, "out of memory");
	if (status != STATUS_OK)
		(void)session_defects(command, wants_json, status, &defects);
	return status == STATUS_OK;
}

void
body_free(struct body *body)
{
	json_arena_free(body->arena);
	if (body->bytes != NULL)
		seal_wipe(body->bytes, BODY_MOST + 1);
	free(body->bytes);
	seal_wipe(&body->intake, sizeof body->intake);
}
