# SPDX-License-Identifier: Apache-2.0
"""What Redis keeps packed (proto/kept.def), for tests that look at it or damage it.

A field has the name `version` where it is of the case, `n1.state`, `r1-1.place` and so on."""

import os
import re

from harness import ROOT, TAG


def records():
    """Of kept.def: record -> names in order."""
    with open(os.path.join(ROOT, "proto", "kept.def")) as file:
        found = re.findall(r'^KEPT_(\w+)\((\w+), "', file.read(), re.M)
    return {record.lower(): [n for r, n in found if r == record] for record, _ in found}


RECORDS = records()


def record_of(field):
    """Record and prefix of the names for a field of a case's hash; None: it is not packed."""
    if field == "head":
        return "head", ""
    if re.fullmatch(r"n\d+", field):
        return "need", field + "."
    if re.fullmatch(r"r\d+-\d+", field):
        return "referral", field + "."
    return None


def unpack(packed, record):
    """{name: text}, what is absent left out."""
    return {k: v for k, v in zip(RECORDS[record], packed.decode().split("\0")) if v != ""}


def fields_of(hash_fields):
    """{name: text} of a case's hash; sealed and packed bytes as they are."""
    out = {}
    for name, value in hash_fields.items():
        name = name.decode()
        record = record_of(name)
        if record is None:
            out[name] = value
        else:
            out.update((record[1] + k, v) for k, v in unpack(value, record[0]).items())
    return out


def field(redis, case_id, name):
    """The text; None: absent."""
    return fields_of(redis.hgetall(f"{TAG}:case:{case_id}")).get(name)


def put(redis, case_id, name, value):
    """Writes one, None for absent; what it was."""
    prefix, _, last = name.rpartition(".")
    packed_in, record = prefix or "head", record_of(prefix or "head")[0]
    key = f"{TAG}:case:{case_id}"
    texts = redis.hget(key, packed_in).decode().split("\0")
    at = RECORDS[record].index(last)
    before, texts[at] = texts[at] or None, "" if value is None else str(value)
    redis.hset(key, packed_in, "\0".join(texts))
    return before


def line_of(entry):
    """{name: text} of a journal entry's fields, with `case`; what is absent is empty."""
    line = dict.fromkeys(RECORDS["line"], "")
    line.update(unpack(entry[b"line"], "line"))
    line["case"] = line["item"][:26]
    return line


def journal(redis):
    """All lines, oldest first."""
    return [line_of(entry) for _, entry in redis.xrange(f"{TAG}:journal")]
