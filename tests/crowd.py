# SPDX-License-Identifier: Apache-2.0
"""Families, agencies and operators who go on whatever dies, and what kills.

Each is a thread with a seed.  What got no answer, or an answer that leaves the outcome open, is
repeated under the same key until it is answered; what was answered is remembered for the audit."""

import collections
import http.client
import os
import random
import signal
import threading
import time
import uuid

import msgpack

from audit import MOVES, WHO, is_told_by_inbox, read_cases
from harness import wait_for
from load import Load, random_intake, terms_in_use
from receiver import Receiver, agencies_of

OPEN_OUTCOME = {"busy", "draining", "unavailable", "no_memory"}
# Who does what, how often.  Of each move that its state allows, one is drawn.
WEIGHTS = {"accept": 8, "complete": 5, "decline": 3, "start": 3, "confirm": 2, "confirm_cancel": 4, "see": 1}
ROLES = {"a": "agency", "o": "operator", "s": "supervisor", "c": "coordinator"}
REASONS = {"decline": ("full", "criteria", "too_far"), "complete": ("helped", "partly_helped", "not_helped"),
           "withdraw": ("withdrawn", "duplicate", "entered_in_error", "not_helped")}


class Worker(threading.Thread):
    """A thread whose error is raised where it is joined."""

    def __init__(self):
        super().__init__(daemon=True)
        self.over, self.error = threading.Event(), None

    def run(self):
        try:
            self.work()
        except BaseException as error:
            self.error = error

    def end(self, seconds=90):
        self.over.set()
        self.join(seconds)
        if self.error:
            raise self.error
        assert not self.is_alive(), f"{type(self).__name__} did not come to an end in {seconds} s"
        return self


class Intakes:
    """An endless list: the same number is always the same family."""

    def __init__(self, seed, terms):
        self.seed, self.terms, self.count = seed, terms, 0

    def __len__(self):
        return self.count

    def __getitem__(self, number):
        return random_intake(random.Random(f"{self.seed}/{number}"), self.terms)


class Families(Worker):
    """Submits `rate` intakes a second over ZeroMQ while `may` says so."""

    def __init__(self, net, seed, rate, may=lambda: True):
        super().__init__()
        self.intakes = Intakes(seed, terms_in_use(net.redis))
        self.load = Load(net, self.intakes, window=64, prefix=f"{seed}", repeat_after_s=1.0)
        self.net, self.rate, self.may = net, rate, may

    def work(self):
        socket, due = self.net.socket(), time.monotonic()
        while not self.over.is_set():
            now = time.monotonic()
            if now < due:
                self.load.pump(socket, int((due - now) * 1000) + 1)
                continue
            due = max(due + 1 / self.rate, now - 1)  # what a pause missed comes at most a second's worth
            if self.may():
                self.load.todo.append(self.intakes.count)
                self.intakes.count += 1
            self.load.pump(socket, 0)
        while self.load.is_busy():
            self.load.pump(socket, 50)
        socket.close()


class People(Worker):
    """Looks at acknowledged cases in turn and acts on them: agencies, operators, supervisors."""

    def __init__(self, net, seed, families, pause_s=0.0):
        super().__init__()
        self.net, self.families, self.pause_s = net, families, pause_s
        self.rng = random.Random(f"people/{seed}")
        self.done, self.refused, self.again = collections.Counter(), collections.Counter(), 0

    def work(self):
        self.socket = self.net.socket()
        while not self.over.wait(self.pause_s):
            known = list(self.families.load.accepted.values())[-500:]
            if not known:
                self.over.wait(0.02)
                continue
            self.visit(self.rng.choice(known)[0])
        self.socket.close()

    def visit(self, case_id):
        answer = self.ask("GET", f"/api/v1/cases/{case_id}", None, None)
        assert answer.status == 200, (answer.status, answer.body)
        case = answer.json["case"]
        if self.rng.random() < 0.05:
            self.amend(case)
        elif self.rng.random() < 0.05:
            self.withdraw(case)
        else:
            self.move(case)

    def move(self, case):
        may = [(referral, action) for referral in case["referrals"]
               for machine, action, state in MOVES if machine == "referral" and state == referral["state"]
               and self.role(action, state) and (action != "reopen" or self.rng.random() < 0.1)]
        if may:
            weights = [WEIGHTS.get(action, 1) for _, action in may]
            referral, action = self.rng.choices(may, weights)[0]
            self.answer(referral, action)

    def role(self, action, state):
        who = [ROLES[letter] for letter in WHO["referral", action, state] if letter in ROLES]
        return self.rng.choice(who) if who else None

    # ---- commands; each is repeated until its outcome is known

    def answer(self, referral, action):
        role, command = self.role(action, referral["state"]), str(uuid.UUID(int=self.rng.getrandbits(128)))
        reason = self.rng.choice(REASONS[action]) if action in REASONS else None
        if role != "agency" and self.rng.random() < 0.6:  # tokens act for one agency only
            body = {"reason": reason} if reason else {}
            said = self.ask("POST", f"/api/v1/referrals/{referral['id']}/{action}", body, role,
                            {"If-Match": f'"{referral["version"]}"', "Idempotency-Key": command})
            self.note(referral["id"], action, said.status == 200, said.json.get("code"))
            return
        self.say("answer", referral["id"], action, referral=referral["id"], action_=action, command_id=command,
                 version=referral["version"], by=f"{role}-7", role=role, reason=reason,
                 agency=referral["agency"] if role == "agency" else None)

    def withdraw(self, case):
        need = self.rng.choice(case["needs"])["id"]
        self.say("withdraw", need, "withdraw", case_id=case["id"], need=need, by="operator-7", role="operator",
                 command_id=str(uuid.UUID(int=self.rng.getrandbits(128))), reason=self.rng.choice(REASONS["withdraw"]))

    def amend(self, case):
        changes = {"urgency": self.rng.choice(["emergency", "urgent", "normal"])}
        if len(case["needs"]) < 6 and self.rng.random() < 0.3:
            changes["add_needs"] = [{"term": self.rng.choice(case["needs"])["term"]}]
        self.say("amend", case["id"], "amend", case_id=case["id"], version=case["version"], by="operator-7",
                 role="operator", command_id=str(uuid.UUID(int=self.rng.getrandbits(128))), changes=changes)

    def note(self, item, action, is_done, code):
        if is_done:
            self.done[item, action] += 1
        else:
            assert code in ("illegal_move", "stale", "forbidden", "full", "archived"), (item, action, code)
            self.refused[code] += 1

    def ask(self, method, path, body, role, headers=None, seconds=60):
        """HTTP until there is an answer that says what came of it."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                answer = self.net.http(method, path, body, role=role or "operator", headers=headers)
                if answer.status != 503:
                    return answer
            except (OSError, http.client.HTTPException):
                pass
            assert time.monotonic() < deadline, f"no answer to {method} {path} within {seconds} s"
            self.again += 1
            self.over.wait(0.1)

    def say(self, kind, item, action, seconds=60, **fields):
        """A ZeroMQ command until there is an answer that says what came of it."""
        fields = {k.rstrip("_"): v for k, v in fields.items() if v is not None}
        name, deadline = str(uuid.UUID(int=self.rng.getrandbits(128))), time.monotonic() + seconds
        while True:
            self.socket.send(msgpack.packb({"v": 1, "kind": kind, "id": name, **fields}))
            reply = None
            while (reply is None or reply.get("id") != name) and self.socket.poll(1000):
                reply = msgpack.unpackb(self.socket.recv())
            if reply is not None and reply.get("id") == name and reply.get("status") not in OPEN_OUTCOME:
                assert reply.get("status") != "invalid", reply
                self.note(item, action, reply["kind"] == "moved", reply.get("status"))
                return
            assert time.monotonic() < deadline, f"no answer to {kind} {item} within {seconds} s"
            self.again += 1
            self.over.wait(0.02)


def accept_all(net, families, people, seconds=120):
    """Agencies accept what they still have to answer, so that no clock strikes any more."""
    socket, unanswered = net.socket(), {}

    def none_left():
        ids = [case_id for case_id, _ in families.load.accepted.values()]
        waiting = {item: r["agency"] for case in read_cases(net.redis, ids).values()
                   for item, r in case.referrals.items() if ("referral", "accept", r["state"]) in MOVES}
        unanswered.update(waiting)
        for item, agency in unanswered.items():
            socket.send(msgpack.packb({"v": 1, "kind": "answer", "id": item, "referral": item, "action": "accept",
                                       "command_id": "at last", "by": "agency-7", "role": "agency",
                                       "agency": agency}))
        while unanswered and socket.poll(5000):  # else again, at the next look
            reply = msgpack.unpackb(socket.recv())
            if reply["id"] in unanswered and reply.get("status") not in OPEN_OUTCOME:
                del unanswered[reply["id"]]
                if reply["kind"] == "moved":
                    people.done[reply["id"], "accept"] = 1
        return not waiting and not unanswered
    wait_for(none_left, seconds, "every offer answered")
    socket.close()


def commands_kept(lines, *people):
    """Each command that was answered as done stands in the journal once, and no other does."""
    groups = {}
    for _, line in lines:
        if line["command"] and line["role"] != "system":
            action = line["action"]
            if ("need", action, line["from"]) in MOVES and line["item"].count("-") == 1:
                action = "withdraw"
            groups[line["case"], line["command"]] = (line["item"], action)  # a withdrawal's cancel goes first
    there, done = collections.Counter(groups.values()), sum((p.done for p in people), collections.Counter())
    for key in there.keys() | done.keys():
        if there[key] != done[key]:
            yield f"{key[0]}: {key[1]} was answered as done {done[key]} times, and done {there[key]} times"


# ---- what kills ----

class Killer(Worker):
    """kill -9 of a process drawn by lot, again after 0.3 to 0.9 s, until `most` are dead.

    One that is not up again since its last death is mostly spared: a Redis that is always killed
    before it has read its files proves nothing."""

    def __init__(self, net, seed, most=None, pauses_s=(0.3, 0.9)):
        super().__init__()
        self.net, self.most, self.pauses_s = net, most, pauses_s
        self.rng, self.kills = random.Random(f"killer/{seed}"), collections.Counter()

    @property
    def count(self):
        return sum(self.kills.values())

    def work(self):
        while (self.most is None or self.count < self.most) and not self.over.wait(self.rng.uniform(*self.pauses_s)):
            names = sorted(self.net.endpoints["pids"])
            self.rng.shuffle(names)
            name = next((n for n in names if self.rng.random() < 0.05 or self.net.answers(n)), names[0])
            self.kills[name] += kill_now(self.net, name)
        self.all_up()

    def all_up(self):
        wait_for(lambda: all(self.net.answers(name) for name in self.net.endpoints["pids"]), 60, "all up again")


def kill_now(net, name):
    """Whether a process of this network by this name was there to be killed."""
    pid = net.endpoints["pids"][name]
    try:
        handle = os.pidfd_open(pid) if pid else None
    except ProcessLookupError:
        handle = None
    if handle is None:
        return False
    try:  # the number may be another's by now
        is_ours = os.path.realpath(f"/proc/{pid}/cwd") == os.path.realpath(net.dir)
        if is_ours:
            signal.pidfd_send_signal(handle, signal.SIGKILL)
        return is_ours
    except OSError:
        return False
    finally:
        os.close(handle)


# ---- agencies' web servers ----

class Hooks(Receiver):
    """Hears of each telling once or more."""

    def take(self, net):
        """Half of the agencies of the directory are told here, the others by their inbox."""
        self.agencies = sorted(agencies_of(net))[::2]
        for agency in self.agencies:
            done = net.http("PUT", f"/api/v1/agencies/{agency}/channel", role="coordinator",
                            body={"channel": "webhook", "address": f"http://127.0.0.1:{self.server.server_port}/"})
            assert done.status == 204, done.body

    def wrong(self, books):
        """Each offer was heard here or lay in the inbox, and what was told twice came under one id."""
        ids = collections.defaultdict(set)
        for webhook_id, data in self.got:
            ids[data["referral"], data["purpose"]].add(webhook_id)
        sent = {line["item"] for _, line in books.lines if line["action"] == "send"}
        agency = {item: r["agency"] for case in books.cases.values() for item, r in case.referrals.items()}
        for _, line in books.lines:
            if line["action"] == "offer" and line["from"] == "":
                if is_told_by_inbox(line) == (agency[line["item"]] in self.agencies):
                    yield f"{line['item']} was offered as {line['to']} to {agency[line['item']]}"
        for item in sent:
            if agency[item] in self.agencies and (item, "offer") not in ids:
                yield f"{item} is sent, and its agency never heard of it"
        for (item, purpose), under in ids.items():
            # Another recall follows where a referral was reopened and cancelled again.
            if len(under) > 1 and purpose != "recall":
                yield f"{item}: {purpose} came under {len(under)} ids"
