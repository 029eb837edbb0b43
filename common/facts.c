/* SPDX-License-Identifier: Apache-2.0
 * A parsed HSDS document, asked for what matters.
 *
 * The rule throughout: a list that was understood in part is unknown where its
 * completeness decides (languages, areas, hours), because only a KNOWN failure may
 * exclude a service. */
#include <stdlib.h>

#include "common/clock.h"
#include "common/facts_capacity.h"
#include "common/facts_document.h"
#include "common/facts_hours.h"
#include "common/facts_language.h"
#include "common/facts_private.h"

/* Points of hidden addresses are rounded to a tenth of a degree, about 10 km. */
#define HIDDEN_PER_DEGREE 10
/* Ages in years; more is a slip of the keyboard or "no limit". */
#define AGE_MOST 150.0

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

const json_t *
facts_document(const struct facts_reader *reader)
{
	return reader->document;
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
		.workers = NAN,
		.capacity_ttl_hours = NAN,
		.verified_at = TIME_ABSENT,
		.notice_starts = TIME_ABSENT,
		.notice_ends = TIME_ABSENT,
	};
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

/* ---- attributes: facts of our own taxonomy, and need terms ---- */

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
		uint32_t before = facts->terms_count;

		if (is_word(text_at(term, "taxonomy"), OWN_TAXONOMY)) {
			read_own_fact(attribute, term, facts);
			continue;
		}
		if (code.at == NULL)
			code = text_at(term, "name");
		if (code.at != NULL &&
		    add_text(facts->terms, &facts->terms_count, FACTS_TERMS_MAX,
		        (struct text){ fold(reader, code), code.length }) &&
		    facts->terms_count > before)
			facts->term_taxonomies[facts->terms_count - 1] =
			    taxonomy_number(facts, text_at(term, "taxonomy"));
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
	facts->notice = text_at(service, "alert");
	if (!clock_parse(text_at(service, "assured_date"), &facts->verified_at))
		facts->verified_at = TIME_ABSENT;
	facts->is_active = text_is(text_at(service, "status"), "active");
}

/* Distances are shown, and three of them to known points give a fourth point away. */
static void
hide_points(struct service_facts *facts)
{
	if (facts->confidentiality == CONFIDENTIALITY_public)
		return;
	for (uint32_t i = 0; i < facts->points_count; i++) {
		if (facts->open_points >> i & 1)
			continue;
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
	read_place_secrecy(reader->document, facts);
	read_languages(reader, reader->document, facts);
	read_places(reader, reader->document, facts);
	read_wordings(reader, reader->document, facts); /* knows now what is hidden */
	hide_points(facts);
	read_costs(reader->document, facts);
	facts_read_capacities(reader->document, facts);
	facts->hours_count = facts_hours(reader->document, reader->hours);
	facts->hours = reader->hours;
	return STATUS_OK;
}

bool
facts_is_noticed(int64_t starts, int64_t ends, int64_t now_ms)
{
	return (starts == TIME_ABSENT || now_ms >= starts) &&
	       (ends == TIME_ABSENT || now_ms < ends);
}

struct text
facts_notice(const struct service_facts *facts, int64_t now_ms)
{
	return facts_is_noticed(facts->notice_starts, facts->notice_ends, now_ms)
	           ? facts->notice
	           : TEXT_ABSENT;
}
