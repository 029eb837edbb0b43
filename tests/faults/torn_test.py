# SPDX-License-Identifier: Apache-2.0
"""An append-only file that ends anywhere loads as exactly what was written before that byte."""

import bisect
import concurrent.futures
import fcntl
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

import redis

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import audit  # noqa: E402
from crowd import Hooks  # noqa: E402
from harness import TAG, Network, wait_for  # noqa: E402
from load import Load, intakes_for  # noqa: E402

SEED = int(os.environ.get("SEED", 20261122))
ANYWHERE, ENDS = 200, 20  # cuts: by chance, and around so many ends of transactions
AUDITED = 40  # of the cuts, by all checks of the audit
KINDS = {"accept", "offer", "send", "deliver", "remind", "expire", "decline", "complete", "withdraw", "cancel",
         "recall", "amend", "park", "dead", "replay"}
LOG = "appendonlydir"


class Server:
    """A Redis of its own in `folder`, with the settings that `referralctl up` gives."""

    def __init__(self, folder):
        self.folder = folder
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            ["redis-server", "redis.conf", "--enable-debug-command", "local", "--appendfsync", "no"],
            executable="/usr/bin/redis-check-rdb", cwd=self.folder)
        self.redis = redis.Redis(unix_socket_path=os.path.join(self.folder, "redis.sock"))
        wait_for(self.answers, 30, "Redis on a torn file")

    def answers(self):
        if self.process.poll() is not None:
            with open(os.path.join(self.folder, "redis.log")) as file:
                raise AssertionError("Redis does not load it: " + file.read()[-500:])
        try:
            return self.redis.ping()
        except redis.RedisError:
            return False

    def digest(self):
        return self.redis.execute_command("DEBUG", "DIGEST")

    def kill(self):
        self.redis.close()
        self.process.kill()
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()


def read_command(data, at):
    """The command that begins there, and where it ends."""
    def line(start):
        end = data.index(b"\r\n", start)
        return int(data[start + 1:end]), end + 2
    count, at = line(at)
    words = []
    for _ in range(count):
        length, at = line(at)
        words.append(data[at:at + length])
        at += length + 2
    return words, at


def transactions(data):
    """(end, commands) of what Redis applies as a whole, in order."""
    at, open_one = 0, None
    while at < len(data):
        words, at = read_command(data, at)
        verb = words[0].upper()
        if verb == b"MULTI":
            open_one = []
        elif verb == b"EXEC":
            yield at, open_one
            open_one = None
        elif open_one is not None:
            open_one.append(words)
        elif verb != b"SELECT":
            yield at, [words]


def make_history(net):
    """Every kind of transition, beginning in a new file."""
    before = net.redis.info("persistence")["aof_rewrites"]
    net.redis.bgrewriteaof()
    wait_for(lambda: net.redis.info("persistence")["aof_rewrites"] > before and
             not net.redis.info("persistence")["aof_rewrite_in_progress"], 30, "a new file")
    load = Load(net, intakes_for(net, 40, SEED), window=4).run()  # many at once would be one transaction
    load.states()
    load.told()
    cases = [net.case(case_id) for case_id, _ in load.accepted.values()]
    # One of each need: of two agencies that are offered an emergency the first to accept keeps it.
    referrals = list({r["need"]: r["id"] for c in cases for r in c["referrals"]
                      if r["state"] in ("sent", "delivered")}.values())
    for number, actions in enumerate((["accept", "start", "complete"], ["decline"], ["accept"], ["decline"])):
        for action in actions:
            reason = {"decline": ["--reason", "full"], "complete": ["--reason", "helped"]}.get(action, [])
            net.ctl("answer", referrals[number], action, *reason, check=False)  # its clock may have been sooner
    for case in cases[-3:]:
        net.ctl("withdraw", case["id"])
    changed = [net.http("PATCH", f"/api/v1/cases/{c['id']}", {"urgency": "emergency"},
                        headers={"If-Match": f'"{c["version"]}"', "Idempotency-Key": c["id"]}).status
               for c in cases[:5]]
    assert 200 in changed, changed
    for service in audit.names(net.redis, "place")[:5]:
        net.redis.fcall("hl_capacity", 1, TAG, service, 1, 9, 4102444800000)
    make_dead_letters(net)


def make_dead_letters(net):
    agencies = audit.names(net.redis, "inbox")
    for agency in agencies:
        net.ctl("channel", "set", agency, "webhook", "http://127.0.0.1:1/nobody")
    load = Load(net, intakes_for(net, 10, SEED + 1), window=32).run()
    wait_for(lambda: net.redis.zcard(f"{TAG}:notify:dead"), 30, "a dead letter")
    for agency in agencies:
        net.ctl("channel", "set", agency, "inbox")
    load.states()

    def nothing_dead():
        net.ctl("dead", "replay", "--all", check=False)
        return not net.redis.zcard(f"{TAG}:notify:dead")
    wait_for(nothing_dead, 30, "all told again")
    load.told()
    wait_for(lambda: any(line["action"] == "expire" for _, line in audit.read_journal(net.redis)), 30,
             "an offer that expires")


class Torn(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="hl-torn-")
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        hooks = Hooks()  # telling every second agency is a transition of its own
        cls.addClassCleanup(hooks.close)
        with Network(settings={"clocks.urgent_remind": "300 ms", "clocks.urgent_expire": "900 ms",
                               "limits.failures_most": "1", "notifier.webhook_private": "yes"}) as net:
            hooks.take(net)
            make_history(net)
            net.stop()
            for name in ("redis.conf", LOG):
                subprocess.run(["cp", "-r", os.path.join(net.dir, name), cls.folder], check=True)
        cls.name = next(n for n in os.listdir(os.path.join(cls.folder, LOG)) if n.endswith(".incr.aof"))
        with open(os.path.join(cls.folder, LOG, cls.name), "rb") as file:
            cls.data = file.read()
        cls.units = list(transactions(cls.data))
        cls.ends = [end for end, _ in cls.units]
        cls.lines = [words for _, commands in cls.units for words in commands
                     if words[:2] == [b"XADD", f"{TAG}:journal".encode()]]
        cls.journal = [words[2] for words in cls.lines]

    def torn(self, folder, length):
        """A copy in which the file ends there."""
        os.mkdir(folder)
        shutil.copy(os.path.join(self.folder, "redis.conf"), folder)
        shutil.copytree(os.path.join(self.folder, LOG), os.path.join(folder, LOG))
        os.truncate(os.path.join(folder, LOG, self.name), length)
        return folder

    def expected(self, cuts):
        """{cut: digest}, by applying what ends before each cut, one transaction after the other."""
        digests, done = {}, 0
        with Server(self.torn(os.path.join(self.folder, "reference"), 0)) as server:
            for cut in sorted(cuts):
                whole = bisect.bisect_right(self.ends, cut)
                pipe = server.redis.pipeline(transaction=False)
                for _, commands in self.units[done:whole]:
                    for words in commands:
                        pipe.execute_command(*words)
                pipe.execute()
                done = whole
                digests[cut] = server.digest()
        return digests

    def look(self, cut, digest, is_audited):
        """What is wrong with what loads of the first `cut` bytes."""
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            with Server(self.torn(os.path.join(folder, "x"), cut)) as server:
                wrong = [] if server.digest() == digest else ["holds something else than was written before"]
                lines = [line for line, _ in server.redis.xrange(f"{TAG}:journal")]
                if lines != self.journal[:len(lines)]:
                    wrong.append("its journal is not the beginning of the journal")
                said = server.redis.fcall("hl_check", 1, TAG, *audit.names(server.redis, "case"))
                wrong += [(item, what) for item, what in zip(said[::2], said[1::2]) if item != b"held"]
                if is_audited:
                    wrong += self.audit(audit.Books(server.redis))
        return [f"cut at {cut} of {len(self.data)}: {what}" for what in wrong]

    @staticmethod
    def audit(books):
        return [*audit.in_one_place(books), *audit.listed(books), *audit.conserved(books), *audit.reasons(books),
                *audit.chained(books), *audit.done_once(books)]

    def test_the_history_has_every_kind_of_transition(self):
        actions = {audit.line_of(dict(zip(words[3::2], words[4::2])))["action"] for words in self.lines}
        self.assertEqual(KINDS - actions, set())
        self.assertTrue(any(w[0] == b"HSET" and b":place:" in w[1] and b"reported_at" in w
                            for _, commands in self.units for w in commands), "no capacity")
        with open(os.path.join(self.folder, "redis.conf")) as file:
            self.assertIn("aof-load-truncated yes\n", file.read())

    def test_a_file_cut_anywhere_loads_as_a_whole_prefix(self):
        rng = random.Random(SEED)
        cuts = set(rng.sample(range(len(self.data) + 1), ANYWHERE))
        for end in rng.sample([end for end, commands in self.units if len(commands) > 1], ENDS):
            cuts |= {end - 1, end, min(end + 1, len(self.data))}  # beyond its end a file grows a NUL
        digests = self.expected(cuts)
        audited = set(rng.sample(sorted(cuts), AUDITED))
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            wrong = [what for found in pool.map(
                lambda cut: self.look(cut, digests[cut], cut in audited), sorted(cuts))
                for what in found]
        print(f"seed {SEED}: {len(cuts)} cuts of {len(self.data)} bytes, {len(self.units)} transactions, "
              f"{len(self.journal)} journal lines, {len(set(digests.values()))} different states", flush=True)
        self.assertEqual(wrong, [])
        self.assertGreater(len(set(digests.values())), ANYWHERE / 2)

    def test_what_is_written_after_a_cut_is_there_after_the_next(self):
        """Redis alone leaves the MULTI open that was cut within a command, and it swallows what comes next."""
        with Network() as net:
            loads = []
            for number in range(3):
                loads.append(Load(net, intakes_for(net, 20, SEED + number), window=32).run())
                loads[-1].states()
                loads[-1].told()
                path = os.path.join(net.dir, LOG, "appendonly.aof.1.incr.aof")
                os.kill(net.process.pid, signal.SIGSTOP)
                os.kill(net.pid("redis"), signal.SIGKILL)
                with open(os.path.join(net.dir, "run", "redis.lock")) as lock:
                    fcntl.flock(lock, fcntl.LOCK_EX)
                    with open(path, "ab") as file:  # begun, and not finished within the second command
                        file.write(b"*1\r\n$5\r\nMULTI\r\n*3\r\n$3\r\nSET\r\n$4\r\ntorn\r\n$1\r\nx\r\n*3\r\n$3\r\nSE")
                os.kill(net.process.pid, signal.SIGCONT)
                wait_for(lambda: net.answers("redis"), 30, "Redis")
                self.assertIsNone(net.redis.get("torn"))
            audit.audit(net, loads)


if __name__ == "__main__":
    unittest.main()
