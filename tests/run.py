#!/usr/bin/python3
"""Runs every test, or those whose name holds one of the PATTERNs: tests/run.py [PATTERN...]

Unit tests are the programs of $BUILD/tests/unit (default build), each in a folder of its own with
links to the repository; fuzz targets run over their kept inputs; Python tests are the files
*/*_test.py, each a process of its own from the repository's top. Format and drift checks count as tests too. The last line, alone, is
"N passed, N failed, N skipped"; exit status 0 says that nothing failed and something passed.

JOBS=2 how many at a time; SLOWER=4 gives each four times as long; KEEP=1 keeps the folders;
VERBOSE=1 prints what passing tests print.
"""
import concurrent.futures
import glob
import os
import re
import resource
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.join(TOP, os.environ.get("BUILD", "build"))
PYTHON_FOLDERS = ("peer", "model", "flow", "faults")
UNIT_SECONDS, PYTHON_SECONDS, DRIFT_SECONDS = 180, 900, 120
LINKED = ("build", "common", "deploy", "proto", "services", "tests")
TOKEN = "HEARTHLINE_TEST"  # in the environment of all that a test starts: finds what it left behind

stopping = threading.Event()
printing = threading.Lock()


class Counts:
    def __init__(self, passed=0, failed=0, skipped=0):
        self.passed, self.failed, self.skipped = passed, failed, skipped

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped

    def __str__(self):
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


class Test:
    """One file of tests: how it is run and how its output is counted."""

    def __init__(self, name, command, count, seconds, linked=False):
        self.name, self.command, self.count = name, command, count
        self.seconds, self.linked = seconds * float(os.environ.get("SLOWER", 1)), linked


def count_cmocka(text):
    def total(word):
        return sum(int(n) for n in re.findall(rf"^\[  {word} +\] (\d+) test", text, re.M))

    return Counts(total("PASSED"), total("FAILED"), total("SKIPPED"))


def count_unittest(text):
    ran = re.findall(r"^Ran (\d+) tests? in ", text, re.M)
    verdicts = re.findall(r"^(?:OK|FAILED|NO TESTS RAN)(?: \((.*)\))?$", text, re.M)
    if not ran or not verdicts:
        return Counts()
    of = {k: int(n) for k, n in re.findall(r"([a-z ]+)=(\d+)", verdicts[-1].replace(", ", ","))}
    failed = of.get("failures", 0) + of.get("errors", 0) + of.get("unexpected successes", 0)
    skipped = of.get("skipped", 0)
    return Counts(max(0, int(ran[-1]) - failed - skipped), failed, skipped)


def count_lines(text):
    def total(word):
        return len(re.findall(rf"^{word} ", text, re.M))

    return Counts(total("ok"), total("FAIL"), total("skip"))


def unit_tests():
    for source in sorted(glob.glob("tests/unit/*_test.c")):
        name = source[:-2]
        yield Test(name, [os.path.join(BUILD, name)], count_cmocka, UNIT_SECONDS, linked=True)


def replays():
    """Every fuzz target over the inputs that were kept of it."""
    for source in sorted(glob.glob("tests/fuzz/*_fuzz.c")):
        name = source[:-len("_fuzz.c")]
        target = os.path.basename(name)
        inputs = sorted(glob.glob(f"tests/fuzz/corpus/{target}/*") +
                        glob.glob(f"tests/fuzz/regression/{target}/*"))
        command = [os.path.join(BUILD, f"{name}_replay"), *inputs]
        yield Test(name, command, count_lines, UNIT_SECONDS)


def python_tests():
    for folder in PYTHON_FOLDERS:
        for path in sorted(glob.glob(f"tests/{folder}/*_test.py")):
            command = [sys.executable, "-m", "unittest", "-v", path]
            yield Test(path, command, count_unittest, PYTHON_SECONDS)


def checks():
    for name, command in (
        ("tests/format.sh", ["tests/format.sh"]),
        ("tests/drift.py", [sys.executable, "tests/drift.py"]),
        ("tests/drift.py --self-test", [sys.executable, "tests/drift.py", "--self-test"]),
    ):
        if os.path.exists(name.split()[0]):
            yield Test(name, command, count_lines, DRIFT_SECONDS)


def processes_of(token):
    """Ids of the processes that carry this test's token, whatever group or session they are in."""
    mark = f"{TOKEN}={token}".encode()
    for entry in os.listdir("/proc"):
        try:
            with open(f"/proc/{entry}/environ", "rb") as file:
                if entry.isdigit() and mark in file.read().split(b"\0"):
                    yield int(entry)
        except OSError:
            continue


def kill_and_wait(pid):
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        signal.pidfd_send_signal(handle, signal.SIGKILL)
        select.select([handle], [], [], 5)
    except ProcessLookupError:
        pass
    finally:
        os.close(handle)


def end_all(process, token):
    """Kills the test's group and all that escaped from it; how many there were besides itself."""
    if process.poll() is None:
        process.kill()
        process.wait()
    left = set()
    for _ in range(10):  # a process may start another while it is being looked for
        found = list(processes_of(token))
        if not found:
            break
        left.update(found)
        for pid in found:
            kill_and_wait(pid)
    return len(left)


def environment(folder, token):
    own = dict(os.environ, TMPDIR=folder, PYTHONDONTWRITEBYTECODE="1", BUILD=BUILD)
    own[TOKEN] = token
    own["PYTHONPATH"] = os.pathsep.join([TOP, os.path.join(TOP, "tests")])
    own.setdefault("REFERRAL_DATA", os.path.normpath(os.path.join(TOP, "../shared/data")))
    return own


def await_end(process, seconds):
    """None when the process ended in time, else the reason why it has to be ended."""
    deadline = time.monotonic() + seconds
    while not stopping.is_set():
        try:
            process.wait(min(1, max(0.01, deadline - time.monotonic())))
            return None
        except subprocess.TimeoutExpired:
            if time.monotonic() >= deadline:
                return f"not done after {seconds:g} s"
    return "interrupted"


def execute(test, folder):
    """Runs the test's command; (exit status or None, complaint, output)."""
    token = uuid.uuid4().hex
    place = TOP
    if test.linked:
        place = folder
        for name in LINKED:
            os.symlink(os.path.join(TOP, name), os.path.join(folder, name))
    with open(os.path.join(folder, "output"), "w+b") as output:
        try:
            process = subprocess.Popen(
                test.command, cwd=place, env=environment(folder, token), stdout=output,
                stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True)
        except OSError as error:
            return None, f"cannot start: {error.strerror}", ""
        complaint = await_end(process, test.seconds)
        status = process.poll()
        left = end_all(process, token)
        output.seek(0)
        text = output.read().decode(errors="replace")
    if complaint is None and left:
        text += f"\nrun.py: ended {left} processes that the test left behind\n"
    return status, complaint, text


def judge(test, status, complaint, text):
    """The counts of a run; whatever ended badly counts at least one failure."""
    counts = test.count(text)
    if complaint is None and status is not None and status < 0:
        complaint = f"killed by {signal.Signals(-status).name}"
    if complaint is None and status != 0 and counts.failed == 0:
        complaint = f"exit status {status}"
    if complaint is None and counts.passed + counts.failed + counts.skipped == 0:
        complaint = "ran no test"
    if complaint:
        counts.failed += 1
    return counts, complaint


def run(test):
    if stopping.is_set():
        return Counts()
    folder = tempfile.mkdtemp(prefix="hl.")
    began = time.monotonic()
    try:
        status, complaint, text = execute(test, folder)
    except OSError as error:  # a full disk, no more processes
        status, complaint, text = None, str(error), ""
    finally:
        if not os.environ.get("KEEP"):
            shutil.rmtree(folder, ignore_errors=True)
    counts, complaint = judge(test, status, complaint, text)
    with printing:
        print(f"{test.name:<44} {counts.passed:5} passed {counts.failed:3} failed "
              f"{counts.skipped:3} skipped {time.monotonic() - began:7.1f} s"
              + (f"  {complaint}" if complaint else ""))
        if counts.failed or os.environ.get("VERBOSE"):
            print(text.rstrip("\n"))
            print(f"---- end of {test.name}")
        sys.stdout.flush()
    return counts


def stop(_signal, _frame):
    stopping.set()


def main(patterns):
    os.chdir(TOP)
    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    tests = [test for test in (*checks(), *unit_tests(), *replays(), *python_tests())
             if not patterns or any(pattern in test.name for pattern in patterns)]
    jobs = int(os.environ.get("JOBS", len(os.sched_getaffinity(0))))
    sum_of = Counts()
    with concurrent.futures.ThreadPoolExecutor(max(1, jobs)) as pool:
        for counts in pool.map(run, tests):
            sum_of.add(counts)
    if stopping.is_set():
        print("interrupted")
        sum_of.failed += 1
    print(sum_of, flush=True)
    return 0 if sum_of.passed and not sum_of.failed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
