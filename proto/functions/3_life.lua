-- SPDX-License-Identifier: Apache-2.0
-- Places of a service and the life cycles of needs and referrals.

-- For who keeps the directory in memory; an unknown figure is empty.
local function place_changed(tag, service)
	local f = redis.call('HMGET', tag .. ':place:' .. service, 'available', 'held')
	redis.call('XADD', tag .. ':changes', 'MAXLEN', '~', 100000, '*', 'kind', 'capacity',
		'subject', service, 'available', f[1] or '', 'held', f[2] or '0')
end

-- Parked needs that wait for a place here are looked at now: sixteen, and whom it concerns no
-- longer does not count, up to a limit.
local function wake_waiting(tag, service, now)
	local woken = 0
	for _ = 1, 16 do
		local popped = redis.call('SPOP', tag .. ':waiting:' .. service, 16 - woken)
		for _, item in ipairs(popped) do
			if redis.call('ZSCORE', tag .. ':match:delayed', item) then
				redis.call('ZADD', tag .. ':match:delayed', now, item)
				woken = woken + 1
			end
		end
		if #popped == 0 or woken == 16 then return end
	end
end

local function place_reserve(tag, service)
	local key = tag .. ':place:' .. service
	local f = redis.call('HMGET', key, 'available', 'held')
	local available = f[1] and tonumber(f[1])
	if available and available - tonumber(f[2] or '0') < 1 then return false end
	redis.call('HINCRBY', key, 'held', 1)
	if available then place_changed(tag, service) end
	return true
end

-- effect: keep, hold, take, free, giveback (states.def); for hold, place_reserve went before
local function place_effect(case, referral, effect, now)
	if effect == 'keep' then return end
	local p = prefix_of(referral)
	local f = get(case, p, 'service', 'place')
	local service, held = f[1], f[2]
	local key = case.tag .. ':place:' .. service
	local g = redis.call('HMGET', key, 'available', 'reported_at')
	local available = tonumber(g[1])
	if effect == 'hold' then
		redis.call('HSET', case.key, p .. 'place', 'held')
		return
	elseif effect == 'free' and held == 'held' then
		redis.call('HINCRBY', key, 'held', -1)
		redis.call('HDEL', case.key, p .. 'place')
		wake_waiting(case.tag, service, now)
	elseif effect == 'take' and held == 'held' then
		redis.call('HINCRBY', key, 'held', -1)
		-- What was reported away meanwhile is not taken again, nor given back later.
		local is_gone = available and available < 1
		if available and not is_gone then redis.call('HINCRBY', key, 'available', -1) end
		redis.call('HSET', case.key, p .. 'place', is_gone and 'gone' or 'taken ' .. (g[2] or ''))
	elseif effect == 'giveback' and held then
		if available and held == 'taken ' .. (g[2] or '') then
			redis.call('HINCRBY', key, 'available', 1)
		end
		redis.call('HDEL', case.key, p .. 'place')
		wake_waiting(case.tag, service, now)
	end
	if available then place_changed(case.tag, service) end
end


local NEED_OF_OUTCOME = { helped = 'meet', partly_helped = 'meet_partly', not_helped = 'fail' }
local NEED_OF_REASON = { duplicate = 'mark_duplicate', entered_in_error = 'mark_error',
	not_helped = 'close_unmet' }
local AWAITS_ANSWER = { queued = true, sent = true, delivered = true, seen = true }

local function may(move, role)
	return string.find(move.who, ROLES[role] or '?', 1, true) ~= nil
end

-- Moves a need; false where its life cycle does not hold the move (it then stays).
-- Entering `matching` puts it into the match queue, leaving the unmatched states takes it out.
local function need_move(case, need, action, reason, now, lease)
	local p = 'n' .. need .. '.'
	local item = case.id .. '-' .. need
	local from = redis.call('HGET', case.key, p .. 'state')
	local move = MOVES.need[action] and MOVES.need[action][from]
	if not move then return nil, from end
	redis.call('HSET', case.key, p .. 'state', move.to)
	redis.call('HINCRBY', case.key, p .. 'version', 1)
	if reason and reason ~= '' then
		redis.call('HSET', case.key, p .. 'reason', reason)
	else
		redis.call('HDEL', case.key, p .. 'reason')
	end
	if from == 'received' or from == 'matching' or from == 'parked' then
		leave(case, 'match', item)
	end
	if move.to == 'matching' then
		if lease then enter_leased(case, 'match', item, now + lease) else enter(case, 'match', item, now) end
	end
	if OPEN.need[from] and not OPEN.need[move.to] then open_more(case, -1) end
	return move, from
end

-- Moves a referral with everything that follows from it.  e: by, role, reason, command;
-- need_action overrides what the table says ('' for none).
local function referral_move(case, referral, move, from, e, now, need_action, lease)
	local p = prefix_of(referral)
	local _, need = split(referral)
	local set = { p .. 'state', move.to }
	if e.reason ~= '' then
		set[#set + 1] = p .. 'reason'; set[#set + 1] = e.reason
	elseif OPEN.referral[move.to] then
		redis.call('HDEL', case.key, p .. 'reason') -- a closed one keeps why it was closed
	end
	if e.command ~= '' then set[#set + 1] = p .. 'command'; set[#set + 1] = e.command end
	redis.call('HSET', case.key, unpack(set))
	local version = redis.call('HINCRBY', case.key, p .. 'version', 1)
	place_effect(case, referral, move.place, now)
	if AWAITS_ANSWER[from] and not AWAITS_ANSWER[move.to] then
		leave(case, 'clock', referral)
		redis.call('HDEL', case.key, p .. 'next', p .. 'step')
	elseif from == 'proposed' and AWAITS_ANSWER[move.to] then
		local due = tonumber(redis.call('HGET', case.key, p .. 'expires_at') or now)
		redis.call('HSET', case.key, p .. 'next', 'expire')
		enter_delayed(case, 'clock', referral, due)
		tell(case, referral, 'offer', now)
	end
	if OPEN.referral[from] and not OPEN.referral[move.to] then
		local agency = redis.call('HGET', case.key, p .. 'agency')
		redis.call('ZREM', case.tag .. ':inbox:' .. agency, referral)
	elseif not OPEN.referral[from] and OPEN.referral[move.to] then
		local agency = redis.call('HGET', case.key, p .. 'agency')
		redis.call('ZADD', case.tag .. ':inbox:' .. agency, now, referral)
	end
	local action = need_action or move.need
	if action == 'close' then action = NEED_OF_OUTCOME[e.reason] or 'meet' end
	local need_moved, need_from
	if action ~= 'none' and action ~= '' then
		need_moved, need_from = need_move(case, need, action, e.reason, now, lease)
	end
	if OPEN.referral[from] and not OPEN.referral[move.to] then open_more(case, -1) end
	if not OPEN.referral[from] and OPEN.referral[move.to] then open_more(case, 1) end
	record(case, { item = referral, action = move.action, from = from, to = move.to,
		need_from = need_moved and need_from, need_to = need_moved and need_moved.to,
		by = e.by, role = e.role, reason = e.reason, command = e.command })
	return version, need_moved
end

-- The agency is told that an offer is over, unless it said so itself or never heard of it;
-- what else it was to be told of the offer is dropped.
local function recall(case, referral, from, role, now)
	local p = prefix_of(referral)
	local attempt = tries_of(case, 'notify', referral)
	local where = leave(case, 'notify', referral)
	redis.call('HDEL', case.key, p .. 'tell')
	-- A lease means that it may just be going out.
	if where ~= 'leased' and (from == 'queued' or role == 'agency') then return end
	tell(case, referral, 'recall', now)
	if where then set_tries(case, 'notify', referral, attempt, 0, 0) end -- no old lease matches
end

-- The referral of a need that is still open, if any.
local function open_referral(case, need)
	local n = tonumber(redis.call('HGET', case.key, 'n' .. need .. '.referrals') or '0')
	for i = n, 1, -1 do
		local state = redis.call('HGET', case.key, 'r' .. need .. '-' .. i .. '.state')
		if OPEN.referral[state] then return case.id .. '-' .. need .. '-' .. i, state end
	end
	return nil
end

local function index_add(case, phone, where)
	if phone ~= '' then
		redis.call('SADD', case.tag .. ':phone:' .. phone, case.id)
		redis.call('HSET', case.key, 'phone', phone)
	end
	if where ~= '' then
		redis.call('SADD', case.tag .. ':where:' .. where, case.id)
		redis.call('HSET', case.key, 'where', where)
	end
end

local function ready_count(tag, stage)
	local n = 0
	for _, lane in ipairs(LANES) do n = n + redis.call('ZCARD', ready_key(tag, stage, lane)) end
	return n
end

local function add_need(case, number, term, now, lease)
	local item = case.id .. '-' .. number
	redis.call('HSET', case.key, 'n' .. number .. '.state', 'received',
		'n' .. number .. '.term', term, 'n' .. number .. '.version', 1)
	if lease then enter_leased(case, 'match', item, now + lease) else enter(case, 'match', item, now) end
end

