-- SPDX-License-Identifier: Apache-2.0
-- Every change of state, one function per transition (Redis Functions, Redis 7.0).
--
-- The C side puts a line "#!lua name=hearthline" and the tables MOVES, OPEN, LANES, STAGES,
-- ROLES (from states.def and codes.def) and VERSION in front of this file.
--
-- KEYS[1] is the cell tag, e.g. "{c1}"; all names are built from it (common/keys.h lists
-- them).  Times are milliseconds of the functions' clock.  Replies are arrays that begin
-- with a status word of status.def.  PROTOCOL.md describes each function.

local TIMELINE_SEARCH = 64 -- entries that a late repeat of a command is looked for in

local clocks = {}

-- Redis' TIME plus an offset that is raised when TIME falls back: never runs backwards.
local function read_clock(tag)
	local clock = clocks[tag]
	if not clock then
		local offset = tonumber(redis.call('HGET', tag .. ':count', 'clock.offset') or '0')
		local newest = redis.call('XREVRANGE', tag .. ':journal', '+', '-', 'COUNT', 1)[1]
		local last = newest and tonumber(string.match(newest[1], '^%d+')) or 0
		clock = { offset = offset, last = last }
		clocks[tag] = clock
	end
	local t = redis.call('TIME')
	return clock, t[1] * 1000 + math.floor(t[2] / 1000) + clock.offset
end

local function now_ms(tag)
	local clock, ms = read_clock(tag)
	if ms < clock.last then
		clock.offset = clock.offset + clock.last - ms
		redis.call('HSET', tag .. ':count', 'clock.offset', string.format('%d', clock.offset))
		ms = clock.last
	end
	clock.last = ms
	return ms
end

local function int(number)
	return string.format('%.0f', number)
end

local function count(tag, name, by)
	redis.call('HINCRBY', tag .. ':count', name, by or 1)
end

-- One journal line; `e` names what it is about.  The case keeps the newest line's id and the
-- hash over all of them, so a lost, doubled or reordered transition shows.
local function record(case, e)
	local f = redis.call('HMGET', case.key, 'last', 'chain')
	local text = table.concat({ f[2] or '', e.item, e.action, e.from or '', e.to or '',
		e.need_from or '', e.need_to or '', e.command or '' }, '|')
	local chain = string.sub(redis.sha1hex(text), 1, 16)
	local id = redis.call('XADD', case.tag .. ':journal', '*', 'case', case.id, 'item', e.item,
		'action', e.action, 'from', e.from or '', 'to', e.to or '',
		'need_from', e.need_from or '', 'need_to', e.need_to or '', 'by', e.by or '',
		'role', e.role or '', 'reason', e.reason or '', 'command', e.command or '',
		'prev', f[1] or '', 'chain', chain)
	redis.call('HSET', case.key, 'last', id, 'chain', chain)
end

local function timeline_has(case, command)
	local at = redis.call('HGET', case.key, 'last')
	for _ = 1, TIMELINE_SEARCH do
		if not at or at == '' then return false end
		local entry = redis.call('XRANGE', case.tag .. ':journal', at, at)[1]
		if not entry then return false end
		local fields = {}
		for i = 1, #entry[2], 2 do fields[entry[2][i]] = entry[2][i + 1] end
		if fields.command == command then return true end
		at = fields.prev
	end
	return false
end

