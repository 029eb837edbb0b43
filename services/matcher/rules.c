/* SPDX-License-Identifier: Apache-2.0
 * One function per rule of rules.def. */
#include "services/matcher/rules.h"

#include <math.h>
#include <strings.h>

#include "common/clock.h"
#include "services/matcher/places.h"

#define DAY_MS (24 * 60 * 60 * INT64_C(1000))
/* Largest age that an intake can say (messages.def). */
#define AGE_MAX 130
/* Bytes of an RFC 3339 full-date. */
#define FULL_DATE_LENGTH 10

/* ---- reading what is asked ---- */

static bool
holds(const struct text *list, uint32_t count, struct text text)
{
	for (uint32_t i = 0; i < count; i++)
		if (text_equal(list[i], text))
			return true;
	return false;
}

/* The last day counts to its end. */
static bool
is_over(struct text until, int64_t now_ms)
{
	int64_t end;

	if (until.at == NULL)
		return false;
	if (!clock_parse(until, &end))
		return true;
	return now_ms >= (until.length == FULL_DATE_LENGTH ? end + DAY_MS : end);
}

static bool
is_consented(const struct intake *intake, int64_t now_ms)
{
	const struct consent *consent = &intake->consent;

	return intake->has_consent &&
	       holds(consent->purposes, consent->purposes_count, LITERAL("referral")) &&
	       !is_over(consent->until, now_ms);
}

static void
add_person(struct wanted *wanted, const struct household *household, uint32_t position)
{
	const struct member *member;

	if (position >= household->members_count) {
		wanted->is_age_missing = true;
		return;
	}
	member = &household->members[position];
	if (member->age == UINT_ABSENT || member->age == UINT_REFUSED)
		wanted->is_age_missing = true;
	else
		wanted->ages[wanted->ages_count++] = member->age;
	for (uint32_t i = 0; i < member->difficulties_count; i++)
		wanted->difficulties |= 1U << member->difficulties[i];
}

static void
read_household(struct wanted *wanted, const struct household *household,
    const struct need_request *need)
{
	if (household->type != household_type_refused)
		wanted->household_type = household->type;
	if (household->displacement != displacement_refused)
		wanted->displacement = household->displacement;
	wanted->languages = household->languages;
	wanted->languages_count = household->languages_count;
	for (uint32_t i = 0; i < need->for_count; i++)
		add_person(wanted, household, need->for_at[i]);
	for (uint32_t i = 0; need->for_count == 0 && i < household->members_count; i++)
		add_person(wanted, household, i);
}

/* About a kilometre: what routing may know of a family's place. */
static double
rounded(double degrees)
{
	return round(degrees * 100) / 100;
}

void
wanted_read(struct wanted *wanted, const struct match_question *question)
{
	const struct intake *intake = question->intake;
	const struct need_request *need = &intake->needs[question->need];

	*wanted = (struct wanted){
		.question = question,
		.term = need->term,
		.is_consented = is_consented(intake, question->now_ms),
		.lat = NAN,
		.lon = NAN,
	};
	if (intake->has_household)
		read_household(wanted, &intake->household, need);
	if (wanted->ages_count == 0)
		wanted->is_age_missing = true;
	if (intake->has_place)
		wanted->place = intake->place.code;
	if (intake->has_place && !isnan(intake->place.lat) && !isnan(intake->place.lon)) {
		wanted->lat = rounded(intake->place.lat);
		wanted->lon = rounded(intake->place.lon);
	}
}

double
wanted_distance_km(const struct wanted *wanted, const struct service_facts *facts)
{
	double nearest = NAN;

	if (isnan(wanted->lat))
		return NAN;
	for (uint32_t i = 0; i < facts->points_count; i++)
		nearest = fmin(nearest, place_distance_km(wanted->lat, wanted->lon,
		                            facts->points[i].lat, facts->points[i].lon));
	return nearest;
}

static uint32_t
subtag_length(struct text tag)
{
	uint32_t length = 0;

	while (length < tag.length && tag.at[length] != '-')
		length++;
	return length;
}

static bool
is_same_language(struct text one, struct text other)
{
	uint32_t length = subtag_length(one);

	return length > 0 && length == subtag_length(other) &&
	       strncasecmp(one.at, other.at, length) == 0;
}

unsigned
wanted_language(const struct wanted *wanted, const struct service_facts *facts)
{
	for (uint32_t i = 0; i < wanted->languages_count; i++)
		for (uint32_t k = 0; k < facts->languages_count; k++)
			if (is_same_language(wanted->languages[i], facts->languages[k]))
				return i + 1;
	return 0;
}

/* ---- the rules ---- */

/* Whether a value known by number is in a set of bits, where 0 is unknown for both. */
static enum verdict
is_among(unsigned value, uint32_t set)
{
	if (value == 0 || set == 0)
		return verdict_unknown;
	return set & 1U << value ? verdict_pass : verdict_fail;
}

static enum verdict
pass_if(bool passes)
{
	return passes ? verdict_pass : verdict_fail;
}

static enum verdict
rule_active(
    const struct wanted *wanted, const struct service_facts *facts, double distance_km)
{
	(void)wanted;
	(void)distance_km;
	return pass_if(facts->is_active);
}

static enum verdict
rule_referral_allowed(
    const struct wanted *wanted, const struct service_facts *facts, double distance_km)
{
	(void)wanted;
	(void)distance_km;
	return pass_if(facts->is_referral_allowed);
}

static enum verdict
rule_consent(
    const struct wanted *wanted, const struct service_facts *facts, double distance_km)
{
	const struct consent *consent = &wanted->question->intake->consent;

	(void)distance_km;
	return pass_if(
	    wanted->is_consented &&
	    (holds(consent->recipients, consent->recipients_count, LITERAL("any")) ||
	        holds(consent->recipients, consent->recipients_count, facts->agency)));
}

static enum verdict
rule_deny_list(
    const struct wanted *wanted, const struct service_facts *facts, double distance_km)
{
	const struct intake *intake = wanted->question->intake;

	(void)distance_km;
	return pass_if(!intake->has_preferences ||
	               !holds(intake->preferences.deny_agencies,
	                   intake->preferences.deny_agencies_count, facts->agency));
}

static enum verdict
rule_tried(
    const struct wanted *wanted, const struct service_facts *facts, double distance_km)
{
	const struct match_question *question = wanted->question;

	(void)distance_km;
	return pass_if(
	    !holds(question->tried, (uint32_t)question->tried_count, facts->id));
}

static enum verdict
rule_age(
    const struct wanted *wanted, const struct service_facts *facts, double distance_km)
{
	double least = isnan(facts->minimum_age) ? -INFINITY : facts->minimum_age;
	double most = isnan(facts->maximum_age) ? INFINITY : facts->maximum_age;

	(void)distance_km;
	if (isnan(facts->minimum_age) && isnan(facts->maximum_age))
		return verdict_unknown;
	/* Somebody of 6 completed years is anything from 6 to just under 7. */
	for (uint32_t i = 0; i < wanted->ages_count; i++)
		if (wanted->ages[i] + 1 > least && wanted->ages[i] <= most)
			return verdict_pass;
	if (least <= 0 && most >= AGE_MAX)
		return verdict_pass;
	return wanted->is_age_missing ? verdict_unknown : verdict_fail;
}

static enum verdict
rule_household_type(
    const struct wanted *wanted, const struct service_facts *facts, double distance_km)
{
	(void)distance_km;
	return is_among(wanted->household_type, facts->household_types);
}

static enum verdict
rule_displacement(
    const struct wanted *wanted, const struct service_facts *facts, double distance_km)
{
	(void)distance_km;
	return is_among(wanted->displacement, facts->displacements);
}

static enum verdict
rule_language(
    const struct wanted *wanted, const struct service_facts *facts, double distance_km)
{
	(void)distance_km;
	if (wanted->languages_count == 0)
		return verdict_unknown;
	if (facts->interpreter == FLAG_YES || wanted_language(wanted, facts) > 0)
		return verdict_pass;
	return facts->languages_count == 0 ? verdict_unknown : verdict_fail;
}

static enum verdict
rule_difficulty(
    const struct wanted *wanted, const struct service_facts *facts, double distance_km)
{
	(void)distance_km;
	return (wanted->difficulties & ~facts->difficulties) == 0 ? verdict_pass
	                                                          : verdict_unknown;
}

static enum verdict
rule_area(
    const struct wanted *wanted, const struct service_facts *facts, double distance_km)
{
	bool may_be_within = false;

	(void)distance_km;
	if (facts->areas_count == 0)
		return isnan(facts->radius_km) ? verdict_unknown : verdict_pass;
	for (uint32_t i = 0; i < facts->areas_count; i++) {
		if (place_within(facts->areas[i], wanted->place))
			return verdict_pass;
		if (place_within(wanted->place, facts->areas[i]) ||
		    !place_is_comparable(wanted->place, facts->areas[i]))
			may_be_within = true;
	}
	return may_be_within ? verdict_unknown : verdict_fail;
}

static enum verdict
rule_distance(
    const struct wanted *wanted, const struct service_facts *facts, double distance_km)
{
	bool is_blurred = facts->confidentiality != CONFIDENTIALITY_public;

	(void)wanted;
	if (isnan(facts->radius_km))
		return verdict_pass;
	if (isnan(distance_km))
		return verdict_unknown;
	return pass_if(
	    distance_km <= facts->radius_km + (is_blurred ? RULES_BLUR_KM : 0));
}

/* ---- the table ---- */

static const struct {
	enum verdict (*verdict)(const struct wanted *wanted,
	    const struct service_facts *facts, double distance_km);
	struct text name;
	struct text question;
} TABLE[RULES] = {
#define RULE(name_, question_, about_)                                                   \
	[RULE_##name_] = { .verdict = rule_##name_,                                      \
		.name = LITERAL(#name_),                                                 \
		.question = LITERAL(question_) },
#include "services/matcher/rules.def"
#undef RULE
};

enum verdict
rule_verdict(enum rule rule, const struct wanted *wanted,
    const struct service_facts *facts, double distance_km)
{
	return TABLE[rule].verdict(wanted, facts, distance_km);
}

struct text
rule_name(enum rule rule)
{
	return TABLE[rule].name;
}

struct text
rule_question(enum rule rule)
{
	return TABLE[rule].question;
}
