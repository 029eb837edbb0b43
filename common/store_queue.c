/* SPDX-License-Identifier: Apache-2.0
 * The queue of encoded commands, and their encoding. */
#include "common/store_queue.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define LEAST_BYTES ((size_t)4096)
#define LEAST_CALLS ((size_t)64)

/* Room for so many more bytes behind the used ones.  Moving is cheap on average: it
 * happens only when at least half of the buffer has been popped since the last time. */
static bool
make_room(struct queue *queue, size_t bytes)
{
	size_t capacity = queue->capacity ? queue->capacity : LEAST_BYTES;
	char *grown;

	if (queue->start + queue->used + bytes <= queue->capacity)
		return true;
	while (capacity / 2 < queue->used + bytes)
		capacity *= 2;
	if (capacity == queue->capacity) {
		memmove(queue->bytes, queue->bytes + queue->start, queue->used);
		queue->start = 0;
		return true;
	}
	grown = malloc(capacity);
	if (grown == NULL)
		return false;
	if (queue->used > 0)
		memcpy(grown, queue->bytes + queue->start, queue->used);
	free(queue->bytes);
	queue->bytes = grown;
	queue->capacity = capacity;
	queue->start = 0;
	return true;
}

static bool
make_slot(struct queue *queue)
{
	size_t slots = queue->slots ? 2 * queue->slots : LEAST_CALLS;
	struct call *calls;

	if (queue->count < queue->slots)
		return true;
	calls = malloc(slots * sizeof(*calls));
	if (calls == NULL)
		return false;
	for (size_t i = 0; i < queue->count; i++)
		calls[i] = *queue_at(queue, i);
	free(queue->calls);
	queue->calls = calls;
	queue->slots = slots;
	queue->first = 0;
	return true;
}

char *
queue_add(struct queue *queue, const struct call *call)
{
	char *place;

	if (!make_slot(queue) || !make_room(queue, call->bytes))
		return NULL;
	place = queue->bytes + queue->start + queue->used;
	queue->used += call->bytes;
	queue->count++;
	*queue_at(queue, queue->count - 1) = *call;
	return place;
}

struct call *
queue_at(const struct queue *queue, size_t index)
{
	assert(index < queue->count);
	return &queue->calls[(queue->first + index) & (queue->slots - 1)];
}

void
queue_pop(struct queue *queue)
{
	size_t bytes = queue_at(queue, 0)->bytes;

	queue->start += bytes;
	queue->used -= bytes;
	queue->first = (queue->first + 1) & (queue->slots - 1);
	queue->count--;
	if (queue->count > 0)
		return;
	queue->start = 0;
	if (queue->capacity > QUEUE_KEEP_BYTES || queue->slots > QUEUE_KEEP_CALLS)
		queue_free(queue);
}

bool
queue_move(struct queue *from, struct queue *to)
{
	const struct call *call = queue_at(from, 0);
	char *place = queue_add(to, call);

	if (place == NULL)
		return false;
	memcpy(place, from->bytes + from->start, call->bytes);
	queue_pop(from);
	return true;
}

void
queue_free(struct queue *queue)
{
	free(queue->bytes);
	free(queue->calls);
	*queue = (struct queue){ 0 };
}

/* ---- encoding ---- */

static size_t
digits(size_t number)
{
	size_t count = 1;

	for (; number >= 10; number /= 10)
		count++;
	return count;
}

/* "*3\r\n" */
static char *
write_header(char *to, char type, size_t number)
{
	size_t count = digits(number);

	*to++ = type;
	for (size_t i = count; i-- > 0; number /= 10)
		to[i] = (char)('0' + number % 10);
	to += count;
	*to++ = '\r';
	*to++ = '\n';
	return to;
}

size_t
command_bytes(size_t count, const struct text *arguments)
{
	size_t bytes = 1 + digits(count) + 2;

	for (size_t i = 0; i < count; i++)
		bytes += 1 + digits(arguments[i].length) + 2 + arguments[i].length + 2;
	return bytes;
}

char *
command_write(char *to, size_t count, const struct text *arguments)
{
	to = write_header(to, '*', count);
	for (size_t i = 0; i < count; i++) {
		to = write_header(to, '$', arguments[i].length);
		if (arguments[i].length > 0)
			memcpy(to, arguments[i].at, arguments[i].length);
		to += arguments[i].length;
		*to++ = '\r';
		*to++ = '\n';
	}
	return to;
}
