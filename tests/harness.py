# SPDX-License-Identifier: Apache-2.0
"""Runs Hearthline in a directory of its own and speaks to it as its users do.

Nothing here shares code with the C side: HTTP through urllib, ZeroMQ through pyzmq, Redis
through redis-py.  Waiting is always for a condition, with a deadline."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
import uuid

import msgpack
import redis
import redis.sentinel
import zmq

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.environ.get("BUILD", os.path.join(ROOT, "build"))
CTL = os.path.join(BUILD, "bin", "referralctl")
DEMO = os.path.join(ROOT, "deploy", "demo")
DATA = os.environ.get("REFERRAL_DATA", os.path.join(ROOT, "..", "shared", "data"))
TAG = "{c1}"


def wait_for(condition, seconds=20, what="the condition"):
    """The first true value of condition(); AssertionError after the deadline."""
    deadline = time.monotonic() + seconds
    pause = 0.002
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come within {seconds} s")
        select_pause(pause)
        pause = min(pause * 1.5, 0.05)


def select_pause(seconds):
    """Lets others run between two looks at a condition."""
    import select

    select.select([], [], [], seconds)


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)


class Network:
    """One `referralctl up`."""

    program = CTL  # another copy of it runs the services that lie beside it

    def __init__(self, demo=True, settings=None, options=()):
        self.dir = tempfile.mkdtemp(prefix="hl-")
        self.settings = settings or {}
        self.environment = {}  # of `up` and all that it starts
        self.options = list(options)
        self.demo = demo
        self.process = None
        self.context = zmq.Context()

    # ---- running

    def start(self, seconds=30):
        env = dict(os.environ, **self.environment, **{
            "HEARTHLINE_" + key.upper().replace(".", "_"): str(value)
            for key, value in self.settings.items()})
        arguments = [self.program, "up", "--dir", self.dir, "--http", "127.0.0.1:0"] + self.options
        if self.demo:
            arguments.append("--demo")
        if self.is_up():  # left by one that was killed
            os.unlink(os.path.join(self.dir, "endpoints.json"))
        self.log = open(os.path.join(self.dir, "up.log"), "ab")
        self.process = subprocess.Popen(arguments, stdout=self.log, stderr=self.log, env=env)
        wait_for(lambda: self.process.poll() is not None or self.is_up(), seconds,
                 "referralctl up")
        if self.process.poll() is not None:
            raise AssertionError("up ended: " + self.logs())
        self.redis = self.connect()
        return self

    def connect(self):
        """A client of the Redis that holds the truth; with --ha one that asks who that is."""
        place = self.endpoints
        if "sentinels" not in place:
            return redis.Redis(unix_socket_path=place["redis"])
        with open(os.path.join(self.dir, "redis.password")) as file:
            password = file.read().strip()
        addresses = [address.rsplit(":", 1) for address in place["sentinels"]]
        sentinels = redis.sentinel.Sentinel(addresses, password=password, socket_timeout=20,
                                            sentinel_kwargs={"password": password, "socket_timeout": 2})
        return sentinels.master_for("hearthline")

    def is_up(self):
        return os.path.exists(os.path.join(self.dir, "endpoints.json"))

    def logs(self):
        with open(os.path.join(self.dir, "up.log"), errors="replace") as file:
            text = file.read()
        run = os.path.join(self.dir, "run")
        for name in sorted(os.listdir(run)):
            if name.endswith(".log"):
                with open(os.path.join(run, name), errors="replace") as file:
                    text += f"--- {name}\n" + file.read()[-3000:]
        return text

    def stop(self):
        """Stops in order; returns the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)

    def close(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.log.close()
        self.context.destroy(linger=0)
        if not os.environ.get("KEEP"):
            shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.close()

    @property
    def endpoints(self):
        with open(os.path.join(self.dir, "endpoints.json")) as file:
            return json.load(file)

    @property
    def tokens(self):
        with open(os.path.join(self.dir, "tokens.json")) as file:
            return json.load(file)

    def pid(self, name):
        return self.endpoints["pids"][name]

    def kill(self, name, number=signal.SIGKILL):
        """Kills a process and waits until another one stands in its place."""
        old = self.pid(name)
        os.kill(old, number)
        wait_for(lambda: self.is_up() and self.endpoints["pids"].get(name, 0) not in (0, old)
                 and self.answers(name), 30, f"a new {name}")

    def answers(self, name):
        if name == "redis":
            try:
                return self.redis.ping()
            except redis.RedisError:
                return False
        try:
            urllib.request.urlopen(self.endpoints["metrics"][name] + "/readyz", timeout=2).read()
            return True
        except OSError:
            return False

    def metric(self, name, line):
        """What a process says of a metric, e.g. 'referral_dead_total{stage="match"}'; 0 where it says nothing."""
        with urllib.request.urlopen(self.endpoints["metrics"][name] + "/metrics", timeout=10) as answer:
            for said in answer.read().decode().splitlines():
                if said.startswith(line + " "):
                    return float(said.rsplit(" ", 1)[1])
        return 0

    # ---- HTTP

    def http(self, method, path, body=None, role="operator", headers=None, token=None, raw=None):
        data = raw if raw is not None else None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.endpoints["http"] + path, data=data, method=method)
        token = token or (self.tokens[role]["token"] if role else None)
        if token:
            request.add_header("Authorization", "Bearer " + token)
        for key, value in (headers or {}).items():
            request.add_header(key, value)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return Answer(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.headers, error.read())

    def submit(self, intake, key=None, **kwargs):
        return self.http("POST", "/api/v1/intakes", intake,
                         headers={"Idempotency-Key": key or str(uuid.uuid4())}, **kwargs)

    def case(self, case_id, role="operator", **kwargs):
        return self.http("GET", f"/api/v1/cases/{case_id}", role=role, **kwargs).json["case"]

    def answer(self, referral, action, version, reason=None, note=None, role="operator", key=None,
               **kwargs):
        body = {k: v for k, v in (("reason", reason), ("note", note)) if v}
        return self.http("POST", f"/api/v1/referrals/{referral}/{action}", body, role=role,
                         headers={"If-Match": f'"{version}"',
                                  "Idempotency-Key": key or str(uuid.uuid4())}, **kwargs)

    def settled(self, case_id, seconds=20):
        """The case once each of its needs is offered, parked or closed, and told."""
        def look():
            answer = self.http("GET", f"/api/v1/cases/{case_id}")
            if answer.status == 503:  # told to come again
                return None
            case = answer.json["case"]
            waiting = [n for n in case["needs"] if n["state"] in ("received", "matching")]
            untold = [r for r in case["referrals"] if r["state"] == "queued"]
            return None if waiting or untold else case
        return wait_for(look, seconds, f"case {case_id} settled")

    # ---- ZeroMQ

    def socket(self):
        socket = self.context.socket(zmq.DEALER)
        socket.setsockopt(zmq.LINGER, 0)
        socket.connect(self.endpoints["intake"])
        return socket

    def command(self, kind, seconds=10, socket=None, **fields):
        """Sends one command and returns the reply with its id."""
        own = socket or self.socket()
        message_id = str(uuid.uuid4())
        own.send(msgpack.packb({"v": 1, "kind": kind, "id": message_id, **fields}))
        deadline = time.monotonic() + seconds
        while own.poll(max(0, int((deadline - time.monotonic()) * 1000))):
            reply = msgpack.unpackb(own.recv())
            if reply.get("id") == message_id:
                break
        else:
            raise AssertionError(f"no reply to {kind}")
        if socket is None:
            own.close()
        return reply

    # ---- tools

    def ctl(self, *arguments, check=True, stdin=None):
        done = subprocess.run([CTL, "--dir", self.dir, *arguments], capture_output=True, text=True,
                              input=stdin, timeout=120)
        if check and done.returncode != 0:
            raise AssertionError(f"referralctl {arguments} gave {done.returncode}: "
                                 f"{done.stdout}{done.stderr}")
        return done

    def violations(self):
        """What is wrong with any case, and whether entered = left + held for all.  Several reads
        of a live system do not agree: what is wrong is still wrong at the third look."""
        for _ in range(3):
            wrong = self.look_for_violations()
            if not wrong:
                break
        return wrong

    def look_for_violations(self):
        wrong = []
        held = {}
        prefix = f"{TAG}:case:"
        for key in self.redis.scan_iter(match=prefix + "*", count=1000):
            reply = self.redis.fcall("hl_check", 1, TAG, key.decode()[len(prefix):])
            for item, what in zip(reply[::2], reply[1::2]):
                if item == b"held":
                    held[what.decode()] = held.get(what.decode(), 0) + 1
                else:
                    wrong.append((item.decode(), what.decode()))
        for key in self.redis.scan_iter(match=f"{TAG}:place:*", count=1000):
            service = key.decode().rsplit(":", 1)[1]
            number = int(self.redis.hget(key, "held") or 0)
            if number != held.get(service, 0):
                wrong.append((service, f"{number} places held, {held.get(service, 0)} accounted for"))
        count = {k.decode(): v for k, v in self.redis.hgetall(f"{TAG}:count").items()}
        def total(name):
            return int(count.get(name, 0))
        for stage in ("match", "notify", "clock"):
            there = sum(self.redis.zcard(f"{TAG}:{stage}:{s}") for s in (
                "ready:emergency", "ready:urgent", "ready:normal", "leased", "delayed", "dead"))
            if total(stage + ".entered") != total(stage + ".left") + there:
                wrong.append((stage, f"entered {total(stage + '.entered')}, left "
                              f"{total(stage + '.left')}, there {there}"))
        if total("case.entered") != total("case.left") + self.redis.zcard(f"{TAG}:open"):
            wrong.append(("cases", "entered is not left plus open"))
        return wrong


def demo_intake(name="displaced-family"):
    with open(os.path.join(DEMO, "intakes", name + ".json")) as file:
        return json.load(file)
