/* SPDX-License-Identifier: Apache-2.0
 * Coordinates into rings. */
#include "common/facts_shapes.h"

#include <math.h>

/* Collections within collections. */
#define DEPTH_MOST 4
#define CORNERS 2

struct outline {
	struct shape_point *points;
	uint32_t count;
};

static bool
add(struct outline *outline, struct shape_point point)
{
	if (outline->count == FACTS_SHAPE_POINTS_MAX)
		return false;
	outline->points[outline->count++] = point;
	return true;
}

static bool
read_position(const json_t *position, double *lat, double *lon)
{
	const json_t *first = json_array_get(position, 0);
	const json_t *second = json_array_get(position, 1);

	*lon = json_number_value(first);
	*lat = json_number_value(second);
	return json_is_number(first) && json_is_number(second) && fabs(*lat) <= 90 &&
	       fabs(*lon) <= 180;
}

/* The end that repeats the beginning is left out. */
static bool
read_ring(struct outline *outline, const json_t *ring, bool is_last)
{
	uint32_t start = outline->count;
	double before = 0, first = 0;
	size_t index;
	const json_t *position;

	json_array_foreach((json_t *)ring, index, position)
	{
		double lat, lon;

		if (!read_position(position, &lat, &lon))
			return false;
		if (index > 0)
			lon += 360 * round((before - lon) / 360);
		else
			first = lon;
		before = lon;
		if (!add(outline, (struct shape_point){ (float)lat, (float)lon }))
			return false;
	}
	if (outline->count > start + 1 &&
	    memcmp(&outline->points[start], &outline->points[outline->count - 1],
	        sizeof *outline->points) == 0)
		outline->count--;
	return outline->count >= start + 3 && fabs(before - first) <= 180 &&
	       add(outline, shapes_end(is_last));
}

static bool
read_polygon(struct outline *outline, const json_t *rings)
{
	size_t count = json_array_size(rings);

	for (size_t i = 0; i < count; i++)
		if (!read_ring(outline, json_array_get(rings, i), i + 1 == count))
			return false;
	return count > 0;
}

static bool read_shape(struct outline *outline, const json_t *shape, int depth);

static bool
read_each(struct outline *outline, const json_t *list, int depth)
{
	size_t index;
	const json_t *each;

	json_array_foreach((json_t *)list, index,
	    each) if (!(depth < 0 ? read_polygon(outline, each)
	                          : read_shape(outline, each, depth))) return false;
	return json_array_size(list) > 0;
}

static bool
read_shape(struct outline *outline, const json_t *shape, int depth)
{
	const char *type = json_string_value(json_object_get(shape, "type"));
	const json_t *coordinates = json_object_get(shape, "coordinates");

	if (type == NULL || depth == DEPTH_MOST)
		return false;
	if (strcmp(type, "Polygon") == 0)
		return read_polygon(outline, coordinates);
	if (strcmp(type, "MultiPolygon") == 0)
		return read_each(outline, coordinates, -1);
	if (strcmp(type, "Feature") == 0)
		return read_shape(outline, json_object_get(shape, "geometry"), depth + 1);
	if (strcmp(type, "FeatureCollection") == 0)
		return read_each(outline, json_object_get(shape, "features"), depth + 1);
	if (strcmp(type, "GeometryCollection") == 0)
		return read_each(
		    outline, json_object_get(shape, "geometries"), depth + 1);
	return false;
}

static void
widen(struct shape_point *corners, const struct shape_point *points, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		if (shapes_is_end(points[i]))
			continue;
		corners[0].lat = fminf(corners[0].lat, points[i].lat);
		corners[0].lon = fminf(corners[0].lon, points[i].lon);
		corners[1].lat = fmaxf(corners[1].lat, points[i].lat);
		corners[1].lon = fmaxf(corners[1].lon, points[i].lon);
	}
}

bool
facts_add_shapes(const json_t *extent, struct shape_point points[FACTS_SHAPE_POINTS_MAX],
    uint32_t *count)
{
	struct outline outline = { points, *count == 0 ? CORNERS : *count };
	json_t *parsed = NULL;
	bool is_read;

	if (json_is_string(extent))
		extent = parsed = json_loadb(
		    json_string_value(extent), json_string_length(extent), 0, NULL);
	is_read = read_shape(&outline, extent, 0);
	json_decref(parsed);
	if (!is_read)
		return false;
	if (*count == 0) {
		points[0] = (struct shape_point){ INFINITY, INFINITY };
		points[1] = (struct shape_point){ -INFINITY, -INFINITY };
		*count = CORNERS;
	}
	widen(points, points + *count, outline.count - *count);
	*count = outline.count;
	return true;
}
