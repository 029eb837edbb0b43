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

bool
numbers_reserve(struct numbers *numbers, uint32_t count)
{
	uint32_t room = count + count / 2 + 4;

	if (count < numbers->room)
		return true;
	if (!grow(&numbers->service, room, sizeof *numbers->service) ||
	    !grow(&numbers->seen, room, sizeof *numbers->seen) ||
	    !grow(&numbers->letters, room, sizeof *numbers->letters) ||
	    !grow(&numbers->point, room, sizeof *numbers->point) ||
	    !grow(&numbers->free, room, sizeof *numbers->free) ||
	    !grow(&numbers->hits, room, sizeof *numbers->hits) ||
	    !grow(&numbers->tallies, room, sizeof *numbers->tallies) ||
	    !grow(&numbers->met, room, sizeof *numbers->met))
		return false;
	memset(numbers->tallies + numbers->room, 0,
	    (room - numbers->room) * sizeof *numbers->tallies);
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
}

void
numbers_leave(struct numbers *numbers, const struct indexed *service)
{
	numbers->free[numbers->free_count++] = service->number;
	numbers->seen[service->number] = SEEN_BY_NOBODY;
}

void
numbers_free(struct numbers *numbers)
{
	free(numbers->service);
	free(numbers->seen);
	free(numbers->letters);
	free(numbers->point);
	free(numbers->free);
	free(numbers->hits);
	free(numbers->tallies);
	free(numbers->met);
}
