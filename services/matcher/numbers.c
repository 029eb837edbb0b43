/* SPDX-License-Identifier: Apache-2.0
 * A number for each service, and memory for searches by number. */
#include "services/matcher/index_private.h"

static bool
grow(void *memory, uint32_t room, size_t size)
{
	void **at = memory;
	void *more = index_memory(*at, 0, room * size);

	if (more != NULL)
		*at = more;
	return more != NULL;
}

static bool
grow_tallies(struct tallies *tallies, uint32_t room)
{
	return grow(&tallies->worth, room, sizeof *tallies->worth) &&
	       grow(&tallies->last, room, sizeof *tallies->last) &&
	       grow(&tallies->touched, room / TALLY_BLOCK, sizeof *tallies->touched) &&
	       grow(&tallies->blocks, room / TALLY_BLOCK, sizeof *tallies->blocks);
}

static bool
grow_names(struct names *names, uint32_t room)
{
	return grow(&names->order, room, sizeof *names->order) &&
	       grow(&names->fresh, room, sizeof *names->fresh) &&
	       grow(&names->rank, room, sizeof *names->rank);
}

bool
numbers_reserve(struct numbers *numbers, uint32_t count)
{
	uint32_t more = count + count / 2 + 4;
	uint32_t room = (more + TALLY_BLOCK - 1) / TALLY_BLOCK * TALLY_BLOCK;

	if (count < numbers->room)
		return true;
	for (unsigned i = 0; i < 3; i++)
		if (!grow(&numbers->along[i], room, sizeof *numbers->along[i]))
			return false;
	if (!grow(&numbers->service, room, sizeof *numbers->service) ||
	    !grow(&numbers->seen, room, sizeof *numbers->seen) ||
	    !grow(&numbers->letters, room, sizeof *numbers->letters) ||
	    !grow(&numbers->terse, room, sizeof *numbers->terse) ||
	    !grow_names(&numbers->names, room) ||
	    !grow(&numbers->free, room, sizeof *numbers->free) ||
	    !grow(&numbers->hits, room, sizeof *numbers->hits) ||
	    !grow_tallies(&numbers->tallies, room))
		return false;
	/* A block is looked at as a whole. */
	memset(numbers->seen + numbers->room, SEEN_BY_NOBODY, room - numbers->room);
	memset(numbers->terse + numbers->room, 0, room - numbers->room);
	memset(numbers->names.rank + numbers->room, 0,
	    (room - numbers->room) * sizeof *numbers->names.rank);
	memset(numbers->tallies.worth + numbers->room, 0,
	    (room - numbers->room) * sizeof *numbers->tallies.worth);
	memset(numbers->tallies.last + numbers->room, 0,
	    (room - numbers->room) * sizeof *numbers->tallies.last);
	memset(numbers->tallies.touched + numbers->room / TALLY_BLOCK, 0,
	    (room - numbers->room) / TALLY_BLOCK);
	for (unsigned i = 0; i < 3; i++)
		for (uint32_t k = numbers->room; k < room; k++)
			numbers->along[i][k] = POINT_NONE;
	numbers->room = room;
	return true;
}

void
numbers_join(struct numbers *numbers, struct indexed *service)
{
	uint32_t number = numbers->free_count > 0 ? numbers->free[--numbers->free_count]
	                                          : numbers->count++;

	service->number = number;
	numbers->service[number] = service;
	names_join(&numbers->names, number);
}

void
numbers_leave(struct numbers *numbers, const struct indexed *service)
{
	names_leave(&numbers->names, service->number);
	numbers->free[numbers->free_count++] = service->number;
	numbers->seen[service->number] = SEEN_BY_NOBODY;
}

void
numbers_free(struct numbers *numbers)
{
	for (unsigned i = 0; i < 3; i++)
		free(numbers->along[i]);
	free(numbers->service);
	free(numbers->seen);
	free(numbers->letters);
	free(numbers->terse);
	free(numbers->names.order);
	free(numbers->names.fresh);
	free(numbers->names.rank);
	free(numbers->free);
	free(numbers->hits);
	free(numbers->tallies.worth);
	free(numbers->tallies.last);
	free(numbers->tallies.touched);
	free(numbers->tallies.blocks);
}
