/* SPDX-License-Identifier: Apache-2.0
 * Cuts entities out of service documents. */
#include "common/json_hsds.h"

#include <stdlib.h>

#include "common/json_hsds_private.h"

bool
hsds_taxonomy_id(const json_t *term, char id[ID_UUID_BYTES + 1])
{
	const json_t *said = json_object_get(term, "taxonomy_id");
	const json_t *name = json_object_get(term, "taxonomy");

	if (json_string_length(said) == 0)
		said = json_object_get(json_object_get(term, "taxonomy_detail"), "id");
	if (json_string_length(said) == ID_UUID_BYTES) {
		memcpy(id, json_string_value(said), ID_UUID_BYTES + 1);
		return true;
	}
	if (json_string_length(name) == 0)
		return false;
	id_uuid_of(LITERAL("taxonomy"), text_of(json_string_value(name)), id);
	return true;
}

/* ---- finding ---- */

static bool
has_id(const json_t *object, struct text id)
{
	const json_t *own = json_object_get(object, "id");

	return json_is_string(own) && text_is(id, json_string_value(own));
}

/* Whether a term is the one that is wanted, or is of the taxonomy that is. */
static bool
is_wanted(const json_t *term, const struct hsds_form *form)
{
	char id[ID_UUID_BYTES + 1];

	if (form->entity == entity_taxonomy_term)
		return has_id(term, form->id);
	return json_is_object(term) && hsds_taxonomy_id(term, id) &&
	       text_is(form->id, id);
}

static json_t *
find_term(const json_t *service, const struct hsds_form *form)
{
	const json_t *holders[] = { service, json_object_get(service, "organization") };
	const json_t *attribute;
	size_t i;

	for (size_t at = 0; at < sizeof holders / sizeof *holders; at++)
		json_array_foreach(
		    json_object_get(holders[at], "attributes"), i, attribute)
		{
			json_t *term = json_object_get(attribute, "taxonomy_term");

			if (is_wanted(term, form))
				return term;
		}
	return NULL;
}

static json_t *
find_place(const json_t *service, struct text id)
{
	json_t *place;
	size_t i;

	json_array_foreach(json_object_get(service, "service_at_locations"), i, place)
	{
		if (has_id(place, id))
			return place;
	}
	return NULL;
}

/* ---- making; each returns a new reference, NULL: out of memory or not there ---- */

/* What the schemas require and an empty text may stand for. */
static void
require(json_t *object, const char *name)
{
	if (!json_is_string(json_object_get(object, name)))
		(void)json_object_set_new(object, name, json_string(""));
}

static json_t *
make_term(json_t *term)
{
	char id[ID_UUID_BYTES + 1];

	if (json_string_length(json_object_get(term, "taxonomy_id")) == 0 &&
	    hsds_taxonomy_id(term, id))
		(void)json_object_set_new(term, "taxonomy_id", json_string(id));
	require(term, "name");
	require(term, "description");
	return json_incref(term);
}

/* As the term has it in full, else by its name. */
static json_t *
make_taxonomy(const json_t *term, struct text id)
{
	json_t *detail = json_object_get(term, "taxonomy_detail");
	json_t *name = json_object_get(term, "taxonomy");
	json_t *taxonomy;

	if (has_id(detail, id)) {
		taxonomy = json_incref(detail);
	} else {
		taxonomy = json_pack("{s:s%}", "id", id.at, (size_t)id.length);
		if (taxonomy != NULL && json_is_string(name))
			(void)json_object_set(taxonomy, "name", name);
	}
	if (taxonomy != NULL) {
		require(taxonomy, "name");
		require(taxonomy, "description");
	}
	return taxonomy;
}

/* Takes out lists, and other entities but those that brief forms name. */
static void
shorten(json_t *object)
{
	static const char *const KEPT[] = { "organization", "program", "location",
		"service", NULL };
	const char *name;
	json_t *member;
	void *next;

	json_object_foreach_safe(object, next, name, member)
	{
		const char *const *kept = KEPT;

		while (*kept != NULL && strcmp(*kept, name) != 0)
			kept++;
		if (json_is_array(member) || (json_is_object(member) && *kept == NULL))
			(void)json_object_del(object, name);
		else if (json_is_object(member))
			shorten(member);
	}
}

/* With the service that is offered there, which names its other places no more. */
static json_t *
make_place(json_t *service, struct text id)
{
	json_t *place = json_incref(find_place(service, id));

	if (place == NULL)
		return NULL;
	(void)json_object_del(service, "service_at_locations");
	(void)json_object_set(place, "service", service);
	return place;
}

static json_t *
make_minimal(const json_t *service)
{
	json_t *modified = json_object_get(service, "last_modified");
	json_t *made = json_object();

	if (made == NULL)
		return NULL;
	(void)json_object_set(made, "id", json_object_get(service, "id"));
	if (modified != NULL) {
		(void)json_object_set(made, "last_modified", modified);
		(void)json_object_set(made, "modified_date", modified);
	}
	return made;
}

static json_t *
make(json_t *service, const struct hsds_form *form)
{
	json_t *term;

	switch (form->entity) {
	case entity_service:
		return form->detail == HSDS_MINIMAL ? make_minimal(service)
		                                    : json_incref(service);
	case entity_organization:
		return json_incref(json_object_get(service, "organization"));
	case entity_service_at_location:
		return make_place(service, form->id);
	case entity_taxonomy:
		term = find_term(service, form);
		return term != NULL ? make_taxonomy(term, form->id) : NULL;
	case entity_taxonomy_term:
		term = find_term(service, form);
		return term != NULL ? make_term(term) : NULL;
	case entity_absent:
	case entity_end:
		break;
	}
	return NULL;
}

char *
json_hsds(struct text document, const struct hsds_form *form, size_t *length)
{
	json_t *service = json_loadb(document.at, document.length, 0, NULL);
	json_t *made = NULL;
	char *text = NULL;

	if (json_is_object(service)) {
		hsds_strip(service, form->facts, form->hides_addresses, form->now_ms);
		made = make(service, form);
	}
	if (made != NULL) {
		if (form->is_nested)
			(void)json_object_del(made, "organization");
		if (form->detail == HSDS_BRIEF && form->entity != entity_taxonomy_term)
			shorten(made);
		hsds_settle_formats(made);
		if (form->detail != HSDS_MINIMAL)
			hsds_narrow(made, form->entity, form->profile);
		text = json_dumps(made, JSON_COMPACT);
	}
	json_decref(made);
	json_decref(service);
	*length = text != NULL ? strlen(text) : 0;
	return text;
}
