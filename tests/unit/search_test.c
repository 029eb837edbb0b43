/* SPDX-License-Identifier: Apache-2.0
 * Which services a search finds, and in which order. */
#include <math.h>
#include <stdio.h>

#include "services/matcher/search.h"
#include "tests/unit/matcher_fixture.h"

static struct index *services;
static struct places *places; /* NULL: none */
static struct search search;
static struct found found;

static int
start(void **unused)
{
	(void)unused;
	services = index_new();
	record_init(&record_search, &search);
	return services == NULL;
}

static int
stop(void **unused)
{
	(void)unused;
	index_free(services);
	return 0;
}

static void
put(const char *id, const char *name)
{
	new_service(id, "food.packages");
	facts.name = text_of(name);
	put_service(services);
}

/* "id, id, ..." of the page. */
static const char *
search_now(void)
{
	static char list[4096];
	static struct defects defects;

	search_run(services, places, &search, &found);
	defects.count = 0;
	record_check(&record_found, &found, &defects);
	if (defects.count > 0)
		fail_msg("%s: %s", defects.list[0].field, defects.list[0].why);
	list[0] = '\0';
	for (uint32_t i = 0; i < found.services_count; i++)
		snprintf(list + strlen(list), sizeof list - strlen(list), "%s%.*s",
		    i ? ", " : "", (int)found.services[i].id.length,
		    found.services[i].id.at);
	return list;
}

static const char *
search_for(const char *words)
{
	search.q = text_of(words);
	return search_now();
}

/* ---- words ---- */

static void
without_words_everything_is_listed_by_name(void **unused)
{
	(void)unused;
	assert_string_equal(search_now(), "");
	assert_int_equal(found.total, 0);
	put("s1", "Яблуко");
	put("s2", "банка");
	put("s3", "Ананас");
	put("s4", "ананас б");
	assert_string_equal(search_now(), "s3, s4, s2, s1");
	assert_int_equal(found.total, 4);
	assert_string_equal(search_for(""), "s3, s4, s2, s1");
	assert_string_equal(search_for(" , !"), "s3, s4, s2, s1");
}

static void
every_word_must_occur_as_a_word_or_its_beginning(void **unused)
{
	(void)unused;
	put("s1", "Нічний притулок для родин з дітьми");
	put("s2", "Притулок для тварин");
	assert_string_equal(search_for("притулок"), "s2, s1");
	assert_string_equal(search_for("притулок родин"), "s1");
	assert_string_equal(search_for("родин притул"), "s1");
	assert_string_equal(search_for("тулок"), "");
	assert_string_equal(search_for("роди родин родини"), "s1");
	assert_string_equal(search_for("людина"), "");
	assert_string_equal(search_for("притулок притулок для"), "s2, s1");
	assert_int_equal(found.total, 2);
}

static void
words_fold(void **unused)
{
	(void)unused;
	put("s1", "Їжа для п'яти сімей у Києві");
	put("s2", "Объезд: ёлка и эхо");
	assert_string_equal(search_for("ижа"), "s1");
	assert_string_equal(search_for("ЇЖА"), "s1");
	assert_string_equal(search_for("п’яти"), "s1");
	assert_string_equal(search_for("пяти києві"), "s1");
	assert_string_equal(search_for("обезд ЕЛКА ехо"), "s2");
}

static void
words_are_found_in_every_field(void **unused)
{
	(void)unused;
	new_service("s1", "food.packages");
	facts.name = LITERAL("alpha");
	facts.alternate_name = LITERAL("bravo");
	facts.agency_name = LITERAL("charlie");
	facts.description = LITERAL("delta echo");
	put_service(services);
	assert_string_equal(
	    search_for("alpha bravo charlie packages food delta echo"), "s1");
	assert_string_equal(search_for("food.packages"), "s1");
	/* A word does not run over the end of a field. */
	assert_string_equal(search_for("alphabravo"), "");
	assert_string_equal(search_for("agency"), "");
}

static void
words_of_other_languages_and_of_terms_are_found(void **unused)
{
	static const struct facts_wording WORDINGS[] = {
		{ LITERAL("مأوى للعائلات"), WORDING_OF_NAME },
		{ LITERAL("مفتوح"), WORDING_OF_DESCRIPTION },
		{ LITERAL("Emergency housing"), WORDING_OF_TERM },
	};

	(void)unused;
	new_service("s1", "shelter");
	facts.name = LITERAL("Family shelter");
	facts.wordings = WORDINGS;
	facts.wordings_count = 3;
	put_service(services);
	new_service("s2", "shelter");
	facts.name = LITERAL("مفتوح");
	put_service(services);
	assert_string_equal(search_for("ماوي"), "s1");
	assert_string_equal(search_for("مفتوح"), "s2, s1");
	assert_string_equal(search_for("emergency hous"), "s1");
}

static void
translations_for_cleared_roles_are_found_by_them_only(void **unused)
{
	static const struct facts_wording NAME = { LITERAL("مأوى"), WORDING_OF_NAME };

	(void)unused;
	new_service("s1", "shelter");
	facts.confidentiality = CONFIDENTIALITY_cleared;
	facts.wordings = &NAME;
	facts.wordings_count = 1;
	put_service(services);
	assert_string_equal(search_for("مأوى"), "");
	assert_int_equal(found.total, 0);
	search.cleared = FLAG_YES;
	assert_string_equal(search_for("مأوى"), "s1");
}

static void
the_better_field_comes_first(void **unused)
{
	static const char *const IDS[] = { "s5", "s4", "s3", "s2", "s1" };

	(void)unused;
	for (unsigned field = 0; field < 5; field++) {
		new_service(IDS[field], field == 3 ? "bread" : "food");
		facts.name = field == 0 ? LITERAL("bread") : LITERAL("x");
		facts.alternate_name = field == 1 ? LITERAL("bread") : TEXT_ABSENT;
		facts.agency_name = field == 2 ? LITERAL("bread") : TEXT_ABSENT;
		facts.description = field == 4 ? LITERAL("bread") : TEXT_ABSENT;
		put_service(services);
	}
	assert_string_equal(search_for("bread"), "s5, s4, s3, s2, s1");
	assert_string_equal(search_for("brea"), "s5, s4, s3, s2, s1");
}

static void
a_whole_word_comes_before_a_beginning(void **unused)
{
	(void)unused;
	put("s1", "breads a");
	put("s2", "breads bread");
	put("s3", "z bread");
	put("s4", "z bread z");
	assert_string_equal(search_for("bread"), "s2, s3, s4, s1");
}

static void
the_name_that_is_asked_for_comes_first_then_those_that_begin_so(void **unused)
{
	(void)unused;
	put("s1", "Alum Rock Counseling Center");
	put("s2", "Counseling Center");
	put("s3", "Counseling Center of the Bay Area and of the Peninsula");
	put("s4", "Counseling Centers");
	put("s5", "Zion Counseling Center");
	assert_string_equal(search_for("counseling center"), "s2, s3, s5, s1, s4");
	assert_string_equal(search_for("Counseling cent"), "s2, s4, s3, s5, s1");
	assert_string_equal(search_for("сщгтыудштп сутеук"), "s2, s3, s5, s1, s4");
	assert_string_equal(search_for("center counseling"), "s2, s5, s1, s3, s4");
	/* Not found, and not shown for its name. */
	put("s6", "center for");
	assert_string_equal(search_for("center for counseling"), "");
	search.lat = 48;
	search.lon = 24;
	new_service("s7", "food.packages");
	facts.name = LITERAL("Zion Counseling Center");
	facts.points_count = 1;
	facts.points[0].lat = 48;
	facts.points[0].lon = 24;
	put_service(services);
	assert_string_equal(search_for("counseling center"), "s2, s7, s1, s3, s5, s4");
}

static void
of_names_that_have_the_words_the_shorter_comes_first(void **unused)
{
	(void)unused;
	put("s1", "A B C D food");
	put("s2", "B C food");
	put("s3", "Z food");
	assert_string_equal(search_for("food"), "s3, s2, s1");
	assert_string_equal(search_for("fodo"), "s3, s2, s1");
	assert_string_equal(search_for(""), "s1, s2, s3");
}

static void
the_better_word_comes_before_the_nearer_place(void **unused)
{
	(void)unused;
	new_service("s1", "food");
	facts.description = LITERAL("bread");
	add_point(50, 30);
	put_service(services);
	new_service("s2", "food");
	facts.name = LITERAL("bread");
	add_point(10, 10);
	put_service(services);
	search.lat = 50;
	search.lon = 30;
	assert_string_equal(search_for("bread"), "s2, s1");
	assert_string_equal(search_for(""), "s1, s2");
}

/* ---- spelling ---- */

static void
another_alphabet_finds_what_sounds_alike(void **unused)
{
	(void)unused;
	put("s1", "Притулок у Києві");
	put("s2", "Shelter in Kyiv");
	put("s3", "Приют в Киеве");
	put("s4", "Приют в Киев");
	assert_string_equal(search_for("Київ"), "s2, s4, s1, s3");
	assert_string_equal(search_for("kiev"), "s2, s4, s1, s3");
	assert_string_equal(search_for("pritulok"), "s1");
	assert_string_equal(search_for("prytul kyiv"), "s1");
	assert_string_equal(search_for("шелтер"), "s2");
	assert_string_equal(search_for("prytulok u kyievi"), "s1");
	assert_string_equal(search_for("prytulok a kyievi"), "");
	assert_string_equal(search_for("prytulok uu kyievi"), "");
}

static void
endings_may_differ(void **unused)
{
	(void)unused;
	put("s1", "Family shelters");
	put("s2", "Shelter for families");
	put("s3", "Їжа для родин");
	assert_string_equal(search_for("shelters family"), "s1, s2");
	assert_string_equal(search_for("їжею родинам"), "s3");
}

static void
errors_are_forgiven_by_length(void **unused)
{
	(void)unused;
	put("s1", "accommodation");
	put("s2", "boat");
	put("s3", "кіт");
	assert_string_equal(search_for("acommodation"), "s1");
	assert_string_equal(search_for("acomodation"), "s1");
	assert_string_equal(search_for("accmomodation"), "s1");
	assert_string_equal(search_for("akcommodatoin"), "s1");
	assert_string_equal(search_for("abcommodxtoin"), "");
	assert_string_equal(search_for("bat"), "");
	assert_string_equal(search_for("boaf"), "s2");
	assert_string_equal(search_for("obat"), "s2");
	assert_string_equal(search_for("киш"), "");
	assert_string_equal(search_for("acomm"), "s1"); /* while it is typed */
	assert_string_equal(search_for("acomm boat"), "");
}

static void
what_is_spelt_so_comes_before_what_is_nearly(void **unused)
{
	(void)unused;
	put("s1", "Shalter");
	new_service("s2", "food");
	facts.description = LITERAL("a shelter");
	put_service(services);
	put("s3", "Шелтер");
	put("s4", "Shelterhouse");
	assert_string_equal(search_for("shelter"), "s4, s2, s3, s1");
}

static void
errors_are_not_looked_for_where_enough_is_spelt_so(void **unused)
{
	(void)unused;
	put("x", "shalter");
	for (unsigned i = 0; i < 9; i++) {
		char id[16];

		snprintf(id, sizeof id, "s%u", i);
		put(id, "shelter");
	}
	search_for("shelter");
	assert_int_equal(found.total, 10);
	put("s9", "shelter");
	search_for("shelter");
	assert_int_equal(found.total, 10);
	assert_string_equal(search_now(), "s0, s1, s2, s3, s4, s5, s6, s7, s8, s9");
}

static void
the_other_keyboard_counts_where_nothing_else_does(void **unused)
{
	(void)unused;
	put("s1", "Притулок");
	put("s2", "Shelter");
	assert_string_equal(search_for("ghbnekjr"), "s1");
	assert_string_equal(search_for("ырудеук"), "s2");
	put("s3", "ghbnekjr");
	assert_string_equal(search_for("ghbnekjr"), "s3");
}

static void
a_rare_word_weighs_more(void **unused)
{
	(void)unused;
	for (unsigned i = 0; i < 20; i++) {
		char id[16];

		snprintf(id, sizeof id, "c%u", i);
		put(id, "common x");
	}
	new_service("s1", "food");
	facts.name = LITERAL("common y");
	facts.description = LITERAL("rare");
	put_service(services);
	new_service("s2", "food");
	facts.name = LITERAL("rare z");
	facts.description = LITERAL("common");
	put_service(services);
	assert_string_equal(search_for("common rare"), "s2, s1");
}

static void
beginnings_of_any_length_are_found(void **unused)
{
	(void)unused;
	put("s1", "Київ");
	put("s2", "aid");
	new_service("s3", "food");
	facts.description = LITERAL("air к");
	put_service(services);
	assert_string_equal(search_for("a"), "s2, s3");
	assert_string_equal(search_for("ai"), "s2, s3");
	assert_string_equal(search_for("aid"), "s2");
	assert_string_equal(search_for("к"), "s1, s3");
	assert_string_equal(search_for("ки"), "s1");
	assert_string_equal(search_for("a к"), "s3");
	assert_true(index_remove(services, LITERAL("s1")));
	assert_string_equal(search_for("ки"), "");
}

/* ---- place, term, language, time ---- */

static void
filters_narrow_what_words_find(void **unused)
{
	(void)unused;
	new_service("s1", "food.packages");
	facts.name = LITERAL("help");
	facts.agency = LITERAL("red");
	facts.areas[facts.areas_count++] = LITERAL("UA26");
	add_point(50, 30);
	put_service(services);
	new_service("s2", "legal");
	facts.name = LITERAL("help");
	facts.areas[facts.areas_count++] = LITERAL("UA80");
	add_point(51, 30);
	put_service(services);
	put("s3", "help");
	search.term = LITERAL("food");
	assert_string_equal(search_for("help"), "s1, s3");
	search.agency = LITERAL("red");
	assert_string_equal(search_for("help"), "s1");
	search.term = TEXT_ABSENT;
	assert_string_equal(search_for(""), "s1");
	search.agency = TEXT_ABSENT;
	search.place = LITERAL("UA80");
	assert_string_equal(search_for("help"), "s2");
	search.place = TEXT_ABSENT;
	search.lat = 50;
	search.lon = 30;
	search.within_km = 50;
	assert_string_equal(search_for("help"), "s1");
	search.within_km = 200;
	assert_string_equal(search_for("help"), "s1, s2");
	assert_int_equal(found.total, 2);
}

static void
nearest_comes_first_and_unknown_places_last(void **unused)
{
	(void)unused;
	put("s0", "A");
	for (unsigned i = 1; i < 6; i++) {
		char id[16];

		snprintf(id, sizeof id, "s%u", i);
		new_service(id, "food");
		facts.name = LITERAL("B");
		add_point(50 + (i * 2 % 5) * 0.1, 30);
		put_service(services);
	}
	search.lat = 50;
	search.lon = 30;
	assert_string_equal(search_now(), "s5, s3, s1, s4, s2, s0");
	assert_true(found.services[0].distance_km == 0);
	assert_true(fabs(found.services[1].distance_km - 11.12) < 0.01);
	assert_true(isnan(found.services[5].distance_km));
	search.lon = NAN;
	assert_string_equal(search_now(), "s0, s1, s2, s3, s4, s5");
	assert_true(isnan(found.services[1].distance_km));
}

static void
a_term_finds_its_own_and_those_below(void **unused)
{
	static const char *const TERMS[] = { "food", "food.packages",
		"food.packages.baby", "housing" };

	(void)unused;
	for (unsigned i = 0; i < 4; i++) {
		char id[16];

		snprintf(id, sizeof id, "s%u", i);
		new_service(id, TERMS[i]);
		put_service(services);
	}
	search.term = LITERAL("Food.Packages");
	assert_string_equal(search_now(), "s1, s2");
	search.term = LITERAL("food");
	assert_string_equal(search_now(), "s0, s1, s2");
	search.term = LITERAL("food.none");
	assert_string_equal(search_now(), "");
	search.term = LITERAL("");
	assert_string_equal(search_now(), "s0, s1, s2, s3");
}

static void
a_language_finds_who_speaks_it_or_has_an_interpreter(void **unused)
{
	(void)unused;
	put("s1", "A");
	new_service("s2", "food");
	facts.languages[facts.languages_count++] = LITERAL("en");
	facts.languages[facts.languages_count++] = LITERAL("uk");
	put_service(services);
	new_service("s3", "food");
	facts.interpreter = FLAG_YES;
	put_service(services);
	search.lang = LITERAL("uk-UA");
	assert_string_equal(search_now(), "s2, s3");
	search.lang = LITERAL("ru");
	assert_string_equal(search_now(), "s3");
}

static void
open_on(uint8_t day, uint16_t opens, uint16_t closes)
{
	open_weekly(day, opens, closes);
}

static bool
is_found_at(int64_t at_ms)
{
	search.open_at = at_ms;
	search_now();
	return found.total == 1;
}

#define MINUTE_MS INT64_C(60000)
/* NOW_MS is a Friday, 08:00 UTC. */
#define FRIDAY_MS (NOW_MS - 8 * HOUR_MS)

static void
a_service_is_found_while_it_is_open(void **unused)
{
	(void)unused;
	new_service("s1", "food");
	open_on(4, 540, 1080);
	put_service(services);
	assert_false(is_found_at(NOW_MS));
	assert_false(is_found_at(NOW_MS + HOUR_MS - 1));
	assert_true(is_found_at(NOW_MS + HOUR_MS));
	assert_true(is_found_at(NOW_MS + 10 * HOUR_MS - 1));
	assert_false(is_found_at(NOW_MS + 10 * HOUR_MS));
	assert_false(is_found_at(NOW_MS + HOUR_MS + DAY_MS));
	assert_true(is_found_at(NOW_MS + HOUR_MS + 7 * DAY_MS));
	assert_true(is_found_at(NOW_MS + HOUR_MS - 7000 * DAY_MS)); /* 2007 */
}

static void
opening_hours_hold_before_1970(void **unused)
{
	int64_t opens = NOW_MS + HOUR_MS - 35000 * DAY_MS;

	(void)unused;
	new_service("s1", "food");
	open_on(4, 540, 1080);
	put_service(services);
	assert_true(opens < 0);
	assert_false(is_found_at(opens - 1));
	assert_true(is_found_at(opens));
	assert_true(is_found_at(opens + 9 * HOUR_MS - 1));
	assert_false(is_found_at(opens + 9 * HOUR_MS));
}

static void
opening_hours_are_local(void **unused)
{
	(void)unused;
	new_service("s1", "food");
	open_on(4, 600, 660);
	opening[0].zone = 120;
	put_service(services);
	assert_true(is_found_at(NOW_MS));
	assert_false(is_found_at(NOW_MS - 1));
	assert_false(is_found_at(NOW_MS + HOUR_MS));
	facts.hours_count = 0;
	open_on(3, 1320, 1440);
	opening[0].zone = -600; /* still Thursday there */
	put_service(services);
	assert_true(is_found_at(NOW_MS));
	assert_true(is_found_at(NOW_MS + 2 * HOUR_MS - 1));
	assert_false(is_found_at(NOW_MS + 2 * HOUR_MS));
}

static void
a_night_belongs_to_the_day_it_begins(void **unused)
{
	(void)unused;
	new_service("s1", "food");
	open_on(6, 1320, 360); /* Sunday to Monday */
	put_service(services);
	assert_false(is_found_at(FRIDAY_MS + 2 * DAY_MS + 5 * HOUR_MS));
	assert_true(is_found_at(FRIDAY_MS + 2 * DAY_MS + 22 * HOUR_MS));
	assert_true(is_found_at(FRIDAY_MS + 3 * DAY_MS));
	assert_true(is_found_at(FRIDAY_MS + 3 * DAY_MS + 6 * HOUR_MS - 1));
	assert_false(is_found_at(FRIDAY_MS + 3 * DAY_MS + 6 * HOUR_MS));
	assert_false(is_found_at(FRIDAY_MS + 3 * DAY_MS + 22 * HOUR_MS));
}

static void
whole_days_have_no_gap(void **unused)
{
	(void)unused;
	new_service("s1", "food");
	for (uint8_t day = 0; day < 7; day++)
		open_on(day, 0, 1440);
	put_service(services);
	for (int64_t at = FRIDAY_MS - 8 * DAY_MS; at < FRIDAY_MS; at += 17 * MINUTE_MS)
		assert_true(is_found_at(at));
	assert_true(is_found_at(INT64_MAX));
	assert_true(is_found_at(INT64_MIN + 1));
}

static void
who_does_not_say_when_it_is_open_is_not_known_to_be(void **unused)
{
	(void)unused;
	new_service("s1", "food");
	put_service(services);
	assert_false(is_found_at(NOW_MS));
	open_on(4, 480, 540);
	opening[0].kind = HOURS_UNCLEAR;
	put_service(services);
	assert_false(is_found_at(NOW_MS));
}

/* ---- what may be seen ---- */

static void
inactive_services_are_not_found(void **unused)
{
	(void)unused;
	new_service("s1", "food");
	facts.is_active = false;
	put_service(services);
	put("s2", "A");
	assert_string_equal(search_now(), "s2");
	assert_int_equal(found.total, 1);
}

static void
a_replaced_service_is_found_as_it_is_now(void **unused)
{
	(void)unused;
	put("s1", "A");
	put("s2", "B");
	assert_string_equal(search_now(), "s1, s2");
	facts.id = LITERAL("s1");
	facts.is_active = false;
	put_service(services);
	assert_string_equal(search_now(), "s2");
	assert_true(index_remove(services, LITERAL("s1")));
	facts.id = LITERAL("s2");
	facts.is_active = true;
	facts.confidentiality = CONFIDENTIALITY_cleared;
	put_service(services);
	assert_string_equal(search_now(), "");
}

static void
services_for_cleared_roles_are_neither_shown_nor_counted(void **unused)
{
	(void)unused;
	put("s1", "A");
	new_service("s2", "food");
	facts.confidentiality = CONFIDENTIALITY_cleared;
	put_service(services);
	new_service("s3", "food");
	facts.confidentiality = CONFIDENTIALITY_address_hidden;
	put_service(services);
	assert_string_equal(search_now(), "s1, s3");
	assert_int_equal(found.total, 2);
	search.cleared = FLAG_NO;
	assert_string_equal(search_now(), "s1, s3");
	search.cleared = FLAG_YES;
	assert_string_equal(search_now(), "s1, s2, s3");
	search.cleared = FLAG_ABSENT;
	search.term = LITERAL("food");
	assert_string_equal(search_now(), "s1, s3");
	assert_int_equal(found.total, 2);
}

/* What others are told of, and in which order, is the same with and without it. */
static void
services_for_cleared_roles_have_no_say_in_what_others_see(void **unused)
{
	static const char *const QUESTIONS[] = { "shelter", "shalter", "sh", "s",
		"secret", "sekret", "bread shelter", "bread", "" };
	char before[9][256];
	uint32_t totals[9];

	(void)unused;
	put("s1", "Shelter bread");
	put("s2", "Bread");
	new_service("s3", "food");
	facts.description = LITERAL("shelter and bread");
	put_service(services);
	for (unsigned i = 0; i < 9; i++) {
		snprintf(before[i], sizeof before[i], "%s", search_for(QUESTIONS[i]));
		totals[i] = found.total;
	}
	for (unsigned i = 0; i < 30; i++) {
		char id[16];

		snprintf(id, sizeof id, "x%u", i);
		new_service(id, "food");
		facts.name = LITERAL("Secret shelter");
		facts.confidentiality = CONFIDENTIALITY_cleared;
		put_service(services);
	}
	for (unsigned i = 0; i < 9; i++) {
		assert_string_equal(search_for(QUESTIONS[i]), before[i]);
		assert_int_equal(found.total, totals[i]);
	}
	search.cleared = FLAG_YES;
	search_for("secret");
	assert_int_equal(found.total, 30);
	search_for("shelter");
	assert_int_equal(found.total, 32);
}

/* ---- pages ---- */

static void
pages_follow_one_another_without_gap_or_repeat(void **unused)
{
	uint32_t offset = 0, pages = 0;

	(void)unused;
	for (unsigned i = 0; i < 137; i++) {
		char id[16], name[16];

		snprintf(id, sizeof id, "s%u", i);
		snprintf(name, sizeof name, "n%03u", i * 59 % 137);
		put(id, name);
	}
	search.most = 10;
	for (; pages < 20; pages++) {
		search.offset = offset;
		search_now();
		assert_int_equal(found.total, 137);
		for (uint32_t i = 0; i < found.services_count; i++) {
			char name[16];

			snprintf(name, sizeof name, "n%03u", offset + i);
			assert_text(found.services[i].name, name);
		}
		if (found.next == UINT_ABSENT)
			break;
		assert_int_equal(found.next, offset + 10);
		offset = found.next;
	}
	assert_int_equal(pages, 13);
	assert_int_equal(found.services_count, 7);
}

static void
a_page_has_20_services_unless_asked_and_50_at_most(void **unused)
{
	(void)unused;
	for (unsigned i = 0; i < 60; i++) {
		char id[16];

		snprintf(id, sizeof id, "s%u", i);
		put(id, "A");
	}
	search_now();
	assert_int_equal(found.services_count, 20);
	assert_int_equal(found.next, 20);
	for (search.most = 50; search.most <= 60; search.most++) {
		search_now();
		assert_int_equal(found.services_count, 50);
		assert_int_equal(found.next, 50);
	}
	search.most = 0;
	search_now();
	assert_int_equal(found.services_count, 0);
	assert_int_equal(found.total, 60);
	search.most = UINT_ABSENT;
	search.offset = 60;
	search_now();
	assert_int_equal(found.services_count, 0);
	assert_int_equal(found.next, UINT_ABSENT);
	search.offset = 10000000;
	search_now();
	assert_int_equal(found.services_count, 0);
	assert_int_equal(found.total, 60);
}

static void
a_result_says_what_it_is(void **unused)
{
	static char term[130];

	(void)unused;
	memset(term, 't', sizeof term);
	new_service("s1", "food.packages");
	facts.agency_name = LITERAL("Agency");
	facts.terms[facts.terms_count++] = (struct text){ term, 129 };
	facts.terms[facts.terms_count++] = LITERAL("housing");
	put_service(services);
	search_now();
	assert_text(found.services[0].name, "Name");
	assert_text(found.services[0].agency, "agency");
	assert_text(found.services[0].agency_name, "Agency");
	assert_int_equal(found.services[0].terms_count, 2);
	assert_text(found.services[0].terms[0], "food.packages");
	assert_text(found.services[0].terms[1], "housing");
	facts.name = TEXT_ABSENT;
	facts.agency = TEXT_ABSENT;
	facts.agency_name = TEXT_ABSENT;
	put_service(services);
	search_now();
	assert_text(found.services[0].name, "");
	assert_text(found.services[0].agency, "");
	assert_null(found.services[0].agency_name.at);
}

static void
a_name_of_any_length_is_found_by_itself(void **unused)
{
	char names[3][300 + 1];

	(void)unused;
	for (unsigned i = 0; i < 3; i++) {
		char id[8], *name = names[i];

		memset(name, 0, sizeof names[i]);
		for (unsigned word = 0; word < 48; word++)
			snprintf(
			    name + 6 * word, 7, "word%c ", word == 47 ? 'a' + i : 'q');
		name[6 * 48 - 1] = '\0';
		snprintf(id, sizeof id, "s%u", i);
		put(id, name);
	}
	search.most = 1;
	assert_string_equal(search_for(names[1]), "s1");
	assert_string_equal(search_for(names[2]), "s2");
}

static void
a_question_of_any_length_is_borne(void **unused)
{
	static char words[4096];

	(void)unused;
	put("s1", "aa");
	memset(words, 'a', sizeof words);
	search.q = (struct text){ words, sizeof words };
	assert_string_equal(search_now(), "");
	for (unsigned i = 1; i < sizeof words; i += 2)
		words[i] = ' ';
	assert_string_equal(search_now(), "s1");
}

/* ---- against a sort of everything ---- */

static void
the_heap_keeps_what_a_sort_would(void **unused)
{
	uint64_t random = 5;

	(void)unused;
	for (unsigned round = 0; round < 60; round++) {
		unsigned count = 1 + round * 3;
		bool is_there[200] = { false };
		unsigned rank = 0;

		for (unsigned i = 0; i < count; i++) {
			char id[16], name[16];
			unsigned value;

			random = random * 6364136223846793005U + 1442695040888963407U;
			value = (unsigned)(random >> 40) % 200;
			is_there[value] = true;
			snprintf(id, sizeof id, "s%u", value);
			snprintf(name, sizeof name, "n%03u", value);
			put(id, name);
		}
		for (unsigned i = 0; i < 200; i++) { /* of earlier rounds */
			char id[16];

			snprintf(id, sizeof id, "s%u", i);
			if (!is_there[i])
				index_remove(services, text_of(id));
		}
		search.most = 1 + round % 50;
		search.offset = round % 7 * 9;
		search_now();
		for (unsigned i = 0; i < 200; i++) {
			unsigned at = rank - search.offset;
			char name[16];

			if (!is_there[i])
				continue;
			snprintf(name, sizeof name, "n%03u", i);
			if (rank++ >= search.offset && at < search.most)
				assert_text(found.services[at].name, name);
		}
		assert_int_equal(found.total, rank);
	}
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
	const struct CMUnitTest tests[] = {
		TEST(without_words_everything_is_listed_by_name),
		TEST(every_word_must_occur_as_a_word_or_its_beginning),
		TEST(words_fold),
		TEST(words_are_found_in_every_field),
		TEST(words_of_other_languages_and_of_terms_are_found),
		TEST(translations_for_cleared_roles_are_found_by_them_only),
		TEST(the_better_field_comes_first),
		TEST(a_whole_word_comes_before_a_beginning),
		TEST(the_name_that_is_asked_for_comes_first_then_those_that_begin_so),
		TEST(of_names_that_have_the_words_the_shorter_comes_first),
		TEST(the_better_word_comes_before_the_nearer_place),
		TEST(another_alphabet_finds_what_sounds_alike),
		TEST(endings_may_differ),
		TEST(errors_are_forgiven_by_length),
		TEST(what_is_spelt_so_comes_before_what_is_nearly),
		TEST(errors_are_not_looked_for_where_enough_is_spelt_so),
		TEST(the_other_keyboard_counts_where_nothing_else_does),
		TEST(a_rare_word_weighs_more),
		TEST(beginnings_of_any_length_are_found),
		TEST(filters_narrow_what_words_find),
		TEST(nearest_comes_first_and_unknown_places_last),
		TEST(a_term_finds_its_own_and_those_below),
		TEST(a_language_finds_who_speaks_it_or_has_an_interpreter),
		TEST(a_service_is_found_while_it_is_open),
		TEST(opening_hours_hold_before_1970),
		TEST(opening_hours_are_local),
		TEST(a_night_belongs_to_the_day_it_begins),
		TEST(whole_days_have_no_gap),
		TEST(who_does_not_say_when_it_is_open_is_not_known_to_be),
		TEST(inactive_services_are_not_found),
		TEST(a_replaced_service_is_found_as_it_is_now),
		TEST(services_for_cleared_roles_are_neither_shown_nor_counted),
		TEST(services_for_cleared_roles_have_no_say_in_what_others_see),
		TEST(pages_follow_one_another_without_gap_or_repeat),
		TEST(a_page_has_20_services_unless_asked_and_50_at_most),
		TEST(a_result_says_what_it_is),
		TEST(a_name_of_any_length_is_found_by_itself),
		TEST(a_question_of_any_length_is_borne),
		TEST(the_heap_keeps_what_a_sort_would),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
