/* SPDX-License-Identifier: Apache-2.0
 * What matters for matching in one service, read from its HSDS 3.1 document.
 *
 * Nothing is invented: what a document does not say is unknown here (NaN, 0, count 0). */
#ifndef COMMON_FACTS_H
#define COMMON_FACTS_H

#include "common/hours.h"
#include "common/shapes.h"
#include "proto/message.h"

enum confidentiality {
	CONFIDENTIALITY_public,
	CONFIDENTIALITY_address_hidden, /* found by all, its address shown to nobody but cleared roles */
	CONFIDENTIALITY_cleared, /* found by cleared roles and the matcher only */
};

#define FACTS_TERMS_MAX 24
#define FACTS_TAXONOMIES_MAX 4
#define FACTS_LANGUAGES_MAX 16
#define FACTS_AREAS_MAX 64
#define FACTS_POINTS_MAX 8
#define FACTS_HOURS_MAX 64
#define FACTS_RESIDENCES_MAX 8
#define FACTS_QUESTIONS_MAX 4
#define FACTS_SHAPE_POINTS_MAX 4096
#define FACTS_WORDINGS_MAX 64

/* A text besides the service's own that it is looked for by. */
enum facts_wording_of {
	WORDING_OF_NAME,
	WORDING_OF_DESCRIPTION,
	WORDING_OF_TERM,
	WORDING_OF_PLACE /* city and region of addresses that all may see */
};
struct facts_wording {
	struct text text;
	enum facts_wording_of of;
};

/* Texts, wordings and hours point into the document or the facts_reader that read it. */
struct service_facts {
	struct text id;
	struct text agency;
	struct text agency_name;
	struct text name;
	struct text alternate_name;
	struct text description;
	struct text source;       /* which import it came with */
	bool is_active;           /* status "active" */
	bool is_referral_allowed; /* attribute referral_allowed, yes unless it says no */
	enum confidentiality confidentiality;
	struct text
	    terms[FACTS_TERMS_MAX]; /* taxonomy term codes, lower case as stored */
	uint32_t terms_count;
	struct text
	    taxonomies[FACTS_TAXONOMIES_MAX]; /* that its terms are of, as written */
	uint32_t taxonomies_count;
	uint8_t term_taxonomies[FACTS_TERMS_MAX]; /* of each term: position from 1; 0: of
	                                             none that is known */
	double minimum_age, maximum_age;          /* years, NaN unknown */
	uint32_t household_types; /* bit (1 << enum household_type), 0: unknown */
	uint32_t displacements;   /* bit (1 << enum displacement), 0: unknown */
	uint32_t difficulties;    /* bit (1 << enum difficulty), 0: unknown */
	struct text languages[FACTS_LANGUAGES_MAX]; /* ISO 639-1 or BCP 47, lower case */
	uint32_t languages_count;                   /* 0: unknown */
	enum flag interpreter;
	struct text
	    areas[FACTS_AREAS_MAX]; /* place codes of "urn:place:CODE" service areas */
	uint32_t areas_count;       /* 0: none */
	const struct shape_point *shapes; /* areas with a drawn border */
	uint32_t shapes_count;            /* points; 0: none */
	bool is_area_unclear; /* there are areas besides that were not understood */
	struct text
	    residences[FACTS_RESIDENCES_MAX]; /* place codes: in one of them the family
	                                               * must live */
	uint32_t residences_count;
	bool is_residence_unclear; /* there are others that were not understood */
	struct {
		double lat, lon;
	} points
	    [FACTS_POINTS_MAX]; /* physical locations; to 0.1 degrees where one hides its address */
	uint32_t points_count;
	uint32_t
	    open_points; /* bit (1 << i): points[i] is as it is though the entry is not public */
	double radius_km;          /* serves this far around its points, NaN unknown */
	double available, maximum; /* places, NaN unknown */
	int64_t capacity_at;       /* when that was reported, TIME_ABSENT unknown */
	double capacity_ttl_hours; /* for so long a report is believed, NaN unknown */
	const struct hours_rule *hours; /* see facts_hours.h */
	uint32_t hours_count;           /* 0: unknown */
	double response_hours;          /* promised, NaN unknown */
	double workers;            /* of the agency, for such services; NaN unknown */
	uint32_t referral_methods; /* bit (1 << enum referral_method), 0: unknown */
	uint32_t costs;            /* bit (1 << enum cost), 0: unknown */
	int64_t verified_at;       /* the day it was assured, TIME_ABSENT unknown */
	struct text notice;        /* what people are to be told for now */
	int64_t notice_starts, notice_ends;         /* TIME_ABSENT: from ever, for ever */
	struct text questions[FACTS_QUESTIONS_MAX]; /* to ask before a referral */
	uint32_t questions_count;
	const struct facts_wording *wordings; /* see facts_wording_of */
	uint32_t wordings_count;
};

/* Holds one parsed document.  NULL: out of memory. */
struct facts_reader;
struct facts_reader *facts_reader_new(void);
void facts_reader_free(struct facts_reader *reader);

/* Reads a stored service document (HSDS 3.1 JSON: nested organization, service_at_locations
 * with location, schedules, service_areas, languages, capacities, attributes).
 * Attributes with taxonomy_term.taxonomy "hearthline-facts" are facts (label = key, value):
 * confidentiality, referral_allowed, household_type, displacement, difficulty, interpreter,
 * radius_km, response_within_hours, residence, referral_method, cost, capacity_ttl_hours,
 * notice_starts, notice_ends, question, workers.  All other attributes with a taxonomy_term are need
 * terms (its code, else its name; A-Z in lower case).
 *
 * Areas are "urn:place:CODE" or an extent of extent_type geojson (facts_shapes.h).  The costs
 * are the attributes', else follow from cost_options that all have an amount: free where none
 * costs anything, a fee where each does.  An accessibility of a location that says wheelchair,
 * ramp, elevator, braille or the like, and nothing else, is a difficulty it is equipped for.
 * The notice is the HSDS alert; verified is assured_date.
 *
 * Languages and hours are unknown as a whole (count 0) where an entry is not understood or does
 * not fit, since half a list would make a fitting service fail; areas and residences say that
 * there are such.  Terms, points, questions and wordings beyond their limit are left out; with points the
 * radius becomes unknown too.
 * Three-letter language codes are given as two letters where there are two.  An unknown word
 * for confidentiality hides more, never less.  A place that asks for more than its service hides
 * itself alone: that its address is hidden makes the entry so, but for the points and towns of
 * other places; a place for cleared roles is passed over where there are others, else the entry
 * is for them.  Of several
 * capacities the one with fewest places counts.
 * facts_hours.h says how schedules are read.
 *
 * OK: texts stay valid until the reader is used again.  INVALID: not JSON, or without an id
 * or a name.  NO_MEMORY. */
enum status facts_read(struct facts_reader *reader, struct text document,
    struct service_facts *facts) MUST_CHECK;
/* Everything unknown. */
void facts_init(struct service_facts *facts);

/* The notice while it holds, its last day to the end (UTC); else absent. */
struct text facts_notice(const struct service_facts *facts, int64_t now_ms);
bool facts_is_noticed(int64_t starts, int64_t ends, int64_t now_ms);

#endif
