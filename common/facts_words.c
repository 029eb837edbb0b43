/* SPDX-License-Identifier: Apache-2.0
 * Names and descriptions in other languages, the names of terms and of towns. */
#include "common/facts_document.h"
#include "common/facts_private.h"

static void
add(struct facts_reader *reader, struct service_facts *facts, enum facts_wording_of of,
    struct text text)
{
	if (text.at != NULL && facts->wordings_count < FACTS_WORDINGS_MAX)
		reader->wordings[facts->wordings_count++] =
		    (struct facts_wording){ text, of };
}

static void
read_translations(
    struct facts_reader *reader, const json_t *service, struct service_facts *facts)
{
	const char *language;
	json_t *texts;

	json_object_foreach(json_object_get(service, "x_translations"), language, texts)
	{
		add(reader, facts, WORDING_OF_NAME, text_at(texts, "name"));
		add(reader, facts, WORDING_OF_NAME, text_at(texts, "alternate_name"));
		add(reader, facts, WORDING_OF_DESCRIPTION, text_at(texts, "description"));
	}
}

static void
read_term_names(
    struct facts_reader *reader, const json_t *service, struct service_facts *facts)
{
	size_t index;
	const json_t *attribute;

	json_array_foreach(json_object_get(service, "attributes"), index, attribute)
	{
		const json_t *term = json_object_get(attribute, "taxonomy_term");

		if (!is_word(text_at(term, "taxonomy"), OWN_TAXONOMY))
			add(reader, facts, WORDING_OF_TERM, text_at(term, "name"));
	}
}

static void
read_addresses(
    struct facts_reader *reader, const json_t *location, struct service_facts *facts)
{
	size_t index;
	const json_t *address;

	json_array_foreach(json_object_get(location, "addresses"), index, address)
	{
		add(reader, facts, WORDING_OF_PLACE, text_at(address, "city"));
		add(reader, facts, WORDING_OF_PLACE, text_at(address, "region"));
		add(reader, facts, WORDING_OF_PLACE, text_at(address, "state_province"));
	}
}

static void
read_towns(
    struct facts_reader *reader, const json_t *service, struct service_facts *facts)
{
	size_t index;
	const json_t *place;

	json_array_foreach(json_object_get(service, "service_at_locations"), index, place)
	{
		if (facts_place_secrecy(place) == CONFIDENTIALITY_public)
			read_addresses(reader, json_object_get(place, "location"), facts);
	}
}

void
read_wordings(
    struct facts_reader *reader, const json_t *service, struct service_facts *facts)
{
	facts->wordings = reader->wordings;
	read_translations(reader, service, facts);
	read_term_names(reader, service, facts);
	if (!facts_hides_address(service))
		read_towns(reader, service, facts);
}
