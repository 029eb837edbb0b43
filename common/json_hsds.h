/* SPDX-License-Identifier: Apache-2.0
 * Entities of HSDS, cut out of service documents for readers. */
#ifndef COMMON_JSON_HSDS_H
#define COMMON_JSON_HSDS_H

#include "common/facts.h"

enum hsds_detail {
	HSDS_FULL,    /* with all that is nested */
	HSDS_BRIEF,   /* members, and entities of which there is one */
	HSDS_MINIMAL, /* of a service: id and when it was modified */
};

enum hsds_profile {
	HSDS_PLAIN, /* HSDS 3.1 */
	HSDS_ORUK,  /* Open Referral UK 3.0: what its schemas know */
};

struct hsds_form {
	enum entity entity;
	struct text id; /* a service document is taken whatever its id */
	enum hsds_detail detail;
	enum hsds_profile profile;
	const struct service_facts *facts; /* of the document */
	bool hides_addresses;              /* as json_service does */
	int64_t now_ms;
	bool
	    is_nested; /* a service within its organization, which it then does not name */
};

/* The entity as one line of JSON; malloc'd.  NULL: the document does not hold it, is no JSON
 * object, or memory ran out.  A member that HSDS requires and nobody said is empty. */
char *json_hsds(struct text document, const struct hsds_form *form, size_t *length);

#endif
