/* SPDX-License-Identifier: Apache-2.0
 * The open directory: HSDS 3.1 and Open Referral UK 3.0 for readers.
 *   hsds.c          what there is, one entity
 *   hsds_ask.c      what a request asks for
 *   hsds_list.c     one entity, pages
 *   hsds_stream.c   page after page
 *   hsds_nest.c     organizations with their services
 *   hsds_turn.c     streams take turns */
#ifndef GATEWAY_HSDS_H
#define GATEWAY_HSDS_H

#include <stdio.h>

#include "common/json_hsds.h"
#include "services/gateway/gateway.h"

#define HSDS_PAGE 50
#define HSDS_PAGE_MOST 100
/* Of a stream: so much is in memory for one client. */
#define HSDS_STREAM_PAGE 40

/* An entity of a page, and what it is written as. */
struct browse_item {
	struct browse *browse;
	char id[65], service[65];
	char *json; /* NULL: not there (any more) */
	size_t length;
};

/* A request that reads entities: their ids are asked of the matcher, then each is cut out of a
 * service's document. */
struct browse {
	struct call *call;
	enum entity entity;
	enum hsds_detail detail;
	enum hsds_profile profile;
	bool is_one; /* not a list */
	bool is_ndjson;
	bool is_stream; /* one per line, or an organization's services */
	bool is_nested; /* an organization's services, of `hosts` */
	bool is_begun;  /* of a stream */
	bool has_full_services;
	bool is_waiting; /* for the client to take what was sent */
	bool is_gone;    /* the client has left */
	bool has_turn, is_queued;
	struct browse *prev, *next_in_line; /* while it is queued */
	unsigned page, per_page;
	/* the question, for the pages of a stream */
	char q[201], only[65], organization[65], taxonomy[65], term[65], parent[65],
	    postcode[65];
	int64_t modified_after;
	double within_m;
	bool is_top_only;
	uint32_t start, total, next;
	unsigned count, left; /* of items; whose documents are not there yet */
	unsigned written;     /* of a stream */
	enum status status;   /* the first that was not well */
	struct browse_item items[HSDS_PAGE_MOST];
	/* Of a nested stream: the organizations of a page, whose turn it is, where their next page starts
	 * (UINT_ABSENT: there is none), how they are written, and what comes before the services. */
	struct browse_item hosts[HSDS_PAGE_MOST];
	unsigned hosts_count, host;
	uint32_t hosts_next;
	enum hsds_detail hosts_detail;
	char *prefix;
};

/* A browse for the call, of what its route says.  NULL: the call was answered. */
struct browse *hsds_browse(struct call *call);
/* Reads the query.  False: the call was answered. */
bool hsds_read_query(struct browse *browse);
/* Whether the stream may read its next page; else hsds_go_on is called when its turn comes. */
bool hsds_turn_take(struct browse *browse);
/* The page was read, or will not be; whatever the browse is. */
void hsds_turn_give(struct browse *browse);
void hsds_go_on(struct browse *browse);
/* Answers what is asked. */
void hsds_run(struct browse *browse);
/* Reads what the page holds, then writes it. */
void hsds_read_page(struct browse *browse);
/* The page's beginning, as far as its contents. */
void hsds_write_envelope(const struct browse *browse, unsigned size, FILE *out);
/* Writes what was read, and has the next page read when the client has taken it. */
void hsds_write_stream(struct browse *browse);

/* Whether organizations were read whose services are to be read now; then the browse is set up for the
 * first one's, with status NO_MEMORY where that failed. */
bool hsds_nest_begin(struct browse *browse);
/* Whether something follows what was read. */
bool hsds_nest_goes_on(const struct browse *browse);
/* What closes the organization and its page where this was the last of them; else "". */
const char *hsds_nest_end(const struct browse *browse);
/* Sets the browse up for what follows; only where something does. */
void hsds_nest_next(struct browse *browse);
void hsds_nest_free(struct browse *browse);

#endif
