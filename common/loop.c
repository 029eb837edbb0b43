/* SPDX-License-Identifier: Apache-2.0
 * libevent, one turn at a time, with a hook before each sleep. */
#include "common/loop.h"

#include <assert.h>
#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#define HOOKS_MOST 32

struct hook {
	loop_call *call; /* NULL: ended, taken out after the round */
	void *self;
};

struct loop {
	struct event_base *base;
	struct event *turn_end; /* bounds the sleep of loop_turn */
	struct event *stop_signals[2];
	loop_call *on_stop;
	void *on_stop_self;
	struct hook hooks[HOOKS_MOST];
	unsigned hook_count;
	bool is_in_hooks;
	bool is_again;
	bool is_stopping;
};

struct loop_timer {
	struct event *event;
	loop_call *call;
	void *self;
	int64_t due_us;
	int64_t every_us; /* 0: once */
};

/* The real clock, whatever tests make of common/clock.h. */
static int64_t
real_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void
do_nothing(evutil_socket_t fd, short events, void *self)
{
	(void)fd;
	(void)events;
	(void)self;
}

/* Without cached time: a timer set late in a long callback would else run early. */
static struct event_base *
base_new(void)
{
	struct event_config *config = event_config_new();
	struct event_base *base = NULL;

	if (config != NULL &&
	    event_config_set_flag(
	        config, EVENT_BASE_FLAG_NO_CACHE_TIME | EVENT_BASE_FLAG_NOLOCK) == 0)
		base = event_base_new_with_config(config);
	if (config != NULL)
		event_config_free(config);
	return base;
}

struct loop *
loop_new(void)
{
	struct loop *loop = calloc(1, sizeof *loop);

	if (loop == NULL)
		return NULL;
	loop->base = base_new();
	if (loop->base != NULL)
		loop->turn_end = evtimer_new(loop->base, do_nothing, NULL);
	if (loop->turn_end == NULL) {
		loop_free(loop);
		return NULL;
	}
	signal(SIGPIPE, SIG_IGN);
	return loop;
}

void
loop_free(struct loop *loop)
{
	if (loop == NULL)
		return;
	for (int i = 0; i < 2; i++)
		if (loop->stop_signals[i] != NULL)
			event_free(loop->stop_signals[i]);
	if (loop->turn_end != NULL)
		event_free(loop->turn_end);
	if (loop->base != NULL)
		event_base_free(loop->base);
	free(loop);
}

struct event_base *
loop_base(struct loop *loop)
{
	return loop->base;
}

/* Closes the gaps of ended hooks, unless a round is walking over them. */
static void
close_gaps(struct loop *loop)
{
	unsigned kept = 0;

	if (loop->is_in_hooks)
		return;
	for (unsigned i = 0; i < loop->hook_count; i++)
		if (loop->hooks[i].call != NULL)
			loop->hooks[kept++] = loop->hooks[i];
	loop->hook_count = kept;
}

bool
loop_before_sleep(struct loop *loop, loop_call *call, void *self)
{
	if (loop->hook_count == HOOKS_MOST)
		return false;
	loop->hooks[loop->hook_count++] = (struct hook){ call, self };
	return true;
}

void
loop_before_sleep_end(struct loop *loop, loop_call *call, void *self)
{
	for (unsigned i = 0; i < loop->hook_count; i++)
		if (loop->hooks[i].call == call && loop->hooks[i].self == self) {
			loop->hooks[i].call = NULL;
			close_gaps(loop);
			return;
		}
}

void
loop_again(struct loop *loop)
{
	loop->is_again = true;
}

static void
call_hooks(struct loop *loop)
{
	loop->is_in_hooks = true;
	for (unsigned i = 0; i < loop->hook_count; i++)
		if (loop->hooks[i].call != NULL)
			loop->hooks[i].call(loop->hooks[i].self);
	loop->is_in_hooks = false;
	close_gaps(loop);
}

static void
add_after_us(struct event *event, int64_t after_us)
{
	struct timeval after = { .tv_sec = after_us / 1000000,
		.tv_usec = after_us % 1000000 };

	event_add(event, &after);
}

/* libevent reads the coarse clock, so it can be up to 4 ms early: then wait for the rest.
 * The call comes last, for it may set or free the timer. */
static void
on_due(evutil_socket_t fd, short events, void *self)
{
	struct loop_timer *timer = self;
	int64_t now_us = real_us();

	(void)fd;
	(void)events;
	if (now_us < timer->due_us) {
		add_after_us(timer->event, timer->due_us - now_us);
		return;
	}
	if (timer->every_us > 0) {
		timer->due_us += timer->every_us;
		if (timer->due_us <= now_us) /* calls that were missed are not made up */
			timer->due_us = now_us + timer->every_us;
		add_after_us(timer->event, timer->due_us - now_us);
	}
	timer->call(timer->self);
}

struct loop_timer *
loop_every(struct loop *loop, int64_t every_ms, loop_call *call, void *self)
{
	struct loop_timer *timer = loop_timer_new(loop, call, self);

	assert(every_ms > 0);
	if (timer == NULL)
		return NULL;
	timer->every_us = every_ms * 1000;
	loop_timer_set(timer, every_ms);
	return timer;
}

struct loop_timer *
loop_timer_new(struct loop *loop, loop_call *call, void *self)
{
	struct loop_timer *timer = calloc(1, sizeof *timer);

	if (timer == NULL)
		return NULL;
	timer->call = call;
	timer->self = self;
	timer->event = evtimer_new(loop->base, on_due, timer);
	if (timer->event == NULL) {
		free(timer);
		return NULL;
	}
	return timer;
}

void
loop_timer_set(struct loop_timer *timer, int64_t after_ms)
{
	if (after_ms < 0) {
		event_del(timer->event);
		return;
	}
	timer->due_us = real_us() + after_ms * 1000;
	add_after_us(timer->event, after_ms * 1000);
}

void
loop_timer_free(struct loop_timer *timer)
{
	if (timer == NULL)
		return;
	event_free(timer->event);
	free(timer);
}

static void
on_signal(evutil_socket_t fd, short events, void *self)
{
	struct loop *loop = self;

	(void)fd;
	(void)events;
	loop->on_stop(loop->on_stop_self);
}

bool
loop_on_stop_signal(struct loop *loop, loop_call *call, void *self)
{
	static const int SIGNALS[2] = { SIGTERM, SIGINT };

	loop->on_stop = call;
	loop->on_stop_self = self;
	for (int i = 0; i < 2; i++) {
		if (loop->stop_signals[i] != NULL)
			continue;
		loop->stop_signals[i] =
		    evsignal_new(loop->base, SIGNALS[i], on_signal, loop);
		if (loop->stop_signals[i] == NULL ||
		    event_add(loop->stop_signals[i], NULL) < 0)
			return false;
	}
	return true;
}

/* Hooks, then one sleep, which is skipped when a hook or callback asked for it. */
static enum status
turn(struct loop *loop)
{
	int flags = EVLOOP_ONCE | EVLOOP_NO_EXIT_ON_EMPTY;

	call_hooks(loop);
	if (loop->is_again || loop->is_stopping)
		flags |= EVLOOP_NONBLOCK;
	loop->is_again = false;
	return event_base_loop(loop->base, flags) < 0 ? STATUS_INTERNAL : STATUS_OK;
}

enum status
loop_run(struct loop *loop)
{
	enum status status = STATUS_OK;

	while (status == STATUS_OK && !loop->is_stopping)
		status = turn(loop);
	loop->is_stopping = false;
	return status;
}

void
loop_stop(struct loop *loop)
{
	loop->is_stopping = true;
}

enum status
loop_turn(struct loop *loop, int64_t most_ms)
{
	enum status status;

	if (most_ms == 0)
		loop_again(loop);
	else if (most_ms > 0)
		add_after_us(loop->turn_end, most_ms * 1000);
	status = turn(loop);
	event_del(loop->turn_end);
	return status;
}
