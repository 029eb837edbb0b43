-- SPDX-License-Identifier: Apache-2.0
-- The directory, dead letters, and what operations read; registers every function.

-- False: the stored report is as new, or newer.
local function capacity_take(books, service, figures, maximum, reported_at)
	local key = place_key(books.cell, service)
	local f = call('HMGET', key, 'reported_at', 'held', 'asked')
	if f[1] and tonumber(f[1]) >= tonumber(reported_at) then return false end
	local available = figures ~= '' and int(math.floor(tonumber(figures)))
	call('HSET', key, 'maximum', maximum, 'reported_at', reported_at,
		unpack(available and { 'available', available } or {}))
	if f[3] then
		call('HDEL', key, 'asked', 'asked_name', 'asked_tries', 'asked_told')
		call('ZREM', books.cell.tag .. ':confirm:' .. f[3], service)
	end
	if available then call('ZADD', books.cell.tag .. ':reported', reported_at, service) else
		call('HDEL', key, 'available')
		call('ZREM', books.cell.tag .. ':reported', service)
	end
	place_changed(books.cell, service, available, f[2], reported_at)
	wake_waiting(books, waiting_key(books.cell, service))
	return true
end

-- ARGV: service available maximum reported_at, and so on     ok | dup, where none is news
local function capacity(keys, argv)
	local books, code = books_of(cell_of(keys[1])), 'dup'
	for i = 1, #argv, 4 do
		if capacity_take(books, argv[i], argv[i + 1], argv[i + 2], argv[i + 3]) then code = 'ok' end
	end
	if code == 'ok' then books_close(books) end
	return { code }
end

local DIRECTORIES = {
	services = { sources = ':directory', version = ':service:' },
	taxonomies = { sources = ':taxonomies', version = ':taxonomy:' },
	places = { sources = ':gazetteers', version = ':gazetteer:' },
}

-- ARGV: source from version kind seconds id...     ok, how many of them stand in `from`
-- Copies documents of a version into one that is staged and forgotten after so long.
local function directory_keep(keys, argv)
	local of = keys[1] .. DIRECTORIES[argv[4]].version .. argv[1] .. ':'
	local ids = {}
	for i = 6, #argv do ids[i - 5] = argv[i] end
	local staged, found = {}, call('HMGET', of .. argv[2], unpack(ids))
	for i, id in ipairs(ids) do
		if found[i] then
			staged[#staged + 1] = id
			staged[#staged + 1] = found[i]
		end
	end
	if #staged > 0 then
		call('HSET', of .. argv[3], unpack(staged))
		call('EXPIRE', of .. argv[3], argv[5])
	end
	return { 'ok', #staged / 2 }
end

-- ARGV: source expected(or '') version kind(none: services)     ok | dup | stale current
local function directory_swap(keys, argv)
	local tag, kind = keys[1], argv[4] or 'services'
	local names = DIRECTORIES[kind]
	local versions = tag .. names.version .. argv[1] .. ':'
	local current = call('HGET', tag .. names.sources, argv[1]) or ''
	if current == argv[3] then
		call('PERSIST', versions .. argv[3])
		return { 'dup' }
	end
	if current ~= argv[2] then return { 'stale', current } end
	call('PERSIST', versions .. argv[3])
	call('HSET', tag .. names.sources, argv[1], argv[3])
	if current ~= '' then call('UNLINK', versions .. current) end
	call('XADD', tag .. ':changes', 'MAXLEN', '~', '10000', '*', 'kind', 'swap',
		'of', kind, 'subject', argv[1])
	return { 'ok' }
end


-- Dropped, a need is closed unmet, a telling is left out, a clock ends the offer.
local function drop(books, case, stage, item, by)
	tries_end(stage, item)
	count(books, stage .. '.left')
	if stage == 'notify' then item.tell = '' end
	record(case, { item = item.id, action = 'drop', from = stage, by = by, role = 'operations' })
	if stage == 'match' then
		local move, from = need_move(books, case, item, 'close_unmet', 'other')
		record(case, { item = item.id, action = 'close_unmet', from = from, to = move.to,
			by = by, role = 'operations', reason = 'other' })
	elseif stage == 'clock' then
		local state = item.state
		referral_move(books, case, item, MOVES.referral.expire[state],
			{ by = by, role = 'operations', reason = 'other' })
		recall(books, case, item, state, 'operations')
	end
end

-- ARGV: stage item action(replay|drop) by     ok | absent
local function dead(keys, argv)
	local cell, stage = cell_of(keys[1]), argv[1]
	local case, item = case_and_item(cell, argv[2])
	if not case or call('ZREM', cell[stage].dead, item.id) == 0 then return { 'absent' } end
	local books = books_of(cell)
	if argv[3] == 'replay' then
		set_tries(stage, item, (tries_of(stage, item)), 0, 0)
		make_ready(books, case, stage, item)
		record(case, { item = item.id, action = 'replay', from = stage, by = argv[4],
			role = 'operations' })
	else
		drop(books, case, stage, item, argv[4])
	end
	case_close(books, case)
	return { 'ok' }
end

-- A case's newest journal lines, as many as wanted, newest first.
local function timeline(cell, head, most)
	local out, at = {}, head.last
	while at ~= '' and #out < most do
		local entry, line = line_at(cell, at)
		if not entry then break end
		out[#out + 1] = entry
		at = line.prev
	end
	return out
end

-- ARGV: case most     reply: the case's fields and values, its timeline; or empty
local function show(keys, argv)
	local cell = cell_of(keys[1])
	local fields, case = call('HGETALL', cell.tag .. ':case:' .. argv[1]), case_of(cell, argv[1])
	if #fields == 0 then return {} end
	return { fields, case and timeline(cell, case.head, tonumber(argv[2])) or {} }
end

-- reply: now, then per stage: name, per lane (count, oldest score or ''), leased (count, oldest),
-- delayed (count, next), dead (count, oldest), entered, left; last open, entered, left of cases
local function queues(keys)
	local books = books_of(cell_of(keys[1]), COUNTERS)
	local cell, out = books.cell, { books.at }
	local function shape(key)
		out[#out + 1] = int(call('ZCARD', key))
		out[#out + 1] = call('ZRANGE', key, 0, 0, 'WITHSCORES')[2] or ''
	end
	for _, stage in ipairs(STAGES) do
		local sets = cell[stage]
		out[#out + 1] = stage
		for _, lane in ipairs(LANES) do shape(sets.ready[lane]) end
		shape(sets.leased); shape(sets.delayed); shape(sets.dead)
		out[#out + 1] = counted(books, stage .. '.entered')
		out[#out + 1] = counted(books, stage .. '.left')
	end
	out[#out + 1] = int(call('ZCARD', cell.open))
	out[#out + 1] = counted(books, 'case.entered')
	out[#out + 1] = counted(books, 'case.left')
	return out
end

local function is_older(id, than)
	local ms, number = match(id, '^(%d+)-(%d+)$')
	local than_ms, than_number = match(than, '^(%d+)-(%d+)$')
	if not ms or not than_ms then return false end
	if ms ~= than_ms then return tonumber(ms) < tonumber(than_ms) end
	return tonumber(number) < tonumber(than_number)
end

-- Whether the journal line is in the archive alone.
local function is_trimmed(cell, id)
	local from = call('HGET', cell.count, 'archive.from')
	return from and is_older(id, from)
end

local function places_of(case, stage, item)
	local sets, n = case.cell[stage], 0
	for _, set in ipairs({ sets.leased, sets.delayed, sets.dead }) do
		if call('ZSCORE', set, item) then n = n + 1 end
	end
	for _, lane in ipairs(LANES) do
		if call('ZSCORE', sets.ready[lane], item) then
			n = n + 1
			if lane ~= case.head.urgency then n = n + 100 end
		end
	end
	return n
end

-- What is wrong with the case's lines, from the newest back, or with their hashes; nil: nothing.
local function chain_fault(cell, head)
	local at, chain, newer = head.last, head.chain, nil
	while true do
		local entry, line = line_at(cell, at)
		if not entry and at ~= '' then
			if is_trimmed(cell, at) then return nil end
			return 'the journal lacks its line ' .. at
		end
		local before = entry and line.chain or ''
		if chain ~= (newer and chain_after(before, newer) or before) then
			return 'hash chain broken'
		end
		if not entry then return nil end
		if line.prev ~= '' and not is_older(line.prev, at) then return 'hash chain broken' end
		at, chain, newer = line.prev, before, sub(entry[2][2], 1, -CHAIN_DIGITS - 1)
	end
end

-- ARGV: case...     reply per violation: item, what; then 'held', service for every place
-- that the cases hold
local function check(keys, argv)
	local cell, out = cell_of(keys[1]), {}
	local function wrong(item, what) out[#out + 1] = item; out[#out + 1] = what end
	local function expect(case, stage, item, should)
		local n = places_of(case, stage, item)
		if n ~= (should and 1 or 0) then
			wrong(item, stage .. ': in ' .. n .. ' sets, should be in ' .. (should and 1 or 0))
		end
	end
	for _, id in ipairs(argv) do
		local case = case_of(cell, id)
		if case then
			local open, head = 0, case.head
			for number = 1, tonumber(head.needs) do
				local need = item_of(case, number)
				expect(case, 'match', need.id, UNMATCHED[need.state])
				if OPEN.need[need.state] then open = open + 1 end
				local out_there = 0
				for i = 1, tonumber(need.referrals) or 0 do
					local r = item_of(case, number, i)
					expect(case, 'notify', r.id, r.tell ~= '')
					expect(case, 'clock', r.id, AWAITS_ANSWER[r.state])
					local boxed = call('ZSCORE', cell.tag .. ':inbox:' .. r.agency, r.id)
					if OPEN.referral[r.state] then
						open, out_there = open + 1, out_there + 1
						if not boxed then wrong(r.id, 'open but not in the inbox') end
					elseif boxed then
						wrong(r.id, 'closed but in the inbox')
					end
					if (r.place == 'held') ~= (AWAITS_ANSWER[r.state] or false) then
						wrong(r.id, 'place ' .. (r.place ~= '' and r.place or 'none') ..
							' in state ' .. r.state)
					end
					if r.place == 'held' then out[#out + 1] = 'held'; out[#out + 1] = r.service end
				end
				if out_there > (need.state == 'offered' and tonumber(need.parallel) or 1) then
					wrong(need.id, 'more than one open referral')
				end
				if need.state == 'offered' and out_there == 0 then
					wrong(need.id, 'offered without a referral')
				end
			end
			if open ~= tonumber(head.open) then
				wrong(id, 'open says ' .. head.open .. ', is ' .. open)
			end
			local listed = call('ZSCORE', cell.open, id)
			if (open > 0) ~= (listed and true or false) then wrong(id, 'open set disagrees') end
			if tonumber(head.needs) == 0 then wrong(id, 'has no needs') end
			for _, kind in ipairs({ 'phone', 'where' }) do
				if head[kind] ~= '' and index_number(case, kind) == '' then
					wrong(id, 'not in ' .. kind .. ':' .. head[kind])
				end
			end
			local fault = chain_fault(cell, head)
			if fault then wrong(id, fault) end
		elseif call('EXISTS', cell.tag .. ':gone:' .. id) == 0 then -- else it is in the archive
			wrong(id, 'no such case')
		end
	end
	return out
end

local function library_version() return VERSION end

-- A global is found ten times as slowly as a local, and not at all while a library is loaded:
-- whichever function is called first binds them.
local function register(name, body, ...)
	local function bound(keys, argv)
		if not call then
			call, match, format, sub = redis.call, string.match, string.format, string.sub
			texts = struct.unpack
			collectgarbage('setpause', 400) -- little lives on: fewer cycles for little memory
		end
		return body(keys, argv)
	end
	redis.register_function({ function_name = 'hl_' .. name, callback = bound, flags = { ... } })
end

local function register_many(name, body, look, ...)
	register(name, body, ...)
	register(name .. '_many', many_of(body, look), ...)
end

register_many('accept', accept, look_for_accepts)
register('claim', claim, 'allow-oom')
register('extend', extend, 'allow-oom')
register('nack', nack, 'allow-oom')
register('crash', crash, 'allow-oom')
register('reap', reap, 'allow-oom')
register_many('offer', offer, look_for_offers, 'allow-oom')
register_many('told', told, look_for_none, 'allow-oom')
register('clock', clock, 'allow-oom')
register('answer', answer, 'allow-oom')
register('withdraw', withdraw, 'allow-oom')
register('amend', amend, 'allow-oom')
register('capacity', capacity, 'allow-oom')
register('directory_keep', directory_keep)
register('directory_swap', directory_swap, 'allow-oom')
register('dead', dead, 'allow-oom')
register('show', show, 'no-writes')
register('queues', queues, 'no-writes')
register('check', check, 'no-writes')
register('version', library_version, 'no-writes')

