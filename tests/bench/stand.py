# SPDX-License-Identifier: Apache-2.0
"""What a measurement stands on: a state directory as `referralctl up` leaves it, Redis and the
services started in it by hand, and the very calls that the services make, recorded for the bare
loop to repeat."""

import ctypes
import json
import os
import pwd
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid

import msgpack
import redis
import zmq

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import kept  # noqa: E402
from harness import BUILD, CTL, DEMO, TAG, Network, wait_for  # noqa: E402

SERVICES = ("intake", "matcher", "notifier", "gateway")
FUNCTIONS = ("hl_accept", "hl_offer")  # of a route, in order; the offer lies in the agency's inbox with that
# Debian's redis-tools carries the server; what it does depends on the name it is called by.
REDIS = next(p for p in ("/usr/bin/redis-check-rdb", shutil.which("redis-server")) if p and os.path.exists(p))

# tests/bench/submits.h writes other ones over them.
PHONE = "+380000000000"
IDENTITY_BYTES = 450
# Agencies of San Mateo county, settlements of a Ukrainian oblast.
AGENCIES, SETTLEMENTS = 640, 800
# Enough for every case of a run to go where the first one goes.
PLACES = 1_000_000

HANDOFF_ARGUMENT = 15  # of hl_accept: how many needs it leases at once
IDENTITY_ARGUMENT = 10
SEAL_BYTES = 26  # that sealing adds


def in_front(user=None):
    """In a child: ends with its parent, and goes before what else runs on this machine, where that
    is allowed.  Others' work would else take the cores of one side or the other by chance.  As
    another user, where one is named and it is allowed."""
    os.setsid()
    try:
        os.nice(-10)
        with open("/proc/self/autogroup", "w") as file:
            file.write("-10")
    except OSError:
        pass
    if user is not None and os.getuid() == 0:
        account = pwd.getpwnam(user)
        os.initgroups(user, account.pw_gid)
        os.setgid(account.pw_gid)
        os.setuid(account.pw_uid)
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # last: a change of user takes it back


def program(name):
    return os.path.join(BUILD, "bench", name)


def measure(name, *arguments, seconds=400):
    """Runs a measuring program; what it prints, a JSON object."""
    done = subprocess.run([program(name), *map(str, arguments)], capture_output=True, text=True,
                          timeout=seconds, preexec_fn=in_front)
    if done.returncode != 0:
        raise AssertionError(f"{name}: {done.stderr.strip()}")
    return json.loads(done.stdout)


class Stand:
    """A copy of a state directory with Redis and the named services running in it."""

    def __init__(self, template, services=(), settings=None):
        self.dir = tempfile.mkdtemp(prefix="hl-")
        self.services, self.processes, self.redis = services, {}, None
        self.next_submit = 1
        self.env = dict(os.environ, HEARTHLINE_GATEWAY_HTTP="127.0.0.1:0")
        for key, value in (settings or {}).items():
            self.env["HEARTHLINE_" + key.upper().replace(".", "_")] = value
        shutil.copytree(template, self.dir, dirs_exist_ok=True)

    def start(self, name, command, executable):
        with open(os.path.join(self.dir, "run", name + ".log"), "ab") as log:
            self.processes[name] = subprocess.Popen(
                command, executable=executable, cwd=self.dir, env=self.env, stdout=log, stderr=log,
                stdin=subprocess.DEVNULL, preexec_fn=in_front)

    def __enter__(self):
        try:
            self.start("redis", ["redis-server", "redis.conf"], REDIS)
            self.redis = redis.Redis(unix_socket_path=self.socket)
            wait_for(self.redis_answers, 20, "Redis")
            self.join(self.services)
        except BaseException:
            self.__exit__()
            raise
        return self

    def join(self, services):
        for name in services:
            path = os.path.join(BUILD, "bin", name)
            self.start(name, [path, "--name", name + ".1"], path)
            wait_for(lambda: self.is_ready(name), 30, name)
        if "matcher" in services:  # what it reads then is not of any case
            wait_for(self.knows_places, 60, "the matcher's places")

    def end(self):
        for process in self.processes.values():
            process.kill()
            process.wait()

    def __exit__(self, *_):
        self.end()
        shutil.rmtree(self.dir, ignore_errors=True)

    def redis_answers(self):
        self.assert_running()
        try:
            return self.redis.ping()
        except redis.RedisError:
            return False

    def is_ready(self, name):
        self.assert_running()
        return os.path.exists(os.path.join(self.dir, "run", name + ".1.json"))

    def knows_places(self):
        self.assert_running()
        with open(os.path.join(self.dir, "run", "matcher.log"), encoding="utf-8") as file:
            return '"places_loaded"' in file.read()

    def assert_running(self):
        for name, process in self.processes.items():
            if process.poll() is not None:
                with open(os.path.join(self.dir, "run", name + ".log"), errors="replace") as file:
                    raise AssertionError(f"{name} has ended: {file.read()[-2000:]}")

    def watch(self, seconds):
        """Lets them run; AssertionError as soon as one ends."""
        handles = [os.pidfd_open(process.pid) for process in self.processes.values()]
        try:
            select.select(handles, [], [], seconds)
        finally:
            for handle in handles:
                os.close(handle)
        self.assert_running()

    def fill(self, calls, cases):
        """Opens so many cases, offered and told, before services join: repeats recorded calls with
        nothing on disk until all are made, for as many agencies and places as a county has.  Bytes of
        Redis that each of them takes, without the latest changes of places, which are no more for
        more cases."""
        before = self.used_memory()
        self.redis.config_set("appendonly", "no")
        measure("bare", self.socket, 1, 64, cases, calls, AGENCIES, SETTLEMENTS, seconds=60 + cases // 400)
        self.redis.xtrim(f"{TAG}:changes", 0, approximate=False)
        used = (self.used_memory() - before) / cases
        self.redis.config_set("appendonly", "yes")
        wait_for(self.is_on_disk, 60 + cases // 10000, "the cases on disk")
        return used

    def is_on_disk(self):
        info = self.redis.info("persistence")
        return not info["aof_rewrite_in_progress"] and not info["aof_rewrite_scheduled"]

    @property
    def socket(self):
        return os.path.join(self.dir, "redis.sock")

    @property
    def intake(self):
        return "ipc://" + os.path.join(self.dir, "run", "intake.sock")

    # ---- what the kernel and Redis know

    def cpu_seconds(self):
        """Of each process so far, threads included."""
        def of(pid):
            total = 0
            for thread in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{thread}/schedstat") as file:
                    total += int(file.read().split()[0])
            return total / 1e9
        return {name: of(process.pid) for name, process in self.processes.items()}

    def resident_bytes(self, kind):
        """Of each service: Rss, or Pss, where a page counts by the share of who else has it."""
        def of(pid):
            with open(f"/proc/{pid}/smaps_rollup") as file:
                return int(re.search(rf"^{kind}: +(\d+) kB", file.read(), re.M).group(1)) * 1024
        return {name: of(process.pid) for name, process in self.processes.items()
                if name != "redis"}

    def used_memory(self):
        """What Redis holds, without its clients' buffers."""
        info = self.redis.info("memory")
        return info["used_memory"] - info["mem_clients_normal"] - info["mem_aof_buffer"]

    def written_bytes(self):
        return self.redis.info("persistence")["aof_current_size"]

    def count(self, name):
        return int(self.redis.hget(f"{TAG}:count", name) or 0)

    def memory_of(self, pattern, most=None):
        """Bytes of the keys that match, and how many there are; of `most` of them where given."""
        total = keys = 0
        for key in self.redis.scan_iter(match=TAG + ":" + pattern, count=1000):
            total += self.redis.memory_usage(key, samples=0)
            keys += 1
            if keys == most:
                break
        return total, keys


class Templates:
    """State directories to copy: `empty`, and `demo` with the demo directory."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="hl-")
        self.empty = self.make("empty", demo=False)
        self.demo = self.make("demo", demo=True)

    def make(self, name, demo):
        path = os.path.join(self.dir, name)
        net = Network(demo=demo)
        with net:
            if demo:
                self.give_places(net.redis)
            net.stop()
            shutil.copytree(net.dir, path, ignore=lambda folder, names: [
                n for n in names if n.endswith((".sock", ".log", ".json")) and n != "tokens.json"])
        return path

    def country(self, directory):
        """One with the services of a file, which count their places."""
        path = os.path.join(self.dir, "country")
        with Stand(self.empty) as stand:
            import_directory(stand, directory, "--source", "country")
            wait_for(stand.is_on_disk, 60, "Redis' own rewrite, if any")
            stand.redis.bgrewriteaof()  # so that each copy starts sooner
            wait_for(stand.is_on_disk, 60, "the services on disk")
            stand.end()
            shutil.copytree(stand.dir, path, ignore=lambda folder, names: [
                n for n in names if n.endswith((".sock", ".log"))])
        return path

    def give_places(self, database):
        """Every service that counts its places has plenty."""
        for key in database.scan_iter(match=f"{TAG}:place:*", count=1000):
            service = key.decode().rsplit(":", 1)[1]
            at = int(database.hget(key, "reported_at")) + 1
            database.fcall("hl_capacity", 1, TAG, service, PLACES, PLACES, at)

    def close(self):
        shutil.rmtree(self.dir, ignore_errors=True)


# ---- intakes, all of one size

def packed_bytes(intake):
    return len(msgpack.packb(intake))


def one_need(intake, number):
    """The intake with one of its needs, IDENTITY_BYTES long when encoded; None: too long."""
    need = dict(intake["needs"][number], note="")
    household = dict(intake["household"], members=[
        {k: v for k, v in member.items() if v != []} for member in intake["household"]["members"]])
    made = dict(intake, needs=[need], household=household,
                place={k: v for k, v in intake["place"].items() if k != "text"},
                contact={k: v for k, v in dict(intake["contact"], phone=PHONE).items() if k != "safe"})
    for length in range(1, 200):
        need["note"] = ("Please call in the morning. " * 8)[:length]
        if packed_bytes(made) >= IDENTITY_BYTES:
            break
    return made if packed_bytes(made) <= IDENTITY_BYTES + 4 else None


def candidates():
    """Every need of every demo intake as an intake of its own.  None is an emergency, which is offered to
    two agencies: a route here is one offer."""
    for name in sorted(os.listdir(os.path.join(DEMO, "intakes"))):
        with open(os.path.join(DEMO, "intakes", name)) as file:
            intake = json.load(file)
        intake["urgency"] = {"emergency": "urgent"}.get(intake["urgency"], intake["urgency"])
        for number in range(len(intake["needs"])):
            made = one_need(intake, number)
            if made is not None:
                yield made


# ---- the recording

ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"a": b"\a", b"b": b"\b"}


def unescape(text):
    """A quoted text of MONITOR."""
    return re.sub(rb"\\(?:x([0-9a-f]{2})|(.))", lambda m: bytes([int(m.group(1), 16)])
                  if m.group(1) else ESCAPES.get(m.group(2), m.group(2)), text, flags=re.S)


class Monitor:
    """Every call that Redis gets from now on."""

    def __init__(self, stand):
        self.stand = stand
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(20)
        self.socket.connect(stand.socket)
        self.socket.sendall(b"MONITOR\r\n")
        self.file = self.socket.makefile("rb")
        self.file.readline()

    def calls(self):
        """The function calls so far, as lists of arguments; ends the recording."""
        self.stand.redis.echo("recorded")
        found = []
        for line in self.file:
            _, where, words = re.match(rb"\+(\S+) \[([^\]]*)\] (.*)\r\n", line, re.S).groups()
            arguments = [unescape(word) for word in re.findall(rb'"((?:[^"\\]|\\.)*)"', words, re.S)]
            if arguments == [b"ECHO", b"recorded"]:
                break
            if arguments[0].upper() == b"FCALL" and not where.endswith(b"lua"):
                found.append(arguments)
        self.file.close()
        self.socket.close()
        return found


def wire(arguments):
    """A command as it goes over the wire."""
    return b"*%d\r\n" % len(arguments) + b"".join(
        b"$%d\r\n%s\r\n" % (len(a), a) for a in arguments)


class Recording:
    """Intakes that each find a service, and the calls that each of them came to."""

    def __init__(self, templates, folder):
        self.intakes_path = os.path.join(folder, "intakes.json")
        self.routes_path = os.path.join(folder, "routes.calls")
        self.accepts_path = os.path.join(folder, "accepts.calls")
        with Stand(templates.demo, SERVICES[:3]) as stand:
            intakes = list(candidates())
            monitor = Monitor(stand)
            cases = self.submit(stand, intakes)
            wait_for(lambda: all(self.state(stand, case) in ("offered", "parked") for case in cases), 20,
                     "every intake offered or parked")
            calls = monitor.calls()
            is_offered = [self.state(stand, case) == "offered" for case in cases]
        routes = [[next((c for c in calls if c[1] == name.encode() and c[4].startswith(case)), None)
                   for name in FUNCTIONS] for case in cases]
        chosen = [n for n, route in enumerate(routes) if is_offered[n] and all(route)]
        assert chosen, "no demo intake finds a service"
        self.routes = [routes[n] for n in chosen]
        self.write(intakes, chosen)

    @staticmethod
    def submit(stand, intakes):
        """One at a time; their case ids."""
        context = zmq.Context()
        own = context.socket(zmq.DEALER)
        own.connect(stand.intake)
        cases = []
        for intake in intakes:
            own.send(msgpack.packb({"v": 1, "kind": "submit", "id": "1", "key": str(uuid.uuid4()),
                                    "by": "bench", "role": "operator", "intake": intake}))
            assert own.poll(10000), "no answer to a submit"
            reply = msgpack.unpackb(own.recv())
            assert reply["kind"] == "accepted", reply
            cases.append(reply["case_id"].encode())
        context.destroy(linger=0)
        return cases

    @staticmethod
    def state(stand, case):
        """Of its need; AssertionError where that is offered and its agency still to be told."""
        it = kept.fields_of(stand.redis.hgetall(f"{TAG}:case:{case.decode()}"))
        assert it["n1.state"] != "offered" or it["r1-1.state"] == "sent", "an agency with a webhook"
        return it["n1.state"]

    def write(self, intakes, chosen):
        with open(self.intakes_path, "w") as file:
            json.dump([intakes[n] for n in chosen], file, ensure_ascii=False)
        with open(self.routes_path, "wb") as file:
            for route in self.routes:
                file.write(b"".join(wire(call) for call in route))
        with open(self.accepts_path, "wb") as file:  # as without a matcher: nothing is leased
            for accept, *_ in self.routes:
                file.write(wire(accept[:HANDOFF_ARGUMENT] + [b"0"] + accept[HANDOFF_ARGUMENT + 1:]))

    def about(self):
        """How large the calls are, for people."""
        def mean(values):
            values = list(values)
            return sum(values) / len(values)
        sizes = [f"{name[3:]} {mean(len(wire(r[i])) for r in self.routes):,.0f} B"
                 for i, name in enumerate(FUNCTIONS)]
        plain = mean(len(r[0][IDENTITY_ARGUMENT]) - SEAL_BYTES for r in self.routes)
        leased = sum(r[0][HANDOFF_ARGUMENT] == b"1" for r in self.routes)
        return (f"{len(self.routes)} intakes of one need that find a service, identity {plain:.0f} B; "
                f"calls: {', '.join(sizes)}; {leased} of them leased at once")


def import_directory(stand, path, *options):
    """`referralctl import` of a file; fails where anything was left out."""
    done = subprocess.run([CTL, "--dir", stand.dir, "import", "--json", *options, path],
                          capture_output=True, text=True, timeout=120, preexec_fn=in_front)
    if done.returncode != 0:
        raise AssertionError(f"import: {done.stdout}{done.stderr}")
    return json.loads(done.stdout)


def import_measured(stand, path, *options):
    """What it says, the seconds it took and the most memory it had, in bytes."""
    began = time.monotonic()
    with tempfile.TemporaryFile("w+") as out:
        process = subprocess.Popen([CTL, "--dir", stand.dir, "import", "--json", *options, path], stdout=out,
                                   preexec_fn=in_front)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        took = time.monotonic() - began
        out.seek(0)
        said = out.read()
    if process.returncode != 0:
        raise AssertionError(f"import: {said}")
    return json.loads(said), took, usage.ru_maxrss * 1024
