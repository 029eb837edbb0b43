/* SPDX-License-Identifier: Apache-2.0
 * Opening hours in prose become schedules. */
#ifndef REFERRALCTL_IMPORT_HOURS_H
#define REFERRALCTL_IMPORT_HOURS_H

#include "deploy/referralctl/import_check.h"

/* In each list of schedules (of the service, its places and their locations) whose entries
 * only describe: their words are read together, and what they say for certain
 * (common/prose_hours.h) is added as entries of their own with x_parsed, freq, byday and
 * times; x_by_appointment where the words ask for an appointment.  The words stay.
 * A list in which the publisher gives days or times is left alone.
 * Schedules with x_parsed that are there already go first.  Counts the share "hours". */
void import_hours_enrich(json_t *service, struct import_check *check);

#endif
