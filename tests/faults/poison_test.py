# SPDX-License-Identifier: Apache-2.0
"""A need that kills whoever works on it is found out, kept apart and given up; its neighbours are not."""

import json
import os
import signal
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import kept  # noqa: E402
from audit import audit, read_journal  # noqa: E402
from harness import BUILD, TAG, Network, wait_for  # noqa: E402
from load import Load, intakes_for  # noqa: E402

SEED = 20261122
SHIM = os.path.abspath(os.path.join(BUILD, "tests", "shim", "poison.so"))
ALONE_AFTER, DEAD_AFTER, LEASE_MS = 2, 4, 5000


class Poison(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "poison")
        for name, value in (("LD_PRELOAD", SHIM), ("POISON", self.path)):
            os.environ[name] = value
            self.addCleanup(os.environ.pop, name)

    def dying(self, net):
        """The matcher that is in the middle of a poisoned case, once there is one."""
        def look():
            pids = [pid for name, pid in net.endpoints["pids"].items() if name.startswith("matcher")]
            return [pid for pid in pids if os.path.exists(f"{self.path}.{pid}")]
        return wait_for(look, 30, "a matcher at the poisoned case")[0]

    def now_ms(self, net):
        seconds, microseconds = net.redis.time()
        return seconds * 1000 + microseconds // 1000

    def leased(self, net, since_ms):
        """What is leased since then; older leases are those of the dead."""
        return {item.decode() for item in net.redis.zrangebyscore(f"{TAG}:match:leased", since_ms + LEASE_MS, "+inf")}

    def crashes(self, net):
        return [(line["item"], line["by"]) for _, line in read_journal(net.redis) if line["action"] == "crash"]

    def poisoned_load(self, net, count):
        """Intakes handed to a matcher that stands still; the middle one has become poison."""
        pid = net.pid("matcher.1")
        wait_for(lambda: net.metric("intake.1", "referral_credit"), 20, "a matcher's window")
        os.kill(pid, signal.SIGSTOP)
        intakes = intakes_for(net, count, SEED)
        intakes[count // 2]["needs"] = intakes[count // 2]["needs"][:1]
        load = Load(net, intakes, window=count).run()
        case_id = load.accepted[count // 2][0]
        with open(self.path, "w") as file:
            file.write(case_id + "\n")
        os.kill(pid, signal.SIGCONT)
        return load, f"{case_id}-1"

    def let_die(self, net, pid):
        with open(f"{self.path}.{pid}", "w"):
            pass
        wait_for(lambda: net.pid("matcher.1") not in (0, pid), 30, "the next matcher")

    def test_what_kills_its_worker_is_alone_after_two_deaths_and_given_up_after_four(self):
        with Network(settings={"limits.lease": f"{LEASE_MS} ms"}) as net:
            load, item = self.poisoned_load(net, 40)
            loads, beside, since_ms = [load], [], 0
            for death in range(DEAD_AFTER):
                pid = self.dying(net)
                beside.append(len(self.leased(net, since_ms) - {item}))
                if death == ALONE_AFTER - 1:  # a backlog for what is to be alone
                    loads.append(Load(net, intakes_for(net, 60, SEED + 1), window=60).run())
                since_ms = self.now_ms(net)
                self.let_die(net, pid)
            print(f"in work beside it: {beside}", flush=True)
            self.assertGreater(beside[0], 0, "nothing was in work beside it at first")
            self.assertEqual(beside[ALONE_AFTER:], [0] * (DEAD_AFTER - ALONE_AFTER))
            wait_for(lambda: net.redis.zrange(f"{TAG}:match:dead", 0, -1) == [item.encode()], 30, "its end")
            self.assertEqual(self.crashes(net), [(item, "matcher.1")] * DEAD_AFTER, "a neighbour was blamed")
            wait_for(lambda: net.answers("matcher.1"), 30, "the matcher that counted it")
            self.assertEqual(net.metric("matcher.1", 'referral_dead_total{stage="match"}'), 1)
            self.look_at_the_dead(net, item)
            self.replay(net, item)
            audit(net, loads)

    def look_at_the_dead(self, net, item):
        stages = json.loads(net.ctl("qshape", "--json").stdout)["stages"]
        self.assertEqual(stages["match"]["dead"]["count"], 1)
        shown = net.ctl("dead", "show", item).stdout
        self.assertEqual(shown.count("crash"), DEAD_AFTER, shown)

    def replay(self, net, item):
        """Mended, it is called back with a clean sheet and is like any other."""
        os.unlink(self.path)
        net.ctl("dead", "replay", item)
        wait_for(lambda: kept.field(net.redis, item[:-2], "n1.state") in ("offered", "parked"), 20,
                 "the need matched")

    def test_a_worker_that_is_killed_between_two_items_blames_none(self):
        with Network(settings={"limits.lease": f"{LEASE_MS} ms"}) as net:
            load, item = self.poisoned_load(net, 20)
            self.dying(net)
            os.unlink(self.path)  # the killer is mended while the first one still stands in it
            os.kill(net.pid("matcher.1"), signal.SIGKILL)
            audit(net, [load])
            self.assertEqual(self.crashes(net), [(item, "matcher.1")])
            before = net.pid("matcher.1")
            net.kill("matcher.1")
            wait_for(lambda: net.pid("matcher.1") != before, 20, "the next matcher")
            after = Load(net, intakes_for(net, 10, SEED), window=10).run()
            audit(net, [load, after])
            self.assertEqual(self.crashes(net), [(item, "matcher.1")])


if __name__ == "__main__":
    unittest.main()
