/* SPDX-License-Identifier: Apache-2.0
 * What the kernel knows of this process.  0 where /proc does not tell. */
#ifndef COMMON_PROCESS_H
#define COMMON_PROCESS_H

/* Seconds since 1970. */
double process_started_at(void);
double process_resident_bytes(void);
/* User and system. */
double process_cpu_seconds(void);

#endif
