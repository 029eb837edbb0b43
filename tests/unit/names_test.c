/* SPDX-License-Identifier: Apache-2.0
 * Services in the order of their names, however many there are and whatever becomes of them. */
#include <stdio.h>

#include "services/matcher/search.h"
#include "tests/unit/matcher_fixture.h"

static struct index *services;
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

/* Names that only their ends tell apart, and some that nothing does. */
static void
names_stay_in_order_however_services_come_change_and_go(void **unused)
{
	static char names[40][64];
	uint64_t random = 9;

	(void)unused;
	search.most = 50;
	for (unsigned round = 0; round < 2000; round++) {
		unsigned value;
		char id[16];

		random = random * 6364136223846793005U + 1442695040888963407U;
		value = (unsigned)(random >> 40) % 40;
		snprintf(id, sizeof id, "s%02u", value);
		if (random >> 62 == 0) {
			index_remove(services, text_of(id));
			names[value][0] = '\0';
		} else {
			snprintf(names[value], sizeof names[value], "common beginning %u",
			    10 + (unsigned)(random >> 50) % 30);
			put(id, names[value]);
		}
		if (random >> 59 & 3)
			continue;
		search_run(services, NULL, &search, &found);
		for (uint32_t i = 1; i < found.services_count; i++) {
			struct text a = found.services[i - 1].name,
			            b = found.services[i].name;
			int order = memcmp(a.at, b.at, a.length);

			assert_true(order < 0 ||
			            (order == 0 && memcmp(found.services[i - 1].id.at,
			                               found.services[i].id.at, 3) < 0));
		}
		for (uint32_t i = 0; i < found.services_count; i++) {
			const char *digits = found.services[i].id.at + 1;

			assert_text(found.services[i].name,
			    names[(digits[0] - '0') * 10 + digits[1] - '0']);
		}
	}
}

#define MANY 1500

/* "food 0000" and so on, in a mixed order, of which the first so many lie north of a point. */
static void
put_many(unsigned placed)
{
	for (unsigned i = 0; i < MANY; i++) {
		unsigned number = i * 677 % MANY;
		char id[16], name[16];

		snprintf(id, sizeof id, "s%04u", number);
		snprintf(name, sizeof name, "food %04u", number);
		new_service(id, "food.packages");
		facts.name = text_of(name);
		if (number < placed) {
			facts.points_count = 1;
			facts.points[0].lat = 48 + 0.001 * (placed - number);
			facts.points[0].lon = 24;
		}
		put_service(services);
	}
}

static void
assert_page(unsigned first, unsigned last)
{
	char name[16];

	search.q = LITERAL("food");
	search_run(services, NULL, &search, &found);
	assert_int_equal(found.services_count, 20);
	for (unsigned i = 0; i < 20; i++) {
		unsigned number = first > last ? first - i : first + i;

		snprintf(name, sizeof name, "food %04u", number);
		assert_text(found.services[i].name, name);
	}
}

static void
of_many_the_best_come_first_wherever_they_lie(void **unused)
{
	(void)unused;
	put_many(1000);
	assert_page(0, 19);
	search.lat = 48;
	search.lon = 24;
	assert_page(999, 980);
	put_many(10);
	search.offset = 10;
	assert_page(10, 29);
	search.offset = 0;
	put("s9999", "food"); /* worth more than what is near, and in the last block */
	search_run(services, NULL, &search, &found);
	assert_text(found.services[0].name, "food");
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
	const struct CMUnitTest tests[] = {
		TEST(names_stay_in_order_however_services_come_change_and_go),
		TEST(of_many_the_best_come_first_wherever_they_lie),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
