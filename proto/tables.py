#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the tables of PROTOCOL.md from the .def files, between lines
<!-- table NAME --> and <!-- end -->.  `--check` only compares."""

import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
PROTOCOL = os.path.join(HERE, "PROTOCOL.md")


def lines(name, macros):
    """Calls of the macros in a .def file, in order: (macro, [arguments])."""
    with open(os.path.join(HERE, name)) as file:
        text = re.sub(r"/\*.*?\*/", "", file.read(), flags=re.S)
    text = "\n".join(l for l in text.splitlines() if not l.lstrip().startswith("#"))
    pattern = re.compile(r"\b(%s)\(((?:[^()\"]|\"(?:[^\"\\]|\\.)*\")*)\)" % "|".join(macros))
    for match in pattern.finditer(text):
        arguments = re.findall(r'\s*("(?:[^"\\]|\\.)*"|[^,]+)', match.group(2))
        yield match.group(1), [a.strip().strip('"').replace('\\"', '"') for a in arguments]


def row(*cells):
    return "| " + " | ".join(str(c).replace("|", "\\|") for c in cells) + " |\n"


def head(*names):
    return row(*names) + "|" + "---|" * len(names) + "\n"


def statuses():
    out = head("status", "HTTP", "meaning")
    for _, a in lines("status.def", ["STATUS"]):
        out += row(f"`{a[2]}`", a[1], a[3])
    return out


def codes():
    out = head("set", "code", "meaning")
    for macro, a in lines("codes.def", ["SET", "CODE"]):
        out += row(f"**{a[0]}**", "", a[1]) if macro == "SET" else row("", f"`{a[1]}`", a[2])
    return out


def states():
    out = head("machine", "state", "open", "meaning")
    for _, a in lines("states.def", ["STATE"]):
        out += row(a[0], f"`{a[1]}`", "yes" if a[2] == "1" else "no", a[3])
    return out


ROLES = {"o": "operator", "s": "supervisor", "c": "coordinator", "a": "agency",
         "p": "operations", "x": "our services"}


def moves():
    out = head("machine", "action", "from", "to", "who", "place", "need")
    for _, a in lines("states.def", ["MOVE"]):
        who = ", ".join(ROLES[letter] for letter in a[4])
        out += row(a[0], f"`{a[1]}`", f"`{a[2]}`", f"`{a[3]}`", who, a[5], a[6])
    return out


FIELDS = ["TEXT", "BYTES", "UINT", "ASKED", "REAL", "TIME", "FLAG", "CODE", "CODES", "TEXTS",
          "UINTS", "ONE", "MANY"]
LIMITS = {"TEXT": "at most {0} bytes", "BYTES": "at most {0} bytes", "UINT": "0 to {0}",
          "ASKED": "0 to {0}, or \"refused\"", "REAL": "{0} to {1}", "TIME": "ms since 1970",
          "FLAG": "", "CODE": "of {0}", "CODES": "of {0}, at most {1}",
          "TEXTS": "at most {1} of {0} bytes", "UINTS": "at most {1}, each 0 to {0}",
          "ONE": "record {0}", "MANY": "records {0}, at most {1}"}
WIRE = {"TEXT": "str", "BYTES": "bin", "UINT": "uint", "ASKED": "uint or str", "REAL": "float",
        "TIME": "int", "FLAG": "bool", "CODE": "str", "CODES": "array of str",
        "TEXTS": "array of str", "UINTS": "array of uint", "ONE": "map", "MANY": "array of maps"}


def messages(kind):
    out = ""
    inside = False
    for macro, a in lines("messages.def", ["RECORD", "MESSAGE", "END_RECORD", "END_MESSAGE"] + FIELDS):
        if macro in ("RECORD", "MESSAGE"):
            inside = macro == kind
            if inside and kind == "MESSAGE":
                out += f"\n**`{a[0]}`**, {a[1]}: {a[2]}.\n\n"
            elif inside:
                out += f"\n**`{a[0]}`**: {a[1]}.\n\n"
            if inside:
                out += head("field", "type", "limit", "", "mark", "meaning")
        elif macro.startswith("END"):
            inside = False
        elif inside:
            need, mark, about = a[-3:]
            out += row(f"`{a[0]}`", WIRE[macro], LIMITS[macro].format(*a[1:]),
                       "required" if need == "REQUIRED" else "", mark.lower(), about)
    return out


KEPT = {"KEPT_HEAD": "a case: field `head` of its hash", "KEPT_NEED": "a need: fields `n1`, `n2` …",
        "KEPT_REFERRAL": "a referral: fields `r1-1`, `r1-2` …",
        "KEPT_LINE": "a line of the journal: its field `line`"}


def kept():
    out = head("record", "text", "meaning")
    seen = None
    for macro, a in lines("kept.def", list(KEPT)):
        if macro != seen:
            out += row(KEPT[macro], "", "")
            seen = macro
        out += row("", f"`{a[0]}`", a[1])
    return out


TABLES = {"statuses": statuses, "codes": codes, "states": states, "moves": moves, "kept": kept,
          "records": lambda: messages("RECORD"), "messages": lambda: messages("MESSAGE")}


def fill(text):
    def table(match):
        return f"<!-- table {match.group(1)} -->\n{TABLES[match.group(1)]()}<!-- end -->"
    return re.sub(r"<!-- table (\w+) -->\n.*?<!-- end -->", table, text, flags=re.S)


def main():
    with open(PROTOCOL) as file:
        text = file.read()
    filled = fill(text)
    if "--check" in sys.argv:
        if filled != text:
            sys.exit("proto/PROTOCOL.md differs from the tables: run proto/tables.py")
        return
    with open(PROTOCOL, "w") as file:
        file.write(filled)


if __name__ == "__main__":
    main()
