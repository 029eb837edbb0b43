/* SPDX-License-Identifier: Apache-2.0
 * A table by service, of a few terms each. */
#include "services/matcher/answers.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <uthash.h>

#include "common/answered.h"

#define DAY_MS INT64_C(86400000)
#define SERVICE_BYTES 65
#define TERM_BYTES 129
#define ENTRY_BYTES (TERM_BYTES + 64)

/* In thousandths of an offer, as much as counted on that day since 1970. */
struct answered {
	char term[TERM_BYTES];
	unsigned asked, lost, day;
};

struct service_answers {
	char service[SERVICE_BYTES];
	uint32_t count;
	struct answered *terms;
	UT_hash_handle hh;
};

struct answers {
	struct service_answers *by_service;
};

struct answers *
answers_new(void)
{
	return calloc(1, sizeof(struct answers));
}

void
answers_free(struct answers *answers)
{
	struct service_answers *of, *next;

	if (answers == NULL)
		return;
	HASH_ITER(hh, answers->by_service, of, next)
	{
		HASH_DEL(answers->by_service, of);
		free(of->terms);
		free(of);
	}
	free(answers);
}

static struct service_answers *
find(const struct answers *answers, struct text service)
{
	struct service_answers *of;

	HASH_FIND(hh, answers->by_service, service.at, service.length, of);
	return of;
}

static struct service_answers *
find_or_add(struct answers *answers, struct text service)
{
	struct service_answers *of = find(answers, service);

	if (of != NULL)
		return of;
	of = calloc(1, sizeof *of);
	if (of == NULL || !text_copy(service, of->service, sizeof of->service)) {
		free(of);
		return NULL;
	}
	HASH_ADD(hh, answers->by_service, service[0], service.length, of);
	return of;
}

/* Takes one of "asked lost day term" off the front.  False: it is damaged. */
static bool
take_entry(struct text *kept, struct answered *answered)
{
	const char *end = memchr(kept->at, '\0', kept->length);
	uint32_t length = end != NULL ? (uint32_t)(end - kept->at) : kept->length;
	struct text entry = { kept->at, length };
	char text[ENTRY_BYTES];
	int at = 0;
	bool is_good = text_copy(entry, text, sizeof text) &&
	               sscanf(text, "%9u %9u %9u %n", &answered->asked, &answered->lost,
	                   &answered->day, &at) == 3 &&
	               answered->lost <= answered->asked && text[at] != '\0' &&
	               text_copy(text_of(text + at), answered->term, TERM_BYTES);

	length += end != NULL;
	kept->at += length;
	kept->length -= length;
	return is_good;
}

void
answers_set(struct answers *answers, struct text service, struct text kept)
{
	struct service_answers *of = find_or_add(answers, service);
	static struct answered terms[ANSWERED_TERMS_MOST];
	struct answered *copy;
	uint32_t count = 0;

	while (kept.length > 0 && count < ANSWERED_TERMS_MOST)
		count += take_entry(&kept, &terms[count]);
	copy = of != NULL ? malloc((count + 1) * sizeof *copy) : NULL;
	if (copy == NULL)
		return;
	memcpy(copy, terms, count * sizeof *copy);
	free(of->terms);
	of->terms = copy;
	of->count = count;
}

/* Clocks that are set back age nothing. */
static double
percent_of(const struct answered *answered, int64_t now_ms)
{
	double days = fmax((double)(now_ms / DAY_MS) - answered->day, 0);
	double share = exp2(-days / ANSWERED_HALF_DAYS);

	return floor(100.0 / ANSWERED_STEP * share * answered->lost /
	             (share * answered->asked + 1000 * ANSWERED_PRIOR)) *
	       ANSWERED_STEP;
}

double
answers_lost_percent(
    const struct answers *answers, struct text service, struct text term, int64_t now_ms)
{
	const struct service_answers *of =
	    answers != NULL ? find(answers, service) : NULL;

	for (uint32_t i = 0; of != NULL && i < of->count; i++)
		if (text_is(term, of->terms[i].term))
			return percent_of(&of->terms[i], now_ms);
	return NAN;
}
