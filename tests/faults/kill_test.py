# SPDX-License-Identifier: Apache-2.0
"""Every process is killed once in mid-flow; nothing acknowledged is lost or doubled.

Every second agency has a webhook, the others are told by their inbox."""

import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from audit import audit  # noqa: E402
from crowd import Hooks  # noqa: E402
from harness import Network  # noqa: E402
from load import Load, intakes_for  # noqa: E402

SEED = 20261122
COUNT = 1500


class Kill(unittest.TestCase):
    def after(self, net, load):
        books = audit(net, [load])
        self.assertEqual(len(books.cases), len(load.intakes))
        self.assertEqual(list(self.hooks.wrong(books)), [])
        self.assertGreater(len(self.hooks.got), 100)
        again = Load(net, load.intakes, prefix=load.prefix).run()
        self.assertEqual(again.accepted, load.accepted)
        self.assertEqual(again.again, len(load.intakes))

    def kill_one(self, name):
        self.hooks = Hooks()
        self.addCleanup(self.hooks.close)
        with Network(settings={"limits.lease": "3 s", "notifier.webhook_private": "yes"}) as net:
            self.hooks.take(net)
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
