-- SPDX-License-Identifier: Apache-2.0
-- Cases, items and the queues that items wait in: one sorted set per state of a stage.

local function split(item)
	local case, need, attempt = string.match(item, '^([^-]+)-(%d+)-(%d+)$')
	if case then return case, need, attempt end
	case, need = string.match(item, '^([^-]+)-(%d+)$')
	return case, need
end

local function case_of(tag, id)
	if not id then return nil end
	local key = tag .. ':case:' .. id
	local f = redis.call('HMGET', key, 'urgency', 'at')
	if not f[1] then return nil end
	return { tag = tag, id = id, key = key, urgency = f[1], at = f[2] }
end

local function get(case, prefix, ...)
	local names = { ... }
	for i = 1, #names do names[i] = prefix .. names[i] end
	return redis.call('HMGET', case.key, unpack(names))
end

-- Needs and referrals that somebody must still act on; at none the case is closed.
local function open_more(case, by)
	local left = redis.call('HINCRBY', case.key, 'open', by)
	if left == 0 then
		redis.call('ZREM', case.tag .. ':open', case.id)
		count(case.tag, 'case.left')
	elseif by > 0 and left == by then
		if redis.call('ZADD', case.tag .. ':open', case.at, case.id) == 1 then
			count(case.tag, 'case.left', -1)
		end
	end
end


local function ready_key(tag, stage, urgency) return tag .. ':' .. stage .. ':ready:' .. urgency end

local function prefix_of(item)
	local _, need, attempt = split(item)
	if attempt then return 'r' .. need .. '-' .. attempt .. '.' end
	return 'n' .. need .. '.'
end

-- Takes an item out of whichever set of the stage holds it; the name of the set, or nil.
local function take_out(case, stage, item)
	local base = case.tag .. ':' .. stage
	if redis.call('ZREM', base .. ':leased', item) == 1 then return 'leased' end
	if redis.call('ZREM', ready_key(case.tag, stage, case.urgency), item) == 1 then return 'ready' end
	if redis.call('ZREM', base .. ':delayed', item) == 1 then return 'delayed' end
	if redis.call('ZREM', base .. ':dead', item) == 1 then return 'dead' end
	return nil
end

local function enter(case, stage, item, now)
	redis.call('ZADD', ready_key(case.tag, stage, case.urgency), now, item)
	count(case.tag, stage .. '.entered')
end

local function enter_leased(case, stage, item, deadline)
	redis.call('ZADD', case.tag .. ':' .. stage .. ':leased', deadline, item)
	redis.call('HSET', case.key, prefix_of(item) .. stage, '1 0 0')
	count(case.tag, stage .. '.entered')
end

local function enter_delayed(case, stage, item, due)
	redis.call('ZADD', case.tag .. ':' .. stage .. ':delayed', due, item)
	count(case.tag, stage .. '.entered')
end

local function leave(case, stage, item)
	local from = take_out(case, stage, item)
	if from then
		redis.call('HDEL', case.key, prefix_of(item) .. stage)
		count(case.tag, stage .. '.left')
	end
	return from
end

-- attempt (lease number), failures, crashes of an item at a stage
local function tries_of(case, stage, item)
	local packed = redis.call('HGET', case.key, prefix_of(item) .. stage)
	local a, f, c = string.match(packed or '0 0 0', '^(%d+) (%d+) (%d+)$')
	return tonumber(a), tonumber(f), tonumber(c)
end

local function set_tries(case, stage, item, attempt, failures, crashes)
	redis.call('HSET', case.key, prefix_of(item) .. stage,
		attempt .. ' ' .. failures .. ' ' .. crashes)
end

-- From so many workers that died on it an item is claimed with nothing beside it.
local CRASHES_ALONE = 2

-- What a worker gets: status word, then names and values of the message `work`.
local function work_of(case, stage, item)
	local p = prefix_of(item)
	local attempt, failures, crashes = tries_of(case, stage, item)
	local out = { 'stage', stage, 'item', item, 'attempt', int(attempt), 'urgency', case.urgency,
		'failures', int(failures), 'accepted_at', case.at }
	local function put(name, value)
		if value and value ~= '' then out[#out + 1] = name; out[#out + 1] = value end
	end
	if crashes >= CRASHES_ALONE then put('alone', '1') end
	if stage == 'match' then
		local f = get(case, p, 'version', 'term', 'referrals')
		put('version', f[1]); put('term', f[2]); put('referrals', f[3] or '0')
		put('routing', redis.call('HGET', case.key, 'routing'))
		local _, need = split(item)
		for i = 1, tonumber(f[3] or '0') do
			put('tried', redis.call('HGET', case.key, 'r' .. need .. '-' .. i .. '.service'))
		end
	else
		local f = get(case, p, 'service', 'agency', 'state', 'tell', 'told', 'next', 'step')
		local _, need = split(item)
		put('term', redis.call('HGET', case.key, 'n' .. need .. '.term'))
		put('service', f[1]); put('agency', f[2]); put('state', f[3])
		if stage == 'notify' then
			put('version', f[5] or '0'); put('purpose', string.match(f[4] or '', '^[^,]+'))
		else
			put('version', f[7] or '0'); put('purpose', f[6])
		end
	end
	return out
end

-- Adds a telling; a referral waits at the notify stage at most once, its purposes in order.
local function tell(case, referral, purpose, now)
	local p = prefix_of(referral)
	local pending = redis.call('HGET', case.key, p .. 'tell')
	if not pending or pending == '' then
		redis.call('HSET', case.key, p .. 'tell', purpose)
		enter(case, 'notify', referral, now)
		return
	end
	redis.call('HSET', case.key, p .. 'tell', pending .. ',' .. purpose)
	if redis.call('ZREM', case.tag .. ':notify:dead', referral) == 1 then
		redis.call('ZADD', ready_key(case.tag, 'notify', case.urgency), now, referral)
		set_tries(case, 'notify', referral, (tries_of(case, 'notify', referral)), 0, 0)
	end
end

