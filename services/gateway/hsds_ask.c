/* SPDX-License-Identifier: Apache-2.0
 * What a request of the open directory asks for. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/clock.h"
#include "services/gateway/hsds.h"

/* Items that pages pass over at most. */
#define OFFSET_MOST 100000000

/* Entities by their paths. */
static const struct path {
	const char *word;
	enum entity entity;
	char letter;
} PATHS[] = {
	{ "services", entity_service, 's' },
	{ "organizations", entity_organization, 'o' },
	{ "service_at_locations", entity_service_at_location, 'l' },
	{ "taxonomies", entity_taxonomy, 't' },
	{ "taxonomy_terms", entity_taxonomy_term, 'w' },
};

static const struct parameter {
	const char *name, *entities;
} PARAMETERS[] = {
#define PARAMETER(name, entities, about) { #name, entities },
#include "services/gateway/hsds.def"
};
#define PARAMETERS_COUNT (sizeof PARAMETERS / sizeof *PARAMETERS)

/* ---- the route ---- */

/* "/hsds/3.1/services/{id}" */
static const struct path *
path_of(const struct http_request *request)
{
	const char *path = http_route_path(request) + sizeof "/hsds/3.1/" - 1;
	size_t length = strcspn(path, "/");

	for (size_t i = 0; i < sizeof PATHS / sizeof *PATHS; i++)
		if (strlen(PATHS[i].word) == length &&
		    strncmp(path, PATHS[i].word, length) == 0)
			return &PATHS[i];
	return &PATHS[0];
}

static void
browse_free(void *self)
{
	struct browse *browse = self;

	hsds_turn_give(browse);
	for (unsigned i = 0; i < HSDS_PAGE_MOST; i++)
		free(browse->items[i].json);
	hsds_nest_free(browse);
	free(browse->prefix);
	free(browse);
}

struct browse *
hsds_browse(struct call *call)
{
	struct browse *browse = calloc(1, sizeof *browse);
	struct text id = http_path(call->request, "id");

	if (browse == NULL) {
		call_fail(call, STATUS_NO_MEMORY);
		return NULL;
	}
	call->held = browse;
	call->release = browse_free;
	browse->call = call;
	browse->entity = path_of(call->request)->entity;
	browse->is_one = id.at != NULL;
	if (strncmp(http_route_path(call->request), "/oruk/", 6) == 0)
		browse->profile = HSDS_ORUK;
	if (browse->is_one && !text_copy(id, browse->only, sizeof browse->only)) {
		call_fail(call, STATUS_ABSENT);
		return NULL;
	}
	return browse;
}

/* ---- the query ---- */

static bool
read_number(struct text text, double least, double most, double *number)
{
	char digits[24];
	char *end;

	if (!text_copy(text, digits, sizeof digits) || digits[0] == '\0')
		return false;
	*number = strtod(digits, &end);
	return *end == '\0' && *number >= least && *number <= most;
}

static void
read_whole(const struct call *call, const char *name, unsigned most, unsigned *number,
    struct defects *defects)
{
	struct text text = http_query(call->request, name);
	double given;

	if (text.at == NULL)
		return;
	if (read_number(text, 1, most, &given) && given == floor(given))
		*number = (unsigned)given;
	else
		defects_add(defects, "is not a whole number in its range", "%s", name);
}

static bool
read_truth(const struct call *call, const char *name, struct defects *defects)
{
	struct text text = http_query(call->request, name);

	if (text.at != NULL && !text_is(text, "true") && !text_is(text, "false"))
		defects_add(defects, "is not true or false", "%s", name);
	return text.at != NULL && text_is(text, "true");
}

static void
read_text(const struct call *call, const char *name, char *copy, size_t size,
    struct defects *defects)
{
	struct text text = http_query(call->request, name);

	if (text.at == NULL)
		return;
	if (text.length == 0 || !text_copy(text, copy, size))
		defects_add(defects, "is empty or too long", "%s", name);
}

static void
read_filters(struct browse *browse, struct defects *defects)
{
	const struct call *call = browse->call;
	struct text after = http_query(call->request, "modified_after");
	struct text proximity = http_query(call->request, "proximity");

	read_text(call, "search", browse->q, sizeof browse->q, defects);
	read_text(call, "taxonomy_term_id", browse->term, sizeof browse->term, defects);
	read_text(
	    call, "taxonomy_id", browse->taxonomy, sizeof browse->taxonomy, defects);
	read_text(call, "organization_id", browse->organization,
	    sizeof browse->organization, defects);
	read_text(call, "parent_id", browse->parent, sizeof browse->parent, defects);
	read_text(call, "postcode", browse->postcode, sizeof browse->postcode, defects);
	browse->is_top_only = read_truth(call, "top_only", defects);
	browse->modified_after = TIME_ABSENT;
	if (after.at != NULL && !clock_parse(after, &browse->modified_after))
		defects_add(defects, "is not an RFC 3339 time", "modified_after");
	browse->within_m = NAN;
	if (proximity.at != NULL && browse->postcode[0] == '\0')
		defects_add(defects, "needs a postcode", "proximity");
	if (proximity.at != NULL && !read_number(proximity, 0, 3e7, &browse->within_m))
		defects_add(defects, "is not a number of metres", "proximity");
}

static void
read_form(struct browse *browse, struct defects *defects)
{
	const struct call *call = browse->call;
	struct text format = http_query(call->request, "format");
	bool is_full = read_truth(call, "full", defects);
	bool is_minimal = read_truth(call, "minimal", defects);

	browse->has_full_services = read_truth(call, "full_service", defects);
	browse->detail = browse->is_one || is_full ? HSDS_FULL : HSDS_BRIEF;
	if (is_minimal)
		browse->detail = HSDS_MINIMAL;
	if (is_minimal && is_full)
		defects_add(defects, "is the contrary of full", "minimal");
	if (format.at != NULL && !text_is(format, "json") && !text_is(format, "ndjson"))
		defects_add(defects, "is not json or ndjson", "format");
	browse->is_ndjson = format.at != NULL && text_is(format, "ndjson");
	browse->is_stream = browse->is_ndjson;
	browse->page = 1;
	browse->per_page = HSDS_PAGE;
	read_whole(call, "per_page", HSDS_PAGE_MOST, &browse->per_page, defects);
	read_whole(call, "page", OFFSET_MOST / browse->per_page, &browse->page, defects);
}

/* Those that the route takes; NULL ends them. */
static void
list_names(const struct browse *browse, const char *names[PARAMETERS_COUNT + 1])
{
	char letter = path_of(browse->call->request)->letter;
	size_t count = 0;

	if (browse->is_one)
		letter = letter == 'o' ? 'O' : '-';
	for (size_t i = 0; i < PARAMETERS_COUNT; i++)
		if (strchr(PARAMETERS[i].entities, letter) != NULL)
			names[count++] = PARAMETERS[i].name;
	names[count] = NULL;
}

bool
hsds_read_query(struct browse *browse)
{
	const char *names[PARAMETERS_COUNT + 1];
	struct defects defects = { .count = 0 };
	struct text other;
	char name[65];

	list_names(browse, names);
	other = http_query_other(browse->call->request, names);
	if (other.at != NULL)
		defects_add(&defects, "is no parameter here", "%s",
		    text_copy(other, name, sizeof name) ? name : "query");
	if (http_body(browse->call->request).length > 0)
		defects_add(
		    &defects, "is not read: parameters stand in the query", "body");
	read_filters(browse, &defects);
	read_form(browse, &defects);
	if (defects.count == 0)
		return true;
	call_refuse(browse->call, STATUS_BAD_MESSAGE, &defects, TEXT_ABSENT, UINT_ABSENT,
	    UINT_ABSENT);
	return false;
}
