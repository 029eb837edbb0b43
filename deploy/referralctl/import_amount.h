/* SPDX-License-Identifier: Apache-2.0
 * Numbers, dates and points as people write them in cells. */
#ifndef REFERRALCTL_IMPORT_AMOUNT_H
#define REFERRALCTL_IMPORT_AMOUNT_H

#include <stdbool.h>

#include "proto/text.h"

/* "1 234,5", "1,234.5", "12 beds", "$5": the number, where the text holds exactly one and
 * words at most beside it.  A lone comma before three digits separates thousands, unless
 * `comma_is_point`. */
bool amount_read_number(struct text text, bool comma_is_point, double *number);

enum date_order { DATE_CLEAR_ONLY, DATE_DAY_FIRST, DATE_MONTH_FIRST };
/* "2025-03-01 10:00:00", "01.03.2025", "3/1/2025" (with dots the day stands first, with
 * slashes `order` says what does, and without an order only a day above 12 can tell), "1
 * March 2025", "March 1, 2025", or the days since 1899-12-30 that spreadsheets count.
 * Years up to 1900 stand for "never" and are none.  Writes YYYY-MM-DD. */
bool amount_read_date(struct text text, enum date_order order, char date[11]);
/* "HH:MM:SS" of the time behind a date ("2025-03-01 7:05 PM"); midnight where there is none. */
void amount_read_time(struct text text, char time[9]);

/* "48.9, 24.7", "48,9; 24,7", "48.9 24.7". */
bool amount_read_pair(struct text text, double pair[2]);

#endif
