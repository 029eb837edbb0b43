/* SPDX-License-Identifier: Apache-2.0
 * Walks a document's entities. */
#include "common/facts_parts.h"

#include "common/clock.h"
#include "common/facts_document.h"
#include "common/json_hsds_private.h"

static struct text
text_at(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);
	size_t length = json_string_length(value);

	return length == 0 ? TEXT_ABSENT
	                   : (struct text){ json_string_value(value), (uint32_t)length };
}

static void
tell(facts_each_part *each, void *self, enum entity entity, const json_t *object,
    bool is_cleared)
{
	const struct facts_part part = {
		.entity = entity,
		.id = text_at(object, "id"),
		.is_cleared = is_cleared,
	};

	if (part.id.at != NULL)
		each(self, &part);
}

static void
tell_term(facts_each_part *each, void *self, const json_t *term)
{
	char id[ID_UUID_BYTES + 1];
	struct facts_part taxonomy = { .entity = entity_taxonomy };
	struct facts_part part = {
		.entity = entity_taxonomy_term,
		.id = text_at(term, "id"),
		.parent = text_at(term, "parent_id"),
	};

	if (part.id.at == NULL)
		return;
	if (hsds_taxonomy_id(term, id)) {
		taxonomy.id = part.taxonomy = text_of(id);
		each(self, &taxonomy);
	}
	each(self, &part);
}

static void
tell_terms(facts_each_part *each, void *self, const json_t *holder)
{
	const json_t *attribute;
	size_t i;

	json_array_foreach(json_object_get(holder, "attributes"), i, attribute)
	    tell_term(each, self, json_object_get(attribute, "taxonomy_term"));
}

static void
tell_places(facts_each_part *each, void *self, const json_t *places, bool are_cleared)
{
	const json_t *place;
	size_t i;

	json_array_foreach((json_t *)places, i, place)
	    tell(each, self, entity_service_at_location, place, are_cleared);
}

void
facts_parts(const struct facts_reader *reader, facts_each_part *each, void *self)
{
	const json_t *service = facts_document(reader);
	const json_t *organization = json_object_get(service, "organization");

	tell(each, self, entity_organization, organization, false);
	tell_places(each, self, json_object_get(service, "service_at_locations"), false);
	tell_terms(each, self, service);
	tell_terms(each, self, organization);
	tell_places(each, self, json_object_get(service, FACTS_CLEARED_PLACES), true);
}

int64_t
facts_modified_at(const struct facts_reader *reader)
{
	struct text text = text_at(facts_document(reader), "last_modified");
	int64_t at;

	return text.at != NULL && clock_parse(text, &at) ? at : TIME_ABSENT;
}
