/* SPDX-License-Identifier: Apache-2.0
 * Service documents as readers may see them. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/facts.h"
#include "common/json.h"
#include "common/json_hsds_private.h"

/* What tells where a location is. */
static const char *const WHERE[] = { "name", "alternate_name", "description",
	"transportation", "latitude", "longitude", "addresses", "external_identifier",
	"external_identifier_type", "url", "accessibility", "metadata" };

/* What HSDS does not know may tell anything; these are ours, and do not. */
static void
hide_unknown(json_t *object)
{
	const char *name;
	json_t *value;
	void *next;

	json_object_foreach_safe(object, next, name, value)
	{
		if (strncmp(name, "x_", 2) == 0 && strcmp(name, "x_translations") != 0 &&
		    strcmp(name, "x_timezone") != 0)
			(void)json_object_del(object, name);
	}
}

static void
hide_location(json_t *location)
{
	for (size_t i = 0; i < sizeof WHERE / sizeof WHERE[0]; i++)
		(void)json_object_del(location, WHERE[i]);
	hide_unknown(location);
}

static void
hide_addresses(json_t *service)
{
	json_t *places = json_object_get(service, "service_at_locations");
	json_t *locations =
	    json_object_get(json_object_get(service, "organization"), "locations");
	json_t *each;
	size_t i;

	json_array_foreach(places, i, each)
	{
		(void)json_object_del(each, "description");
		(void)json_object_del(each, "metadata");
		hide_unknown(each);
		hide_location(json_object_get(each, "location"));
	}
	json_array_foreach(locations, i, each) hide_location(each);
	hide_unknown(service);
	(void)json_object_del(service, "metadata");
}

static void
show_what_holds(json_t *service, const struct service_facts *facts, int64_t now_ms)
{
	int64_t opens_at = hours_next_opening(facts->hours, facts->hours_count, now_ms);
	char text[CLOCK_TEXT_BYTES];

	if (facts_notice(facts, now_ms).at == NULL)
		(void)json_object_del(service, "alert");
	if (opens_at == TIME_ABSENT)
		return;
	clock_format(opens_at, text);
	(void)json_object_set_new(service, "x_opens_at", json_string(text));
}

void
hsds_strip(
    json_t *service, const struct service_facts *facts, bool hide_address, int64_t now_ms)
{
	(void)json_object_del(service, "x_source");
	show_what_holds(service, facts, now_ms);
	if (hide_address)
		hide_addresses(service);
}

char *
json_service(struct text document, const struct service_facts *facts, bool hide_address,
    int64_t now_ms, size_t *length)
{
	json_t *service = json_loadb(document.at, document.length, 0, NULL);
	char *text = NULL;

	if (json_is_object(service)) {
		hsds_strip(service, facts, hide_address, now_ms);
		text = json_dumps(service, JSON_COMPACT);
	}
	json_decref(service);
	*length = text != NULL ? strlen(text) : 0;
	return text;
}
