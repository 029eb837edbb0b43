/* SPDX-License-Identifier: Apache-2.0
 * The two sealed parts of an intake open together, and nothing else opens. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "common/family.h"
#include "tests/unit/seal_fixture.h"

#define CASE LITERAL("4bp9xc3nx0kbt5zx4j8pmbe4yc")

static struct {
	struct seal *identity, *routing;
	struct family_keys keys;
	struct case_record record;
	struct intake intake, out;
	uint8_t case_key[SEAL_KEY_BYTES], seed[SEAL_SEED_BYTES];
	uint8_t sealed[2][512], plain[FAMILY_MAX_BYTES];
} its;

static int
set_up(void **state)
{
	if (make_folder(state) != 0)
		return 1;
	its.identity = open_keys("1 " HEX_A "\n");
	its.routing = open_keys("1 " HEX_B "\n");
	its.keys = (struct family_keys){ its.identity, its.routing, decoder_new() };
	return its.keys.decoder == NULL;
}

static int
tear_down(void **state)
{
	decoder_free(its.keys.decoder);
	seal_close(its.identity);
	seal_close(its.routing);
	return remove_folder(state);
}

static struct text
pack(enum mask mask, uint8_t plain[256])
{
	size_t length = 0;

	assert_int_equal(
	    record_pack(&record_intake, &its.intake, mask, plain, 256, &length),
	    STATUS_OK);
	return (struct text){ (const char *)plain, (uint32_t)length };
}

/* A case of its own, both parts sealed for it. */
static void
make_record(void)
{
	uint8_t plain[256];
	size_t length = 0;

	record_init(&record_intake, &its.intake);
	its.intake.urgency = urgency_normal;
	its.intake.needs_count = 1;
	record_init(&record_need_request, &its.intake.needs[0]);
	its.intake.needs[0].term = LITERAL("food");
	its.intake.needs[0].note = LITERAL("soon");
	its.record.view.id = CASE;
	seal_case_key_new(its.identity, CASE, its.case_key, its.seed);
	its.record.key = (struct text){ (const char *)its.seed, sizeof its.seed };
	assert_int_equal(seal_put(its.routing, CASE, pack(MASK_NOT_PERSONAL, plain),
	                     its.sealed[0], sizeof its.sealed[0], &length),
	    STATUS_OK);
	its.record.routing =
	    (struct text){ (const char *)its.sealed[0], (uint32_t)length };
	assert_int_equal(seal_put_key(its.case_key, CASE, pack(MASK_PERSONAL, plain),
	                     its.sealed[1], sizeof its.sealed[1], &length),
	    STATUS_OK);
	its.record.identity =
	    (struct text){ (const char *)its.sealed[1], (uint32_t)length };
}

static enum status
open_record(void)
{
	uint8_t key[SEAL_KEY_BYTES];

	return family_open(&its.keys, &its.record, key, its.plain, &its.out);
}

static void
what_was_sealed_in_two_parts_opens_as_one(void **state)
{
	uint8_t key[SEAL_KEY_BYTES];

	(void)state;
	make_record();
	assert_int_equal(
	    family_open(&its.keys, &its.record, key, its.plain, &its.out), STATUS_OK);
	assert_memory_equal(key, its.case_key, sizeof key);
	assert_int_equal(its.out.urgency, urgency_normal);
	assert_int_equal(its.out.needs_count, 1);
	assert_true(text_is(its.out.needs[0].term, "food"));
	assert_true(text_is(its.out.needs[0].note, "soon"));
}

static void
without_one_of_its_parts_or_its_key_nothing_opens(void **state)
{
	struct text *const PARTS[] = { &its.record.key, &its.record.routing,
		&its.record.identity };

	(void)state;
	for (size_t i = 0; i < sizeof PARTS / sizeof *PARTS; i++) {
		make_record();
		*PARTS[i] = TEXT_ABSENT;
		assert_int_equal(open_record(), STATUS_DAMAGED);
	}
	make_record();
	its.record.view.id = LITERAL("4bp9xc3nx0kbt5zx4j8pmbe4yd");
	assert_int_equal(open_record(), STATUS_DAMAGED);
	for (size_t i = 0; i < sizeof its.sealed / sizeof *its.sealed; i++) {
		make_record();
		its.sealed[i][30] ^= 1;
		assert_int_equal(open_record(), STATUS_DAMAGED);
	}
}

/* An amendment replaces both parts at once. */
static void
parts_that_were_not_sealed_together_do_not_open(void **state)
{
	uint8_t plain[256];
	size_t length = 0;

	(void)state;
	make_record();
	its.intake.needs_count = 2;
	its.intake.needs[1] = its.intake.needs[0];
	assert_int_equal(seal_put(its.routing, CASE, pack(MASK_NOT_PERSONAL, plain),
	                     its.sealed[0], sizeof its.sealed[0], &length),
	    STATUS_OK);
	its.record.routing.length = (uint32_t)length;
	assert_int_equal(open_record(), STATUS_DAMAGED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_sealed_in_two_parts_opens_as_one),
		cmocka_unit_test(without_one_of_its_parts_or_its_key_nothing_opens),
		cmocka_unit_test(parts_that_were_not_sealed_together_do_not_open),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
