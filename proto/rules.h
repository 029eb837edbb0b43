/* SPDX-License-Identifier: Apache-2.0
 * What the table cannot say: how the fields of an intake must fit together. */
#ifndef PROTO_RULES_H
#define PROTO_RULES_H

#include "proto/message.h"

/* Adds a defect for every rule that an intake breaks; `prefix` goes before each path
 * ("intake." for the message, "" for the HTTP body).
 *
 *   needs[].for        names a member that exists, each once
 *   needs[].term       not empty, no blank at either end, no control characters
 *   place              lat and lon stand together; place needs code, point or text
 *   household.languages, preferences.*: not empty, no repeats; languages look like BCP 47
 *   contact.phone      8 to 15 digits after an optional +, separators allowed (E.164)
 *   contact.email      one @ with something before it and a dot after it
 *   contact.safe.hours HH:MM-HH:MM
 *   consent.until      a real date YYYY-MM-DD
 *   consent.purposes, recipients: not empty texts */
void rules_check_intake(
    const struct intake *intake, const char *prefix, struct defects *defects);
/* The same for the parts that an amendment holds; "for" of added needs is checked against
 * `members_count`. */
void rules_check_changes(const struct changes *changes, uint32_t members_count,
    const char *prefix, struct defects *defects);

/* The phone number's digits only, with a leading +; false: not a number.  A leading 00
 * becomes
 * +.  `number` has room for 18 bytes. */
#define RULES_PHONE_BYTES 18
bool rules_phone_normal(struct text phone, char number[RULES_PHONE_BYTES]);

/* What matching may know of a family's place: the point rounded to 0.01 degrees, about a
 * kilometre, and no address in words. */
void rules_coarsen_place(struct place *place);

#endif
