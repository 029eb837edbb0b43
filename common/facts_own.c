/* SPDX-License-Identifier: Apache-2.0
 * What HSDS has no member for, and single words that are facts. */
#include <stdlib.h>

#include "common/clock.h"
#include "common/facts_document.h"
#include "common/facts_private.h"

#define RADIUS_MOST_KM 20038.0     /* half way round the Earth */
#define RESPONSE_MOST_HOURS 8784.0 /* a leap year */
#define TTL_MOST_HOURS 8784.0
#define WORKERS_MOST 1e6
#define DAY_MS INT64_C(86400000)
/* Bytes of an RFC 3339 full-date. */
#define FULL_DATE_LENGTH 10

static enum confidentiality
read_confidentiality(struct text value)
{
	if (is_word(value, "public"))
		return CONFIDENTIALITY_public;
	if (is_word(value, "address_hidden"))
		return CONFIDENTIALITY_address_hidden;
	return CONFIDENTIALITY_cleared; /* a word we do not know hides most */
}

static void
narrow_confidentiality(struct service_facts *facts, struct text value)
{
	enum confidentiality confidentiality = read_confidentiality(value);

	if (confidentiality > facts->confidentiality)
		facts->confidentiality = confidentiality;
}

static bool
is_one_of(struct text value, const char *const *words)
{
	while (*words != NULL && !is_word(value, *words))
		words++;
	return *words != NULL;
}

static bool
is_no(struct text value)
{
	static const char *const NO[] = { "no", "none", "false", "not available", "ні",
		"Ні", "немає", "Немає", "нет", "Нет", NULL };

	return is_one_of(value, NO);
}

enum flag
read_interpretation(struct text value)
{
	static const char *const NOTHING[] = { "n/a", "-", "?", "unknown", NULL };

	if (value.at == NULL || is_one_of(value, NOTHING))
		return FLAG_ABSENT;
	if (is_no(value))
		return FLAG_NO;
	if (begins(value, "no ") || begins(value, "not ") || begins(value, "none"))
		return FLAG_ABSENT;
	return FLAG_YES;
}

static double
number_of(struct text value, double most)
{
	char digits[32];
	char *end;
	double number;

	if (value.length == 0 || !text_copy(value, digits, sizeof digits))
		return NAN;
	number = strtod(digits, &end);
	return *end == '\0' && number >= 0 && number <= most ? number : NAN;
}

static void
add_code(uint32_t *bits, enum code_set set, struct text value)
{
	unsigned code = code_value(set, value);

	if (code > 0)
		*bits |= 1u << code;
}

static void
add_residence(struct text value, struct service_facts *facts)
{
	struct text code = place_code(value);

	if (code.at == NULL && value.at != NULL &&
	    memchr(value.at, ':', value.length) == NULL &&
	    memchr(value.at, ' ', value.length) == NULL)
		code = value;
	if (code.at == NULL || !add_text(facts->residences, &facts->residences_count,
	                           FACTS_RESIDENCES_MAX, code))
		facts->is_residence_unclear = true;
}

/* The last day of a notice counts to its end. */
static int64_t
day_of(struct text value, bool is_end)
{
	int64_t at_ms;

	if (value.at == NULL || !clock_parse(value, &at_ms))
		return TIME_ABSENT;
	return is_end && value.length == FULL_DATE_LENGTH ? at_ms + DAY_MS : at_ms;
}

/* False: none of these. */
static bool
read_later_fact(struct text key, struct text value, struct service_facts *facts)
{
	if (is_word(key, "residence"))
		add_residence(value, facts);
	else if (is_word(key, "referral_method"))
		add_code(&facts->referral_methods, CODE_SET_referral_method, value);
	else if (is_word(key, "cost"))
		add_code(&facts->costs, CODE_SET_cost, value);
	else if (is_word(key, "capacity_ttl_hours"))
		facts->capacity_ttl_hours = number_of(value, TTL_MOST_HOURS);
	else if (is_word(key, "workers"))
		facts->workers = number_of(value, WORKERS_MOST);
	else if (is_word(key, "notice_starts"))
		facts->notice_starts = day_of(value, false);
	else if (is_word(key, "notice_ends"))
		facts->notice_ends = day_of(value, true);
	else if (is_word(key, "question") && value.at != NULL)
		(void)add_text(facts->questions, &facts->questions_count,
		    FACTS_QUESTIONS_MAX, value);
	else
		return false;
	return true;
}

void
read_own_fact(const json_t *attribute, const json_t *term, struct service_facts *facts)
{
	struct text key = text_at(attribute, "label");
	struct text value = text_at(attribute, "value");

	if (key.at == NULL)
		key = text_at(term, "code");
	if (read_later_fact(key, value, facts))
		return;
	if (is_word(key, "confidentiality"))
		narrow_confidentiality(facts, value);
	else if (is_word(key, "referral_allowed"))
		facts->is_referral_allowed = facts->is_referral_allowed && !is_no(value);
	else if (is_word(key, "household_type"))
		add_code(&facts->household_types, CODE_SET_household_type, value);
	else if (is_word(key, "displacement"))
		add_code(&facts->displacements, CODE_SET_displacement, value);
	else if (is_word(key, "difficulty"))
		add_code(&facts->difficulties, CODE_SET_difficulty, value);
	else if (is_word(key, "interpreter"))
		facts->interpreter = read_interpretation(value);
	else if (is_word(key, "radius_km"))
		facts->radius_km = number_of(value, RADIUS_MOST_KM);
	else if (is_word(key, "response_within_hours"))
		facts->response_hours = number_of(value, RESPONSE_MOST_HOURS);
}

static bool
is_secrecy(const json_t *attribute)
{
	const json_t *term = json_object_get(attribute, "taxonomy_term");

	return is_word(text_at(term, "taxonomy"), OWN_TAXONOMY) &&
	       (is_word(text_at(attribute, "label"), "confidentiality") ||
	           is_word(text_at(term, "code"), "confidentiality"));
}

static void
read_secrecy(const json_t *object, struct service_facts *facts)
{
	size_t index;
	const json_t *attribute;

	json_array_foreach(json_object_get(object, "attributes"), index, attribute)
	{
		if (is_secrecy(attribute))
			narrow_confidentiality(facts, text_at(attribute, "value"));
	}
}

bool
facts_hides_address(const json_t *object)
{
	struct service_facts facts = { .confidentiality = CONFIDENTIALITY_public };

	read_secrecy(object, &facts);
	return facts.confidentiality != CONFIDENTIALITY_public;
}

enum confidentiality
facts_place_secrecy(const json_t *place)
{
	struct service_facts facts = { .confidentiality = CONFIDENTIALITY_public };

	read_secrecy(place, &facts);
	read_secrecy(json_object_get(place, "location"), &facts);
	return facts.confidentiality;
}

/* Those of cleared roles go to a list beside.  Their count. */
static size_t
set_cleared_apart(json_t *service)
{
	json_t *places = json_object_get(service, "service_at_locations");
	json_t *apart = json_array();

	(void)json_object_set_new(service, FACTS_CLEARED_PLACES, apart);
	for (size_t i = 0; i < json_array_size(places);) {
		json_t *place = json_array_get(places, i);

		if (facts_place_secrecy(place) != CONFIDENTIALITY_cleared) {
			i++;
			continue;
		}
		(void)json_array_append(apart, place);
		(void)json_array_remove(places, i);
	}
	return json_array_size(apart);
}

void
read_place_secrecy(json_t *service, struct service_facts *facts)
{
	json_t *places = json_object_get(service, "service_at_locations");
	size_t index, cleared_count;
	json_t *place;

	(void)json_object_del(service, FACTS_CLEARED_PLACES);
	if (facts->confidentiality == CONFIDENTIALITY_cleared)
		return;
	cleared_count = set_cleared_apart(service);
	if (cleared_count > 0 && json_array_size(places) == 0) {
		facts->confidentiality = CONFIDENTIALITY_cleared;
		json_array_extend(places, json_object_get(service, FACTS_CLEARED_PLACES));
		(void)json_object_del(service, FACTS_CLEARED_PLACES);
	}
	json_array_foreach(places, index, place)
	{
		enum confidentiality asked = facts_place_secrecy(place);

		if (asked > facts->confidentiality)
			facts->confidentiality = asked;
	}
}

/* Where each option has an amount: free if none costs anything, a fee if each does. */
void
read_costs(const json_t *service, struct service_facts *facts)
{
	const json_t *options = json_object_get(service, "cost_options");
	size_t index, free_count = 0;
	const json_t *option;

	if (facts->costs != 0 || json_array_size(options) == 0)
		return;
	json_array_foreach((json_t *)options, index, option)
	{
		double amount = number_at(option, "amount", 0, 1e12);

		if (isnan(amount))
			return;
		free_count += amount == 0;
	}
	if (free_count == json_array_size(options))
		facts->costs = 1u << cost_free;
	else if (free_count == 0)
		facts->costs = 1u << cost_fee;
}

void
read_accessibility(const json_t *location, struct service_facts *facts)
{
	static const struct {
		const char *says;
		enum difficulty difficulty;
	} WORDS[] = {
		{ "wheelchair", difficulty_walking },
		{ "wheelchair accessible", difficulty_walking },
		{ "wheelchair access", difficulty_walking },
		{ "ramp", difficulty_walking },
		{ "elevator", difficulty_walking },
		{ "Пандус", difficulty_walking },
		{ "Ліфт", difficulty_walking },
		{ "Лифт", difficulty_walking },
		{ "braille", difficulty_seeing },
		{ "tape_braille", difficulty_seeing },
		{ "deaf_interpreter", difficulty_hearing },
		{ "sign language", difficulty_hearing },
		{ "tty", difficulty_hearing },
	};
	size_t index;
	const json_t *each;

	json_array_foreach(json_object_get(location, "accessibility"), index, each)
	{
		struct text says = text_at(each, "description");

		for (size_t i = 0; i < sizeof WORDS / sizeof *WORDS; i++)
			if (is_word(says, WORDS[i].says))
				facts->difficulties |= 1u << WORDS[i].difficulty;
	}
}
