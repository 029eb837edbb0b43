/* SPDX-License-Identifier: Apache-2.0
 * What a new connection says before it carries calls. */
#include <stdio.h>
#include <stdlib.h>

#include "common/store_connection.h"

bool
greeting_add(struct greeting *greeting, size_t count, const struct text *arguments)
{
	size_t bytes = command_bytes(count, arguments);
	char *grown = realloc(greeting->bytes, greeting->length + bytes);
	char *place;

	if (grown == NULL)
		return false;
	place = grown + greeting->length - greeting->tail_length;
	memmove(place + bytes, place, greeting->tail_length);
	command_write(place, count, arguments);
	greeting->bytes = grown;
	greeting->length += bytes;
	greeting->count++;
	return true;
}

/* Whatever is added later goes before it. */
static bool
add_tail(struct greeting *greeting, const char *name)
{
	const struct text naming[] = { LITERAL("CLIENT"), LITERAL("SETNAME"),
		text_of(name) };
	const struct text ping = LITERAL("PING");

	if (name != NULL && !greeting_add(greeting, 3, naming))
		return false;
	if (!greeting_add(greeting, 1, &ping))
		return false;
	greeting->tail_length = greeting->length;
	greeting->tail_count = greeting->count;
	return true;
}

bool
greeting_begin(
    struct greeting *greeting, const char *password, bool wants_primary, const char *name)
{
	const struct text auth[] = { LITERAL("AUTH"), text_of(password) };
	const struct text role = LITERAL("ROLE");
	bool has_password = password != NULL && password[0] != '\0';

	if (!add_tail(greeting, name))
		return false;
	if (has_password && !greeting_add(greeting, 2, auth))
		return false;
	if (!wants_primary)
		return true;
	greeting->role_at = has_password ? 2 : 1;
	return greeting_add(greeting, 1, &role);
}

bool
store_password(const char *path, char password[STORE_PASSWORD_MOST + 1])
{
	FILE *file = fopen(path, "r");
	char line[STORE_PASSWORD_MOST + 2] = "";
	bool is_read = file != NULL && fgets(line, sizeof line, file) != NULL;
	size_t length = strcspn(line, "\r\n");

	if (file != NULL)
		(void)fclose(file);
	is_read = is_read && length > 0 && length <= STORE_PASSWORD_MOST;
	(void)text_copy((struct text){ line, is_read ? (uint32_t)length : 0 }, password,
	    STORE_PASSWORD_MOST + 1);
	explicit_bzero(line, sizeof line);
	return is_read;
}

void
greeting_free(struct greeting *greeting)
{
	free(greeting->bytes);
	*greeting = (struct greeting){ 0 };
}
