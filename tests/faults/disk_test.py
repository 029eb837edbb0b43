# SPDX-License-Identifier: Apache-2.0
"""The disk runs out: the entrance closes in time, and if it did not, nothing is lost."""

import errno
import os
import re
import signal
import subprocess
import sys
import threading
import unittest
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from audit import audit  # noqa: E402
from harness import Network, demo_intake, wait_for  # noqa: E402
from load import Load, intakes_for  # noqa: E402

SEED = 20261122
MB = 1 << 20


class Disk:
    """A network whose state directory is a small disk of its own."""

    def __init__(self, test, megabytes, **settings):
        self.net = Network(settings={"limits." + key: value for key, value in settings.items()})
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "none", self.net.dir],
                              capture_output=True, text=True)
        if done.returncode != 0:
            raise unittest.SkipTest(f"no mount: {done.stderr.strip()}")
        test.addCleanup(os.rmdir, self.net.dir)
        test.addCleanup(subprocess.run, ["umount", "--lazy", self.net.dir], check=True)
        test.addCleanup(self.net.close)
        self.ballast = os.path.join(self.net.dir, "ballast")
        self.net.start()

    def free(self):
        state = os.statvfs(self.net.dir)
        return state.f_bavail * state.f_frsize

    def leave(self, size):
        """So many bytes stay free."""
        with open(self.ballast, "ab") as file:
            os.posix_fallocate(file.fileno(), file.tell(), max(1, self.free() - size))

    def fill(self):
        with open(self.ballast, "ab", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * 65536)
            except OSError as error:
                assert error.errno == errno.ENOSPC, error

    def make_room(self):
        os.unlink(self.ballast)


def metric(net, name):
    with urllib.request.urlopen(net.endpoints["metrics"]["intake.1"] + "/metrics", timeout=10) as answer:
        return float(re.search(rf"^referral_{re.escape(name)} (\S+)$", answer.read().decode(), re.M).group(1))


def redis_processes(up):
    """Ids of the children of `up` that are a Redis."""
    with open(f"/proc/{up}/task/{up}/children") as file:
        children = file.read().split()
    for pid in children:
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                if file.read().startswith(b"redis-server"):
                    yield int(pid)
        except OSError:
            continue


class DiskFull(unittest.TestCase):
    def late(self, net):
        """One more intake, always the same."""
        return net.submit(demo_intake("flood-family"), key="late")

    def refused(self, net):
        """The answer to a late intake when it is not taken, and then it says when to come again."""
        answer = self.late(net)
        if answer.status in (200, 201):
            return None
        self.assertEqual(answer.status, 503, answer.body)
        self.assertGreaterEqual(int(answer.headers["Retry-After"]), 1)
        return answer

    def taken(self, net):
        answer = self.late(net)
        return answer.json["case"]["id"] if answer.status in (200, 201) else None

    def test_the_entrance_closes_before_the_disk_is_full_and_what_drains_goes_on(self):
        disk = Disk(self, 64, disk_share=30)
        net = disk.net
        first = net.submit(demo_intake(), key="first").json["case"]["id"]
        referral = net.settled(first)["referrals"][0]
        os.kill(net.pid("matcher.1"), signal.SIGSTOP)
        load = Load(net, intakes_for(net, 100, SEED), window=100).run()
        disk.leave(15 * MB)
        answer = wait_for(lambda: self.refused(net), 20, "the entrance closed")
        self.assertEqual(answer.json["code"], "busy")
        self.assertEqual(metric(net, 'mode{mode="busy"}'), 1)
        self.assertLess(metric(net, "redis_disk_free_ratio"), 0.3)
        os.kill(net.pid("matcher.1"), signal.SIGCONT)
        load.states()
        load.told()
        self.assertEqual(net.answer(referral["id"], "decline", referral["version"], reason="full").status, 200)
        self.assertIsNotNone(self.refused(net))
        disk.make_room()
        late = wait_for(lambda: self.taken(net), 20, "the entrance open again")
        self.assertEqual(metric(net, 'mode{mode="busy"}'), 0)
        audit(net, [load, {"first": first, "late": late}])

    def test_a_full_disk_loses_nothing_and_room_is_all_it_takes_to_go_on(self):
        disk = Disk(self, 64, disk_share=0)
        net, seen, started = disk.net, [], set()

        def starts():
            started.update(redis_processes(net.process.pid))  # no log can tell: it is on that disk
            return len(started)

        def watch():
            try:
                starts()
                disk.fill()
                wait_for(lambda: starts() > 1, 60, "another Redis")
                seen.append(self.refused(net).json["code"])
                wait_for(lambda: starts() > 3, 60, "Redis to be started again and again")
            finally:
                disk.make_room()

        thread = threading.Thread(target=watch)
        load = Load(net, intakes_for(net, 1500, SEED), window=128)
        load.run(at={0.3: thread.start}, seconds=90)
        thread.join()
        print(f"refused with {seen}, Redis started {starts()} times, {dict(load.refused)}", flush=True)
        self.assertGreater(starts(), 3, "Redis did not end: was the disk full at all?")
        self.assertIn(seen, (["busy"], ["unavailable"]))
        audit(net, [load, {"late": wait_for(lambda: self.taken(net), 20, "the intake that came meanwhile")}])

    def test_a_rewrite_is_put_off_until_there_is_room_for_it(self):
        disk = Disk(self, 64, disk_share=10)
        net = disk.net

        def rewrites():
            return net.redis.info("persistence")["aof_rewrites"]

        def is_on():
            return net.redis.config_get("auto-aof-rewrite-percentage")["auto-aof-rewrite-percentage"] == "100"
        before = rewrites()
        disk.leave(int(6.4 * MB) + net.redis.info("memory")["used_memory"] - MB)
        wait_for(lambda: not is_on(), 20, "no more rewrites")
        net.redis.config_set("auto-aof-rewrite-min-size", 4096)
        load = Load(net, intakes_for(net, 100, SEED), window=32).run()
        load.states()
        load.told()
        self.assertEqual(rewrites(), before)
        self.assertIsNone(self.refused(net), "the entrance closed as well")
        disk.make_room()
        wait_for(lambda: is_on() and rewrites() > before, 20, "a rewrite")
        wait_for(lambda: not net.redis.info("persistence")["aof_rewrite_in_progress"], 20, "its end")


if __name__ == "__main__":
    unittest.main()
