# SPDX-License-Identifier: Apache-2.0
"""Did it, lost the reply: at every call to Redis and every message between processes the line breaks
in five ways, and afterwards all is as if it had not."""

import concurrent.futures
import contextlib
import json
import glob
import os
import re
import signal
import shutil
import sys
import tempfile
import unittest
import uuid

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from audit import audit  # noqa: E402
from harness import BUILD, DEMO, ROOT, TAG, Network, demo_intake, select_pause, wait_for  # noqa: E402
from proxy import FAULTS, Proxy, Resp, Zmtp  # noqa: E402
from receiver import Receiver  # noqa: E402

SHIM = os.path.abspath(os.path.join(BUILD, "tests", "shim", "poison.so"))
# A call is given up after 2 s and a connection after 1 s of silence; leases and clocks go round quickly.
QUICK = {"redis.timeout": "2 s", "redis.connections": "2", "limits.lease": "1500 ms", "limits.reap_every": "200 ms",
         "limits.claim_every": "100 ms", "limits.backoff_first": "100 ms", "limits.backoff_most": "200 ms",
         "clocks.normal_remind": "500 ms", "notifier.webhook_private": "yes",
         "archive.every": "100 ms"}


def functions():
    names = set()
    for path in glob.glob(os.path.join(ROOT, "proto", "functions", "*.lua")):
        with open(path) as file:
            for many, name in re.findall(r"^register(_many)?\('(\w+)'", file.read(), re.M):
                names |= {f"hl_{name}", f"hl_{name}{many}"}
    return names


def messages(*ends):
    """Kinds of messages.def that go between such ends."""
    with open(os.path.join(ROOT, "proto", "messages.def")) as file:
        rows = re.findall(r'^MESSAGE\((\w+), "([^"]+)"', file.read(), re.M)
    return {kind for kind, way in rows if any(end in way for end in ends)}


class Lossy(unittest.TestCase):
    """A network behind proxies, and ways to have each message sent."""

    def setUp(self):
        self.receiver = Receiver()
        self.addCleanup(self.receiver.close)
        self.keys, self.over = {}, 0

    def begin(self, net):
        self.net = net
        self.addCleanup(net.close)
        net.start(60)
        return net

    def submit(self, urgency="urgent", settle=True):
        intake = dict(demo_intake(), urgency=urgency)
        intake["needs"] = intake["needs"][:1]
        key = str(uuid.uuid4())
        reply = wait_for(lambda: (r := self.net.submit(intake, key)).status in (200, 201) and r, 30, "acceptance")
        self.keys[key] = reply.json["case"]["id"]
        return self.net.settled(self.keys[key], 30) if settle else self.keys[key]

    def repeat(self, call):
        """A command whose outcome is unknown is said again, under the same id."""
        return wait_for(lambda: (r := call()).status in (200, 201) and r, 30, "an answer")

    def referral(self):
        return wait_for(lambda: (r := self.submit()["referrals"]) and r[-1], 60, "a referral")

    def answer(self):
        referral, key = self.referral(), str(uuid.uuid4())
        self.repeat(lambda: self.net.answer(referral["id"], "accept", referral["version"], key=key))

    def withdraw(self):
        case_id, key = self.submit()["id"], str(uuid.uuid4())
        self.repeat(lambda: self.net.http("POST", f"/api/v1/cases/{case_id}/withdraw", {}, headers={
            "Idempotency-Key": key}))

    def amend(self):
        case, key = self.submit(), str(uuid.uuid4())
        self.repeat(lambda: self.net.http("PATCH", f"/api/v1/cases/{case['id']}", {"urgency": "normal"}, headers={
            "Idempotency-Key": key, "If-Match": f'"{case["version"]}"'}))

    def restart(self, name):
        old = self.net.pid(name)
        os.kill(old, signal.SIGTERM)
        wait_for(lambda: self.net.pid(name) not in (0, old) and self.net.answers(name), 30, "the next " + name)

    def wait(self):
        select_pause(0.1)

    def break_at(self, proxy, name, drive, faults):
        proxy.arm(name, *faults)
        try:
            wait_for(lambda: (drive(), not proxy.waits(name))[1], 60, f"{name} to meet {faults}")
        finally:
            left = proxy.disarm(name)
        self.assertEqual(left, [])

    def break_all(self, proxy, cases, faults=FAULTS):
        for name, drive in cases.items():
            with self.subTest(name):
                self.break_at(proxy, name, drive, faults)
                self.check()

    def check(self):
        """All is as it should be; then the places are given back for the next."""
        audit(self.net, self.keys)
        for case_id in list(self.keys.values())[self.over:]:
            self.net.command("withdraw", case_id=case_id, command_id="over", by="test", role="operator")
        self.over = len(self.keys)


class Store(Lossy):
    def put_proxy(self, net):
        """Services speak through proxy.sock, tools in a directory whose redis.sock is the proxy too."""
        self.tools = tempfile.mkdtemp(prefix="hl-")
        self.addCleanup(shutil.rmtree, self.tools, ignore_errors=True)
        self.proxy = Proxy(Resp, os.path.join(net.dir, "redis.sock"), os.path.join(net.dir, "proxy.sock"),
                           os.path.join(self.tools, "redis.sock"))
        self.addCleanup(self.proxy.close)
        for name in ("keys", "tokens.json", "endpoints.json"):
            os.symlink(os.path.join(net.dir, name), os.path.join(self.tools, name))

    def tool(self, *arguments):
        here, self.net.dir = self.net.dir, self.tools
        try:
            return self.net.ctl(*arguments, check=False)
        finally:
            self.net.dir = here

    def directory(self):
        """Imported under a new name each time, so that it is all new."""
        self.tool("import", "--source", uuid.uuid4().hex[:8], os.path.join(DEMO, "directory.json"))

    @contextlib.contextmanager
    def stopped(self, name):
        """What comes to the process meanwhile it finds in one moment."""
        pid = self.net.pid(name)
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
            self.wait()
        finally:
            os.kill(pid, signal.SIGCONT)

    def submit_four(self, settle=True):
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            return list(pool.map(lambda _: self.submit(settle=settle), range(4)))

    def accept_many(self):
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            with self.stopped("intake.1"):
                four = pool.submit(self.submit_four)
            four.result()

    def offer_many(self):
        with self.stopped("matcher.1"):
            cases = self.submit_four(settle=False)
        for case_id in cases:
            self.net.settled(case_id, 30)

    def told_many(self):
        self.receiver.gate.clear()
        before = len(self.receiver.got)
        cases = self.submit_four(settle=False)
        wait_for(lambda: len(self.receiver.got) >= before + 4, 20, "four tellings")
        with self.stopped("notifier.1"):
            self.receiver.gate.set()
        for case_id in cases:
            self.net.settled(case_id, 30)

    def undeliverable(self):
        failed = lambda: self.net.metric("notifier.1", 'referral_nack_total{reason="undeliverable"}') or 0  # noqa: E731
        before, self.receiver.status = failed(), 503
        self.submit(settle=False)
        wait_for(lambda: failed() > before, 20, "a failure")
        self.receiver.status = 204

    def slow(self):
        """A telling that is in hand for longer than a third of its lease."""
        self.receiver.gate.clear()
        self.submit(settle=False)
        before = self.proxy.seen["hl_extend"]
        wait_for(lambda: self.proxy.seen["hl_extend"] > before, 20, "a lease extended")
        self.receiver.gate.set()

    def crash(self):
        pid = self.net.pid("matcher.1")
        os.kill(pid, signal.SIGSTOP)
        case_id = self.submit(settle=False)
        with open(self.poison, "w") as file:
            file.write(case_id + "\n")
        os.kill(pid, signal.SIGCONT)
        dying = wait_for(lambda: [p for p in (self.net.pid("matcher.1"),) if os.path.exists(f"{self.poison}.{p}")],
                         30, "a matcher at the poison")[0]
        os.unlink(self.poison)
        with open(f"{self.poison}.{dying}", "w"):
            pass
        wait_for(lambda: self.net.pid("matcher.1") not in (0, dying) and self.net.answers("matcher.1"), 30,
                 "the next matcher")

    def bury(self):
        """A telling that is refused for good is a dead letter, and is called back."""
        self.receiver.status = 410
        self.submit(settle=False)
        wait_for(lambda: self.net.redis.zcard(f"{TAG}:notify:dead"), 30, "a dead letter")
        self.receiver.status = 204
        wait_for(lambda: (self.tool("dead", "replay", "--all"), not self.net.redis.zcard(f"{TAG}:notify:dead"))[1], 30,
                 "the replay")

    def recount(self):
        """fsck counts a place anew where it says another number than the cases."""
        place = next(self.net.redis.scan_iter(match=f"{TAG}:place:*"))
        self.net.redis.hincrby(place, "held", 1)
        self.tool("fsck")
        self.net.redis.hincrby(place, "held", -1)

    def kept(self):
        """The same directory again but for one name: what did not change is kept."""
        with open(os.path.join(DEMO, "directory.json")) as file:
            rows = json.load(file)
        rows[0]["name"] += uuid.uuid4().hex[:4]
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(rows, file)
            file.flush()
            self.tool("import", "--source", "kept", file.name)

    def placeless(self):
        """A service that reports no places, so that nothing here sells them."""
        with open(os.path.join(DEMO, "directory.json")) as file:
            return next(row["id"] for row in json.load(file) if not row.get("capacities"))

    def edit(self):
        path, key = "/api/v1/services/" + self.placeless(), str(uuid.uuid4())
        version = self.repeat(lambda: self.net.http("GET", path + "/history", role="coordinator")).json["version"]
        done = self.repeat(lambda: self.net.http("PATCH", path, {"alert": key}, "coordinator", {
            "Idempotency-Key": key, "If-Match": f'"{version}"'}))
        self.assertEqual(done.json["service"]["version"], version + 1)

    def policy(self):
        """Another one each time, so that it is new."""
        with tempfile.NamedTemporaryFile("w", suffix=".policy") as file:
            file.write(f"[weight]\ndistance = {30 + uuid.uuid4().int % 1000 / 100}\n")
            file.flush()
            self.tool("policy", "apply", file.name)

    def counted(self):
        """A service that reports its places."""
        with open(os.path.join(DEMO, "directory.json")) as file:
            return next(row["id"] for row in json.load(file) if row.get("capacities"))

    def confirm(self):
        path = "/api/v1/services/" + self.counted()
        self.repeat(lambda: self.net.http("POST", path + "/confirm", role="coordinator"))

    def stale(self):
        """Places that were reported long ago: their agency is asked, and told of that by its webhook."""
        service, asked = self.counted(), f"{TAG}:place:{self.counted()}"
        self.confirm()
        self.net.redis.hset(asked, "reported_at", 1000)
        self.net.redis.zadd(f"{TAG}:reported", {service: 1000})
        wait_for(lambda: self.net.redis.hget(asked, "asked_told"), 60, "the agency is told")
        tellings = [data for _, data in self.receiver.got if data["purpose"] == "confirm"]
        self.assertEqual({data["service"] for data in tellings}, {service})
        self.confirm()

    def cases(self):
        """Every function and plain command, and what has it called."""
        view = lambda: self.net.http("GET", f"/api/v1/cases/{list(self.keys.values())[0]}")  # noqa: E731
        return {
            "hl_accept": self.submit, "hl_offer": self.submit, "hl_told": self.submit, "hl_answer": self.answer,
            "hl_withdraw": self.withdraw, "hl_amend": self.amend, "hl_claim": self.wait, "hl_reap": self.wait,
            "hl_queues": self.wait, "hl_archive_read": self.wait, "hl_clock": lambda: self.submit("normal"),
            "hl_accept_many": self.accept_many, "hl_offer_many": self.offer_many, "hl_told_many": self.told_many,
            "hl_extend": self.slow,
            "hl_nack": self.undeliverable, "hl_crash": self.crash, "hl_show": view,
            "hl_list": lambda: self.net.http("GET", "/api/v1/cases"),
            "hl_service_edit": self.edit, "hl_policies": self.wait, "hl_capacity_confirm": self.confirm,
            "hl_confirm_claim": self.wait, "hl_places": lambda: self.restart("matcher.1"),
            "hl_confirmations": lambda: self.net.http("GET", "/api/v1/inbox", role="agency"),
            "HGET": self.submit, "HGETALL": view, "INFO": self.wait, "CONFIG": self.wait, "XRANGE": self.wait,
        }

    def watch_cases(self):
        """Calls that wait for something to happen, or that one process makes as it starts."""
        return {"XREAD": (self.directory, FAULTS[:4]), "HSCAN": (self.directory, FAULTS[:4]),
                "hl_stale": (self.wait, ("drop",)), "hl_confirm_ask": (self.stale, ("drop",)),
                "hl_confirm_told": (self.stale, ("drop",)),
                "XREVRANGE": (lambda: self.restart("matcher.1"), ("cut",))}

    def tool_cases(self):
        fsck = lambda: self.tool("fsck")  # noqa: E731
        return {"hl_directory_swap": self.directory, "hl_directory_keep": self.kept, "hl_capacity": self.directory, "hl_policy": self.policy, "HSET": self.directory,
                "HLEN": self.directory, "EXPIRE": self.directory,
                "hl_dead": self.bury, "hl_check": fsck, "hl_check_entries": fsck,
                "hl_check_place": self.recount, "SCAN": fsck, "ZRANGE": lambda: self.tool("dead", "ls")}

    # Name: why it has no case.
    PASSED_OVER = {"hl_version": "no part of ours calls it",
                   "hl_archive_drop": "nothing grows old here; archive_test.py kills all around it",
                   "CLIENT": "greeting", "PING": "greeting",
                   "FUNCTION": "start-up waits for it and tries again"}

    def test_every_call_to_redis_may_lose_its_reply(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.poison = os.path.join(folder.name, "poison")
        for name, value in (("LD_PRELOAD", SHIM), ("POISON", self.poison)):
            os.environ[name] = value
            self.addCleanup(os.environ.pop, name)
        net = Network(settings=dict(QUICK, **{"redis.socket": "proxy.sock"}))
        self.put_proxy(net)
        self.begin(net)
        self.receiver.takes_all(net)
        cases, tools = self.cases(), self.tool_cases()
        self.assertEqual(functions() - set(cases) - set(tools) - set(self.PASSED_OVER) - set(self.watch_cases()), set(),
                         "without a case")
        self.break_all(self.proxy, cases)
        self.break_all(self.proxy, tools, ("cut", "drop", "half"))
        for name, (drive, faults) in self.watch_cases().items():
            self.break_all(self.proxy, {name: drive}, faults)
        passed = set(self.proxy.seen) - set(cases) - set(tools) - set(self.PASSED_OVER) - set(self.watch_cases())
        self.assertEqual(passed, set(), "passed without a case")


class Verbs(Lossy):
    LINES = {"gateway.intake": "intake", "gateway.matcher": "matcher.1", "matcher.upstream": "intake.work",
             "notifier.upstream": "matcher.1.work"}

    def refused(self):
        """A move that the life cycle forbids, asked anew each time."""
        referral = self.referral()
        self.repeat(lambda: self.net.answer(referral["id"], "accept", referral["version"]))
        answer = wait_for(lambda: (a := self.net.answer(referral["id"], "decline", referral["version"],
                                                        reason="full")).status != 503 and a, 30, "an answer")
        self.assertEqual(answer.status, 409, answer.body)

    def preview(self):
        self.repeat(lambda: self.net.http("POST", "/api/v1/matches", demo_intake()))

    def search(self):
        self.repeat(lambda: self.net.http("GET", "/api/v1/services?q=a"))

    def get(self, path):
        self.repeat(lambda: self.net.http("GET", path))

    def hand_over(self):
        """Work for both lines; its place is free again at once."""
        case = self.submit()
        self.repeat(lambda: self.net.http("POST", f"/api/v1/cases/{case['id']}/withdraw", {}, headers={
            "Idempotency-Key": case["id"]}))

    def reconnect(self, line):
        self.proxies[line].sever()
        select_pause(0.3)

    def cases(self):
        """By line: each kind of message on it, and what has it sent."""
        commands = {"submit": self.submit, "accepted": self.submit, "amend": self.amend, "withdraw": self.withdraw,
                    "answer": self.answer, "moved": self.answer, "refused": self.refused}
        questions = {"preview": self.preview, "previewed": self.preview, "search": self.search, "found": self.search}
        for kinds, path in ((("list", "listed"), "/hsds/3.1/services"),
                            (("complete", "completed"), "/api/v1/services/suggest?q=a"),
                            (("find_places", "places_found"), "/api/v1/places?q=a"),
                            (("find_terms", "terms_found"), "/api/v1/terms?q=a")):
            questions.update((kind, lambda path=path: self.get(path)) for kind in kinds)

        def work(line, name):
            again = lambda: self.reconnect(line)  # noqa: E731
            return {"hello": again, "welcome": again, "work": self.hand_over, "credit": self.hand_over, "ping": self.wait,
                    "pong": self.wait, "drain": lambda: self.restart(name)}
        return {"gateway.intake": commands, "gateway.matcher": questions,
                "matcher.upstream": work("matcher.upstream", "matcher.1"),
                "notifier.upstream": work("notifier.upstream", "notifier.1")}

    def test_every_message_between_processes_may_be_lost(self):
        lines = {line: f"ipc://run/{line}.proxy" for line in self.LINES}
        net = Network(settings=dict(lines, **{"limits.lease": "3 s", "notifier.webhook_private": "yes"}))
        os.mkdir(os.path.join(net.dir, "run"), 0o700)
        self.proxies = {line: Proxy(Zmtp, os.path.join(net.dir, "run", target + ".sock"),
                                    os.path.join(net.dir, "run", line + ".proxy"))
                        for line, target in self.LINES.items()}
        for proxy in self.proxies.values():
            self.addCleanup(proxy.close)
        self.begin(net)
        self.receiver.takes_all(net)
        cases = self.cases()
        self.assertEqual(messages("->", "either") - {k for kinds in cases.values() for k in kinds}, set(),
                         "without a case")
        # A command or question is asked again after 2 s, a silent line is given up after 3 s.
        for line, kinds in cases.items():
            self.break_all(self.proxies[line], kinds, FAULTS[:4] if line.endswith("upstream") else ("delay", "cut"))
        self.break_all(self.proxies["gateway.intake"], {"submit": self.submit, "accepted": self.submit}, FAULTS[2:])
        for line, kind in (("matcher.upstream", "work"), ("matcher.upstream", "credit"),
                           ("notifier.upstream", "work")):
            self.break_all(self.proxies[line], {kind: cases[line][kind]}, ("hold",))


if __name__ == "__main__":
    unittest.main()
