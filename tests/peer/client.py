# SPDX-License-Identifier: Apache-2.0
"""A client of intake written from proto/PROTOCOL.md alone: what a program of others would be.

It shares no code with the harness nor with the C side.  Tables holds the records and messages as
the page's own tables tell them, so a message can be judged before it is sent: decode() gives the
verdict that the page promises for any bytes."""

import base64
import datetime
import os
import re
import time
import uuid

import msgpack
import zmq

PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "proto", "PROTOCOL.md")

MAJOR = 1
MOST_BYTES = 256 * 1024
MOST_DEPTH = 12
MOST_KEYS = 64
ENVELOPE_BYTES = 64
DEFECTS_MOST = 32
# 0001-01-01 to 9999-12-31: what RFC 3339 can write, milliseconds since 1970.
TIMES = (-62135596800000, 253402300799999)

REPEAT_AFTER_S = 1.0
ASK_AGAIN = ("busy", "draining", "unavailable", "no_memory")


# ---- the page's tables


class Field:
    """One row: its type, and the limits as far as it has some."""

    def __init__(self, name, kind, limit, required):
        self.name, self.required = name, required
        self.is_list = kind.startswith("array of ")
        self.type = {"maps": "map"}.get(kind[9:], kind[9:]) if self.is_list else kind
        self.limit = limit

        def number(pattern):
            found = re.search(pattern, limit)
            return int(found.group(1)) if found else None

        self.most_bytes = number(r"(\d+) bytes")
        self.most_count = number(r"at most (\d+)") if self.is_list else None
        word = re.match(r"of (\w+)", limit)
        self.set = word.group(1) if word else None
        word = re.match(r"records? (\w+)", limit)
        self.record = word.group(1) if word else None
        bounds = re.search(r"(-?[\d.e]+) to (-?[\d.e]+)", limit)
        self.bounds = tuple(float(b) for b in bounds.groups()) if bounds else None
        self.is_time = limit.startswith("ms since 1970")


class Tables:
    """The records, messages, codes and statuses of PROTOCOL.md."""

    def __init__(self, path=PAGE):
        with open(path, encoding="utf-8") as file:
            page = file.read()
        self.records = self.sections(page, "records")
        self.messages = self.sections(page, "messages")
        self.sets, current = {}, None
        for name, code, _ in self.rows(page, "codes"):
            current = name.strip("*") or current
            if code:
                self.sets.setdefault(current, []).append(code.strip("`"))
        self.statuses = [row[0].strip("`") for row in self.rows(page, "statuses")]
        self.moves = [[cell.strip("`") for cell in row] for row in self.rows(page, "moves")]

    @staticmethod
    def table(page, name):
        return page.split(f"<!-- table {name} -->")[1].split("<!-- end -->")[0]

    def rows(self, page, name):
        for line in self.table(page, name).splitlines():
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            if line.startswith("|") and set(line) - set("|- "):
                if cells[0] not in ("field", "set", "status", "machine"):
                    yield cells

    def sections(self, page, name):
        found = {}
        for part in re.split(r"^\*\*`", self.table(page, name), flags=re.M)[1:]:
            fields = []
            for line in part.splitlines():
                cells = [cell.strip() for cell in line.strip("|").split("|")]
                if line.startswith("| `"):
                    fields.append(Field(cells[0].strip("`"), cells[1], cells[2], cells[3] == "required"))
            found[part.split("`")[0]] = fields
        return found

    # ---- judging

    def wrong(self, fields, values, prefix=""):
        """The paths of the fields that break the table, in its order."""
        for field in fields:
            path = prefix + field.name
            if field.name not in values:
                if field.required:
                    yield path
                continue
            value = values[field.name]
            if not field.is_list:
                yield from self.wrong_value(field, value, path)
                continue
            if not isinstance(value, list):
                yield path
                continue
            if len(value) > field.most_count or (field.required and not value):
                yield path
            for i, element in enumerate(value[:field.most_count]):
                yield from self.wrong_value(field, element, f"{path}[{i}]")

    def wrong_value(self, field, value, path):
        if field.type == "map" and isinstance(value, dict):
            yield from self.wrong(self.records[field.record], value, path + ".")
        elif field.type == "map" or not self.is_legal(field, value):
            yield path

    def is_legal(self, field, value):
        if field.type == "uint or str" and isinstance(value, str):
            return value == "refused"
        if field.type == "str":
            return is_text(value, field.most_bytes) if not field.set else value in self.sets[field.set]
        if field.type == "bin":
            return isinstance(value, bytes) and len(value) <= field.most_bytes
        if field.type == "bool":
            return isinstance(value, bool)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return False
        if field.is_time:
            return isinstance(value, int) and TIMES[0] <= value <= TIMES[1]
        if field.type == "float":
            return field.bounds[0] <= value <= field.bounds[1]
        return isinstance(value, int) and field.bounds[0] <= value <= field.bounds[1]

    def judge(self, frame):
        """(verdict, message or None, wrong fields): what a reader of this page says to the bytes."""
        try:
            message = unpack(frame)
        except NotAMessage:
            return "bad_message", None, [""]
        version = message.get("v")
        if isinstance(version, bool) or not isinstance(version, int):
            return "bad_message", None, ["v"]
        if version != MAJOR:
            return "unsupported", None, ["v"]
        kind = message.get("kind")
        if not isinstance(kind, str) or kind not in self.messages:
            return "bad_message", None, ["kind"]
        wrong = [name for name in ("id", "trace")
                 if name in message and not is_text(message[name], ENVELOPE_BYTES)]
        wrong += self.wrong(self.messages[kind], message)
        return ("invalid" if wrong else "ok"), message, wrong[:DEFECTS_MOST]

    # ---- messages as JSON, the way the vectors write them

    def from_json(self, fields, values):
        out = {}
        for name, value in values.items():
            field = next((f for f in fields if f.name == name), None)
            if field is None:
                out[name] = value
            elif field.is_list:
                out[name] = [self.one_from_json(field, element) for element in value]
            else:
                out[name] = self.one_from_json(field, value)
        return out

    def one_from_json(self, field, value):
        if field.type == "map":
            return self.from_json(self.records[field.record], value)
        if field.type == "bin":
            return base64.b64decode(value, validate=True)
        if field.type == "float":
            return float(value)
        if field.is_time:
            moment = datetime.datetime.fromisoformat(value.replace("Z", "+00:00"))
            epoch = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
            return (moment - epoch) // datetime.timedelta(milliseconds=1)
        return value

    def message_from_json(self, values):
        return self.from_json(self.messages[values["kind"]], values)


# ---- bytes


class NotAMessage(Exception):
    pass


def is_text(value, most_bytes):
    if not isinstance(value, str) or "\0" in value:
        return False
    try:
        return len(value.encode()) <= most_bytes
    except UnicodeEncodeError:  # bytes that were no UTF-8
        return False


def refuse_extension(*_):
    raise NotAMessage("extension type")


def read_map(pairs):
    if len(pairs) > MOST_KEYS:
        raise NotAMessage("too many keys")
    if any(not isinstance(key, str) for key, _ in pairs):
        raise NotAMessage("a key that is no text")
    if len({key for key, _ in pairs}) != len(pairs):
        raise NotAMessage("a key twice")
    return dict(pairs)


def check_values(value, depth=1):
    if isinstance(value, msgpack.Timestamp):
        raise NotAMessage("extension type")
    if isinstance(value, (dict, list)):
        if depth > MOST_DEPTH:
            raise NotAMessage("too deep")
        for element in value.values() if isinstance(value, dict) else value:
            check_values(element, depth + 1)


def unpack(frame):
    """The map in a frame; NotAMessage where it is not exactly one."""
    if len(frame) > MOST_BYTES:
        raise NotAMessage("too large")
    try:
        message = msgpack.unpackb(frame, raw=False, unicode_errors="surrogateescape", strict_map_key=False,
                                  object_pairs_hook=read_map, ext_hook=refuse_extension)
    except (ValueError, TypeError, RecursionError, msgpack.UnpackException) as error:
        raise NotAMessage(str(error)) from error
    if not isinstance(message, dict):
        raise NotAMessage("not a map")
    check_values(message)
    return message


def pack(message):
    """In the shortest forms, floats in 64 bits, keys in the order they are in."""
    return msgpack.packb(message, use_bin_type=True)


# ---- the client


class NoAnswer(Exception):
    pass


class Refused(Exception):
    def __init__(self, reply):
        super().__init__(f"{reply['status']}: {reply.get('defects', '')}")
        self.reply, self.status = reply, reply["status"]
        self.fields = [defect["field"] for defect in reply.get("defects", [])]


class Client:
    """Commands to one intake; each is repeated, unchanged, until it is answered."""

    def __init__(self, context, endpoint, by="peer", role="operator"):
        self.context, self.endpoint = context, endpoint
        self.by, self.role = by, role
        self.tables = Tables()
        self.repeats = 0
        self.socket = None
        self.connect()

    def connect(self):
        self.close()
        self.socket = self.context.socket(zmq.DEALER)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.connect(self.endpoint)

    def close(self):
        if self.socket is not None:
            self.socket.close()
            self.socket = None

    def receive(self, message_id, seconds):
        """The answer with this id, or None; others answer commands that were given up."""
        deadline = time.monotonic() + seconds
        while self.socket.poll(max(0, int((deadline - time.monotonic()) * 1000))):
            verdict, reply, wrong = self.tables.judge(self.socket.recv())
            if verdict != "ok":
                raise AssertionError(f"intake's answer is {verdict}: {wrong}")
            if reply.get("id") == message_id:
                return reply
            if time.monotonic() > deadline:
                break
        return None

    def ask(self, kind, seconds=20.0, **fields):
        """The answer to one command; NoAnswer after so many seconds."""
        message_id = uuid.uuid4().hex
        frame = pack({"v": MAJOR, "kind": kind, "id": message_id, **fields})
        deadline = time.monotonic() + seconds
        sent = 0
        while time.monotonic() < deadline:
            self.socket.send(frame)
            self.repeats += sent > 0
            sent += 1
            reply = self.receive(message_id, min(REPEAT_AFTER_S, deadline - time.monotonic()))
            if reply is None:
                continue
            if reply["kind"] != "refused":
                return reply
            if reply["status"] not in ASK_AGAIN:
                raise Refused(reply)
            # It has no more to say under this id, so this only lets the stated time pass.
            self.receive(message_id, reply.get("retry_after_ms", 1000) / 1000)
        raise NoAnswer(f"{kind} was not answered within {seconds} s")

    def submit(self, intake, key, **more):
        return self.ask("submit", **dict({"key": key, "by": self.by, "role": self.role, "intake": intake}, **more))

    def amend(self, case_id, version, changes, command_id, **more):
        return self.ask("amend", **dict({"case_id": case_id, "version": version, "command_id": command_id,
                                         "by": self.by, "role": self.role, "changes": changes}, **more))

    def withdraw(self, case_id, command_id, **more):
        return self.ask("withdraw", **dict({"case_id": case_id, "command_id": command_id, "by": self.by,
                                            "role": self.role}, **more))

    def answer(self, referral, action, command_id, **more):
        return self.ask("answer", **dict({"referral": referral, "action": action, "command_id": command_id,
                                          "by": self.by, "role": self.role}, **more))
