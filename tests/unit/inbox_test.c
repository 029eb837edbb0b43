/* SPDX-License-Identifier: Apache-2.0
 * The inbox channel: at once, but never from inside tell. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "services/notifier/inbox.h"

#define TELLINGS_MOST (2 * INBOX_UNDER_WAY_MOST)

struct desk {
	struct loop *loop;
	struct inbox *inbox;
	struct telling {
		struct desk *desk;
		unsigned done_count;
		unsigned order; /* of its done, from 1 */
		struct channel_outcome outcome;
	} tellings[TELLINGS_MOST];
	unsigned told_count;
	unsigned done_count;
	enum status status_of_next;
	bool tells_again; /* from inside done */
};

static enum status
tell_one(struct desk *desk, channel_done *done)
{
	static const struct notification WHAT;
	struct telling *telling = &desk->tellings[desk->told_count];
	enum status status;

	telling->desk = desk;
	status = inbox_channel.tell(desk->inbox, TEXT_ABSENT, &WHAT, done, telling);
	if (status == STATUS_OK)
		desk->told_count++;
	return status;
}

static void
on_done(void *ctx, const struct channel_outcome *outcome)
{
	struct telling *telling = ctx;
	struct desk *desk = telling->desk;

	telling->done_count++;
	telling->order = ++desk->done_count;
	telling->outcome = *outcome;
	if (desk->tells_again) {
		desk->tells_again = false;
		desk->status_of_next = tell_one(desk, on_done);
	}
}

static int
open_desk(void **state)
{
	struct desk *desk = test_calloc(1, sizeof *desk);

	desk->loop = loop_new();
	desk->inbox = inbox_open(desk->loop);
	*state = desk;
	return desk->inbox == NULL;
}

static int
close_desk(void **state)
{
	struct desk *desk = *state;

	inbox_close(desk->inbox);
	loop_free(desk->loop);
	test_free(desk);
	return 0;
}

static void
turn_until_done(struct desk *desk, unsigned count)
{
	for (int i = 0; i < 100 && desk->done_count < count; i++)
		assert_int_equal(loop_turn(desk->loop, 100), STATUS_OK);
}

static void
a_telling_succeeds_from_the_loop_and_is_not_called_delivered(void **state)
{
	struct desk *desk = *state;

	assert_int_equal(tell_one(desk, on_done), STATUS_OK);
	assert_int_equal(desk->done_count, 0);
	assert_int_equal(inbox_channel.under_way(desk->inbox), 1);
	turn_until_done(desk, 1);
	assert_int_equal(desk->done_count, 1);
	assert_int_equal(inbox_channel.under_way(desk->inbox), 0);
	assert_int_equal(desk->tellings[0].outcome.status, STATUS_OK);
	assert_false(desk->tellings[0].outcome.is_delivered);
	assert_int_equal(desk->tellings[0].outcome.retry_after_ms, 0);
	assert_string_not_equal(desk->tellings[0].outcome.detail, "");
}

static void
tellings_end_once_each_in_the_order_they_were_told(void **state)
{
	struct desk *desk = *state;

	for (unsigned round = 1; round <= 2; round++) { /* the ring wraps */
		for (unsigned i = 0; i < INBOX_UNDER_WAY_MOST - 100; i++)
			assert_int_equal(tell_one(desk, on_done), STATUS_OK);
		turn_until_done(desk, desk->told_count);
	}
	assert_int_equal(desk->done_count, desk->told_count);
	for (unsigned i = 0; i < desk->told_count; i++) {
		assert_int_equal(desk->tellings[i].done_count, 1);
		assert_int_equal(desk->tellings[i].order, i + 1);
	}
}

static void
too_many_under_way_are_busy_and_never_done(void **state)
{
	struct desk *desk = *state;

	for (unsigned i = 0; i < INBOX_UNDER_WAY_MOST; i++)
		assert_int_equal(tell_one(desk, on_done), STATUS_OK);
	assert_int_equal(tell_one(desk, on_done), STATUS_BUSY);
	assert_int_equal(inbox_channel.under_way(desk->inbox), INBOX_UNDER_WAY_MOST);
	turn_until_done(desk, INBOX_UNDER_WAY_MOST);
	assert_int_equal(desk->done_count, INBOX_UNDER_WAY_MOST);
	assert_int_equal(tell_one(desk, on_done), STATUS_OK);
	turn_until_done(desk, INBOX_UNDER_WAY_MOST + 1);
	assert_int_equal(desk->done_count, INBOX_UNDER_WAY_MOST + 1);
}

static void
a_telling_from_inside_done_waits_for_the_next_turn(void **state)
{
	struct desk *desk = *state;

	desk->tells_again = true;
	assert_int_equal(tell_one(desk, on_done), STATUS_OK);
	turn_until_done(desk, 1);
	assert_int_equal(desk->status_of_next, STATUS_OK);
	assert_int_equal(desk->done_count, 1);
	turn_until_done(desk, 2);
	assert_int_equal(desk->done_count, 2);
}

static void
closing_ends_what_is_under_way_and_takes_no_more(void **state)
{
	struct desk *desk = *state;

	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(tell_one(desk, on_done), STATUS_OK);
	desk->tells_again = true;
	inbox_close(desk->inbox);
	desk->inbox = NULL;
	assert_int_equal(desk->done_count, 3);
	assert_int_equal(desk->status_of_next, STATUS_BUSY);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(desk->tellings[i].outcome.status, STATUS_OK);
}

int
main(void)
{
#define DESK_TEST(name) cmocka_unit_test_setup_teardown(name, open_desk, close_desk)
	const struct CMUnitTest tests[] = {
		DESK_TEST(a_telling_succeeds_from_the_loop_and_is_not_called_delivered),
		DESK_TEST(tellings_end_once_each_in_the_order_they_were_told),
		DESK_TEST(too_many_under_way_are_busy_and_never_done),
		DESK_TEST(a_telling_from_inside_done_waits_for_the_next_turn),
		DESK_TEST(closing_ends_what_is_under_way_and_takes_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
