/* SPDX-License-Identifier: Apache-2.0
 * Needs of one family beside each other. */
#include "services/matcher/together.h"

#include "services/matcher/wanted.h"

/* "number service"; false: it is damaged. */
static bool
take_number(struct text *beside, unsigned *number)
{
	uint32_t at = 0;

	*number = 0;
	while (at < beside->length && at < 2 && beside->at[at] >= '0' &&
	       beside->at[at] <= '9')
		*number = *number * 10 + (unsigned)(beside->at[at++] - '0');
	if (*number == 0 || at == beside->length || beside->at[at] != ' ')
		return false;
	beside->at += at + 1;
	beside->length -= at + 1;
	return true;
}

static void
add(struct match_question *question, struct together *together,
    const struct indexed *service)
{
	together->services[question->beside_count++] = service;
	question->beside = together->services;
}

void
together_read(const struct index *index, const struct text *beside, size_t beside_count,
    struct match_question *question, struct together *together)
{
	uint32_t siblings = wanted_siblings(question->intake, question->need);

	question->siblings = siblings & ~(1U << question->need);
	for (size_t i = 0; i < beside_count; i++) {
		struct text id = beside[i];
		unsigned number;
		const struct indexed *service;

		if (!take_number(&id, &number) || number > question->intake->needs_count)
			continue;
		question->siblings &= ~(1U << (number - 1));
		service = index_find(index, id);
		if (service == NULL || question->beside_count == TOGETHER_MAX)
			continue;
		add(question, together, service);
		if (siblings >> (number - 1) & 1)
			question->sibling = service;
	}
}

void
together_foresee(const struct index *index, const struct match_question *first,
    struct match_question *question, struct together *together)
{
	const struct policy *policy =
	    question->policy != NULL ? question->policy : &POLICY_STANDARD;
	struct match_result result;

	if (question->beside_count > 0 || question->need == first->need ||
	    policy->weight_together <= 0)
		return;
	match(index, first, &result);
	if (result.count > 0)
		add(question, together, result.candidates[0].service);
}
