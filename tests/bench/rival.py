# SPDX-License-Identifier: Apache-2.0
"""PostgreSQL with PostGIS as a good administrator would set it up for this machine, in a cluster of its own:
what tests/bench/postgres.c is measured on."""

import glob
import os
import pwd
import shutil
import signal
import subprocess
import tempfile

from country import PLACES
from harness import wait_for
from stand import in_front, measure, program

BIN = "/usr/lib/postgresql/15/bin"
EXTENSION = "/usr/share/postgresql/15/extension/postgis.control"
SCHEMA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "postgres.sql")

SETTINGS = {
    # As durable as ours.
    "fsync": "on", "synchronous_commit": "on", "full_page_writes": "on",
    # For speed: memory, no replica to feed, no checkpoint in the middle of it.
    "shared_buffers": "2GB", "wal_buffers": "64MB", "wal_level": "minimal", "max_wal_senders": "0",
    "wal_compression": "lz4", "max_wal_size": "8GB", "min_wal_size": "1GB", "checkpoint_timeout": "30min",
    "work_mem": "16MB", "random_page_cost": "1.1", "effective_cache_size": "8GB", "jit": "off",
    "plan_cache_mode": "force_generic_plan", "track_activities": "off", "track_counts": "on",
    "commit_delay": "0", "commit_siblings": "5",
    "listen_addresses": "", "max_connections": "150", "logging_collector": "off",
}

# Served by term: what one search reads lies together.
INDEXES = f"""create index service_near on service using gist (term, at);
cluster service using service_near;
insert into place select id, {PLACES} from service;
vacuum analyze; checkpoint;"""


# Acceptors, offerers, cases in one transaction at most.  Few connections that commit many at once were the
# quickest in every trial on two cores; commit_delay made all of them slower.
WAYS = ((1, 1, 128), (2, 1, 64), (2, 2, 64), (2, 4, 64), (4, 4, 32), (16, 16, 1))


def why_not():
    """What is missing to measure it; None: nothing."""
    for path in (os.path.join(BIN, "postgres"), EXTENSION, program("postgres")):
        if not os.path.exists(path):
            return f"there is no {path}"
    return None


class Rival:
    """A cluster with the country's services in it; PostgreSQL refuses to run as root."""

    def __init__(self, folder, settings=None):
        self.settings = dict(SETTINGS, **(settings or {}))
        self.user = "postgres" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name
        self.dir = tempfile.mkdtemp(prefix="hl-pg-", dir=folder)
        self.database = f"host={self.dir} dbname=postgres user={self.user}"
        self.process, self.next_case = None, 1

    def own(self):
        in_front(self.user)

    def run(self, *command, text=None):
        done = subprocess.run(command, input=text, capture_output=True, text=True, cwd=self.dir,
                              preexec_fn=self.own, timeout=900)
        if done.returncode != 0:
            raise AssertionError(f"{command[0]}: {done.stderr.strip()}")
        return done.stdout.strip()

    def sql(self, text):
        return self.run(os.path.join(BIN, "psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", self.database,
                        text=text)

    def __enter__(self):
        try:
            shutil.chown(self.dir, self.user)
            os.chmod(os.path.dirname(self.dir), 0o711)  # so that it may get there
            self.run(os.path.join(BIN, "initdb"), "-D", "data", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")
            with open(os.path.join(self.dir, "log"), "wb") as log:
                self.process = subprocess.Popen(
                    [os.path.join(BIN, "postgres"), "-D", "data", "-k", self.dir,
                     *(f"-c{name}={value}" for name, value in self.settings.items())],
                    cwd=self.dir, stdout=log, stderr=log, stdin=subprocess.DEVNULL, preexec_fn=self.own)
            wait_for(self.answers, 60, "PostgreSQL")
        except BaseException:
            self.__exit__()
            raise
        return self

    def answers(self):
        if self.process.poll() is not None:
            with open(os.path.join(self.dir, "log"), errors="replace") as file:
                raise AssertionError("PostgreSQL has ended: " + file.read()[-2000:])
        return subprocess.run([os.path.join(BIN, "pg_isready"), "-q", "-h", self.dir], check=False).returncode == 0

    def __exit__(self, *_):
        if self.process is not None:
            self.process.send_signal(signal.SIGQUIT)  # what is in it is not needed any more
            self.process.wait()
        shutil.rmtree(self.dir, ignore_errors=True)

    def load(self, services):
        """A file of services as `country.Service.row` writes them."""
        with open(SCHEMA) as file:
            self.sql(file.read())
        with open(services) as file:
            self.sql(f"copy service from stdin;\n{file.read()}\\.\n")
        self.sql(INDEXES)

    def best(self, families, cases, in_flight):
        """The quickest of the ways to share out connections, and what each of them did a second."""
        rates = {}
        for way in WAYS:
            self.measure(families, cases, in_flight, *way)  # warm
            rates[way] = cases / self.measure(families, cases, in_flight, *way)["seconds"]
        return max(rates, key=rates.get), rates

    def settle(self):
        """What it would else do while the other side is measured.  No checkpoint: after one it writes whole pages."""
        self.sql("vacuum analyze;")

    def measure(self, families, cases, in_flight, acceptors, offerers, batch):
        """What the client printed, with CPU time per case; all of them are there, offered once."""
        before = self.cpu_seconds()
        took = measure("postgres", self.database, families, self.next_case, cases, in_flight, acceptors, offerers,
                       batch)
        took["cpu_us"] = {"PostgreSQL": (self.cpu_seconds() - before) * 1e6 / cases,
                          "client": took["cpu"] * 1e6 / cases}
        self.next_case += cases
        kept = self.sql("select (select count(*) from family), (select count(*) from referral where state = 2), "
                        "(select count(*) from need where state = 1), (select count(*) from journal), "
                        f"(select sum({PLACES} - free) from place)")
        done = self.next_case - 1
        assert kept == f"{done}|{done}|{done}|{2 * done}|{done}", kept
        return took

    def cpu_seconds(self):
        """Of the server and all its children, those that ended too."""
        ticks = 0
        for path in glob.glob("/proc/[0-9]*/stat"):
            try:
                with open(path) as file:
                    fields = file.read().rsplit(")", 1)[1].split()
            except OSError:  # has ended meanwhile
                continue
            if path == f"/proc/{self.process.pid}/stat":
                ticks += sum(map(int, fields[11:15]))
            elif int(fields[1]) == self.process.pid:
                ticks += sum(map(int, fields[11:13]))
        return ticks / os.sysconf("SC_CLK_TCK")
