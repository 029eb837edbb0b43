/* SPDX-License-Identifier: Apache-2.0
 * All or nothing: one schedule that is not understood makes the hours unknown. */
#include "common/facts_schedule.h"

/* A rule that is there already, as when a service's schedule stands at a place again, counts
 * once. */
static bool
add_rule(struct reading *reading, const struct hours_rule *rule)
{
	for (uint32_t i = 0; i < reading->count; i++) {
		if (reading->rules[i].group != rule->group)
			continue;
		if (memcmp(&reading->rules[i], rule, sizeof *rule) == 0)
			return true;
		if (reading->rules[i].zone != rule->zone)
			return false;
	}
	if (reading->count == FACTS_HOURS_MAX)
		return false;
	reading->rules[reading->count++] = *rule;
	return true;
}

static bool
read_schedule(struct reading *reading, const json_t *schedule)
{
	struct hours_rule rule = { .group = reading->group };

	return schedule_days(schedule, &rule) &&
	       schedule_times(reading, schedule, &rule) && add_rule(reading, &rule);
}

static bool
is_only_words(const json_t *schedule)
{
	static const char *const MEANING[] = { "freq", "byday", "bymonthday", "opens_at",
		"closes_at", "valid_from", "valid_to", "dtstart", "until", "x_closed" };

	for (size_t i = 0; i < sizeof MEANING / sizeof *MEANING; i++)
		if (member(schedule, MEANING[i]) != NULL)
			return false;
	return member(schedule, "description") != NULL;
}

static bool
is_parsed(const json_t *schedules)
{
	size_t index;
	const json_t *schedule;

	json_array_foreach((json_t *)schedules, index,
	    schedule) if (json_is_true(member(schedule, "x_parsed"))) return true;
	return false;
}

/* What the last group says again word for word is dropped. */
static void
drop_repeated_group(struct reading *reading, uint32_t start)
{
	uint32_t size = reading->count - start;

	for (uint32_t at = 0; at + size <= start; at++) {
		bool is_same = (at == 0 || reading->rules[at - 1].group !=
		                               reading->rules[at].group) &&
		               (at + size == start || reading->rules[at + size].group !=
		                                          reading->rules[at].group);

		for (uint32_t i = 0; i < size && is_same; i++) {
			struct hours_rule rule = reading->rules[at + i];

			is_same = rule.group == reading->rules[at].group;
			rule.group = reading->group;
			is_same = is_same && memcmp(&rule, &reading->rules[start + i],
			                         sizeof rule) == 0;
		}
		if (is_same)
			reading->count = start;
	}
}

static bool
read_group(struct reading *reading, const json_t *schedules)
{
	bool has_parsed = is_parsed(schedules);
	uint32_t start = reading->count;
	size_t index;
	const json_t *schedule;

	json_array_foreach((json_t *)schedules, index,
	    schedule) if (!(has_parsed && is_only_words(schedule)) &&
	                  !read_schedule(reading, schedule)) return false;
	drop_repeated_group(reading, start);
	if (reading->count > start)
		reading->group++;
	return true;
}

static const json_t *
schedules_of(const json_t *object)
{
	const json_t *schedules = json_object_get(object, "schedules");

	return json_array_size(schedules) > 0 ? schedules : NULL;
}

uint32_t
facts_hours(const json_t *service, struct hours_rule rules[FACTS_HOURS_MAX])
{
	const json_t *places = json_object_get(service, "service_at_locations");
	const json_t *place;
	const json_t *own = schedules_of(service);
	struct reading reading = { .rules = rules,
		.service_zone = member(service, "x_timezone") };
	size_t index;

	json_array_foreach((json_t *)places, index, place)
	{
		const json_t *schedules = schedules_of(place);

		if (schedules == NULL)
			schedules = own;
		if (schedules == NULL)
			schedules = schedules_of(json_object_get(place, "location"));
		if (!read_group(&reading, schedules))
			return 0;
	}
	if (json_array_size(places) == 0 && !read_group(&reading, own))
		return 0;
	return reading.count;
}
