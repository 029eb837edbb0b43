/* SPDX-License-Identifier: Apache-2.0
 * Where a service is, and which places it serves. */
#include "common/facts_document.h"
#include "common/facts_private.h"
#include "common/facts_shapes.h"

static bool
read_area(struct facts_reader *reader, const json_t *area, struct service_facts *facts)
{
	struct text code = place_code(text_at(area, "uri"));

	if (code.at != NULL)
		return add_text(facts->areas, &facts->areas_count, FACTS_AREAS_MAX, code);
	return is_word(text_at(area, "extent_type"), "geojson") &&
	       facts_add_shapes(
	           json_object_get(area, "extent"), reader->shapes, &facts->shapes_count);
}

static void
read_areas(struct facts_reader *reader, const json_t *object, struct service_facts *facts)
{
	size_t index;
	const json_t *area;

	json_array_foreach(json_object_get(object, "service_areas"), index,
	    area) if (!read_area(reader, area, facts)) facts->is_area_unclear = true;
}

/* False: no room for another point. */
static bool
read_point(const json_t *location, bool is_open, struct service_facts *facts)
{
	double lat = number_at(location, "latitude", -90, 90);
	double lon = number_at(location, "longitude", -180, 180);

	if (!is_word(text_at(location, "location_type"), "physical") || isnan(lat) ||
	    isnan(lon) || (lat == 0 && lon == 0)) /* 0,0 is what a failed geocoder says */
		return true;
	for (uint32_t i = 0; i < facts->points_count; i++)
		if (facts->points[i].lat == lat && facts->points[i].lon == lon) {
			if (!is_open) /* one of the two hides it */
				facts->open_points &= ~(1u << i);
			return true;
		}
	if (facts->points_count == FACTS_POINTS_MAX)
		return false;
	facts->points[facts->points_count].lat = lat;
	facts->points[facts->points_count].lon = lon;
	if (is_open)
		facts->open_points |= 1u << facts->points_count;
	facts->points_count++;
	return true;
}

void
read_places(
    struct facts_reader *reader, const json_t *service, struct service_facts *facts)
{
	bool have_all_points = true, hides_all = facts_hides_address(service);
	size_t index;
	const json_t *place;

	read_areas(reader, service, facts);
	json_array_foreach(json_object_get(service, "service_at_locations"), index, place)
	{
		const json_t *location = json_object_get(place, "location");
		bool is_open;

		read_areas(reader, place, facts);
		is_open =
		    !hides_all && facts_place_secrecy(place) == CONFIDENTIALITY_public;
		have_all_points = read_point(location, is_open, facts) && have_all_points;
		read_accessibility(location, facts);
	}
	facts->shapes = reader->shapes;
	if (!have_all_points) /* around points that are missing here it may serve as well
	                       */
		facts->radius_km = NAN;
}
