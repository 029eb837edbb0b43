/* SPDX-License-Identifier: Apache-2.0
 * Makes texts, slugs, times and points. */
#include "deploy/referralctl/import_convert.h"

#include <regex.h>
#include <stdlib.h>

#include "common/clock.h"
#include "deploy/referralctl/import_amount.h"
#include "deploy/referralctl/import_text.h"
#include "deploy/referralctl/import_when.h"
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
	double pair[2];

	if (json_is_string(value) && amount_read_pair(text_in(value), pair))
		return json_pack(
		    "{s:f, s:f}", "longitude", pair[lon], "latitude", pair[lat]);
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
make_number(const json_t *value, bool comma_is_point)
{
	double number;

	if (json_is_number(value))
		return json_copy((json_t *)value);
	if (!amount_read_number(text_in(value), comma_is_point, &number))
		return NULL;
	return number == (double)(json_int_t)number ? json_integer((json_int_t)number)
	                                            : json_real(number);
}

static json_t *
as_number(const json_t *value)
{
	return make_number(value, false);
}

static json_t *
as_degrees(const json_t *value)
{
	return make_number(value, true);
}

static json_t *
make_date(const json_t *value, enum date_order order)
{
	char date[11];

	return amount_read_date(text_in(value), order, date) ? json_string(date) : NULL;
}

static json_t *
as_date(const json_t *value)
{
	return make_date(value, DATE_CLEAR_ONLY);
}

static json_t *
as_date_dmy(const json_t *value)
{
	return make_date(value, DATE_DAY_FIRST);
}

static json_t *
as_date_mdy(const json_t *value)
{
	return make_date(value, DATE_MONTH_FIRST);
}

/* Without a zone UTC is taken. */
static json_t *
as_time(const json_t *value)
{
	char date[11];
	char time[9];

	if (!amount_read_date(text_in(value), DATE_MONTH_FIRST, date))
		return NULL;
	amount_read_time(text_in(value), time);
	return json_sprintf("%sT%sZ", date, time);
}

static json_t *
as_yes_no(const json_t *value)
{
	if (when_is_yes(text_in(value)))
		return json_string("yes");
	return when_is_no(text_in(value)) ? json_string("no") : NULL;
}

static json_t *
as_it_is(const json_t *value)
{
	return json_deep_copy(value);
}

/* ---- pieces ---- */

static void
append_text(json_t *pieces, struct text text)
{
	text = import_text_trim(text);
	if (text.length > 0)
		json_array_append_new(pieces, json_stringn(text.at, text.length));
}

/* Compiling takes longer than matching: patterns of the maps in use are kept. */
static const regex_t *
compile(const char *pattern)
{
	static struct {
		char *pattern;
		regex_t compiled;
	} known[64];
	static size_t next;
	size_t i = 0;

	while (i < 64 && (known[i].pattern == NULL || strcmp(known[i].pattern, pattern)))
		i++;
	if (i < 64)
		return &known[i].compiled;
	i = next++ % 64;
	if (known[i].pattern != NULL) {
		free(known[i].pattern);
		regfree(&known[i].compiled);
	}
	known[i].pattern = strdup(pattern);
	if (known[i].pattern != NULL &&
	    regcomp(&known[i].compiled, pattern, REG_EXTENDED | REG_ICASE) == 0)
		return &known[i].compiled;
	free(known[i].pattern);
	known[i].pattern = NULL;
	return NULL;
}

bool
convert_is_pattern(const char *pattern)
{
	return compile(pattern) != NULL;
}

void
convert_match(struct text text, const char *pattern, json_t *pieces)
{
	const regex_t *compiled = compile(pattern);
	char *copy = strndup(text.at, text.length);
	regmatch_t found[2];
	const regmatch_t *part = &found[1];

	if (copy != NULL && compiled != NULL &&
	    regexec(compiled, copy, 2, found, 0) == 0) {
		if (part->rm_so < 0)
			part = &found[0];
		append_text(pieces, (struct text){ text.at + part->rm_so,
		                        (uint32_t)(part->rm_eo - part->rm_so) });
	}
	free(copy);
}

void
convert_split(
    struct text text, const char *separators, const char *pattern, json_t *pieces)
{
	const char *end = text.at + text.length;
	const char *from = text.at;

	while (from < end) {
		const char *to = from;
		struct text piece;

		while (to < end && strchr(separators, *to) == NULL)
			to++;
		piece = (struct text){ from, (uint32_t)(to - from) };
		if (pattern != NULL)
			convert_match(piece, pattern, pieces);
		else
			append_text(pieces, piece);
		from = to + 1;
	}
}

/* ---- kinds ---- */

static const struct {
	const char *word;
	convert_value *make;
} KINDS[] = {
	{ "text", convert_to_text },
	{ "slug", as_slug },
	{ "time_ms", as_time_ms },
	{ "number", as_number },
	{ "degrees", as_degrees },
	{ "date", as_date },
	{ "date_dmy", as_date_dmy },
	{ "date_mdy", as_date_mdy },
	{ "time", as_time },
	{ "yes_no", as_yes_no },
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
