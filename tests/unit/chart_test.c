/* SPDX-License-Identifier: Apache-2.0
 * Services by place: whatever joins and leaves, each is in its leaf, and no leaf or branch
 * promises less than what lies in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>

#include "services/matcher/chart_private.h"
#include "services/matcher/walk.h"

#define SERVICES 3000

static struct chart chart;
static struct service_facts facts;
static struct {
	struct traits traits;
	struct particulars particulars;
	char id[8];
	_Alignas(8) char room[256];
	bool is_there;
} services[SERVICES];
static uint64_t random_state;

static uint32_t
below(uint32_t end)
{
	random_state = random_state * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (uint32_t)((random_state >> 33) % end);
}

static int
start(void **unused)
{
	(void)unused;
	random_state = 7;
	return 0;
}

static int
stop(void **unused)
{
	(void)unused;
	chart_free(&chart);
	for (unsigned i = 0; i < SERVICES; i++)
		services[i].is_there = false;
	return 0;
}

/* Towns where many are, points everywhere, and none. */
static void
random_points(void)
{
	for (uint32_t i = below(8) == 0 ? 0 : 1 + (below(4) == 0) * below(7); i > 0;
	     i--) {
		bool is_town = below(2) == 0;

		facts.points[facts.points_count].lat =
		    is_town ? 48.9 : below(18000) / 100.0 - 90;
		facts.points[facts.points_count++].lon =
		    is_town ? 24.7 : below(36000) / 100.0 - 180;
	}
}

static void
random_service(unsigned number)
{
	static const char *const AREAS[] = { "UA26", "UA2604", "UA46", "RU10", "94010",
		"UA.06" };

	facts_init(&facts);
	snprintf(services[number].id, sizeof services[number].id, "s%u", number);
	facts.id = text_of(services[number].id);
	random_points();
	for (uint32_t i = below(2) * below(4); i > 0; i--)
		facts.areas[facts.areas_count++] = text_of(AREAS[below(6)]);
	if (below(3) == 0)
		facts.radius_km = below(100);
	if (below(3) == 0)
		facts.response_hours = below(100);
	if (below(4) == 0)
		facts.capacity_at =
		    INT64_C(1700000000000) + below(900) * INT64_C(86400000);
	if (below(2) == 0)
		facts.languages[facts.languages_count++] = LITERAL("uk");
	assert_in_range(traits_room(&facts), 0, sizeof services[number].room);
	traits_read(&services[number].traits, &services[number].particulars, &facts,
	    services[number].room);
	services[number].traits.group = chart_group(&services[number].traits);
}

static void
change(unsigned number)
{
	const struct traits *traits = &services[number].traits;

	if (services[number].is_there) {
		chart_leave(&chart, traits);
		chart_tidy(&chart, traits);
		services[number].is_there = false;
		return;
	}
	random_service(number);
	assert_true(chart_reserve(&chart, traits));
	chart_join(&chart, traits);
	services[number].is_there = true;
}

static void
assert_within(const struct extent *extent, const struct pin *pin)
{
	for (unsigned i = 0; i < 3 && pin->head.spot.at[0] != INT16_MIN; i++)
		assert_in_range(pin->head.spot.at[i] + 40000, extent->least[i] + 40000,
		    extent->most[i] + 40000);
	assert_int_equal(pin->head.features & ~extent->features, 0);
	assert_true(pin->head.reported <= extent->reported);
	assert_true(extent->first <= pin_key(pin));
	if (pin->fence.areas_mask == 0)
		assert_true(pin->fence.reach_km <= extent->reach_km);
	else
		assert_int_equal((fence_areas(&pin->fence).value ^ extent->areas.value) &
		                     extent->areas.mask,
		    0);
}

static void
assert_outlined(const struct branch *branch, uint32_t at)
{
	const struct extent *extent = &branch->leaves[at].extent;
	const struct outline *outline = branch->outline;

	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(outline->least[i][at], extent->least[i]);
		assert_int_equal(outline->most[i][at], extent->most[i]);
	}
	assert_int_equal(outline->features[at], extent->features);
	assert_int_equal(outline->reported[at], extent->reported);
}

/* As many pins as spots of those that are there, each within all that is said of it. */
static void
assert_whole(void)
{
	uint32_t pins = 0, spots = 0;
	uint64_t last = 0;

	for (uint32_t i = 0; i < chart.count; i++)
		for (uint32_t k = 0; k < chart.branches[i].count; k++) {
			const struct leaf *leaf = &chart.branches[i].leaves[k];

			assert_outlined(&chart.branches[i], k);
			assert_true(leaf->extent.first >= last);
			last = leaf->extent.first;
			for (uint32_t pin = 0; pin < leaf->count; pin++, pins++) {
				struct pin one = leaf_pin(leaf, pin);

				assert_within(&leaf->extent, &one);
				assert_within(&chart.branches[i].extent, &one);
			}
		}
	for (unsigned i = 0; i < SERVICES; i++)
		if (services[i].is_there)
			spots += services[i].particulars.spots_count;
	assert_int_equal(pins, spots);
	assert_int_equal(chart.pins_count, spots);
}

static void
no_extent_promises_less_than_what_lies_in_it(void **unused)
{
	(void)unused;
	for (unsigned i = 0; i < SERVICES; i++)
		change(i);
	assert_true(chart.count > 1);
	assert_whole();
	for (unsigned round = 0; round < 20000; round++) {
		change(below(SERVICES));
		if (round % 1000 == 0)
			assert_whole();
	}
	assert_whole();
}

static void
what_is_left_is_little_where_little_is_left(void **unused)
{
	uint32_t leaves = 0;

	(void)unused;
	for (unsigned i = 0; i < SERVICES; i++)
		change(i);
	for (unsigned i = 10; i < SERVICES; i++)
		change(i);
	assert_whole();
	for (uint32_t i = 0; i < chart.count; i++)
		leaves += chart.branches[i].count;
	assert_true(leaves <= 20);
	for (unsigned i = 0; i < 10; i++)
		change(i);
	assert_int_equal(chart.pins_count, 0);
	assert_int_equal(chart.count, 1);
}

static void
a_service_is_met_once_however_many_points_it_has(void **unused)
{
	struct service_facts several;
	struct spot spots[FACTS_POINTS_MAX];

	(void)unused;
	facts_init(&several);
	assert_int_equal(spots_read(&several, spots), 1);
	assert_true(spot_equal(spots[0], SPOT_UNKNOWN));
	for (unsigned i = 0; i < 4; i++) {
		several.points[i].lat = i < 2 ? 48.9 : i;
		several.points[i].lon = i == 3 ? NAN : 24.7;
	}
	several.points_count = 4;
	assert_int_equal(spots_read(&several, spots), 2);
	assert_true(spot_equal(spots[0], spot_of(48.9, 24.7)));
	assert_true(spot_equal(spots[1], spot_of(2, 24.7)));
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
	const struct CMUnitTest tests[] = {
		TEST(no_extent_promises_less_than_what_lies_in_it),
		TEST(what_is_left_is_little_where_little_is_left),
		TEST(a_service_is_met_once_however_many_points_it_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
