-- SPDX-License-Identifier: Apache-2.0
-- Transitions of intake: accept, answer, withdraw, amend.

-- Whether so much waits for a matcher that this intake must wait: normal ones sooner.
local function is_busy(books, urgency, most)
	if urgency == 'normal' then most = most * 0.8 end
	-- No more are ready than are at the stage at all, and that is known already.
	return counted(books, 'match.entered') - counted(books, 'match.left') >= most and
		ready_count(books.cell, 'match') >= most
end

local function accepted_before(cell, id, digest)
	local case = case_of(cell, id)
	if not case then return { 'archived' } end
	local kept = case.head.digest
	if kept == '' then kept = call('HGET', case.key, 'digest') or '' end -- an older case
	if sub(kept, 1, #digest) ~= digest then return { 'key_reused' } end
	local out = { 'dup', case.head.version }
	for i = 1, tonumber(case.head.needs) do out[#out + 1] = item_of(case, i).state end
	return out
end

local ACCEPT_COUNTS = { CLOCK[1], CLOCK[2], 'match.entered', 'match.left', 'case.entered' }

-- Of accepts that come together: which cases are surely neither here nor archived.
local function look_for_accepts(cell, calls)
	local words, new = {}, {}
	for i = 1, #calls do
		local id = calls[i][1]
		words[2 * i - 1], words[2 * i] = cell.tag .. ':case:' .. id, cell.tag .. ':gone:' .. id
		new[id] = true
	end
	return { new = call('EXISTS', unpack(words)) == 0 and new or nil }
end

-- It may have been archived since intake looked there.
local function is_known(cell, key, id)
	local new = ahead.new
	if new and new[id] then
		new[id] = nil -- a second one of this call finds the first
		return false
	end
	return call('EXISTS', key, cell.tag .. ':gone:' .. id) > 0
end

-- ARGV: case digest by role urgency key identity routing phone where
--       lease_ms handoff_count ready_most terms...
-- ok | dup version state... | key_reused | archived | busy
local function accept(keys, argv)
	local cell, id = cell_of(keys[1]), argv[1]
	local key = cell.tag .. ':case:' .. id
	if is_known(cell, key, id) then return accepted_before(cell, id, argv[2]) end
	local books = books_of(cell, ACCEPT_COUNTS)
	if is_busy(books, argv[5], tonumber(argv[13])) then return { 'busy' } end
	local needs = #argv - 13
	local needs_text = int(needs)
	local case = { cell = cell, id = id, key = key, items = {},
		head = { version = '1', urgency = argv[5], at = books.at, needs = needs_text, open = needs_text,
			last = '', chain = '', by = argv[3], digest = argv[2] },
		changed = { key = argv[6], identity = argv[7], routing = argv[8] } }
	put(books, cell.open, books.at, id)
	count(books, 'case.entered')
	index_add(books, case, argv[9], argv[10])
	local handoff, lease = number_of(argv[12]), tonumber(argv[11])
	for i = 1, needs do
		add_need(books, case, int(i), argv[13 + i], i <= handoff and lease)
	end
	record(case, { item = id, action = 'accept', to = 'received', by = argv[3], role = argv[4] })
	case_close(books, case)
	return { 'ok', '1', books.at }
end

-- ARGV: referral action version(or '') command by role agency reason note lease_ms
-- A repeat of a command is known by its id; what the life cycle forbids is told before a
-- stale version (RFC 9110, 13.2.1).
-- ok state version [work...] | dup state version | illegal_move state version |
-- stale state version | forbidden | full | absent
local function answer(keys, argv)
	local cell, action = cell_of(keys[1]), argv[2]
	local case, referral = case_and_item(cell, argv[1])
	if not case or not referral.is_referral then return { 'absent' } end
	local state, version = referral.state, referral.version
	if argv[6] == 'agency' and referral.agency ~= argv[7] then return { 'absent' } end
	if is_repeat(case, referral, argv[4]) then return { 'dup', state, version } end
	local move = MOVES.referral[action] and MOVES.referral[action][state]
	if not move then return { 'illegal_move', state, version } end
	if not may(move, argv[6]) then return { 'forbidden', state, version } end
	if argv[3] ~= '' and argv[3] ~= version then return { 'stale', state, version } end
	local need = item_of(case, referral.need)
	if move.need == 'serve' and not OPEN.referral[state] and open_referrals(case, need)[1] then
		return { 'illegal_move', state, version }
	end
	local books = books_of(cell)
	if move.place == 'hold' and not place_reserve(books, referral.service, '') then
		return { 'full', state, version }
	end
	local e = { by = argv[5], role = argv[6], reason = argv[8], command = argv[4] }
	local lease = tonumber(argv[10]) > 0 and tonumber(argv[10])
	local need_moved = referral_move(books, case, referral, move, e, nil, lease)
	if argv[9] ~= '' then case.changed[referral.name .. '.note'] = argv[9] end
	if action == 'cancel' or (AWAITS_ANSWER[state] and not OPEN.referral[move.to]) then
		recall(books, case, referral, state, argv[6])
	end
	case_close(books, case)
	local out = { 'ok', move.to, referral.version }
	if lease and need_moved and need_moved.to == 'matching' then
		for _, value in ipairs(work_of(case, 'match', need)) do out[#out + 1] = value end
	end
	return out
end


-- ARGV: case need(number, 0: all) version(or '') command by role reason
-- ok version | dup version | stale version | illegal_move state version | forbidden | absent
local function withdraw(keys, argv)
	local cell = cell_of(keys[1])
	local case = case_of(cell, argv[1])
	if not case then return { 'absent' } end
	local head = case.head
	local version = head.version
	if is_repeat(case, nil, argv[4]) then return { 'dup', version } end
	local only, last = tonumber(argv[2]), tonumber(head.needs)
	if only > last then return { 'absent' } end
	local action = NEED_OF_REASON[argv[7]] or 'withdraw'
	local needs, state = {}, nil
	for number = (only > 0 and only or 1), (only > 0 and only or last) do
		local need = item_of(case, number)
		local move = MOVES.need[action][need.state]
		state = need.state
		if move and not may(move, argv[6]) then return { 'forbidden' } end
		if move then needs[#needs + 1] = need end
	end
	if #needs == 0 then return { 'illegal_move', state, version } end
	if argv[3] ~= '' and argv[3] ~= version then return { 'stale', version } end
	local books = books_of(cell)
	local e = { by = argv[5], role = argv[6], reason = argv[7], command = argv[4] }
	for _, need in ipairs(needs) do
		for _, referral in ipairs(open_referrals(case, need)) do
			local before = referral.state
			local cancel = MOVES.referral.cancel[before]
			if cancel then
				referral_move(books, case, referral, cancel, e, '')
				recall(books, case, referral, before, argv[6])
			end
		end
		local move, from = need_move(books, case, need, action, argv[7])
		record(case, { item = need.id, action = action, from = from, to = move.to,
			by = argv[5], role = argv[6], reason = argv[7], command = argv[4] })
	end
	head.version = int(head.version + 1)
	case_close(books, case)
	return { 'ok', head.version }
end

-- Whatever waits in the lane of the old urgency moves to the new one; needs that have no
-- referral out are matched again on the new facts.
local function amend_need(books, case, need, lane)
	local cell, before = case.cell, case.head.urgency
	if UNMATCHED[need.state] and take_out(case, 'match', need) then
		call('ZADD', cell.match.ready[lane], books.at, need.id)
		need.version, need.is_changed = int(need.version + 1), true
	end
	for i = 1, tonumber(need.referrals) or 0 do
		local referral = need.id .. '-' .. i
		for _, stage in ipairs({ 'notify', 'clock' }) do
			if call('ZREM', cell[stage].ready[before], referral) == 1 then
				call('ZADD', cell[stage].ready[lane], books.at, referral)
			end
		end
	end
end

-- ARGV: case version command by role urgency(or '') identity routing phone where terms...
-- ok version first_new_need | dup version | stale version | absent
local function amend(keys, argv)
	local cell = cell_of(keys[1])
	local case = case_of(cell, argv[1])
	if not case then return { 'absent' } end
	local head = case.head
	if is_repeat(case, nil, argv[3]) then return { 'dup', head.version } end
	if argv[2] ~= head.version then return { 'stale', head.version } end
	local needs, more = tonumber(head.needs), #argv - 10
	if needs + more > 16 then return { 'invalid' } end
	local books = books_of(cell)
	index_remove(case)
	index_add(books, case, argv[9], argv[10])
	local lane = argv[6] ~= '' and argv[6] or head.urgency
	for number = 1, needs do amend_need(books, case, item_of(case, number), lane) end
	head.urgency, head.needs = lane, int(needs + more)
	case.changed.identity, case.changed.routing = argv[7], argv[8]
	for i = 1, more do add_need(books, case, int(needs + i), argv[10 + i]) end
	if more > 0 then open_more(books, case, more) end
	record(case, { item = case.id, action = 'amend', by = argv[4], role = argv[5],
		command = argv[3] })
	head.version = int(head.version + 1)
	case_close(books, case)
	return { 'ok', head.version, int(needs + 1) }
end

