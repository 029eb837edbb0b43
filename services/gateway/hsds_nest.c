/* SPDX-License-Identifier: Apache-2.0
 * Organizations with their services: one, those of a page, or all of them one per line. */
#include <stdio.h>
#include <stdlib.h>

#include "services/gateway/hsds.h"

/* What comes before the services of the organization whose turn it is. */
static enum status
write_prefix(struct browse *browse)
{
	const struct browse_item *host = &browse->hosts[browse->host];
	size_t length = 0;
	FILE *out = open_memstream(&browse->prefix, &length);

	if (out == NULL)
		return STATUS_NO_MEMORY;
	if (!browse->is_one && !browse->is_ndjson && browse->host == 0)
		hsds_write_envelope(browse, browse->hosts_count, out);
	if (!browse->is_ndjson && browse->host > 0)
		fputc(',', out);
	fwrite(host->json, 1, host->length - 1, out); /* all but its brace */
	fprintf(out, "%s\"services\":[", host->length > 2 ? "," : "");
	return fclose(out) == 0 ? STATUS_OK : STATUS_NO_MEMORY;
}

static void
go_to(struct browse *browse, unsigned host)
{
	free(browse->prefix);
	browse->prefix = NULL;
	browse->host = host;
	browse->start = browse->written = 0;
	browse->status = write_prefix(browse);
}

bool
hsds_nest_begin(struct browse *browse)
{
	bool is_wanted = browse->is_one || browse->has_full_services;

	if (browse->entity != entity_organization || browse->is_nested || !is_wanted)
		return false;
	hsds_nest_free(browse);
	for (unsigned i = 0; i < browse->count; i++)
		if (browse->items[i].json != NULL) {
			browse->hosts[browse->hosts_count++] = browse->items[i];
			browse->items[i].json = NULL;
		}
	if (browse->hosts_count == 0)
		return false;
	browse->hosts_next = browse->is_ndjson ? browse->next : UINT_ABSENT;
	browse->hosts_detail = browse->detail;
	browse->entity = entity_service;
	browse->detail = browse->has_full_services ? HSDS_FULL : HSDS_BRIEF;
	browse->is_stream = browse->is_nested = true;
	go_to(browse, 0);
	return true;
}

static bool
is_last_host(const struct browse *browse)
{
	return browse->host + 1 == browse->hosts_count;
}

bool
hsds_nest_goes_on(const struct browse *browse)
{
	return browse->next != UINT_ABSENT ||
	       (browse->is_nested &&
	           (!is_last_host(browse) || browse->hosts_next != UINT_ABSENT));
}

const char *
hsds_nest_end(const struct browse *browse)
{
	if (!browse->is_nested || browse->next != UINT_ABSENT)
		return "";
	if (browse->is_ndjson)
		return "]}\n";
	return browse->is_one || !is_last_host(browse) ? "]}" : "]}]}";
}

void
hsds_nest_next(struct browse *browse)
{
	if (browse->next != UINT_ABSENT) {
		browse->start = browse->next;
	} else if (!is_last_host(browse)) {
		go_to(browse, browse->host + 1);
	} else {
		browse->entity = entity_organization;
		browse->detail = browse->hosts_detail;
		browse->is_nested = false;
		browse->start = browse->hosts_next;
	}
}

void
hsds_nest_free(struct browse *browse)
{
	for (unsigned i = 0; i < browse->hosts_count; i++)
		free(browse->hosts[i].json);
	browse->hosts_count = 0;
}
