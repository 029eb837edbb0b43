/* SPDX-License-Identifier: Apache-2.0
 * What people type, and the service that is meant: it comes first. */
#include "services/matcher/search.h"
#include "tests/unit/matcher_fixture.h"

static const struct {
	const char *id, *name, *agency, *description;
} DIRECTORY[] = {
	{ "night", "Нічний притулок для родин з дітьми", "Калинова пристань",
	    "Ліжка на ніч, вечеря й душ" },
	{ "home", "Тимчасове житло для переселенців", "Осередок",
	    "Кімнати до трьох місяців" },
	{ "food", "Продуктові набори", "Червона калина", "Їжа для родин раз на тиждень" },
	{ "law", "Безоплатна правнича допомога", "Правозахист",
	    "Відновлення документів" },
	{ "psych", "Психологічна підтримка", "Тиша", "Розмови з психологом, групи" },
	{ "work", "Помощь в трудоустройстве", "Старт", "Вакансии и резюме" },
	{ "kids", "Детский сад «Радуга»", "Радуга", "Для детей от двух лет" },
	{ "clinic", "Family health clinic", "Kyiv Care", "Vaccination and check-ups" },
	{ "accom", "Emergency accommodation", "Harbour", "Rooms for a few nights" },
	{ "english", "English language courses", "Bridge", "Evening classes for adults" },
	{ "arab", "مأوى للعائلات", "بيت", "غرف ووجبات" },
	{ "arabhealth", "عيادة صحية", "أمل", "أطباء وأدوية" },
};

static const struct {
	const char *question, *first;
} MEANT[] = {
	{ "притулок", "night" },
	{ "притулку", "night" },
	{ "прит", "night" },
	{ "prytulok", "night" },
	{ "притолок", "night" },
	{ "ghbnekjr", "night" },
	{ "ничний притулок", "night" },
	{ "нічного притулка", "night" },
	{ "тимчасове", "home" },
	{ "переселенець", "home" },
	{ "переселенцям", "home" },
	{ "tymchasove zhytlo", "home" },
	{ "тимчасве житло", "home" },
	{ "продукти", "food" },
	{ "продуктовий", "food" },
	{ "набір продуктовий", "food" },
	{ "набір", "food" },
	{ "набором продуктів", "food" },
	{ "nabir produktiv", "food" },
	{ "на ночі", "night" },
	{ "продуктовый набор", "food" },
	{ "produktovi", "food" },
	{ "правнича", "law" },
	{ "юридична правничя", "" },
	{ "pravnycha dopomoha", "law" },
	{ "правича допомога", "law" },
	{ "психолог", "psych" },
	{ "психологічної", "psych" },
	{ "псіхологічна", "psych" },
	{ "психилогична", "psych" },
	{ "трудоустройство", "work" },
	{ "трудоустроиство", "work" },
	{ "nheljecnhjqcndt", "work" },
	{ "trudoustroistvo", "work" },
	{ "детского сада", "kids" },
	{ "detskiy sad", "kids" },
	{ "detskij sad", "kids" },
	{ "дитсадок", "" },
	{ "садик радуга", "" },
	{ "радуга", "kids" },
	{ "clinic", "clinic" },
	{ "clinics", "clinic" },
	{ "helth clinic", "clinic" },
	{ "клиник", "clinic" },
	{ "сдштшс", "clinic" },
	{ "acommodation", "accom" },
	{ "accomodation", "accom" },
	{ "acomodation", "accom" },
	{ "emergancy", "accom" },
	{ "emerg", "accom" },
	{ "english course", "english" },
	{ "languege", "english" },
	{ "ماوى", "arab" },
	{ "مأوي", "arab" },
	{ "للعائلات", "arab" },
	{ "عياده", "arabhealth" },
	{ "صحيه", "arabhealth" },
};

static struct index *services;

static int
start(void **unused)
{
	(void)unused;
	services = index_new();
	for (unsigned i = 0; i < sizeof DIRECTORY / sizeof *DIRECTORY; i++) {
		new_service(DIRECTORY[i].id, "x");
		facts.name = text_of(DIRECTORY[i].name);
		facts.agency_name = text_of(DIRECTORY[i].agency);
		facts.description = text_of(DIRECTORY[i].description);
		put_service(services);
	}
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
what_is_meant_comes_first(void **unused)
{
	unsigned missed = 0;

	(void)unused;
	for (unsigned i = 0; i < sizeof MEANT / sizeof *MEANT; i++) {
		static struct found found;
		struct search search;
		struct text first = LITERAL("");

		record_init(&record_search, &search);
		search.q = text_of(MEANT[i].question);
		search_run(services, NULL, &search, &found);
		if (found.services_count > 0)
			first = found.services[0].id;
		if (text_equal(first, text_of(MEANT[i].first)))
			continue;
		print_error("%s: %.*s, not %s\n", MEANT[i].question, (int)first.length,
		    first.at, MEANT[i].first);
		missed++;
	}
	assert_int_equal(missed, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_meant_comes_first, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
