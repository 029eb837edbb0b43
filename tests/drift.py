#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Compares what stands in two places: tables, code, documents.

tests/drift.py [CHECK...]      prints "ok NAME" or "FAIL NAME: what" for each check
tests/drift.py --self-test     plants one violation of each kind in a copy (in memory) and sees it found

Only files that git tracks are looked at: what is not added yet is not part of the project.
"""
import sys

sys.dont_write_bytecode = True  # proto/tables.py is imported from where it stands
import configparser
import fnmatch
import importlib.util
import io
import json
import os
import re
import subprocess

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# ---- what is allowed, each with its reason ----

# Third-party headers and the files that may include them; tests may include any.
ROOMS = {
    "zmq.h": {
        "common/link*": "the link is all that the services know of ZeroMQ",
        "common/loop.c": "polls the link's socket before each sleep",
    },
    "hiredis/*": {"common/store*": "the store is all that the services know of Redis"},
    "msgpack.h": {"proto/*": "bytes become structs there, and nowhere else"},
    "event2/event.h": {
        "common/loop.c": "owns the base",
        "common/link*": "puts its sockets on the base",
        "common/store*": "puts its connections on the base",
        "common/http*": "puts its listener on the base",
        "services/notifier/client.c": "puts curl's sockets on the base",
    },
    "event2/*": {"common/http*": "the wrapper is all that the services know of evhttp"},
    "curl/*": {"services/notifier/client*": "the one HTTP client"},
    "jansson.h": {
        "common/json*": "JSON to and from the records of messages.def",
        "common/facts*": "HSDS documents, whose shape is not ours",
        "common/places_read.c": "stored places",
        "common/taxonomies_read.c": "stored terms and mappings",
        "common/http_answer.c": "problem details",
        "deploy/referralctl/*": "imports what others wrote",
    },
    "sodium.h": {
        "common/seal*": "seals",
        "common/hash.c": "digests and blind indexes",
        "common/id.c": "random and derived ids",
        "common/json.c": "base 64",
        "common/json_write.c": "base 64",
        "deploy/referralctl/import_index.c": "a table that no file can make slow",
        "services/notifier/notifier.c": "a random part of delays",
        "services/notifier/webhook.c": "signs webhooks",
    },
    "sqlite3.h": {
        "common/archive*": "the archive is all that the services know of SQLite",
        "deploy/referralctl/import_parts*": "parts of services are joined on disk",
    },
    "csv.h": {"deploy/referralctl/import_cells.c": "cells of a table, once the delimiter is known"},
    "archive*.h": {"deploy/referralctl/import_archive.c": "packed directories"},
    "nettle/*": {"deploy/referralctl/sha1.c": "chains are checked where Redis is not asked"},
    "libical/*": {"common/calendar.c": "zones; the rest of a calendar is ours"},
    "ini.h": {"common/config_file.c": "reads the settings", "common/policy.c": "reads policies"},
    "uthash.h": {"common/*": "tables in memory", "services/*": "tables in memory"},
    "utlist.h": {"common/*": "lists in memory", "services/*": "lists in memory"},
}

# Who may include whose headers, besides their own folder's.
BELOW = {
    "proto": (),
    "common": ("proto",),
    "services/*": ("common", "proto"),
    "deploy/referralctl": ("common", "proto"),
}

FUNCTION_LINES = 50
FILE_LINES = {"tests/": 1000, "": 400}  # a module has one file of tests, and twice as much of it
LONG_FILES = {  # path: reason
    "tests/unit/client_test.c": "the receiver that it plays against stands with it",
    "common/cases.c": "one typed call per transition, each a list of arguments",
    "common/link.c": "sockets of one kind with their options, monitor and drain in order",
    "common/link_upstream.c": "windows, epochs and losses read and change one table of workers",
    "common/store_connection.c": "the life of one connection, from opening to losing it",
    "deploy/referralctl/import_check.c": "one short rule after the other",
    "deploy/referralctl/service.c": "six verbs that share one call's waiting",
    "tests/unit/match_oracle_test.c": "a second matcher, which shares nothing with the first or other tests",
}
LONG_FUNCTIONS = {  # "path:function": reason
    "tests/unit/cases_random_fixture.c:random_next": "one case for each kind of call",
    "tests/unit/client_test.c:the_status_code_decides_what_becomes_of_it": "a table of codes and its walk",
}

# Tests that pause, each with the reason; all others wait for a condition.
PAUSES = {
    "tests/unit/redis_fixture.c": "between two looks whether Redis answers, with a deadline",
    "tests/flow/import_test.py": "between two looks whether Redis answers, with a deadline",
    "tests/unit/link_test.c": "libzmq looks at its mailbox once a millisecond, and nothing tells when it did",
    "tests/unit/link_work_test.c": "the process's own freeze is what is tested",
}

# Redis functions that common/ does not call.
FOR_TOOLS = {"version": "asked by people and by the loader of another version"}

DOCUMENTS = ("README.md", "proto/PROTOCOL.md", "deploy/README.md")
MADE = ("build/", "var/", "run/", "keys/")  # made by running: not looked for in the tree
CODE_SUFFIXES = (".c", ".h", ".def", ".lua", ".py", ".sh")
PENDING_WORDS = re.compile(r"\b(TO" r"DO|FIX" r"ME)\b")
SLEEPS = re.compile(r"\b(u|nano|clock_nano|time\.|await asyncio\.)?sleep\s*\(|^\s*sleep\s+[\d$.]", re.M)


# ---- the tree, and what is written over it by the self-test ----

class Tree:
    def __init__(self, files=None, over=None):
        self.over = over or {}
        self.files = sorted(set(files if files is not None else tracked()) | set(self.over))

    def with_files(self, over):
        return Tree(self.files, {**self.over, **over})

    def has(self, path):
        return path in self.over or path in self.files

    def read(self, path):
        """The file's text; empty where there is no such file."""
        if path in self.over:
            return self.over[path]
        try:
            with open(os.path.join(TOP, path), encoding="utf-8", errors="replace") as file:
                return file.read()
        except OSError:
            return ""

    def match(self, *patterns):
        return [f for f in self.files if any(fnmatch.fnmatchcase(f, p) for p in patterns)]


def tracked():
    try:
        out = subprocess.run(["git", "-c", "safe.directory=*", "ls-files", "-z"], cwd=TOP, check=True,
                             capture_output=True, text=True).stdout
        return [f for f in out.split("\0") if f and os.path.exists(os.path.join(TOP, f))]
    except (OSError, subprocess.CalledProcessError):  # a copy without git: all that is there
        return [os.path.relpath(os.path.join(folder, name), TOP)
                for folder, folders, names in os.walk(TOP) for name in names
                if not prune(folders)]


def prune(folders):
    folders[:] = [f for f in folders if f not in (".git", "build", "var", "node_modules")]


CHECKS = {}


def check(function):
    """A check yields a sentence for each thing that is wrong."""
    CHECKS[function.__name__.replace("_", "-")] = function
    return function


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def calls(text, *macros):
    """MACRO("a", b) lines of a .def file: lists of arguments, texts without their quotes."""
    for line in text.splitlines():
        match = re.match(r"\s*(%s)\((.*)\)\s*$" % "|".join(macros), line)
        if match:
            cells = re.findall(r'"(?:[^"\\]|\\.)*"|[^,"]+', match.group(2))
            yield match.group(1), [c.strip().strip('"') for c in cells if c.strip()]


# ---- code against code ----

@check
def headers_in_their_rooms(tree):
    for path in tree.match("proto/*.[ch]", "common/*.[ch]", "services/*.[ch]", "deploy/*.[ch]"):
        for header in re.findall(r"^\s*#\s*include\s*<([^>]+)>", tree.read(path), re.M):
            room = next((r for h, r in ROOMS.items() if fnmatch.fnmatchcase(header, h)), None)
            if room is not None and not any(fnmatch.fnmatchcase(path, p) for p in room):
                yield f"{path} includes <{header}>, whose rooms are {', '.join(room)}"


@check
def includes_point_down(tree):
    for path in tree.match("proto/*.[ch]", "common/*.[ch]", "services/*.[ch]", "deploy/*.[ch]"):
        folder = os.path.dirname(path)
        below = next((b for f, b in BELOW.items() if fnmatch.fnmatchcase(folder, f)), ())
        for header in re.findall(r'^\s*#\s*include\s*"([^"]+)"', tree.read(path), re.M):
            if os.path.dirname(header) not in (folder, *below):
                yield f"{path} includes {header}"


@check
def redis_functions_are_called(tree):
    lua = "".join(tree.read(f) for f in tree.match("proto/functions/*.lua"))
    registered = set(re.findall(r"^register(?:_many)?\('(\w+)'", lua, re.M))
    protocol = tree.read("proto/PROTOCOL.md")
    called = {}
    for path in tree.match("common/*.c", "services/*.c", "deploy/*.c"):
        for name in re.findall(r'"hl_(\w+)"', tree.read(path)):
            called.setdefault(name, path)
    if not registered:
        yield "proto/functions registers nothing"
    for name in sorted(registered):
        if name not in FOR_TOOLS and not called.get(name, "").startswith("common/"):
            yield f"hl_{name} is registered, but common/ does not call it"
        if f"`{name}`" not in protocol:
            yield f"`{name}` is not among the functions of proto/PROTOCOL.md"
    for name in sorted(set(called) - registered):
        yield f"{called[name]} calls hl_{name}, which is not registered"


@check
def sizes(tree):
    long_files, long_functions = set(), set()
    for path in tree.match("proto/*.[ch]", "common/*.[ch]", "services/*.[ch]", "deploy/*.[ch]",
                           "tests/*.[ch]"):
        lines = tree.read(path).splitlines()
        most = next(n for room, n in FILE_LINES.items() if path.startswith(room))
        if len(lines) > most:
            long_files.add(path)
            if path not in LONG_FILES:
                yield f"{path} has {len(lines)} lines, more than {most}"
        for name, first, length in functions(lines):
            if length > FUNCTION_LINES:
                long_functions.add(f"{path}:{name}")
                if f"{path}:{name}" not in LONG_FUNCTIONS:
                    yield f"{path}:{first} {name} has {length} lines, more than {FUNCTION_LINES}"
    for gone in sorted((set(LONG_FILES) - long_files) | (set(LONG_FUNCTIONS) - long_functions)):
        yield f"{gone} is no longer long: take it off the list in tests/drift.py"


def functions(lines):
    """(name, line, lines of the body) of each function of a C file."""
    name = start = None
    for number, line in enumerate(lines, 1):
        match = re.match(r"(\w+)\(", line)
        if match:
            name = match.group(1)
        elif line == "{":
            start = number
        elif line == "}" and start:
            yield name, start, number - start - 1
            start = None


@check
def nothing_is_left_for_later(tree):
    for path in tree.files:
        if not path.endswith((".c", ".h", ".def", ".lua", ".py", ".sh", ".md", ".conf", ".txt",
                              ".service", ".yml", "Makefile")):
            continue
        text = tree.read(path)
        for match in PENDING_WORDS.finditer(text):
            yield f"{path}:{line_of(text, match.start())} says {match.group(1)}"


@check
def tests_do_not_sleep(tree):
    for path in tree.match("tests/*.[ch]", "tests/*.py", "tests/*.sh"):
        text = tree.read(path)
        found = list(SLEEPS.finditer(text))
        if path in PAUSES and not found:
            yield f"{path} no longer pauses: take it off the list in tests/drift.py"
        for match in found if path not in PAUSES else ():
            yield f"{path}:{line_of(text, match.start())} sleeps: wait for a condition instead"


# ---- documents against the tree ----

def references(text):
    """What stands in backquotes outside of code blocks, and the targets of links."""
    text = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
    return re.findall(r"`([^`\n]+)`", text), re.findall(r"\]\(([^)#\s]+)[^)]*\)", text)


def exists(tree, path):
    path = path.rstrip("/")
    group = re.search(r"\{([^{}]*)\}", path)
    if group:
        return all(exists(tree, path[:group.start()] + each + path[group.end():])
                   for each in group.group(1).split(","))
    return any(f == path or f.startswith(path + "/") or
               ("*" in path and (fnmatch.fnmatchcase(f, path) or fnmatch.fnmatchcase(f, path + "/*")))
               for f in tree.files)


def is_path(tree, word):
    """Whether a word in backquotes claims to be a file or folder of this repository."""
    if not re.fullmatch(r"[\w.*{},/-]+", word) or word.startswith(MADE + ("/",)):
        return False
    rooms = {f.split("/")[0] for f in tree.files if "/" in f}
    if re.search(r"/[A-Z]{2,}(\.\w+)?(/|$)", word) and not word.endswith(".md"):
        return False  # a placeholder, as in tests/fuzz/corpus/TARGET
    return ("/" in word and word.split("/")[0] in rooms) or word.endswith(CODE_SUFFIXES)


@check
def documents_name_what_exists(tree):
    names = {os.path.basename(f) for f in tree.files}
    for document in DOCUMENTS:
        if not tree.has(document):
            yield f"{document} is not there"
            continue
        words, links = references(tree.read(document))
        for word in sorted(set(words)):
            path = word.split(":")[0]
            if is_path(tree, path) and not exists(tree, path) and path not in names:
                yield f"{document} names {path}, which is not there"
        for link in sorted(set(links)):
            target = os.path.normpath(os.path.join(os.path.dirname(document), link))
            if "://" not in link and not link.startswith("mailto:") and not exists(tree, target):
                yield f"{document} links to {link}, which is not there"


DEFINED = {
    ".c": r"^{0}\([^;{{]*\)\s*\n\{{",
    ".h": r"^{0}\([^;{{]*\)\s*\n\{{|^#define {0}\b|^{0}\([^{{]*\);",
    ".def": r"\b{0}\b",
    ".lua": r"^(local )?function {0}\(|^register(_many)?\('{0}'",
    ".py": r"^\s*(def|class) {0}\b",
    ".sh": r"^{0}\(\)",
}


@check
def documents_point_at_functions(tree):
    for document in DOCUMENTS:
        if not tree.has(document):
            yield f"{document} is not there"
            continue
        for word in sorted(set(references(tree.read(document))[0])):
            match = re.fullmatch(r"([\w./-]+(\.\w+)):([A-Za-z_]\w*)(\(\))?", word)
            if not match or match.group(2) not in DEFINED:
                continue
            path, name = match.group(1), match.group(3)
            if not tree.has(path):
                yield f"{document} points at {word}, but there is no {path}"
            elif not re.search(DEFINED[match.group(2)].format(name), tree.read(path), re.M):
                yield f"{document} points at {word}, but {path} defines no {name}"


def section(text, title):
    match = re.search(r"^(#+) [^\n]*" + re.escape(title) + r"[^\n]*\n(.*?)(?=^#{1,3} |\Z)", text,
                      re.M | re.S | re.I)
    return match.group(2) if match else None


def rows(text):
    """Cells of each row of the tables in a text, without heads."""
    found = [[c.strip() for c in line.strip().strip("|").split("|")]
             for line in text.splitlines() if line.lstrip().startswith("|")]
    rules = [i for i, cells in enumerate(found) if all(re.fullmatch(r":?-+:?", c) for c in cells)]
    return [cells for i, cells in enumerate(found) if i not in rules and i + 1 not in rules]


@check
def readme_follows_a_referral(tree):
    readme = tree.read("README.md")
    way = section(readme, "Follow a referral")
    where = section(readme, "Where to change what")
    if way is None or where is None:
        yield "README.md lacks \"Follow a referral\" or \"Where to change what\""
        return
    for room in ("services/gateway/", "services/intake/", "services/matcher/", "services/notifier/"):
        if not re.search(r"`%s[\w.]+\.c:\w+`" % room, way):
            yield f"\"Follow a referral\" names no `{room}FILE.c:FUNCTION`"
    if not rows(where):
        yield "\"Where to change what\" has no table"
    for cells in rows(where):
        if not any(is_path(tree, word.split(":")[0]) for word in re.findall(r"`([^`]+)`", cells[-1])):
            yield f"\"Where to change what\": the last cell of \"{cells[0]}\" names no file"


@check
def crash_table_and_fault_tests_agree(tree):
    """Each row of the table names tests that exist, each file of fault tests stands in a row."""
    table = rows(section(tree.read("proto/PROTOCOL.md"), "When something dies") or "")
    named = set()
    if not table:
        yield "proto/PROTOCOL.md has no table in \"When something dies\""
    for cells in table:
        tests = re.findall(r"`(tests/\w+/\w+_test\.\w+):(\w+)`", cells[-1])
        if len(cells) != 6 or not all(cells):
            yield f"the row {cells[:2]} of \"When something dies\" has {len(cells)} cells, or an empty one"
        if not tests:
            yield f"the row {cells[:2]} of \"When something dies\" names no test"
        for path, name in tests:
            named.add(path)
            pattern = r"^\s+def {0}\(self" if path.endswith(".py") else r"^{0}\("
            if not re.search(pattern.format(name), tree.read(path), re.M):
                yield f"\"When something dies\" names {path}:{name}, which is not there"
    for path in tree.match("tests/faults/*_test.py"):
        if path not in named:
            yield f"{path} has no row in \"When something dies\" of proto/PROTOCOL.md"


# ---- tables against documents ----

@check
def protocol_tables_are_written_from_the_def_files(tree):
    spec = importlib.util.spec_from_file_location("tables", os.path.join(TOP, "proto/tables.py"))
    tables = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tables)
    tables.open = lambda path, *_: io.StringIO(tree.read(os.path.relpath(path, TOP)))
    text = tree.read("proto/PROTOCOL.md")
    for name in tables.TABLES:
        if f"<!-- table {name} -->" not in text:
            yield f"proto/PROTOCOL.md has no table {name}"
    filled = tables.fill(text)
    for ours, theirs in zip(text.splitlines(), filled.splitlines()):
        if ours != theirs:
            yield f"proto/PROTOCOL.md has \"{ours}\", the table \"{theirs}\": run proto/tables.py"
            return
    if filled != text:
        yield "proto/PROTOCOL.md is longer or shorter than its tables: run proto/tables.py"


@check
def protocol_names_every_state_move_message_and_status(tree):
    """Reads the .def files in its own way, so that a mistake of proto/tables.py shows."""
    protocol = tree.read("proto/PROTOCOL.md")
    states = tree.read("proto/states.def")
    for _, (machine, name, *_) in calls(states, "STATE"):
        if name != "name" and f"| {machine} | `{name}` |" not in protocol:
            yield f"state {machine} {name} is not in proto/PROTOCOL.md"
    for _, (machine, action, before, after, *_) in calls(states, "MOVE"):
        if action != "action" and f"| {machine} | `{action}` | `{before}` | `{after}` |" not in protocol:
            yield f"move {machine} {action} from {before} to {after} is not in proto/PROTOCOL.md"
    for _, (_, http, code, *_) in calls(tree.read("proto/status.def"), "STATUS"):
        if f"| `{code}` | {http} |" not in protocol:
            yield f"status {code} ({http}) is not in proto/PROTOCOL.md"
    parts = dict(re.findall(r"^\*\*`(\w+)`\*\*(.*?)(?=^\*\*`|^#|^<!--|\Z)", protocol, re.M | re.S))
    part = None
    for macro, (name, *_) in calls(tree.read("proto/messages.def"), "RECORD", "MESSAGE", "[A-Z]+"):
        if macro in ("RECORD", "MESSAGE"):
            part = name
            if part not in parts:
                yield f"{macro.lower()} {name} is not in proto/PROTOCOL.md"
        elif macro.startswith("END_"):
            part = None
        elif part in parts and f"| `{name}` |" not in parts[part]:
            yield f"field {name} of {part} is not in proto/PROTOCOL.md"


@check
def keys_are_the_same_everywhere(tree):
    listed = re.findall(r"^ \*  (\{c1\}:\S+)", tree.read("common/keys.h"), re.M)
    protocol = tree.read("proto/PROTOCOL.md")
    lua = "".join(tree.read(f) for f in tree.match("proto/functions/*.lua"))
    code = "".join(tree.read(f) for f in tree.match("common/*.c", "deploy/*.c", "services/*.c"))
    if not listed:
        yield "common/keys.h lists no key"
    for key in listed:
        word = next(part for part in key.split(":")[1:] if part.islower())
        if f"`{key}`" not in protocol:
            yield f"key {key} is not in proto/PROTOCOL.md"
        if not re.search(rf"""['":]{word}['":]""", lua + code):
            yield f"key {key} is used by no function and no code"
    words = {part for key in listed for part in key.split(":")[1:] if part.islower()}
    stages = {a[1] for _, a in calls(tree.read("proto/codes.def"), "CODE") if a[0] == "stage"}
    for path in re.findall(r"\btag \.\. ('[^']*'(?: \.\. \w+(?: \.\. '[^']*')?)*)", lua):
        for word in re.findall(r"[:']([a-z]+)[:']", path):
            if word not in words | stages:
                yield f"proto/functions use a key of \"{word}\", which common/keys.h does not list"
    for word in re.findall(r'\bkey_make\([^"();]*"([a-z]+)"', code):
        if word not in words:
            yield f"a key of \"{word}\" is made, which common/keys.h does not list"
    for key in re.findall(r"`(\{c1\}:[^`]+)`", protocol):
        if key not in listed:
            yield f"proto/PROTOCOL.md has the key {key}, which common/keys.h does not list"


@check
def settings_are_in_the_sample(tree):
    table = {(a[0], a[1]) for _, a in calls(tree.read("common/config.def"), "KEY") if a[0] != "section"}
    sample = configparser.ConfigParser(interpolation=None, strict=True)
    sample.read_string(tree.read("deploy/hearthline.conf"))
    there = {(name, key) for name in sample.sections() for key in sample[name]}
    for name, key in sorted(table - there):
        yield f"deploy/hearthline.conf lacks {key} of [{name}]"
    for name, key in sorted(there - table):
        yield f"deploy/hearthline.conf has {key} of [{name}], which common/config.def lacks"


@check
def metrics_are_documented_and_used(tree):
    table = {"referral_" + a[0] for _, a in
             calls(tree.read("common/metrics.def"), "COUNTER", "GAUGE", "HISTOGRAM") if a[0] != "name"}
    code = "".join(tree.read(f) for f in tree.match("common/*.[ch]", "services/*.c", "deploy/*.c"))
    document = tree.read("deploy/README.md")
    for name in sorted(table):
        if not re.search(rf"\b{name}\b", document):
            yield f"{name} is not in deploy/README.md"
        if not re.search(rf"\bMETRIC_{name[len('referral_'):]}\b", code):
            yield f"{name} is never set"
    known = table | {name + end for name in table for end in ("_bucket", "_sum", "_count")}
    known.add("referral_build_info")
    for path in tree.match("deploy/*.md", "deploy/prometheus*", "deploy/grafana*"):
        for name in sorted(set(re.findall(r"\breferral_[a-z_]+\b", tree.read(path))) - known):
            yield f"{path} names {name}, which common/metrics.def lacks"


@check
def routes_are_in_openapi(tree):
    table = {(a[0], a[1]) for _, a in calls(tree.read("services/gateway/api.def"), "ROUTE")
             if a[0] != "method"}
    try:
        api = json.loads(tree.read("proto/openapi.json"))
    except ValueError as error:
        yield f"proto/openapi.json is no JSON: {error}"
        return
    base = re.sub(r"^https?://[^/]*", "", (api.get("servers") or [{"url": ""}])[0]["url"]).rstrip("/")
    described = {(method.upper(), path if path.startswith("/api/") else base + path)
                 for path, verbs in api["paths"].items() for method in verbs
                 if method in ("get", "put", "post", "patch", "delete", "head", "options")}
    if not table:
        yield "services/gateway/api.def holds no route"
    for method, path in sorted(table - described):
        yield f"{method} {path} is not in proto/openapi.json"
    for method, path in sorted(described - table):
        yield f"{method} {path} is not in services/gateway/api.def"


# ---- running ----

def run(names):
    failed = 0
    tree = Tree()
    for name, function in CHECKS.items():
        if names and name not in names:
            continue
        wrong = list(function(tree))
        failed += bool(wrong)
        print(f"FAIL {name}: {wrong[0]}" if wrong else f"ok {name}")
        for more in wrong[1:]:
            print(f"     {name}: {more}")
    return 1 if failed else 0


def replaced(tree, path, old, new):
    """The file with `old` replaced once; the self-test is itself out of date where it is absent."""
    text = tree.read(path)
    assert old in text, f"self-test: {path} holds no {old!r}"
    return {path: text.replace(old, new, 1)}


def plants(tree):
    """(check, what is written over the tree, a word of the sentence that must then come)."""
    def added(path, text):
        return {path: tree.read(path) + text}

    readme = "# Follow a referral\n| 1 | `services/nosuch/a.c:b` |\n# Where to change what\n| a | b |\n|---|---|\n| taste | |\n"
    yield "headers-in-their-rooms", added("services/matcher/score.c", "#include <zmq.h>\n"), "score.c includes <zmq.h>"
    yield "headers-in-their-rooms", added("common/id.c", "# include <event2/http.h>\n"), "id.c includes <event2/http.h>"
    yield "includes-point-down", added("common/id.c", '#include "services/matcher/score.h"\n'), "common/id.c"
    yield "includes-point-down", added("services/intake/main.c", '#include "services/matcher/score.h"\n'), "intake/main.c"
    yield "includes-point-down", added("proto/wire.c", '#include "common/id.h"\n'), "proto/wire.c"
    yield "redis-functions-are-called", added("proto/functions/6_operations.lua", "register('planted', planted)\n"), "hl_planted is registered"
    yield "redis-functions-are-called", added("common/id.c", 'call("hl_nosuch");\n'), "hl_nosuch"
    yield "sizes", added("common/id.c", "\n" * 400), "common/id.c has"
    yield "sizes", added("common/id.c", "int\nplanted(void)\n{\n" + "\tx();\n" * (FUNCTION_LINES + 1) + "}\n"), "planted has 51"
    yield "nothing-is-left-for-later", added("common/id.c", "/* TO" "DO */\n"), "common/id.c"
    yield "tests-do-not-sleep", added("tests/unit/id_test.c", "\tusle" "ep(1);\n"), "id_test.c"
    yield "tests-do-not-sleep", {"tests/flow/planted.py": "import time\ntime.sle" "ep(1)\n"}, "planted.py:2"
    yield "documents-name-what-exists", added("README.md", "\n`common/nosuch.c`\n"), "common/nosuch.c"
    yield "documents-name-what-exists", added("proto/PROTOCOL.md", "\n[x](nosuch.md)\n"), "nosuch.md"
    yield "documents-point-at-functions", added("README.md", "\n`common/id.c:nosuch`\n"), "defines no nosuch"
    yield "documents-point-at-functions", added("deploy/README.md", "\n`common/nosuch.c:id`\n"), "no common/nosuch.c"
    yield "readme-follows-a-referral", {"README.md": readme}, "services/intake/"
    yield "readme-follows-a-referral", {"README.md": readme}, "taste"
    crash, row = "crash-table-and-fault-tests-agree", "| Redis | memory runs out |"
    yield crash, replaced(tree, "proto/PROTOCOL.md", row, "| x | y | z | w | v | `tests/faults/kill_test.py:test_nosuch` |\n" + row), "test_nosuch, which is not there"
    yield crash, replaced(tree, "proto/PROTOCOL.md", row, "| x | y | z | w | v | someday |\n" + row), "names no test"
    yield crash, replaced(tree, "proto/PROTOCOL.md", row, row.replace("memory runs out", "")), "or an empty one"
    yield crash, {"tests/faults/planted_test.py": ""}, "planted_test.py has no row"
    yield "protocol-tables-are-written-from-the-def-files", added("proto/states.def", 'STATE(need, planted, 1, "x")\n'), "planted"
    yield "protocol-tables-are-written-from-the-def-files", replaced(tree, "proto/PROTOCOL.md", "<!-- table moves -->", ""), "no table moves"
    every = "protocol-names-every-state-move-message-and-status"
    yield every, added("proto/states.def", 'STATE(need, planted, 1, "x")\n'), "state need planted"
    yield every, added("proto/states.def", 'MOVE(need, planted, met, unmet, "x", keep, none, "")\n'), "move need planted"
    yield every, added("proto/status.def", 'STATUS(PLANTED, 400, "planted", "x")\n'), "status planted"
    yield every, added("proto/messages.def", 'MESSAGE(planted, "a", "b")\n'), "message planted"
    yield every, replaced(tree, "proto/messages.def", "END_MESSAGE(ping)", 'FLAG(planted, OPTIONAL, PLAIN, "x")\nEND_MESSAGE(ping)'), "field planted of ping"
    keys = "keys-are-the-same-everywhere"
    yield keys, replaced(tree, "common/keys.h", " *  {c1}:open ", " *  {c1}:planted  zset x\n *  {c1}:open "), "key {c1}:planted is not in"
    yield keys, replaced(tree, "common/keys.h", " *  {c1}:open ", " *  {c1}:opening "), '"open"'
    yield keys, added("common/id.c", 'key_make(key, cell, "planted", NULL, NULL);\n'), '"planted" is made'
    yield "settings-are-in-the-sample", added("common/config.def", 'KEY(log, planted, TEXT, "x", 1, 2, "", "")\n'), "lacks planted"
    yield "settings-are-in-the-sample", replaced(tree, "deploy/hearthline.conf", "[log]\n", "[log]\nplanted = 1\n"), "has planted"
    metrics = "metrics-are-documented-and-used"
    yield metrics, added("common/metrics.def", 'GAUGE(planted, "", "x")\n'), "referral_planted is not in"
    yield metrics, added("common/metrics.def", 'GAUGE(planted, "", "x")\n'), "referral_planted is never set"
    yield metrics, added("deploy/README.md", "\nreferral_nosuch_total\n"), "names referral_nosuch_total"
    yield "routes-are-in-openapi", added("services/gateway/api.def", 'ROUTE("GET", "/api/v1/planted", on_x, "o", "x")\n'), "GET /api/v1/planted is not in proto"
    yield "routes-are-in-openapi", {"proto/openapi.json": '{"paths":{"/api/v1/planted":{"get":{}}}}'}, "not in services/gateway/api.def"


def self_test():
    failed, seen = 0, set()
    tree = Tree()
    before = {name: list(function(tree)) for name, function in CHECKS.items()}
    for name, over, word in plants(tree):
        seen.add(name)
        found = [w for w in CHECKS[name](tree.with_files(over)) if w not in before[name]]
        if not any(word in w for w in found):
            failed += 1
            print(f"FAIL {name} does not see what was planted: {word}; it says {found}")
    for name in sorted(set(CHECKS) - seen):
        failed += 1
        print(f"FAIL {name} has nothing planted for it")
    if not failed:
        print(f"ok self-test: every one of {len(seen)} checks sees what is planted for it")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(self_test() if sys.argv[1:] == ["--self-test"] else run(sys.argv[1:]))
