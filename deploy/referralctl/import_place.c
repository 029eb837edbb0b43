/* SPDX-License-Identifier: Apache-2.0
 * A row of a gazetteer, brought to the form in which places are stored. */
#include <ctype.h>
#include <math.h>
#include <stdio.h>

#include "common/places.h"
#include "deploy/referralctl/import_other_private.h"
#include "deploy/referralctl/import_settle.h"

/* With its prefix, where it begins with a digit. */
static bool
read_code(const json_t *row, const char *name, char code[PLACE_CODE_MAX + 1])
{
	char word[PLACE_CODE_MAX + 1], prefix[PLACE_CODE_MAX + 1];

	if (!other_word(row, name, word, sizeof word) ||
	    !other_word(row, "prefix", prefix, sizeof prefix))
		return false;
	return snprintf(code, PLACE_CODE_MAX + 1, "%s%s",
	           isdigit((unsigned char)word[0]) ? prefix : "", word) <= PLACE_CODE_MAX;
}

static void
read_parent(const json_t *row, const char *code, char parent[PLACE_CODE_MAX + 1])
{
	char prefix[PLACE_CODE_MAX + 1];
	double digits;

	if (!read_code(row, "parent", parent))
		parent[0] = '\0';
	if (parent[0] != '\0' || !other_word(row, "prefix", prefix, sizeof prefix) ||
	    !settle_read_number(json_object_get(row, "parent_digits"), &digits) ||
	    digits < 1 || strlen(prefix) + (size_t)digits >= strlen(code))
		return;
	snprintf(parent, PLACE_CODE_MAX + 1, "%.*s",
	    (int)(strlen(prefix) + (size_t)digits), code);
}

/* Decimal commas are taken. */
static double
read_degrees(const json_t *row, const char *name, double most)
{
	char word[40];
	json_t *text;
	double number;
	bool is_number;

	if (!json_is_string(json_object_get(row, name)))
		return settle_read_number(json_object_get(row, name), &number) &&
		               fabs(number) <= most
		           ? number
		           : NAN;
	if (!other_word(row, name, word, sizeof word))
		return NAN;
	for (char *at = word; *at != '\0'; at++)
		if (*at == ',')
			*at = '.';
	text = json_string(word);
	is_number = settle_read_number(text, &number) && fabs(number) <= most;
	json_decref(text);
	return is_number ? number : NAN;
}

static void
put_point(struct import_check *check, json_t *made, const json_t *row)
{
	double lat = read_degrees(row, "latitude", 90);
	double lon = read_degrees(row, "longitude", 180);

	if (!isnan(lat) && !isnan(lon) && (lat != 0 || lon != 0)) {
		json_object_set_new(made, "latitude", json_real(lat));
		json_object_set_new(made, "longitude", json_real(lon));
	} else if (json_object_get(row, "latitude") != NULL ||
	           json_object_get(row, "longitude") != NULL) {
		import_check_note(check, IMPORT_bad_coordinates, "");
	}
}

enum import_reason
other_make_place(struct import_check *check, const json_t *row, json_t *made,
    char key[OTHER_KEY_BYTES])
{
	char code[PLACE_CODE_MAX + 1], parent[PLACE_CODE_MAX + 1];
	char name[PLACE_NAME_MAX + 1], kind[32];
	double population;

	if (!read_code(row, "code", code))
		return other_refuse(check, IMPORT_too_large, "code", "");
	if (code[0] == '\0' && !other_word(row, "id", code, sizeof code))
		code[0] = '\0';
	if (code[0] == '\0')
		return other_refuse(check, IMPORT_missing_id, "code", "");
	if (!other_word(row, "name", name, sizeof name))
		return other_refuse(check, IMPORT_too_large, "name", "");
	if (name[0] == '\0')
		return other_refuse(check, IMPORT_missing_name, "name", "");
	read_parent(row, code, parent);
	if (!other_word(row, "kind", kind, sizeof kind) ||
	    (kind[0] != '\0' &&
	        strcmp(place_kind_word(place_kind_of(text_of(kind))), kind) != 0)) {
		import_check_note(check, IMPORT_unknown_kind, kind);
		kind[0] = '\0';
	}
	other_put(made, "code", code);
	other_put(made, "name", name);
	other_put(made, "kind", kind);
	other_put(made, "parent", parent);
	other_put_names(made, row, "names");
	other_put_names(made, row, "alternates");
	put_point(check, made, row);
	if (settle_read_number(json_object_get(row, "population"), &population) &&
	    population > 0)
		json_object_set_new(
		    made, "population", json_integer((json_int_t)population));
	snprintf(key, OTHER_KEY_BYTES, "place" UNIT_SEPARATOR "%s", code);
	return IMPORT_FINE;
}

void
other_add_region(json_t *rows, const json_t *row, struct import_others *others)
{
	char code[PLACE_CODE_MAX + 1], parent[PLACE_CODE_MAX + 1];
	const json_t *name = json_object_get(row, "parent_name");

	if (!json_is_string(name) || !read_code(row, "code", code))
		return;
	read_parent(row, code, parent);
	if (others->made == NULL)
		others->made = json_object();
	if (parent[0] == '\0' || json_object_get(others->made, parent) != NULL)
		return;
	json_object_set_new(others->made, parent, json_true());
	json_array_append_new(
	    rows, json_pack("{s:s, s:O, s:s}", "code", parent, "name", name, "kind",
	              parent[2] == '\0' ? "country" : "region"));
}
