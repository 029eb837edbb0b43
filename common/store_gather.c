/* SPDX-License-Identifier: Apache-2.0
 * Calls of one function that are made in one turn of the loop, as one call. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/store_connection.h"

/* FCALL, the function, 1, its key. */
#define HEAD_WORDS 4
/* Of one call behind the head. */
#define CALL_WORDS_MOST 48
#define CALL_BYTES_MOST ((size_t)16 * 1024)
/* A full gathering is sent at once: Redis is busy with it for about as many times 50 us, and
 * nobody else's call runs meanwhile. */
#define CALLS_MOST 32
#define WORDS_MOST (HEAD_WORDS + CALLS_MOST * (1 + CALL_WORDS_MOST))
#define BYTES_MOST ((size_t)64 * 1024)
/* Different functions of one store; the functions of a process are few and known. */
#define GATHERINGS_MOST 4

struct gathered {
	store_done *done;
	void *ctx;
};

/* Those who wait for one call. */
struct company {
	struct company *next;
	struct store *store;
	unsigned count;
	struct gathered members[CALLS_MOST];
};

/* What will be one call.  The words of each call follow a word that counts them. */
struct gathering {
	const char *function; /* of the caller, lives as long as the program */
	uint32_t route;
	struct text words[WORDS_MOST];
	size_t words_count;
	char bytes[BYTES_MOST];
	size_t used;
	struct company *company; /* NULL: empty */
};

struct gatherer {
	struct store *store;
	struct gathering *gatherings[GATHERINGS_MOST];
	struct company *free;
};

/* ---- who waits ---- */

static struct company *
company_take(struct gatherer *gatherer)
{
	struct company *company = gatherer->free;

	if (company != NULL)
		gatherer->free = company->next;
	else if ((company = malloc(sizeof *company)) == NULL)
		return NULL;
	company->store = gatherer->store;
	company->count = 0;
	return company;
}

static void
company_give(struct company *company)
{
	struct gatherer *gatherer = company->store->gatherer;

	company->next = gatherer->free;
	gatherer->free = company;
}

static enum status
status_of(enum status status, const struct store_value *value)
{
	return status == STATUS_OK && store_kind(value) == STORE_ERROR
	           ? store_error_status(value)
	           : status;
}

/* The reply to all of them: to each its own. */
static void
on_replies(void *ctx, enum status status, const struct store_value *value)
{
	struct company *company = ctx;
	struct store *store = company->store;

	store_hold(store);
	if (status == STATUS_OK && store_count(value) != company->count) {
		log_event(LOG_ERROR, "replies_misfit",
		    LOG_NUMBER("calls", company->count),
		    LOG_NUMBER("replies", store_count(value)));
		status = STATUS_INTERNAL;
	}
	for (unsigned i = 0; i < company->count; i++) {
		const struct gathered *member = &company->members[i];
		const struct store_value *own = store_at(value, i);
		enum status own_status = status_of(status, own);

		store->waiting--;
		member->done(
		    member->ctx, own_status, own_status == STATUS_OK ? own : NULL);
	}
	company_give(company);
	store_release(store);
}

/* ---- gathering ---- */

static struct text
keep(struct gathering *gathering, struct text word)
{
	char *place = gathering->bytes + gathering->used;

	if (word.length > 0)
		memcpy(place, word.at, word.length);
	gathering->used += word.length;
	return (struct text){ place, word.length };
}

static void
add_word(struct gathering *gathering, struct text word)
{
	gathering->words[gathering->words_count++] = word;
}

static struct text
number_word(struct gathering *gathering, size_t number)
{
	char digits[24];
	int length = snprintf(digits, sizeof digits, "%zu", number);

	return keep(gathering, (struct text){ digits, (uint32_t)length });
}

/* "FCALL NAME_many 1 KEY" */
static void
begin(struct gathering *gathering, uint32_t route, const struct text *arguments)
{
	gathering->words_count = 0;
	gathering->used = 0;
	gathering->route = route;
	add_word(gathering, LITERAL("FCALL"));
	add_word(gathering, keep(gathering, arguments[1]));
	(void)keep(gathering, LITERAL("_many"));
	gathering->words[1].length += (uint32_t)sizeof "_many" - 1;
	add_word(gathering, LITERAL("1"));
	add_word(gathering, keep(gathering, arguments[3]));
}

/* One alone is called by its own name, without the count of its words. */
static void
make_plain(struct gathering *gathering)
{
	gathering->words[1].length -= (uint32_t)sizeof "_many" - 1;
	memmove(gathering->words + 1, gathering->words,
	    HEAD_WORDS * sizeof *gathering->words);
}

static void
send_gathering(struct store *store, struct gathering *gathering)
{
	struct company *company = gathering->company;
	struct gathered first = company->members[0];
	bool is_alone = company->count == 1;
	enum status status;

	gathering->company = NULL;
	if (is_alone) {
		make_plain(gathering);
		company_give(company);
		store->waiting--; /* the call itself counts from here on */
	}
	status = connection_call(store->pool[gathering->route],
	    gathering->words_count - is_alone, gathering->words + is_alone,
	    is_alone ? first.done : on_replies, is_alone ? first.ctx : company);
	if (status == STATUS_OK)
		return;
	if (is_alone)
		first.done(first.ctx, STATUS_UNAVAILABLE, NULL);
	else
		on_replies(company, STATUS_UNAVAILABLE, NULL);
}

void
gather_send(struct store *store)
{
	struct gatherer *gatherer = store->gatherer;

	for (unsigned i = 0; gatherer != NULL && i < GATHERINGS_MOST; i++)
		if (gatherer->gatherings[i] != NULL &&
		    gatherer->gatherings[i]->company != NULL)
			send_gathering(store, gatherer->gatherings[i]);
}

void
gather_end(struct store *store)
{
	struct gatherer *gatherer = store->gatherer;

	for (unsigned i = 0; gatherer != NULL && i < GATHERINGS_MOST; i++) {
		struct gathering *gathering = gatherer->gatherings[i];
		struct company *company = gathering != NULL ? gathering->company : NULL;

		if (company == NULL)
			continue;
		gathering->company = NULL;
		on_replies(company, STATUS_UNAVAILABLE, NULL);
	}
}

void
gather_free(struct gatherer *gatherer)
{
	if (gatherer == NULL)
		return;
	while (gatherer->free != NULL) {
		struct company *company = gatherer->free;

		gatherer->free = company->next;
		free(company);
	}
	for (unsigned i = 0; i < GATHERINGS_MOST; i++)
		free(gatherer->gatherings[i]);
	free(gatherer);
}

/* The one of this function; NULL: out of memory. */
static struct gathering *
gathering_of(struct store *store, struct text function)
{
	struct gatherer *gatherer = store->gatherer;
	unsigned i = 0;

	if (gatherer == NULL && (gatherer = calloc(1, sizeof *gatherer)) == NULL)
		return NULL;
	store->gatherer = gatherer;
	gatherer->store = store;
	while (i < GATHERINGS_MOST && gatherer->gatherings[i] != NULL &&
	       !text_is(function, gatherer->gatherings[i]->function))
		i++;
	assert(i < GATHERINGS_MOST);
	if (gatherer->gatherings[i] == NULL) {
		gatherer->gatherings[i] = calloc(1, sizeof **gatherer->gatherings);
		if (gatherer->gatherings[i] != NULL)
			gatherer->gatherings[i]->function = function.at;
	}
	return gatherer->gatherings[i];
}

static enum status
join(struct store *store, struct gathering *gathering, uint32_t route, size_t count,
    const struct text *arguments, struct gathered member)
{
	if (gathering->company == NULL) {
		gathering->company = company_take(store->gatherer);
		if (gathering->company == NULL)
			return STATUS_NO_MEMORY;
		begin(gathering, route, arguments);
	}
	add_word(gathering, number_word(gathering, count - HEAD_WORDS));
	for (size_t i = HEAD_WORDS; i < count; i++)
		add_word(gathering, keep(gathering, arguments[i]));
	gathering->company->members[gathering->company->count++] = member;
	store->waiting++;
	store_has_output(store);
	return STATUS_OK;
}

enum status
store_gather(struct store *store, struct text route, size_t count,
    const struct text *arguments, store_done *done, void *ctx)
{
	size_t bytes = command_bytes(count, arguments);
	struct gathering *gathering;

	assert(count > HEAD_WORDS);
	if (store->is_ended || bytes > CALL_BYTES_MOST ||
	    count - HEAD_WORDS > CALL_WORDS_MOST)
		return store_call(store, route, count, arguments, done, ctx);
	if (!store_has_room(store, bytes))
		return STATUS_BUSY;
	gathering = gathering_of(store, arguments[1]);
	if (gathering == NULL)
		return STATUS_NO_MEMORY;
	if (gathering->company != NULL &&
	    (gathering->company->count == CALLS_MOST ||
	        gathering->used + bytes + CALL_BYTES_MOST > BYTES_MOST))
		send_gathering(store, gathering);
	return join(store, gathering, store_slot(store, route), count, arguments,
	    (struct gathered){ done, ctx });
}
