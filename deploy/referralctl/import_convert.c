/* SPDX-License-Identifier: Apache-2.0
 * Makes texts, slugs, times and points. */
#include "deploy/referralctl/import_convert.h"

#include <stdlib.h>

#include "common/clock.h"
#include "deploy/referralctl/import_text.h"
#include "deploy/referralctl/import_write.h"

static struct text
text_in(const json_t *value)
{
	return (
	    struct text){ json_string_value(value), (uint32_t)json_string_length(value) };
}

json_t *
convert_to_text(const json_t *value)
{
	struct import_buffer buffer = { 0 };
	struct text text = import_text_trim(text_in(value));
	json_t *made;

	if (json_is_string(value))
		return json_stringn(text.at, text.length);
	if (!json_is_number(value) && !json_is_boolean(value))
		return NULL;
	import_write(&buffer, value);
	made = buffer.is_broken ? NULL : json_stringn(buffer.bytes, buffer.length);
	free(buffer.bytes);
	return made;
}

/* "Farmers' Market" is farmers-market; other scripts keep their letters. */
static json_t *
as_slug(const json_t *value)
{
	struct import_buffer slug = { 0 };
	struct text text = text_in(value);
	bool is_gap = false;
	json_t *made;

	for (uint32_t i = 0; i < text.length; i++) {
		char byte = text.at[i];
		bool is_letter = (byte >= 'a' && byte <= 'z') ||
		                 (byte >= 'A' && byte <= 'Z') ||
		                 (byte >= '0' && byte <= '9') || (byte & 0x80);

		if (byte == '\'')
			continue;
		if (!is_letter) {
			is_gap = slug.length > 0;
			continue;
		}
		if (is_gap)
			import_buffer_add(&slug, "-", 1);
		is_gap = false;
		if (byte >= 'A' && byte <= 'Z')
			byte = (char)(byte + 32);
		import_buffer_add(&slug, &byte, 1);
	}
	made = slug.is_broken || slug.length == 0 ? NULL
	                                          : json_stringn(slug.bytes, slug.length);
	free(slug.bytes);
	return made;
}

/* Milliseconds since 1970 as RFC 3339. */
static json_t *
as_time_ms(const json_t *value)
{
	char text[CLOCK_TEXT_BYTES];

	if (!json_is_integer(value))
		return NULL;
	clock_format(json_integer_value(value), text);
	return json_string(text);
}

static json_t *
as_point(const json_t *value, size_t lon, size_t lat)
{
	json_t *point;

	if (json_array_size(value) != 2)
		return NULL;
	point = json_object();
	json_object_set(point, "longitude", json_array_get(value, lon));
	json_object_set(point, "latitude", json_array_get(value, lat));
	return point;
}

static json_t *
as_lon_lat(const json_t *value)
{
	return as_point(value, 0, 1);
}

static json_t *
as_lat_lon(const json_t *value)
{
	return as_point(value, 1, 0);
}

static json_t *
as_it_is(const json_t *value)
{
	return json_deep_copy(value);
}

static const struct {
	const char *word;
	convert_value *make;
} KINDS[] = {
	{ "text", convert_to_text },
	{ "slug", as_slug },
	{ "time_ms", as_time_ms },
	{ "lon_lat", as_lon_lat },
	{ "lat_lon", as_lat_lon },
	{ "as_it_is", as_it_is },
};
convert_value *
convert_find(const char *word)
{
	for (size_t i = 0; i < sizeof KINDS / sizeof *KINDS; i++)
		if (strcmp(KINDS[i].word, word) == 0)
			return KINDS[i].make;
	return NULL;
}

bool
convert_is_point(const char *word)
{
	return word != NULL &&
	       (strcmp(word, "lon_lat") == 0 || strcmp(word, "lat_lon") == 0);
}
