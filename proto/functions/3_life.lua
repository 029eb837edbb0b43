-- SPDX-License-Identifier: Apache-2.0
-- Places of a service and the life cycles of needs and referrals.

local function place_key(cell, service) return cell.tag .. ':place:' .. service end

-- For who keeps the directory in memory; an unknown figure is empty.
-- `reported_at`: of a report; nil where places were held, given back or taken.
local function place_changed(cell, service, available, held, reported_at)
	call('XADD', cell.tag .. ':changes', 'MAXLEN', '~', '10000', '*', 'kind', 'capacity',
		'subject', service, 'available', available or '', 'held', held or '0',
		unpack(reported_at and { 'reported_at', reported_at } or {}))
end

-- Parked needs wait in a set: for a place of a service, or, where an agency is at its limit, for it to
-- have fewer open.  Any one is forgotten where more wait: the periodic look finds its place too.
local WAITING_MOST, WAITING_S = 1000, 86400

local function waiting_key(cell, service) return cell.tag .. ':waiting:' .. service end
local function limited_key(cell, agency) return cell.tag .. ':limited:' .. agency end

local function wait_at(key, id)
	if call('SADD', key, id) == 1 and call('SCARD', key) > WAITING_MOST then call('SPOP', key) end
	call('EXPIRE', key, WAITING_S)
end

-- Those that wait there are looked at now: sixteen, and whom it concerns no longer does not count,
-- up to a limit.
local function wake_waiting(books, key)
	local woken, delayed = 0, books.cell.match.delayed
	for _ = 1, 16 do
		local popped = call('SPOP', key, 16 - woken)
		for _, item in ipairs(popped) do
			if call('ZSCORE', delayed, item) then
				call('ZADD', delayed, books.at, item)
				woken = woken + 1
			end
		end
		if #popped == 0 or woken == 16 then return end
	end
end

-- A report older than `report_ms` ('': none is too old) is not believed: its zero refuses nobody.
-- `kept`: the share of all places that this need may not have; nil: none.
local function place_reserve(books, service, report_ms, kept)
	local cell = books.cell
	local key = place_key(cell, service)
	local f = call('HMGET', key, 'available', 'held', 'reported_at', 'maximum')
	local available = f[1] and tonumber(f[1])
	local back = available and kept and math.floor(kept * (tonumber(f[4] or '') or available)) or 0
	if available and available - tonumber(f[2] or '0') < 1 + back and not (report_ms ~= '' and f[3] and
		books.now - f[3] >= tonumber(report_ms)) then return false end
	local held = call('HINCRBY', key, 'held', '1')
	if available then place_changed(cell, service, f[1], held) end
	return true
end

-- How offers to a service were answered, by term, the last answered first: "asked lost day term" with
-- a NUL between, in thousandths of an offer, as much as counted on that day (common/answered.h).
local DAY_MS, LATE_LOST = 86400000, 0.25
local EACH_ANSWERED = '(%d+) (%d+) (%d+) (%Z+)'

-- With one more.  Second: whether it is of another step than before.
local function answers_after(kept, term, lost, today)
	local others, asked, gone = '', 0, 0
	local function step() return math.floor(100 / ANSWERED_STEP * gone / (asked + 1000 * ANSWERED_PRIOR)) end
	local room = ANSWERED_TERMS_MOST - 1
	for a, l, day, of in string.gmatch(kept, EACH_ANSWERED) do
		if of == term then
			local share = 2 ^ ((day - today) / ANSWERED_HALF_DAYS)
			asked, gone = a * share, l * share
		elseif room > 0 then
			others, room = others .. '\0' .. a .. ' ' .. l .. ' ' .. day .. ' ' .. of, room - 1
		end
	end
	local before = step()
	asked, gone = math.floor(asked + 1000.5), math.floor(gone + lost * 1000 + 0.5)
	return format('%d %d %d ', asked, gone, today) .. term .. others, step() ~= before
end

-- Who declined for the family says nothing of the service.
local OF_THE_FAMILY = { family_declined = true, family_unreachable = true, already_served = true }

-- How much of an offer the answer lost, 0 to 1; nil: nothing is learned from it.
local function lost_by(books, case, referral, to, reason)
	if to == 'expired' then return reason == 'not_answered' and 1 or nil end
	if to ~= 'accepted' and (to ~= 'declined' and to ~= 'rerouted' or OF_THE_FAMILY[reason]) then
		return nil
	end
	local from, till = moment_of(case, referral.offered_at), moment_of(case, referral.expires_at)
	local late = (books.now - from) / math.max(1, till - from)
	return (to == 'accepted' and 0 or reason == 'full' and 0.25 or 0.5) + LATE_LOST * math.min(1, late)
end

local function answers_changed(books, service, answers)
	call('XADD', books.cell.tag .. ':changes', 'MAXLEN', '~', '10000', '*', 'kind', 'answers',
		'subject', service, 'answers', answers)
end

-- The place that an offer held is free again, or taken.  `lost`: of lost_by.
-- Its figures as they are now.
local function place_release(books, referral, effect, term, lost)
	local service = referral.service
	local key = place_key(books.cell, service)
	local f = call('HMGET', key, 'available', 'held', 'reported_at', 'answers')
	local available, held = tonumber(f[1] or ''), int((f[2] or 0) - 1)
	local words, answers, is_news = { 'HSET', key, 'held', held }, nil, false
	referral.place = ''
	if effect == 'take' then
		-- What was reported away meanwhile is not taken again, nor given back later.
		local is_gone = available and available < 1
		if available and not is_gone then
			available = int(available - 1)
			words[5], words[6] = 'available', available
		end
		referral.place = is_gone and 'gone' or 'taken ' .. (f[3] or '')
	end
	if lost then
		answers, is_news = answers_after(f[4] or '', term, lost, math.floor(books.now / DAY_MS))
		words[#words + 1], words[#words + 2] = 'answers', answers
	end
	call(unpack(words))
	if is_news then answers_changed(books, service, answers) end
	if effect == 'free' then wake_waiting(books, waiting_key(books.cell, service)) end
	return available, held
end

local function place_give_back(books, referral)
	local key = place_key(books.cell, referral.service)
	local f = call('HMGET', key, 'available', 'held', 'reported_at')
	local available = tonumber(f[1] or '')
	if available and referral.place == 'taken ' .. (f[3] or '') then
		available = call('HINCRBY', key, 'available', '1')
	end
	referral.place = ''
	wake_waiting(books, waiting_key(books.cell, referral.service))
	return available, f[2]
end

-- effect: keep, hold, take, free, giveback (states.def); for hold, place_reserve went before
local function place_effect(books, referral, effect, term, lost)
	if effect == 'keep' then return end
	local available, held
	referral.is_changed = true
	if effect == 'hold' then
		referral.place = 'held'
	elseif effect == 'giveback' and referral.place ~= '' then
		available, held = place_give_back(books, referral)
	elseif effect ~= 'giveback' and referral.place == 'held' then
		available, held = place_release(books, referral, effect, term, lost)
	end
	if available then place_changed(books.cell, referral.service, available, held) end
end

local NEED_OF_OUTCOME = { helped = 'meet', partly_helped = 'meet_partly', not_helped = 'fail' }
local NEED_OF_REASON = { duplicate = 'mark_duplicate', entered_in_error = 'mark_error',
	not_helped = 'close_unmet' }
local AWAITS_ANSWER = { queued = true, sent = true, delivered = true, seen = true }
local UNMATCHED = { received = true, matching = true, parked = true }

local function may(move, role)
	return string.find(move.who, ROLES[role] or '?', 1, true) ~= nil
end

-- Moves a need; nil where its life cycle does not hold the move (it then stays).
-- Entering `matching` puts it into the match queue, leaving the unmatched states takes it out.
local function need_move(books, case, need, action, reason, lease)
	local from = need.state
	local move = MOVES.need[action] and MOVES.need[action][from]
	if not move then return nil, from end
	need.state, need.version, need.reason = move.to, int(need.version + 1), reason or ''
	need.is_changed = true
	if UNMATCHED[from] then leave(books, case, 'match', need) end
	if move.to == 'matching' then
		if lease then enter_leased(books, case, 'match', need, lease) else
			enter(books, case, 'match', need)
		end
	end
	if OPEN.need[from] and not OPEN.need[move.to] then open_more(books, case, -1) end
	return move, from
end

-- The open ones of a need's referrals, newest first: of the last `among`, or of all.
local function open_referrals(case, need, among)
	local out, last = {}, tonumber(need.referrals) or 0
	for i = last, math.max(1, last + 1 - (among or last)), -1 do
		local referral = item_of(case, need.need, i)
		if OPEN.referral[referral.state] then out[#out + 1] = referral end
	end
	return out
end

-- What went out together with the one that was accepted; defined below.
local recall_others

-- Moves a referral with everything that follows from it.  e: by, role, reason, command;
-- need_action overrides what the table says ('' for none).  The move of its need, if any.
local function referral_move(books, case, referral, move, e, need_action, lease)
	local from, to = referral.state, move.to
	local was_open, is_open = OPEN.referral[from], OPEN.referral[to]
	referral.state, referral.version = to, int(referral.version + 1)
	referral.is_changed = true
	if e.reason ~= '' then
		referral.reason = e.reason
	elseif is_open then
		referral.reason = '' -- a closed one keeps why it was closed
	end
	local lost = lost_by(books, case, referral, AWAITS_ANSWER[from] and to, e.reason)
	place_effect(books, referral, move.place, lost and item_of(case, referral.need).term, lost)
	if AWAITS_ANSWER[from] and not AWAITS_ANSWER[to] then
		leave(books, case, 'clock', referral)
		referral.next, referral.step = '', ''
	elseif from == 'proposed' and AWAITS_ANSWER[to] then
		referral.next = 'expire'
		enter_delayed(books, case, 'clock', referral,
			moment_of(case, referral.expires_at) or books.at)
		tell(books, case, referral, 'offer')
	end
	if was_open and not is_open then
		call('ZREM', case.cell.tag .. ':inbox:' .. referral.agency, referral.id)
		wake_waiting(books, limited_key(case.cell, referral.agency))
	elseif is_open and not was_open then
		put(books, case.cell.tag .. ':inbox:' .. referral.agency, books.at, referral.id)
	end
	local action = need_action or move.need
	if action == 'close' then action = NEED_OF_OUTCOME[e.reason] or 'meet' end
	local need_moved, need_from
	if action ~= 'none' and action ~= '' then
		local need = item_of(case, referral.need)
		local parallel = tonumber(need.parallel)
		-- The need waits for the others that are out.
		if not (action == 'rematch' and parallel and open_referrals(case, need, parallel)[1]) then
			need_moved, need_from = need_move(books, case, need, action, e.reason, lease)
		end
		if action == 'serve' and parallel then recall_others(books, case, need, referral, e) end
	end
	if was_open and not is_open then open_more(books, case, -1) end
	if is_open and not was_open then open_more(books, case, 1) end
	record(case, { item = referral.id, action = move.action, from = from, to = to,
		need_from = need_moved and need_from, need_to = need_moved and need_moved.to,
		by = e.by, role = e.role, reason = e.reason, command = e.command })
	return need_moved
end

-- The agency is told that an offer is over, unless it said so itself or never heard of it;
-- what else it was to be told of the offer is dropped.
local function recall(books, case, referral, from, role)
	local where = leave(books, case, 'notify', referral)
	referral.tell, referral.is_changed = '', true
	-- A lease means that it may just be going out.
	if where ~= 'leased' and (from == 'queued' or role == 'agency') then return end
	tell(books, case, referral, 'recall')
end

-- Cancels what is open of a need but for one, as far as the life cycle allows.
function recall_others(books, case, need, but, e)
	e = { by = e.by, role = 'system', reason = 'accepted_elsewhere' }
	for _, referral in ipairs(open_referrals(case, need, tonumber(need.parallel))) do
		local from = referral.state
		local cancel = MOVES.referral.cancel[from]
		if referral ~= but and cancel then
			referral_move(books, case, referral, cancel, e, '')
			recall(books, case, referral, from, 'system')
		end
	end
	need.parallel, need.is_changed = '', true
end

-- A set of the index by phone or place code.  There are 900 of each, since a small set takes a third
-- of a large one's bytes for an entry; the case keeps in which of them it is.
local function index_key(cell, kind, digits)
	return cell.tag .. ':' .. kind .. ':' .. digits
end

-- Found by phone and place code: blind numbers, '' for none, which stand as scores.
local function index_add(books, case, phone, where)
	local cell, head = case.cell, case.head
	head.phone, head.where = sub(phone, 1, INDEX_DIGITS), sub(where, 1, INDEX_DIGITS)
	if phone ~= '' then put(books, index_key(cell, 'phone', head.phone), phone, case.id) end
	if where ~= '' then put(books, index_key(cell, 'where', head.where), where, case.id) end
end

local function index_remove(case)
	local cell, head = case.cell, case.head
	if head.phone ~= '' then call('ZREM', index_key(cell, 'phone', head.phone), case.id) end
	if head.where ~= '' then call('ZREM', index_key(cell, 'where', head.where), case.id) end
end

-- The blind number by which the case is found; '' for none.
local function index_number(case, kind)
	local digits = case.head[kind]
	return digits ~= '' and call('ZSCORE', index_key(case.cell, kind, digits), case.id) or ''
end

local function ready_count(cell, stage)
	local n = 0
	for _, lane in ipairs(LANES) do n = n + call('ZCARD', cell[stage].ready[lane]) end
	return n
end

local function add_need(books, case, number, term, lease)
	local need = item_hold(case, name_of(number), number, nil, { state = 'received', version = '1',
		term = term, referrals = '', reason = '', commit = '', match = '', parallel = '',
		is_changed = true })
	if lease then enter_leased(books, case, 'match', need, lease) else
		enter(books, case, 'match', need)
	end
end

