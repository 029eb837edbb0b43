/* SPDX-License-Identifier: Apache-2.0
 * One thread, one loop: sockets, timers and signals of a process. */
#ifndef COMMON_LOOP_H
#define COMMON_LOOP_H

#include "proto/status.h"

struct loop;
struct loop_timer;
struct event_base;

typedef void loop_call(void *self);

/* NULL: out of memory.  Ignores SIGPIPE for the process. */
struct loop *loop_new(void);
/* Timers and what modules put on the base are freed before. */
void loop_free(struct loop *loop);
/* The libevent base, for the few modules that put something on it. */
struct event_base *loop_base(struct loop *loop);

/* Calls `call` before every sleep of the loop, in the order they were added: for sockets
 * whose readiness is edge-triggered (ZMQ_FD).  It must return soon; when work is left it
 * calls loop_again.  At most 32; false: too many. */
bool loop_before_sleep(struct loop *loop, loop_call *call, void *self) MUST_CHECK;
void loop_before_sleep_end(struct loop *loop, loop_call *call, void *self);
/* Do not sleep before the next turn. */
void loop_again(struct loop *loop);

/* Calls every `every_ms`, first after that time; monotonic clock, never early; what
 * a busy loop missed is not made up.  NULL: out of memory. */
struct loop_timer *loop_every(
    struct loop *loop, int64_t every_ms, loop_call *call, void *self);
/* A timer that waits until it is set; setting again moves it; -1 stops it.  It may be set
 * and freed inside its own call. */
struct loop_timer *loop_timer_new(struct loop *loop, loop_call *call, void *self);
void loop_timer_set(struct loop_timer *timer, int64_t after_ms);
void loop_timer_free(struct loop_timer *timer);

/* SIGTERM and SIGINT call `call` (once each time). */
bool loop_on_stop_signal(struct loop *loop, loop_call *call, void *self) MUST_CHECK;

/* Runs until loop_stop; not at all if that came first.  OK, or INTERNAL: libevent failed. */
enum status loop_run(struct loop *loop) MUST_CHECK;
void loop_stop(struct loop *loop);
/* One turn, sleeping at most `most_ms` (-1: no end): for tests and for tools that wait. */
enum status loop_turn(struct loop *loop, int64_t most_ms) MUST_CHECK;

#endif
