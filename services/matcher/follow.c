/* SPDX-License-Identifier: Apache-2.0
 * Follows the policy in force: asked for once a second. */
#include <stdlib.h>

#include "common/log.h"
#include "common/policies.h"
#include "services/matcher/matcher.h"

/* One that cannot be read was written by a later release: the one before it stays in force. */
static void
take_policy(struct matcher *matcher, const struct policies_entry *entry)
{
	struct policy policy = { .version = entry->version };
	static char text[POLICY_TEXT_MOST + 1];
	char *problems = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&problems, &length);
	bool is_good = out != NULL && text_copy(entry->text, text, sizeof text) &&
	               policy_read(&policy, text, out) == STATUS_OK;

	if (out != NULL)
		fclose(out);
	if (is_good)
		matcher->policy = policy;
	matcher->policy_seen = entry->version;
	log_event(is_good ? LOG_INFO : LOG_ERROR,
	    is_good ? "policy_in_force" : "policy_not_understood",
	    LOG_NUMBER("version", entry->version), LOG_TEXT("by", entry->by),
	    LOG_STRING("problems", problems != NULL ? problems : ""));
	free(problems);
}

static void
on_policies(void *ctx, enum status status, const struct store_value *value)
{
	struct matcher *matcher = ctx;
	struct policies_entry entry;

	matcher->is_policy_asked = false;
	if (status != STATUS_OK)
		return;
	if (policies_at(value, 0, &entry) && entry.version != matcher->policy_seen)
		take_policy(matcher, &entry);
	matcher->has_policy = true;
}

void
policy_look(struct matcher *matcher)
{
	const struct service *service = matcher->service;

	if (!matcher->is_policy_asked)
		matcher->is_policy_asked =
		    policies_read(service->store, service->config->redis_cell, 1,
		        on_policies, matcher) == STATUS_OK;
}
