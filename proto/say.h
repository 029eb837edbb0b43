/* SPDX-License-Identifier: Apache-2.0
 * What an operator says of a part of a score and of a rule of eligibility, in the languages of
 * score.def and eligibility.def. */
#ifndef PROTO_SAY_H
#define PROTO_SAY_H

#include "proto/message.h"

/* Bytes of a sentence. */
#define SAY_BYTES 121

/* The sentence for a part (by its name in score.def) that measured so much; NaN unknown.
 * `lang`: a BCP 47 tag; English where it is none of theirs.  False: there is no such part. */
bool say_part(struct text part, const char *lang, double value, char sentence[SAY_BYTES]);

/* Whether a tag is one of their languages, in any case and with any region. */
bool say_knows(const char *lang);

/* What to ask where a rule (by its name in eligibility.def) is unknown, and why it
 * excludes, each "" where it never is or does.  `lang` as above.  NULL: there is no such rule. */
const char *say_question(struct text rule, const char *lang);
const char *say_refusal(struct text rule, const char *lang);

/* Room for all parts of one candidate. */
struct said {
	char sentences[sizeof(((struct why *)0)->says) / sizeof(struct text)][SAY_BYTES];
};
/* Says the parts of the chosen one; the texts point into `said`. */
void say_why(struct why *why, const char *lang, struct said *said);

#endif
