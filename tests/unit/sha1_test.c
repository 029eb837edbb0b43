/* SPDX-License-Identifier: Apache-2.0
 * SHA-1 against the examples of RFC 3174 and every length of a block. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "deploy/referralctl/sha1.h"

static void
the_examples_of_the_rfc_hold(void **state)
{
	char hex[SHA1_HEX_BYTES + 1];

	(void)state;
	sha1_hex(LITERAL("a"), LITERAL("bc"), hex);
	assert_string_equal(hex, "a9993e364706816aba3e25717850c26c9cd0d89d");
	sha1_hex(LITERAL("abcdbcdecdefdefgefghfghighijhijkijkljklmklmn"),
	    LITERAL("lmnomnopnopq"), hex);
	assert_string_equal(hex, "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
	sha1_hex(TEXT_ABSENT, LITERAL(""), hex);
	assert_string_equal(hex, "da39a3ee5e6b4b0d3255bfef95601890afd80709");
}

/* The hash of all hashes of 0 to 199 times "x", as Python's hashlib has it. */
static void
every_length_is_padded_right(void **state)
{
	char text[200], hex[SHA1_HEX_BYTES + 1], all[SHA1_HEX_BYTES + 1] = "";

	(void)state;
	memset(text, 'x', sizeof text);
	for (uint32_t i = 0; i < sizeof text; i++) {
		sha1_hex(
		    (struct text){ text, i / 3 }, (struct text){ text, i - i / 3 }, hex);
		sha1_hex(text_of(all), text_of(hex), all);
	}
	assert_string_equal(all, "5322916fcbbe87c592475aac288e75f3ed0525f4");
}

int
main(void)
{
	const struct CMUnitTest TESTS[] = {
		cmocka_unit_test(the_examples_of_the_rfc_hold),
		cmocka_unit_test(every_length_is_padded_right),
	};

	return cmocka_run_group_tests(TESTS, NULL, NULL);
}
