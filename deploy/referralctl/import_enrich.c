/* SPDX-License-Identifier: Apache-2.0
 * The enrichers in turn, and what they share. */
#include "deploy/referralctl/import_enrich.h"

#include "deploy/referralctl/import_eligibility.h"
#include "deploy/referralctl/import_hours.h"
#include "deploy/referralctl/import_places.h"
#include "deploy/referralctl/import_settle.h"
#include "deploy/referralctl/import_zones.h"

static void
forget_facts(json_t *service)
{
	json_t *attributes = json_object_get(service, "attributes");

	for (size_t i = json_array_size(attributes); i-- > 0;) {
		const json_t *attribute = json_array_get(attributes, i);
		const json_t *term = json_object_get(attribute, "taxonomy_term");

		if (json_object_get(attribute, "x_evidence") != NULL &&
		    text_is(settle_text_at(term, "taxonomy"), ENRICH_TAXONOMY))
			json_array_remove(attributes, i);
	}
}

void
import_enrich_fact(struct import_check *check, json_t *object, const char *owner,
    const char *entity, const char *label, struct text value, struct text evidence)
{
	char id[ID_UUID_BYTES + 1];
	char term[ID_UUID_BYTES + 1];
	json_t *attributes = json_object_get(object, "attributes");
	json_t *attribute;

	settle_derive(text_of(owner), "attribute", text_of(label),
	    evidence.at ? value : TEXT_ABSENT, id);
	settle_derive(check->source, "taxonomy_term", text_of(ENRICH_TAXONOMY),
	    text_of(label), term);
	if (!json_is_array(attributes)) {
		attributes = json_array();
		json_object_set_new(object, "attributes", attributes);
	}
	attribute = json_pack("{s:s, s:s, s:s, s:s, s:s%, s:{s:s, s:s, s:s, s:s, s:s}}",
	    "id", id, "link_id", owner, "link_entity", entity, "label", label, "value",
	    value.at, (size_t)value.length, "taxonomy_term", "id", term, "code", label,
	    "name", label, "description", "", "taxonomy", ENRICH_TAXONOMY);
	if (evidence.at != NULL)
		json_object_set_new(
		    attribute, "x_evidence", json_stringn(evidence.at, evidence.length));
	json_array_append_new(attributes, attribute);
}

void
import_enrich(struct import_enrich *enrich, json_t *service, struct import_check *check)
{
	import_eligibility_forget(service);
	forget_facts(service);
	import_hours_enrich(service, check);
	import_zones_enrich(service, check);
	import_eligibility_enrich(service, check);
	import_places_enrich(enrich->places, service, check);
}

bool
import_enrich_knows(const char *name)
{
	static const char *const NAMES[] = { "confidentiality", "referral_allowed",
		"household_type", "displacement", "difficulty", "interpreter",
		"radius_km", "response_within_hours", "residence", "referral_method",
		"notice_starts", "notice_ends", "always_open", "cost", "question",
		"capacity_ttl_hours", "workers" };

	for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++)
		if (strcmp(NAMES[i], name) == 0)
			return true;
	return false;
}
