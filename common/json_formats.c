/* SPDX-License-Identifier: Apache-2.0
 * Members whose format HSDS demands: what is written otherwise stays, but set aside. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "common/json_hsds_private.h"

static bool
is_uri(const char *text)
{
	size_t scheme =
	    strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                 "0123456789+-.");

	if (!isalpha((unsigned char)text[0]) || text[scheme] != ':' ||
	    text[scheme + 1] == '\0')
		return false;
	for (text += scheme + 1; *text != '\0'; text++)
		if ((unsigned char)*text <= ' ' || (unsigned char)*text >= 0x7f ||
		    strchr("\"<>\\^`{|}", *text) != NULL)
			return false;
	return true;
}

static bool
is_email(const char *text)
{
	const char *at = strchr(text, '@');

	return at != NULL && at > text && at[1] != '\0' && strchr(at + 1, '@') == NULL &&
	       strpbrk(text, " \t\r\n,;<>") == NULL;
}

static const struct {
	const char *name;
	bool (*is_good)(const char *text);
} FORMATS[] = {
	{ "url", is_uri },
	{ "uri", is_uri },
	{ "website", is_uri },
	{ "term_uri", is_uri },
	{ "schedule_link", is_uri },
	{ "email", is_email },
	{ "assurer_email", is_email },
};

static void
settle_member(json_t *object, const char *name, json_t *member)
{
	char aside[32];

	for (size_t i = 0; i < sizeof FORMATS / sizeof *FORMATS; i++) {
		if (strcmp(FORMATS[i].name, name) != 0 || !json_is_string(member) ||
		    FORMATS[i].is_good(json_string_value(member)))
			continue;
		(void)snprintf(aside, sizeof aside, "x_%s", FORMATS[i].name);
		(void)json_object_set(object, aside, member);
		(void)json_object_del(object, FORMATS[i].name);
		return;
	}
}

/* Links must have their "url": those with another go to a list beside. */
static bool
is_links(const char *name)
{
	return strcmp(name, "additional_urls") == 0 ||
	       strcmp(name, "additional_websites") == 0;
}

static void
settle_links(json_t *object, const char *name, json_t *links)
{
	json_t *apart = json_array();
	char aside[32];

	for (size_t i = 0; apart != NULL && i < json_array_size(links);) {
		json_t *link = json_array_get(links, i);
		const char *url = json_string_value(json_object_get(link, "url"));

		if (url != NULL && is_uri(url)) {
			i++;
			continue;
		}
		(void)json_array_append(apart, link);
		(void)json_array_remove(links, i);
	}
	(void)snprintf(aside, sizeof aside, "x_%s", name);
	if (json_array_size(apart) > 0)
		(void)json_object_set(object, aside, apart);
	json_decref(apart);
}

/* As deep as documents nest, which the parser bounds. */
void
hsds_settle_formats(json_t *value)
{
	const char *name;
	json_t *member;
	void *next;
	size_t i;

	if (json_is_array(value))
		json_array_foreach(value, i, member) hsds_settle_formats(member);
	if (!json_is_object(value))
		return;
	json_object_foreach_safe(value, next, name, member)
	{
		if (is_links(name) && json_is_array(member)) {
			settle_links(value, name, member);
			continue;
		}
		hsds_settle_formats(member);
		settle_member(value, name, member);
	}
}
