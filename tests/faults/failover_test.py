# SPDX-License-Identifier: Apache-2.0
"""A primary Redis dies or stands still, again and again: another one goes on with all that was
acknowledged."""

import concurrent.futures
import os
import random
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import types
import unittest
import unittest.mock
import urllib.error
import urllib.request

import msgpack
import redis
import zmq

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from audit import audit  # noqa: E402
from harness import CTL, DEMO, TAG, Network, demo_intake, wait_for  # noqa: E402
from load import REPEAT_AFTER_S, Load, intakes_for  # noqa: E402

SEED = 20261122
RATE = 20  # intakes a second: the gap is what is measured, and the audit reads them all
REDISES = ("redis.1", "redis.2", "redis.3")
SENTINELS = ("sentinel.1", "sentinel.2", "sentinel.3")


class Stream(Load):
    """Submits at a steady rate until it is told to stop, in a thread of its own."""

    def __init__(self, net, seed, most=20000):
        super().__init__(net, intakes_for(net, 500, seed))
        self.kinds, self.most = self.intakes, most
        self.intakes = [self.kinds[i % len(self.kinds)] for i in range(most)]
        self.todo.clear()
        self.when, self.failure = [], None
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.work, daemon=True)
        self.thread.start()

    def work(self):
        try:
            self.submit_all()
        except Exception as error:  # told by stop()
            self.failure = error

    def submit_all(self):
        socket, began, sent = self.net.socket(), time.monotonic(), 0
        while not self.stopping.is_set() or self.flying or self.todo:
            now = time.monotonic()
            due = min(self.most, int((now - began) * RATE))
            while not self.stopping.is_set() and sent < due:
                self.send(socket, sent)
                sent += 1
            while self.todo:
                self.send(socket, self.todo.popleft())
            if socket.poll(10):
                before = len(self.accepted)
                while socket.poll(0):
                    self.take(msgpack.unpackb(socket.recv(zmq.NOBLOCK)))
                if len(self.accepted) > before:
                    self.when.append(time.monotonic())
            for number, at in list(self.flying.items()):
                if now - at > REPEAT_AFTER_S:
                    self.send(socket, number)
        socket.close()

    def acknowledges(self, count=1, seconds=60):
        """Waits until so many more are acknowledged."""
        until = len(self.accepted) + count
        wait_for(lambda: self.failure or len(self.accepted) >= until, seconds, "an acknowledgement")

    def gap_s(self, since):
        """The longest time without an acknowledgement, from the last one before then on; some have just come."""
        times = [max(at for at in self.when if at <= since), *(at for at in self.when if at > since), time.monotonic()]
        return max(b - a for a, b in zip(times, times[1:]))

    def stop(self):
        self.stopping.set()
        self.thread.join(60)
        if self.failure:
            raise self.failure
        assert not self.thread.is_alive(), f"{len(self.flying)} are not answered; {self.refused}"
        return self


class Available(Network):
    """A network with replicas and sentinels."""

    def __init__(self, settings=None):
        super().__init__(settings=dict({"limits.lease": "3 s"}, **(settings or {})), options=["--ha"])

    def primary(self):
        """Name of the Redis that is the primary, as endpoints.json has it."""
        port = self.endpoints["redis"].rsplit(":", 1)[1]
        for name in REDISES:
            with open(os.path.join(self.dir, name, "redis.conf")) as file:
                if f"port {port}\n" in file.read():
                    return name
        raise AssertionError("endpoints.json names no Redis of ours")

    def replicas(self):
        return [name for name in REDISES if name != self.primary()]

    def epoch(self):
        """How often the sentinels have put another in the place of a primary."""
        epochs = []
        for name in SENTINELS:
            with open(os.path.join(self.dir, name, "sentinel.conf")) as file:
                epochs += re.findall(r"^sentinel config-epoch \w+ (\d+)", file.read(), re.M)
        return max(map(int, epochs))

    def signal(self, name, number):
        os.kill(self.pid(name), number)

    def ready(self, name="intake.1"):
        """What /readyz says: (status, text)."""
        try:
            with urllib.request.urlopen(self.endpoints["metrics"][name] + "/readyz", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError as error:
            return 0, str(error)

    def wait_ready(self, text="ready\n", seconds=60):
        said = []

        def look():
            said[:] = [self.ready(name) for name in ("intake.1", "matcher.1", "notifier.1", "gateway.1")]
            return all(words == text for _, words in said)
        try:
            wait_for(look, seconds, "readiness")
        except AssertionError:
            raise AssertionError(f"not {text!r} within {seconds} s: {said}\n{self.logs()}") from None

    def accept(self, key):
        """The id of an intake sent until it is acknowledged, as a client does that is told to come again."""
        last = []

        def sent():
            last[:] = [self.submit(demo_intake(), key=key)]
            return last[0].json["case"]["id"] if last[0].status in (200, 201) else None
        try:
            return wait_for(sent, 60, "an acknowledgement")
        except AssertionError:
            raise AssertionError(f"not acknowledged within 60 s: {last[0].status} {last[0].body}") from None

    def sentinels(self):
        """The end of their logs."""
        text = ""
        for name in SENTINELS:
            with open(os.path.join(self.dir, name, "sentinel.log"), errors="replace") as file:
                text += f"--- {name}\n" + file.read()[-3000:]
        return text

    def wait_moved(self, before, seconds=60):
        try:
            wait_for(lambda: self.primary() != before, seconds, "another primary")
        except AssertionError:
            raise AssertionError(f"no failover from {before}\n{self.sentinels()}") from None
        self.redis = self.connect()
        return self.primary()

    def port(self, name):
        with open(os.path.join(self.dir, name, "redis.conf")) as file:
            return next(int(line.split()[1]) for line in file if line.startswith("port "))

    def password(self):
        with open(os.path.join(self.dir, "redis.password")) as file:
            return file.read().strip()

    def client(self, name):
        """A client of that one Redis, whatever the sentinels say."""
        return redis.Redis(port=self.port(name), password=self.password(), socket_timeout=20,
                           single_connection_client=True)

    def sentinel_sees(self, name):
        """What each sentinel that answers says of that Redis as a replica; {}: knows none there."""
        port, said = str(self.port(name)), []
        for address in self.endpoints["sentinels"]:
            with redis.Redis(port=int(address.rsplit(":", 1)[1]), password=self.password(), decode_responses=True) as eye:
                replicas = eye.execute_command("SENTINEL", "REPLICAS", "hearthline")
                pairs = [r if isinstance(r, dict) else dict(zip(r[::2], r[1::2])) for r in replicas]
                said += [next((r for r in pairs if str(r["port"]) == port), {})]
        return said

    def config(self, name, *words):
        """CONFIG SET on one Redis."""
        with self.client(name) as client:
            return client.config_set(*words)

    def roles(self):
        """{name: what that Redis says of its replication}; {} for one that does not answer."""
        said = {}
        for name in REDISES:
            try:
                with self.client(name) as client:
                    said[name] = client.info("replication")
            except redis.RedisError:
                said[name] = {}
        return said

    def wait_missed(self, name):
        """Until no sentinel would choose that Redis for the next primary."""
        wait_for(lambda: all("s_down" in str(said.get("flags")) for said in self.sentinel_sees(name)), 30,
                 f"sentinels that miss {name}")

    def connect_to_truth(self):
        """Once one Redis is the primary of both others: self.redis is that one, and so is the network's.

        A client that asks a sentinel may be told of a primary of before: a sentinel that was restarted
        believes its file, a primary that stood still its memory, until another corrects them."""
        said = {}

        def look():
            said.update(self.roles())
            return [name for name, info in said.items() if info.get("role") == "master"] == [self.primary()] and \
                said[self.primary()]["connected_slaves"] == len(REDISES) - 1
        try:
            wait_for(look, 60, "one primary")
        except AssertionError:
            raise AssertionError(f"the network's is {self.primary()}: {said}\n{self.sentinels()}") from None
        self.redis = self.client(self.primary())


class Failover(unittest.TestCase):
    def up(self, settings=None):
        net = Available(settings)
        self.addCleanup(net.close)
        net.frozen = []
        self.addCleanup(self.thaw, net)
        net.start(60)
        net.wait_ready()
        return net

    def freeze(self, net, name):
        net.frozen.append(net.pid(name))
        os.kill(net.frozen[-1], signal.SIGSTOP)

    def thaw(self, net):
        while net.frozen:
            os.kill(net.frozen.pop(), signal.SIGCONT)

    # ---- kinds of faults; each ends with another primary

    def primary_killed(self, run):
        before = run.net.primary()
        run.net.signal(before, signal.SIGKILL)
        run.net.wait_moved(before)

    def primary_and_a_sentinel_killed(self, run):
        run.net.signal(run.rng.choice(SENTINELS), signal.SIGKILL)
        self.primary_killed(run)

    def primary_frozen_until_replaced(self, run):
        before = run.net.primary()
        self.freeze(run.net, before)
        run.net.wait_moved(before)
        self.thaw(run.net)

    def replica_frozen_and_primary_killed(self, run):
        run.net.wait_ready()  # a primary that was thawed follows: with two failures at once more could be lost
        before, replica = run.net.primary(), run.rng.choice(run.net.replicas())
        self.freeze(run.net, replica)
        run.net.wait_ready("ready, degraded: 1 of 2 replicas in sync\n")
        run.stream.acknowledges(5)  # by the other one alone
        run.net.signal(before, signal.SIGKILL)
        after = run.net.wait_moved(before)
        self.assertNotEqual(after, replica, "the one that knew nothing became the primary")
        self.thaw(run.net)

    def fail_over(self, run):
        """Ten failovers under load, then the audit."""
        faults = [self.primary_killed] * 4 + [self.primary_and_a_sentinel_killed] * 2 + \
            [self.primary_frozen_until_replaced] * 2 + [self.replica_frozen_and_primary_killed] * 2
        run.rng.shuffle(faults)
        for fault in faults:
            run.stream.acknowledges(10)
            began = time.monotonic()
            fault(run)
            run.stream.acknowledges(5)
            run.gaps.append(run.stream.gap_s(began))
            if fault != self.primary_frozen_until_replaced:  # 8 s later it is made a replica
                run.net.wait_ready()
        run.stream.stop()
        run.net.wait_ready()
        run.net.connect_to_truth()
        try:
            books = audit(run.net, [run.stream])
        except AssertionError as error:
            raise AssertionError(f"{error}\nafter {[fault.__name__ for fault in faults]}, gaps {run.gaps}; "
                                 f"{run.net.roles()}\n{run.net.sentinels()}") from None
        self.assertEqual(len(books.cases), len(run.stream.accepted))
        self.assertEqual(run.net.violations(), [])

    def test_twenty_failovers_under_load_lose_and_double_nothing(self):
        runs = [types.SimpleNamespace(net=self.up(), rng=random.Random(seed), gaps=[])
                for seed in (SEED, SEED + 1)]
        for run in runs:
            run.stream = Stream(run.net, SEED)
        with concurrent.futures.ThreadPoolExecutor() as both:  # most of it is the sentinels' patience
            for done in [both.submit(self.fail_over, run) for run in runs]:
                done.result()
        gaps = [gap for run in runs for gap in run.gaps]
        print(f"\n  seeds {SEED}, {SEED + 1}: {len(gaps)} failovers, "
              f"{sum(len(run.stream.accepted) for run in runs)} acknowledged, "
              f"{sum(run.stream.again for run in runs)} again; without an acknowledgement: "
              f"median {statistics.median(gaps):.1f} s, longest {max(gaps):.1f} s", file=sys.stderr)
        self.assertGreaterEqual(len(gaps), 20)

    def all_three_die(self, replicas):
        """Intakes go on while both replicas stand still; then all three die.  How many of what was
        acknowledged then are lost."""
        net = self.up({"redis.replicas": replicas, "redis.timeout": "20 s"})
        stream = Stream(net, SEED)
        stream.acknowledges(10)
        before, others = net.primary(), net.replicas()
        for name in others:
            self.freeze(net, name)
        since, until = len(stream.accepted), time.monotonic() + 2
        wait_for(lambda: time.monotonic() > until or len(stream.accepted) > since + 20, 20, "two seconds")
        net.signal(before, signal.SIGKILL)
        net.frozen.clear()
        for name in others:  # what lies in their sockets goes with them
            net.signal(name, signal.SIGKILL)
        net.wait_moved(before)
        stream.acknowledges(5)
        stream.stop()
        net.connect_to_truth()
        cases = {case_id for case_id, _ in stream.accepted.values()}
        there = {key.decode().rsplit(":", 1)[1] for key in net.redis.scan_iter(f"{TAG}:case:*", count=1000)}
        if replicas:
            net.wait_ready()
            audit(net, [stream])
        return len(cases - there)

    def test_what_the_next_primary_could_lack_was_not_acknowledged(self):
        """One replica has all and no sentinel can speak to it; the other answers them and follows no
        more.  So the sentinels, once the primary dies, choose the one that lacks what came last."""
        net = self.up({"redis.timeout": "30 s"})
        stream = Stream(net, SEED)
        stream.acknowledges(10)
        before, (hidden, cut) = net.primary(), net.replicas()
        with net.client(hidden) as held, net.client(cut) as behind:
            held.config_set("requirepass", "another")
            held.client_kill_filter(_type="normal")
            net.wait_missed(hidden)
            stream.acknowledges(1)  # both replicas follow
            behind.config_set("masterauth", "another")
            behind.client_kill_filter(_type="master")
            wait_for(lambda: net.roles()[before]["connected_slaves"] == 1, 30, "one replica")
            since, until = len(stream.accepted), time.monotonic() + 3
            wait_for(lambda: time.monotonic() > until or len(stream.accepted) > since + 40, 20, "three seconds")
            net.signal(before, signal.SIGKILL)
            self.assertEqual(net.wait_moved(before), cut)
            held.config_set("requirepass", net.password())
            net.config(cut, "masterauth", net.password())
            stream.acknowledges(5)
        stream.stop()
        net.connect_to_truth()
        audit(net, [stream])

    def test_what_both_replicas_lacked_was_not_acknowledged(self):
        self.assertEqual(self.all_three_die(replicas=2), 0)

    def test_without_waiting_for_replicas_the_same_loses_what_was_acknowledged(self):
        self.assertGreater(self.all_three_die(replicas=0), 0)

    def test_one_replica_is_a_visible_state_and_none_refuses_until_they_are_back(self):
        net = self.up({"redis.timeout": "2 s"})
        first, second = net.replicas()
        intake = demo_intake()
        self.freeze(net, first)
        net.wait_ready("ready, degraded: 1 of 2 replicas in sync\n")
        for url in net.endpoints["metrics"].values():
            with urllib.request.urlopen(url + "/metrics", timeout=10) as answer:
                self.assertIn("\nreferral_redis_replicas 1\n", answer.read().decode())
        net.wait_missed(first)
        answers = [net.submit(intake, key="one")]
        self.assertEqual(answers[0].status, 201)
        self.freeze(net, second)
        answers.append(net.submit(intake, key="none"))
        self.assertEqual(answers[1].status, 503)
        self.assertGreater(int(answers[1].headers["Retry-After"]), 0)
        net.wait_ready("not ready: 0 of 2 replicas in sync\n")
        self.thaw(net)
        net.wait_ready()
        answers.append(net.submit(intake, key="none"))
        self.assertIn(answers[2].status, (200, 201))  # the refused one may have been stored
        self.assertEqual(net.submit(intake, key="one").status, 200)
        audit(net, {"one": answers[0].json["case"]["id"], "none": answers[2].json["case"]["id"]})

    def test_everything_stops_and_starts_again_with_the_primary_it_had(self):
        net = self.up()
        before = net.primary()
        net.signal(before, signal.SIGKILL)
        after = net.wait_moved(before)
        net.wait_ready()
        case_id = net.accept("kept")
        net.settled(case_id)
        self.assertEqual(net.stop(), 0)
        alone = subprocess.run([CTL, "up", "--dir", net.dir], capture_output=True, text=True, timeout=60)
        self.assertEqual(alone.returncode, 1)
        self.assertIn("--ha", alone.stderr)
        epoch = net.epoch()
        net.start(60)
        net.wait_ready()
        if net.epoch() == epoch:  # else it was too slow to come up, and another one took its place
            self.assertEqual(net.primary(), after)
        self.assertIn(case_id, net.ctl("cases").stdout)
        self.assertEqual(net.ctl("import", "--source", "demo", os.path.join(DEMO, "directory.json")).returncode, 0)
        audit(net, {"kept": case_id})

    def test_the_clock_of_the_functions_goes_on_where_it_was(self):
        """Whoever becomes the primary, and however wrong its clock is."""
        folder = tempfile.mkdtemp(prefix="hl-")
        self.addCleanup(shutil.rmtree, folder)
        shim = os.path.join(folder, "shim.so")
        compile_shim(CLOCK_SHIM, shim)
        with unittest.mock.patch.dict(os.environ, {"LD_PRELOAD": shim}):
            net = self.up()
        accepted, wall = {}, []
        for number in range(4):
            case_id = net.accept(str(number))
            net.settled(case_id)
            accepted[str(number)] = case_id
            wall.append((net.primary(), net.redis.time()[0]))
            before = net.primary()
            net.signal(before, signal.SIGKILL)
            net.wait_moved(before)
            net.wait_ready()
        at = [net.redis.zscore(f"{TAG}:open", case_id) for case_id in accepted.values()]
        self.assertEqual(at, sorted(set(at)), wall)
        self.assertTrue(any(b < a for (_, a), (_, b) in zip(wall, wall[1:])), f"no clock was behind: {wall}")
        audit(net, accepted)

    def test_the_state_of_one_redis_moves_to_three(self):
        net = Available()
        self.addCleanup(net.close)
        net.options = []
        net.start(60)
        case_id = net.accept("kept")
        net.settled(case_id)
        self.assertEqual(net.stop(), 0)
        net.options = ["--ha"]
        net.start(60)
        net.wait_ready()
        audit(net, {"kept": case_id})


CLOCK_SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
/* The wall clock of redis.1 is an hour ahead, that of redis.3 an hour behind. */
static long shift;
__attribute__((constructor)) static void begin(void)
{
	char line[4096] = "";
	FILE *file = fopen("/proc/self/cmdline", "r");
	size_t count = file ? fread(line, 1, sizeof line - 1, file) : 0;

	if (memmem(line, count, "redis.1/", 8))
		shift = 3600;
	if (memmem(line, count, "redis.3/", 8))
		shift = -3600;
	if (file)
		fclose(file);
}
int gettimeofday(struct timeval *now, void *zone)
{
	int status = ((int (*)(struct timeval *, void *))dlsym(RTLD_NEXT, "gettimeofday"))(now, zone);

	now->tv_sec += shift;
	return status;
}
"""
SYNC_SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>
/* fdatasync stands while the file is there. */
int fdatasync(int fd)
{
	while (access(getenv("GATE"), F_OK) == 0)
		poll(NULL, 0, 1);
	return ((int (*)(int))dlsym(RTLD_NEXT, "fdatasync"))(fd);
}
"""


def compile_shim(source, path):
    subprocess.run(["cc", "-shared", "-fPIC", "-x", "c", "-o", path, "-", "-ldl"], input=source, text=True,
                   check=True)


class Sync(unittest.TestCase):
    def redis(self, folder, *settings, **environment):
        os.mkdir(folder)
        path = os.path.join(folder, "redis.sock")
        process = subprocess.Popen(
            ["redis-server", "--unixsocket", path, "--dir", folder, "--save", "", "--appendonly", "yes",
             "--appendfsync", "always", "--logfile", "redis.log", *settings],
            executable="/usr/bin/redis-check-rdb", env=dict(os.environ, **environment))
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        client = redis.Redis(unix_socket_path=path, socket_timeout=30)
        self.addCleanup(client.close)

        def answers():
            try:
                return client.ping()
            except redis.RedisError:
                return False
        wait_for(answers, 20, "a Redis")
        return client

    def test_a_replica_acknowledges_after_its_own_sync(self):
        """What acknowledgement rests on, and what no document of Redis 7.0 says."""
        with tempfile.TemporaryDirectory(prefix="hl-") as folder:
            shim, gate = os.path.join(folder, "shim.so"), os.path.join(folder, "gate")
            compile_shim(SYNC_SHIM, shim)
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                port = free.getsockname()[1]
            primary = self.redis(os.path.join(folder, "1"), "--port", str(port),
                                 "--repl-diskless-sync-delay", "0")
            self.redis(os.path.join(folder, "2"), "--port", "0", "--replicaof", "127.0.0.1", str(port),
                       LD_PRELOAD=shim, GATE=gate)

            def waited(ms):
                primary.incr("written")
                return primary.execute_command("WAIT", 1, ms)
            wait_for(lambda: waited(1000) == 1, 30, "a replica in sync")
            with open(gate, "w"):
                self.assertEqual(waited(1500), 0, "acknowledged what was not synced")
            os.unlink(gate)
            self.assertEqual(primary.execute_command("WAIT", 1, 20000), 1)


if __name__ == "__main__":
    unittest.main()
