# SPDX-License-Identifier: Apache-2.0
"""How processes start, share, hurry, hold back and stop: nothing acknowledged is lost on the way."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import unittest
import urllib.error
import urllib.request

import msgpack
import redis

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import kept  # noqa: E402
from harness import BUILD, CTL, TAG, Network, demo_intake, wait_for  # noqa: E402
from load import Load, intakes_for  # noqa: E402
from receiver import Receiver  # noqa: E402

SEED = 20261122
LANES = ("emergency", "urgent", "normal")
SERVICES = ("gateway", "intake", "matcher", "notifier")


def intakes_of(net, count, urgency, seed=SEED):
    """Families with one need each, all of one urgency, and no place limits in the way."""
    made = []
    for intake in intakes_for(net, count, seed):
        made.append(dict(intake, urgency=urgency, needs=intake["needs"][:1]))
    return made


def metric(net, name, sample):
    """The sum of a metric's samples at one process; 0 where there is none yet."""
    with urllib.request.urlopen(net.endpoints["metrics"][name] + "/metrics", timeout=10) as answer:
        page = answer.read().decode()
    return sum(float(v) for v in re.findall(rf"^referral_{sample}(?:{{[^}}]*}})? (\S+)$", page, re.M))


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def processes_in(folder):
    """Processes whose working directory is this network's."""
    found = []
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.readlink(f"/proc/{entry}/cwd") == os.path.realpath(folder) and alive(entry):
                found.append(int(entry))
        except OSError:
            continue
    return found


class Stopping(unittest.TestCase):
    def run_load(self, net, intakes, **kwargs):
        """A load in a thread of its own; .error holds what ended it early."""
        load = Load(net, intakes, **kwargs)
        load.error = None

        def body():
            try:
                load.run(seconds=60)
            except BaseException as error:  # the network goes away under it: expected
                load.error = error
        load.thread = threading.Thread(target=body, daemon=True)
        load.thread.start()
        return load

    def test_stopping_under_load_keeps_all_that_was_acknowledged_and_a_later_start_goes_on(self):
        net = Network()
        self.addCleanup(net.close)
        net.start()
        pids = dict(net.endpoints["pids"])
        intakes = intakes_for(net, 3000, SEED)
        load = self.run_load(net, intakes, window=64)
        wait_for(lambda: len(load.accepted) > 300, 30, "the load under way")
        self.assertEqual(net.stop(), 0, net.logs())
        self.assertEqual([name for name, pid in pids.items() if alive(pid)], [])
        self.assertEqual(processes_in(net.dir), [])
        self.assertFalse(net.is_up(), "endpoints.json still speaks of a network")
        acknowledged = dict(load.accepted)
        self.assertLess(len(acknowledged), len(intakes), "the load was over before the stop")
        for name in SERVICES:
            with open(os.path.join(net.dir, "run", f"{name}.1.log")) as file:
                events = [json.loads(line) for line in file if line.startswith("{")]
            self.assertIn("draining", [e.get("event") for e in events], name)
            self.assertIn("stopped", [e.get("event") for e in events], name)
            self.assertNotIn("redis_lost", [e.get("event") for e in events], "Redis ended before " + name)

        net.log.close()
        net.start()
        for number, (case_id, needs) in acknowledged.items():
            found = kept.field(net.redis, case_id, "needs")
            self.assertEqual(int(found or -1), needs, f"intake {number} was acknowledged and is gone")
        # The load's own repeats reach the new intake at the same address: all of it gets through.
        load.thread.join(60)
        self.assertIsNone(load.error)
        self.assertEqual(len(load.accepted), len(intakes))
        self.assertEqual({n: load.accepted[n] for n in acknowledged}, acknowledged)
        states = load.states()
        load.told()
        self.assertEqual({s for s, _ in states} - {"offered", "parked"}, set())
        self.assertEqual(net.violations(), [])
        self.assertEqual(net.ctl("fsck").returncode, 0)

    def test_a_draining_process_is_not_ready_and_still_finishes_what_it_holds(self):
        with Network(settings={"limits.claim_every": "20 ms"}) as net:
            url = net.endpoints["metrics"]["intake.1"]

            def ready():
                try:
                    with urllib.request.urlopen(url + "/readyz", timeout=5) as answer:
                        return answer.status
                except urllib.error.HTTPError as error:
                    return error.code
                except OSError:
                    return 0
            self.assertEqual(ready(), 200)
            with urllib.request.urlopen(url + "/healthz", timeout=5) as answer:
                self.assertEqual((answer.status, answer.read()), (200, b"alive\n"))
            # With Redis held still, the command under way keeps intake from ending.
            os.kill(net.pid("redis"), signal.SIGSTOP)
            try:
                socket = net.socket()
                socket.send(msgpack.packb({"v": 1, "kind": "submit", "id": "held", "key": "held", "by": "op",
                                           "role": "operator", "intake": demo_intake()}))
                wait_for(lambda: metric(net, "intake.1", "mode") == 1, 5, "intake's numbers")
                time_to_arrive = net.socket()  # refused at once, and after the first one: it has arrived
                time_to_arrive.send(msgpack.packb({"v": 9, "id": "x"}))
                self.assertTrue(time_to_arrive.poll(5000))
                os.kill(net.pid("intake.1"), signal.SIGTERM)
                wait_for(lambda: ready() == 503, 5, "not ready while draining")
                with urllib.request.urlopen(url + "/healthz", timeout=5) as answer:
                    self.assertEqual(answer.status, 200)
                late = net.socket()  # no answer, so it is repeated: to the successor, at the same address
                command = msgpack.packb({"v": 1, "kind": "submit", "id": "late", "key": "late", "by": "op",
                                         "role": "operator", "intake": demo_intake()})
                late.send(command)
            finally:
                os.kill(net.pid("redis"), signal.SIGCONT)
            self.assertTrue(socket.poll(8000), "the command that was under way got no answer")
            self.assertEqual(msgpack.unpackb(socket.recv())["kind"], "accepted")

            def answered():
                late.send(command)
                return late.poll(1000) and msgpack.unpackb(late.recv())
            self.assertEqual(wait_for(answered, 20, "an answer of the successor")["kind"], "accepted")

    def test_a_worker_that_is_told_to_stop_takes_no_more_work(self):
        with Network(settings={"intake.handoff": "no"}) as net:
            pid = net.pid("matcher.1")
            os.kill(pid, signal.SIGSTOP)
            load = Load(net, intakes_of(net, 1500, "normal"), window=128).run()
            os.kill(pid, signal.SIGTERM)
            os.kill(pid, signal.SIGCONT)
            wait_for(lambda: not alive(pid), 9, "the matcher's end")
            done = sum(e["action"] in ("offer", "park") for e in kept.journal(net.redis))
            self.assertLess(done, 500, "it went on claiming")
            load.states()  # by the one that stands in its place
            self.assertEqual(net.violations(), [])

    def test_two_networks_stand_side_by_side_and_know_nothing_of_each_other(self):
        with Network() as one, Network() as other:
            case_id = one.submit(demo_intake(), key="k").json["case"]["id"]
            self.assertEqual(other.http("GET", f"/api/v1/cases/{case_id}").status, 401 if
                             other.tokens == one.tokens else 404)
            self.assertEqual(other.http("GET", "/api/v1/cases", token=one.tokens["operator"]["token"]).status, 401)
            self.assertEqual(other.submit(demo_intake(), key="k").status, 201)
            self.assertEqual(one.stop(), 0)
            self.assertEqual(other.settled(other.submit(demo_intake()).json["case"]["id"])["open"], True)
            self.assertEqual(other.violations(), [])

    def test_a_second_up_in_the_same_folder_refuses_with_one_line(self):
        with Network() as net:
            done = subprocess.run([CTL, "up", "--dir", net.dir, "--http", "127.0.0.1:0"], text=True,
                                  capture_output=True, timeout=30)
            self.assertNotEqual(done.returncode, 0)
            lines = (done.stdout + done.stderr).strip().splitlines()
            self.assertEqual(len(lines), 1, lines)
            self.assertIn(os.path.realpath(net.dir), lines[0])
            self.assertEqual(net.submit(demo_intake()).status, 201, "the first one was harmed")

    def test_the_redis_of_an_up_that_was_killed_ends_before_the_next_one_takes_its_files(self):
        net = Network()
        self.addCleanup(net.close)
        net.start()
        load = Load(net, intakes_for(net, 300, SEED), window=64).run()
        load.states()
        old = net.pid("redis")

        def servers():
            found = []
            for pid in processes_in(net.dir):
                try:
                    with open(f"/proc/{pid}/cmdline") as file:
                        found += [pid] if file.read().startswith("redis-server") else []
                except OSError:
                    continue
            return found
        self.assertEqual(servers(), [old])
        # A Redis that is busy does not hear that it should end, as with a slow disk.
        busy = threading.Thread(target=self.keep_busy, args=(net, 4), daemon=True)
        busy.start()
        probe = redis.Redis(unix_socket_path=net.endpoints["redis"], socket_timeout=0.2)

        def is_busy():
            try:
                return not probe.ping()
            except redis.RedisError:
                return True
        wait_for(is_busy, 3, "a busy Redis")
        net.process.kill()
        net.process.wait()
        net.log.close()
        os.unlink(os.path.join(net.dir, "endpoints.json"))
        started = threading.Thread(target=net.start, args=(60,), daemon=True)
        started.start()

        def holds_files():
            try:
                return any("appendonlydir" in os.readlink(f"/proc/{old}/fd/{fd}")
                           for fd in os.listdir(f"/proc/{old}/fd"))
            except OSError:
                return False

        both = []
        while alive(old):  # two on one file would each forget what the other wrote
            others = [pid for pid in servers() if pid != old]
            both = both or (others if holds_files() else [])
        self.assertEqual(both, [])
        started.join(60)
        busy.join(10)
        self.assertTrue(net.is_up(), net.logs())
        again = Load(net, load.intakes, prefix=load.prefix).run()
        self.assertEqual(again.accepted, load.accepted)
        self.assertEqual(again.again, 300)
        self.assertEqual(net.stop(), 0)
        # Services of the one that was killed drain for 10 s at most.
        wait_for(lambda: processes_in(net.dir) == [], 15, "all processes gone")

    @staticmethod
    def keep_busy(net, seconds):
        script = """local function now() local t = redis.call('TIME') return t[1] + t[2] / 1e6 end
            local till = now() + ARGV[1] while now() < till do end"""
        try:
            redis.Redis(unix_socket_path=net.endpoints["redis"]).eval(script, 0, seconds)
        except redis.RedisError:
            pass


class Hurry(unittest.TestCase):
    def test_emergencies_submitted_last_are_offered_first(self):
        with Network(settings={"intake.handoff": "no", "matcher.window": 8}) as net:
            os.kill(net.pid("matcher.1"), signal.SIGSTOP)
            try:
                normal = Load(net, intakes_of(net, 400, "normal"), window=64).run()
                urgent = Load(net, intakes_of(net, 100, "urgent", 2), window=64).run()
                emergency = Load(net, intakes_of(net, 40, "emergency", 3), window=64).run()
            finally:
                os.kill(net.pid("matcher.1"), signal.SIGCONT)
            for load in (emergency, urgent, normal):
                load.states()
            rank = {}
            for position, entry in enumerate(e for e in kept.journal(net.redis) if e["action"] in ("offer", "park")):
                rank.setdefault(entry["case"], position)

            def worst(load):
                return max(rank[case_id] for case_id, _ in load.accepted.values())
            # Shares of what is claimed at once are 8, 3 and 1, so nobody starves either.
            self.assertLess(worst(emergency), 40 * 2 + 8, "emergencies waited behind others")
            self.assertLess(worst(urgent), worst(normal))
            first = [rank[c] for c, _ in normal.accepted.values()]
            self.assertLess(min(first), worst(urgent), "normal ones starved")
            self.assertEqual(net.violations(), [])

    def test_each_case_s_lines_in_the_journal_are_in_the_order_of_its_life(self):
        with Network(settings={"clocks.normal_expire": "1 s", "clocks.urgent_expire": "1 s",
                               "clocks.emergency_expire": "1 s"}) as net:
            load = Load(net, intakes_for(net, 150, SEED), window=64).run()
            wait_for(lambda: sum(e["action"] == "expire" for e in kept.journal(net.redis)) > 100, 60, "some offers expired")
            newest = {key.decode().rsplit(":", 1)[1]: kept.fields_of(net.redis.hgetall(key))["last"]
                      for key in net.redis.scan_iter(match=f"{TAG}:case:*", count=1000)}
            lines = {}
            for line_id, fields in net.redis.xrange(f"{TAG}:journal"):
                line = kept.line_of(fields)
                lines.setdefault(line["case"], []).append((line_id.decode(), line))
            self.assertEqual(len(lines), len(load.intakes))
            for case_id, entries in lines.items():
                previous, states = "", {}
                for line_id, line in entries:
                    self.assertEqual(line["prev"], previous, "a line was lost, doubled or reordered")
                    previous = line_id
                    item, action = line["item"], line["action"]
                    if item in states and action in ("send", "deliver", "expire", "accept"):
                        self.assertEqual(line["from"], states[item], (case_id, item, action))
                    if line["to"]:
                        states[item] = line["to"]
                self.assertEqual(entries[0][1]["action"], "accept")
                self.assertIn(newest[case_id], [line_id for line_id, _ in entries])
            self.assertEqual(net.violations(), [])


class Holding(unittest.TestCase):
    def test_intake_is_busy_above_the_limit_says_when_to_come_again_and_goes_on_after(self):
        with Network(settings={"limits.ready_most": 100, "intake.handoff": "no"}) as net:
            os.kill(net.pid("matcher.1"), signal.SIGSTOP)
            try:
                normal = intakes_of(net, 200, "normal")
                replies = [net.command("submit", key=f"n{i}", by="op", role="operator", intake=normal[i])
                           for i in range(85)]
                kinds = [r["kind"] for r in replies]
                self.assertEqual(kinds, ["accepted"] * 80 + ["refused"] * 5, "normal ones stop at four fifths")
                busy = replies[-1]
                self.assertEqual(busy["status"], "busy")
                self.assertGreater(busy["retry_after_ms"], 0)
                urgent = intakes_of(net, 30, "emergency", 2)
                kinds = [net.command("submit", key=f"e{i}", by="op", role="operator", intake=urgent[i])["kind"]
                         for i in range(25)]
                self.assertEqual(kinds, ["accepted"] * 20 + ["refused"] * 5)
                over_http = net.submit(normal[190])
                self.assertEqual(over_http.status, 503)
                self.assertGreater(int(over_http.headers["Retry-After"]), 0)
                again = net.command("submit", key="n0", by="op", role="operator", intake=normal[0])
                self.assertEqual((again["kind"], again["again"]), ("accepted", True), "a repeat is no new work")
            finally:
                os.kill(net.pid("matcher.1"), signal.SIGCONT)
            load = Load(net, normal, prefix="later", window=64).run()
            load.states()
            self.assertEqual(net.violations(), [])

    def test_a_redis_that_lost_the_functions_has_them_again_without_a_restart(self):
        with Network() as net:
            pids = net.endpoints["pids"]
            net.redis.execute_command("FUNCTION", "FLUSH")
            net.redis.execute_command("CLIENT", "KILL", "TYPE", "normal")
            net.settled(wait_for(lambda: (a := net.submit(demo_intake(), key="one")).status in (200, 201) and a, 20,
                                 "an intake accepted").json["case"]["id"])
            self.assertEqual(net.endpoints["pids"], pids)
            self.assertEqual(net.violations(), [])

    def test_what_a_restarted_redis_reads_stays_small(self):
        with Network() as net:
            for _ in range(40):
                net.redis.set("large", os.urandom(1 << 20))
            wait_for(lambda: net.redis.info("persistence")["aof_current_size"] < 16 << 20, 10, "a rewrite")

    def test_without_the_hand_off_claims_alone_deliver_everything(self):
        receiver = Receiver()
        self.addCleanup(receiver.close)
        with Network(settings={"intake.handoff": "no", "matcher.handoff": "no",
                               "notifier.webhook_private": "yes"}) as net:
            receiver.takes_all(net)
            load = Load(net, intakes_for(net, 600, SEED), window=128).run()
            states = load.states()
            load.told()
            self.assertEqual({s for s, _ in states} - {"offered", "parked"}, set())
            self.assertEqual(metric(net, "matcher.1", "handed_off_total"), 0)
            self.assertEqual(metric(net, "notifier.1", "handed_off_total"), 0)
            self.assertGreaterEqual(metric(net, "matcher.1", "claimed_total"), sum(states.values()))
            self.assertGreaterEqual(metric(net, "notifier.1", "claimed_total"), states["offered", None])
            self.assertEqual(net.violations(), [])

    def test_with_the_hand_off_hardly_anything_is_claimed(self):
        with Network() as net:
            intakes = intakes_of(net, 100, "normal")
            for number, intake in enumerate(intakes):
                net.command("submit", key=f"k{number}", by="op", role="operator", intake=intake)
            wait_for(lambda: metric(net, "matcher.1", "handed_off_total")
                     + metric(net, "matcher.1", "claimed_total") >= 100, 20, "all of them matched")
            self.assertGreater(metric(net, "matcher.1", "handed_off_total"), 90)

    def test_places_of_workers_are_given_back_by_commands_that_bring_no_work(self):
        with Network(settings={"matcher.window": "32"}) as net:
            credit = wait_for(lambda: metric(net, "intake.1", "credit"), 10, "a matcher's credit")
            self.assertEqual(credit, 32)
            intake = demo_intake()
            for _ in range(60):  # more repeats than places: each reserves, none brings work
                net.command("submit", key="again", by="op", role="operator", intake=intake)
            for _ in range(60):
                net.command("submit", key="again", by="op", role="operator", intake=dict(intake, urgency="normal"))
            wait_for(lambda: metric(net, "intake.1", "credit") == credit, 10, "all places free again")


class Sharing(unittest.TestCase):
    def test_two_matchers_share_the_load_and_one_may_die(self):
        with Network(options=["--matchers", "2"], settings={"limits.lease": "3 s"}) as net:
            load = Load(net, intakes_for(net, 600, SEED), window=128).run()
            load.states()
            load.told()
            for name in ("matcher.1", "matcher.2"):
                self.assertGreater(metric(net, name, "handed_off_total"), 0, name)
            taken = [metric(net, name, "handed_off_total") + metric(net, name, "claimed_total")
                     for name in ("matcher.1", "matcher.2")]
            self.assertGreater(min(taken), 0.15 * sum(taken), taken)
            second = Load(net, intakes_for(net, 900, 7), window=128)
            second.run(at={0.3: lambda: net.kill("matcher.2")})
            states = second.states()
            second.told()
            self.assertEqual({s for s, _ in states} - {"offered", "parked"}, set())
            self.assertEqual(net.violations(), [])
            # A preview is asked of the first; it answers though the second was killed.
            self.assertEqual(net.http("POST", "/api/v1/matches", demo_intake()).status, 200)
            net.kill("matcher.1")
            wait_for(lambda: net.http("POST", "/api/v1/matches", demo_intake()).status == 200, 20, "previews again")


class Settings(unittest.TestCase):
    def start(self, service, settings):
        env = dict(os.environ, **{"HEARTHLINE_" + k.upper().replace(".", "_"): v for k, v in settings.items()})
        return subprocess.run([os.path.join(BUILD, "bin", service)], env=env, text=True, capture_output=True,
                              timeout=60, cwd=self.folder)

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="hl-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def test_every_wrong_setting_has_a_line_that_names_its_key(self):
        wrong = {"limits.lease": "soon", "matcher.window": "0", "log.level": "loud", "intake.handoff": "maybe",
                 "clocks.urgent_expire": "61 d", "limits.body": "12 parsecs", "redis.cell": ""}
        for service in SERVICES:
            with self.subTest(service):
                done = self.start(service, wrong)
                lines = done.stderr.strip().splitlines()
                self.assertEqual(done.returncode, 1)
                self.assertEqual(len(lines), len(wrong), lines)
                for key in wrong:
                    self.assertEqual(sum(f"({key})" in line for line in lines), 1, (key, lines))

    def test_a_setting_that_does_not_exist_is_refused_by_name(self):
        done = self.start("intake", {"limits.leaze": "5 s"})
        self.assertEqual((done.returncode, len(done.stderr.splitlines())), (1, 1))
        self.assertIn("HEARTHLINE_LIMITS_LEAZE", done.stderr)

    def test_no_service_opens_an_endpoint_that_others_can_reach(self):
        keys = (("intake.commands", "intake"), ("intake.work", "intake"), ("matcher.work", "matcher"),
                ("matcher.queries", "matcher"), ("matcher.upstream", "matcher"),
                ("notifier.upstream", "notifier"), ("gateway.intake", "gateway"), ("gateway.matcher", "gateway"))
        addresses = ("tcp://0.0.0.0:5599", "tcp://*:5599", "tcp://192.0.2.1:5599", "tcp://localhost:5599",
                     "tcp://[::1]:5599", "udp://127.0.0.1:5599")
        for number, (key, service) in enumerate(keys):
            address = addresses[number % len(addresses)]
            with self.subTest(key=key, address=address):
                net = Network(demo=False, settings={key: address})
                try:
                    self.refused(net, service, key, address)
                finally:
                    net.close()

    def refused(self, net, service, key, address):
        env = dict(os.environ, **{"HEARTHLINE_" + k.upper().replace(".", "_"): v for k, v in net.settings.items()})
        net.log = open(os.path.join(net.dir, "up.log"), "ab")
        net.process = subprocess.Popen([CTL, "up", "--dir", net.dir, "--http", "127.0.0.1:0"], env=env,
                                       stdout=net.log, stderr=net.log)
        path = os.path.join(net.dir, "run", f"{service}.1.log")

        def said():
            if not os.path.exists(path):
                return None
            with open(path) as file:
                return [line for line in file.read().splitlines() if address in line]
        line = wait_for(said, 30, f"{service} refusing {address}")[0]
        self.assertTrue(key in line or "upstream" in key, line)
        self.assertFalse(os.path.exists(os.path.join(net.dir, "run", f"{service}.1.json")), "it is ready all the same")


if __name__ == "__main__":
    unittest.main()
