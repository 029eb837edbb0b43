/* SPDX-License-Identifier: Apache-2.0
 * How answers to offers are counted, once for the functions that write it (3_life.lua) and for
 * whoever reads it. */
#ifndef COMMON_ANSWERED_H
#define COMMON_ANSWERED_H

/* Terms that are kept of a service: those that were answered last. */
#define ANSWERED_TERMS_MOST 8
/* After so many days an answer counts half. */
#define ANSWERED_HALF_DAYS 60
/* Offers taken at once that every service is given beforehand. */
#define ANSWERED_PRIOR 4
/* Of a hundred: a smaller difference is none. */
#define ANSWERED_STEP 5

#endif
