-- SPDX-License-Identifier: Apache-2.0
-- Single services edited by hand, and who is asked whether their places still hold.
--
-- {c1}:edits holds, for each service that was ever edited, a text: its version and the last
-- commands' digests, then a line for each field that is edited (common/json_edits.h).

local EDIT_COMMANDS_MOST, HISTORY_MOST = 8, '500'

-- Head and lines of what stands; the lines by field, and their order.
local function overlay_of(text)
	local overlay = { version = 0, recent = '', lines = {}, order = {} }
	local head, rest = match(text or '', '^([^\n]*)\n(.*)$')
	if not head then return overlay end
	local version, recent = match(head, '^(%d+) ?(.*)$')
	overlay.version, overlay.recent = tonumber(version), recent
	for line in string.gmatch(rest, '([^\n]+)\n') do
		local field = match(line, '^%S+')
		overlay.lines[field] = line
		overlay.order[#overlay.order + 1] = field
	end
	return overlay
end

local function overlay_text(overlay)
	local out = { int(overlay.version) .. ' ' .. overlay.recent }
	for _, field in ipairs(overlay.order) do out[#out + 1] = overlay.lines[field] end
	return table.concat(out, '\n') .. '\n'
end

local function overlay_put(overlay, field, line)
	if not overlay.lines[field] and line then overlay.order[#overlay.order + 1] = field end
	if overlay.lines[field] and not line then
		for i, name in ipairs(overlay.order) do
			if name == field then table.remove(overlay.order, i) break end
		end
	end
	overlay.lines[field] = line
end

local function changes_add(cell, kind, subject, version)
	call('XADD', cell.tag .. ':changes', 'MAXLEN', '~', '10000', '*', 'kind', kind,
		'subject', subject, 'version', version)
end

-- ARGV: service expected('' any) command by, then for each field: field base entry('' takes
-- the edit back) previous replacement     ok version | dup version | stale version
local function service_edit(keys, argv)
	local books = books_of(cell_of(keys[1]))
	local cell, service = books.cell, argv[1]
	local overlay = overlay_of(call('HGET', cell.tag .. ':edits', service))
	local digest = sub(redis.sha1hex(argv[3]), 1, DIGEST_DIGITS) .. ' '
	if string.find(overlay.recent, digest, 1, true) then
		return { 'dup', int(overlay.version) }
	end
	if argv[2] ~= '' and tonumber(argv[2]) ~= overlay.version then
		return { 'stale', int(overlay.version) }
	end
	overlay.version = overlay.version + 1
	overlay.recent = sub(overlay.recent .. digest, -EDIT_COMMANDS_MOST * #digest)
	local version = int(overlay.version)
	for i = 5, #argv, 5 do
		local field, base, entry = argv[i], argv[i + 1], argv[i + 2]
		overlay_put(overlay, field, entry ~= '' and
			field .. ' ' .. version .. ' ' .. books.at .. ' ' .. base .. ' ' .. entry or nil)
		call('XADD', cell.tag .. ':history:' .. service, 'MAXLEN', '~', HISTORY_MOST, '*',
			'at', books.at, 'version', version, 'by', argv[4], 'field', field,
			'previous', argv[i + 3], 'replacement', argv[i + 4])
	end
	call('HSET', cell.tag .. ':edits', service, overlay_text(overlay))
	changes_add(cell, 'edit', service, version)
	books_close(books)
	return { 'ok', version }
end

-- ARGV: service...     reply: service, available, held, reported_at, answers, … of those that are known
local function places(keys, argv)
	local cell, out = cell_of(keys[1]), {}
	for _, service in ipairs(argv) do
		local f = call('HMGET', place_key(cell, service), 'available', 'held', 'reported_at', 'answers')
		if f[1] or f[2] or f[3] then
			out[#out + 1] = service
			out[#out + 1] = f[1] or ''
			out[#out + 1] = f[2] or '0'
			out[#out + 1] = f[3] or ''
			out[#out + 1] = f[4] or ''
		end
	end
	return out
end

-- Services whose places were reported before a moment, oldest first.
-- ARGV: before most     reply: service, reported_at, …
local function stale(keys, argv)
	return call('ZRANGEBYSCORE', keys[1] .. ':reported', '-inf', argv[1], 'WITHSCORES',
		'LIMIT', '0', argv[2])
end

-- The places as they were reported, reported again.
-- ARGV: service     ok | dup (nothing was reported)
local function capacity_confirm(keys, argv)
	local books = books_of(cell_of(keys[1]))
	local f = call('HMGET', place_key(books.cell, argv[1]), 'available', 'maximum')
	if not f[1] then return { 'dup' } end
	return capacity(keys, { argv[1], f[1], f[2] or '', books.at })
end

-- What an agency is asked to confirm.
-- ARGV: agency most     reply: service, asked_at, name, available, reported_at, tries, told_at
-- ('-': it cannot be told), …
local function confirmations(keys, argv)
	local cell, out = cell_of(keys[1]), {}
	local asked = call('ZRANGE', cell.tag .. ':confirm:' .. argv[1], 0, argv[2] - 1, 'WITHSCORES')
	for i = 1, #asked, 2 do
		local f = call('HMGET', place_key(cell, asked[i]), 'asked_name', 'available', 'reported_at',
			'asked_tries', 'asked_told')
		out[#out + 1] = asked[i]
		out[#out + 1] = asked[i + 1]
		for field = 1, 5 do out[#out + 1] = f[field] or '' end
	end
	return out
end

-- Asks an agency whether a service's places still hold, if the report is still that old.
-- ARGV: service agency('': nobody is there to be asked) before name     ok | dup (is asked, or has reported since)
local function confirm_ask(keys, argv)
	local books = books_of(cell_of(keys[1]))
	local tag, reported = keys[1], call('ZSCORE', keys[1] .. ':reported', argv[1])
	if not reported or tonumber(reported) > tonumber(argv[3]) then return { 'dup' } end
	call('ZREM', tag .. ':reported', argv[1])
	if argv[2] == '' then return { 'ok' } end
	call('ZADD', tag .. ':confirm:' .. argv[2], books.at, argv[1])
	call('HSET', place_key(books.cell, argv[1]), 'asked', argv[2],
		'asked_name', argv[4])
	if match(call('HGET', books.cell.channel, argv[2]) or '', '^%S*') == 'webhook' then
		call('ZADD', tag .. ':confirming', books.at, argv[1])
	end
	books_close(books)
	return { 'ok' }
end

-- Questions that are to be told by webhook now; whoever claims one has lease_ms for it.
-- ARGV: most lease_ms     reply: service, agency, asked_at, tries (this one included), …
local function confirm_claim(keys, argv)
	local cell = cell_of(keys[1])
	local books, set, out = books_of(cell), keys[1] .. ':confirming', {}
	local due = call('ZRANGEBYSCORE', set, '-inf', books.at, 'LIMIT', '0', argv[1])
	for _, service in ipairs(due) do
		local agency = call('HGET', place_key(cell, service), 'asked')
		local asked_at = agency and call('ZSCORE', keys[1] .. ':confirm:' .. agency, service)
		if asked_at then
			call('ZADD', set, int(books.now + argv[2]), service)
			out[#out + 1] = service
			out[#out + 1] = agency
			out[#out + 1] = asked_at
			out[#out + 1] = int(call('HINCRBY', place_key(cell, service), 'asked_tries', '1'))
		else
			call('ZREM', set, service)
		end
	end
	if #due > 0 then books_close(books) end
	return out
end

-- What came of telling it.  ARGV: service asked_at again_ms('': never) is_told(0|1)
-- ok | dup (it is not asked any more, or anew)
local function confirm_told(keys, argv)
	local books = books_of(cell_of(keys[1]))
	local key, set = place_key(books.cell, argv[1]), keys[1] .. ':confirming'
	local agency = call('HGET', key, 'asked')
	if not agency or call('ZSCORE', keys[1] .. ':confirm:' .. agency, argv[1]) ~= argv[2] or
		not call('ZSCORE', set, argv[1]) then
		return { 'dup' }
	end
	if argv[3] ~= '' then
		call('ZADD', set, int(books.now + argv[3]), argv[1])
	else
		call('ZREM', set, argv[1])
		call('HSET', key, 'asked_told', argv[4] == '1' and books.at or '-')
	end
	books_close(books)
	return { 'ok' }
end

register('service_edit', service_edit, 'allow-oom')
register('capacity_confirm', capacity_confirm, 'allow-oom')
register('confirmations', confirmations, 'no-writes')
register('places', places, 'no-writes')
register('stale', stale, 'no-writes')
register('confirm_ask', confirm_ask, 'allow-oom')
register('confirm_claim', confirm_claim, 'allow-oom')
register('confirm_told', confirm_told, 'allow-oom')
