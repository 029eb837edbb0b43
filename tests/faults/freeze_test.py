# SPDX-License-Identifier: Apache-2.0
"""A worker that stands still for longer than its lease comes back too late and harms nothing."""

import collections
import os
import re
import signal
import subprocess
import sys
import threading
import unittest
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import kept  # noqa: E402
from audit import audit  # noqa: E402
from harness import BUILD, TAG, Network, demo_intake, wait_for  # noqa: E402
from load import Load, intakes_for  # noqa: E402
from receiver import Receiver  # noqa: E402

SEED = 20261122
LEASE = {"limits.lease": "700 ms", "limits.reap_every": "100 ms", "limits.claim_every": "50 ms"}


def commits(url):
    """How many commits a process made, by result."""
    with urllib.request.urlopen(url + "/metrics", timeout=10) as answer:
        page = answer.read().decode()
    return collections.Counter({k: int(float(v)) for k, v in re.findall(
        r'^referral_commit_total\{result="(\w+)"\} (\S+)$', page, re.M)})


class Freeze(unittest.TestCase):
    def setUp(self):
        self.frozen = []
        self.addCleanup(lambda: [os.kill(pid, signal.SIGCONT) for pid in self.frozen])

    def freeze(self, pid):
        os.kill(pid, signal.SIGSTOP)
        self.frozen.append(pid)

    def thaw(self, pid):
        os.kill(pid, signal.SIGCONT)
        self.frozen.remove(pid)

    def wait_for_late_commit(self, url, before, name):
        def fenced():
            now = commits(url)
            return now["dup"] + now["stale"] - before["dup"] - before["stale"]
        wait_for(lambda: fenced() > 0, 20, f"a late commit of the frozen {name}")

    def test_a_matcher_that_was_frozen_commits_too_late_and_changes_nothing(self):
        with Network(options=["--matchers", "2"], settings=LEASE) as net:
            pid, url = net.pid("matcher.1"), net.endpoints["metrics"]["matcher.1"]
            warm = Load(net, intakes_for(net, 100, 1), window=32).run()
            warm.states()
            before = commits(url)
            self.freeze(pid)
            # Until it counts as lost it is handed work, which waits in its socket.
            load = Load(net, intakes_for(net, 500, SEED), window=128).run()
            load.states()
            load.told()
            self.thaw(pid)
            self.wait_for_late_commit(url, before, "matcher")
            after = Load(net, intakes_for(net, 200, 3), window=64).run()
            audit(net, [warm, load, after])
            wait_for(lambda: commits(url)["ok"] > before["ok"], 20, "the thawed matcher at work again")

    def test_a_matcher_frozen_in_the_middle_of_its_work_loses_and_doubles_nothing(self):
        with Network(settings=LEASE) as net:
            load = Load(net, intakes_for(net, 800, SEED), window=128)
            pid = net.pid("matcher.1")
            thread = threading.Timer(4, lambda: self.thaw(pid))  # longer than lease and silence
            load.run(at={0.3: lambda: (self.freeze(pid), thread.start())})
            wait_for(lambda: not self.frozen, 20, "the thaw")
            audit(net, [load])

    def test_a_notifier_that_was_frozen_commits_too_late_and_tells_again_only_under_the_same_id(self):
        receiver = Receiver()
        self.addCleanup(receiver.close)
        with Network(settings=dict(LEASE, **{"notifier.webhook_private": "yes"})) as net:
            receiver.takes_all(net)
            pid, url = net.pid("notifier.1"), net.endpoints["metrics"]["notifier.1"]
            warm = Load(net, intakes_for(net, 30, 1), window=32).run()
            warm.states()
            warm.told()
            env = dict(os.environ, HEARTHLINE_NOTIFIER_WEBHOOK_PRIVATE="yes", HEARTHLINE_LIMITS_LEASE="700 ms")
            second = subprocess.Popen([os.path.join(BUILD, "bin", "notifier"), "--name", "notifier.2"],
                                      cwd=net.dir, env=env, stderr=subprocess.DEVNULL)
            self.addCleanup(second.wait)
            self.addCleanup(second.kill)
            wait_for(lambda: os.path.exists(os.path.join(net.dir, "run", "notifier.2.json")), 20, "a second notifier")
            before = commits(url)
            self.freeze(pid)
            load = Load(net, intakes_for(net, 200, SEED), window=64).run()
            load.states()
            load.told()
            self.thaw(pid)
            self.wait_for_late_commit(url, before, "notifier")
            audit(net, [warm, load])
            ids = collections.defaultdict(set)
            for webhook_id, data in receiver.got:
                ids[data["referral"], data["purpose"]].add(webhook_id)
            self.assertTrue(all(len(of) == 1 for of in ids.values()), "told again under another id")
            self.assertGreater(len(receiver.got), len(ids), "nothing was told again: was it frozen at all?")

    def test_both_frozen_for_longer_than_the_lease_go_on_where_they_were(self):
        receiver = Receiver()
        self.addCleanup(receiver.close)
        with Network(settings=dict(LEASE, **{"notifier.webhook_private": "yes"})) as net:
            receiver.takes_all(net)
            pids = [net.pid("matcher.1"), net.pid("notifier.1")]
            load = Load(net, intakes_for(net, 500, SEED), window=128)
            load.run(at={0.5: lambda: [self.freeze(pid) for pid in pids]})

            def leases_over():
                now_ms = int(net.redis.time()[0]) * 1000
                leased = [score for stage in ("match", "notify")
                          for _, score in net.redis.zrange(f"{TAG}:{stage}:leased", 0, -1, withscores=True)]
                return all(score < now_ms for score in leased)
            wait_for(leases_over, 20, "all leases over")
            for pid in pids:
                self.thaw(pid)
            audit(net, [load])

    def test_a_notifier_killed_between_telling_and_commit_tells_again_under_the_same_id(self):
        receiver = Receiver()
        self.addCleanup(receiver.close)
        # The lease outlasts the test: what the dead one held is given back at once.
        with Network(settings={"notifier.webhook_private": "yes", "limits.lease": "5 min"}) as net:
            receiver.takes_all(net)
            self.wait_for_credit(net, "matcher.1")
            receiver.gate.clear()
            intake = dict(demo_intake(), needs=demo_intake()["needs"][:1])
            case_id = net.submit(intake).json["case"]["id"]
            wait_for(lambda: len(receiver.got) == 1, 20, "the first telling")
            net.kill("notifier.1")
            wait_for(lambda: len(receiver.got) == 2, 20, "the second telling")
            receiver.gate.set()

            def delivered():
                referral = net.case(case_id)["referrals"][0]
                return referral if referral["state"] == "delivered" else None
            referral = wait_for(delivered, 20, "the commit")
            self.assertEqual(len({webhook_id for webhook_id, _ in receiver.got}), 1)
            self.assertEqual({data["referral"] for _, data in receiver.got}, {referral["id"]})
            self.assertEqual(kept.field(net.redis, case_id, "r1-1.told"), "1")
            sends = [line for line in kept.journal(net.redis) if line["action"] == "send"]
            self.assertEqual(len(sends), 1)
            self.assertEqual(net.violations(), [])

    def test_a_matcher_killed_with_work_in_hand_has_it_given_back_at_once(self):
        with Network(settings={"limits.lease": "5 min"}) as net:
            self.wait_for_credit(net, "intake.1")
            os.kill(net.pid("matcher.1"), signal.SIGSTOP)
            load = Load(net, intakes_for(net, 20, SEED), window=20).run()
            leased = net.redis.zcard(f"{TAG}:match:leased")
            self.assertGreater(leased, 10, "nothing was handed over")
            net.kill("matcher.1")
            audit(net, [load])

    def wait_for_credit(self, net, name):
        """Until a worker has said hello, work is claimed and not handed over."""
        def credit():
            with urllib.request.urlopen(net.endpoints["metrics"][name] + "/metrics", timeout=10) as answer:
                return re.search(r"^referral_credit [1-9]", answer.read().decode(), re.M)
        wait_for(credit, 20, "a worker's window")


if __name__ == "__main__":
    unittest.main()
