/* SPDX-License-Identifier: Apache-2.0
 * Areas with a drawn border. */
#ifndef COMMON_SHAPES_H
#define COMMON_SHAPES_H

#include "proto/message.h"

/* The south-west and the north-east corner of all, then rings of polygons one after the other;
 * what stands behind the last point of a ring is no point (shapes_is_end), and the last of all
 * ends a polygon.  The first ring of a polygon is its border, the others are holes. */
struct shape_point {
	float lat,
	    lon; /* degrees; lon beyond 180 where a ring crosses the antimeridian */
};

struct shape_point shapes_end(bool is_polygon_over);
bool shapes_is_end(struct shape_point point);

/* Where a point lies of which each coordinate is known to half a `grid` degree: YES in one of
 * the polygons, NO outside of all, ABSENT where a border crosses its field.  Sides are straight
 * lines in degrees (RFC 7946, 3.1.1). */
enum flag shapes_hold(const struct shape_point *points, uint32_t count, double lat,
    double lon, double grid);

#endif
