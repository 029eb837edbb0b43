# SPDX-License-Identifier: Apache-2.0
"""Ten thousand families on a real directory: all are offered or parked with a reason, once."""

import os
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from audit import audit  # noqa: E402
from harness import TAG, Network  # noqa: E402
from load import Load, intakes_for, san_mateo_path  # noqa: E402

SEED = 20261122
COUNT = int(os.environ.get("TENTHOUSAND", "10000"))
NEAR = (37.56, -122.32)
PROCESSES = ("intake.1", "matcher.1", "notifier.1", "gateway.1", "redis")


@unittest.skipUnless(os.path.exists(san_mateo_path()), "no San Mateo directory")
class TenThousand(unittest.TestCase):
    def run_all(self, kills):
        with Network(demo=False) as net:
            net.ctl("import", "--map", "sanmateo", "--source", "sanmateo", san_mateo_path())
            load = Load(net, intakes_for(net, COUNT, SEED, near=NEAR), window=256)
            began = time.monotonic()
            load.run(at={(n + 1) / (len(kills) + 1): (lambda name=name: net.kill(name))
                         for n, name in enumerate(kills)})
            accepted_s = time.monotonic() - began
            states = load.states()
            load.told()
            print(f"{COUNT} intakes, {sum(states.values())} needs, killed {list(kills)}: accepted in "
                  f"{accepted_s:.1f} s, all told in {time.monotonic() - began:.1f} s; {dict(states)}", flush=True)
            self.nothing_is_done_twice(net, load, states)

    def nothing_is_done_twice(self, net, load, states):
        books = audit(net, [load])
        self.assertGreater(states["offered", None], 0)
        self.assertEqual(sum(states.values()), sum(len(i["needs"]) for i in load.intakes))
        self.assertEqual(len(books.cases), COUNT)
        again = Load(net, load.intakes, prefix=load.prefix, window=256).run()
        self.assertEqual(again.accepted, load.accepted, "the same keys gave other cases")
        self.assertEqual(again.again, COUNT)
        self.assertEqual(net.redis.xlen(f"{TAG}:journal"), len(books.lines), "a repeat did something")

    def test_ten_thousand_intakes_are_each_offered_or_parked_with_a_reason(self):
        self.run_all(())

    def test_the_same_with_every_process_killed_once_on_the_way(self):
        self.run_all(PROCESSES)


if __name__ == "__main__":
    unittest.main()
