/* SPDX-License-Identifier: Apache-2.0
 * The definition of a match: a scan of every service by the meaning of rules.def and
 * proto/score.def, written plainly and apart from the matcher.  It shares none of its code: places,
 * terms, dates, languages, distances and lots are worked out here anew.
 *
 * ORACLE_SEED=N chooses other directories and needs, ORACLE_TRIPLES=N more of them. */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <time.h>

#include "tests/unit/matcher_fixture.h"

#define TRIPLES 100000
#define SERVICES_MAX 300
#define RULE_COUNT 13
#define PART_COUNT 14

static uint64_t random_state;

static uint64_t
random_bits(void)
{
	uint64_t bits = random_state += UINT64_C(0x9e3779b97f4a7c15);

	bits = (bits ^ bits >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	bits = (bits ^ bits >> 27) * UINT64_C(0x94d049bb133111eb);
	return bits ^ bits >> 31;
}

static uint32_t
below(uint32_t end)
{
	return (uint32_t)((random_bits() >> 16) % end);
}

static bool
percent(uint32_t chance)
{
	return below(100) < chance;
}

#define PICK(list) (list)[below(sizeof(list) / sizeof *(list))]

/* ---- the oracle: what the tables say ---- */

enum {
	ACTIVE,
	REFERRAL_ALLOWED,
	CONSENT,
	DENY_LIST,
	TRIED,
	AGE,
	HOUSEHOLD_TYPE,
	DISPLACEMENT,
	LANGUAGE,
	DIFFICULTY,
	AREA,
	DISTANCE,
	RESIDENCE
};

static const char *const RULE_NAMES[RULE_COUNT] = { "active", "referral_allowed",
	"consent", "deny_list", "tried", "age", "household_type", "displacement",
	"language", "difficulty", "area", "distance", "residence" };
static const char *const PART_NAMES[PART_COUNT] = { "distance", "capacity", "full",
	"unknowns", "language", "preference", "specificity", "household", "response",
	"opening", "scarcity", "load", "answers", "together" };

struct opinion {
	const struct service_facts *facts; /* of the directory's own list */
	double free_places;
	double came; /* families, as many as still count */
	double price;
	enum verdict verdicts[RULE_COUNT];
	int first_failed; /* -1: none */
	unsigned fails, unknowns, levels;
	double km;
	double values[PART_COUNT];
	long points[PART_COUNT], score; /* hundredths */
	uint64_t lot;
};

static bool
same(struct text a, struct text b)
{
	return a.length == b.length &&
	       (a.length == 0 || memcmp(a.at, b.at, a.length) == 0);
}

static bool
same_loosely(struct text a, const char *b, size_t length)
{
	return a.length == length && strncasecmp(a.at, b, length) == 0;
}

static bool
begins(struct text text, struct text start)
{
	return start.length > 0 && text.length >= start.length &&
	       strncasecmp(text.at, start.at, start.length) == 0;
}

/* Levels of `term` above `wanted`; -1 where they are not related. */
static int
levels_above(struct text term, struct text wanted)
{
	int dots = 0;

	if (term.length == 0 || wanted.length == 0)
		return -1;
	if (begins(term, wanted) &&
	    (term.length == wanted.length || term.at[wanted.length] == '.'))
		return 0;
	if (!begins(wanted, term) || wanted.at[term.length] != '.')
		return -1;
	for (uint32_t i = term.length; i < wanted.length; i++)
		dots += wanted.at[i] == '.';
	return dots;
}

/* "2026-11-20" to the end of that day. */
static bool
is_past(struct text until)
{
	struct tm day = { .tm_mday = 0 };
	int year, month, date;
	char copy[11];

	if (until.at == NULL)
		return false;
	if (until.length != 10)
		return true;
	memcpy(copy, until.at, 10);
	copy[10] = '\0';
	if (sscanf(copy, "%4d-%2d-%2d", &year, &month, &date) != 3)
		return true;
	day.tm_year = year - 1900;
	day.tm_mon = month - 1;
	day.tm_mday = date + 1;
	return (int64_t)timegm(&day) * 1000 <= question.now_ms;
}

static bool
listed(const struct text *list, size_t count, struct text id)
{
	while (count-- > 0)
		if (same(list[count], id))
			return true;
	return false;
}

static bool
agrees(void)
{
	return intake.has_consent &&
	       listed(intake.consent.purposes, intake.consent.purposes_count,
	           LITERAL("referral")) &&
	       !is_past(intake.consent.until);
}

static enum verdict
known(bool is_good)
{
	return is_good ? verdict_pass : verdict_fail;
}

/* Members that the need is for, with those of siblings' needs; NULL: one that nobody knows. */
static const struct member *persons[48];
static unsigned persons_count, sibling_needs;
static bool are_siblings; /* several children */

static bool
is_for_children(const struct need_request *need)
{
	for (uint32_t i = 0; i < need->for_count; i++) {
		const struct member *member = &intake.household.members[need->for_at[i]];

		if (need->for_at[i] >= intake.household.members_count ||
		    (member->role != 0 && member->role != member_role_child) ||
		    (member->role == 0 && member->age >= 18))
			return false;
	}
	return intake.has_household && need->for_count > 0;
}

static void
settle_persons(void)
{
	const struct need_request *asked = &intake.needs[question.need];
	bool is_named[24] = { false };

	persons_count = sibling_needs = 0;
	for (uint32_t i = 0; i < intake.needs_count; i++) {
		const struct need_request *need = &intake.needs[i];

		if (need != asked && (!is_for_children(asked) || !is_for_children(need) ||
		                         !same(need->term, asked->term)))
			continue;
		sibling_needs++;
		for (uint32_t k = 0; k < need->for_count; k++)
			is_named[need->for_at[k]] = true;
	}
	for (uint32_t i = 0; i < 24 && intake.has_household; i++) {
		bool is_member = i < intake.household.members_count;

		if (asked->for_count > 0 ? is_named[i] : is_member)
			persons[persons_count++] =
			    is_member ? &intake.household.members[i] : NULL;
	}
	are_siblings = is_for_children(asked) && persons_count > 1;
}

static enum verdict
age_verdict(const struct service_facts *service)
{
	unsigned unknown = persons_count == 0, inside = 0, outside = 0;
	double low = service->minimum_age, high = service->maximum_age;

	if (isnan(low) && isnan(high))
		return verdict_unknown;
	if (!(low > 0) && (isnan(high) || high >= 130))
		return verdict_pass;
	for (unsigned i = 0; i < persons_count; i++) {
		double age = persons[i] != NULL ? persons[i]->age : UINT_ABSENT;

		if (age >= UINT_REFUSED)
			unknown++;
		else if ((isnan(high) || age <= high) &&
		         (isnan(low) || floor(low) <= age))
			inside++;
		else
			outside++;
	}
	if (are_siblings ? outside > 0 : outside > 0 && inside + unknown == 0)
		return verdict_fail;
	if (are_siblings ? unknown == 0 : inside > 0)
		return verdict_pass;
	return verdict_unknown;
}

static enum verdict
set_verdict(unsigned value, unsigned refused, uint32_t set)
{
	if (!intake.has_household || value == 0 || value == refused || set == 0)
		return verdict_unknown;
	return known((set & 1U << value) != 0);
}

static bool
is_language(struct text tag)
{
	size_t length = 0;

	while (length < tag.length && isalpha((unsigned char)tag.at[length]))
		length++;
	return length >= 2 && length <= 4 &&
	       (length == tag.length || tag.at[length] == '-' || tag.at[length] == '_');
}

static bool
common(struct text a, struct text b)
{
	size_t length = 0;

	if (!is_language(a) || !is_language(b))
		return false;
	while (length < a.length && isalpha((unsigned char)a.at[length]))
		length++;
	return b.length >= length &&
	       same_loosely((struct text){ b.at, (uint32_t)length }, a.at, length) &&
	       (b.length == length || !isalpha((unsigned char)b.at[length]));
}

static uint32_t
families_languages(void)
{
	return intake.has_household ? intake.household.languages_count : 0;
}

/* Position from 1 of the family's best common language. */
static unsigned
best_language(const struct service_facts *service)
{
	for (uint32_t i = 0; i < families_languages(); i++)
		for (uint32_t k = 0; k < service->languages_count; k++)
			if (common(intake.household.languages[i], service->languages[k]))
				return i + 1;
	return 0;
}

static enum verdict
language_verdict(const struct service_facts *service)
{
	if (families_languages() == 0)
		return verdict_unknown;
	if (best_language(service) > 0 || service->interpreter == FLAG_YES)
		return verdict_pass;
	return service->languages_count > 0 ? verdict_fail : verdict_unknown;
}

static enum verdict
difficulty_verdict(const struct service_facts *service)
{
	for (unsigned i = 0; i < persons_count; i++)
		for (uint32_t k = 0;
		     persons[i] != NULL && k < persons[i]->difficulties_count; k++)
			if ((service->difficulties & 1U << persons[i]->difficulties[k]) ==
			    0)
				return verdict_unknown;
	return verdict_pass;
}

static bool
is_official(struct text code)
{
	if (code.length != 19 || !begins(code, LITERAL("UA")))
		return false;
	for (unsigned i = 2; i < 19; i++)
		if (code.at[i] < '0' || code.at[i] > '9')
			return false;
	return true;
}

static bool
lies_within(struct text code, struct text area)
{
	static const struct {
		unsigned at, digits;
	} LEVELS[] = { { 2, 2 }, { 4, 2 }, { 6, 3 }, { 9, 3 }, { 12, 2 } };

	if (!is_official(code) || !is_official(area))
		return begins(code, area);
	for (unsigned i = 0; i < 5; i++) {
		bool is_zero = true;

		for (unsigned k = 0; k < LEVELS[i].digits; k++)
			if (area.at[LEVELS[i].at + k] != '0')
				is_zero = false;
		if (!is_zero && strncmp(area.at + LEVELS[i].at, code.at + LEVELS[i].at,
		                    LEVELS[i].digits) != 0)
			return false;
	}
	return true;
}

static const struct {
	const char *code, *parent;
} HIERARCHY[] = { { "UA.06", "UA" }, { "town-1", "UA.06" }, { "94010", "US-CA" },
	{ "US-CA", "US" }, { "3401", "12" }, { "12", "" }, { "UA2604", "UA26" } };
#define HIERARCHY_COUNT (sizeof HIERARCHY / sizeof *HIERARCHY)
static struct places *hierarchy;

static void
settle_hierarchy(void)
{
	hierarchy = places_new();
	for (unsigned i = 0; i < HIERARCHY_COUNT; i++) {
		const struct place_entry entry = { .code = text_of(HIERARCHY[i].code),
			.name = LITERAL("Name"),
			.parent = text_of(HIERARCHY[i].parent),
			.lat = NAN,
			.lon = NAN };

		assert_int_equal(places_add(hierarchy, &entry), STATUS_OK);
	}
	assert_int_equal(places_settle(hierarchy), STATUS_OK);
}

/* Position in the hierarchy, or HIERARCHY_COUNT. */
static unsigned
position_of(struct text code)
{
	for (unsigned i = 0; i < HIERARCHY_COUNT; i++)
		if (code.length == strlen(HIERARCHY[i].code) &&
		    begins(code, text_of(HIERARCHY[i].code)))
			return i;
	return is_official(code) && begins(code, LITERAL("UA26040000000"))
	           ? HIERARCHY_COUNT - 1
	           : HIERARCHY_COUNT;
}

static bool
is_short(struct text code)
{
	unsigned letters = 0;

	while (letters < code.length && isalpha((unsigned char)code.at[letters]))
		letters++;
	for (unsigned i = letters; i < code.length; i++)
		if (!isdigit((unsigned char)code.at[i]))
			return false;
	return is_official(code) ||
	       (code.length > 0 && letters <= 2 && code.length - letters <= 13);
}

/* By the hierarchy, of a code that does not lie in the area by itself. */
static enum verdict
hierarchy_verdict(struct text code, struct text area, enum verdict by_code)
{
	unsigned at = position_of(code), next;

	if (question.places == NULL || at == HIERARCHY_COUNT)
		return by_code;
	if (begins(code, LITERAL("UA26")) && is_official(area) &&
	    (begins(area, LITERAL("UA26040000000")) ||
	        begins(area, LITERAL("UA26000000000"))))
		return verdict_pass;
	for (next = at; next < HIERARCHY_COUNT;
	     next = position_of(text_of(HIERARCHY[next].parent)))
		if (area.length > 0 && HIERARCHY[next].parent[0] != '\0' &&
		    lies_within(text_of(HIERARCHY[next].parent), area))
			return verdict_pass;
	if (is_short(code) != is_short(area))
		return verdict_unknown;
	for (next = position_of(area); next < HIERARCHY_COUNT;
	     next = position_of(text_of(HIERARCHY[next].parent)))
		if (next == at)
			return verdict_unknown;
	return by_code;
}

static enum verdict
code_verdict(struct text code, struct text area)
{
	if (code.length > 0 && lies_within(code, area))
		return verdict_pass;
	return hierarchy_verdict(code, area,
	    code.length == 0 || area.length == 0 || lies_within(area, code) ||
	            !isalpha((unsigned char)code.at[0]) !=
	                !isalpha((unsigned char)area.at[0])
	        ? verdict_unknown
	        : verdict_fail);
}

static double
rounded_to(double value, double parts)
{
	return round(value * parts) / parts;
}

/* Drawn areas are boxes here: what counts is how far the family's field of a hundredth of a
 * degree reaches into one. */
static enum verdict
box_verdict(const struct service_facts *service)
{
	double lat = rounded_to(intake.place.lat, 100),
	       lon = rounded_to(intake.place.lon, 100);
	bool may_be = service->is_area_unclear;

	for (uint32_t i = 2; i < service->shapes_count; i += 5) {
		const struct shape_point *box = &service->shapes[i];
		double inside =
		    fmin(fmin(lat - (double)box[0].lat, (double)box[2].lat - lat),
		        fmin(lon - (double)box[0].lon, (double)box[2].lon - lon));

		if (!intake.has_place || isnan(lat) || isnan(lon) ||
		    fabs(inside) <= 0.005)
			may_be = true;
		else if (inside > 0)
			return verdict_pass;
	}
	return may_be ? verdict_unknown : verdict_fail;
}

static enum verdict
residence_verdict(const struct service_facts *service)
{
	struct text code = intake.has_place ? intake.place.code : TEXT_ABSENT;
	bool is_home =
	    intake.has_household && intake.household.displacement == displacement_none;
	bool may_be = service->is_residence_unclear;

	if (service->residences_count == 0 && !may_be)
		return verdict_pass;
	for (uint32_t i = 0; i < service->residences_count; i++) {
		struct text home = service->residences[i];
		enum verdict verdict = code_verdict(code, home);

		if (verdict == verdict_pass)
			return verdict_pass;
		may_be |= !is_home || verdict == verdict_unknown;
	}
	return may_be ? verdict_unknown : verdict_fail;
}

static enum verdict
area_verdict(const struct service_facts *service)
{
	struct text code = intake.has_place ? intake.place.code : TEXT_ABSENT;
	bool may_be = false;

	if (service->areas_count == 0 && service->shapes_count == 0 &&
	    !service->is_area_unclear)
		return isnan(service->radius_km) ? verdict_unknown : verdict_pass;
	if (box_verdict(service) == verdict_pass)
		return verdict_pass;
	may_be = box_verdict(service) == verdict_unknown;
	for (uint32_t i = 0; i < service->areas_count; i++) {
		struct text area = service->areas[i];
		enum verdict verdict = code_verdict(code, area);

		if (verdict == verdict_pass)
			return verdict_pass;
		may_be |= verdict == verdict_unknown;
	}
	return may_be ? verdict_unknown : verdict_fail;
}

/* Angle between two directions from the middle of the earth. */
static double
kilometres(double lat, double lon, double other_lat, double other_lon)
{
	double d = M_PI / 180;
	double a[3] = { cos(lat * d) * cos(lon * d), cos(lat * d) * sin(lon * d),
		sin(lat * d) };
	double b[3] = { cos(other_lat * d) * cos(other_lon * d),
		cos(other_lat * d) * sin(other_lon * d), sin(other_lat * d) };
	double apart =
	    sqrt(pow(a[0] - b[0], 2) + pow(a[1] - b[1], 2) + pow(a[2] - b[2], 2));

	return 2 * 6371.0088 * asin(apart / 2);
}

/* A point as it is kept. */
static const double *
hidden(const struct service_facts *service, uint32_t point)
{
	static double kept[4][2];
	static unsigned next;
	bool is_public = service->confidentiality == CONFIDENTIALITY_public;
	double lat = service->points[point].lat, lon = service->points[point].lon;
	double *at = kept[next++ % 4];

	at[0] = is_public ? lat : rounded_to(lat, 10);
	at[1] = is_public ? lon : rounded_to(lon, 10);
	return at;
}

static double
distance_of(const struct service_facts *service)
{
	double nearest = NAN;

	if (!intake.has_place || isnan(intake.place.lat) || isnan(intake.place.lon))
		return NAN;
	for (uint32_t i = 0; i < service->points_count; i++) {
		double km = kilometres(rounded_to(intake.place.lat, 100),
		    rounded_to(intake.place.lon, 100), hidden(service, i)[0],
		    hidden(service, i)[1]);

		if (isnan(nearest) || km < nearest)
			nearest = km;
	}
	return round(nearest * 1000) / 1000;
}

static enum verdict
distance_verdict(const struct service_facts *service, double km)
{
	double reach = service->radius_km;

	if (service->confidentiality != CONFIDENTIALITY_public)
		reach += 7.9;
	if (isnan(reach))
		return verdict_pass;
	return isnan(km) ? verdict_unknown : known(!(km > reach));
}

static void
judge_all(struct opinion *opinion)
{
	const struct service_facts *service = opinion->facts;
	const struct preferences *preferences = &intake.preferences;
	enum verdict *says = opinion->verdicts;

	says[ACTIVE] = known(service->is_active);
	says[REFERRAL_ALLOWED] = known(service->is_referral_allowed);
	says[CONSENT] =
	    known(agrees() && (listed(intake.consent.recipients,
	                           intake.consent.recipients_count, LITERAL("any")) ||
	                          listed(intake.consent.recipients,
	                              intake.consent.recipients_count, service->agency)));
	says[DENY_LIST] = known(!intake.has_preferences ||
	                        !listed(preferences->deny_agencies,
	                            preferences->deny_agencies_count, service->agency));
	says[TRIED] = known(!listed(question.tried, question.tried_count, service->id));
	says[AGE] = age_verdict(service);
	says[HOUSEHOLD_TYPE] = set_verdict(
	    intake.household.type, household_type_refused, service->household_types);
	says[DISPLACEMENT] = set_verdict(
	    intake.household.displacement, displacement_refused, service->displacements);
	says[LANGUAGE] = language_verdict(service);
	says[DIFFICULTY] = difficulty_verdict(service);
	says[AREA] = area_verdict(service);
	says[DISTANCE] = distance_verdict(service, opinion->km);
	says[RESIDENCE] = residence_verdict(service);
	opinion->first_failed = -1;
	opinion->fails = opinion->unknowns = 0;
	for (int rule = RULE_COUNT - 1; rule >= 0; rule--) {
		opinion->unknowns += says[rule] == verdict_unknown;
		opinion->fails += says[rule] == verdict_fail;
		if (says[rule] == verdict_fail)
			opinion->first_failed = rule;
	}
}

static void
earn(struct opinion *opinion, int part, double value, double points)
{
	opinion->values[part] = value;
	opinion->points[part] = lround(points * 100);
	opinion->score += opinion->points[part];
}

/* Whole hours until one of its weekly times begins, 0 within one; NAN unknown. */
static double
hours_until_open(const struct service_facts *service)
{
	int64_t minute = question.now_ms / 60000;
	double soonest = NAN;

	for (uint32_t i = 0; i < service->hours_count; i++) {
		const struct hours_rule *rule = &service->hours[i];
		int weekday = ffs(rule->weekdays) - 1;
		/* 1970 began on a Thursday. */
		int64_t now = (minute + rule->zone + 3 * 1440) % 10080;
		int64_t opens = weekday * 1440 + rule->opens;
		int64_t since = (now - opens + 10080) % 10080;
		int64_t lasts = rule->closes - rule->opens;
		double wait;

		wait = since < (lasts > 0 ? lasts : lasts + 1440)
		           ? 0
		           : (double)(10080 - since);
		soonest = fmin(soonest, floor(wait / 60));
	}
	return soonest;
}

static const char *const AGENCIES[] = { "g0", "g1", "g2", "g3", "g4", "g5", "g6", "g7",
	"g8", "g9" };
static double opens[10]; /* referrals; NaN unknown */
static struct loads *loads;
static struct answers *answers;

/* How the services answered, by the number in their id. */
#define HEARD_COUNT 16
static struct {
	const char *term;
	double lost_percent;
} heard[HEARD_COUNT];

/* What the standard says, or the policy of the question. */
struct weights {
	double parts[PART_COUNT], half_km, hours[3];
};

static struct weights
weights_now(void)
{
	const struct policy *policy = question.policy;

	if (policy == NULL)
		return (struct weights){ { 30, 15, -500, -4, 10, 20, 10, 5, 10, 5, -1,
			                     -10, -0.1, 6 },
			20, { 24, 72, 336 } };
	return (struct weights){ { policy->weight_distance, policy->weight_capacity,
		                     policy->weight_full, policy->weight_unknowns,
		                     policy->weight_language, policy->weight_preference,
		                     policy->weight_specificity, policy->weight_household,
		                     policy->weight_response, policy->weight_opening,
		                     policy->weight_scarcity, policy->weight_load,
		                     policy->weight_answers, policy->weight_together },
		policy->distance_half_km,
		{ policy->deadline_emergency_hours, policy->deadline_urgent_hours,
		    policy->deadline_normal_hours } };
}

/* Families are counted in single precision. */
static void
set_price(struct opinion *opinion, double places)
{
	double came = opinion->came;

	opinion->price = came > 0 ? round(100 * came / (came + places)) : 0;
	earn(opinion, 10, 0, 0);
}

/* Of the agencies that were heard of; workers are whole here. */
static double
load_of(const struct service_facts *service)
{
	const struct policy *policy =
	    question.policy ? question.policy : &POLICY_STANDARD;
	double workers = service->workers;
	double most = isnan(workers) ? policy->load_agency_open
	              : policy->load_worker_open < 1
	                  ? 0
	                  : fmax(1, policy->load_worker_open * workers);

	if (question.loads == NULL || most < 1)
		return NAN;
	if (intake.urgency != urgency_emergency)
		most = fmax(1, floor(most * (1 - policy->load_kept_share)));
	for (int i = 0; i < 10; i++)
		if (text_is(service->agency, AGENCIES[i]))
			return isnan(opens[i]) ? NAN : fmin(1, opens[i] / most);
	return NAN;
}

/* Of a hundred offers; terms are compared as they are written. */
static double
lost_of(const struct service_facts *service)
{
	struct text term = intake.needs[question.need].term;
	unsigned which = (unsigned)strtoul(service->id.at + 1, NULL, 10) % HEARD_COUNT;

	if (question.answers == NULL || !text_is(term, heard[which].term))
		return NAN;
	return heard[which].lost_percent;
}

static void
weigh(struct opinion *opinion)
{
	const struct service_facts *service = opinion->facts;
	const struct weights w = weights_now();
	double limit = w.hours[intake.urgency == urgency_emergency ? 0
	                       : intake.urgency == urgency_urgent  ? 1
	                                                           : 2];
	double load = load_of(service), lost = lost_of(service);
	double age = 168, hours = service->response_hours;
	double places = opinion->free_places;
	double language = best_language(service), wait = hours_until_open(service);
	bool is_full, is_preferred = intake.has_preferences &&
	                             intake.preferences.agency.length > 0 &&
	                             same(intake.preferences.agency, service->agency);
	bool is_named = intake.has_household && intake.household.type != 0 &&
	                intake.household.type != household_type_refused &&
	                (service->household_types >> intake.household.type & 1);

	if (service->capacity_at != TIME_ABSENT)
		age = floor((double)(question.now_ms - service->capacity_at) / 3600e3);
	if (age >= service->capacity_ttl_hours && service->capacity_at != TIME_ABSENT)
		places = NAN;
	age = fmin(168, fmax(0, age));
	is_full = places <= 0 || load >= 1 ||
	          places < (question.sibling != NULL ? 1 : sibling_needs);
	opinion->score = 0;
	earn(opinion, 0, opinion->km,
	    isnan(opinion->km) ? 0
	                       : w.parts[0] * (w.half_km / (w.half_km + opinion->km)));
	earn(opinion, 1, places,
	    isnan(places) ? w.parts[1] * 0.5
	    : places > 0  ? w.parts[1] * (0.6 + 0.4 * (1 - age / 168))
	                  : 0);
	earn(opinion, 2, is_full, is_full ? w.parts[2] : 0);
	earn(opinion, 3, opinion->unknowns, w.parts[3] * opinion->unknowns);
	earn(opinion, 4, language > 0 ? language : NAN,
	    language > 0 ? w.parts[4] * (1 / language) : 0);
	earn(opinion, 5, is_preferred, is_preferred ? w.parts[5] : 0);
	earn(opinion, 6, opinion->levels, w.parts[6] * (1.0 / (1 + opinion->levels)));
	earn(opinion, 7, is_named, is_named ? w.parts[7] : 0);
	earn(opinion, 8, hours,
	    hours <= limit ? w.parts[8] * (1 - fmax(hours, 0) / limit / 2) : 0);
	earn(opinion, 9, wait, wait <= limit ? w.parts[9] * (1 - wait / limit / 2) : 0);
	set_price(opinion, isnan(places) ? 20 : fmax(places, 0));
	earn(opinion, 11, load, load >= 0 ? w.parts[11] * load : 0);
	earn(opinion, 12, lost, lost >= 0 ? w.parts[12] * lost : 0);
	earn(opinion, 13, NAN, 0);
}

/* FNV-1a of the id, then splitmix64 of hash and seed. */
static uint64_t
lot_of(struct text id)
{
	uint64_t lot = 14695981039346656037U;

	for (uint32_t i = 0; i < id.length; i++) {
		lot ^= (unsigned char)id.at[i];
		lot *= 1099511628211U;
	}
	lot += 11400714819323198485U * ((uint64_t)question.seed + 1);
	lot ^= lot >> 30;
	lot *= 13787848793156543929U;
	lot ^= lot >> 27;
	lot *= 10723151780598845931U;
	return lot ^ lot >> 31;
}

static int
by_worth(const void *one, const void *other)
{
	const struct opinion *a = one, *b = other;
	double a_km = isnan(a->km) ? INFINITY : a->km,
	       b_km = isnan(b->km) ? INFINITY : b->km;

	if (a->score != b->score)
		return a->score > b->score ? -1 : 1;
	if (a_km < b_km || a_km > b_km)
		return a_km < b_km ? -1 : 1;
	return a->lot < b->lot ? -1 : a->lot > b->lot;
}

/* ---- a directory, and the index of the same ---- */

static struct {
	struct service_facts facts;
	double free_places;
	bool is_there;
	bool is_told;
	float came; /* families, as many as counted */
	int64_t came_minute;
	char id[16];
} directory[SERVICES_MAX];
static unsigned directory_size;
static bool is_one_agency; /* so large that nobody asks all of its services */
static struct index *services;

static const char *const TERM_TREE[] = { "a", "a.b", "a.b.c", "a.b.c.d", "a.b.x", "a.y",
	"A.B", "b", "b.c", "B.C.D", "ab" };
static const char *const LANGUAGES[] = { "uk", "ru", "en", "uk-UA", "ro", "pl", "zh-hant",
	"RU", "tlh", "x-a", "klingon", "en_GB", "uks" };
static const char *const PLACES[] = { "UA26000000000069363", "UA26040000000044761",
	"UA26040190000081578", "UA26040190010043657", "UA26040190030012345",
	"UA26080000000050130", "UA46000000000026241", "UA80000000000093317",
	"UA80000000000126643", "UA", "RU", "RU10", "RU10701", "RU10701000001", "RU10710",
	"94010", "US-CA", "UA26", "ua2604", "", "UA.06", "town-1", "12", "3401" };

/* Most bits are set. */
static uint32_t
random_set(void)
{
	uint64_t bits = random_bits();

	return (uint32_t)(bits | bits >> 32);
}

static double
random_degrees(double middle)
{
	return middle + (below(400) - 200.0) / (percent(50) ? 100 : 1000);
}

static double
random_age(void)
{
	return percent(80) ? below(70) : below(200) / 10.0;
}

static double
random_bound(double middle, int side)
{
	return middle + side * (1.0 + below(80)) / 50;
}

/* Up to two boxes, some with a border through a family's field. */
static void
random_boxes(struct service_facts *service, struct shape_point points[12])
{
	service->shapes = points;
	service->shapes_count = 2;
	points[0] = (struct shape_point){ -90, -180 };
	points[1] = (struct shape_point){ 90, 180 };
	for (uint32_t i = 1 + below(2); i > 0; i--) {
		struct shape_point *at = &points[service->shapes_count];

		at[0].lat = at[1].lat = (float)random_bound(48.9, -1);
		at[2].lat = at[3].lat = (float)random_bound(48.9, 1);
		at[0].lon = at[3].lon = (float)random_bound(24.7, -1);
		at[1].lon = at[2].lon = (float)random_bound(24.7, 1);
		at[4] = shapes_end(true);
		service->shapes_count += 5;
	}
}

static void
random_hours(struct service_facts *service, struct hours_rule rules[4])
{
	service->hours = rules;
	service->hours_count = below(5);
	for (uint32_t i = 0; i < service->hours_count; i++) {
		rules[i] = (struct hours_rule){ .first = HOURS_EVER,
			.last = HOURS_FOR_EVER,
			.repeats = HOURS_WEEKLY,
			.interval = 1,
			.weekdays = (uint8_t)(1U << below(7)),
			.opens = (uint16_t)below(1440),
			.zone = i > 0 ? rules[0].zone
			              : (calendar_zone_id)(60 * ((int)below(24) - 11)) };
		do
			rules[i].closes = (uint16_t)(1 + below(1440));
		while (rules[i].closes == rules[i].opens);
	}
}

/* Hours, drawn areas, residences and what grows old. */
static void
random_news(struct service_facts *service)
{
	/* As many as services live at once, and a pair. */
	static struct hours_rule hours[SERVICES_MAX + 2][4];
	static struct shape_point points[SERVICES_MAX + 2][12];
	static unsigned next;
	unsigned place = (char *)service >= (char *)directory &&
	                         (char *)service < (char *)(directory + SERVICES_MAX)
	                     ? (unsigned)(((char *)service - (char *)directory) /
	                                  (long)sizeof *directory)
	                     : SERVICES_MAX + next++ % 2;

	if (percent(60))
		random_hours(service, hours[place]);
	if (percent(20))
		random_boxes(service, points[place]);
	service->is_area_unclear = percent(5);
	service->is_residence_unclear = percent(3);
	for (uint32_t i = percent(20) ? 1 + below(3) : 0; i > 0; i--)
		service->residences[service->residences_count++] = text_of(PICK(PLACES));
	if (percent(50))
		service->capacity_ttl_hours = below(200);
}

static void
random_facts(struct service_facts *service)
{
	random_news(service);
	service->agency = text_of(is_one_agency ? "g1" : PICK(AGENCIES));
	service->is_active = percent(95);
	service->is_referral_allowed = percent(95);
	service->confidentiality =
	    percent(80) ? CONFIDENTIALITY_public : (enum confidentiality)(1 + below(2));
	for (uint32_t i = below(5); i > 0; i--)
		service->terms[service->terms_count++] = text_of(PICK(TERM_TREE));
	if (percent(40))
		service->minimum_age = random_age();
	if (percent(40))
		service->maximum_age = random_age() + 20;
	if (percent(50))
		service->household_types = random_set() & 0xffe;
	if (percent(50))
		service->displacements = random_set() & 0x7e;
	if (percent(50))
		service->difficulties = random_set() & 0x7e;
	for (uint32_t i = percent(60) ? below(9) : 0; i > 0; i--)
		service->languages[service->languages_count++] = text_of(PICK(LANGUAGES));
	service->interpreter = (enum flag)below(3);
	for (uint32_t i = percent(60) ? below(5) : 0; i > 0; i--)
		service->areas[service->areas_count++] = text_of(PICK(PLACES));
	for (uint32_t i = percent(70) ? 1 + below(3) : 0; i > 0; i--) {
		service->points[service->points_count].lat = random_degrees(48.9);
		service->points[service->points_count++].lon = random_degrees(24.7);
	}
	if (percent(40))
		service->workers = below(4);
	if (percent(30))
		service->radius_km = below(3000) / 10.0;
	if (percent(60))
		service->available = below(7) - 1.0;
	if (percent(60))
		service->capacity_at =
		    NOW_MS + DAY_MS - (int64_t)below(10 * 24 * 3600) * 1000;
	if (percent(60))
		service->response_hours =
		    percent(80) ? below(100) : below(4000) / 10.0 - 5;
}

/* Puts, replaces or removes one service, or tells of its places. */
static void
change_directory(unsigned number)
{
	struct service_facts *service = &directory[number].facts;
	struct text id;

	snprintf(directory[number].id, sizeof directory[number].id, "s%u", number);
	id = text_of(directory[number].id);
	if (directory[number].is_there && percent(30)) {
		assert_true(index_remove(services, id));
		directory[number].is_there = false;
		directory[number].is_told = false;
		directory[number].came = 0;
		directory[number].came_minute = 0;
		return;
	}
	if (directory[number].is_there && percent(40)) {
		double available = percent(80) ? (double)below(4) : NAN,
		       held = percent(80) ? (double)below(3) : NAN;

		if (percent(50)) {
			int64_t at_ms = NOW_MS - (int64_t)below(9 * 24 * 3600) * 1000;

			index_set_report(services, id, at_ms);
			if (service->capacity_at == TIME_ABSENT ||
			    service->capacity_at < at_ms)
				service->capacity_at = at_ms;
		}
		index_set_capacity(services, id, available, held);
		directory[number].is_told = true;
		directory[number].free_places = available - held;
		return;
	}
	facts_init(service);
	service->id = id;
	random_facts(service);
	assert_int_equal(index_put(services, service), STATUS_OK);
	directory[number].is_there = true;
	if (!directory[number].is_told)
		directory[number].free_places = service->available;
}

static void
new_directory(void)
{
	index_free(services);
	services = index_new();
	assert_non_null(services);
	memset(directory, 0, sizeof directory);
	is_one_agency = percent(10);
	directory_size = percent(30) ? 1 + below(12) : 1 + below(SERVICES_MAX);
	for (unsigned i = 0; i < directory_size; i++)
		change_directory(i);
}

/* ---- a family, its need and what was tried ---- */

static struct text tried[40];

static void
random_household(void)
{
	struct household *household = &intake.household;

	intake.has_household = true;
	household->type = (uint8_t)below(household_type_end);
	household->displacement = (uint8_t)below(displacement_end);
	for (uint32_t i = percent(70) ? 1 + below(3) : 0; i > 0; i--)
		add_language(PICK(LANGUAGES));
	for (uint32_t i = below(5); i > 0; i--) {
		struct member *member = new_member(below(percent(50) ? 18 : 90));

		if (percent(40))
			member->role = (uint8_t)(1 + below(member_role_end - 1));
		if (percent(20))
			member->age = percent(50) ? UINT_ABSENT : UINT_REFUSED;
		for (uint32_t k = percent(20) ? 1 + below(2) : 0; k > 0; k--)
			member->difficulties[member->difficulties_count++] =
			    (uint8_t)(1 + below(6));
	}
}

static void
random_consent(void)
{
	static const char *const UNTIL[] = { "2026-11-19", "2026-11-20", "2026-11-21",
		"2027-01-01", "2020-02-29", "never" };

	intake.has_consent = percent(97);
	if (percent(3))
		intake.consent.purposes[0] = LITERAL("statistics");
	if (percent(25))
		intake.consent.until = text_of(percent(70) ? "2027-01-01" : PICK(UNTIL));
	if (percent(20))
		for (uint32_t i = below(6); i > 0; i--)
			intake.consent.recipients[i - 1] = text_of(PICK(AGENCIES)),
			                              intake.consent.recipients_count = 6;
	for (uint32_t i = 0; i < intake.consent.recipients_count; i++)
		if (intake.consent.recipients[i].at == NULL)
			intake.consent.recipients[i] = LITERAL("g0");
}

/* Weights of eighths, so that both sides round alike. */
static double
weight_below(uint32_t end)
{
	return below(end * 8) / 8.0;
}

/* Some were heard of too long ago. */
static void
random_loads(void)
{
	loads_free(loads);
	loads = loads_new();
	assert_non_null(loads);
	for (unsigned i = 0; i < 10; i++) {
		bool is_old = percent(30);

		opens[i] = percent(30) ? NAN : (double)below(40);
		if (!isnan(opens[i]))
			loads_set(loads, text_of(AGENCIES[i]), opens[i],
			    question.now_ms - (is_old ? LOADS_BELIEVED_MS : 59999));
		if (is_old)
			opens[i] = NAN;
	}
	question.loads = percent(70) ? loads : NULL;
}

/* With the four that every service is given beforehand, 20 of which so many twentieths are lost. */
static void
random_answers(void)
{
	question.answers = NULL;
	if (percent(80))
		return;
	answers_free(answers);
	answers = answers_new();
	assert_non_null(answers);
	for (unsigned i = 0; i < directory_size; i++) {
		unsigned which = i % HEARD_COUNT;
		char id[16], kept[64];

		if (i == which) {
			heard[i].term = PICK(TERM_TREE);
			heard[i].lost_percent = below(17) * 5;
		}
		(void)snprintf(id, sizeof id, "s%u", i);
		(void)snprintf(kept, sizeof kept, "16000 %.0f %d %s",
		    heard[which].lost_percent * 200, (int)(question.now_ms / 86400000),
		    heard[which].term);
		answers_set(answers, text_of(id), text_of(kept));
	}
	question.answers = answers;
}

static const struct policy *
random_policy(void)
{
	static struct policy policy;

	policy = POLICY_STANDARD;
	policy.weight_distance = weight_below(100);
	policy.weight_capacity = weight_below(100);
	policy.weight_full = -weight_below(1000);
	policy.weight_unknowns = -weight_below(20);
	policy.weight_language = weight_below(100);
	policy.weight_preference = weight_below(100);
	policy.weight_specificity = weight_below(100);
	policy.weight_household = weight_below(100);
	policy.weight_response = weight_below(100);
	policy.weight_opening = weight_below(100);
	policy.weight_load = -weight_below(100);
	policy.weight_answers = -weight_below(2) / 2;
	policy.weight_together = weight_below(100);
	policy.load_worker_open = below(20);
	policy.load_agency_open = below(40);
	policy.load_kept_share = below(4) / 8.0;
	policy.distance_half_km = 1 + below(200);
	policy.deadline_emergency_hours = 1 + below(100);
	policy.deadline_urgent_hours = 1 + below(200);
	policy.deadline_normal_hours = 1 + below(500);
	return &policy;
}

/* None twice. */
static void
name_members(struct need_request *need, uint32_t count)
{
	bool is_named[5] = { false };

	while (count-- > 0) {
		uint32_t position = below(5);

		if (!is_named[position])
			need->for_at[need->for_count++] = position;
		is_named[position] = true;
	}
}

/* Where the family's other need is, and perhaps that of a sibling. */
static void
random_others(void)
{
	static const struct indexed *others[2];

	question.beside = others;
	for (unsigned i = services != NULL && percent(30) ? 1 + below(2) : 0; i > 0;
	     i--) {
		const struct indexed *other =
		    index_find(services, text_of(directory[below(directory_size)].id));

		if (other != NULL)
			others[question.beside_count++] = other;
	}
	if (question.beside_count > 0 && percent(20))
		question.sibling = others[0];
}

/* For an index that does not hold them. */
static void
without_others(void)
{
	question.beside_count = 0;
	question.sibling = NULL;
}

static void
random_need(void)
{
	static const char *const ASKED[] = { "a", "a.b", "a.b.c", "A.b.C.d", "a.b.none",
		"b.c", "b", "b.c.d.e", "none", "a.b.c.d.e.f" };
	struct need_request *need;

	new_family("other");
	question.need = below(2);
	intake.needs_count = 2;
	record_init(&record_need_request, &intake.needs[1]);
	intake.needs[1].term = LITERAL("other");
	need = &intake.needs[question.need];
	need->term = text_of(PICK(ASKED));
	name_members(need, percent(40) ? below(4) : 0);
	if (percent(30)) {
		intake.needs[1 - question.need].term = need->term;
		name_members(&intake.needs[1 - question.need], below(3));
	}
	intake.urgency = (uint8_t)below(urgency_end);
	if (percent(85))
		random_household();
	random_consent();
	if (percent(60))
		set_place(PICK(PLACES));
	question.places = percent(50) ? hierarchy : NULL;
	if (percent(70))
		set_point(random_degrees(48.9), random_degrees(24.7));
	intake.has_preferences = percent(50);
	for (uint32_t i = below(3); i > 0; i--)
		intake.preferences
		    .deny_agencies[intake.preferences.deny_agencies_count++] =
		    text_of(PICK(AGENCIES));
	if (percent(50))
		intake.preferences.agency = text_of(PICK(AGENCIES));
	question.policy = percent(50) ? random_policy() : NULL;
	question.seed = (uint32_t)random_bits();
	question.may_be_cleared_only = percent(60);
	question.now_ms = NOW_MS + below(48) * HOUR_MS;
	random_loads();
	random_answers();
	random_others();
	settle_persons();
	question.tried = tried;
	for (question.tried_count = 0; percent(70) && question.tried_count < 40;)
		tried[question.tried_count++] =
		    text_of(directory[below(directory_size)].id);
	if (percent(8)) /* a small directory is soon tried */
		for (unsigned i = 0; i < directory_size && i < 40;
		     i++, question.tried_count = i)
			tried[i] = text_of(directory[i].id);
}

/* ---- what both say ---- */

static struct opinion fits[SERVICES_MAX];
static unsigned fits_count, considered, refused, refused_by[RULE_COUNT];
static unsigned seen_reasons[reason_end], seen_failed[RULE_COUNT],
    seen_unknown[RULE_COUNT];
static unsigned seen_candidates, seen_full, seen_priced, seen_left_out, seen_bound,
    seen_split, seen_together;

/* Half of them after ten days. */
static double
came_by_now(unsigned number)
{
	int64_t minutes = question.now_ms / 60000 - directory[number].came_minute;

	return (double)directory[number].came *
	       exp2(minutes > 0 ? -(double)minutes / 14400 : 0);
}

static bool
form_opinion(unsigned number, struct opinion *opinion)
{
	int nearest = -1;

	*opinion = (struct opinion){ .facts = &directory[number].facts,
		.free_places = directory[number].free_places,
		.came = came_by_now(number) };
	if (!directory[number].is_there)
		return false;
	if (!question.may_be_cleared_only &&
	    opinion->facts->confidentiality == CONFIDENTIALITY_cleared)
		return false;
	for (uint32_t i = 0; i < opinion->facts->terms_count; i++) {
		int levels = levels_above(
		    opinion->facts->terms[i], intake.needs[question.need].term);

		if (levels >= 0 && (nearest < 0 || levels < nearest))
			nearest = levels;
	}
	if (nearest < 0)
		return false;
	opinion->levels = (unsigned)nearest;
	opinion->km = distance_of(opinion->facts);
	judge_all(opinion);
	weigh(opinion);
	opinion->lot = lot_of(opinion->facts->id);
	return true;
}

static const struct service_facts *
facts_of(const struct indexed *service)
{
	unsigned number = 0;

	while (!same(text_of(directory[number].id), indexed_facts(service)->id))
		assert_true(++number < directory_size);
	return &directory[number].facts;
}

/* The shortest way to where the family's other needs are; none within one agency. */
static double
way_to_others(const struct service_facts *service)
{
	double least = NAN;

	for (size_t i = 0; i < question.beside_count; i++) {
		const struct service_facts *other = facts_of(question.beside[i]);

		for (uint32_t a = 0; a < service->points_count; a++)
			for (uint32_t b = 0; b < other->points_count; b++)
				least = fmin(least,
				    rounded_to(
				        kilometres(hidden(service, a)[0],
				            hidden(service, a)[1], hidden(other, b)[0],
				            hidden(other, b)[1]),
				        1000));
		if (same(service->agency, other->agency))
			least = 0;
	}
	return least;
}

/* The best eight, in order; what they pay, and how far they are from the family's other needs,
 * orders them anew. */
static void
pay(void)
{
	unsigned best = fits_count < 8 ? fits_count : 8;

	for (unsigned i = 0; i < best; i++) {
		double cheapest = fits[i].price, km;

		for (unsigned k = 0; k < best; k++)
			if (fits[k].unknowns <= fits[i].unknowns &&
			    fits[k].price < cheapest)
				cheapest = fits[k].price;
		earn(&fits[i], 10, fits[i].price - cheapest,
		    weights_now().parts[10] * (fits[i].price - cheapest));
		km = way_to_others(fits[i].facts);
		earn(&fits[i], 13, km,
		    isnan(km) ? 0 : weights_now().parts[13] * (1 / (1 + km)));
	}
	for (unsigned swaps = 1; swaps > 0;) {
		swaps = 0;
		for (unsigned i = 1; i < best; i++) {
			struct opinion better = fits[i];

			if (better.score <= fits[i - 1].score)
				continue;
			fits[i] = fits[i - 1];
			fits[i - 1] = better;
			swaps++;
		}
	}
}

/* Where it offers the need and no rule refuses it there is no other. */
static bool
is_with_sibling(void)
{
	for (unsigned i = 0; question.sibling != NULL && i < directory_size; i++) {
		if (!same(
		        indexed_facts(question.sibling)->id, text_of(directory[i].id)) ||
		    !form_opinion(i, &fits[0]) || fits[0].fails > 0)
			continue;
		fits_count = considered = 1;
		refused = 0;
		memset(refused_by, 0, sizeof refused_by);
		pay();
		return true;
	}
	return false;
}

static enum reason
scan(void)
{
	bool is_tried_only = false, is_consent_only = false;

	fits_count = considered = refused = 0;
	memset(refused_by, 0, sizeof refused_by);
	for (unsigned i = 0; i < directory_size; i++) {
		struct opinion *opinion = &fits[fits_count];

		if (!form_opinion(i, opinion))
			continue;
		considered++;
		for (int rule = 0; rule < RULE_COUNT; rule++) {
			seen_failed[rule] += opinion->first_failed == rule;
			seen_unknown[rule] += opinion->verdicts[rule] == verdict_unknown;
		}
		if (opinion->fails == 0) {
			fits_count++;
			continue;
		}
		refused++;
		refused_by[opinion->first_failed]++;
		is_tried_only |= opinion->fails == 1 && opinion->first_failed == TRIED;
		is_consent_only |=
		    opinion->fails == 1 && opinion->first_failed == CONSENT;
	}
	qsort(fits, fits_count, sizeof *fits, by_worth);
	pay();
	if (fits_count > 0)
		return reason_absent;
	if (!agrees())
		return reason_no_consent;
	if (considered == 0)
		return reason_no_service;
	if (is_tried_only)
		return reason_all_tried;
	return is_consent_only ? reason_no_consent : reason_not_eligible;
}

static bool
equal(double a, double b)
{
	return (isnan(a) && isnan(b)) || a == b;
}

static void
compare_candidate(const struct candidate *candidate, const struct opinion *opinion)
{
	double sum = 0;

	assert_true(same(candidate->service, opinion->facts->id));
	assert_true(same(candidate->agency, opinion->facts->agency));
	assert_int_equal(lround(candidate->score * 100), opinion->score);
	assert_true(equal(candidate->distance_km, opinion->km));
	assert_int_equal(candidate->rules_count, RULE_COUNT);
	assert_int_equal(candidate->parts_count, PART_COUNT);
	assert_int_equal(candidate->questions_count, opinion->unknowns);
	for (int rule = 0; rule < RULE_COUNT; rule++) {
		assert_text(candidate->rules[rule].rule, RULE_NAMES[rule]);
		assert_int_equal(candidate->rules[rule].verdict, opinion->verdicts[rule]);
	}
	for (int part = 0; part < PART_COUNT; part++) {
		assert_text(candidate->parts[part].part, PART_NAMES[part]);
		assert_true(equal(candidate->parts[part].value, opinion->values[part]));
		assert_int_equal(
		    lround(candidate->parts[part].points * 100), opinion->points[part]);
		sum += candidate->parts[part].points;
	}
	assert_true(fabs(sum - candidate->score) < 1e-9);
}

/* Nearest first, and each as the rules have it. */
static void
compare_refusals(const struct why *why)
{
	double last_km = 0;

	for (uint32_t i = 0; i < why->refusals_count; i++) {
		const struct refusal *refusal = &why->refusals[i];
		unsigned number = 0;
		struct opinion opinion;

		while (!same(text_of(directory[number].id), refusal->service))
			assert_true(++number < directory_size);
		assert_true(form_opinion(number, &opinion));
		assert_true(opinion.first_failed >= 0);
		assert_text(refusal->rule, RULE_NAMES[opinion.first_failed]);
		assert_false(opinion.km < last_km);
		assert_false(isnan(last_km) && !isnan(opinion.km));
		last_km = opinion.km;
	}
}

static void
compare_explanation(const struct match_result *result)
{
	static struct why why;
	uint32_t by_rule = 0;

	match_explain(services, &question, result, result->count > 0 ? 0 : UINT32_MAX, 10,
	    false, &why);
	assert_int_equal(why.has_chosen, fits_count > 0);
	if (fits_count > 0)
		compare_candidate(&why.chosen, &fits[0]);
	assert_int_equal(why.next_count, result->count > 0 ? result->count - 1 : 0);
	for (uint32_t i = 0; i < why.next_count; i++)
		compare_candidate(&why.next[i], &fits[i + 1]);
	assert_int_equal(why.considered_count, result->considered_count);
	for (int rule = 0; rule < RULE_COUNT; rule++) {
		if (result->refused_by[rule] == 0)
			continue;
		assert_text(why.refusals_by_rule[by_rule].rule, RULE_NAMES[rule]);
		assert_int_equal(
		    why.refusals_by_rule[by_rule++].count, result->refused_by[rule]);
	}
	assert_int_equal(why.refusals_by_rule_count, by_rule);
	compare_refusals(&why);
}

/* Of those that were considered: all, unless there are so many that nobody asks. */
static void
compare_counts(const struct match_result *result)
{
	uint32_t sum = 0;

	assert_true(result->considered_count <= considered);
	assert_true(result->considered_count >= result->refused_count + result->count);
	for (int rule = 0; rule < RULE_COUNT; rule++) {
		assert_true(result->refused_by[rule] <= refused_by[rule]);
		sum += result->refused_by[rule];
	}
	assert_int_equal(sum, result->refused_count);
	assert_int_equal(result->first_refused_count,
	    result->refused_count < MATCH_REFUSED_MAX ? result->refused_count
	                                              : MATCH_REFUSED_MAX);
	if (fits_count < MATCH_CANDIDATES_MAX && refused < MATCH_REFUSED_MAX)
		assert_int_equal(result->considered_count, considered);
	seen_left_out += result->considered_count < considered;
}

/* One family more at the best eight, but only where least is unknown. */
static void
one_more_comes(const struct match_result *result)
{
	unsigned best = fits_count < 8 ? fits_count : 8, least = 99, sharers = 0;

	match_note(services, result, question.now_ms);
	for (unsigned i = 0; i < best; i++)
		if (fits[i].unknowns < least)
			least = fits[i].unknowns;
	for (unsigned i = 0; i < best; i++)
		sharers += fits[i].unknowns == least;
	for (unsigned i = 0; i < best; i++) {
		unsigned number = (unsigned)atoi(fits[i].facts->id.at + 1);
		int64_t minute = question.now_ms / 60000;

		if (fits[i].unknowns != least)
			continue;
		directory[number].came = (float)(came_by_now(number) + 1.0 / sharers);
		if (minute > directory[number].came_minute)
			directory[number].came_minute = minute;
	}
}

static void
compare_match(void)
{
	bool is_bound = is_with_sibling();
	enum reason reason = is_bound ? reason_absent : scan();
	struct match_result result;

	match(services, &question, &result);
	assert_int_equal(result.reason, reason);
	compare_counts(&result);
	assert_int_equal(result.count,
	    fits_count < MATCH_CANDIDATES_MAX ? fits_count : MATCH_CANDIDATES_MAX);
	for (uint32_t i = 0; i < result.count; i++) {
		const struct match_candidate *candidate = &result.candidates[i];

		assert_true(
		    same(indexed_facts(candidate->service)->id, fits[i].facts->id));
		assert_int_equal(lround(candidate->score * 100), fits[i].score);
		assert_true(equal(candidate->distance_km, fits[i].km));
		seen_full += fits[i].points[2] != 0;
	}
	seen_reasons[reason]++;
	seen_candidates += result.count;
	seen_bound += is_bound;
	seen_split += are_siblings && refused_by[AGE] > 0;
	seen_together += result.count > 0 && fits[0].points[13] > 0;
	seen_priced += result.count > 0 && fits[0].points[10] != 0;
	compare_explanation(&result);
	if (percent(40))
		one_more_comes(&result);
}

static uint64_t
setting(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 0) : otherwise;
}

static int
start(void **unused)
{
	(void)unused;
	random_state = setting("ORACLE_SEED", 20261120);
	settle_hierarchy();
	return 0;
}

static int
stop(void **unused)
{
	(void)unused;
	index_free(services);
	services = NULL;
	places_free(hierarchy);
	return 0;
}

static void
a_match_is_what_a_scan_of_every_service_gives(void **unused)
{
	static const enum reason REASONS[] = { reason_absent, reason_no_consent,
		reason_no_service, reason_not_eligible, reason_all_tried };
	uint64_t triples = setting("ORACLE_TRIPLES", TRIPLES);

	(void)unused;
	print_message("seed %llu\n", (unsigned long long)random_state);
	for (uint64_t triple = 0; triple < triples; triple++) {
		if (triple % 40 == 0)
			new_directory();
		else if (triple % 4 == 0)
			change_directory(below(directory_size));
		random_need();
		compare_match();
	}
	/* A generator that never gets there would agree on anything. */
	for (unsigned i = 0; i < sizeof REASONS / sizeof *REASONS; i++)
		assert_true(seen_reasons[REASONS[i]] > 100);
	for (int rule = 0; rule < RULE_COUNT; rule++) {
		assert_true(rule == DIFFICULTY ||
		            seen_failed[rule] > (rule == RESIDENCE ? 300 : 1000));
		assert_true(rule < AGE || seen_unknown[rule] > 1000);
	}
	assert_true(seen_candidates > triples);
	assert_true(seen_full > 1000);
	assert_true(seen_priced > 1000);
	assert_true(seen_left_out > 1000);
	assert_true(seen_bound > 300 && seen_split > 50 && seen_together > 1000);
}

/* ---- what must hold between two services ---- */

/* Random pairs until enough of them tell something. */
#define ATTEMPTS_MAX 2000000

static unsigned
rank_of(const struct match_result *result, const char *id)
{
	for (unsigned i = 0; i < result->count; i++)
		if (text_is(indexed_facts(result->candidates[i].service)->id, id))
			return i;
	return UINT32_MAX;
}

/* Matches with nothing but two services; false unless both are candidates. */
static bool
both_fit(const struct service_facts *one, const struct service_facts *other,
    struct match_result *result)
{
	index_free(services);
	services = index_new();
	assert_non_null(services);
	assert_int_equal(index_put(services, one), STATUS_OK);
	assert_int_equal(index_put(services, other), STATUS_OK);
	match(services, &question, result);
	return result->count == 2;
}

static void
random_pair(struct service_facts *one, struct service_facts *other)
{
	facts_init(one);
	random_facts(one);
	one->id = LITERAL("one");
	one->terms[0] = LITERAL("a.b");
	one->terms_count = 1;
	*other = *one;
	other->id = LITERAL("other");
	directory_size = 1;
	random_need();
	intake.needs[question.need].term = LITERAL("a.b");
	question.tried_count = 0;
	question.may_be_cleared_only = true;
	without_others();
}

static void
a_closer_otherwise_equal_service_never_ranks_lower(void **unused)
{
	unsigned compared = 0;

	(void)unused;
	for (unsigned attempts = 0; compared < 2000; attempts++) {
		struct service_facts one, other;
		struct match_result result;

		assert_true(attempts < ATTEMPTS_MAX);
		random_pair(&one, &other);
		one.points_count = other.points_count = 1;
		one.points[0].lat = random_degrees(48.9);
		other.points[0].lat = random_degrees(48.9);
		if (!both_fit(&one, &other, &result))
			continue;
		if (isnan(result.candidates[0].distance_km) ||
		    result.candidates[0].distance_km == result.candidates[1].distance_km)
			continue;
		assert_true(
		    result.candidates[0].distance_km < result.candidates[1].distance_km);
		compared++;
	}
}

/* Makes what one rule looks at unknown; false if the rule did not pass. */
static bool
forget(int rule, struct service_facts *service)
{
	struct opinion opinion = { .facts = service, .km = distance_of(service) };

	judge_all(&opinion);
	if (opinion.verdicts[rule] != verdict_pass)
		return false;
	if (rule == AGE)
		service->minimum_age = service->maximum_age = NAN;
	else if (rule == HOUSEHOLD_TYPE)
		service->household_types = 0;
	else if (rule == DISPLACEMENT)
		service->displacements = 0;
	else if (rule == LANGUAGE)
		service->languages_count = 0, service->interpreter = FLAG_ABSENT;
	else if (rule == DIFFICULTY)
		service->difficulties = 0;
	else if (rule == AREA)
		service->areas_count = service->shapes_count = 0,
		service->is_area_unclear = !isnan(service->radius_km);
	else if (rule == RESIDENCE)
		service->residences_count = 0, service->is_residence_unclear = true;
	else
		service->points_count = 0;
	judge_all(&opinion);
	opinion.km = distance_of(service);
	judge_all(&opinion);
	return opinion.verdicts[rule] == verdict_unknown;
}

static void
an_unknown_never_beats_a_pass(void **unused)
{
	(void)unused;
	for (int rule = AGE; rule <= RESIDENCE; rule++)
		for (unsigned compared = 0, attempts = 0; compared < 200; attempts++) {
			struct service_facts one, other;
			struct match_result result;

			assert_true(attempts < ATTEMPTS_MAX);
			random_pair(&one, &other);
			question.policy =
			    NULL; /* one may say that an unknown costs nothing */
			if (!forget(rule, &other) || !both_fit(&one, &other, &result))
				continue;
			assert_int_equal(rank_of(&result, "one"), 0);
			assert_true(
			    result.candidates[0].score > result.candidates[1].score);
			compared++;
		}
}

static void
a_service_of_unknown_capacity_never_beats_one_with_known_places(void **unused)
{
	(void)unused;
	for (unsigned compared = 0, attempts = 0; compared < 500; attempts++) {
		struct service_facts one, other;
		struct match_result result;

		assert_true(attempts < ATTEMPTS_MAX);
		random_pair(&one, &other);
		question.policy = NULL; /* one may say that free places give nothing */
		one.available = 2 + below(4);
		one.capacity_ttl_hours = NAN;
		other.available = NAN;
		if (!both_fit(&one, &other, &result))
			continue;
		assert_int_equal(rank_of(&result, "one"), 0);
		compared++;
	}
}

static void
the_same_question_has_the_same_answer_however_the_index_grew(void **unused)
{
	(void)unused;
	for (unsigned round = 0; round < 300; round++) {
		struct match_result before, after;
		struct index *other = index_new();

		assert_non_null(other);
		if (round % 10 == 0)
			new_directory();
		for (unsigned i = directory_size; i-- > 0;)
			if (directory[i].is_there) {
				assert_int_equal(
				    index_put(other, &directory[i].facts), STATUS_OK);
				index_set_capacity(other, directory[i].facts.id,
				    directory[i].free_places, 0);
			}
		random_need();
		without_others();
		match(services, &question, &before);
		match(other, &question, &after);
		assert_int_equal(before.count, after.count);
		for (uint32_t i = 0; i < before.count; i++) {
			assert_true(same(indexed_facts(before.candidates[i].service)->id,
			    indexed_facts(after.candidates[i].service)->id));
			assert_true(
			    before.candidates[i].score == after.candidates[i].score);
		}
		index_free(other);
	}
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
	const struct CMUnitTest tests[] = {
		TEST(a_match_is_what_a_scan_of_every_service_gives),
		TEST(a_closer_otherwise_equal_service_never_ranks_lower),
		TEST(an_unknown_never_beats_a_pass),
		TEST(a_service_of_unknown_capacity_never_beats_one_with_known_places),
		TEST(the_same_question_has_the_same_answer_however_the_index_grew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
