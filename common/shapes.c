/* SPDX-License-Identifier: Apache-2.0
 * Points in polygons, by counting the borders that lie to one side. */
#include "common/shapes.h"

#include <math.h>

struct spot {
	double lat, lon, half;
};

struct shape_point
shapes_end(bool is_polygon_over)
{
	return (struct shape_point){ NAN, is_polygon_over ? 1 : 0 };
}

bool
shapes_is_end(struct shape_point point)
{
	return isnan(point.lat);
}

static bool
is_polygon_end(struct shape_point point)
{
	return shapes_is_end(point) && point.lon > 0;
}

/* Whether a side comes into the field: no line along the axes or the side keeps them apart. */
static bool
crosses(struct shape_point from, struct shape_point to, const struct spot *spot)
{
	double ax = from.lon - spot->lon, ay = from.lat - spot->lat;
	double bx = to.lon - spot->lon, by = to.lat - spot->lat;
	double reach = spot->half * (fabs(bx - ax) + fabs(by - ay));

	return fmin(ax, bx) <= spot->half && fmax(ax, bx) >= -spot->half &&
	       fmin(ay, by) <= spot->half && fmax(ay, by) >= -spot->half &&
	       fabs(ax * by - ay * bx) <= reach;
}

/* Whether a side crosses the line from the middle of the field to the east. */
static bool
is_east(struct shape_point from, struct shape_point to, const struct spot *spot)
{
	if ((from.lat > spot->lat) == (to.lat > spot->lat))
		return false;
	return spot->lon < from.lon + (spot->lat - from.lat) *
	                                  ((double)to.lon - from.lon) /
	                                  ((double)to.lat - from.lat);
}

/* What is known of the polygon that is being walked. */
struct polygon {
	bool is_crossed, is_inside;
};

static enum flag
end_polygon(struct polygon *polygon)
{
	enum flag answer = polygon->is_inside ? FLAG_YES : FLAG_NO;

	if (polygon->is_crossed)
		answer = FLAG_ABSENT;
	*polygon = (struct polygon){ false, false };
	return answer;
}

static bool
is_apart(const struct shape_point *corners, const struct spot *spot)
{
	return spot->lat + spot->half < corners[0].lat ||
	       spot->lat - spot->half > corners[1].lat ||
	       spot->lon + spot->half < corners[0].lon ||
	       spot->lon - spot->half > corners[1].lon;
}

static enum flag
hold(const struct shape_point *points, uint32_t count, const struct spot *spot)
{
	struct polygon polygon = { false, false };
	enum flag answer = FLAG_NO;
	uint32_t start = 0;

	for (uint32_t i = 0; i < count; i++) {
		struct shape_point next;

		if (shapes_is_end(points[i])) {
			enum flag one =
			    is_polygon_end(points[i]) ? end_polygon(&polygon) : FLAG_NO;

			if (one == FLAG_YES)
				return FLAG_YES;
			if (one == FLAG_ABSENT)
				answer = FLAG_ABSENT;
			start = i + 1;
			continue;
		}
		/* The last side leads back to the first point. */
		next = points[shapes_is_end(points[i + 1]) ? start : i + 1];
		polygon.is_crossed = polygon.is_crossed || crosses(points[i], next, spot);
		polygon.is_inside ^= is_east(points[i], next, spot);
	}
	return answer;
}

enum flag
shapes_hold(
    const struct shape_point *points, uint32_t count, double lat, double lon, double grid)
{
	enum flag answer = FLAG_NO;

	for (int turn = -1; turn <= 1; turn++) {
		const struct spot spot = { lat, lon + turn * 360, grid / 2 };
		enum flag one = is_apart(points, &spot)
		                    ? FLAG_NO
		                    : hold(points + 2, count - 2, &spot);

		if (one == FLAG_YES)
			return FLAG_YES;
		if (one == FLAG_ABSENT)
			answer = FLAG_ABSENT;
	}
	return answer;
}
