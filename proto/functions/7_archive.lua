-- SPDX-License-Identifier: Apache-2.0
-- The archive: what is over and quiet is copied out, then removed.
--
-- The journal itself is the list of what is to do: a case is looked at when the newest of its
-- lines is old enough.  It is archived if it is closed and nothing of it waits; else a newer
-- line must come, and the case is looked at again then.

-- For so long a removed case is told from one that never was: longer than any call is under way
-- (redis.timeout is at most 5 min), since who asks later asks the archive first.
local GONE_MS = 3600000

-- Tellings may still wait, or be dead letters; at the other stages no closed item is.
local function waits(case)
	for number = 1, tonumber(case.head.needs) do
		for i = 1, tonumber(item_of(case, number).referrals) or 0 do
			if item_of(case, number, i).tell ~= '' then return true end
		end
	end
	return false
end

-- All of a case that is over, with a digest; nil where it must stay.
local function over(case)
	if call('ZSCORE', case.cell.open, case.id) or waits(case) then return nil end
	local all = call('HGETALL', case.key)
	return all, redis.sha1hex(table.concat(all, '|'))
end

-- ARGV: keep_ms most
-- Lines older than that, oldest first, each as: entry, case, the line before or '', and
-- 'gone' (in the archive already) | 'stays' | 'over' digest case phone where
local function archive_read(keys, argv)
	local cell, out = cell_of(keys[1]), {}
	local oldest = int(books_of(cell).now - tonumber(argv[1]))
	for i, entry in ipairs(call('XRANGE', cell.journal, '-', oldest, 'COUNT', argv[2])) do
		local line = unpack_line(entry[2][2])
		local id = split(line.item) or line.item
		local case, all, digest = case_of(cell, id), nil, nil
		if case and case.head.last == entry[1] then all, digest = over(case) end
		out[i] = { entry, id, line.prev, all and 'over' or case and 'stays' or 'gone' }
		if all then
			out[i][5], out[i][6] = digest, all
			out[i][7] = index_number(case, 'phone')
			out[i][8] = index_number(case, 'where')
		end
	end
	return out
end

local function remove(case)
	index_remove(case)
	call('UNLINK', case.key)
	call('SET', case.cell.tag .. ':gone:' .. case.id, '1', 'PX', GONE_MS)
	call('HINCRBY', case.cell.count, 'case.archived', 1)
end

-- ARGV: last_line (case digest)...
-- Removes the cases that are still what was archived and, unless one is not, the lines before the
-- last; that one stays, so that the journal is never empty.
-- ok, how many cases were archived so far, then the cases that stay
local function archive_drop(keys, argv)
	local cell, out = cell_of(keys[1]), { 'ok', '0' }
	for i = 2, #argv - 1, 2 do
		local case = case_of(cell, argv[i])
		local _, digest
		if case then _, digest = over(case) end
		if digest == argv[i + 1] then remove(case) elseif case then out[#out + 1] = argv[i] end
	end
	if #out == 2 and call('XTRIM', cell.journal, 'MINID', argv[1]) > 0 then
		call('HSET', cell.count, 'archive.from', argv[1])
	end
	out[2] = call('HGET', cell.count, 'case.archived') or '0'
	return out
end

-- ARGV: offset most     reply: how many cases are open, then ids, newest first
local function list(keys, argv)
	local cell = cell_of(keys[1])
	local out, offset, most = { int(call('ZCARD', cell.open)) }, tonumber(argv[1]), tonumber(argv[2])
	if most == 0 then return out end
	for i, id in ipairs(call('ZREVRANGE', cell.open, offset, offset + most - 1)) do
		out[i + 1] = id
	end
	return out
end

register('archive_read', archive_read, 'no-writes')
register('archive_drop', archive_drop, 'allow-oom')
register('list', list, 'no-writes')
