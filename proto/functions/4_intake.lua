-- SPDX-License-Identifier: Apache-2.0
-- Transitions of intake: accept, answer, withdraw, amend.

-- ARGV: case digest by role urgency key identity routing phone where
--       lease_ms handoff_count ready_most terms...
-- ok | dup state... | key_reused | busy
local function accept(keys, argv)
	local tag = keys[1]
	local key = tag .. ':case:' .. argv[1]
	local digest = redis.call('HGET', key, 'digest')
	if digest then
		if digest ~= argv[2] then return { 'key_reused' } end
		local out = { 'dup', redis.call('HGET', key, 'version') }
		for i = 1, tonumber(redis.call('HGET', key, 'needs')) do
			out[#out + 1] = redis.call('HGET', key, 'n' .. i .. '.state')
		end
		return out
	end
	local most = tonumber(argv[13])
	local waiting = ready_count(tag, 'match')
	if waiting >= most or (argv[5] == 'normal' and waiting >= most * 0.8) then return { 'busy' } end
	local now = now_ms(tag)
	local case = { tag = tag, id = argv[1], key = key, urgency = argv[5], at = int(now) }
	local needs = #argv - 13
	redis.call('HSET', key, 'version', 1, 'digest', argv[2], 'urgency', argv[5], 'at', int(now),
		'by', argv[3], 'key', argv[6], 'identity', argv[7], 'routing', argv[8], 'needs', needs,
		'open', needs)
	redis.call('ZADD', tag .. ':open', now, case.id)
	count(tag, 'case.entered')
	index_add(case, argv[9], argv[10])
	local handoff, lease = tonumber(argv[12]), tonumber(argv[11])
	for i = 1, needs do add_need(case, i, argv[13 + i], now, i <= handoff and lease) end
	record(case, { item = case.id, action = 'accept', to = 'received', by = argv[3],
		role = argv[4] })
	return { 'ok', '1', int(now) }
end

-- ARGV: referral action version(or '') command by role agency reason note lease_ms
-- A repeat of a command is known by its id; what the life cycle forbids is told before a
-- stale version (RFC 9110, 13.2.1).
-- ok state version [work...] | dup state version | illegal_move state version |
-- stale state version | forbidden | full | absent
local function answer(keys, argv)
	local tag, item, action = keys[1], argv[1], argv[2]
	local id, need, attempt = split(item)
	local case = attempt and case_of(tag, id)
	if not case then return { 'absent' } end
	local p = prefix_of(item)
	local f = get(case, p, 'state', 'version', 'agency', 'command', 'service')
	local state, version = f[1], f[2]
	if not state then return { 'absent' } end
	if argv[6] == 'agency' and f[3] ~= argv[7] then return { 'absent' } end
	if f[4] == argv[4] then return { 'dup', state, version } end
	local move = MOVES.referral[action] and MOVES.referral[action][state]
	local stale = argv[3] ~= '' and argv[3] ~= version
	if timeline_has(case, argv[4]) then return { 'dup', state, version } end
	if not move then return { 'illegal_move', state, version } end
	if not may(move, argv[6]) then return { 'forbidden', state, version } end
	if stale then return { 'stale', state, version } end
	if move.need == 'serve' and not OPEN.referral[state] and open_referral(case, need) then
		return { 'illegal_move', state, version }
	end
	if move.place == 'hold' and not place_reserve(tag, f[5]) then return { 'full', state, version } end
	local now = now_ms(tag)
	local e = { by = argv[5], role = argv[6], reason = argv[8], command = argv[4] }
	local lease = tonumber(argv[10]) > 0 and tonumber(argv[10])
	local new_version, need_moved = referral_move(case, item, move, state, e, now, nil, lease)
	if argv[9] ~= '' then redis.call('HSET', case.key, p .. 'note', argv[9]) end
	if action == 'cancel' or (AWAITS_ANSWER[state] and not OPEN.referral[move.to]) then
		recall(case, item, state, argv[6], now)
	end
	local out = { 'ok', move.to, int(new_version) }
	if lease and need_moved and need_moved.to == 'matching' then
		for _, value in ipairs(work_of(case, 'match', case.id .. '-' .. need)) do
			out[#out + 1] = value
		end
	end
	return out
end


-- ARGV: case need(number, 0: all) version(or '') command by role reason
-- ok version | dup version | stale version | illegal_move state version | forbidden | absent
local function withdraw(keys, argv)
	local tag = keys[1]
	local case = case_of(tag, argv[1])
	if not case then return { 'absent' } end
	local f = redis.call('HMGET', case.key, 'version', 'needs', 'command')
	local version = f[1]
	if f[3] == argv[4] or timeline_has(case, argv[4]) then return { 'dup', version } end
	local only = tonumber(argv[2])
	local last = tonumber(f[2])
	if only > last then return { 'absent' } end
	local action = NEED_OF_REASON[argv[7]] or 'withdraw'
	local moves, state = {}, nil
	for need = (only > 0 and only or 1), (only > 0 and only or last) do
		state = redis.call('HGET', case.key, 'n' .. need .. '.state')
		local move = MOVES.need[action][state]
		if move and not may(move, argv[6]) then return { 'forbidden' } end
		if move then moves[#moves + 1] = need end
	end
	if #moves == 0 then return { 'illegal_move', state, version } end
	if argv[3] ~= '' and argv[3] ~= version then return { 'stale', version } end
	local now = now_ms(tag)
	local e = { by = argv[5], role = argv[6], reason = argv[7], command = argv[4] }
	for _, need in ipairs(moves) do
		local referral, referral_state = open_referral(case, need)
		if referral then
			local move = MOVES.referral.cancel[referral_state]
			if move then
				referral_move(case, referral, move, referral_state, e, now, '')
				recall(case, referral, referral_state, argv[6], now)
			end
		end
		local move, from = need_move(case, need, action, argv[7], now)
		record(case, { item = case.id .. '-' .. need, action = action, from = from, to = move.to,
			by = argv[5], role = argv[6], reason = argv[7], command = argv[4] })
	end
	redis.call('HSET', case.key, 'command', argv[4])
	return { 'ok', int(redis.call('HINCRBY', case.key, 'version', 1)) }
end

-- ARGV: case version command by role urgency(or '') identity routing phone where terms...
-- Needs that have no referral out are matched again on the new facts.
-- ok version first_new_need | dup version | stale version | absent
local function amend(keys, argv)
	local tag = keys[1]
	local case = case_of(tag, argv[1])
	if not case then return { 'absent' } end
	local f = redis.call('HMGET', case.key, 'version', 'needs', 'command', 'phone', 'where')
	if f[3] == argv[3] or timeline_has(case, argv[3]) then return { 'dup', f[1] } end
	if argv[2] ~= f[1] then return { 'stale', f[1] } end
	local now, needs = now_ms(tag), tonumber(f[2])
	if needs + #argv - 10 > 16 then return { 'invalid' } end
	if f[4] and f[4] ~= argv[9] then
		redis.call('SREM', tag .. ':phone:' .. f[4], case.id)
		redis.call('HDEL', case.key, 'phone')
	end
	if f[5] and f[5] ~= argv[10] then
		redis.call('SREM', tag .. ':where:' .. f[5], case.id)
		redis.call('HDEL', case.key, 'where')
	end
	index_add(case, argv[9], argv[10])
	local lanes = { case.urgency, argv[6] ~= '' and argv[6] or case.urgency }
	-- Whatever waits in the lane of the old urgency moves to the new one.
	for need = 1, needs do
		local item = case.id .. '-' .. need
		local state = redis.call('HGET', case.key, 'n' .. need .. '.state')
		if state == 'received' or state == 'matching' or state == 'parked' then
			if take_out(case, 'match', item) then
				redis.call('ZADD', ready_key(tag, 'match', lanes[2]), now, item)
				redis.call('HINCRBY', case.key, 'n' .. need .. '.version', 1)
			end
		end
		for i = 1, tonumber(redis.call('HGET', case.key, 'n' .. need .. '.referrals') or '0') do
			for _, stage in ipairs({ 'notify', 'clock' }) do
				local referral = item .. '-' .. i
				if redis.call('ZREM', ready_key(tag, stage, lanes[1]), referral) == 1 then
					redis.call('ZADD', ready_key(tag, stage, lanes[2]), now, referral)
				end
			end
		end
	end
	case.urgency = lanes[2]
	redis.call('HSET', case.key, 'urgency', case.urgency, 'identity', argv[7], 'routing', argv[8],
		'command', argv[3], 'needs', needs + #argv - 10)
	for i = 11, #argv do add_need(case, needs + i - 10, argv[i], now) end
	if #argv > 10 then open_more(case, #argv - 10) end
	record(case, { item = case.id, action = 'amend', by = argv[4], role = argv[5], command = argv[3] })
	return { 'ok', int(redis.call('HINCRBY', case.key, 'version', 1)), int(needs + 1) }
end

