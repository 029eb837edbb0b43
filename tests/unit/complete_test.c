/* SPDX-License-Identifier: Apache-2.0
 * What a word that is being typed may become, and whose words are told. */
#include <stdio.h>

#include "services/matcher/complete.h"
#include "tests/unit/matcher_fixture.h"

static struct index *services;
static struct complete asked;

static int
start(void **unused)
{
	(void)unused;
	services = index_new();
	record_init(&record_complete, &asked);
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
put(const char *id, const char *name, enum confidentiality confidentiality)
{
	new_service(id, "x");
	facts.name = text_of(name);
	facts.confidentiality = confidentiality;
	put_service(services);
}

/* "word services, ..." */
static const char *
complete(const char *q)
{
	static char list[4096];
	static struct completed completed;
	static struct defects defects;

	asked.q = text_of(q);
	complete_run(services, &asked, &completed);
	defects.count = 0;
	record_check(&record_completed, &completed, &defects);
	assert_int_equal(defects.count, 0);
	list[0] = '\0';
	for (uint32_t i = 0; i < completed.words_count; i++)
		snprintf(list + strlen(list), sizeof list - strlen(list), "%s%.*s %u",
		    i ? ", " : "", (int)completed.words[i].word.length,
		    completed.words[i].word.at, completed.words[i].services);
	return list;
}

static void
the_word_of_most_services_comes_first(void **unused)
{
	(void)unused;
	put("s1", "Притулок для родин", CONFIDENTIALITY_public);
	put("s2", "притулок і приют", CONFIDENTIALITY_public);
	put("s3", "Прийом їжі", CONFIDENTIALITY_public);
	assert_string_equal(complete("при"), "Притулок 2, Прийом 1, приют 1");
	assert_string_equal(complete("родин п"), "Притулок 2, Прийом 1, приют 1");
	assert_string_equal(complete("прит"), "Притулок 2");
	assert_string_equal(complete("їж"), "їжі 1");
	asked.most = 1;
	assert_string_equal(complete("при"), "Притулок 2");
	asked.most = 0;
	assert_string_equal(complete("при"), "");
	asked.most = UINT_ABSENT;
	assert_string_equal(complete(""), "");
	assert_string_equal(complete(" ,"), "");
	assert_string_equal(complete("щ"), "");
}

static void
the_best_are_kept_of_many(void **unused)
{
	(void)unused;
	for (unsigned i = 0; i < 30; i++)
		for (unsigned k = 0; k <= i; k++) {
			char id[16], name[16];

			snprintf(id, sizeof id, "s%u-%u", i, k);
			snprintf(name, sizeof name, "word%02u", i * 7 % 30);
			put(id, name, CONFIDENTIALITY_public);
		}
	asked.most = 3;
	assert_string_equal(complete("w"), "word23 30, word16 29, word09 28");
}

static void
of_as_many_services_the_shorter_of_two_comes_first(void **unused)
{
	(void)unused;
	put("s1", "Works", CONFIDENTIALITY_public);
	put("s2", "Work", CONFIDENTIALITY_cleared); /* looked at last */
	asked.cleared = FLAG_YES;
	assert_string_equal(complete("wor"), "Work 1, Works 1");
}

static void
no_more_words_are_told_than_an_answer_has_room_for(void **unused)
{
	static struct completed completed;
	const uint32_t room = sizeof completed.words / sizeof *completed.words;

	(void)unused;
	for (uint32_t i = 0; i < room + 2; i++) {
		char id[16], name[16];

		snprintf(id, sizeof id, "s%u", i);
		snprintf(name, sizeof name, "word%03u", i);
		put(id, name, CONFIDENTIALITY_public);
	}
	asked.q = LITERAL("word");
	for (asked.most = room; asked.most <= room + 2; asked.most++) {
		complete_run(services, &asked, &completed);
		assert_int_equal(completed.words_count, room);
	}
}

static void
the_other_keyboard_and_an_error_count_where_nothing_else_does(void **unused)
{
	(void)unused;
	put("s1", "Притулок", CONFIDENTIALITY_public);
	put("s2", "Shelter", CONFIDENTIALITY_public);
	assert_string_equal(complete("ghbn"), "Притулок 1");
	assert_string_equal(complete("shalt"), "Shelter 1");
	assert_string_equal(complete("sha"), "");
	put("s3", "ghbno", CONFIDENTIALITY_public);
	assert_string_equal(complete("ghbn"), "ghbno 1");
}

static void
words_of_entries_for_cleared_roles_are_told_to_them_alone(void **unused)
{
	(void)unused;
	put("s1", "Secure shelter", CONFIDENTIALITY_public);
	put("s2", "Second", CONFIDENTIALITY_address_hidden);
	assert_string_equal(complete("sec"), "Second 1, Secure 1");
	for (unsigned i = 0; i < 9; i++) {
		char id[16];

		snprintf(id, sizeof id, "x%u", i);
		put(id, "Secret shelter secure", CONFIDENTIALITY_cleared);
	}
	assert_string_equal(complete("sec"), "Second 1, Secure 1");
	assert_string_equal(complete("secret"), "");
	assert_string_equal(complete("secrit"), "");
	assert_string_equal(complete("shel"), "shelter 1");
	asked.cleared = FLAG_YES;
	assert_string_equal(complete("sec"), "Secure 10, Secret 9, Second 1");
	assert_string_equal(complete("shel"), "shelter 10");
}

static void
what_nobody_has_any_more_is_not_told(void **unused)
{
	(void)unused;
	put("s1", "Hidden place", CONFIDENTIALITY_public);
	put("s1", "Hidden place", CONFIDENTIALITY_cleared);
	assert_string_equal(complete("hid"), "");
	put("s1", "Other", CONFIDENTIALITY_public);
	asked.cleared = FLAG_YES;
	assert_string_equal(complete("hid"), "");
	assert_string_equal(complete("oth"), "Other 1");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    the_word_of_most_services_comes_first, start, stop),
		cmocka_unit_test_setup_teardown(the_best_are_kept_of_many, start, stop),
		cmocka_unit_test_setup_teardown(
		    of_as_many_services_the_shorter_of_two_comes_first, start, stop),
		cmocka_unit_test_setup_teardown(
		    no_more_words_are_told_than_an_answer_has_room_for, start, stop),
		cmocka_unit_test_setup_teardown(
		    the_other_keyboard_and_an_error_count_where_nothing_else_does, start,
		    stop),
		cmocka_unit_test_setup_teardown(
		    words_of_entries_for_cleared_roles_are_told_to_them_alone, start,
		    stop),
		cmocka_unit_test_setup_teardown(
		    what_nobody_has_any_more_is_not_told, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
