/* SPDX-License-Identifier: Apache-2.0
 * Names and descriptions in other languages, and the names of terms. */
#include "common/facts_private.h"

static void
add(struct facts_reader *reader, struct service_facts *facts, enum facts_wording_of of,
    struct text text)
{
	if (text.at != NULL && facts->wordings_count < FACTS_WORDINGS_MAX)
		reader->wordings[facts->wordings_count++] =
		    (struct facts_wording){ text, of };
}

static void
read_translations(
    struct facts_reader *reader, const json_t *service, struct service_facts *facts)
{
	const char *language;
	json_t *texts;

	json_object_foreach(json_object_get(service, "x_translations"), language, texts)
	{
		add(reader, facts, WORDING_OF_NAME, text_at(texts, "name"));
		add(reader, facts, WORDING_OF_NAME, text_at(texts, "alternate_name"));
		add(reader, facts, WORDING_OF_DESCRIPTION, text_at(texts, "description"));
	}
}

static void
read_term_names(
    struct facts_reader *reader, const json_t *service, struct service_facts *facts)
{
	size_t index;
	const json_t *attribute;

	json_array_foreach(json_object_get(service, "attributes"), index, attribute)
	{
		const json_t *term = json_object_get(attribute, "taxonomy_term");

		if (!is_word(text_at(term, "taxonomy"), OWN_TAXONOMY))
			add(reader, facts, WORDING_OF_TERM, text_at(term, "name"));
	}
}

void
read_wordings(
    struct facts_reader *reader, const json_t *service, struct service_facts *facts)
{
	facts->wordings = reader->wordings;
	read_translations(reader, service, facts);
	read_term_names(reader, service, facts);
}
