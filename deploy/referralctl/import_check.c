/* SPDX-License-Identifier: Apache-2.0
 * Walks a service along the tables of HSDS. */
#include "deploy/referralctl/import_check.h"

#include <math.h>
#include <stdlib.h>
#include <strings.h>

#include "common/facts.h"
#include "deploy/referralctl/import_hsds.h"

#define ASIDE "x_"
#define NAME_MAX_BYTES 128
#define OWN_TAXONOMY "hearthline-facts"

/* A member that is looked at, and where that was found. */
struct import_step {
	const struct import_step *up;
	const char *name;
	size_t index;
	bool is_list;
};

/* "service_at_locations[0].location", from the outermost member. */
static size_t
print_step(const struct import_step *step, char *text, size_t size)
{
	size_t length;

	text[0] = '\0';
	if (step == NULL)
		return 0;
	length = print_step(step->up, text, size);
	if (step->is_list)
		snprintf(text + length, size - length, "%s%s[%zu]", length ? "." : "",
		    step->name, step->index);
	else
		snprintf(
		    text + length, size - length, "%s%s", length ? "." : "", step->name);
	return strlen(text);
}

void
import_check_note(struct import_check *check, enum import_reason reason, const char *why)
{
	char field[160];

	if (check->noted & UINT64_C(1) << reason)
		return;
	check->noted |= UINT64_C(1) << reason;
	print_step(check->step, field, sizeof field);
	import_report_add(check->report, reason, check->where, field, why);
}

static enum import_reason
refuse(struct import_check *check, enum import_reason reason, const char *field,
    const char *why)
{
	snprintf(check->field, sizeof check->field, "%s", field);
	snprintf(check->why, sizeof check->why, "%s", why);
	return reason;
}

static struct text
text_in(const json_t *value)
{
	return (
	    struct text){ json_string_value(value), (uint32_t)json_string_length(value) };
}

static struct text
text_at(const json_t *object, const char *key)
{
	return text_in(json_object_get(object, key));
}

/* Keeps a value that does not fit under another name.  Takes the reference. */
static void
set_aside(struct import_check *check, json_t *object, const char *name, json_t *value)
{
	char aside[NAME_MAX_BYTES];

	import_check_note(check, IMPORT_set_aside, "");
	snprintf(aside, sizeof aside, ASIDE "%s", name);
	json_object_set_new(object, aside, value);
}

/* ---- ids ---- */

/* Lower-case hexadecimal digits in groups of 8-4-4-4-12. */
static bool
read_uuid(struct text text, char id[ID_UUID_BYTES + 1])
{
	if (text.length != ID_UUID_BYTES)
		return false;
	for (int i = 0; i < ID_UUID_BYTES; i++) {
		char byte = text.at[i];
		bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (byte >= 'A' && byte <= 'F')
			byte = (char)(byte + 32);
		if (is_dash
		        ? byte != '-'
		        : !((byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f')))
			return false;
		id[i] = byte;
	}
	id[ID_UUID_BYTES] = '\0';
	return true;
}

void
import_check_derive(struct text source, struct text original, char id[ID_UUID_BYTES + 1])
{
	id_uuid_of(source, original, id);
}

/* An id as text: strings and whole numbers are ids, in trimmed form. */
static struct text
read_id(const json_t *value, char digits[32])
{
	if (json_is_integer(value)) {
		snprintf(digits, 32, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
		return text_of(digits);
	}
	return import_text_trim(text_in(value));
}

/* Gives the UUID of an id of this file; false: it says none. */
static bool
settle_id(struct import_check *check, const json_t *value, char id[ID_UUID_BYTES + 1])
{
	char digits[32];
	struct text text = read_id(value, digits);

	if (text.length == 0)
		return false;
	if (!read_uuid(text, id)) {
		import_check_derive(check->source, text, id);
		import_check_note(check, IMPORT_derived_id, "");
	}
	return true;
}

static void
derive_from(struct text space, const char *kind, struct text one, struct text other,
    char id[ID_UUID_BYTES + 1])
{
	char *name;
	int length = asprintf(&name, "%s/%.*s/%.*s", kind, (int)one.length,
	    one.length ? one.at : "", (int)other.length, other.length ? other.at : "");

	if (length < 0) {
		id_uuid_of(space, one, id);
		return;
	}
	id_uuid_of(space, (struct text){ name, (uint32_t)length }, id);
	free(name);
}

/* The id of a part that has none: what is the same thing everywhere in a source (an
 * organization, a term, a unit) by its name, anything else by its place in its parent. */
static void
make_id(struct import_check *check, const struct hsds_entity *entity,
    const json_t *object, const char *parent, char id[ID_UUID_BYTES + 1])
{
	struct text name = text_at(object, "name");
	struct text code = text_at(object, "code");
	char place[NAME_MAX_BYTES] = "";

	if ((entity == &hsds_organization || entity == &hsds_unit ||
	        entity == &hsds_program || entity == &hsds_taxonomy) &&
	    name.length > 0) {
		derive_from(check->source, entity->name, name, TEXT_ABSENT, id);
	} else if (entity == &hsds_taxonomy_term &&
	           (code.length > 0 || name.length > 0)) {
		derive_from(check->source, entity->name, text_at(object, "taxonomy"),
		    code.length > 0 ? code : name, id);
	} else {
		if (check->step != NULL)
			snprintf(place, sizeof place, "%s/%zu", check->step->name,
			    check->step->index);
		derive_from(
		    text_of(parent), entity->name, text_of(place), TEXT_ABSENT, id);
	}
}

static void
set_id(struct import_check *check, const struct hsds_entity *entity, json_t *object,
    const char *parent, char id[ID_UUID_BYTES + 1])
{
	json_t *given = json_object_get(object, "id");

	if (settle_id(check, given, id)) {
		if (entity == &hsds_service && !text_is(text_in(given), id) &&
		    strcasecmp(
		        json_is_string(given) ? json_string_value(given) : "", id) != 0)
			json_object_set(object, ASIDE "id", given);
	} else {
		if (given != NULL && !json_is_null(given) && !json_is_string(given))
			set_aside(check, object, "id", json_incref(given));
		make_id(check, entity, object, parent, id);
	}
	if (!text_is(text_in(given), id))
		json_object_set_new(object, "id", json_string(id));
}

/* ---- values by their type ---- */

/* A number, or a text that is one. */
static bool
read_number(const json_t *value, double *number)
{
	struct text text = import_text_trim(text_in(value));
	char digits[40];
	char *end;

	if (json_is_number(value)) {
		*number = json_number_value(value);
		return true;
	}
	if (text.length == 0 || !text_copy(text, digits, sizeof digits) ||
	    strspn(digits, "+-.0123456789eE") != text.length)
		return false;
	*number = strtod(digits, &end);
	return *end == '\0' && isfinite(*number);
}

static json_t *
make_number(double number)
{
	if (number == floor(number) && fabs(number) < 1e15)
		return json_integer((json_int_t)number);
	return json_real(number);
}

static void
settle_number(struct import_check *check, json_t *object, const char *name, json_t *value)
{
	double number;

	if (json_is_number(value))
		return;
	json_incref(value);
	json_object_del(object, name);
	if (read_number(value, &number))
		json_object_set_new(object, name, make_number(number));
	else if (import_text_trim(text_in(value)).length > 0 || !json_is_string(value)) {
		set_aside(check, object, name, value);
		return;
	}
	json_decref(value);
}

/* Text for a number or a truth; NULL: it is neither. */
static json_t *
text_from(const json_t *value)
{
	struct import_buffer buffer = { 0 };
	json_t *text;

	if (!json_is_number(value) && !json_is_boolean(value))
		return NULL;
	import_write(&buffer, value);
	text = buffer.is_broken ? NULL : json_stringn(buffer.bytes, buffer.length);
	free(buffer.bytes);
	return text;
}

static void
clean_text(
    struct import_check *check, json_t *object, const char *name, const json_t *value)
{
	bool had_html = false;
	struct text before = text_in(value);
	char *clean = import_text_clean(before, &had_html);

	if (clean == NULL)
		return;
	if (had_html)
		import_check_note(check, IMPORT_tags_removed, "");
	if (!text_is(before, clean))
		json_object_set_new(object, name, json_string(clean));
	free(clean);
}

static void
settle_text(struct import_check *check, json_t *object, const struct hsds_field *field,
    json_t *value)
{
	json_t *text;
	struct text trimmed;

	if (!json_is_string(value)) {
		text = field->type == HSDS_TIME ? NULL : text_from(value);
		if (text == NULL) {
			json_incref(value);
			json_object_del(object, field->name);
			set_aside(check, object, field->name, value);
		} else {
			json_object_set_new(object, field->name, text);
		}
	} else if (field->type == HSDS_TEXT) {
		clean_text(check, object, field->name, value);
	} else {
		trimmed = import_text_trim(text_in(value));
		if (trimmed.length != json_string_length(value))
			json_object_set_new(object, field->name,
			    json_stringn(trimmed.at, trimmed.length));
	}
}

/* The word of a closed list in its own spelling; absent: it is none of them. */
static struct text
find_word(const char *words, struct text word)
{
	word = import_text_trim(word);
	while (word.length > 0 && *words != '\0') {
		size_t length = strcspn(words, "|");

		if (length == word.length && strncasecmp(words, word.at, length) == 0)
			return (struct text){ words, (uint32_t)length };
		words += length + (words[length] == '|');
	}
	return TEXT_ABSENT;
}

static void
settle_word(struct import_check *check, json_t *object, const struct hsds_field *field,
    json_t *value)
{
	struct text word = find_word(field->words, text_in(value));

	if (word.at == NULL) {
		json_incref(value);
		json_object_del(object, field->name);
		if (json_is_string(value) && import_text_trim(text_in(value)).length == 0)
			json_decref(value);
		else
			set_aside(check, object, field->name, value);
	} else if (!text_equal(word, text_in(value))) {
		json_object_set_new(
		    object, field->name, json_stringn(word.at, word.length));
	}
}

static void
settle_reference(
    struct import_check *check, json_t *object, const char *name, json_t *value)
{
	char id[ID_UUID_BYTES + 1];

	json_incref(value);
	if (!settle_id(check, value, id)) {
		json_object_del(object, name);
		if (!json_is_string(value))
			set_aside(check, object, name, json_incref(value));
	} else if (!text_is(text_in(value), id)) {
		json_object_set_new(object, name, json_string(id));
	}
	json_decref(value);
}

/* ---- what an entity needs beyond its types ---- */

/* An attribute of our own taxonomy, for what we must remember about a part. */
static void
add_fact(struct import_check *check, json_t *object, const char *owner,
    const char *entity, const char *label, const char *value)
{
	char id[ID_UUID_BYTES + 1];
	char term[ID_UUID_BYTES + 1];
	json_t *attributes = json_object_get(object, "attributes");

	derive_from(text_of(owner), "attribute", text_of(label), TEXT_ABSENT, id);
	derive_from(
	    check->source, "taxonomy_term", text_of(OWN_TAXONOMY), text_of(label), term);
	if (!json_is_array(attributes)) {
		attributes = json_array();
		json_object_set_new(object, "attributes", attributes);
	}
	json_array_append_new(attributes,
	    json_pack("{s:s, s:s, s:s, s:s, s:s, s:{s:s, s:s, s:s, s:s, s:s}}", "id", id,
	        "link_id", owner, "link_entity", entity, "label", label, "value", value,
	        "taxonomy_term", "id", term, "code", label, "name", label, "description",
	        "", "taxonomy", OWN_TAXONOMY));
}

/* A location whose publisher hides where it is (location_type "redacted" of a proposal to
 * HSDS) must stay hidden here. */
static bool
is_redacted(const json_t *location)
{
	struct text type = import_text_trim(text_at(location, "location_type"));

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

/* The good entries stay, the others go aside. */
static void
settle_list(struct import_check *check, json_t *object, const struct hsds_field *field,
    json_t *value, const char *id)
{
	struct import_step step = { check->step, field->name, 0, true };
	json_t *list = json_array();
	json_t *aside = json_array();
	size_t count = json_is_array(value) ? json_array_size(value) : 1;

	check->step = &step;
	for (; step.index < count; step.index++) {
		json_t *entry =
		    json_is_array(value) ? json_array_get(value, step.index) : value;

		if (json_is_object(entry) && walk(check, field->entity, entry, id))
			json_array_append(list, entry);
		else if (!json_is_null(entry))
			json_array_append(aside, entry);
	}
	step.is_list = false;
	if (json_array_size(aside) > 0)
		set_aside(check, object, field->name, json_incref(aside));
	check->step = step.up;
	if (json_array_size(list) > 0 || json_array_size(aside) == 0)
		json_object_set(object, field->name, list);
	else
		json_object_del(object, field->name);
	json_decref(list);
	json_decref(aside);
}

static void
settle_one(struct import_check *check, json_t *object, const struct hsds_field *field,
    json_t *value, const char *id)
{
	json_t *only = json_array_size(value) == 1 ? json_array_get(value, 0) : value;

	json_incref(only);
	if (!json_is_object(only) || !walk(check, field->entity, only, id)) {
		json_object_del(object, field->name);
		set_aside(check, object, field->name, json_incref(only));
	} else if (only != value) {
		json_object_set(object, field->name, only);
	}
	json_decref(only);
}

static void
settle(struct import_check *check, json_t *object, const struct hsds_field *field,
    json_t *value, const char *id)
{
	struct import_step step = { check->step, field->name, 0, false };

	if (field->type == HSDS_ID)
		return; /* done first: parts without an id derive theirs from it */
	if (field->type == HSDS_LIST) {
		settle_list(check, object, field, value, id);
		return;
	}
	check->step = &step;
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
		add_fact(
		    check, object, id, "location", "confidentiality", "address_hidden");
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
		        import_text_trim(text_in(value)).length == 0))
			continue;
		if (!read_number(value, &ages[i]))
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

	if (read_id(json_object_get(service, "id"), digits).length == 0)
		return refuse(check, IMPORT_missing_id, "id", "");
	if (import_text_trim(text_at(service, "name")).length == 0)
		return refuse(check, IMPORT_missing_name, "name", "");
	if (find_word(hsds_find(&hsds_service, "status")->words, text_in(status)).at ==
	    NULL)
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

		if (!text_is(text_at(term, "taxonomy"), OWN_TAXONOMY) &&
		    (text_at(term, "code").length > 0 ||
		        text_at(term, "name").length > 0))
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
	json_array_foreach(json_object_get(service, "languages"), index,
	    language) if (text_at(language, "code").length == 0)
	    import_check_note(check, IMPORT_language_without_code,
	        text_at(language, "name").at ? text_at(language, "name").at : "");
}

enum import_reason
import_check_service(struct import_check *check, json_t *service,
    char id[ID_UUID_BYTES + 1], struct import_buffer *out)
{
	enum import_reason reason = check_needs(check, service);

	if (reason != IMPORT_FINE)
		return reason;
	(void)walk(check, &hsds_service, service, "");
	if (text_at(service, "name").length == 0)
		return refuse(check, IMPORT_missing_name, "name", "nothing but HTML");
	note_gaps(check, service);
	json_object_set_new(service, ASIDE "source",
	    json_stringn(check->source.at, check->source.length));
	(void)text_copy(text_at(service, "id"), id, ID_UUID_BYTES + 1);
	out->length = 0;
	import_write(out, service);
	if (out->is_broken || out->length > IMPORT_DOCUMENT_MAX_BYTES)
		return refuse(check, IMPORT_too_large, "", "");
	return IMPORT_FINE;
}
