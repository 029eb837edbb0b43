/* SPDX-License-Identifier: Apache-2.0
 * The places of one service, for which two needs compete: reserved, offered, answered, taken,
 * given back, freed by a deadline, while the service reports new figures and all who act
 * act on what they saw some time ago.  Leases are left out (work.pml has them): anybody may work
 * on anything at any time, which allows more than leases do.
 *
 * An inline is a function of proto/functions, done in one step as there:
 *
 *   place_reserve  3_life.lua         one place, where one is free
 *   place_effect   3_life.lua         what a move does to the place
 *   referral_move  3_life.lua         a move and what follows from it
 *   offer          5_work.lua         the need goes out, or is parked
 *   clock          5_work.lua         remind, expire
 *   answer         4_intake.lua       accept, decline, return, complete
 *   withdraw       4_intake.lua       the family no longer wants it
 *   capacity       6_operations.lua   a newer figure of the service
 *
 * A proctype is a process or a person: matcher, notifier (its clocks), latecomer (whoever acts on
 * what is over, or repeats what had no reply), agency (which may fall silent for good), operator,
 * directory (reports).
 *
 * An offer of the first need may go out twice at once, as in an emergency: to two agencies, which
 * here share the places.
 *
 * -D of one of these leaves something out, and model_test.py wants to see it found. */
#ifndef NO_DEADLINE
#define NO_DEADLINE false
#endif
#ifndef NO_ROOM_CHECK
#define NO_ROOM_CHECK false
#endif
#ifndef RESERVE_BEFORE_FENCE
#define RESERVE_BEFORE_FENCE false
#endif
#ifndef NO_STEP_FENCE
#define NO_STEP_FENCE false
#endif
#ifndef KEEP_ON_DECLINE
#define KEEP_ON_DECLINE false
#endif
#ifndef KEEP_ON_EXPIRE
#define KEEP_ON_EXPIRE false
#endif
#ifndef TAKE_COUNTS_TWICE
#define TAKE_COUNTS_TWICE false
#endif
#ifndef KEEP_OTHERS
#define KEEP_OTHERS false
#endif
#ifndef GIVE_BACK_ALWAYS
#define GIVE_BACK_ALWAYS false
#endif

#define NEEDS 2
#define ATTEMPTS 2   /* referrals of the first need; of the second one less */
#define REFERRALS 3
#define REPORTS 2
#define MOST 2       /* places */
#define UNKNOWN 255

mtype = { received, matching, parked, offered, in_service, closed };
mtype = { none, queued, accepted, declined, expired, returned, cancelled, completed };
mtype = { keep, take, free, giveback };

/* What a referral holds: nothing, a place, one taken of a reported figure, one that was gone. */
#define NOTHING 0
#define HELD 1
#define GONE 2
#define TAKEN 3 /* + number of the report */

mtype need[NEEDS] = received;
byte version[NEEDS];
byte referrals[NEEDS];
mtype referral[REFERRALS] = none;
byte place[REFERRALS];
byte step[REFERRALS];
bool has_clock[REFERRALS];

byte available = 1, held, report;

hidden byte is_ok = 1, r_made;

/* Known to the proof only. */
byte figure = 1; /* as reported */
byte reminded[REFERRALS];

#define WAITS(n) (need[n] == received || need[n] == matching || need[n] == parked)
#define AWAITS_ANSWER(r) (referral[r] == queued)
#define HAS(r, what) (place[r] == what -> 1 : 0)
#define COUNT(what) (HAS(0, what) + HAS(1, what) + HAS(2, what))
#define AS_IT_SHOULD(r) ((place[r] == HELD) == AWAITS_ANSWER(r))

/* What is held is out as an offer and nowhere else; nothing that was reported is lost or sold
 * twice. */
#define IN_BALANCE \
	assert(held == COUNT(HELD)); \
	assert(AS_IT_SHOULD(0) && AS_IT_SHOULD(1) && AS_IT_SHOULD(2)); \
	assert(referral[0] != accepted || (referral[1] != accepted && referral[1] != queued)); \
	assert(referral[1] != accepted || referral[0] != queued); \
	assert(need[0] != matching || (referral[0] != queued && referral[1] != queued)); \
	assert(available == UNKNOWN || available + COUNT(TAKEN + report) == figure)

inline place_reserve()
{
	is_ok = (available == UNKNOWN || available > held || NO_ROOM_CHECK);
	held = held + is_ok
}

inline place_effect(r, effect)
{
	if
	:: effect == free && place[r] == HELD -> held--; place[r] = NOTHING
	:: effect == take && place[r] == HELD ->
		held = (TAKE_COUNTS_TWICE -> held : held - 1);
		if
		:: available == UNKNOWN -> place[r] = TAKEN + report
		:: available == 0 -> place[r] = GONE
		:: else -> available--; place[r] = TAKEN + report
		fi
	:: effect == giveback && place[r] != NOTHING ->
		if
		:: available != UNKNOWN && (place[r] == TAKEN + report || GIVE_BACK_ALWAYS) -> available++
		:: else
		fi;
		place[r] = NOTHING
	:: else
	fi
}

#define NEED_OF(r) (r / ATTEMPTS)

/* The other one of the first need. */
#define OTHER(r) (1 - r)
#define OTHER_IS_OUT(r) (r < ATTEMPTS && AWAITS_ANSWER(OTHER(r)))

inline end_offer(r, to, effect)
{
	place_effect(r, effect);
	referral[r] = to;
	has_clock[r] = false
}

inline referral_move(r, to, effect, need_to)
{
	end_offer(r, to, effect);
	if
	:: need_to == matching && OTHER_IS_OUT(r)
	:: else ->
		need[NEED_OF(r)] = need_to;
		version[NEED_OF(r)]++;
		if
		:: (need_to == in_service || need_to == closed) && OTHER_IS_OUT(r) && !KEEP_OTHERS ->
			end_offer(OTHER(r), cancelled, free)
		:: else
		fi
	fi
}

/* A place is reserved. */
inline refer(n)
{
	r_made = n * ATTEMPTS + referrals[n];
	referral[r_made] = queued;
	place[r_made] = HELD;
	has_clock[r_made] = !NO_DEADLINE;
	referrals[n]++
}

inline offer(n, v)
{
	if
	:: RESERVE_BEFORE_FENCE -> place_reserve()
	:: else
	fi;
	if
	:: WAITS(n) && version[n] == v ->
		if
		:: RESERVE_BEFORE_FENCE
		:: else -> place_reserve()
		fi;
		if
		:: is_ok ->
			assert(available == UNKNOWN || held <= available); /* not sold twice */
			refer(n);
			need[n] = offered;
			version[n]++;
			if
			:: n == 0 && referrals[0] == 1 -> /* to two at once */
				place_reserve();
				if
				:: is_ok -> refer(0)
				:: else -> is_ok = 1
				fi
			:: true
			fi
		:: else ->
			if
			:: need[n] != parked -> need[n] = parked; version[n]++
			:: else
			fi
		fi
	:: else
	fi;
	IN_BALANCE
}

inline clock(r, s)
{
	if
	:: referral[r] != none && (step[r] == s || NO_STEP_FENCE) ->
		if
		:: s == 0 -> step[r] = 1; reminded[r]++; assert(reminded[r] == 1)
		:: s == 1 && AWAITS_ANSWER(r) -> referral_move(r, expired, (KEEP_ON_EXPIRE -> keep : free), matching)
		:: else -> has_clock[r] = false
		fi
	:: else
	fi;
	IN_BALANCE
}

inline answer(r, action)
{
	if
	:: action == accepted && referral[r] == queued -> referral_move(r, accepted, take, in_service)
	:: action == declined && referral[r] == queued -> referral_move(r, declined, (KEEP_ON_DECLINE -> keep : free), matching)
	:: action == returned && referral[r] == accepted -> referral_move(r, returned, giveback, matching)
	:: action == completed && referral[r] == accepted -> referral_move(r, completed, keep, closed)
	:: else
	fi;
	IN_BALANCE
}

inline withdraw(n)
{
	r_made = n * ATTEMPTS + referrals[n] - 1;
	if
	:: n == 0 && AWAITS_ANSWER(0) -> r_made = 0
	:: else
	fi;
	if
	:: need[n] == offered -> referral_move(r_made, cancelled, free, closed)
	:: WAITS(n) -> need[n] = closed; version[n]++
	:: else
	fi;
	IN_BALANCE
}

inline capacity(places)
{
	report++;
	available = places;
	figure = places
}

#define MAY_OFFER(n) (WAITS(n) && referrals[n] < ATTEMPTS - n)

active proctype matcher()
{
end:
	do
	:: atomic { MAY_OFFER(0) -> offer(0, version[0]) }
	:: atomic { MAY_OFFER(1) -> offer(1, version[1]) }
	od
}

active proctype notifier()
{
end:
	do
	:: atomic { has_clock[0] -> clock(0, step[0]) }
	:: atomic { has_clock[1] -> clock(1, step[1]) }
	:: atomic { has_clock[2] -> clock(2, step[2]) }
	od
}

/* What was sent long ago, or was sent before and had no reply. */
active proctype latecomer()
{
end:
	do
	:: atomic { version[0] > 0 && referrals[0] < ATTEMPTS -> offer(0, version[0] - 1) }
	:: atomic { step[0] > 0 -> clock(0, 0) }
	:: atomic { referral[0] != none -> clock(0, 1) }
	od
}

#define MAY_ANSWER(r) (referral[r] == queued || referral[r] == accepted)

/* Answers for as long as it likes. */
active proctype agency()
{
	byte r;
	mtype action = none;

end:
	do
	:: atomic {
		if
		:: MAY_ANSWER(0) -> r = 0
		:: MAY_ANSWER(1) -> r = 1
		:: MAY_ANSWER(2) -> r = 2
		fi;
		if
		:: action = accepted
		:: action = declined
		:: action = returned
		:: action = completed
		fi;
		answer(r, action);
		r = 0;
		action = none }
	:: break
	od
}

active proctype operator()
{
	if
	:: atomic { need[0] != closed -> withdraw(0) }
	:: true
	fi
}

active proctype directory()
{
	byte places;

end:
	do
	:: atomic { report < REPORTS ->
		if
		:: places = 0
		:: places = MOST
		:: places = UNKNOWN
		fi;
		capacity(places);
		places = 0 }
	od
}

/* Every offer is answered, or expires, or is withdrawn. */
ltl no_offer_stays { [] (AWAITS_ANSWER(0) -> <> !AWAITS_ANSWER(0)) && [] (AWAITS_ANSWER(1) -> <> !AWAITS_ANSWER(1)) }
