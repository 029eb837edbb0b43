-- SPDX-License-Identifier: Apache-2.0
-- Every change of state, one function per transition (Redis Functions, Redis 7.0).
--
-- The C side puts a line "#!lua name=hearthline" and the tables MOVES, OPEN, LANES, STAGES,
-- ROLES (from states.def and codes.def), the functions pack_NAME and unpack_NAME (from
-- kept.def) and VERSION in front of this file.
--
-- KEYS[1] is the cell tag, e.g. "{c1}"; all names are built from it (common/keys.h lists
-- them).  Times are milliseconds of the functions' clock.  Replies are arrays that begin
-- with a status word of status.def.  PROTOCOL.md describes each function, and what it costs:
-- a command costs about the same whatever it carries, so what a transition needs is read in
-- few commands, changed in memory, and written in few.

local CHAIN_DIGITS = 16

-- What a call reads of the counters at once: the clock's two first.
local CLOCK = { 'clock.offset', 'clock.last' }
local COUNTERS = { CLOCK[1], CLOCK[2], 'case.entered', 'case.left' }
for i = 1, #STAGES do -- no ipairs while a library is loaded
	COUNTERS[#COUNTERS + 1] = STAGES[i] .. '.entered'
	COUNTERS[#COUNTERS + 1] = STAGES[i] .. '.left'
end

-- Versions, attempts and positions are small as a rule.
local SMALL, NUMBERS = {}, {}
for i = 0, 99 do
	SMALL[i] = i .. ''
	NUMBERS[SMALL[i]] = i
end

local function int(number)
	-- Six times as fast as %.0f, or as Redis' own conversion of a number that a command gets.
	return SMALL[number] or format('%d', number)
end

local function number_of(text)
	return NUMBERS[text] or tonumber(text)
end

-- Names of a cell's keys, built once.
local cells = {}

local function cell_of(tag)
	local cell = cells[tag]
	if cell then return cell end
	cell = { tag = tag, count = tag .. ':count', journal = tag .. ':journal', open = tag .. ':open',
		channel = tag .. ':channel' }
	for _, stage in ipairs(STAGES) do
		local base = tag .. ':' .. stage
		local sets = { leased = base .. ':leased', delayed = base .. ':delayed',
			dead = base .. ':dead', ready = {}, entered = stage .. '.entered',
			left = stage .. '.left' }
		for _, lane in ipairs(LANES) do sets.ready[lane] = base .. ':ready:' .. lane end
		cell[stage] = sets
	end
	cells[tag] = cell
	return cell
end

-- The books of a call that makes many transitions, once the first has opened them; nil in others.
local shared

-- What such a call reads for all of them before the first: `new` by case, `leased` by item, `channels`
-- by agency; `left`: the items that leave the leased ones.
local ahead = {}

-- The clock and the counters of a cell, read once and written once per call.
-- The clock is Redis' TIME plus an offset that is raised when TIME falls back: never runs
-- backwards, and knows nothing but what Redis holds, so it does not after a failover either.
-- `names`: the counters that will surely be wanted; another one is read when it is.
local function books_of(cell, names)
	if shared and shared.cell then return shared end
	names = names or CLOCK
	local f, counts = call('HMGET', cell.count, unpack(names)), {}
	for i = #CLOCK + 1, #names do counts[names[i]] = tonumber(f[i] or 0) end
	local t = call('TIME')
	local offset, last, us = tonumber(f[1] or 0), tonumber(f[2] or 0), tonumber(t[2])
	local now = t[1] * 1000 + (us - us % 1000) / 1000 + offset
	local at = int(now < last and last or now)
	local books = { cell = cell, now = now, at = at, counts = counts, changed = {} }
	if now < last then
		books.now = last
		books.changed['clock.offset'] = offset + last - now
	end
	books.changed['clock.last'] = books.now
	if shared then
		books.puts = {}
		shared = books
	end
	return books
end

local function counted(books, name)
	local value = books.counts[name]
	if not value then
		value = tonumber(call('HGET', books.cell.count, name) or 0)
		books.counts[name] = value
	end
	return value
end

local function count(books, name, by)
	local value = counted(books, name) + (by or 1)
	books.counts[name], books.changed[name] = value, value
end

local function counts_save(books)
	local words = { 'HSET', books.cell.count, nil, nil, nil, nil, nil, nil, nil, nil }
	for name, value in pairs(books.changed) do
		words[#words + 1] = name
		words[#words + 1] = int(value)
	end
	call(unpack(words))
end

local function books_close(books)
	if books ~= shared then counts_save(books) end
end

-- Into a sorted set; what many transitions of one call put there is written as one at its end.
local function put(books, set, score, member)
	local puts = books.puts
	if not puts then
		call('ZADD', set, score, member)
		return
	end
	local words = puts[set]
	if words then
		local last = #words
		words[last + 1], words[last + 2] = score, member
	else
		puts[set] = { 'ZADD', set, score, member }
	end
end

local function many_close(books, left)
	if left and left[1] then call('ZREM', books.cell.match.leased, unpack(left)) end
	for _, words in pairs(books.puts) do call(unpack(words)) end
	counts_save(books)
end

local function look_for_none() end

-- One call for many transitions of a kind, which share the clock, the counters and what they put
-- into sets: each concerns an item of its own, or is a repeat and changes nothing.
-- ARGV: how many arguments the first has, they themselves, and so on.  Reply: theirs, in order.
-- One that fails changes nothing about the others.  `look` reads what is `ahead` of them.
local function many_of(body, look)
	return function(keys, argv)
		local out, calls, at, last = {}, {}, 1, #argv
		while at <= last do
			local count = number_of(argv[at])
			calls[#calls + 1] = { unpack(argv, at + 1, at + count) }
			at = at + count + 1
		end
		local is_read, found = pcall(look, cell_of(keys[1]), calls)
		shared, ahead = {}, is_read and found or {}
		for i = 1, #calls do
			local is_well, reply = pcall(body, keys, calls[i])
			out[i] = is_well and reply or
				redis.error_reply(type(reply) == 'table' and reply.err or reply)
		end
		local books, left = shared, ahead.left
		shared, ahead = nil, {}
		if books.cell then many_close(books, left) end
		return out
	end
end

-- The hash over a case's lines up to this one, which is packed but for the hash itself.
local function chain_after(before, line)
	return sub(redis.sha1hex(before .. line), 1, CHAIN_DIGITS)
end

-- One journal line; `e` names what it is about.  The case keeps the newest line's id and the
-- hash over all of them, so a lost, doubled or reordered transition shows.
local function record(case, e)
	local head = case.head
	e.prev = head.last
	local line = pack_line(e)
	head.chain = chain_after(head.chain, line)
	head.last = call('XADD', case.cell.journal, '*', 'line', line .. head.chain)
end

local function line_at(cell, id)
	if id == '' then return nil end
	local entry = call('XRANGE', cell.journal, id, id)[1]
	return entry, entry and unpack_line(entry[2][2])
end

