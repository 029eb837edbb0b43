/* SPDX-License-Identifier: Apache-2.0
 * Open Referral UK: less than HSDS. */
#include <string.h>

#include "common/json_hsds_private.h"

/* clang-format off */
static const struct known {
	const char *name, *members;
} KNOWN[] = {
#define MEMBER(name, members) { #name, members },
#include "common/json_oruk.def"
};
/* clang-format on */

#define ALIAS "service_at_locations"

/* What is known of it; NULL: its members are not looked at. */
static const char *
members_of(const char *name)
{
	if (strcmp(name, ALIAS) == 0)
		name = "service_at_location";
	for (size_t i = 0; i < sizeof KNOWN / sizeof *KNOWN; i++)
		if (strcmp(KNOWN[i].name, name) == 0)
			return KNOWN[i].members;
	return NULL;
}

static bool
is_known(const char *members, const char *name)
{
	size_t length = strlen(name);

	while (*members != '\0') {
		size_t most = strcspn(members, "|");

		if (most == length && strncmp(members, name, length) == 0)
			return true;
		members += most + (members[most] == '|');
	}
	return false;
}

/* As deep as the entities nest: six. */
static void
narrow(json_t *value, const char *entity)
{
	const char *members = members_of(entity), *name;
	json_t *member;
	void *next;
	size_t i;

	if (json_is_array(value))
		json_array_foreach(value, i, member) narrow(member, entity);
	if (!json_is_object(value) || members == NULL)
		return;
	json_object_foreach_safe(value, next, name, member)
	{
		if (is_known(members, name))
			narrow(member, name);
		else
			(void)json_object_del(value, name);
	}
}

void
hsds_narrow(json_t *object, enum entity entity, enum hsds_profile profile)
{
	if (profile == HSDS_ORUK)
		narrow(object, code_word(CODE_SET_entity, entity));
}
