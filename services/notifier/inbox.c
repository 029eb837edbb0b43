/* SPDX-License-Identifier: Apache-2.0
 * A ring of calls to make on the next turn. */
#include "services/notifier/inbox.h"

#include <stdlib.h>

struct waiting {
	channel_done *done;
	void *ctx;
};

struct inbox {
	struct loop_timer *timer;
	struct waiting ring[INBOX_UNDER_WAY_MOST];
	size_t first;
	size_t count;
	bool is_closing;
};

/* Ends what waits now; what a done adds waits for the next turn. */
static void
end_waiting(void *self)
{
	struct inbox *inbox = self;
	struct channel_outcome outcome = { .status = STATUS_OK,
		.detail = "in the inbox" };

	for (size_t left = inbox->count; left > 0; left--) {
		struct waiting waiting = inbox->ring[inbox->first];

		inbox->first = (inbox->first + 1) % INBOX_UNDER_WAY_MOST;
		inbox->count--;
		waiting.done(waiting.ctx, &outcome);
	}
}

struct inbox *
inbox_open(struct loop *loop)
{
	struct inbox *inbox = calloc(1, sizeof *inbox);

	if (inbox == NULL)
		return NULL;
	inbox->timer = loop_timer_new(loop, end_waiting, inbox);
	if (inbox->timer == NULL) {
		free(inbox);
		return NULL;
	}
	return inbox;
}

void
inbox_close(struct inbox *inbox)
{
	if (inbox == NULL)
		return;
	inbox->is_closing = true;
	end_waiting(inbox);
	loop_timer_free(inbox->timer);
	free(inbox);
}

static enum status
tell(void *self, struct text address, const struct notification *what, channel_done *done,
    void *ctx)
{
	struct inbox *inbox = self;
	size_t last;

	(void)address;
	(void)what;
	if (inbox->is_closing || inbox->count == INBOX_UNDER_WAY_MOST)
		return STATUS_BUSY;
	last = (inbox->first + inbox->count) % INBOX_UNDER_WAY_MOST;
	inbox->ring[last] = (struct waiting){ done, ctx };
	inbox->count++;
	loop_timer_set(inbox->timer, 0);
	return STATUS_OK;
}

static size_t
under_way(const void *self)
{
	const struct inbox *inbox = self;

	return inbox->count;
}

const struct channel inbox_channel = {
	.name = "inbox",
	.tell = tell,
	.under_way = under_way,
};
