/* SPDX-License-Identifier: Apache-2.0
 * GeoJSON (RFC 7946) as shapes. */
#ifndef COMMON_FACTS_SHAPES_H
#define COMMON_FACTS_SHAPES_H

#include <jansson.h>

#include "common/facts.h"

/* Adds the polygons of a service area's extent (an object, or a text that holds one): Polygon,
 * MultiPolygon, and what is made of these alone (Feature, FeatureCollection,
 * GeometryCollection).  A ring may cross the antimeridian: two points more than 180 degrees
 * apart are taken the shorter way round.
 * False, and nothing is added: something else, a point that is none, a ring of fewer than three
 * points or around a pole, or more points than FACTS_SHAPE_POINTS_MAX with those there are. */
bool facts_add_shapes(const json_t *extent,
    struct shape_point points[FACTS_SHAPE_POINTS_MAX], uint32_t *count);

#endif
