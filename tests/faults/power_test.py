# SPDX-License-Identifier: Apache-2.0
"""A power cut: what was not synced is gone, what was acknowledged is there."""

import fcntl
import os
import random
import shutil
import signal
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from audit import audit  # noqa: E402
from harness import BUILD, TAG, Network, wait_for  # noqa: E402
from load import Load, intakes_for  # noqa: E402

SEED = 20261122
COUNT = 2000
CUTS = 20
REDIS_CUTS_IN_A_ROW = 3  # `up` waits twice as long before each next start; a new `up` begins anew


class Power:
    """Cuts a network's power: its files become what tests/shim/powercut.c says is on disk."""

    def __init__(self, net):
        self.net = net
        self.log = os.path.join(net.dir, "power")
        self.folder = os.path.join(net.dir, "appendonlydir")
        self.lost_bytes = self.undone = self.cuts = self.rewrites = 0
        net.environment = {"LD_PRELOAD": os.path.abspath(os.path.join(BUILD, "tests", "shim", "powercut.so")),
                           "POWERCUT_LOG": self.log}
        self.reset({})

    def reset(self, on_disk):
        """From here on everything that is there is on disk."""
        self.on_disk = on_disk
        shutil.rmtree(self.log + ".d", ignore_errors=True)
        os.mkdir(self.log + ".d")
        if os.path.exists(self.log):
            os.unlink(self.log)

    def files(self):
        for folder in (self.net.dir, self.folder):
            for entry in os.scandir(folder):
                if entry.is_file(follow_symlinks=False) and (folder == self.folder or entry.name.startswith("temp-")):
                    yield entry

    def cut_redis(self):
        """Redis alone: the services stay, wait for it and repeat what was not answered."""
        wait_for(lambda: self.net.answers("redis"), 30, "Redis")
        self.die([self.net.process.pid], [self.net.pid("redis")])
        os.kill(self.net.process.pid, signal.SIGCONT)

    def cut_all(self):
        """The whole machine, which then starts again."""
        wait_for(lambda: self.net.answers("redis"), 30, "Redis")
        pids = self.net.endpoints["pids"]
        self.die([], [self.net.process.pid, *pids.values()])
        self.net.process.wait()
        self.net.log.close()
        self.net.start()

    def die(self, frozen, killed):
        for pid in frozen + killed:
            os.kill(pid, signal.SIGSTOP)
        for pid in killed:
            if pid == self.net.process.pid:
                os.kill(pid, signal.SIGKILL)
            else:
                os.killpg(pid, signal.SIGKILL)  # Redis' rewriting child too
        with open(os.path.join(self.net.dir, "run", "redis.lock")) as lock:
            wait_for(lambda: self.locked(lock), 20, "the end of Redis and its children")
            self.apply()

    @staticmethod
    def locked(file):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            return False

    def read_log(self):
        """Notes what is on disk; returns the renames and unlinks that are not."""
        pending = []
        with open(self.log) as file:
            for line in file:
                kind, *words = line.split()
                if kind == "S":
                    self.on_disk[int(words[0])] = int(words[1])
                elif kind == "D":
                    pending = []
                elif any(w.startswith((self.folder, os.path.join(self.net.dir, "temp-"))) for w in words):
                    pending.append((kind, words))
        return pending

    def unsynced(self):
        """(file, bytes that are on disk) of every file that has more than those."""
        for entry in self.files():
            least = self.on_disk.get(entry.inode(), 0)
            if entry.stat().st_size > least:
                yield entry, least

    def is_all_on_disk(self):
        return not self.read_log() and not list(self.unsynced())

    def apply(self):
        pending = self.read_log()
        for kind, words in reversed(pending):
            if kind == "R":
                os.rename(words[1], words[0])
            if words[-1] != "-":
                os.link(words[-1], words[-2])
        for entry, least in self.unsynced():
            self.lost_bytes += entry.stat().st_size - least
            os.truncate(entry.path, least)
        self.undone += len(pending)
        self.cuts += 1
        self.reset({entry.inode(): entry.stat().st_size for entry in self.files()})

    def rewrite(self):
        wait_for(lambda: self.net.answers("redis"), 30, "Redis")
        self.net.redis.bgrewriteaof()
        self.rewrites += 1


class PowerCut(unittest.TestCase):
    def test_nothing_acknowledged_is_lost_or_applied_twice(self):
        rng = random.Random(SEED)
        net = Network(settings={"limits.lease": "3 s"})
        self.addCleanup(net.close)
        power = Power(net)
        net.start()
        load = Load(net, intakes_for(net, COUNT, SEED), window=128)
        at = {}
        for n in range(1, CUTS + 1):
            is_all = n % (REDIS_CUTS_IN_A_ROW + 1) == 0
            share = (n + rng.uniform(-0.4, 0.4)) / (CUTS + 1)
            at[share] = power.cut_all if is_all else power.cut_redis
            if n % 2:
                at[share - 0.004] = power.rewrite
        load.run(at=at)
        wait_for(lambda: net.answers("redis"), 30, "Redis")
        print(f"{power.cuts} cuts, {power.lost_bytes} bytes and {power.undone} renames and unlinks lost, "
              f"{power.rewrites} rewrites, {load.again} of {COUNT} intakes repeated", flush=True)
        self.assertEqual(power.cuts, CUTS)
        audit(net, load)

    def test_with_everysec_acknowledged_intakes_are_lost(self):
        """Else the test above would prove nothing."""
        net = Network(options=["--appendfsync", "everysec"])
        self.addCleanup(net.close)
        power = Power(net)
        net.start()
        wait_for(power.is_all_on_disk, 20, "the directory on disk")
        load = Load(net, intakes_for(net, 1500, SEED), window=128)
        load.run(at={share: power.cut_redis for share in (0.3, 0.6, 0.95)})
        wait_for(lambda: net.answers("redis"), 30, "Redis")
        lost = sum(1 for case_id, _ in load.accepted.values() if not net.redis.exists(f"{TAG}:case:{case_id}"))
        print(f"{power.cuts} cuts, {power.lost_bytes} bytes, {lost} of {len(load.accepted)} acknowledged intakes lost",
              flush=True)
        self.assertGreater(power.lost_bytes, 0)
        self.assertGreater(lost, 0)


if __name__ == "__main__":
    unittest.main()
