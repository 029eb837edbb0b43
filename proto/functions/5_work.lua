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

-- An item whose time has come; its case need not be changed.
local function release(books, stage, from, id)
	local case = case_of(books.cell, (split(id)))
	call('ZREM', books.cell[stage][from], id)
	call('ZADD', books.cell[stage].ready[case.head.urgency], books.at, id)
end

local function release_due(books, stage, from, most)
	local due = call('ZRANGEBYSCORE', books.cell[stage][from], '-inf', books.at,
		'LIMIT', '0', int(most))
	for _, id in ipairs(due) do release(books, stage, from, id) end
	return #due
end

-- Claims of a stage that find both, of which one is for an item that must be alone.
local ALONE_EVERY = 8
local mixed = {}

-- What was picked without what must not be claimed together; that goes back to its place.
local function keep_apart(stage, picked)
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
			call('ZADD', p.case.cell[stage].ready[p.case.head.urgency], p.score, p.item.id)
		end
	end
	return taken
end

-- ARGV: stage most lease_ms     reply: one array of work per item
local function claim(keys, argv)
	local cell, stage, most = cell_of(keys[1]), argv[1], tonumber(argv[2])
	local books = books_of(cell)
	release_due(books, stage, 'delayed', most)
	local picked = {}
	local function pop(lane, n)
		if n < 1 then return end
		local popped = call('ZPOPMIN', cell[stage].ready[lane], int(n))
		for i = 1, #popped, 2 do
			local p = { score = popped[i + 1] }
			p.case, p.item = case_and_item(cell, popped[i])
			p.attempt, p.failures, p.crashes = tries_of(stage, p.item)
			picked[#picked + 1] = p
		end
	end
	local counts = take_turns(stage, most)
	for i, lane in ipairs(LANES) do pop(lane, counts[i]) end
	for _, lane in ipairs(LANES) do pop(lane, most - #picked) end
	local out, deadline = {}, int(books.now + tonumber(argv[3]))
	for _, p in ipairs(keep_apart(stage, picked)) do
		set_tries(stage, p.item, p.attempt + 1, p.failures, p.crashes)
		call('ZADD', cell[stage].leased, deadline, p.item.id)
		case_save(p.case)
		out[#out + 1] = work_of(p.case, stage, p.item)
	end
	if #picked > 0 then books_close(books) end
	return out
end

-- ARGV: stage lease_ms (item attempt)...     reply: ok, how many are still held
local function extend(keys, argv)
	local cell, stage = cell_of(keys[1]), argv[1]
	local leased, held = cell[stage].leased, 0
	local deadline = int(books_of(cell).now + tonumber(argv[2]))
	for i = 3, #argv - 1, 2 do
		local _, item = case_and_item(cell, argv[i])
		if item and tries_of(stage, item) == tonumber(argv[i + 1]) and
			call('ZSCORE', leased, argv[i]) then
			call('ZADD', leased, 'XX', 'GT', deadline, argv[i])
			held = held + 1
		end
	end
	return { 'ok', int(held) }
end

local function bury(books, case, stage, item, reason)
	call('ZADD', case.cell[stage].dead, books.at, item.id)
	record(case, { item = item.id, action = 'dead', from = stage, role = 'system', reason = reason })
end

-- ARGV: stage item attempt kind delay_ms failures_most reason
-- kind: free (no penalty), failure, dead (at once).  ok | dead | stale | absent
local function nack(keys, argv)
	local cell, stage = cell_of(keys[1]), argv[1]
	local case, item = case_and_item(cell, argv[2])
	if not case then return { 'absent' } end
	local sets = cell[stage]
	local attempt, failures, crashes = tries_of(stage, item)
	if attempt ~= tonumber(argv[3]) or call('ZREM', sets.leased, item.id) == 0 then
		return { 'stale' }
	end
	local books = books_of(cell)
	local is_failure = argv[4] == 'failure'
	if is_failure then failures = failures + 1 end
	set_tries(stage, item, attempt, failures, crashes)
	local is_dead = argv[4] == 'dead' or is_failure and failures >= tonumber(argv[6])
	if is_dead then
		bury(books, case, stage, item, argv[7])
	elseif tonumber(argv[5]) > 0 then
		call('ZADD', sets.delayed, int(books.now + tonumber(argv[5])), item.id)
	else
		make_ready(books, case, stage, item)
	end
	case_close(books, case)
	return { is_dead and 'dead' or 'ok' }
end

-- ARGV: stage item attempt crashes_most by command
-- A worker died in the middle of this item; `command` names that death, which counts once.  Who
-- holds the item by a later lease keeps it, until it is dead.
-- ok | dead | dup | absent
local function crash(keys, argv)
	local cell, stage = cell_of(keys[1]), argv[1]
	local case, item = case_and_item(cell, argv[2])
	if not case then return { 'absent' } end
	if is_repeat(case, item, argv[6]) then return { 'dup' } end
	local sets, id = cell[stage], item.id
	local attempt, failures, crashes = tries_of(stage, item)
	local is_leased = call('ZSCORE', sets.leased, id)
	if not is_leased and not call('ZSCORE', sets.ready[case.head.urgency], id) and
		not call('ZSCORE', sets.delayed, id) then
		return { 'absent' }
	end
	local books = books_of(cell)
	crashes = crashes + 1
	set_tries(stage, item, attempt, failures, crashes)
	record(case, { item = id, action = 'crash', from = stage, by = argv[5], role = 'system',
		command = argv[6] })
	local is_dead = crashes >= tonumber(argv[4])
	if is_dead then
		take_out(case, stage, item)
		bury(books, case, stage, item, 'crashes')
	elseif is_leased and attempt == tonumber(argv[3]) then
		call('ZREM', sets.leased, id)
		make_ready(books, case, stage, item)
	end
	case_close(books, case)
	return { is_dead and 'dead' or 'ok' }
end

-- ARGV: most     reply: ok, then how many leases of each stage ran out
local function reap(keys, argv)
	local books, out, released = books_of(cell_of(keys[1])), { 'ok' }, 0
	for i, stage in ipairs(STAGES) do
		local n = release_due(books, stage, 'leased', tonumber(argv[1]))
		out[i + 1], released = int(n), released + n
	end
	if released > 0 then books_close(books) end
	return out
end

-- The need waits for a place or a service; its line is written where that is new.
local function park(books, case, need, commit, by, reason, look_ms)
	local from = need.state
	if from ~= 'parked' or need.reason ~= reason then
		need.state, need.reason, need.commit = 'parked', reason, commit
		need.version, need.is_changed = int(need.version + 1), true
		record(case, { item = need.id, action = 'park', from = from, to = 'parked', by = by,
			role = 'system', reason = reason })
	end
	take_out(case, 'match', need)
	call('ZADD', books.cell.match.delayed, int(books.now + look_ms), need.id)
	case_close(books, case)
	return { 'parked', reason }
end

-- The inbox is the channel of an agency without a webhook, and the offer lies in it already: it is
-- told with that.  Else its telling waits for the notifier, leased where that has room.
local function tell_offer(books, case, referral, lease)
	local channel = ahead.channels and ahead.channels[referral.agency]
	if channel == nil then channel = call('HGET', case.cell.channel, referral.agency) end
	if not channel or match(channel, '^%S*') ~= 'webhook' then
		referral.state, referral.told = 'sent', '1'
		return true
	end
	referral.tell = 'offer'
	if lease > 0 then enter_leased(books, case, 'notify', referral, lease) else
		enter(books, case, 'notify', referral)
	end
	return false
end

-- Whether an agency may get one more, and which share of its service's places is kept from it.
-- Offers of the same call that are not written yet count.
local function agency_has_room(books, agency, limits, position, loads)
	if limits == '' then return true end
	local most, least, per, ms, kept = match(limits, '^(%S+) (%S+) (%S+) (%S+) (%S+)$')
	most, least, kept = tonumber(most), tonumber(least), tonumber(kept)
	if most == 0 and least == 0 then return true, kept end
	local inbox = books.cell.tag .. ':inbox:' .. agency
	local words = books.puts and books.puts[inbox]
	local added = words and (#words - 2) / 2 or 0
	local open = call('ZCARD', inbox) + added
	loads[#loads + 1] = int(position)
	loads[#loads + 1] = int(open)
	if most > 0 and open >= most then return false, kept end
	if least == 0 then return true, kept end
	local new = call('ZCOUNT', inbox, int(books.now - ms), '+inf') + added
	return new + 1 <= math.max(least, open / per), kept
end

local OFFER_COUNTS = { CLOCK[1], CLOCK[2], 'match.left', 'notify.entered', 'clock.entered' }

-- Where candidates begin in the arguments of an offer, and how many are of each.
local CANDIDATES, OF_EACH = 13, 5

-- Siblings that wait for one thing are not split.  The candidate that has an open offer for one of
-- these needs: where its arguments begin; 0: none has; nil: none of them is the one that has.
local function sibling_at(case, needs, argv)
	local service
	for number in string.gmatch(needs, '%d+') do service = service or open_service(case, number) end
	if not service then return 0 end
	for i = CANDIDATES, #argv - 4, OF_EACH do
		if argv[i] == service then return i end
	end
	return nil
end

-- A place at each of the first `most` candidates that have one, of those that begin from `first` to
-- `last`, of as many agencies with room; their
-- positions among the arguments, what was found of the agencies, which are at a limit, and whether
-- only limits stood against all.
local function reserve_places(books, argv, most, first, last)
	local out, agencies, loads, limited, is_limit = {}, {}, {}, {}, #argv > CANDIDATES
	for i = first, last, OF_EACH do
		local agency = argv[i + 1]
		if not agencies[agency] then
			local has_room, kept = agency_has_room(books, agency, argv[i + 4],
				(i - CANDIDATES) / OF_EACH, loads)
			limited[agency] = not has_room
			is_limit = is_limit and not has_room
			if has_room and place_reserve(books, argv[i], argv[i + 3], kept) then
				out[#out + 1], agencies[agency] = i, true
				if #out == most then break end
			end
		end
	end
	return out, loads, limited, is_limit
end

-- One referral of an offer, at the candidate whose arguments begin there.
-- lease > 0: its telling is leased.  The referral, and whether it is told with that.
local function offer_to(books, case, need, argv, position, lease)
	need.referrals = int((number_of(need.referrals) or 0) + 1)
	local agency = argv[position + 1]
	local after = books.now - case.head.at
	local referral = item_hold(case, name_of(need.need, need.referrals), need.need,
		need.referrals, { state = 'queued', version = '1', service = argv[position],
			agency = agency, offered_at = int(after), expires_at = int(after + argv[7]),
			place = 'held', tell = '', next = argv[9], is_changed = true })
	case.changed[referral.name .. '.why'] = argv[position + 2]
	local is_told = tell_offer(books, case, referral, lease)
	enter_delayed(books, case, 'clock', referral, int(books.now + argv[8]))
	put(books, books.cell.tag .. ':inbox:' .. agency, books.at, referral.id)
	open_more(books, case, 1)
	return referral, is_told
end

-- Of offers that come together: which needs are leased, and the channels of the agencies that each
-- names first.
local function look_for_offers(cell, calls)
	local items, agencies = {}, {}
	for i = 1, #calls do
		items[i] = calls[i][1]
		agencies[#agencies + 1] = calls[i][CANDIDATES + 1]
	end
	local scores, leased, channels = call('ZMSCORE', cell.match.leased, unpack(items)), {}, {}
	for i = 1, #items do leased[items[i]] = scores[i] or nil end
	local found = agencies[1] and call('HMGET', cell.channel, unpack(agencies)) or {}
	for i = 1, #agencies do channels[agencies[i]] = found[i] end
	return { leased = leased, left = {}, channels = channels }
end

-- ARGV: need version commit by reason look_ms expires_ms first_ms first_purpose lease_ms
--       offers_most siblings (service agency why report_ms('': reports hold for ever) limits('': none))...
-- limits: "most least_new open_per_new new_ms kept": the agency has fewer than `most` open referrals,
-- and with this one at most least_new, or one for each open_per_new, were offered within new_ms
-- (0: no such limit); `kept` is the share of the service's places that is not for this need.
-- siblings: numbers of needs that go to the same service.  Where one of them has an open offer that
-- one gets this need or nobody; where it is no candidate the need is claimed again (stale).
-- The first candidates with a free place get the need: so many, each of another agency.  The first
-- to accept keeps it.  lease_ms > 0: the notifier has room, so one telling is leased at once.  No
-- candidate, or none has a place: parked.
-- ok (referral position told(0|1))... [loads] | parked reason [loads] | dup | stale state version | absent
local function offer(keys, argv)
	local cell = cell_of(keys[1])
	local case, need = case_and_item(cell, argv[1])
	if not case or need.is_referral then return { 'absent' } end
	local state, version = need.state, need.version
	if need.commit == argv[3] then return { 'dup' } end
	if version ~= argv[2] or not MOVES.need.offer[state] then return { 'stale', state, version } end
	local books = books_of(cell, OFFER_COUNTS)
	local first, last = CANDIDATES, #argv - 4
	local sibling = argv[12] == '' and 0 or sibling_at(case, argv[12], argv)
	if not sibling then
		if call('ZREM', cell.match.leased, need.id) == 1 then make_ready(books, case, 'match', need) end
		case_close(books, case)
		return { 'stale', state, version }
	elseif sibling > 0 then
		first, last = sibling, sibling
	end
	local positions, loads, limited, is_limit = reserve_places(books, argv, number_of(argv[11]), first, last)
	if not positions[1] then
		local reason = is_limit and 'at_limit' or #argv > CANDIDATES and 'no_capacity' or argv[5]
		for i = first, last, OF_EACH do
			local agency = argv[i + 1]
			wait_at(limited[agency] and limited_key(cell, agency) or waiting_key(cell, argv[i]), need.id)
		end
		local reply = park(books, case, need, argv[3], argv[4], reason, tonumber(argv[6]))
		if loads[1] then reply[#reply + 1] = loads end
		return reply
	end
	leave(books, case, 'match', need)
	need.state, need.version = 'offered', int(number_of(version) + 1)
	need.reason, need.commit = '', argv[3]
	need.parallel = #positions > 1 and int(#positions) or ''
	need.is_changed = true
	local out, lease = { 'ok', nil, nil, nil, nil }, tonumber(argv[10])
	for i, position in ipairs(positions) do
		local referral, is_told = offer_to(books, case, need, argv, position, lease)
		if not is_told then lease = 0 end
		record(case, { item = referral.id, action = 'offer', to = referral.state,
			need_from = i == 1 and state, need_to = i == 1 and 'offered', by = argv[4],
			role = 'system' })
		out[#out + 1] = referral.id
		out[#out + 1] = int((position - CANDIDATES) / OF_EACH)
		out[#out + 1] = is_told and '1' or '0'
	end
	if loads[1] then out[#out + 1] = loads end
	case_close(books, case)
	return out
end

local TOLD_COUNTS = { CLOCK[1], CLOCK[2], 'notify.left' }

-- ARGV: referral version purpose channel delivered(0|1) by
-- Version is the number of tellings done before this one.  ok more(0|1) | dup | absent
local function told(keys, argv)
	local cell = cell_of(keys[1])
	local case, referral = case_and_item(cell, argv[1])
	if not case or not referral.is_referral then return { 'absent' } end
	local done = tonumber(referral.told) or 0
	local purpose, rest = match(referral.tell, '^([^,]+),?(.*)$')
	if done ~= tonumber(argv[2]) or purpose ~= argv[3] then return { 'dup' } end
	local books = books_of(cell, TOLD_COUNTS)
	take_out(case, 'notify', referral)
	referral.told, referral.tell = int(done + 1), rest
	tries_end('notify', referral)
	if rest ~= '' then
		make_ready(books, case, 'notify', referral)
	else
		count(books, 'notify.left')
	end
	local e = { by = argv[6], role = 'system', reason = '' }
	local moved = false
	for _, action in ipairs(argv[5] == '1' and { 'send', 'deliver' } or { 'send' }) do
		local move = purpose == 'offer' and MOVES.referral[action][referral.state]
		if move then
			referral_move(books, case, referral, move, e)
			moved = true
		end
	end
	if not moved then
		record(case, { item = referral.id, action = purpose, from = referral.state,
			to = referral.state, by = argv[6], role = 'system' })
	end
	case_close(books, case)
	return { 'ok', rest ~= '' and '1' or '0' }
end

-- ARGV: referral version purpose next_purpose next_ms by lease_ms
-- remind and escalate add a telling and wait for the next purpose, next_ms after the offer;
-- expire ends the offer and has the need matched again.
-- ok [is the need to be matched(0|1)] | dup | absent
local function clock(keys, argv)
	local cell = cell_of(keys[1])
	local case, referral = case_and_item(cell, argv[1])
	if not case or not referral.is_referral then return { 'absent' } end
	local state, step = referral.state, tonumber(referral.step) or 0
	if step ~= tonumber(argv[2]) or referral.next == '' or referral.next ~= argv[3] then return { 'dup' } end
	local books = books_of(cell)
	if argv[3] ~= 'expire' then
		take_out(case, 'clock', referral)
		referral.step, referral.next = int(step + 1), argv[4]
		tries_end('clock', referral)
		call('ZADD', cell.clock.delayed, int(moment_of(case, referral.offered_at) + argv[5]), referral.id)
		record(case, { item = referral.id, action = argv[3], from = state, to = state,
			by = argv[6], role = 'system' })
		tell(books, case, referral, argv[3])
		case_close(books, case)
		return { 'ok' }
	end
	local move = MOVES.referral.expire[state]
	if not move then
		leave(books, case, 'clock', referral)
		case_close(books, case)
		return { 'dup' }
	end
	local e = { by = argv[6], role = 'system', reason = 'not_answered' }
	local lease = tonumber(argv[7]) > 0 and tonumber(argv[7])
	local need_moved = referral_move(books, case, referral, move, e, nil, lease)
	recall(books, case, referral, state, 'system')
	case_close(books, case)
	return { 'ok', need_moved and '1' or '0' }
end

