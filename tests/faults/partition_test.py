# SPDX-License-Identifier: Apache-2.0
"""The line to a matcher on another machine is cut: noticed, worked around, healed without a restart.

The matcher lives in a network namespace of its own, its links go over a pair of virtual Ethernet ends."""

import datetime
import json
import os
import shutil
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from audit import audit  # noqa: E402
from crowd import Hooks  # noqa: E402
from harness import BUILD, CTL, ROOT, TAG, Network, wait_for  # noqa: E402
from load import Load, intakes_for  # noqa: E402

SEED = 20261122
NOTICED_S, LEASE_S = 3.0, 60
NOWHERE = "02:00:00:00:00:99"


def ip(*arguments):
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


class Line:
    """A namespace, and the line to it; `here` and `there` are the addresses of its ends."""

    def __init__(self):
        number = os.getpid() % 62500
        self.name = f"hl{number}"
        net = f"10.{200 + number // 15625}.{number // 64 % 250}.{number % 64 * 4}"
        base, last = net.rsplit(".", 1)
        self.here, self.there = f"{base}.{int(last) + 1}", f"{base}.{int(last) + 2}"
        ip("netns", "add", self.name)
        ip("link", "add", self.name, "type", "veth", "peer", "name", "eth0", "netns", self.name)
        ip("addr", "add", f"{self.here}/30", "dev", self.name)
        ip("-n", self.name, "addr", "add", f"{self.there}/30", "dev", "eth0")
        ip("-n", self.name, "link", "set", "lo", "up")
        ip("-n", self.name, "link", "set", "eth0", "up")
        ip("link", "set", self.name, "up")

    def take_down(self):
        ip("link", "set", self.name, "down")

    def bring_up(self):
        ip("link", "set", self.name, "up")

    def swallow(self):
        """What is sent leaves and arrives nowhere, in both directions: no end is told."""
        ip("neigh", "replace", self.there, "lladdr", NOWHERE, "dev", self.name, "nud", "permanent")
        ip("-n", self.name, "neigh", "replace", self.here, "lladdr", NOWHERE, "dev", "eth0", "nud", "permanent")

    def deliver(self):
        ip("neigh", "del", self.there, "dev", self.name)
        ip("-n", self.name, "neigh", "del", self.here, "dev", "eth0")

    def close(self):
        """The line first: of a namespace that ends the kernel takes it away later, maybe too late for the next."""
        subprocess.run(["ip", "link", "del", self.name], capture_output=True, check=False)
        subprocess.run(["ip", "netns", "del", self.name], capture_output=True, check=False)


class Split(Network):
    """A network whose matcher is at the other end of a line."""

    def __init__(self, line, redis_port=None, settings=None):
        ends = {"intake.work": f"tcp://{line.here}:5720", "matcher.upstream": f"tcp://{line.here}:5720",
                "matcher.work": f"tcp://{line.there}:5730", "notifier.upstream": f"tcp://{line.there}:5730"}
        super().__init__(settings=dict(ends, **{"notifier.webhook_private": "yes"}, **(settings or {})))
        self.line = line
        binaries = os.path.join(self.dir, "far", "build", "bin")
        os.makedirs(binaries)
        os.symlink(os.path.join(ROOT, "deploy"), os.path.join(self.dir, "far", "deploy"))
        self.program = shutil.copy(CTL, binaries)
        for name in ("gateway", "intake", "notifier"):
            os.symlink(os.path.abspath(os.path.join(BUILD, "bin", name)), os.path.join(binaries, name))
        redis = f'export HEARTHLINE_REDIS_SOCKET="{line.here}:{redis_port}"\n' if redis_port else ""
        with open(os.path.join(binaries, "matcher"), "w") as file:
            file.write(f'#!/bin/sh\nexport HEARTHLINE_OPS_HTTP="{line.there}:0"\n{redis}'
                       f'exec nsenter --net=/run/netns/{line.name} '
                       f'{os.path.abspath(os.path.join(BUILD, "bin", "matcher"))} "$@"\n')
        os.chmod(os.path.join(binaries, "matcher"), 0o755)
        os.mkdir(os.path.join(self.dir, "keys"))
        self.ctl("link-key")
        self.redis_port = redis_port

    def is_up(self):
        """Redis listens for the far matcher as soon as it is there: `up` gives it no port."""
        socket = os.path.join(self.dir, "redis.sock")
        if self.redis_port and os.path.exists(socket):
            import redis
            client = redis.Redis(unix_socket_path=socket)
            try:
                if client.config_get("port")["port"] == "0":
                    client.config_set("protected-mode", "no")
                    client.config_set("bind", self.line.here)
                    client.config_set("port", self.redis_port)
            except redis.RedisError:
                pass
        return super().is_up()

    def events(self, process, event):
        """Times of an event in a process' log."""
        with open(os.path.join(self.dir, "run", process + ".log")) as file:
            lines = [json.loads(line) for line in file if line.startswith("{")]
        return [datetime.datetime.fromisoformat(line["at"].replace("Z", "+00:00")).timestamp()
                for line in lines if line["event"] == event]

    def wait_for_windows(self):
        wait_for(lambda: self.metric("intake.1", "referral_credit") > 0, 30, "the matcher's window")
        wait_for(lambda: self.metric("matcher.1", "referral_credit") > 0, 30, "the notifier's window")


@unittest.skipIf(os.geteuid() != 0, "namespaces need root")
class Partition(unittest.TestCase):
    def setUp(self):
        self.line = Line()
        self.addCleanup(self.line.close)
        self.hooks = Hooks()  # tellings cross the line too, in copies
        self.addCleanup(self.hooks.close)

    def matched(self, net):
        return sum(net.redis.zcard(f"{TAG}:match:{s}") for s in (
            "ready:emergency", "ready:urgent", "ready:normal", "leased"))

    def noticed(self, net, cut_at):
        """How long after the cut intake took the matcher for lost."""
        seen = wait_for(lambda: [at for at in net.events("intake.1", "worker_gone") if at >= cut_at], 20,
                        "intake notices")
        return seen[0] - cut_at

    def go_on(self, net, pids, loads):
        """Healed: the same processes hand over again, and all is as if nothing had been."""
        net.wait_for_windows()
        self.assertEqual(net.endpoints["pids"], pids, "somebody was restarted")
        before = net.metric("matcher.1", 'referral_handed_off_total{stage="match"}')

        def hands_over():
            loads.append(Load(net, intakes_for(net, 20, SEED + len(loads)), window=20).run())
            return net.metric("matcher.1", 'referral_handed_off_total{stage="match"}') > before
        wait_for(hands_over, 30, "work handed over again")
        self.assertEqual(list(self.hooks.wrong(audit(net, loads))), [])

    def cut_with_redis_at_hand(self, cut, heal):
        # What is lost on the line is given back, not waited for.
        with Split(self.line, settings={"limits.lease": f"{LEASE_S} s"}) as net:
            net.wait_for_windows()
            self.hooks.take(net)
            pids = net.endpoints["pids"]
            loads = [Load(net, intakes_for(net, 50, SEED), window=50).run()]
            audit(net, loads)
            cut()
            cut_at = time.time()
            loads.append(Load(net, intakes_for(net, 60, SEED + 1), window=60).run())
            self.assertGreater(self.matched(net), 0, "nothing was under way when the line was cut")
            took_s = self.noticed(net, cut_at)
            wait_for(lambda: self.matched(net) == 0, LEASE_S / 2, "all claimed from Redis and matched")
            print(f"noticed after {took_s:.2f} s, all matched after {time.time() - cut_at:.2f} s", flush=True)
            self.assertLess(took_s, NOTICED_S + 1, "a second for a machine under load")
            heal()
            self.go_on(net, pids, loads)

    def test_a_line_that_is_down_is_noticed_and_its_work_is_done_by_way_of_redis(self):
        self.cut_with_redis_at_hand(self.line.take_down, self.line.bring_up)

    def test_a_line_that_swallows_all_is_noticed_and_its_work_is_done_by_way_of_redis(self):
        self.cut_with_redis_at_hand(self.line.swallow, self.line.deliver)

    def test_a_matcher_cut_off_from_redis_too_goes_on_where_it_was(self):
        with Split(self.line, redis_port=5740, settings={"limits.lease": "3 s", "redis.timeout": "2 s"}) as net:
            net.wait_for_windows()
            self.hooks.take(net)
            pids = net.endpoints["pids"]
            load = Load(net, intakes_for(net, 600, SEED), window=64)
            load.run(at={0.4: self.line.swallow})
            self.noticed(net, 0)
            self.assertGreater(self.matched(net), 0, "nothing waits: was it cut at all?")
            wait_for(lambda: net.redis.zcard(f"{TAG}:match:leased") == 0, 20, "its leases over")
            self.line.deliver()
            self.go_on(net, pids, [load])


if __name__ == "__main__":
    unittest.main()
