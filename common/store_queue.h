/* SPDX-License-Identifier: Apache-2.0
 * A FIFO of encoded commands and of whom to tell about their replies.  For store.c only.
 * Bytes lie in one piece, so a batch is one send; nothing is allocated once it has grown.
 */
#ifndef COMMON_STORE_QUEUE_H
#define COMMON_STORE_QUEUE_H

#include "common/store.h"

/* An empty queue that has grown beyond this gives its memory back. */
#define QUEUE_KEEP_BYTES ((size_t)256 * 1024)
#define QUEUE_KEEP_CALLS ((size_t)4096)

struct call {
	store_done *done; /* NULL: settled, its reply is thrown away */
	void *ctx;
	int64_t due_ms;     /* monotonic */
	int64_t started_us; /* monotonic */
	size_t bytes;       /* of its encoded command */
	void *reply;  /* held until the replicas have what was written; NULL: none */
	bool is_wait; /* WAIT, behind a batch */
};

/* Zeroed is empty. */
struct queue {
	char *bytes; /* encoded commands: `used` bytes from `start` */
	size_t capacity;
	size_t start;
	size_t used;
	struct call *calls; /* ring; `slots` is a power of two */
	size_t slots;
	size_t first;
	size_t count;
};

/* Appends `call` and gives the place where its call->bytes bytes are to be written.
 * NULL: out of memory, nothing has changed. */
char *queue_add(struct queue *queue, const struct call *call) MUST_CHECK;
/* The call at `index` from the oldest; it must exist. */
struct call *queue_at(const struct queue *queue, size_t index);
/* Forgets the oldest call. */
void queue_pop(struct queue *queue);
/* Moves the oldest call of `from` to the end of `to`.  False: out of memory. */
bool queue_move(struct queue *from, struct queue *to) MUST_CHECK;
void queue_free(struct queue *queue);

/* A command as an array of the Redis protocol (RESP2): its size, and itself.  An absent
 * argument counts as an empty one.  Gives the byte behind the last one written. */
size_t command_bytes(size_t count, const struct text *arguments);
char *command_write(char *to, size_t count, const struct text *arguments);

#endif
