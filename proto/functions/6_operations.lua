-- SPDX-License-Identifier: Apache-2.0
-- The directory, dead letters, and what operations read; registers every function.

-- ARGV: service available maximum reported_at     ok | dup
local function capacity(keys, argv)
	local tag = keys[1]
	local key = tag .. ':place:' .. argv[1]
	local before = redis.call('HGET', key, 'reported_at')
	if before and tonumber(before) >= tonumber(argv[4]) then return { 'dup' } end
	if argv[2] == '' then redis.call('HDEL', key, 'available') else
		redis.call('HSET', key, 'available', int(math.floor(tonumber(argv[2]))))
	end
	redis.call('HSET', key, 'maximum', argv[3], 'reported_at', argv[4])
	place_changed(tag, argv[1])
	wake_waiting(tag, argv[1], now_ms(tag))
	return { 'ok' }
end

-- ARGV: source expected(or '') version     ok | dup | stale current
local function directory_swap(keys, argv)
	local tag = keys[1]
	local current = redis.call('HGET', tag .. ':directory', argv[1]) or ''
	if current == argv[3] then
		redis.call('PERSIST', tag .. ':service:' .. argv[1] .. ':' .. argv[3])
		return { 'dup' }
	end
	if current ~= argv[2] then return { 'stale', current } end
	redis.call('PERSIST', tag .. ':service:' .. argv[1] .. ':' .. argv[3])
	redis.call('HSET', tag .. ':directory', argv[1], argv[3])
	if current ~= '' then redis.call('UNLINK', tag .. ':service:' .. argv[1] .. ':' .. current) end
	redis.call('XADD', tag .. ':changes', 'MAXLEN', '~', 100000, '*', 'kind', 'swap',
		'subject', argv[1])
	return { 'ok' }
end


-- ARGV: stage item action(replay|drop) by     ok | absent
-- Dropped, a need is closed unmet, a telling is left out, a clock ends the offer.
local function dead(keys, argv)
	local tag, stage, item = keys[1], argv[1], argv[2]
	local case = case_of(tag, (split(item)))
	if not case or redis.call('ZREM', tag .. ':' .. stage .. ':dead', item) == 0 then
		return { 'absent' }
	end
	local now = now_ms(tag)
	local e = { item = item, action = argv[3], from = stage, by = argv[4], role = 'operations' }
	if argv[3] == 'replay' then
		set_tries(case, stage, item, (tries_of(case, stage, item)), 0, 0) -- no old lease matches
		redis.call('ZADD', ready_key(tag, stage, case.urgency), now, item)
		record(case, e)
		return { 'ok' }
	end
	redis.call('HDEL', case.key, prefix_of(item) .. stage)
	count(tag, stage .. '.left')
	if stage == 'notify' then redis.call('HDEL', case.key, prefix_of(item) .. 'tell') end
	record(case, e)
	if stage == 'match' then
		local _, need = split(item)
		local move, from = need_move(case, need, 'close_unmet', 'other', now)
		record(case, { item = item, action = 'close_unmet', from = from, to = move.to,
			by = argv[4], role = 'operations', reason = 'other' })
	elseif stage == 'clock' then
		local state = redis.call('HGET', case.key, prefix_of(item) .. 'state')
		referral_move(case, item, MOVES.referral.expire[state], state,
			{ by = argv[4], role = 'operations', reason = 'other', command = '' }, now)
		recall(case, item, state, 'operations', now)
	end
	return { 'ok' }
end

-- ARGV: case most     reply: journal entries, newest first
local function timeline(keys, argv)
	local tag, out = keys[1], {}
	local at = redis.call('HGET', tag .. ':case:' .. argv[1], 'last')
	while at and at ~= '' and #out < tonumber(argv[2]) do
		local entry = redis.call('XRANGE', tag .. ':journal', at, at)[1]
		if not entry then break end
		out[#out + 1] = entry
		at = ''
		for i = 1, #entry[2], 2 do
			if entry[2][i] == 'prev' then at = entry[2][i + 1] end
		end
	end
	return out
end

-- ARGV: case most     reply: the case's fields and values, its timeline; or empty
local function show(keys, argv)
	local case = redis.call('HGETALL', keys[1] .. ':case:' .. argv[1])
	if #case == 0 then return {} end
	return { case, timeline(keys, argv) }
end

-- reply: now, then per stage: name, per lane (count, oldest score or ''), leased (count, oldest),
-- delayed (count, next), dead (count, oldest), entered, left; last open, entered, left of cases
local function queues(keys)
	local tag = keys[1]
	local _, now = read_clock(tag)
	local out = { int(now) }
	local function shape(key)
		out[#out + 1] = int(redis.call('ZCARD', key))
		out[#out + 1] = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')[2] or ''
	end
	for _, stage in ipairs(STAGES) do
		local base = tag .. ':' .. stage
		out[#out + 1] = stage
		for _, lane in ipairs(LANES) do shape(ready_key(tag, stage, lane)) end
		shape(base .. ':leased'); shape(base .. ':delayed'); shape(base .. ':dead')
		local f = redis.call('HMGET', tag .. ':count', stage .. '.entered', stage .. '.left')
		out[#out + 1] = f[1] or '0'; out[#out + 1] = f[2] or '0'
	end
	local f = redis.call('HMGET', tag .. ':count', 'case.entered', 'case.left')
	out[#out + 1] = int(redis.call('ZCARD', tag .. ':open'))
	out[#out + 1] = f[1] or '0'; out[#out + 1] = f[2] or '0'
	return out
end

local function places_of(case, stage, item)
	local base, n = case.tag .. ':' .. stage, 0
	for _, set in ipairs({ base .. ':leased', base .. ':delayed', base .. ':dead' }) do
		if redis.call('ZSCORE', set, item) then n = n + 1 end
	end
	for _, lane in ipairs(LANES) do
		if redis.call('ZSCORE', ready_key(case.tag, stage, lane), item) then
			n = n + 1
			if lane ~= case.urgency then n = n + 100 end
		end
	end
	return n
end

-- ARGV: case...     reply per violation: item, what; then 'held', service for every place
-- that the cases hold
local function check(keys, argv)
	local tag, out = keys[1], {}
	local function wrong(item, what) out[#out + 1] = item; out[#out + 1] = what end
	local function expect(case, stage, item, should)
		local n = places_of(case, stage, item)
		if n ~= (should and 1 or 0) then
			wrong(item, stage .. ': in ' .. n .. ' sets, should be in ' .. (should and 1 or 0))
		end
	end
	for _, id in ipairs(argv) do
		local case = case_of(tag, id)
		if case then
			local open = 0
			local f = redis.call('HMGET', case.key, 'needs', 'open', 'last', 'chain')
			for need = 1, tonumber(f[1]) do
				local n = get(case, 'n' .. need .. '.', 'state', 'referrals')
				local item = id .. '-' .. need
				expect(case, 'match', item, n[1] == 'received' or n[1] == 'matching' or n[1] == 'parked')
				if OPEN.need[n[1]] then open = open + 1 end
				local out_there = 0
				for i = 1, tonumber(n[2] or '0') do
					local referral, p = item .. '-' .. i, 'r' .. need .. '-' .. i .. '.'
					local r = get(case, p, 'state', 'tell', 'place', 'service', 'agency')
					expect(case, 'notify', referral, r[2] and r[2] ~= '')
					expect(case, 'clock', referral, AWAITS_ANSWER[r[1]])
					local boxed = redis.call('ZSCORE', tag .. ':inbox:' .. r[5], referral)
					if OPEN.referral[r[1]] then
						open, out_there = open + 1, out_there + 1
						if not boxed then wrong(referral, 'open but not in the inbox') end
					elseif boxed then
						wrong(referral, 'closed but in the inbox')
					end
					if (r[3] == 'held') ~= (AWAITS_ANSWER[r[1]] or false) then
						wrong(referral, 'place ' .. (r[3] or 'none') .. ' in state ' .. r[1])
					end
					if r[3] == 'held' then out[#out + 1] = 'held'; out[#out + 1] = r[4] end
				end
				if out_there > 1 then wrong(item, 'more than one open referral') end
				if n[1] == 'offered' and out_there ~= 1 then wrong(item, 'offered without a referral') end
			end
			if open ~= tonumber(f[2]) then wrong(id, 'open says ' .. f[2] .. ', is ' .. open) end
			local listed = redis.call('ZSCORE', tag .. ':open', id)
			if (open > 0) ~= (listed and true or false) then wrong(id, 'open set disagrees') end
			local newest = redis.call('XRANGE', tag .. ':journal', f[3], f[3])[1]
			local chain
			if newest then
				for i = 1, #newest[2], 2 do
					if newest[2][i] == 'chain' then chain = newest[2][i + 1] end
				end
			end
			if chain ~= f[4] then wrong(id, 'hash chain broken') end
		else
			wrong(id, 'no such case')
		end
	end
	return out
end

local function library_version() return VERSION end

local function register(name, body, ...)
	redis.register_function({ function_name = 'hl_' .. name, callback = body, flags = { ... } })
end

register('accept', accept)
register('claim', claim, 'allow-oom')
register('extend', extend, 'allow-oom')
register('nack', nack, 'allow-oom')
register('crash', crash, 'allow-oom')
register('reap', reap, 'allow-oom')
register('offer', offer, 'allow-oom')
register('told', told, 'allow-oom')
register('clock', clock, 'allow-oom')
register('answer', answer, 'allow-oom')
register('withdraw', withdraw, 'allow-oom')
register('amend', amend, 'allow-oom')
register('capacity', capacity, 'allow-oom')
register('directory_swap', directory_swap, 'allow-oom')
register('dead', dead, 'allow-oom')
register('show', show, 'no-writes')
register('queues', queues, 'no-writes')
register('check', check, 'no-writes')
register('version', library_version, 'no-writes')

