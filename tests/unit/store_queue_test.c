/* SPDX-License-Identifier: Apache-2.0
 * The queue of encoded commands, and the encoding. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "common/store_queue.h"

/* Calls are numbered; the number is their deadline and fills their bytes. */
static uint32_t seed = 1;

static uint32_t
random_below(uint32_t limit)
{
	seed = seed * 1664525U + 1013904223U;
	return (seed >> 8) % limit;
}

static size_t
bytes_of(int64_t number)
{
	return (size_t)(1 + number * 7919 % 400);
}

static void
add(struct queue *queue, int64_t number)
{
	struct call call = { .due_ms = number, .bytes = bytes_of(number) };
	char *place = queue_add(queue, &call);

	assert_non_null(place);
	memset(place, (char)number, call.bytes);
}

static void
move(struct queue *from, struct queue *to, int64_t *moved)
{
	assert_true(queue_move(from, to));
	++*moved;
}

static void
pop(struct queue *queue, int64_t *popped)
{
	queue_pop(queue);
	++*popped;
}

/* The queue holds the calls from..to-1 and their bytes in one piece. */
static void
check(const struct queue *queue, int64_t from, int64_t to)
{
	size_t at = queue->start;

	assert_int_equal(queue->count, to - from);
	for (int64_t number = from; number < to; number++) {
		const struct call *call = queue_at(queue, (size_t)(number - from));

		assert_int_equal(call->due_ms, number);
		assert_int_equal(call->bytes, bytes_of(number));
		for (size_t i = 0; i < call->bytes; i++)
			assert_int_equal(queue->bytes[at + i], (char)number);
		at += call->bytes;
	}
	assert_int_equal(at, queue->start + queue->used);
	assert_true(at <= queue->capacity);
}

static void
calls_come_out_in_the_order_they_went_in_whatever_happens_between(void **state)
{
	struct queue one = { 0 };
	struct queue other = { 0 };
	int64_t popped = 0;
	int64_t moved = 0;
	int64_t added = 0;

	(void)state;
	for (int i = 0; i < 600; i++) {
		uint32_t most = random_below(random_below(20) == 0 ? 300 : 12) + 1;
		uint32_t what = random_below(3);

		for (; most > 0; most--)
			if (what == 0)
				add(&one, added++);
			else if (what == 1 && moved < added)
				move(&one, &other, &moved);
			else if (what == 2 && popped < moved)
				pop(&other, &popped);
		check(&one, moved, added);
		check(&other, popped, moved);
	}
	assert_in_range(popped, 500, added);
	queue_free(&one);
	queue_free(&other);
	assert_null(one.bytes);
}

static void
memory_of_a_flood_is_given_back_and_that_of_a_stream_is_kept(void **state)
{
	struct queue queue = { 0 };

	(void)state;
	for (int64_t i = 0; i < 10000; i++)
		add(&queue, i);
	for (int64_t i = 0; i < 10000; i++)
		queue_pop(&queue);
	assert_int_equal(queue.capacity, 0);
	assert_int_equal(queue.slots, 0);
	for (int64_t i = 0; i < 10000; i++) {
		add(&queue, i);
		add(&queue, i);
		queue_pop(&queue);
		queue_pop(&queue);
		assert_in_range(queue.capacity, 1, 4096);
		assert_int_equal(queue.slots, 64);
	}
	for (int64_t i = 0; i < 10000; i++) {
		add(&queue, i);
		if (i > 4)
			queue_pop(&queue);
	}
	assert_in_range(queue.capacity, 1, 8192);
	queue_free(&queue);
}

static void
commands_are_arrays_of_the_redis_protocol(void **state)
{
	static const char EXPECTED[] =
	    "*4\r\n$3\r\nSET\r\n$0\r\n\r\n$10\r\n01234\0\r\n89\r\n$0\r\n\r\n";
	const struct text arguments[] = { LITERAL("SET"), LITERAL(""),
		LITERAL("01234\0\r\n89"), TEXT_ABSENT };
	size_t bytes = command_bytes(4, arguments);
	char *buffer = malloc(bytes); /* exact, so that a byte too many is found */

	(void)state;
	assert_non_null(buffer);
	assert_int_equal(bytes, sizeof EXPECTED - 1);
	assert_ptr_equal(command_write(buffer, 4, arguments), buffer + bytes);
	assert_memory_equal(buffer, EXPECTED, bytes);
	free(buffer);
}

static void
lengths_of_any_number_of_digits_are_counted_and_written(void **state)
{
	static const uint32_t LENGTHS[] = { 1, 9, 10, 11, 99, 100, 101, 999, 1000, 99999,
		100000, 1000000 };
	char *value = calloc(1, 1000000);

	(void)state;
	assert_non_null(value);
	for (size_t i = 0; i < sizeof LENGTHS / sizeof *LENGTHS; i++) {
		struct text argument = { value, LENGTHS[i] };
		size_t bytes = command_bytes(1, &argument);
		char *buffer = malloc(bytes);

		assert_non_null(buffer);
		assert_ptr_equal(command_write(buffer, 1, &argument), buffer + bytes);
		assert_memory_equal(buffer, "*1\r\n$", 5);
		assert_int_equal(strtoul(buffer + 5, NULL, 10), LENGTHS[i]);
		assert_memory_equal(buffer + bytes - 2, "\r\n", 2);
		free(buffer);
	}
	free(value);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    calls_come_out_in_the_order_they_went_in_whatever_happens_between),
		cmocka_unit_test(
		    memory_of_a_flood_is_given_back_and_that_of_a_stream_is_kept),
		cmocka_unit_test(commands_are_arrays_of_the_redis_protocol),
		cmocka_unit_test(lengths_of_any_number_of_digits_are_counted_and_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
