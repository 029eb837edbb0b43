/* SPDX-License-Identifier: Apache-2.0
 * The end of Redis' append-only file after a crash of the machine. */
#ifndef REFERRALCTL_AOF_H
#define REFERRALCTL_AOF_H

#include "proto/status.h"

/* Cuts what was begun and not finished off the newest file in `folder` (appendonlydir), before
 * Redis reads it.  Redis 7.0 does so itself, but of a transaction that ends within a command it
 * cuts only that command: the MULTI stays open in the file, takes in what is written next, and
 * at the next start both are lost, or half of a transition is applied.
 * OK: cut; DUP: nothing to cut, or no such file; DAMAGED: not what Redis writes, left alone, since
 * Redis refuses it too; UNAVAILABLE: cannot be read or written, see errno. */
enum status aof_mend(const char *folder) MUST_CHECK;

#endif
