/* SPDX-License-Identifier: Apache-2.0
 * Walks a service along the tables of HSDS. */
#include "deploy/referralctl/import_check.h"

#include <math.h>
#include <stdlib.h>
#include <strings.h>

#include "common/facts.h"
#include "deploy/referralctl/import_enrich.h"
#include "deploy/referralctl/import_settle.h"
#include "deploy/referralctl/import_text.h"

#define NAME_MAX_BYTES 128

static enum import_reason
refuse(struct import_check *check, enum import_reason reason, const char *field,
    const char *why)
{
	snprintf(check->field, sizeof check->field, "%s", field);
	snprintf(check->why, sizeof check->why, "%s", why);
	return reason;
}

/* The id of a part that has none: what is the same thing everywhere in a source (an
 * organization, a term, a unit) by its name, anything else by its place in its parent. */
static void
make_id(struct import_check *check, const struct hsds_entity *entity,
    const json_t *object, const char *parent, char id[ID_UUID_BYTES + 1])
{
	struct text name = settle_text_at(object, "name");
	struct text code = settle_text_at(object, "code");
	char place[NAME_MAX_BYTES] = "";

	if ((entity == &hsds_organization || entity == &hsds_unit ||
	        entity == &hsds_program || entity == &hsds_taxonomy) &&
	    name.length > 0) {
		settle_derive(check->source, entity->name, name, TEXT_ABSENT, id);
	} else if (entity == &hsds_taxonomy_term &&
	           (code.length > 0 || name.length > 0)) {
		settle_derive(check->source, entity->name,
		    settle_text_at(object, "taxonomy"), code.length > 0 ? code : name,
		    id);
	} else {
		if (check->step != NULL)
			snprintf(place, sizeof place, "%s/%zu", check->step->name,
			    check->step->index);
		settle_derive(
		    text_of(parent), entity->name, text_of(place), TEXT_ABSENT, id);
	}
}

static void
set_id(struct import_check *check, const struct hsds_entity *entity, json_t *object,
    const char *parent, char id[ID_UUID_BYTES + 1])
{
	json_t *given = json_object_get(object, "id");

	if (settle_id(check, given, id)) {
		if (entity == &hsds_service && !text_is(settle_text_in(given), id) &&
		    strcasecmp(
		        json_is_string(given) ? json_string_value(given) : "", id) != 0)
			json_object_set(object, ASIDE "id", given);
	} else {
		if (given != NULL && !json_is_null(given) && !json_is_string(given))
			settle_aside(check, object, "id", json_incref(given));
		make_id(check, entity, object, parent, id);
	}
	if (!text_is(settle_text_in(given), id))
		json_object_set_new(object, "id", json_string(id));
}

/* ---- what an entity needs beyond its types ---- */

/* A location whose publisher hides where it is (location_type "redacted" of a proposal to
 * HSDS) must stay hidden here. */
static bool
is_redacted(const json_t *location)
{
	struct text type = import_text_trim(settle_text_at(location, "location_type"));

	return type.length == strlen("redacted") &&
	       strncasecmp(type.at, "redacted", type.length) == 0;
}

static void
rename_member(json_t *object, const char *from, const char *to)
{
	json_t *value = json_object_get(object, from);

	if (value == NULL)
		return;
	json_object_set(object, to, value);
	json_object_del(object, from);
}

static void
check_point(struct import_check *check, json_t *location)
{
	const json_t *lat_value = json_object_get(location, "latitude");
	const json_t *lon_value = json_object_get(location, "longitude");
	double lat = json_number_value(lat_value);
	double lon = json_number_value(lon_value);

	if (lat_value == NULL && lon_value == NULL)
		return;
	if (lat_value != NULL && lon_value != NULL && lat >= -90 && lat <= 90 &&
	    lon >= -180 && lon <= 180 && !(lat == 0 && lon == 0))
		return;
	import_check_note(check, IMPORT_bad_coordinates, "");
	rename_member(location, "latitude", ASIDE "latitude");
	rename_member(location, "longitude", ASIDE "longitude");
}

static bool
says(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return value != NULL && !json_is_null(value);
}

static bool walk(struct import_check *check, const struct hsds_entity *entity,
    json_t *object, const char *parent);

/* Gives a required member that is missing; false: nothing can stand for it. */
static bool
fill(struct import_check *check, const struct hsds_entity *entity, json_t *object,
    const struct hsds_field *field, const char *id)
{
	switch (field->type) {
	case HSDS_TEXT:
	case HSDS_CODE:
		if (entity == &hsds_taxonomy_term && strcmp(field->name, "name") == 0 &&
		    says(object, "code"))
			json_object_set(object, "name", json_object_get(object, "code"));
		else
			json_object_set_new(object, field->name, json_string(""));
		return true;
	case HSDS_WORD:
		if (entity == &hsds_location)
			import_check_note(check, IMPORT_location_type_assumed, "");
		json_object_set_new(object, field->name, json_string("physical"));
		return entity == &hsds_location || entity == &hsds_address;
	case HSDS_ONE:
		json_object_set_new(object, field->name, json_object());
		return walk(
		    check, field->entity, json_object_get(object, field->name), id);
	case HSDS_ID:
	case HSDS_REF:
	case HSDS_NUMBER:
	case HSDS_TIME:
	case HSDS_LIST:
		break;
	}
	return false;
}

static bool
fill_required(struct import_check *check, const struct hsds_entity *entity,
    json_t *object, const char *id)
{
	for (size_t i = 0; i < entity->count; i++)
		if (entity->fields[i].is_required &&
		    json_object_get(object, entity->fields[i].name) == NULL &&
		    !fill(check, entity, object, &entity->fields[i], id))
			return false;
	return true;
}

/* ---- the walk ---- */

/* To be undone with check->step = step->up before the step goes out of scope. */
static void
step_down(struct import_check *check, struct import_step *step)
{
	step->up = check->step;
	check->step = step;
}

/* Takes the entries that are no entities of HSDS out of a list.  NULL: none; nulls are
 * lost. */
static json_t *
take_bad(struct import_check *check, struct import_step *step,
    const struct hsds_field *field, json_t *list, const char *id)
{
	json_t *aside = NULL;
	size_t at = 0;

	for (; at < json_array_size(list); step->index++) {
		json_t *entry = json_array_get(list, at);

		if (json_is_object(entry) && walk(check, field->entity, entry, id)) {
			at++;
			continue;
		}
		if (aside == NULL && !json_is_null(entry))
			aside = json_array();
		if (!json_is_null(entry))
			json_array_append(aside, entry);
		json_array_remove(list, at);
	}
	return aside;
}

/* The good entries stay, the others go aside. */
static void
settle_list(struct import_check *check, json_t *object, const struct hsds_field *field,
    json_t *value, const char *id)
{
	struct import_step step = { NULL, field->name, 0, true };
	json_t *list =
	    json_is_array(value) ? json_incref(value) : json_pack("[O]", value);
	json_t *aside;

	step_down(check, &step);
	aside = take_bad(check, &step, field, list, id);
	step.is_list = false;
	if (aside != NULL)
		settle_aside(check, object, field->name, aside);
	check->step = step.up;
	if (json_array_size(list) == 0 && aside != NULL)
		json_object_del(object, field->name);
	else if (list != value)
		json_object_set(object, field->name, list);
	json_decref(list);
}

static void
settle_one(struct import_check *check, json_t *object, const struct hsds_field *field,
    json_t *value, const char *id)
{
	json_t *only = json_array_size(value) == 1 ? json_array_get(value, 0) : value;

	json_incref(only);
	if (!json_is_object(only) || !walk(check, field->entity, only, id)) {
		json_object_del(object, field->name);
		settle_aside(check, object, field->name, json_incref(only));
	} else if (only != value) {
		json_object_set(object, field->name, only);
	}
	json_decref(only);
}

static void
settle(struct import_check *check, json_t *object, const struct hsds_field *field,
    json_t *value, const char *id)
{
	struct import_step step = { NULL, field->name, 0, false };

	if (field->type == HSDS_ID)
		return; /* done first: parts without an id derive theirs from it */
	if (field->type == HSDS_LIST) {
		settle_list(check, object, field, value, id);
		return;
	}
	step_down(check, &step);
	switch (field->type) {
	case HSDS_REF:
		settle_reference(check, object, field->name, value);
		break;
	case HSDS_TEXT:
	case HSDS_CODE:
	case HSDS_TIME:
		settle_text(check, object, field, value);
		break;
	case HSDS_NUMBER:
		settle_number(check, object, field->name, value);
		break;
	case HSDS_WORD:
		settle_word(check, object, field, value);
		break;
	case HSDS_ONE:
		settle_one(check, object, field, value, id);
		break;
	case HSDS_ID:
	case HSDS_LIST:
		break;
	}
	check->step = step.up;
}

/* Makes an object an entity of HSDS.  False: it lacks what nothing can stand for (a capacity
 * without its number or time). */
static bool
walk(struct import_check *check, const struct hsds_entity *entity, json_t *object,
    const char *parent)
{
	char id[ID_UUID_BYTES + 1];
	const char *name;
	json_t *value;
	void *next;
	bool was_redacted = entity == &hsds_location && is_redacted(object);

	set_id(check, entity, object, parent, id);
	if (was_redacted)
		json_object_del(object, "location_type");
	json_object_foreach_safe(object, next, name, value)
	{
		const struct hsds_field *field = hsds_find(entity, name);

		if (json_is_null(value))
			json_object_del(object, name);
		else if (field != NULL)
			settle(check, object, field, value, id);
	}
	if (was_redacted) {
		import_check_note(check, IMPORT_location_redacted, "");
		json_object_set_new(object, "location_type", json_string("physical"));
		import_enrich_fact(check, object, id, "location", "confidentiality",
		    LITERAL("address_hidden"), TEXT_ABSENT);
	}
	if (entity == &hsds_location)
		check_point(check, object);
	return fill_required(check, entity, object, id);
}

/* ---- a service ---- */

static enum import_reason
check_ages(struct import_check *check, const json_t *service)
{
	static const char *const NAMES[] = { "minimum_age", "maximum_age" };
	double ages[2] = { NAN, NAN };

	for (int i = 0; i < 2; i++) {
		const json_t *value = json_object_get(service, NAMES[i]);

		if (value == NULL || json_is_null(value) ||
		    (json_is_string(value) &&
		        import_text_trim(settle_text_in(value)).length == 0))
			continue;
		if (!settle_read_number(value, &ages[i]))
			return refuse(check, IMPORT_bad_age, NAMES[i], "not a number");
		if (ages[i] < 0)
			return refuse(check, IMPORT_bad_age, NAMES[i], "negative");
	}
	if (ages[0] > ages[1])
		return refuse(check, IMPORT_bad_age, NAMES[0], "above maximum_age");
	return IMPORT_FINE;
}

/* What a service cannot be without. */
static enum import_reason
check_needs(struct import_check *check, const json_t *service)
{
	char digits[32];
	const json_t *status = json_object_get(service, "status");

	if (settle_read_id(json_object_get(service, "id"), digits).length == 0)
		return refuse(check, IMPORT_missing_id, "id", "");
	if (import_text_trim(settle_text_at(service, "name")).length == 0)
		return refuse(check, IMPORT_missing_name, "name", "");
	if (settle_find_word(
	        hsds_find(&hsds_service, "status")->words, settle_text_in(status))
	        .at == NULL)
		return refuse(check, IMPORT_bad_status, "status",
		    json_is_string(status) ? json_string_value(status) : "");
	return check_ages(check, service);
}

static size_t
count_terms(const json_t *service)
{
	size_t count = 0;
	size_t index;
	const json_t *attribute;

	json_array_foreach(json_object_get(service, "attributes"), index, attribute)
	{
		const json_t *term = json_object_get(attribute, "taxonomy_term");

		if (!text_is(settle_text_at(term, "taxonomy"), ENRICH_TAXONOMY) &&
		    (settle_text_at(term, "code").length > 0 ||
		        settle_text_at(term, "name").length > 0))
			count++;
	}
	return count;
}

/* What a good service may still lack for matching. */
static void
note_gaps(struct import_check *check, const json_t *service)
{
	size_t terms = count_terms(service);
	size_t index;
	const json_t *language;

	if (!says(service, "organization") && !says(service, "organization_id"))
		import_check_note(check, IMPORT_no_organization, "");
	if (terms == 0)
		import_check_note(check, IMPORT_without_terms, "");
	else if (terms > FACTS_TERMS_MAX)
		import_check_note(check, IMPORT_terms_cut, "");
	json_array_foreach(json_object_get(service, "languages"), index, language)
	{
		if (settle_text_at(language, "code").length == 0)
			import_check_note(check, IMPORT_language_without_code,
			    settle_text_at(language, "name").at
			        ? settle_text_at(language, "name").at
			        : "");
	}
}

enum import_reason
import_check_service(struct import_check *check, json_t *service,
    char id[ID_UUID_BYTES + 1], struct import_buffer *out)
{
	enum import_reason reason = check_needs(check, service);

	if (reason != IMPORT_FINE)
		return reason;
	(void)walk(check, &hsds_service, service, "");
	if (settle_text_at(service, "name").length == 0)
		return refuse(check, IMPORT_missing_name, "name", "nothing but HTML");
	if (check->enrich != NULL)
		import_enrich(check->enrich, service, check);
	note_gaps(check, service);
	json_object_set_new(service, ASIDE "source",
	    json_stringn(check->source.at, check->source.length));
	(void)text_copy(settle_text_at(service, "id"), id, ID_UUID_BYTES + 1);
	out->length = 0;
	import_write(out, service);
	if (out->is_broken || out->length > IMPORT_DOCUMENT_MAX_BYTES)
		return refuse(check, IMPORT_too_large, "", "");
	return IMPORT_FINE;
}
