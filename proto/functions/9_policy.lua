-- SPDX-License-Identifier: Apache-2.0
-- What operations decide about matching: a stream of versions, of which the last is in force.

local POLICIES_KEPT = 1000

-- ARGV: version by text     ok | dup | stale current
-- Takes a text into force as that version, which must be the next one.
local function policy(keys, argv)
	local books = books_of(cell_of(keys[1]))
	local key = keys[1] .. ':policy'
	local last = call('XREVRANGE', key, '+', '-', 'COUNT', '1')[1]
	local current = last and tonumber(match(last[1], '^%d+')) or 0
	if current + 1 ~= tonumber(argv[1]) then
		local f = last and last[2]
		if f and current == tonumber(argv[1]) and f[4] == argv[2] and f[6] == argv[3] then
			return { 'dup' }
		end
		return { 'stale', int(current) }
	end
	call('XADD', key, 'MAXLEN', int(POLICIES_KEPT), argv[1] .. '-0', 'at', books.at, 'by', argv[2],
		'text', argv[3])
	books_close(books)
	return { 'ok' }
end

-- ARGV: most     reply: the newest versions, newest first: version, at, by, text of each
local function policies(keys, argv)
	local out = {}
	for _, entry in ipairs(call('XREVRANGE', keys[1] .. ':policy', '+', '-', 'COUNT', argv[1])) do
		local f = entry[2]
		for _, value in ipairs({ match(entry[1], '^%d+'), f[2], f[4], f[6] }) do
			out[#out + 1] = value
		end
	end
	return out
end

register('policy', policy, 'allow-oom')
register('policies', policies, 'no-writes')
