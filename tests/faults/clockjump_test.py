# SPDX-License-Identifier: Apache-2.0
"""The wall clock jumps by an hour, Redis' or the services': nothing is lost, doubled or silent."""

import os
import signal
import struct
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from audit import audit, read_cases, read_journal  # noqa: E402
from harness import BUILD, TAG, Network, wait_for  # noqa: E402
from load import Load, intakes_for  # noqa: E402

SEED = 20261122
HOUR_S = 3600
URGENCIES = ("emergency", "urgent", "normal")
SERVICES = ("gateway", "intake", "matcher", "notifier")
LEASE = {"limits.lease": "2 s"}


class Jumping(Network):
    """A network whose clocks can be put forward and back while it runs."""

    def __init__(self, test, **more):
        super().__init__(**more)
        folder = tempfile.TemporaryDirectory()
        test.addCleanup(folder.cleanup)
        test.addCleanup(self.close)
        self.clocks = folder.name
        self.environment = {"LD_PRELOAD": os.path.abspath(os.path.join(BUILD, "tests", "shim", "clockjump.so")),
                            "CLOCKJUMP": self.clocks}
        for program in SERVICES + ("redis-server",):
            with open(os.path.join(self.clocks, program), "wb") as file:
                file.write(struct.pack("q", 0))
        self.start()

    def jump(self, seconds, *programs):
        for program in programs:
            with open(os.path.join(self.clocks, program), "r+b") as file:
                file.write(struct.pack("q", seconds * 1000000))

    def time(self):
        return self.redis.time()[0]

    def journal(self, *actions):
        return [line for _, line in read_journal(self.redis) if line["action"] in actions]

    def audit(self, *loads):
        for load in loads:
            load.states()
            load.told()
        return audit(self, list(loads))


class ClockJump(unittest.TestCase):
    def test_redis_an_hour_back_neither_stops_the_clocks_nor_turns_them_back(self):
        net = Jumping(self, settings=dict(LEASE, **{f"clocks.{u}_remind": "3 s" for u in URGENCIES}))
        load = Load(net, intakes_for(net, 300, SEED), window=64)
        before = net.time()
        load.run(at={0.5: lambda: net.jump(-HOUR_S, "redis-server")})
        self.assertLess(net.time(), before - HOUR_S // 2, "the clock did not jump")

        def all_reminded():
            offers = {line["item"] for line in net.journal("offer")}
            return load.told() is None and offers and offers == {line["item"] for line in net.journal("remind")}
        wait_for(all_reminded, 60, "a reminder of every offer, before the jump and after it")
        net.kill("redis")  # what it remembers of the jump must be in its files
        again = Load(net, intakes_for(net, 50, SEED + 1), window=32).run()
        again.states()
        wait_for(all_reminded, 60, "a reminder of every offer after a start of Redis")
        at = [[net.redis.zscore(f"{TAG}:open", case_id) for case_id, _ in one.accepted.values()] for one in (load, again)]
        self.assertGreater(min(at[1]), max(at[0]), "the clock ran backwards")
        self.assertLess(max(at[1]) - min(at[0]), HOUR_S * 1000 / 2)
        net.audit(load, again)

    def test_redis_an_hour_ahead_ends_leases_and_offers_once(self):
        """A lease of five minutes ends with the jump; its holder, which stood still, comes back too late."""
        net = Jumping(self, options=["--matchers", "2"], settings={"limits.lease": "5 min", "clocks.normal_expire": "30 min"})
        first = Load(net, intakes_for(net, 100, SEED), window=64).run()
        first.states()
        first.told()
        due = {item for case in read_cases(net.redis, [c for c, _ in first.accepted.values()]).values()
               for item, r in case.referrals.items() if case.urgency == "normal" and r["state"] in ("sent", "delivered")}
        self.assertGreater(len(due), 10)
        workers = ("matcher.1", "matcher.2", "notifier.1")
        late = sum(net.metric("matcher.1", f'referral_commit_total{{result="{r}"}}') for r in ("dup", "stale"))
        wait_for(lambda: net.metric("intake.1", "referral_credit"), 20, "a matcher's window")
        os.kill(net.pid("matcher.1"), signal.SIGSTOP)
        load = Load(net, intakes_for(net, 400, SEED + 1), window=128)
        before = net.time()
        load.run(at={0.5: lambda: net.jump(HOUR_S, "redis-server")})
        self.assertGreater(net.time(), before + HOUR_S // 2, "the clock did not jump")
        load.states()
        os.kill(net.pid("matcher.1"), signal.SIGCONT)
        wait_for(lambda: late < sum(net.metric("matcher.1", f'referral_commit_total{{result="{r}"}}')
                                    for r in ("dup", "stale")), 30, "a late commit")
        self.assertGreater(sum(net.metric(w, 'referral_lease_expired_total{stage="match"}') for w in workers), 0)
        wait_for(lambda: due <= {line["item"] for line in net.journal("expire")}, 60, "the end of the old offers")
        net.audit(first, load)
        expired = [line["item"] for line in net.journal("expire")]
        self.assertEqual(len(expired), len(set(expired)))
        self.assertLess(len(expired), len(net.journal("offer")) / 2, "offers made after the jump ended too")

    def test_redis_back_and_ahead_again_under_load(self):
        net = Jumping(self, settings=LEASE)
        load = Load(net, intakes_for(net, 600, SEED), window=128)
        load.run(at={share: lambda s=s: net.jump(s, "redis-server") for share, s in (
            (0.2, -HOUR_S), (0.35, 0), (0.5, HOUR_S), (0.65, -HOUR_S), (0.8, 0))})
        net.audit(load)

    def test_the_services_clocks_may_be_wrong_by_an_hour(self):
        net = Jumping(self, settings=LEASE)
        load = Load(net, intakes_for(net, 600, SEED), window=128)
        load.run(at={0.25: lambda: net.jump(HOUR_S, *SERVICES), 0.6: lambda: net.jump(-HOUR_S, *SERVICES)})
        books = net.audit(load)
        ends = [line for line in net.journal("expire", "remind", "escalate", "dead")]
        self.assertEqual(ends, [], "the clocks of offers follow the services' clocks")
        self.assertGreater(sum(len(case.referrals) for case in books.cases.values()), 0)


if __name__ == "__main__":
    unittest.main()
