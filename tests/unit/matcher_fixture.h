/* SPDX-License-Identifier: Apache-2.0
 * A family and a service of which nothing is known but what a test says. */
#ifndef TESTS_MATCHER_FIXTURE_H
#define TESTS_MATCHER_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "services/matcher/match.h"

/* 2026-11-20T08:00:00Z */
#define NOW_MS INT64_C(1795161600000)
#define HOUR_MS INT64_C(3600000)
#define DAY_MS (24 * HOUR_MS)

/* One at a time: a test asks, changes and asks again. */
static struct intake intake;
static struct match_question question;
static struct service_facts facts;

/* A family that agreed to any referral and needs one thing, and nothing else is known. */
static inline void
new_family(const char *term)
{
	record_init(&record_intake, &intake);
	intake.urgency = urgency_normal;
	intake.needs_count = 1;
	record_init(&record_need_request, &intake.needs[0]);
	intake.needs[0].term = text_of(term);
	intake.has_consent = true;
	record_init(&record_consent, &intake.consent);
	intake.consent.version = LITERAL("1");
	intake.consent.purposes[intake.consent.purposes_count++] = LITERAL("referral");
	intake.consent.recipients[intake.consent.recipients_count++] = LITERAL("any");
	record_init(&record_household, &intake.household);
	record_init(&record_place, &intake.place);
	record_init(&record_preferences, &intake.preferences);
	question = (struct match_question){
		.intake = &intake,
		.now_ms = NOW_MS,
		.seed = 1,
		.may_be_cleared_only = true,
	};
}

static inline struct member *
new_member(uint32_t age)
{
	struct member *member =
	    &intake.household.members[intake.household.members_count++];

	record_init(&record_member, member);
	member->age = age;
	intake.has_household = true;
	return member;
}

static inline void
add_language(const char *tag)
{
	intake.household.languages[intake.household.languages_count++] = text_of(tag);
	intake.has_household = true;
}

static inline void
set_point(double lat, double lon)
{
	intake.has_place = true;
	intake.place.lat = lat;
	intake.place.lon = lon;
}

static inline void
set_place(const char *code)
{
	intake.has_place = true;
	intake.place.code = text_of(code);
}

/* A service in use that offers a term. */
static inline void
new_service(const char *id, const char *term)
{
	facts_init(&facts);
	facts.id = text_of(id);
	facts.agency = LITERAL("agency");
	facts.name = LITERAL("Name");
	facts.is_active = true;
	facts.is_referral_allowed = true;
	facts.terms[facts.terms_count++] = text_of(term);
}

static inline void
add_point(double lat, double lon)
{
	facts.points[facts.points_count].lat = lat;
	facts.points[facts.points_count++].lon = lon;
}

/* The hours of `facts`. */
static struct hours_rule opening[8];

static inline void
open_weekly(unsigned weekday, uint16_t opens, uint16_t closes)
{
	facts.hours = opening;
	opening[facts.hours_count++] = (struct hours_rule){
		.first = HOURS_EVER,
		.last = HOURS_FOR_EVER,
		.repeats = HOURS_WEEKLY,
		.interval = 1,
		.weekdays = (uint8_t)(1U << weekday),
		.opens = opens,
		.closes = closes,
	};
}

static inline void
put_service(struct index *index)
{
	assert_int_equal(index_put(index, &facts), STATUS_OK);
}

static inline void
assert_text(struct text text, const char *string)
{
	assert_non_null(text.at);
	assert_int_equal(text.length, strlen(string));
	assert_memory_equal(text.at, string, text.length);
}

static inline void
assert_id(const struct indexed *service, const char *id)
{
	assert_non_null(service);
	assert_text(indexed_facts(service)->id, id);
}

#endif
