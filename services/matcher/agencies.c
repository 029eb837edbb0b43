/* SPDX-License-Identifier: Apache-2.0
 * Agencies, and the services of each. */
#include "services/matcher/index_private.h"

const struct agency *
agency_find(const struct index *index, struct text id)
{
	struct agency *agency;

	if (id.length == 0)
		return NULL;
	HASH_FIND(by_id, index->agencies, id.at, id.length, agency);
	return agency;
}

bool
agency_take(struct index *index, struct text id, struct agency **agency)
{
	*agency = NULL;
	if (id.length == 0)
		return true;
	HASH_FIND(by_id, index->agencies, id.at, id.length, *agency);
	if (*agency == NULL) {
		*agency = index_memory(NULL, 0, sizeof **agency + id.length);
		if (*agency == NULL)
			return false;
		**agency = (struct agency){ .length = id.length };
		memcpy((*agency)->id, id.at, id.length);
		HASH_ADD(by_id, index->agencies, id[0], id.length, *agency);
		if ((*agency)->by_id.tbl == NULL) {
			free(*agency);
			*agency = NULL;
			return false;
		}
	}
	(*agency)->uses++;
	return true;
}

void
agency_give(struct index *index, struct agency *agency)
{
	if (agency == NULL || --agency->uses > 0)
		return;
	HASH_DELETE(by_id, index->agencies, agency);
	free(agency);
}

void
agency_join(struct indexed *service)
{
	struct agency *agency = service->content.agency;

	if (agency == NULL)
		return;
	service->agency_prior = NULL;
	service->agency_next = agency->first;
	if (agency->first != NULL)
		agency->first->agency_prior = service;
	agency->first = service;
	agency->count++;
}

void
agency_leave(struct indexed *service)
{
	struct agency *agency = service->content.agency;

	if (agency == NULL)
		return;
	if (service->agency_next != NULL)
		service->agency_next->agency_prior = service->agency_prior;
	if (service->agency_prior != NULL)
		service->agency_prior->agency_next = service->agency_next;
	else
		agency->first = service->agency_next;
	agency->count--;
}
