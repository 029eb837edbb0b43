-- SPDX-License-Identifier: Apache-2.0
-- The other direction of `check`: whether what stands in a set belongs to something.

-- What an entry of a set names, by the first word of the set's key.
local NAMES = { open = 'case', phone = 'case', where = 'case', match = 'need',
	notify = 'referral', clock = 'referral', inbox = 'referral' }

local function is_there(cell, kind, id)
	local case, need, attempt = split(id)
	if kind == 'case' then return call('EXISTS', cell.tag .. ':case:' .. id) == 1 end
	return case and (kind == 'referral') == (attempt ~= nil) and
		call('HEXISTS', cell.tag .. ':case:' .. case, name_of(need, attempt)) == 1
end

-- ARGV: key(after the tag) cursor most     reply: cursor, then each entry of nothing, what
local function check_entries(keys, argv)
	local cell, key = cell_of(keys[1]), keys[1] .. ':' .. argv[1]
	local page = call('ZSCAN', key, argv[2], 'COUNT', argv[3])
	local kind, out = NAMES[match(argv[1], '^%l+')], { page[1] }
	for i = 1, #page[2], 2 do
		if not is_there(cell, kind, page[2][i]) then
			out[#out + 1] = page[2][i]
			out[#out + 1] = 'in ' .. argv[1] .. ', but there is no such ' .. kind
		end
	end
	return out
end

-- An agency with more open referrals is not counted in one step, which would take 10 ms.
local INBOX_MOST = 2000

-- ARGV: service agency     reply: places held, how many of the agency's offers hold one ('': it
-- has too many)
local function check_place(keys, argv)
	local cell, count = cell_of(keys[1]), 0
	local inbox = cell.tag .. ':inbox:' .. argv[2]
	local held = call('HGET', cell.tag .. ':place:' .. argv[1], 'held') or '0'
	if call('ZCARD', inbox) > INBOX_MOST then return { held, '' } end
	for _, id in ipairs(call('ZRANGE', inbox, 0, -1)) do
		local case, need, attempt = split(id)
		local packed = attempt and call('HGET', cell.tag .. ':case:' .. case, name_of(need, attempt))
		local referral = packed and unpack_referral(packed)
		if referral and referral.place == 'held' and referral.service == argv[1] then
			count = count + 1
		end
	end
	return { held, int(count) }
end

register('check_place', check_place, 'no-writes')
register('check_entries', check_entries, 'no-writes')
