/* SPDX-License-Identifier: Apache-2.0
 * A stored place into places. */
#include <jansson.h>
#include <math.h>

#include "common/places.h"

static struct text
text_at(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);

	return (
	    struct text){ json_string_value(value), (uint32_t)json_string_length(value) };
}

static double
number_at(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);

	return json_is_number(value) ? json_number_value(value) : NAN;
}

static void
add_name(struct place_entry *entry, struct text lang, const json_t *value)
{
	if (!json_is_string(value) || entry->names_count == PLACE_NAMES_MAX)
		return;
	entry->names[entry->names_count].lang = lang;
	entry->names[entry->names_count++].text = (struct text){ json_string_value(value),
		(uint32_t)json_string_length(value) };
}

static void
read_entry(const json_t *root, struct place_entry *entry)
{
	double population = number_at(root, "population");
	const char *lang;
	json_t *name;
	size_t index;

	*entry = (struct place_entry){
		.code = text_at(root, "code"),
		.parent = text_at(root, "parent"),
		.kind = place_kind_of(text_at(root, "kind")),
		.name = text_at(root, "name"),
		.lat = number_at(root, "latitude"),
		.lon = number_at(root, "longitude"),
		.population =
		    population > 0 && population < UINT32_MAX ? (uint32_t)population : 0,
	};
	json_object_foreach(json_object_get(root, "names"), lang, name)
	{
		add_name(entry, text_of(lang), name);
	}
	json_array_foreach(json_object_get(root, "alternates"), index, name)
	{
		add_name(entry, TEXT_ABSENT, name);
	}
}

enum status
places_read(struct places *places, struct text document)
{
	json_t *root =
	    json_loadb(document.at, document.length, JSON_REJECT_DUPLICATES, NULL);
	struct place_entry entry;
	enum status status;

	if (root == NULL)
		return STATUS_INVALID;
	read_entry(root, &entry);
	status = places_add(places, &entry);
	json_decref(root);
	return status;
}
