/* SPDX-License-Identifier: Apache-2.0
 * From a description to attributes. */
#include "deploy/referralctl/import_eligibility.h"

#include <math.h>

#include "common/prose_eligibility.h"
#include "deploy/referralctl/import_enrich.h"
#include "deploy/referralctl/import_settle.h"

#define PROSE "eligibility_description"
#define MINIMUM "minimum_age"
#define MAXIMUM "maximum_age"
#define CUT "\xe2\x80\xa6" /* an ellipsis */

static bool
is_own(const json_t *attribute)
{
	const json_t *term = json_object_get(attribute, "taxonomy_term");

	return text_is(settle_text_at(term, "taxonomy"), ENRICH_TAXONOMY);
}

static bool
has_fact(const json_t *service, const char *label)
{
	size_t index;
	const json_t *attribute;

	json_array_foreach(json_object_get(service, "attributes"), index, attribute)
	{
		if (is_own(attribute) &&
		    text_is(settle_text_at(attribute, "label"), label))
			return true;
	}
	return false;
}

void
import_eligibility_forget(json_t *service)
{
	size_t index;
	const json_t *attribute;

	json_array_foreach(json_object_get(service, "attributes"), index, attribute)
	{
		struct text label = settle_text_at(attribute, "label");

		if (!is_own(attribute) ||
		    json_object_get(attribute, "x_evidence") == NULL)
			continue;
		if (text_is(label, MINIMUM))
			json_object_del(service, MINIMUM);
		if (text_is(label, MAXIMUM))
			json_object_del(service, MAXIMUM);
	}
}

static void
add_fact(json_t *service, const char *label, struct text value, struct text evidence,
    struct import_check *check)
{
	const char *id = json_string_value(json_object_get(service, "id"));

	import_enrich_fact(
	    check, service, id ? id : "", "service", label, value, evidence);
}

static void
add_age(json_t *service, const char *name, double age, struct text evidence,
    struct import_check *check)
{
	char digits[32];

	if (isnan(age))
		return;
	snprintf(digits, sizeof digits, "%g", age);
	json_object_set_new(service, name,
	    age == floor(age) ? json_integer((json_int_t)age) : json_real(age));
	add_fact(service, name, text_of(digits), evidence, check);
}

static void
add_codes(
    json_t *service, const struct prose_eligibility *read, struct import_check *check)
{
	const char *label = code_set_name(read->set);

	if (read->codes == 0 || has_fact(service, label))
		return;
	for (unsigned code = 1; code < code_count(read->set); code++)
		if (read->codes & 1u << code)
			add_fact(service, label, text_of(code_word(read->set, code)),
			    read->codes_evidence, check);
}

/* Cut at a character, and with a sign that it is. */
static void
add_question(json_t *service, struct text sentence, struct import_check *check)
{
	char question[IMPORT_QUESTION_MAX_BYTES + 1];
	uint32_t length = sentence.length;

	if (length > IMPORT_QUESTION_MAX_BYTES) {
		length = IMPORT_QUESTION_MAX_BYTES - (uint32_t)strlen(CUT);
		while (length > 0 && ((unsigned char)sentence.at[length] & 0xc0) == 0x80)
			length--;
	}
	snprintf(question, sizeof question, "%.*s%s", (int)length, sentence.at,
	    length < sentence.length ? CUT : "");
	add_fact(service, "question", text_of(question), LITERAL(PROSE), check);
}

void
import_eligibility_enrich(json_t *service, struct import_check *check)
{
	struct import_share *share =
	    &check->report->understood[IMPORT_UNDERSTOOD_eligibility];
	struct prose_eligibility read;

	if (!prose_eligibility_read(settle_text_at(service, PROSE), &read))
		return;
	share->of++;
	if (read.questions_count == 0)
		share->understood++;
	else
		import_check_note(check, IMPORT_eligibility_in_words, "");
	if (json_object_get(service, MINIMUM) == NULL &&
	    json_object_get(service, MAXIMUM) == NULL) {
		add_age(service, MINIMUM, read.minimum_age, read.age_evidence, check);
		add_age(service, MAXIMUM, read.maximum_age, read.age_evidence, check);
	}
	add_codes(service, &read, check);
	for (uint32_t i = 0; i < read.questions_count; i++)
		add_question(service, read.questions[i], check);
}
