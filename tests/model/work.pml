/* SPDX-License-Identifier: Apache-2.0
 * One need on its way through the stage `match`, with everything that may go wrong on it: late
 * commits, copies that come twice or never, workers and upstreams that die, leases that run
 * out under a worker that is only slow, dead letters that are replayed, an offer that is
 * declined so that the need is matched again.
 *
 * An inline is a Redis function (proto/functions), done in one step as there:
 *
 *   accept        4_intake.lua       stores the need, leased to a worker or ready
 *   answer        4_intake.lua       a decline: the need is matched again
 *   claim         5_work.lua         promotes what is delayed, leases what is ready
 *   extend        5_work.lua         fenced by the lease number
 *   nack          5_work.lua         fenced by the lease number
 *   crash         5_work.lua         counts a worker that died on the item
 *   reap          5_work.lua         leases that ran out are ready again
 *   offer         5_work.lua         the commit, with or without a free place
 *   dead          6_operations.lua   replay
 *
 * A proctype is a process: intake (services/intake, common/link_upstream.c), worker
 * (services/matcher, common/worker.c, common/link_worker.c), redis_time (deadlines pass),
 * agency, operations.
 *
 * Time is one bit: a lease has `lapsed` or not.  FAULTS bounds what goes wrong in a life: the
 * model says what holds however the faults fall, and that the need gets through when they end.
 *
 * -D of one of these leaves something out, and model_test.py wants to see it found. */
#ifndef NO_DIGEST
#define NO_DIGEST false
#endif
#ifndef NO_VERSION_FENCE
#define NO_VERSION_FENCE false
#endif
#ifndef NO_ATTEMPT_CHECK
#define NO_ATTEMPT_CHECK false
#endif
#ifndef LEAVE_FORGETS_ATTEMPT
#define LEAVE_FORGETS_ATTEMPT false
#endif
#ifndef REPLAY_FORGETS_ATTEMPT
#define REPLAY_FORGETS_ATTEMPT false
#endif
#ifndef KEEP_READY
#define KEEP_READY false
#endif
#ifndef KEEP_LEASED
#define KEEP_LEASED false
#endif
#ifndef KEEP_DELAYED
#define KEEP_DELAYED false
#endif
#ifndef KEEP_DEAD
#define KEEP_DEAD false
#endif
#ifndef NO_REAP
#define NO_REAP false
#endif

#define WORKERS 2
#define NOBODY 255

/* Kinds of nack. */
#define FREE 0
#define FAILURE 1
#define DEAD 2

#define FAILURES_MOST 2
#define CRASHES_MOST 2

#ifndef FAULTS
#define FAULTS 3 /* of any kind, in a life */
#endif
#define DECLINES 1
#define REPLAYS 1

mtype = { absent, received, matching, parked, offered };

/* The case hash and the four sets of the stage. */
mtype state = absent;
byte version, commit, attempt, failures, crashes;
bool ready, leased, delayed, buried; /* `buried` is the set `dead` */
bool lapsed; /* the score of `leased` is in the past */

hidden byte is_ok; /* what the function replied: ok, or that it changed nothing */

/* version, lease number, name of the lease */
chan link = [3] of { byte, byte, byte };
/* What the upstream hears of a lost worker. */
chan lost = [1] of { byte, byte, byte };

/* Known to the proof only. */
byte leases;        /* made so far: the name of the newest */
byte mine[WORKERS]; /* the lease under which a worker works */
byte applied[8];    /* effects, by the version that the work was of */
byte accepts;
bool is_acknowledged;
byte faults, declines, replays;

#define WAITS (state == received || state == matching || state == parked)

/* An item that waits is in exactly one set, one that does not is in none. */
#define IN_ONE_SET assert(ready + leased + delayed + buried == (WAITS -> 1 : 0))

inline take_out()
{
	if
	:: leased -> leased = KEEP_LEASED; lapsed = false
	:: !leased && ready -> ready = KEEP_READY
	:: !leased && !ready && delayed -> delayed = KEEP_DELAYED
	:: !leased && !ready && !delayed && buried -> buried = KEEP_DEAD
	:: else
	fi
}

inline leave()
{
	take_out();
	attempt = (LEAVE_FORGETS_ATTEMPT -> 0 : attempt);
	failures = 0;
	crashes = 0
}

inline lease_it()
{
	leased = true;
	lapsed = false;
	attempt++;
	leases++
}

/* `has_lease`: the upstream has a place at a worker. */
inline enter(has_lease)
{
	if
	:: has_lease -> lease_it()
	:: !has_lease -> ready = true
	fi
}

inline accept(has_lease)
{
	is_ok = (state == absent || NO_DIGEST);
	if
	:: is_ok ->
		state = received;
		version = 1;
		accepts++;
		enter(has_lease)
	:: else
	fi;
	assert(accepts == 1);
	IN_ONE_SET
}

inline claim()
{
	if
	:: delayed -> delayed = false; ready = true
	:: else
	fi;
	ready = false;
	lease_it();
	IN_ONE_SET
}

/* Nobody extends or ends the lease of another, in whichever visit to the stage it was given. */
#define ITS_OWN(name) (name == leases)

inline extend(number, name)
{
	is_ok = leased && attempt == number;
	if
	:: is_ok ->
		assert(ITS_OWN(name));
		lapsed = false
	:: else
	fi
}

inline nack(number, name, kind)
{
	is_ok = leased && (attempt == number || NO_ATTEMPT_CHECK);
	if
	:: is_ok ->
		assert(ITS_OWN(name));
		leased = false;
		lapsed = false;
		failures = failures + (kind == FAILURE -> 1 : 0);
		if
		:: kind == DEAD || failures >= FAILURES_MOST -> buried = true
		:: else ->
			if
			:: ready = true
			:: delayed = true
			fi
		fi
	:: else
	fi;
	IN_ONE_SET
}

inline crash(number, name)
{
	is_ok = ready || leased || delayed;
	if
	:: is_ok ->
		crashes++;
		if
		:: crashes >= CRASHES_MOST -> take_out(); buried = true
		:: crashes < CRASHES_MOST && leased && attempt == number ->
			assert(ITS_OWN(name));
			leased = false;
			lapsed = false;
			ready = true
		:: else
		fi
	:: else
	fi;
	IN_ONE_SET
}

inline reap()
{
	leased = false;
	lapsed = false;
	ready = true;
	IN_ONE_SET
}

/* `has_place`: a candidate has a free place, else the need is parked.  The id of the commit
 * is the version that was worked from, whoever worked. */
inline offer(v, has_place)
{
	is_ok = commit != v && WAITS && (version == v || NO_VERSION_FENCE);
	if
	:: is_ok ->
		if
		:: has_place ->
			leave();
			state = offered;
			version++;
			commit = v;
			applied[v]++
		:: !has_place ->
			if
			:: state != parked ->
				state = parked;
				version++;
				commit = v;
				applied[v]++
			:: else
			fi;
			take_out();
			delayed = true
		fi;
		assert(applied[v] <= 1)
	:: else
	fi;
	IN_ONE_SET
}

inline answer(has_lease)
{
	state = matching;
	version++;
	enter(has_lease);
	IN_ONE_SET
}

inline dead()
{
	buried = false;
	failures = 0;
	crashes = 0;
	attempt = (REPLAY_FORGETS_ATTEMPT -> 0 : attempt);
	ready = true;
	IN_ONE_SET
}

/* Is executable as long as one more thing may go wrong. */
#define FAULT faults < FAULTS -> faults++

/* Sends work that was leased in the same transition; the copy is lost where the upstream dies. */
inline hand_over()
{
	if
	:: link!version,attempt,leases
	:: FAULT
	fi
}

active proctype intake()
{
	byte v, number, name;

	/* The client repeats its command until it has an answer. */
	do
	:: atomic { FAULT; accept(false) }
	:: atomic { accept(true);
		if
		:: is_ok -> hand_over()
		:: else
		fi;
		break }
	:: atomic { accept(false); break }
	od;
	is_acknowledged = true;
end:
	do
	:: atomic { lost?v,number,name -> nack(number, name, FREE);
		v = 0; number = 0; name = 0 }
	:: atomic { nempty(lost) && FAULT; lost?_,_,_ }
	od
}

#define DONE v = 0; number = 0; name = 0; is_handed = false; mine[_pid - 1] = NOBODY; goto idle

active [WORKERS] proctype worker()
{
	byte v, number, name;
	bool is_handed;

end:
idle:
	do
	:: atomic { link?v,number,name -> is_handed = true;
		mine[_pid - 1] = name; goto busy }
	:: atomic { nempty(link) && FAULT; link?<v,number,name>; is_handed = true;
		mine[_pid - 1] = name; goto busy }
	:: atomic { ready || delayed -> claim(); v = version; number = attempt; name = leases;
		mine[_pid - 1] = name; goto busy }
	od;
busy:
	do
	:: atomic { offer(v, true); DONE }
	:: atomic { FAULT; offer(v, true) } /* no reply: will be repeated */
	:: atomic { FAULT; offer(v, false); DONE }
	:: atomic { FAULT; nack(number, name, FREE); DONE }
	:: atomic { FAULT; nack(number, name, FAILURE); DONE }
	:: atomic { FAULT; nack(number, name, DEAD); DONE }
	:: atomic { FAULT; extend(number, name) }
	:: atomic { FAULT;
		if
		:: is_handed -> lost!v,number,name
		:: else
		fi;
		if
		:: mine[_pid - 1] = NOBODY; break /* dead, and started again */
		:: true /* it was only silent for too long */
		fi }
	od;
	atomic { crash(number, name); DONE }
}

active proctype redis_time()
{
end:
	do
	:: atomic { leased && !lapsed && leases != mine[0] && leases != mine[1] -> lapsed = true }
	:: atomic { leased && !lapsed && FAULT; lapsed = true }
	:: atomic { leased && lapsed && !NO_REAP -> reap() }
	od
}

active proctype agency()
{
end:
	do
	:: atomic { state == offered && declines < DECLINES -> declines++; answer(true); hand_over() }
	:: atomic { state == offered && declines < DECLINES -> declines++; answer(false) }
	od
}

active proctype operations()
{
end:
	do
	:: atomic { buried && replays < REPLAYS -> replays++; dead() }
	od
}

/* Once the faults are over, what was acknowledged is offered, or is a dead letter. */
ltl gets_through { [] (is_acknowledged -> <> (state == offered || buried)) }
