/* SPDX-License-Identifier: Apache-2.0
 * Reads a file of JSON values, one or many, with jansson and throws them away.
 *
 * parse FILE
 *
 * Prints seconds, bytes and values. */
#include <jansson.h>

#include "tests/bench/bench.h"

int
main(int argc, char **argv)
{
	int64_t began_us = bench_now_us();
	size_t length, values = 0;
	const char *at, *end;

	if (argc != 2)
		bench_die("usage: parse FILE");
	at = bench_read_file(argv[1], &length);
	end = at + length;
	while (at + strspn(at, " \t\r\n") < end) {
		json_error_t error;
		json_t *value =
		    json_loadb(at, (size_t)(end - at), JSON_DISABLE_EOF_CHECK, &error);

		if (value == NULL)
			bench_die("%s: %s", argv[1], error.text);
		at += error.position;
		values++;
		json_decref(value);
	}
	printf("{\"seconds\":%.6f,\"bytes\":%zu,\"values\":%zu}\n",
	    (double)(bench_now_us() - began_us) / 1e6, length, values);
	return EXIT_SUCCESS;
}
