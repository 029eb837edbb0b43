#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Chaos for as long as wished: tests/soak.py MINUTES [SEED]

Families come, agencies answer, capacities change, processes are killed, services are restarted in
order, closed cases move to the archive, and fsck looks on.  The number of open cases is kept: a family
comes when another was helped.  At the end everything is closed and audited, and memory of the last
quarter is compared with that of the first.  Exit status 0: nothing was lost or doubled, fsck never
found anything, and nothing grew."""

import collections
import json
import os
import random
import statistics
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from audit import STATES, Books, conserved, in_one_place, listed, places_kept, read_cases, reasons  # noqa: E402
from crowd import Families, Killer, People, Worker, accept_all  # noqa: E402
from harness import DEMO, TAG, Network, wait_for  # noqa: E402

OPEN_MOST = 300
RATE = 10
KILL_EVERY_S = (5, 15)
LOOK_EVERY_S, SAMPLE_EVERY_S, REPORT_EVERY_S, RESTART_EVERY_S = 30, 5, 20, 25
KEEP_S = 15
GREW_MOST = 1.25  # of the median; allocators and buffers breathe
GREW_LEAST_BYTES = 4 << 20
SETTINGS = {
    "limits.lease": "2 s", "limits.reap_every": "200 ms", "limits.claim_every": "50 ms",
    "limits.crashes_most": "1000", "limits.failures_most": "1000", "limits.backoff_first": "200 ms",
    "limits.backoff_most": "1 s", "archive.keep": f"{KEEP_S} s", "archive.every": "1 s",
    "clocks.emergency_remind": "1 s", "clocks.emergency_escalate": "2 s", "clocks.emergency_expire": "4 s",
    "clocks.urgent_remind": "4 s", "clocks.urgent_escalate": "8 s", "clocks.urgent_expire": "15 s",
}


class Closer(Worker):
    """Ends the oldest cases while more are open than a soak should hold."""

    def __init__(self, net, people):
        super().__init__()
        self.net, self.people, self.closed = net, people, 0

    def work(self):
        self.people.socket = self.net.socket()
        while not self.over.wait(0.2):
            self.close_oldest(OPEN_MOST)
        self.people.socket.close()

    def close_oldest(self, beyond):
        """Withdraws them; an agency that had accepted confirms that it is over."""
        for case in patiently(lambda: read_cases(self.net.redis, oldest(self.net, beyond))).values():
            waits = [item for item, r in case.referrals.items() if r["state"] == "cancel_requested"]
            for item in waits:
                self.say("answer", item, "confirm_cancel", referral=item, action_="confirm_cancel")
            if not waits and any(STATES["need", need["state"]] for need in case.needs.values()):
                self.say("withdraw", case.id, "withdraw", case_id=case.id, reason="withdrawn")
            for item, r in case.referrals.items():  # reopened though nobody waits for it any more
                if not waits and STATES["referral", r["state"]]:
                    self.say("answer", item, "cancel", referral=item, action_="cancel")

    def say(self, kind, item, action, **fields):
        self.people.say(kind, item, action, by="operator-8", role="operator",
                        command_id=f"soak {self.closed}", **fields)
        self.closed += 1


def patiently(call, seconds=60):
    """What a call to Redis gives once Redis is there."""
    def tried():
        try:
            return [call()]
        except Exception as error:  # of any kind: it is being killed
            if "redis" not in type(error).__module__ and not isinstance(error, OSError):
                raise
            return None
    return wait_for(tried, seconds, "Redis")[0]


def oldest(net, beyond):
    """The oldest open cases, as far as there are more than `beyond`."""
    count = patiently(lambda: net.redis.zcard(f"{TAG}:open"))
    ids = patiently(lambda: net.redis.zrange(f"{TAG}:open", 0, max(0, count - beyond) - 1)) if count > beyond else []
    return [case_id.decode() for case_id in ids]


class Reports(Worker):
    """The directory comes again with other free places."""

    def __init__(self, net, seed):
        super().__init__()
        self.net, self.rng, self.done = net, random.Random(f"reports/{seed}"), 0
        with open(os.path.join(DEMO, "directory.json")) as file:
            self.services = json.load(file)

    def work(self):
        path = os.path.join(self.net.dir, "directory.json")
        while not self.over.wait(REPORT_EVERY_S):
            now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            for service in self.services:
                for capacity in service.get("capacities", []):
                    capacity.update(available=self.rng.randint(0, 12), updated=now)
            with open(path, "w") as file:
                json.dump(self.services, file)
            self.done += self.net.ctl("import", "--source", "demo", path, check=False).returncode == 0


class Restarts(Worker):
    """A service drawn by lot is restarted in order."""

    def __init__(self, net, seed):
        super().__init__()
        self.net, self.rng, self.done = net, random.Random(f"restarts/{seed}"), 0

    def work(self):
        while not self.over.wait(RESTART_EVERY_S):
            name = self.rng.choice(sorted(self.net.endpoints["metrics"]))
            self.done += self.net.ctl("restart", name, check=False).returncode == 0  # else it was killed first


class Watch(Worker):
    """fsck now and then, and the memory of every process."""

    def __init__(self, net):
        super().__init__()
        self.net, self.looks, self.failed_looks, self.steady_at = net, 0, 0, None
        self.samples = collections.defaultdict(list)

    def work(self):
        next_look = time.monotonic() + LOOK_EVERY_S
        while not self.over.wait(SAMPLE_EVERY_S):
            if self.is_steady():
                self.sample()
            if time.monotonic() > next_look:
                self.look()
                next_look = time.monotonic() + LOOK_EVERY_S

    def is_steady(self):
        """So many cases are open as are to be, and the first of them have been archived."""
        if self.steady_at is None and patiently(lambda: self.net.redis.zcard(f"{TAG}:open")) >= OPEN_MOST:
            self.steady_at = time.monotonic() + 2 * KEEP_S
        return self.steady_at is not None and time.monotonic() > self.steady_at

    def look(self):
        done = self.net.ctl("fsck", "--json", check=False)
        report = json.loads(done.stdout) if done.stdout else {}
        if "violations" not in report:
            self.failed_looks += 1  # Redis was killed meanwhile
            return
        assert report["violations"] == [], f"fsck found {report['violations'][:10]}"
        self.looks += 1

    def sample(self):
        for name, pid in self.net.endpoints["pids"].items():
            try:
                with open(f"/proc/{pid}/statm") as file:
                    self.samples[name].append(int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE"))
            except OSError:
                continue
        try:
            self.samples["redis data"].append(int(self.net.redis.info("memory")["used_memory"]))
        except Exception:  # it is being killed
            pass

    def grown(self):
        """What uses more in the last quarter than in the first."""
        for name, bytes_used in sorted(self.samples.items()):
            quarter = max(1, len(bytes_used) // 4)
            first, last = (statistics.median(part) for part in (bytes_used[:quarter], bytes_used[-quarter:]))
            print(f"  {name:<12} {first / 2**20:8.1f} MB at first, {last / 2**20:8.1f} MB at last")
            if last > first * GREW_MOST and last - first > GREW_LEAST_BYTES:
                yield f"{name} grew from {first / 2**20:.1f} to {last / 2**20:.1f} MB"


def close_all(net, families, people, closer):
    accept_all(net, families, people)
    closer.people.socket = net.socket()

    def closed():
        closer.close_oldest(0)
        return net.redis.zcard(f"{TAG}:open") == 0
    wait_for(closed, 120, "every case closed")
    closer.people.socket.close()


def acknowledged_are_somewhere(net, families):
    """Each acknowledged case, in Redis or in the archive, through the API."""
    ids = [case_id for case_id, _ in families.load.accepted.values()]
    if len(set(ids)) != len(ids):
        yield "two keys became one case"
    here = read_cases(net.redis, ids)
    for case_id in ids:
        if case_id not in here and net.http("GET", f"/api/v1/cases/{case_id}").status != 200:
            yield f"{case_id} was acknowledged and is lost"


def audited(net):
    """What the final audit of the other tests finds wrong of the cases that are not archived yet, three
    times: an archive that takes one away meanwhile is no violation.  Older lines of their journal are
    archived too: fsck reads the hashes of both."""
    for _ in range(3):
        books = Books(net.redis)
        wrong = [*in_one_place(books), *listed(books), *conserved(books), *reasons(books),
                 *places_kept(books, figures_fell=True)]
        if not wrong:
            break
    print(f"  {len(books.cases)} cases audited")
    return wrong if books.cases else ["no case was left to be audited"]


def soak(net, minutes, seed):
    families = Families(net, seed, RATE)
    people = [People(net, f"{seed}/{n}", families, pause_s=0.02) for n in range(2)]
    closer, reports, watch = Closer(net, People(net, "closer", families)), Reports(net, seed), Watch(net)
    killer = Killer(net, seed, pauses_s=KILL_EVERY_S)
    restarts = Restarts(net, seed)
    threads = (families, *people, closer, reports, restarts, watch, killer)
    for thread in threads:
        thread.start()
    until = time.monotonic() + minutes * 60
    while time.monotonic() < until and not any(thread.error for thread in threads):
        killer.join(1)
    for thread in (killer, reports, restarts, *people, families, closer, watch):
        thread.end()
    close_all(net, families, people[0], closer)
    wrong = [*audited(net), *acknowledged_are_somewhere(net, families), *watch.grown()]
    wrong += [f"fsck: {line}" for line in net.ctl("fsck", check=False).stdout.splitlines()[:-1]]
    print(f"{minutes} min, seed {seed}: {len(families.load.accepted)} cases, {killer.count} kills "
          f"{dict(killer.kills)}, {sum(sum(p.done.values()) for p in people)} commands, {closer.closed} to close cases, "
          f"{restarts.done} restarts, {reports.done} directories, fsck {watch.looks} times ({watch.failed_looks} cut off by a kill)")
    if watch.looks == 0 or not watch.samples:
        wrong.append("too short: fsck or the sampling of memory never had its turn")
    return wrong


def main(minutes, seed):
    with Network(settings=SETTINGS) as net:
        wrong = soak(net, minutes, seed)
    for sentence in wrong[:20]:
        print(f"WRONG {sentence}")
    print("no violation" if not wrong else f"{len(wrong)} violations")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "20261122"))
