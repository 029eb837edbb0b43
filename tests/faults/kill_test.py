# SPDX-License-Identifier: Apache-2.0
"""Every process is killed once in mid-flow; nothing acknowledged is lost or doubled."""

import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from harness import Network, TAG  # noqa: E402
from load import Load, intakes_for  # noqa: E402

SEED = 20261122
COUNT = 1500


class Kill(unittest.TestCase):
    def after(self, net, load):
        """The audit: every acknowledged case is there once, each need somewhere, books balance."""
        states = load.states()
        load.told()
        self.assertEqual({s for s, _ in states} - {"offered", "parked"}, set(), states)
        self.assertTrue(all(reason for s, reason in states if s == "parked"), states)
        cases = {case_id for case_id, _ in load.accepted.values()}
        self.assertEqual(len(cases), len(load.intakes))
        there = sum(1 for _ in net.redis.scan_iter(match=f"{TAG}:case:*", count=1000))
        self.assertEqual(there, len(load.intakes), "a case too many or too few")
        accepts = [e for _, e in net.redis.xrange(f"{TAG}:journal") if e[b"action"] == b"accept"]
        self.assertEqual(len(accepts), len(load.intakes), "an intake was applied twice")
        self.assertEqual(net.violations(), [])
        again = Load(net, load.intakes, prefix=load.prefix).run()
        self.assertEqual(again.accepted, load.accepted)
        self.assertEqual(again.again, len(load.intakes))

    def kill_one(self, name):
        with Network(settings={"limits.lease": "3 s"}) as net:
            load = Load(net, intakes_for(net, COUNT, SEED), window=128)
            load.run(at={0.4: lambda: net.kill(name)})
            self.after(net, load)

    def test_intake_killed_in_mid_flow_loses_nothing(self):
        self.kill_one("intake.1")

    def test_matcher_killed_in_mid_flow_loses_nothing(self):
        self.kill_one("matcher.1")

    def test_notifier_killed_in_mid_flow_loses_nothing(self):
        self.kill_one("notifier.1")

    def test_gateway_killed_in_mid_flow_loses_nothing(self):
        self.kill_one("gateway.1")

    def test_redis_killed_in_mid_flow_loses_nothing(self):
        self.kill_one("redis")


if __name__ == "__main__":
    unittest.main()
