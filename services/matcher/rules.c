/* SPDX-License-Identifier: Apache-2.0
 * One function per rule of rules.def. */
#include "services/matcher/rules.h"

#include <assert.h>
#include <math.h>

/* Largest age that an intake can say (messages.def). */
#define AGE_MAX 130

/* Whether a list, whose bits are known, holds an id, whose bit is known. */
static bool
holds(const struct text *list, size_t count, uint64_t bits, struct text id, uint8_t bit)
{
	if ((bits >> bit & 1) == 0)
		return false;
	for (size_t i = 0; i < count; i++)
		if (text_equal(list[i], id))
			return true;
	return false;
}

static enum verdict
pass_if(bool passes)
{
	return passes ? verdict_pass : verdict_fail;
}

/* Whether a value is in a set of bits, 0 being unknown for both. */
static enum verdict
is_among(unsigned value, unsigned set)
{
	if (value == 0 || set == 0)
		return verdict_unknown;
	return pass_if(set >> value & 1);
}

static enum verdict
rule_active(const struct wanted *wanted, const struct traits *traits)
{
	(void)wanted;
	return pass_if(traits->is_active);
}

static enum verdict
rule_referral_allowed(const struct wanted *wanted, const struct traits *traits)
{
	(void)wanted;
	return pass_if(traits->is_referral_allowed);
}

static enum verdict
rule_consent(const struct wanted *wanted, const struct traits *traits)
{
	const struct consent *consent = &wanted->question->intake->consent;

	if (!wanted->is_consented || wanted->is_any_consented)
		return pass_if(wanted->is_consented);
	return pass_if(holds(consent->recipients, consent->recipients_count,
	    wanted->recipient_bits, traits->more->facts->agency, traits->agency_bit));
}

static enum verdict
rule_deny_list(const struct wanted *wanted, const struct traits *traits)
{
	const struct preferences *preferences = &wanted->question->intake->preferences;

	if (wanted->denied_bits == 0)
		return verdict_pass;
	return pass_if(
	    !holds(preferences->deny_agencies, preferences->deny_agencies_count,
	        wanted->denied_bits, traits->more->facts->agency, traits->agency_bit));
}

static enum verdict
rule_tried(const struct wanted *wanted, const struct traits *traits)
{
	if (wanted->tried_bits == 0)
		return verdict_pass;
	return pass_if(!holds(wanted->question->tried, wanted->question->tried_count,
	    wanted->tried_bits, traits->more->facts->id, traits->id_bit));
}

static enum verdict
rule_age(const struct wanted *wanted, const struct traits *traits)
{
	double least = isnan(traits->minimum_age) ? -INFINITY : traits->minimum_age;
	double most = isnan(traits->maximum_age) ? INFINITY : traits->maximum_age;

	if (isnan(traits->minimum_age) && isnan(traits->maximum_age))
		return verdict_unknown;
	if (least <= 0 && most >= AGE_MAX)
		return verdict_pass;
	/* Somebody of 6 completed years is anything from 6 to just under 7. */
	for (uint32_t i = 0; i < wanted->ages_count; i++)
		if ((wanted->ages[i] + 1 > least && wanted->ages[i] <= most) !=
		    wanted->is_for_siblings)
			return wanted->is_for_siblings ? verdict_fail : verdict_pass;
	if (wanted->is_age_missing)
		return verdict_unknown;
	return pass_if(wanted->is_for_siblings);
}

static enum verdict
rule_household_type(const struct wanted *wanted, const struct traits *traits)
{
	return is_among(wanted->household_type, traits->household_types);
}

static enum verdict
rule_displacement(const struct wanted *wanted, const struct traits *traits)
{
	return is_among(wanted->displacement, traits->displacements);
}

static enum verdict
rule_language(const struct wanted *wanted, const struct traits *traits)
{
	if (wanted->languages_count == 0)
		return verdict_unknown;
	if (traits->interpreter == FLAG_YES || wanted_language(wanted, traits) > 0)
		return verdict_pass;
	return traits->languages_count == 0 ? verdict_unknown : verdict_fail;
}

static enum verdict
rule_difficulty(const struct wanted *wanted, const struct traits *traits)
{
	return wanted->difficulties & ~(uint32_t)traits->difficulties ? verdict_unknown
	                                                              : verdict_pass;
}

/* Pass: the place lies in the area; unknown: it may. */
static enum verdict
lies_by_code(
    const struct wanted *wanted, struct place_key area, const struct text *area_text)
{
	struct place_key place = wanted->place_key;

	if (area.mask != 0 && place.mask != 0) {
		if (place_key_within(area, place))
			return verdict_pass;
		return place_key_within(place, area) ||
		               !place_key_is_comparable(place, area)
		           ? verdict_unknown
		           : verdict_fail;
	}
	if (place_within(*area_text, wanted->place))
		return verdict_pass;
	return place_within(wanted->place, *area_text) ||
	               !place_is_comparable(wanted->place, *area_text)
	           ? verdict_unknown
	           : verdict_fail;
}

/* The same by the hierarchy, where codes alone do not let it pass.  Codes of two kinds may
 * mean the same place, and the hierarchy need not know that. */
static enum verdict
lies_by_hierarchy(const struct wanted *wanted, struct place_key area,
    struct text area_text, enum verdict by_code)
{
	const struct places *places = wanted->question->places;
	place_id found;

	for (uint32_t i = 0; i < wanted->wider_count; i++)
		if (place_within(area_text, wanted->wider[i]))
			return verdict_pass;
	if ((area.mask != 0) != (wanted->place_key.mask != 0))
		return verdict_unknown;
	if (by_code != verdict_fail || !wanted->holds_others)
		return by_code;
	found = places_find(places, area_text);
	return found != PLACE_NONE && places_within(places, wanted->place_id, found)
	           ? verdict_unknown
	           : verdict_fail;
}

static enum verdict
lies_in(const struct wanted *wanted, struct place_key area, const struct text *area_text)
{
	enum verdict verdict = lies_by_code(wanted, area, area_text);

	return verdict == verdict_pass || wanted->place_id == PLACE_NONE
	           ? verdict
	           : lies_by_hierarchy(wanted, area, *area_text, verdict);
}

/* Whether the family's rounded point lies in a drawn area. */
static enum verdict
lies_in_shapes(const struct wanted *wanted, const struct kept_facts *facts)
{
	enum flag holds;

	if (facts->shapes_count == 0)
		return verdict_fail;
	if (isnan(wanted->lat))
		return verdict_unknown;
	holds = shapes_hold(facts->shapes, facts->shapes_count, wanted->lat, wanted->lon,
	    WANTED_GRID_DEGREES);
	if (holds == FLAG_ABSENT)
		return verdict_unknown;
	return pass_if(holds == FLAG_YES);
}

/* Areas besides the codes. */
static enum verdict
lies_in_others(const struct wanted *wanted, const struct kept_facts *facts)
{
	enum verdict verdict = lies_in_shapes(wanted, facts);

	return verdict == verdict_fail && facts->is_area_unclear ? verdict_unknown
	                                                         : verdict;
}

static enum verdict
rule_area(const struct wanted *wanted, const struct traits *traits)
{
	enum verdict verdict = verdict_fail;

	if (traits->areas_count == 0 && !traits->has_other_area)
		return traits->has_radius ? verdict_pass : verdict_unknown;
	if (wanted->place.length == 0 && !traits->has_other_area)
		return verdict_unknown;
	if (traits->has_other_area)
		verdict = lies_in_others(wanted, traits->more->facts);
	for (uint32_t i = 0; i < traits->areas_count && verdict != verdict_pass; i++) {
		enum verdict one = lies_in(
		    wanted, traits_area(traits, i), &traits->more->facts->areas->at[i]);

		if (one != verdict_fail)
			verdict = one;
	}
	return verdict;
}

static enum verdict
rule_distance(const struct wanted *wanted, const struct traits *traits)
{
	bool is_public = traits->confidentiality == CONFIDENTIALITY_public;
	double km = wanted_least_km(wanted, traits);

	if (!traits->has_radius)
		return verdict_pass;
	if (km > traits->radius_most_km + TRAITS_BLUR_KM)
		return verdict_fail;
	km = wanted_distance_km(wanted, traits);
	if (isnan(km))
		return verdict_unknown;
	return pass_if(km <= traits->more->radius_km + (is_public ? 0 : TRAITS_BLUR_KM));
}

/* Pass: the family lives there; unknown: it may. */
static enum verdict
lives_in(const struct wanted *wanted, struct text residence)
{
	enum verdict verdict = lies_in(wanted, place_key_of(residence), &residence);

	return verdict == verdict_fail && wanted->displacement != displacement_none
	           ? verdict_unknown
	           : verdict;
}

static enum verdict
rule_residence(const struct wanted *wanted, const struct traits *traits)
{
	const struct kept_facts *facts = traits->more->facts;
	enum verdict verdict;

	if (!traits->has_residence)
		return verdict_pass;
	verdict = facts->is_residence_unclear ? verdict_unknown : verdict_fail;
	for (uint32_t i = 0; i < facts->residences->count; i++) {
		enum verdict one = lives_in(wanted, facts->residences->at[i]);

		if (one == verdict_pass)
			return one;
		if (one == verdict_unknown)
			verdict = one;
	}
	return verdict;
}

/* ---- the table ---- */

static const struct {
	enum verdict (*verdict)(const struct wanted *wanted, const struct traits *traits);
	struct text name;
} TABLE[RULES] = {
#define RULE(name_, about_)                                                              \
	[RULE_##name_] = { .verdict = rule_##name_, .name = LITERAL(#name_) },
#include "services/matcher/rules.def"
#undef RULE
};

static const struct text QUESTIONS[RULES] = {
#define CONDITION(name, en, ...) [RULE_##name] = LITERAL(en),
#include "proto/eligibility.def"
#undef CONDITION
};

/* Stored explanations know a rule by its number there. */
#define RULE(name, about)                                                                \
	static_assert((int)RULE_##name + 1 == (int)eligibility_##name,                   \
	    "codes.def has the rules in their order");
#include "services/matcher/rules.def"
#undef RULE

/* Returns which failed so far. */
static inline uint32_t
note(struct judgement *judgement, enum rule rule, enum verdict verdict)
{
	judgement->unknowns += verdict == verdict_unknown;
	if (verdict == verdict_fail) {
		if (judgement->failed == 0)
			judgement->first_failed = rule;
		judgement->failed |= 1U << rule;
	}
	return judgement->failed;
}

enum verdict
rule_verdict(enum rule rule, const struct wanted *wanted, const struct traits *traits)
{
	return TABLE[rule].verdict(wanted, traits);
}

/* Each rule by its own name, so that the compiler sees through them all. */
void
rules_judge(const struct wanted *wanted, const struct traits *traits, uint32_t enough,
    struct judgement *judgement)
{
	*judgement = (struct judgement){ .first_failed = RULES };
#define RULE(name, about)                                                                \
	if (note(judgement, RULE_##name, rule_##name(wanted, traits)) & enough)          \
		return;
#include "services/matcher/rules.def"
#undef RULE
}

struct text
rule_name(enum rule rule)
{
	return TABLE[rule].name;
}

struct text
rule_question(enum rule rule)
{
	return QUESTIONS[rule];
}
