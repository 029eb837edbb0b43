/* SPDX-License-Identifier: Apache-2.0
 * What a batch that too few replicas have waits for: the sentinels' word, and whom they would
 * choose next. */
#include "tests/unit/store_sentinel_fixture.h"

/* What the fakes answer: of the primary, "PORT:OFFSET ..." of who follows it; of the sentinel,
 * "PORT:OFFSET:PRIORITY:LINK:FLAGS ..." of the replicas that it knows, where LINK is ok, err, new (it
 * has not been asked) or old (it says that it is a primary). */
struct scene {
	int redis, epoch;
	const char *flags, *followers, *known;
};

#define WRITTEN "100"
#define ONE_FOLLOWS "7001:100"
#define IT_IS_CHOSEN "7001:50:100:ok:slave"

/* The pool's connection, and the two that ask. */
struct fleet {
	struct line eye, pool, asking[2];
	bool has_eye;
};

static void
fleet_meet(struct fleet *fleet, struct outcome *outcome, const char *sentinels,
    int64_t timeout_ms)
{
	struct line lines[3];
	char command[64];
	int pool = -1;

	open_store(2, sentinels, timeout_ms);
	fleet->eye = greeted_sentinel();
	fleet->has_eye = true;
	say_primary(&fleet->eye, &redises[0], 7);
	for (int i = 0; i < 3; i++)
		lines[i] = greeted_primary(&redises[0], MASTER_ROLE);
	ask(outcome, "WRITE");
	for (int i = 0; i < 3 && pool < 0; i++)
		if (fake_redis_take(&lines[i].end, 300, command, sizeof command) &&
		    strcmp(command, "WRITE") == 0)
			pool = i;
	assert_true(pool >= 0);
	fleet->pool = lines[pool];
	fleet->asking[0] = lines[(pool + 1) % 3];
	fleet->asking[1] = lines[(pool + 2) % 3];
	expect(&fleet->pool, "WAIT 2 500");
	say(&fleet->pool, "+written\r\n:1\r\n");
}

static void
fleet_part(struct fleet *fleet)
{
	if (fleet->has_eye)
		end_line(&fleet->eye);
	end_line(&fleet->pool);
	for (int i = 0; i < 2; i++)
		end_line(&fleet->asking[i]);
}

static size_t
words_in(const char *text)
{
	size_t count = *text != '\0';

	for (; *text != '\0'; text++)
		count += *text == ' ';
	return count;
}

static void
say_role(struct line *line, const char *followers)
{
	char reply[600], port[8], offset[8];
	int length = snprintf(reply, sizeof reply,
	    "*3\r\n$6\r\nmaster\r\n:" WRITTEN "\r\n*%zu\r\n", words_in(followers));

	for (int used = 0;
	     sscanf(followers, " %7[^:]:%7[^ ]%n", port, offset, &used) == 2;
	     followers += used)
		length += snprintf(reply + length, sizeof reply - (size_t)length,
		    "*3\r\n+127.0.0.1\r\n+%s\r\n+%s\r\n", port, offset);
	say(line, reply);
}

static void
say_known(struct line *line, const char *known)
{
	char reply[2000], port[8], offset[8], priority[8], link[8], flags[40];
	int length = snprintf(reply, sizeof reply, "*%zu\r\n", words_in(known));

	for (int used = 0; sscanf(known, " %7[^:]:%7[^:]:%7[^:]:%7[^:]:%39[^ ]%n", port,
	                       offset, priority, link, flags, &used) == 5;
	     known += used)
		length += snprintf(reply + length, sizeof reply - (size_t)length,
		    "*16\r\n+ip\r\n+127.0.0.1\r\n+port\r\n+%s\r\n+flags\r\n+%s\r\n"
		    "+slave-priority\r\n+%s\r\n+slave-repl-offset\r\n+%s\r\n"
		    "+info-refresh\r\n+%s\r\n+master-link-status\r\n+%s\r\n"
		    "+role-reported\r\n+%s\r\n",
		    port, flags, priority, offset, strcmp(link, "new") == 0 ? "0" : "9",
		    strcmp(link, "ok") == 0 ? "ok" : "err",
		    strcmp(link, "old") == 0 ? "master" : "slave");
	say(line, reply);
}

/* Answers one question to each, where there is one; about the address the sentinel knows
 * nothing. */
static void
fleet_answer(struct fleet *fleet, const struct scene *scene)
{
	char command[64];

	for (int i = 0; i < 2; i++)
		if (fake_redis_take(&fleet->asking[i].end, 5, command, sizeof command)) {
			if (strcmp(command, "ROLE") == 0)
				say_role(&fleet->asking[i], scene->followers);
			else
				say(&fleet->asking[i], strcmp(command, "PING") == 0
				                           ? "+PONG\r\n"
				                           : ":1\r\n");
		}
	if (!fleet->has_eye ||
	    !fake_redis_take(&fleet->eye.end, 5, command, sizeof command))
		return;
	if (strcmp(command, "SENTINEL MASTER cell") == 0)
		say_state(
		    &fleet->eye, &redises[scene->redis], scene->epoch, scene->flags);
	else if (strcmp(command, "SENTINEL REPLICAS cell") == 0)
		say_known(&fleet->eye, scene->known);
	else
		say(&fleet->eye, "*-1\r\n");
}

/* In each of the scenes the batch waits again; then it is settled. */
static void
settles_after(const struct scene *denials, size_t count, const struct scene *confirmed)
{
	struct outcome outcome = { 0 };
	struct fleet fleet = { 0 };
	char command[64];

	fleet_meet(&fleet, &outcome, sentinel.socket_path, TIMEOUT_MS);
	for (size_t i = 0; i < count; i++) {
		do
			fleet_answer(&fleet, &denials[i]);
		while (outcome.times == 0 &&
		       !fake_redis_take(&fleet.pool.end, 5, command, sizeof command));
		assert_int_equal(outcome.times, 0);
		assert_string_equal(command, "WAIT 1 500");
		say(&fleet.pool, ":1\r\n");
	}
	while (outcome.times == 0)
		fleet_answer(&fleet, confirmed);
	assert_int_equal(outcome.status, STATUS_OK);
	assert_string_equal(outcome.text, "written");
	fleet_part(&fleet);
}

static void
too_few_replicas_are_enough_once_the_sentinels_confirm_the_primary(void **state)
{
	static const struct scene DENIALS[] = {
		{ 0, 7, "master,failover_in_progress", ONE_FOLLOWS, IT_IS_CHOSEN },
		{ 0, 7, "s_down,master", ONE_FOLLOWS, IT_IS_CHOSEN },
		{ 1, 7, "master", ONE_FOLLOWS, IT_IS_CHOSEN },
		{ 0, 6, "master", ONE_FOLLOWS, IT_IS_CHOSEN },
	};

	(void)state;
	settles_after(DENIALS, sizeof DENIALS / sizeof *DENIALS,
	    &(struct scene){ 0, 7, "master", ONE_FOLLOWS, IT_IS_CHOSEN });
}

static void
too_few_replicas_are_not_enough_while_one_without_it_could_be_the_next_primary(
    void **state)
{
	static const struct scene DENIALS[] = {
		{ 0, 7, "master", ONE_FOLLOWS, "" },
		{ 0, 7, "master", "7001:99", IT_IS_CHOSEN },
		{ 0, 7, "master", "", IT_IS_CHOSEN },
		{ 0, 7, "master", ONE_FOLLOWS,
		    "7001:50:100:ok:slave 7002:60:100:err:slave" },
		{ 0, 7, "master", ONE_FOLLOWS,
		    "7002:60:100:err:slave 7001:50:100:ok:slave" },
		{ 0, 7, "master", ONE_FOLLOWS,
		    "7001:50:100:ok:slave 7002:50:100:err:slave" },
		{ 0, 7, "master", ONE_FOLLOWS,
		    "7002:50:100:err:slave 7001:50:100:ok:slave" },
		{ 0, 7, "master", ONE_FOLLOWS,
		    "7001:50:100:ok:slave 7002:40:90:err:slave" },
		{ 0, 7, "master", ONE_FOLLOWS,
		    "7001:50:100:ok:s_down,slave 7002:40:100:err:slave" },
		{ 0, 7, "master", ONE_FOLLOWS,
		    "7001:50:100:ok:slave,disconnected 7002:40:100:err:slave" },
		{ 0, 7, "master", ONE_FOLLOWS,
		    "7001:50:0:ok:slave 7002:40:100:err:slave" },
		{ 0, 7, "master", ONE_FOLLOWS,
		    "7001:50:100:ok:slave 7002:40:100:ok:slave" },
		{ 0, 7, "master", ONE_FOLLOWS,
		    "7001:50:100:ok:slave 7002:0:100:new:slave" },
		{ 0, 7, "master", "7001:100 7002:99",
		    "7001:50:100:ok:slave 7002:40:100:err:slave" },
	};

	(void)state;
	settles_after(DENIALS, sizeof DENIALS / sizeof *DENIALS,
	    &(struct scene){ 0, 7, "master", "7001:100 7005:99",
	        "7002:40:100:err:slave 7001:50:100:ok:slave 7003:90:100:err:s_down,slave "
	        "7004:90:0:err:slave 7006:0:100:old:slave" });
}

static void
without_sentinels_to_confirm_it_too_few_replicas_are_not_enough(void **state)
{
	struct outcome outcome = { 0 };
	struct fleet fleet = { 0 };

	(void)state;
	fleet_meet(&fleet, &outcome, sentinel.socket_path, 1500);
	end_line(&fleet.eye);
	fleet.has_eye = false;
	while (outcome.times == 0)
		fleet_answer(&fleet, &(struct scene){ .followers = ONE_FOLLOWS });
	assert_int_equal(outcome.status, STATUS_UNAVAILABLE);
	fleet_part(&fleet);
}

/* Two of the three are cut off with, perhaps, another primary. */
static void
one_sentinel_of_three_is_not_enough_to_confirm_it(void **state)
{
	struct outcome outcome = { 0 };
	struct fleet fleet = { 0 };
	char three[128];

	(void)state;
	(void)snprintf(
	    three, sizeof three, "%s,127.0.0.1:1,127.0.0.1:2", sentinel.socket_path);
	fleet_meet(&fleet, &outcome, three, 1500);
	while (outcome.times == 0)
		fleet_answer(
		    &fleet, &(struct scene){ 0, 7, "master", ONE_FOLLOWS, IT_IS_CHOSEN });
	assert_int_equal(outcome.status, STATUS_UNAVAILABLE);
	fleet_part(&fleet);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(too_few_replicas_are_enough_once_the_sentinels_confirm_the_primary),
		TEST(
		    too_few_replicas_are_not_enough_while_one_without_it_could_be_the_next_primary),
		TEST(without_sentinels_to_confirm_it_too_few_replicas_are_not_enough),
		TEST(one_sentinel_of_three_is_not_enough_to_confirm_it),
	};

	log_open("store_confirm_test", LOG_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
