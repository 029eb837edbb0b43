-- SPDX-License-Identifier: Apache-2.0
-- Transitions of workers: claim, extend, nack, reap, offer, told, clock.

-- Whose turn it is: of twelve, eight are for emergencies, three for what is urgent, one for
-- the rest, however few are claimed at once.
local TURNS = { 1, 1, 2, 1, 1, 1, 2, 1, 1, 2, 1, 3 }
local turns = {}

-- So many turns as counts by lane; the next claim of the stage goes on where this one ends.
local function take_turns(stage, most)
	local counts, turn = { 0, 0, 0 }, turns[stage] or 0
	for _ = 1, most do
		local lane = TURNS[turn + 1]
		counts[lane] = counts[lane] + 1
		turn = (turn + 1) % #TURNS
	end
	turns[stage] = turn
	return counts
end

local function promote(tag, stage, now, most)
	local base = tag .. ':' .. stage
	for _, item in ipairs(redis.call('ZRANGEBYSCORE', base .. ':delayed', '-inf', now,
		'LIMIT', 0, most)) do
		local case = case_of(tag, (split(item)))
		redis.call('ZREM', base .. ':delayed', item)
		redis.call('ZADD', ready_key(tag, stage, case.urgency), now, item)
	end
end

-- Claims of a stage that find both, of which one is for an item that must be alone.
local ALONE_EVERY = 8
local mixed = {}

-- What was picked without what must not be claimed together; that goes back to its place.
local function keep_apart(tag, stage, picked)
	local beside, alone = {}, {}
	for _, p in ipairs(picked) do
		local to = p.crashes < CRASHES_ALONE and beside or alone
		to[#to + 1] = p
	end
	if #alone == 0 then return picked end
	local taken, count = beside, mixed[stage] or 0
	if #beside > 0 then mixed[stage] = (count + 1) % ALONE_EVERY end
	if #beside == 0 or count == 0 then taken = { alone[1] } end
	for _, p in ipairs(picked) do
		if taken == beside and p.crashes >= CRASHES_ALONE or taken ~= beside and p ~= alone[1] then
			redis.call('ZADD', ready_key(tag, stage, p.case.urgency), p.score, p.item)
		end
	end
	return taken
end

-- ARGV: stage most lease_ms     reply: one array of work per item
local function claim(keys, argv)
	local tag, stage, most = keys[1], argv[1], tonumber(argv[2])
	local now = now_ms(tag)
	promote(tag, stage, now, most)
	local picked = {}
	local function pop(lane, n)
		if n < 1 then return end
		local popped = redis.call('ZPOPMIN', ready_key(tag, stage, lane), n)
		for i = 1, #popped, 2 do
			local p = { item = popped[i], score = popped[i + 1], case = case_of(tag, (split(popped[i]))) }
			p.attempt, p.failures, p.crashes = tries_of(p.case, stage, p.item)
			picked[#picked + 1] = p
		end
	end
	local counts = take_turns(stage, most)
	for i, lane in ipairs(LANES) do pop(lane, counts[i]) end
	for _, lane in ipairs(LANES) do pop(lane, most - #picked) end
	local out = {}
	for _, p in ipairs(keep_apart(tag, stage, picked)) do
		set_tries(p.case, stage, p.item, p.attempt + 1, p.failures, p.crashes)
		redis.call('ZADD', tag .. ':' .. stage .. ':leased', now + tonumber(argv[3]), p.item)
		out[#out + 1] = work_of(p.case, stage, p.item)
	end
	return out
end

-- ARGV: stage lease_ms (item attempt)...     reply: ok, how many are still held
local function extend(keys, argv)
	local tag, stage = keys[1], argv[1]
	local deadline, held = now_ms(tag) + tonumber(argv[2]), 0
	for i = 3, #argv - 1, 2 do
		local case = case_of(tag, (split(argv[i])))
		if case and tries_of(case, stage, argv[i]) == tonumber(argv[i + 1]) and
			redis.call('ZSCORE', tag .. ':' .. stage .. ':leased', argv[i]) then
			redis.call('ZADD', tag .. ':' .. stage .. ':leased', 'XX', 'GT', deadline, argv[i])
			held = held + 1
		end
	end
	return { 'ok', int(held) }
end

local function bury(case, stage, item, now, reason)
	redis.call('ZADD', case.tag .. ':' .. stage .. ':dead', now, item)
	record(case, { item = item, action = 'dead', from = stage, role = 'system', reason = reason })
end

-- ARGV: stage item attempt kind delay_ms failures_most reason
-- kind: free (no penalty), failure, dead (at once).  ok | dead | stale
local function nack(keys, argv)
	local tag, stage, item = keys[1], argv[1], argv[2]
	local case = case_of(tag, (split(item)))
	if not case then return { 'absent' } end
	local attempt, failures, crashes = tries_of(case, stage, item)
	local leased = tag .. ':' .. stage .. ':leased'
	if attempt ~= tonumber(argv[3]) or redis.call('ZREM', leased, item) == 0 then return { 'stale' } end
	local now = now_ms(tag)
	local is_failure = argv[4] == 'failure'
	if is_failure then failures = failures + 1 end
	set_tries(case, stage, item, attempt, failures, crashes)
	if argv[4] == 'dead' or is_failure and failures >= tonumber(argv[6]) then
		bury(case, stage, item, now, argv[7])
		return { 'dead' }
	end
	if tonumber(argv[5]) > 0 then
		redis.call('ZADD', tag .. ':' .. stage .. ':delayed', now + tonumber(argv[5]), item)
	else
		redis.call('ZADD', ready_key(tag, stage, case.urgency), now, item)
	end
	return { 'ok' }
end

-- ARGV: stage item attempt crashes_most by command
-- A worker died in the middle of this item; `command` names that death, which counts once.  Who
-- holds the item by a later lease keeps it, until it is dead.
-- ok | dead | dup | absent
local function crash(keys, argv)
	local tag, stage, item = keys[1], argv[1], argv[2]
	local case = case_of(tag, (split(item)))
	if not case then return { 'absent' } end
	if timeline_has(case, argv[6]) then return { 'dup' } end
	local leased, now = tag .. ':' .. stage .. ':leased', now_ms(tag)
	local attempt, failures, crashes = tries_of(case, stage, item)
	local is_leased = redis.call('ZSCORE', leased, item)
	if not is_leased and not redis.call('ZSCORE', ready_key(tag, stage, case.urgency), item) and
		not redis.call('ZSCORE', tag .. ':' .. stage .. ':delayed', item) then
		return { 'absent' }
	end
	crashes = crashes + 1
	set_tries(case, stage, item, attempt, failures, crashes)
	record(case, { item = item, action = 'crash', from = stage, by = argv[5], role = 'system',
		command = argv[6] })
	if crashes >= tonumber(argv[4]) then
		take_out(case, stage, item)
		bury(case, stage, item, now, 'crashes')
		return { 'dead' }
	end
	if is_leased and attempt == tonumber(argv[3]) then
		redis.call('ZREM', leased, item)
		redis.call('ZADD', ready_key(tag, stage, case.urgency), now, item)
	end
	return { 'ok' }
end

-- ARGV: most     reply: ok, then how many leases of each stage ran out
local function reap(keys, argv)
	local tag = keys[1]
	local now, out = now_ms(tag), { 'ok' }
	for i, stage in ipairs(STAGES) do
		local expired = redis.call('ZRANGEBYSCORE', tag .. ':' .. stage .. ':leased', '-inf', now,
			'LIMIT', 0, tonumber(argv[1]))
		for _, item in ipairs(expired) do
			local case = case_of(tag, (split(item)))
			redis.call('ZREM', tag .. ':' .. stage .. ':leased', item)
			redis.call('ZADD', ready_key(tag, stage, case.urgency), now, item)
		end
		out[i + 1] = int(#expired)
	end
	return out
end

-- ARGV: need version commit by reason look_ms expires_ms first_ms first_purpose lease_ms
--       (service agency why)...
-- The first candidate with a free place gets the need; lease_ms > 0: the notifier has room,
-- so its telling is leased at once.  No candidate, or none has a place: parked.
-- ok referral position | parked reason | dup | stale state version | absent
local function offer(keys, argv)
	local tag, item = keys[1], argv[1]
	local id, need = split(item)
	local case = case_of(tag, id)
	if not case then return { 'absent' } end
	local p = 'n' .. need .. '.'
	local f = get(case, p, 'state', 'version', 'referrals', 'commit', 'reason')
	local state, version = f[1], f[2]
	if not state then return { 'absent' } end
	if f[4] == argv[3] then return { 'dup' } end
	if version ~= argv[2] or not MOVES.need.offer[state] then return { 'stale', state, version } end
	local now = now_ms(tag)
	local position, reason = nil, argv[5]
	for i = 11, #argv - 2, 3 do
		if place_reserve(tag, argv[i]) then position = i break end
		reason = 'no_capacity'
		redis.call('SADD', tag .. ':waiting:' .. argv[i], item)
		redis.call('EXPIRE', tag .. ':waiting:' .. argv[i], 86400)
	end
	if not position then
		if state ~= 'parked' or f[5] ~= reason then
			redis.call('HINCRBY', case.key, p .. 'version', 1)
			redis.call('HSET', case.key, p .. 'state', 'parked', p .. 'reason', reason, p .. 'commit', argv[3])
			record(case, { item = item, action = 'park', from = state, to = 'parked', by = argv[4],
				role = 'system', reason = reason, command = argv[3] })
		end
		take_out(case, 'match', item)
		redis.call('ZADD', tag .. ':match:delayed', now + tonumber(argv[6]), item)
		return { 'parked', reason }
	end
	local number = tonumber(f[3] or '0') + 1
	local referral = item .. '-' .. number
	local r = 'r' .. need .. '-' .. number .. '.'
	leave(case, 'match', item)
	redis.call('HDEL', case.key, p .. 'reason')
	redis.call('HSET', case.key, p .. 'state', 'offered', p .. 'version', tonumber(version) + 1,
		p .. 'referrals', number, p .. 'commit', argv[3], r .. 'state', 'queued', r .. 'version', 1,
		r .. 'service', argv[position], r .. 'agency', argv[position + 1],
		r .. 'why', argv[position + 2], r .. 'offered_at', int(now),
		r .. 'expires_at', int(now + tonumber(argv[7])), r .. 'place', 'held',
		r .. 'tell', 'offer', r .. 'next', argv[9])
	if tonumber(argv[10]) > 0 then
		enter_leased(case, 'notify', referral, now + tonumber(argv[10]))
	else
		enter(case, 'notify', referral, now)
	end
	enter_delayed(case, 'clock', referral, now + tonumber(argv[8]))
	redis.call('ZADD', tag .. ':inbox:' .. argv[position + 1], now, referral)
	open_more(case, 1)
	record(case, { item = referral, action = 'offer', to = 'queued', need_from = state,
		need_to = 'offered', by = argv[4], role = 'system', command = argv[3] })
	return { 'ok', referral, int((position - 11) / 3) }
end

-- ARGV: referral version purpose channel delivered(0|1) by
-- Version is the number of tellings done before this one.  ok more(0|1) | dup | absent
local function told(keys, argv)
	local tag, item = keys[1], argv[1]
	local case = case_of(tag, (split(item)))
	if not case then return { 'absent' } end
	local p = prefix_of(item)
	local f = get(case, p, 'told', 'tell', 'state')
	if not f[3] then return { 'absent' } end
	if (f[1] or '0') ~= argv[2] then return { 'dup' } end
	local purpose, rest = string.match(f[2] or '', '^([^,]+),?(.*)$')
	if purpose ~= argv[3] then return { 'dup' } end
	local now = now_ms(tag)
	redis.call('HINCRBY', case.key, p .. 'told', 1)
	take_out(case, 'notify', item)
	redis.call('HDEL', case.key, p .. 'notify')
	if rest ~= '' then
		redis.call('HSET', case.key, p .. 'tell', rest)
		redis.call('ZADD', ready_key(tag, 'notify', case.urgency), now, item)
	else
		redis.call('HDEL', case.key, p .. 'tell')
		count(tag, 'notify.left')
	end
	local state = f[3]
	local e = { by = argv[6], role = 'system', reason = '', command = '' }
	local moved = false
	for _, action in ipairs(argv[5] == '1' and { 'send', 'deliver' } or { 'send' }) do
		local move = purpose == 'offer' and MOVES.referral[action][state]
		if move then
			referral_move(case, item, move, state, e, now)
			state, moved = move.to, true
		end
	end
	if not moved then
		record(case, { item = item, action = purpose, from = state, to = state, by = argv[6],
			role = 'system' })
	end
	return { 'ok', rest ~= '' and '1' or '0' }
end

-- ARGV: referral version purpose next_purpose next_ms by lease_ms
-- remind and escalate add a telling and wait for the next purpose, next_ms after the offer;
-- expire ends the offer and has the need matched again.
-- ok [work...] | dup | absent
local function clock(keys, argv)
	local tag, item = keys[1], argv[1]
	local case = case_of(tag, (split(item)))
	if not case then return { 'absent' } end
	local p = prefix_of(item)
	local f = get(case, p, 'step', 'next', 'state', 'offered_at')
	if not f[3] then return { 'absent' } end
	if (f[1] or '0') ~= argv[2] or f[2] ~= argv[3] then return { 'dup' } end
	local now = now_ms(tag)
	if argv[3] ~= 'expire' then
		redis.call('HSET', case.key, p .. 'step', tonumber(argv[2]) + 1, p .. 'next', argv[4])
		take_out(case, 'clock', item)
		redis.call('HDEL', case.key, p .. 'clock')
		redis.call('ZADD', tag .. ':clock:delayed', tonumber(f[4]) + tonumber(argv[5]), item)
		record(case, { item = item, action = argv[3], from = f[3], to = f[3], by = argv[6], role = 'system' })
		tell(case, item, argv[3], now)
		return { 'ok' }
	end
	local move = MOVES.referral.expire[f[3]]
	if not move then
		leave(case, 'clock', item)
		return { 'dup' }
	end
	local e = { by = argv[6], role = 'system', reason = 'not_answered', command = '' }
	local lease = tonumber(argv[7]) > 0 and tonumber(argv[7])
	local _, need_moved = referral_move(case, item, move, f[3], e, now, nil, lease)
	recall(case, item, f[3], 'system', now)
	return { 'ok', need_moved and '1' or '0' }
end

