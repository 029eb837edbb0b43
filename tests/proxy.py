# SPDX-License-Identifier: Apache-2.0
"""Stands between a program and its server and breaks the line at a chosen message.

A Proxy listens on one or more unix sockets, passes everything on to another one, and knows by name
what passes: of Redis the replies by the command they answer, of ZeroMQ the messages by their kind.
Faults wait per name; each meets one message, in the order given, and is then over:

    delay   it comes late
    cut     it has been sent and never arrives: the connection is gone instead
    drop    its first bytes arrive, then the connection is gone
    half    this direction ends in its place, the other one goes on
    hold    nothing more arrives in this direction, and the connection stands
"""

import collections
import socket
import threading

import msgpack

FAULTS = ("delay", "cut", "drop", "half", "hold")
DELAY_S = 0.2
DROP_BYTES = 3


def resp_end(data, at):
    """Where the RESP value at `at` ends; None: it is not all there."""
    line = data.find(b"\r\n", at)
    if line < 0:
        return None
    kind, number, at = data[at:at + 1], data[at + 1:line], line + 2
    if kind == b"$" and int(number) >= 0:
        at += int(number) + 2
        return at if at <= len(data) else None
    for _ in range(int(number) if kind == b"*" else 0):
        at = resp_end(data, at)
        if at is None:
            return None
    return at


def resp_words(data, at, most):
    """The first words of a command."""
    words, (count, at) = [], resp_line(data, at)
    for _ in range(min(count, most)):
        size, at = resp_line(data, at)
        words.append(data[at:at + size].decode(errors="replace"))
        at += size + 2
    return words


def resp_line(data, at):
    end = data.index(b"\r\n", at)
    return int(data[at + 1:end]), end + 2


class Resp:
    """Commands one way, their replies in the same order the other way."""

    def __init__(self):
        self.asked = collections.deque()

    def request(self, data, at):
        end = resp_end(data, at)
        if end is not None:
            words = resp_words(data, at, 2)
            self.asked.append(words[1] if words[0].upper() in ("FCALL", "FCALL_RO") else words[0].upper())
        return end, None

    def reply(self, data, at):
        end = resp_end(data, at)
        return end, self.asked.popleft() if end is not None else None


class Zmtp:
    """ZMTP 3 in clear: a greeting, then frames; ours are one msgpack map each."""

    def __init__(self):
        self.greeting = {"request": 64, "reply": 64}  # left; each side waits for parts of the other's

    def request(self, data, at):
        return self.frame(data, at, "request")

    def reply(self, data, at):
        return self.frame(data, at, "reply")

    def frame(self, data, at, way):
        if self.greeting[way]:
            here = min(self.greeting[way], len(data) - at)
            self.greeting[way] -= here
            return at + here, None
        head = 9 if data[at] & 2 else 2
        if len(data) - at < head:
            return None, None
        end = at + head + int.from_bytes(data[at + 1:at + head], "big")
        if end > len(data):
            return None, None
        return end, None if data[at] & 4 else msgpack.unpackb(data[at + head:end], strict_map_key=False)["kind"]


class Cut(Exception):
    """The connection is to be gone."""


class Proxy:
    def __init__(self, protocol, target, *paths):
        self.protocol, self.target = protocol, target
        self.lock = threading.Lock()
        self.faults = collections.defaultdict(collections.deque)
        self.seen, self.ends = collections.Counter(), set()
        self.listeners = [self.listen(path) for path in paths]

    def listen(self, path):
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(path)
        listener.listen(64)
        threading.Thread(target=self.accept, args=(listener,), daemon=True).start()
        return listener

    def close(self):
        for listener in self.listeners:
            listener.close()
        self.sever()

    def sever(self):
        """Ends every connection that stands."""
        with self.lock:
            ends, self.ends = self.ends, set()
        for end in ends:
            self.shut(end)
            end.close()

    @staticmethod
    def shut(end, how=socket.SHUT_RDWR):
        try:
            end.shutdown(how)
        except OSError:
            pass

    def arm(self, name, *faults):
        with self.lock:
            self.faults[name].extend(faults)

    def disarm(self, name):
        """Takes back what met nothing, and tells it."""
        with self.lock:
            left = list(self.faults.pop(name, ()))
        return left

    def waits(self, name):
        with self.lock:
            return bool(self.faults.get(name))

    def fault(self, name):
        with self.lock:
            self.seen[name] += 1
            if not self.faults.get(name):
                return None
            return self.faults[name].popleft()

    def accept(self, listener):
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            far = socket.socket(socket.AF_UNIX)
            try:
                far.connect(self.target)
            except OSError:
                near.close()
                far.close()
                continue
            with self.lock:
                self.ends |= {near, far}
            state = self.protocol()
            for source, sink, read in ((near, far, state.request), (far, near, state.reply)):
                threading.Thread(target=self.pump, args=(source, sink, read), daemon=True).start()

    def pump(self, source, sink, read):
        data = b""
        try:
            while chunk := source.recv(65536):
                data = self.pass_on(data + chunk, source, sink, read)
            self.shut(sink, socket.SHUT_WR)
        except (Cut, OSError):
            self.shut(source)
            self.shut(sink)

    def pass_on(self, data, source, sink, read):
        """Passes on the whole messages of `data`; what is left of it."""
        at = begin = 0
        while at < len(data):
            end, name = read(data, at)
            if end is None:
                break
            fault = name and self.fault(name)
            if fault:
                sink.sendall(data[begin:at])
                begin = self.suffer(fault, data[at:end], source, sink, at)
            at = end
        sink.sendall(data[begin:at])
        return data[at:]

    def suffer(self, fault, message, source, sink, at):
        """What becomes of the message; where in the data it goes on."""
        if fault == "delay":
            threading.Event().wait(DELAY_S)
            return at
        if fault == "drop":
            sink.sendall(message[:DROP_BYTES])
        elif fault == "half":
            self.shut(sink, socket.SHUT_WR)
        while fault in ("half", "hold") and source.recv(65536):
            pass
        raise Cut
