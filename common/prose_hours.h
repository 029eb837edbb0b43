/* SPDX-License-Identifier: Apache-2.0
 * Opening hours from prose, in English, Ukrainian and Russian: read where they are certain.
 *
 * Certain is a text of which every word and number is understood and that has one meaning.
 * A word that is not in prose_hours.def, hours without a day, days without hours, times that
 * overlap or that prose_clock.h cannot tell, hours of a part of the year, "some", "varies"
 * make the whole text uncertain: then nothing of it is read, since a service that is thought
 * closed is not called.  Hours that stand under a label count if the label is of the
 * office, the reception or the hours themselves: who else's they are is not known.
 *
 * What is read but is no hours: days and times by appointment; that holidays are closed.
 * A lunch break is taken out of the hours: of all where it is said in a sentence of its own
 * or there is one group of days, else of the days it stands with. */
#ifndef COMMON_PROSE_HOURS_H
#define COMMON_PROSE_HOURS_H

#include "common/prose_clock.h"
#include "proto/text.h"

#define PROSE_HOURS_MAX 48

/* Open on `days` (bit 0 Monday .. bit 6 Sunday) of every week, or of the `week`th such day
 * in every month. */
struct prose_opening {
	uint8_t days;
	int8_t week;            /* 0 every, 1 to 4, -1 the last of the month */
	struct prose_span span; /* all day: 0 to 1440 */
};

struct prose_hours {
	struct prose_opening list[PROSE_HOURS_MAX];
	uint32_t count;
	bool is_by_appointment; /* says that appointments are, or may be, needed */
	bool is_shut_on_holidays;
};

/* `may_be_night`: see prose_clock.h; hours of Monday to Friday alone are of an office all the
 * same, since who gives a bed does so on Sunday, too.  False: not certain, and `hours` is empty. */
bool prose_hours_read(struct text prose, bool may_be_night, struct prose_hours *hours);

#endif
