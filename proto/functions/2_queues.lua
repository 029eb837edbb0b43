-- SPDX-License-Identifier: Apache-2.0
-- Cases, items and the queues that items wait in: one sorted set per state of a stage.

-- A late repeat is known among so many commands of its item, or of its case.
local RECENT_MOST, DIGEST_DIGITS = 32, 16
local CASE_DIGITS = 26 -- of a case's id; what is of it has a hyphen there

-- Case, need and attempt of an item's id; attempt is nil for a need, all are for what is none.
local function split(id)
	local need, attempt = match(id, '^-(%d+)-?(%d*)$', CASE_DIGITS + 1)
	if not need then return nil end
	return sub(id, 1, CASE_DIGITS), need, attempt ~= '' and attempt or nil
end

local function name_of(need, attempt)
	return attempt and 'r' .. need .. '-' .. attempt or 'n' .. need
end

-- A need or referral of the case in memory: unpacked, or made now.
local function item_hold(case, name, need, attempt, item)
	item.name, item.need, item.is_referral = name, need, attempt ~= nil
	item.id = case.id .. '-' .. need .. (attempt and '-' .. attempt or '')
	case.items[name] = item
	return item
end

local function item_keep(case, name, need, attempt, packed)
	if not packed then
		case.items[name] = false
		return nil
	end
	return item_hold(case, name, need, attempt,
		attempt and unpack_referral(packed) or unpack_need(packed))
end

-- A moment of a referral as it is kept: ms after its case was accepted.  Older ones are since 1970.
local MOMENT_LEAST = 1e12

local function moment_of(case, kept)
	local ms = tonumber(kept)
	return ms and int(ms < MOMENT_LEAST and case.head.at + ms or ms)
end

-- The case in memory, with one of its needs or referrals where wanted; nil: there is none.
-- What is changed of it is written by case_close.
local function case_of(cell, id, need, attempt)
	if not id then return nil end
	local key = cell.tag .. ':case:' .. id
	local name = need and name_of(need, attempt)
	local f = name and call('HMGET', key, 'head', name) or call('HMGET', key, 'head')
	if not f[1] then return nil end
	local case = { cell = cell, id = id, key = key, head = unpack_head(f[1]), items = {},
		changed = {} }
	if name then item_keep(case, name, need, attempt, f[2]) end
	return case
end

-- A need, or one of its referrals; nil: there is none.
local function item_of(case, need, attempt)
	local name = name_of(need, attempt)
	local item = case.items[name]
	if item ~= nil then return item or nil end
	return item_keep(case, name, need, attempt, call('HGET', case.key, name))
end

-- The case of an item, and the item; nil: there is none.
local function case_and_item(cell, id)
	local case_id, need, attempt = split(id)
	local case = case_of(cell, case_id, need, attempt)
	local item = case and item_of(case, need, attempt)
	if not item then return nil end
	return case, item
end

local function case_save(case)
	local words = { 'HSET', case.key, 'head', pack_head(case.head), nil, nil, nil, nil, nil, nil,
		nil, nil } -- room for as much as most have
	for name, item in pairs(case.items) do
		if item and item.is_changed then
			words[#words + 1] = name
			words[#words + 1] = item.is_referral and pack_referral(item) or pack_need(item)
		end
	end
	for name, value in pairs(case.changed) do
		words[#words + 1] = name
		words[#words + 1] = value
	end
	call(unpack(words))
end

local function case_close(books, case)
	case_save(case)
	books_close(books)
end

-- Whether the item, or the case where that is nil, has done this command already; if not it
-- will have when the case is saved.
local function is_repeat(case, item, command)
	local field = item and item.name .. '.recent' or 'recent'
	local recent = call('HGET', case.key, field) or ''
	local digest = sub(redis.sha1hex(command), 1, DIGEST_DIGITS) .. ' '
	if string.find(recent, digest, 1, true) then return true end
	case.changed[field] = sub(recent .. digest, -RECENT_MOST * #digest)
	return false
end

-- Needs and referrals that somebody must still act on; at none the case is closed.
local function open_more(books, case, by)
	local head = case.head
	local open = number_of(head.open) + by
	head.open = int(open)
	if open == 0 then
		call('ZREM', case.cell.open, case.id)
		count(books, 'case.left')
	elseif by > 0 and open == by then
		if call('ZADD', case.cell.open, head.at, case.id) == 1 then
			count(books, 'case.left', -1)
		end
	end
end

-- attempt (lease number), failures, crashes of an item at a stage
local function tries_of(stage, item)
	local kept = item[stage]
	if not kept or kept == '' then return 0, 0, 0 end
	local a, f, c = match(kept, '^(%d+) ?(%d*) ?(%d*)$')
	return tonumber(a) or 0, tonumber(f) or 0, tonumber(c) or 0
end

local function set_tries(stage, item, attempt, failures, crashes)
	item[stage] = int(attempt) .. ' ' .. int(failures) .. ' ' .. int(crashes)
	item.is_changed = true
end

-- The item's visit to the stage is over.  The next one goes on from its lease number: who held
-- a lease of this one must not match one of that.
local function tries_end(stage, item)
	item[stage] = match(item[stage] or '', '^%d*')
	item.is_changed = true
end

-- Takes an item out of whichever set of the stage holds it; the name of the set, or nil.
local function take_out(case, stage, item)
	local sets, leased = case.cell[stage], stage == 'match' and ahead.leased
	if leased and leased[item.id] then
		leased[item.id] = nil
		ahead.left[#ahead.left + 1] = item.id
		return 'leased'
	end
	if call('ZREM', sets.leased, item.id) == 1 then return 'leased' end
	if call('ZREM', sets.ready[case.head.urgency], item.id) == 1 then return 'ready' end
	if call('ZREM', sets.delayed, item.id) == 1 then return 'delayed' end
	if call('ZREM', sets.dead, item.id) == 1 then return 'dead' end
	return nil
end

local function make_ready(books, case, stage, item)
	put(books, case.cell[stage].ready[case.head.urgency], books.at, item.id)
end

local function enter(books, case, stage, item)
	make_ready(books, case, stage, item)
	count(books, case.cell[stage].entered)
end

local function enter_leased(books, case, stage, item, lease)
	put(books, case.cell[stage].leased, int(books.now + lease), item.id)
	set_tries(stage, item, tries_of(stage, item) + 1, 0, 0)
	count(books, case.cell[stage].entered)
end

local function enter_delayed(books, case, stage, item, due)
	put(books, case.cell[stage].delayed, due, item.id)
	count(books, case.cell[stage].entered)
end

local function leave(books, case, stage, item)
	local from = take_out(case, stage, item)
	if from then
		tries_end(stage, item)
		count(books, case.cell[stage].left)
	end
	return from
end

-- From so many workers that died on it an item is claimed with nothing beside it.
local CRASHES_ALONE = 2

-- The service of a need's last offer, while that is open.
local function open_service(case, number)
	local need = item_of(case, number)
	local last = need and tonumber(need.referrals)
	local referral = last and item_of(case, number, last)
	return referral and OPEN.referral[referral.state] and referral.service or nil
end

-- What a worker gets: names and values of the message `work`.
local function work_of(case, stage, item)
	local attempt, failures, crashes = tries_of(stage, item)
	local need = item_of(case, item.need)
	local out = { 'stage', stage, 'item', item.id, 'attempt', int(attempt),
		'urgency', case.head.urgency, 'failures', int(failures), 'accepted_at', case.head.at,
		'term', need.term }
	local function put(name, value)
		if value and value ~= '' then out[#out + 1] = name; out[#out + 1] = value end
	end
	if crashes >= CRASHES_ALONE then put('alone', '1') end
	if stage == 'match' then
		put('version', item.version); put('referrals', int(tonumber(item.referrals) or 0))
		put('routing', call('HGET', case.key, 'routing'))
		for i = 1, tonumber(item.referrals) or 0 do
			put('tried', item_of(case, item.need, i).service)
		end
		for number = 1, case.head.needs ~= '1' and tonumber(case.head.needs) or 0 do
			local service = int(number) ~= item.need and open_service(case, int(number))
			put('beside', service and number .. ' ' .. service)
		end
		return out
	end
	put('service', item.service); put('agency', item.agency); put('state', item.state)
	if stage == 'notify' then
		put('version', int(tonumber(item.told) or 0))
		put('purpose', match(item.tell, '^[^,]+'))
	else
		put('version', int(tonumber(item.step) or 0))
		put('purpose', item.next)
	end
	return out
end

-- Adds a telling; a referral waits at the notify stage at most once, its purposes in order.
local function tell(books, case, referral, purpose)
	referral.is_changed = true
	if referral.tell == '' then
		referral.tell = purpose
		enter(books, case, 'notify', referral)
		return
	end
	referral.tell = referral.tell .. ',' .. purpose
	if call('ZREM', case.cell.notify.dead, referral.id) == 1 then
		make_ready(books, case, 'notify', referral)
		set_tries('notify', referral, (tries_of('notify', referral)), 0, 0)
	end
end

