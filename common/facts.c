/* SPDX-License-Identifier: Apache-2.0
 * A parsed HSDS document, asked for what matters.
 *
 * The rule throughout: a list that was understood in part is unknown where its
 * completeness decides (languages, areas, hours), because only a KNOWN failure may
 * exclude a service. */
#include "common/facts.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <strings.h>

#include "common/clock.h"
#include "common/facts_capacity.h"
#include "common/facts_hours.h"
#include "common/facts_language.h"

#define OWN_TAXONOMY "hearthline-facts"
#define PLACE_URI "urn:place:"
/* Points of hidden addresses are rounded to a tenth of a degree, about 10 km. */
#define HIDDEN_PER_DEGREE 10
/* Ages in years; more is a slip of the keyboard or "no limit". */
#define AGE_MOST 150.0
#define RADIUS_MOST_KM 20038.0     /* half way round the Earth */
#define RESPONSE_MOST_HOURS 8784.0 /* a leap year */

struct facts_reader {
	json_t *document;
	/* Texts in lower case; none is longer than the document it came from. */
	char *folded;
	size_t folded_size;
	size_t folded_used;
	struct hours_rule hours[FACTS_HOURS_MAX];
};

struct facts_reader *
facts_reader_new(void)
{
	return calloc(1, sizeof(struct facts_reader));
}

void
facts_reader_free(struct facts_reader *reader)
{
	if (reader == NULL)
		return;
	json_decref(reader->document);
	free(reader->folded);
	free(reader);
}

void
facts_init(struct service_facts *facts)
{
	*facts = (struct service_facts){
		.is_referral_allowed = true,
		.minimum_age = NAN,
		.maximum_age = NAN,
		.interpreter = FLAG_ABSENT,
		.radius_km = NAN,
		.available = NAN,
		.maximum = NAN,
		.capacity_at = TIME_ABSENT,
		.response_hours = NAN,
	};
}

/* Absent where it is no text or an empty one. */
static struct text
text_at(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);
	size_t length = json_string_length(value);

	if (length == 0)
		return TEXT_ABSENT;
	return (struct text){ json_string_value(value), (uint32_t)length };
}

static double
number_at(const json_t *object, const char *key, double least, double most)
{
	const json_t *value = json_object_get(object, key);
	double number = json_is_number(value) ? json_number_value(value) : NAN;

	return number >= least && number <= most ? number : NAN;
}

static bool
is_word(struct text text, const char *word)
{
	return text.at != NULL && text.length == strlen(word) &&
	       strncasecmp(text.at, word, text.length) == 0;
}

static bool
begins(struct text text, const char *beginning)
{
	return text.at != NULL && text.length >= strlen(beginning) &&
	       strncasecmp(text.at, beginning, strlen(beginning)) == 0;
}

/* A copy of as many bytes with A-Z in lower case; other scripts stay as they are. */
static char *
fold(struct facts_reader *reader, struct text text)
{
	char *copy = reader->folded + reader->folded_used;

	for (uint32_t i = 0; i < text.length; i++) {
		char byte = text.at[i];

		copy[i] = byte;
		if (byte >= 'A' && byte <= 'Z')
			copy[i] = (char)(byte + 32);
	}
	reader->folded_used += text.length;
	return copy;
}

/* False: the list is full.  A text that is there already is not added again. */
static bool
add_text(struct text *list, uint32_t *count, uint32_t most, struct text text)
{
	for (uint32_t i = 0; i < *count; i++)
		if (text_equal(list[i], text))
			return true;
	if (*count == most)
		return false;
	list[(*count)++] = text;
	return true;
}

/* ---- attributes: facts of our own taxonomy, and need terms ---- */

static enum confidentiality
read_confidentiality(struct text value)
{
	if (is_word(value, "public"))
		return CONFIDENTIALITY_public;
	if (is_word(value, "address_hidden"))
		return CONFIDENTIALITY_address_hidden;
	return CONFIDENTIALITY_cleared; /* a word we do not know hides most */
}

static void
narrow_confidentiality(struct service_facts *facts, struct text value)
{
	enum confidentiality confidentiality = read_confidentiality(value);

	if (confidentiality > facts->confidentiality)
		facts->confidentiality = confidentiality;
}

static bool
is_one_of(struct text value, const char *const *words)
{
	while (*words != NULL && !is_word(value, *words))
		words++;
	return *words != NULL;
}

static bool
is_no(struct text value)
{
	static const char *const NO[] = { "no", "none", "false", "not available", "ні",
		"Ні", "немає", "Немає", "нет", "Нет", NULL };

	return is_one_of(value, NO);
}

/* Free text on interpreters: any says yes, but for a plain no, and for what begins like
 * one
 * ("No appointment needed"), which may be either. */
static enum flag
read_interpretation(struct text value)
{
	static const char *const NOTHING[] = { "n/a", "-", "?", "unknown", NULL };

	if (value.at == NULL || is_one_of(value, NOTHING))
		return FLAG_ABSENT;
	if (is_no(value))
		return FLAG_NO;
	if (begins(value, "no ") || begins(value, "not ") || begins(value, "none"))
		return FLAG_ABSENT;
	return FLAG_YES;
}

static double
number_of(struct text value, double most)
{
	char digits[32];
	char *end;
	double number;

	if (value.length == 0 || !text_copy(value, digits, sizeof digits))
		return NAN;
	number = strtod(digits, &end);
	return *end == '\0' && number >= 0 && number <= most ? number : NAN;
}

static void
add_code(uint32_t *bits, enum code_set set, struct text value)
{
	unsigned code = code_value(set, value);

	if (code > 0)
		*bits |= 1u << code;
}

static void
read_own_fact(const json_t *attribute, const json_t *term, struct service_facts *facts)
{
	struct text key = text_at(attribute, "label");
	struct text value = text_at(attribute, "value");

	if (key.at == NULL)
		key = text_at(term, "code");
	if (is_word(key, "confidentiality"))
		narrow_confidentiality(facts, value);
	else if (is_word(key, "referral_allowed"))
		facts->is_referral_allowed = facts->is_referral_allowed && !is_no(value);
	else if (is_word(key, "household_type"))
		add_code(&facts->household_types, CODE_SET_household_type, value);
	else if (is_word(key, "displacement"))
		add_code(&facts->displacements, CODE_SET_displacement, value);
	else if (is_word(key, "difficulty"))
		add_code(&facts->difficulties, CODE_SET_difficulty, value);
	else if (is_word(key, "interpreter"))
		facts->interpreter = read_interpretation(value);
	else if (is_word(key, "radius_km"))
		facts->radius_km = number_of(value, RADIUS_MOST_KM);
	else if (is_word(key, "response_within_hours"))
		facts->response_hours = number_of(value, RESPONSE_MOST_HOURS);
}

/* Position from 1; 0: it is not said, or one too many. */
static uint8_t
taxonomy_number(struct service_facts *facts, struct text taxonomy)
{
	uint32_t at = 0;

	if (taxonomy.length == 0)
		return 0;
	while (
	    at < facts->taxonomies_count && !text_equal(facts->taxonomies[at], taxonomy))
		at++;
	if (at == FACTS_TAXONOMIES_MAX)
		return 0;
	facts->taxonomies[at] = taxonomy;
	facts->taxonomies_count += at == facts->taxonomies_count;
	return (uint8_t)(at + 1);
}

static void
read_attributes(
    struct facts_reader *reader, const json_t *service, struct service_facts *facts)
{
	size_t index;
	const json_t *attribute;

	json_array_foreach(json_object_get(service, "attributes"), index, attribute)
	{
		const json_t *term = json_object_get(attribute, "taxonomy_term");
		struct text code = text_at(term, "code");

		if (is_word(text_at(term, "taxonomy"), OWN_TAXONOMY)) {
			read_own_fact(attribute, term, facts);
			continue;
		}
		if (code.at == NULL)
			code = text_at(term, "name");
		if (code.at != NULL &&
		    add_text(facts->terms, &facts->terms_count, FACTS_TERMS_MAX,
		        (struct text){ fold(reader, code), code.length }))
			facts->term_taxonomies[facts->terms_count - 1] =
			    taxonomy_number(facts, text_at(term, "taxonomy"));
	}
}

/* A place may ask for more secrecy than its service, never for less. */
static void
read_place_secrecy(const json_t *object, struct service_facts *facts)
{
	size_t index;
	const json_t *attribute;

	json_array_foreach(json_object_get(object, "attributes"), index, attribute)
	{
		const json_t *term = json_object_get(attribute, "taxonomy_term");

		if (is_word(text_at(term, "taxonomy"), OWN_TAXONOMY) &&
		    (is_word(text_at(attribute, "label"), "confidentiality") ||
		        is_word(text_at(term, "code"), "confidentiality")))
			narrow_confidentiality(facts, text_at(attribute, "value"));
	}
}

/* ---- languages ---- */

/* False: one of them could not be told, so that the list is not the whole truth. */
static bool
read_language_list(
    struct facts_reader *reader, const json_t *languages, struct service_facts *facts)
{
	size_t index;
	const json_t *language;

	json_array_foreach((json_t *)languages, index, language)
	{
		struct text given = text_at(language, "code");
		struct text code = facts_language(fold(reader, given), given.length);

		if (code.at == NULL ||
		    !add_text(facts->languages, &facts->languages_count,
		        FACTS_LANGUAGES_MAX, code))
			return false;
	}
	return true;
}

/* The service's languages; where it names none, those of its locations. */
static void
read_languages(
    struct facts_reader *reader, const json_t *service, struct service_facts *facts)
{
	const json_t *own = json_object_get(service, "languages");
	bool is_understood = read_language_list(reader, own, facts);
	size_t index;
	const json_t *place;

	if (json_array_size(own) == 0)
		json_array_foreach(
		    json_object_get(service, "service_at_locations"), index, place)
		{
			const json_t *location = json_object_get(place, "location");

			is_understood =
			    is_understood &&
			    read_language_list(
			        reader, json_object_get(location, "languages"), facts);
		}
	if (!is_understood)
		facts->languages_count = 0;
}

/* ---- where ---- */

/* False: an area that is not a place code, or too many. */
static bool
read_areas(const json_t *object, struct service_facts *facts)
{
	size_t index;
	const json_t *area;

	json_array_foreach(json_object_get(object, "service_areas"), index, area)
	{
		struct text uri = text_at(area, "uri");
		uint32_t prefix = (uint32_t)strlen(PLACE_URI);

		if (!begins(uri, PLACE_URI) || uri.length == prefix)
			return false;
		uri.at += prefix;
		uri.length -= prefix;
		if (!add_text(facts->areas, &facts->areas_count, FACTS_AREAS_MAX, uri))
			return false;
	}
	return true;
}

/* False: no room for another point. */
static bool
read_point(const json_t *location, struct service_facts *facts)
{
	double lat = number_at(location, "latitude", -90, 90);
	double lon = number_at(location, "longitude", -180, 180);

	if (!is_word(text_at(location, "location_type"), "physical") || isnan(lat) ||
	    isnan(lon) || (lat == 0 && lon == 0)) /* 0,0 is what a failed geocoder says */
		return true;
	for (uint32_t i = 0; i < facts->points_count; i++)
		if (facts->points[i].lat == lat && facts->points[i].lon == lon)
			return true;
	if (facts->points_count == FACTS_POINTS_MAX)
		return false;
	facts->points[facts->points_count].lat = lat;
	facts->points[facts->points_count].lon = lon;
	facts->points_count++;
	return true;
}

static void
read_places(const json_t *service, struct service_facts *facts)
{
	bool are_areas_understood = read_areas(service, facts);
	bool have_all_points = true;
	size_t index;
	const json_t *place;

	json_array_foreach(json_object_get(service, "service_at_locations"), index, place)
	{
		const json_t *location = json_object_get(place, "location");

		are_areas_understood = are_areas_understood && read_areas(place, facts);
		have_all_points = read_point(location, facts) && have_all_points;
		read_place_secrecy(place, facts);
		read_place_secrecy(location, facts);
	}
	if (!are_areas_understood)
		facts->areas_count = 0;
	if (!have_all_points) /* around points that are missing here it may serve as well
	                       */
		facts->radius_km = NAN;
}

/* ---- capacity ---- */

void
facts_read_capacities(const json_t *service, struct service_facts *facts)
{
	size_t index;
	const json_t *capacity;

	facts->available = facts->maximum = NAN;
	facts->capacity_at = TIME_ABSENT;
	json_array_foreach(json_object_get(service, "capacities"), index, capacity)
	{
		double available = number_at(capacity, "available", 0, UINT32_MAX);

		if (isnan(available) || available >= facts->available)
			continue;
		facts->available = available;
		facts->maximum = number_at(capacity, "maximum", 0, UINT32_MAX);
		if (!clock_parse(text_at(capacity, "updated"), &facts->capacity_at))
			facts->capacity_at = TIME_ABSENT;
	}
}

/* ---- the whole ---- */

static bool
parse(struct facts_reader *reader, struct text document)
{
	json_decref(reader->document);
	reader->document = NULL;
	reader->folded_used = 0;
	if (document.at == NULL)
		return true;
	if (document.length > reader->folded_size) {
		char *folded = realloc(reader->folded, document.length);

		if (folded == NULL)
			return false;
		reader->folded = folded;
		reader->folded_size = document.length;
	}
	reader->document = json_loadb(document.at, document.length, 0, NULL);
	return true;
}

static void
read_names(const json_t *service, struct service_facts *facts)
{
	const json_t *organization = json_object_get(service, "organization");

	facts->id = text_at(service, "id");
	facts->agency = text_at(organization, "id");
	if (facts->agency.at == NULL)
		facts->agency = text_at(service, "organization_id");
	facts->agency_name = text_at(organization, "name");
	facts->name = text_at(service, "name");
	facts->alternate_name = text_at(service, "alternate_name");
	facts->description = text_at(service, "description");
	facts->source = text_at(service, "x_source");
	facts->is_active = text_is(text_at(service, "status"), "active");
}

/* Distances are shown, and three of them to known points give a fourth point away. */
static void
hide_points(struct service_facts *facts)
{
	if (facts->confidentiality == CONFIDENTIALITY_public)
		return;
	for (uint32_t i = 0; i < facts->points_count; i++) {
		facts->points[i].lat =
		    round(facts->points[i].lat * HIDDEN_PER_DEGREE) / HIDDEN_PER_DEGREE;
		facts->points[i].lon =
		    round(facts->points[i].lon * HIDDEN_PER_DEGREE) / HIDDEN_PER_DEGREE;
	}
}

enum status
facts_read(struct facts_reader *reader, struct text document, struct service_facts *facts)
{
	facts_init(facts);
	if (!parse(reader, document))
		return STATUS_NO_MEMORY;
	read_names(reader->document, facts);
	if (facts->id.at == NULL || facts->name.at == NULL)
		return STATUS_INVALID;
	facts->minimum_age = number_at(reader->document, "minimum_age", 0, AGE_MOST);
	facts->maximum_age = number_at(reader->document, "maximum_age", 0, AGE_MOST);
	if (facts->minimum_age > facts->maximum_age)
		facts->minimum_age = facts->maximum_age = NAN;
	facts->interpreter =
	    read_interpretation(text_at(reader->document, "interpretation_services"));
	read_attributes(reader, reader->document, facts);
	read_languages(reader, reader->document, facts);
	read_places(reader->document, facts);
	hide_points(facts);
	facts_read_capacities(reader->document, facts);
	facts->hours_count = facts_hours(reader->document, reader->hours);
	facts->hours = reader->hours;
	return STATUS_OK;
}
