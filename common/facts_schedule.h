/* SPDX-License-Identifier: Apache-2.0
 * One schedule at a time: for the facts_hours files only. */
#ifndef COMMON_FACTS_SCHEDULE_H
#define COMMON_FACTS_SCHEDULE_H

#include "common/facts_hours.h"

/* The schedules of one service while they are read. */
struct reading {
	struct hours_rule *rules;
	uint32_t count;
	uint8_t group;
	const json_t *service_zone;
};

/* NULL where it is absent, null or an empty text. */
static inline const json_t *
member(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	if (json_is_null(value) ||
	    (json_is_string(value) && json_string_length(value) == 0))
		return NULL;
	return value;
}

static inline struct text
text_in(const json_t *value)
{
	return (
	    struct text){ json_string_value(value), (uint32_t)json_string_length(value) };
}

/* False: it does not stand there. */
static inline bool
skip(struct text *rest, char what)
{
	if (rest->length == 0 || rest->at[0] != what)
		return false;
	rest->at++;
	rest->length--;
	return true;
}

/* Which days, as facts_hours.h says.  False: not understood. */
bool schedule_days(const json_t *schedule, struct hours_rule *rule);
/* After its days, since an exception may be without times. */
bool schedule_times(
    const struct reading *reading, const json_t *schedule, struct hours_rule *rule);

#endif
