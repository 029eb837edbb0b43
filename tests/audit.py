# SPDX-License-Identifier: Apache-2.0
"""The final audit of a network, once nothing moves: what was promised, counted anew.

Reads Redis and proto/states.def alone and shares no code with the functions, nor with fsck: states
are played again from the journal, hashes from its lines, places from the directory's figures."""

import collections
import datetime
import hashlib
import json
import os
import re

from harness import ROOT, TAG, wait_for
from kept import fields_of, line_of

STAGES = ("match", "notify", "clock")
LANES = ("emergency", "urgent", "normal")
SETS = tuple(f"ready:{lane}" for lane in LANES) + ("leased", "delayed", "dead")
UNMATCHED = {"received", "matching", "parked"}
AWAITS_ANSWER = {"queued", "sent", "delivered", "seen"}
PAGE = 2000


def machines():
    """Of states.def: (machine, state) -> whether it is open; (machine, action, from) -> to, and -> who."""
    with open(os.path.join(ROOT, "proto", "states.def")) as file:
        text = file.read()
    states = {(m, s): is_open == "1" for m, s, is_open in
              re.findall(r"^STATE\((\w+), (\w+), ([01]),", text, re.M)}
    rows = re.findall(r'^MOVE\((\w+), (\w+), (\w+), (\w+), "(\w+)"', text, re.M)
    return (states, {(m, action, before): after for m, action, before, after, _ in rows},
            {(m, action, before): who for m, action, before, _, who in rows})


STATES, MOVES, WHO = machines()


# ---- what Redis holds ----

class Case:
    """A case as it lies in Redis; the one reader of its hash in these tests."""

    def __init__(self, case_id, fields):
        text = fields_of(fields)
        self.id, self.urgency = case_id, text.get("urgency")
        self.open, self.last, self.chain = int(text.get("open", -1)), text.get("last"), text.get("chain")
        self.found_by = {kind: text.get(kind) for kind in ("phone", "where")}
        self.needs, self.referrals = {}, {}
        for n in range(1, int(text.get("needs", 0)) + 1):
            self.needs[f"{case_id}-{n}"] = {k: text.get(f"n{n}.{k}") for k in ("state", "reason", "parallel")}
            for r in range(1, int(text.get(f"n{n}.referrals", 0)) + 1):
                self.referrals[f"{case_id}-{n}-{r}"] = {
                    k: text.get(f"r{n}-{r}.{k}") for k in ("state", "place", "service", "agency", "tell", "told")}


def read_cases(redis, ids):
    """{id: Case} of those that are there."""
    ids, cases = list(ids), {}
    for at in range(0, len(ids), PAGE):
        pipe = redis.pipeline(transaction=False)
        for case_id in ids[at:at + PAGE]:
            pipe.hgetall(f"{TAG}:case:{case_id}")
        for case_id, fields in zip(ids[at:at + PAGE], pipe.execute()):
            if fields:
                cases[case_id] = Case(case_id, fields)
    return cases


def read_journal(redis):
    """All lines, oldest first: (id, {field: text}) with the packed line itself as `line`."""
    lines, after = [], "-"
    while True:
        page = redis.xrange(f"{TAG}:journal", after, "+", count=PAGE)
        for line_id, fields in page:
            lines.append((line_id.decode(), dict(line_of(fields), line=fields[b"line"].decode())))
        if len(page) < PAGE:
            return lines
        after = "(" + lines[-1][0]


def names(redis, kind):
    """What follows {c1}:KIND: in the names of keys."""
    prefix = f"{TAG}:{kind}:"
    return [key.decode()[len(prefix):] for key in redis.scan_iter(match=prefix + "*", count=PAGE)]


def figures(redis):
    """{service: (reported at, free places)} of the directory in use; the scarcest unit counts."""
    found = {}
    for source, version in redis.hgetall(f"{TAG}:directory").items():
        for service, document in redis.hscan_iter(
                f"{TAG}:service:{source.decode()}:{version.decode()}", count=PAGE):
            capacities = [c for c in json.loads(document).get("capacities", []) if "available" in c]
            if capacities:
                scarce = min(capacities, key=lambda c: c["available"])
                at = datetime.datetime.fromisoformat(scarce["updated"].replace("Z", "+00:00"))
                found[service.decode()] = (int(at.timestamp() * 1000), int(scarce["available"]))
    return found


class Books:
    """Everything that the audit compares, read while the journal stood still."""

    def __init__(self, redis):
        newest = redis.xrevrange(f"{TAG}:journal", count=1)
        self.cases = read_cases(redis, names(redis, "case"))
        self.lines = read_journal(redis)
        inboxes, places = names(redis, "inbox"), names(redis, "place")
        pipe = redis.pipeline(transaction=True)  # items wander between sets: one moment for all
        for stage in STAGES:
            for name in SETS:
                pipe.zrange(f"{TAG}:{stage}:{name}", 0, -1)
        for agency in inboxes:
            pipe.zrange(f"{TAG}:inbox:{agency}", 0, -1)
        for service in places:
            pipe.hgetall(f"{TAG}:place:{service}")
        pipe.zrange(f"{TAG}:open", 0, -1)
        pipe.hgetall(f"{TAG}:count")
        pipe.xrevrange(f"{TAG}:journal", count=1)
        answers = iter(pipe.execute())
        self.sets = {(stage, name): [m.decode() for m in next(answers)] for stage in STAGES for name in SETS}
        self.inbox = {agency: [m.decode() for m in next(answers)] for agency in inboxes}
        self.places = {service: {k.decode(): v.decode() for k, v in next(answers).items()} for service in places}
        self.open = [m.decode() for m in next(answers)]
        self.count = {k.decode(): int(v) for k, v in next(answers).items() if b"-" not in v}  # no id of a line
        self.is_still = next(answers) == newest
        self.index = {kind: {(digits, m.decode()) for digits in names(redis, kind)
                             for m in redis.zrange(f"{TAG}:{kind}:{digits}", 0, -1)} for kind in ("phone", "where")}
        self.figures = figures(redis)

    @property
    def is_settled(self):
        """Each need is offered, parked or closed, and no telling waits but dead ones."""
        return (self.is_still and
                not any(self.sets["notify", name] for name in SETS if name != "dead") and
                not any(need["state"] in ("received", "matching") for case in self.cases.values()
                        for need in case.needs.values()))

    def states(self):
        """How many needs are in which state for which reason."""
        return collections.Counter((need["state"], need["reason"]) for case in self.cases.values()
                                   for need in case.needs.values())


# ---- the checks: each says what is wrong, as sentences ----

def acknowledged_once(books, acknowledged):
    ids = collections.Counter(acknowledged.values())
    for case_id, count in ids.items():
        if count > 1:
            yield f"{case_id} answers {count} keys"
    for case_id in set(ids) - set(books.cases):
        yield f"{case_id} was acknowledged and is lost"
    for case_id in set(books.cases) - set(ids):
        yield f"{case_id} was acknowledged to nobody"


def in_one_place(books):
    should = {stage: {} for stage in STAGES}
    for case in books.cases.values():
        for item, need in case.needs.items():
            if need["state"] in UNMATCHED:
                should["match"][item] = case.urgency
        for item, referral in case.referrals.items():
            if referral["tell"]:
                should["notify"][item] = case.urgency
            if referral["state"] in AWAITS_ANSWER:
                should["clock"][item] = case.urgency
    for stage in STAGES:
        there = collections.defaultdict(list)
        for name in SETS:
            for item in books.sets[stage, name]:
                there[item].append(name)
        for item in should[stage].keys() | there.keys():
            if len(there[item]) != (item in should[stage]):
                yield f"{item} is in {there[item]} of {stage}, should be in {int(item in should[stage])}"
            for name in there[item]:
                if name.startswith("ready:") and name != f"ready:{should[stage].get(item)}":
                    yield f"{item} waits in {name} of {stage}"


def listed(books):
    """The open set, the inboxes and the blind indexes say what the cases say."""
    is_open = {case.id for case in books.cases.values() if case.open > 0}
    if is_open != set(books.open):
        yield f"the open set differs in {sorted(is_open ^ set(books.open))[:5]}"
    boxed = {(agency, item) for agency, items in books.inbox.items() for item in items}
    should = set()
    for case in books.cases.values():
        count = 0
        for machine, items in (("need", case.needs), ("referral", case.referrals)):
            for item, it in items.items():
                if not STATES[machine, it["state"]]:
                    continue
                count += 1
                if machine == "referral":
                    should.add((it["agency"], item))
        if count != case.open:
            yield f"{case.id} has {count} open, says {case.open}"
    for agency, item in should ^ boxed:
        yield f"{item} should {'' if (agency, item) in should else 'not '}be in the inbox of {agency}"
    for kind, entries in books.index.items():
        should = {(case.found_by[kind], case.id) for case in books.cases.values() if case.found_by[kind]}
        for digits, case_id in entries ^ should:
            yield f"{case_id} should {'' if (digits, case_id) in should else 'not '}be in {kind}:{digits}"


def conserved(books):
    for stage in STAGES:
        entered, left = books.count.get(f"{stage}.entered", 0), books.count.get(f"{stage}.left", 0)
        there = sum(len(books.sets[stage, name]) for name in SETS)
        if entered != left + there:
            yield f"{stage}: {entered} entered, {left} left, {there} there"
    entered, left = books.count.get("case.entered", 0), books.count.get("case.left", 0)
    if entered != left + len(books.open):
        yield f"cases: {entered} entered, {left} left, {len(books.open)} open"
    closed = sum(1 for case in books.cases.values() if case.open == 0)
    archived = books.count.get("case.archived", 0)
    if (entered, left) != (len(books.cases) + archived, closed + archived):
        yield (f"cases: {entered} entered, {left} left, {archived} archived; "
               f"{len(books.cases)} are there, {closed} closed")


def reasons(books):
    """Each need that nobody helps says why, and each that somebody helps has one open referral, or
    while it is offered as many as went out together."""
    for case in books.cases.values():
        for item, need in case.needs.items():
            if need["state"] in ("parked", "unmet") and not need["reason"]:
                yield f"{item} is {need['state']} for no reason"
            out = [r["state"] for at, r in case.referrals.items()
                   if at.rsplit("-", 1)[0] == item and STATES["referral", r["state"]]]
            # A need that was withdrawn may wait for its agency's word, or be reopened for it.
            is_closed = not STATES["need", need["state"]] and not AWAITS_ANSWER & set(out)
            most = int(need["parallel"] or 1) if need["state"] == "offered" else 1
            is_wanted = need["state"] in ("offered", "in_service")
            if not is_wanted <= len(out) <= most * is_wanted and not (is_closed and len(out) < 2):
                yield f"{item} is {need['state']} with referrals {out}"


WITHOUT_MOVE = {"crash", "dead", "replay", "drop"}  # of an item's place in its stage; its state stays
TELLINGS = {"offer", "remind", "escalate", "recall"}


def chained(books):
    """Each case's lines, played again, give its hash, its newest line and every state."""
    chain, last, state = {}, {}, {}
    for line_id, line in books.lines:
        case, item, action = line["case"], line["item"], line["action"]
        if case not in books.cases:
            yield f"{line_id} is about {case}, which is not there"
            continue
        if line["prev"] != last.get(case, ""):
            yield f"{line_id} of {case} follows {line['prev']}, should follow {last.get(case)}"
        text = chain.get(case, "") + line["line"][:-len(line["chain"])]
        chain[case] = hashlib.sha1(text.encode()).hexdigest()[:16]
        last[case] = line_id
        if line["chain"] != chain[case]:
            yield f"{line_id} of {case} has the hash {line['chain']}, should have {chain[case]}"
        yield from played(line_id, line, state)
    for case in books.cases.values():
        if (case.last, case.chain) != (last.get(case.id), chain.get(case.id)):
            yield f"{case.id} ends with {case.last} {case.chain}, its lines with {last.get(case.id)}"
        for item, it in (*case.needs.items(), *case.referrals.items()):
            if it["state"] != state.get(item, "received" if item in case.needs else None):
                yield f"{item} is {it['state']}, its lines say {state.get(item)}"


def played(line_id, line, state):
    item, action = line["item"], line["action"]
    is_telling = action in TELLINGS and line["from"] == line["to"]
    if item == line["case"] or action in WITHOUT_MOVE or is_telling:
        return
    is_referral = item.count("-") == 2
    if is_referral and action == "offer":
        if item in state or line["to"] not in ("queued", "sent"):
            yield f"{line_id} offers {item} again"
        state[item] = line["to"]
    elif is_referral or not line["need_to"]:
        machine = "referral" if is_referral else "need"
        before = state.get(item, "received" if machine == "need" else None)
        is_parked_again = action == "park" and before == line["from"] == line["to"] == "parked"
        if before != line["from"] or (MOVES.get((machine, action, before)) != line["to"] and not is_parked_again):
            yield f"{line_id}: {item} is {before}, and makes {action} from {line['from']} to {line['to']}"
        state[item] = line["to"]
    if line["need_to"]:
        need = item.rsplit("-", 1)[0] if is_referral else item
        before = state.get(need, "received")
        if before != line["need_from"]:
            yield f"{line_id}: {need} is {before}, and moves from {line['need_from']}"
        state[need] = line["need_to"]


def is_told_by_inbox(line):
    """Whether an offer was told with itself: its agency has no webhook."""
    return line["action"] == "offer" and (line["from"], line["to"]) == ("", "sent")


def done_once(books):
    """No command, offer, or telling stands in the journal twice."""
    done, commands = collections.Counter(), collections.Counter()
    for _, line in books.lines:
        item, action, command = line["item"], line["action"], line["command"]
        is_late = action == "offer" and line["from"] != ""  # told after the answer
        done[item, "send" if is_late else action] += 1
        done[item, "send"] += is_told_by_inbox(line)
        if command:
            commands[line["case"], item, action, command] += 1
    for case in books.cases:
        if done[case, "accept"] != 1:
            yield f"{case} was accepted {done[case, 'accept']} times"
    for (item, action), count in done.items():
        if item.count("-") == 2 and action in ("offer", "send", "deliver") and count > 1:
            yield f"{item}: {action} {count} times"
    for (_, item, action, command), count in commands.items():
        if count > 1:
            yield f"{item}: {action} {count} times by {command}"
    for case in books.cases.values():
        for item, referral in case.referrals.items():
            if done[item, "offer"] != 1:
                yield f"{item} was offered {done[item, 'offer']} times"
            sent, clocks = done[item, "send"], done[item, "remind"] + done[item, "escalate"]
            # A clock that strikes and the telling that follows are a line each.
            if not 0 <= int(referral["told"] or 0) - sent - done[item, "recall"] <= clocks / 2:
                yield f"{item} was told {referral['told']} times, sent {sent}, recalled {done[item, 'recall']}"
            if referral["state"] in AWAITS_ANSWER - {"queued"} and sent != 1:
                yield f"{item} is {referral['state']} and was sent {sent} times"


def places_kept(books, figures_fell):
    held, taken = collections.Counter(), collections.Counter()
    for case in books.cases.values():
        for item, referral in case.referrals.items():
            if (referral["place"] == "held") != (referral["state"] in AWAITS_ANSWER):
                yield f"{item} is {referral['state']} with place {referral['place']}"
            held[referral["service"]] += referral["place"] == "held"
            if (referral["place"] or "").startswith("taken "):
                taken[referral["service"], referral["place"][len("taken "):]] += 1
    for service in set(held) | set(books.places):
        place = books.places.get(service, {})
        if int(place.get("held", 0)) != held[service]:
            yield f"{service}: {place.get('held')} places held, {held[service]} offered"
        if service not in books.figures or "available" not in place:
            continue
        at, figure = books.figures[service]
        sold = taken[service, place.get("reported_at")]
        # The demo's places count as reported when it is loaded, not when its file was written.
        if int(place.get("reported_at") or 0) < at or int(place["available"]) != figure - sold:
            yield f"{service}: {figure} places at {at}, {sold} taken; it says {place}"
        if not figures_fell and held[service] + sold > figure:
            yield f"{service}: {figure} places, {held[service]} held and {sold} taken"


def violations(books, keys, figures_fell=False):
    """Everything that is wrong; `keys`: {idempotency key: case id} of every case there is."""
    return [*acknowledged_once(books, keys), *in_one_place(books), *listed(books), *conserved(books),
            *reasons(books), *chained(books), *done_once(books), *places_kept(books, figures_fell)]


def audit(net, acknowledged, seconds=120, dead=0, figures_fell=False):
    """AssertionError unless all is as promised once the network has settled; the books.

    `acknowledged`: {idempotency key: case id} of every case there is, or a list of Loads, or both in
    a list.  `dead`: how many dead letters there should be.  `figures_fell`: reported free places were
    lowered below what is promised already."""
    keys = {}
    for one in acknowledged if isinstance(acknowledged, (list, tuple)) else [acknowledged]:
        keys.update(one if isinstance(one, dict) else one.acknowledged())

    def settled():
        books = Books(net.redis)
        return books.is_settled and books
    books = wait_for(settled, seconds, "a settled network")
    wrong = violations(books, keys, figures_fell)
    letters = sum(len(books.sets[stage, "dead"]) for stage in STAGES)
    if letters != dead:
        wrong.append(f"{letters} dead letters, should be {dead}")
    said = net.ctl("fsck", "--json", check=False)
    report = json.loads(said.stdout) if said.stdout else {}
    if said.returncode != 0 or report.get("violations") != [] or report.get("cases") != len(books.cases):
        wrong.append(f"fsck exits {said.returncode}: {said.stdout}{said.stderr}")
    if wrong:
        raise AssertionError(f"{len(wrong)} wrong:\n" + "\n".join(wrong[:20]) +
                             ("\n" if len(wrong) <= 20 else "\n...\n") + f"{dict(books.states())}")
    return books
