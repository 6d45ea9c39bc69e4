"""Two optional extras, each in short runs of its own because they disturb what they watch: where a request's time goes
(system calls by strace, counters by perf) and what a proxy adds to latency at half load."""

from __future__ import annotations

import re
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .failure import RigError
from .rounds import Bench, port
from .subjects import Running, Subject

PERF_EVENTS = "task-clock,context-switches,cpu-migrations,page-faults,instructions,cycles,branch-misses,cache-misses"
RATE_SHARE = 0.5


@dataclass(frozen=True)
class Calls:
    """System calls for each request, the frequent ones by name."""

    proto: str
    subject: str
    total: float
    by_name: dict[str, float]


@dataclass(frozen=True)
class Counters:
    """What `perf stat` counted for each request; an event this machine cannot count is left out."""

    proto: str
    subject: str
    per_request: dict[str, float]


@dataclass(frozen=True)
class Latency:
    """What a client waits at a fixed rate; the subject `direct` has no proxy between."""

    proto: str
    subject: str
    rate: int
    reached: float
    p50_us: float
    p99_us: float


def calls(bench: Bench, subject: Subject, proto: str, strace: str, seconds: float) -> Calls:
    with bench.started(subject) as running:
        table = bench.folder / f"strace-{subject.name}-{proto}.txt"
        command = [strace, "-c", "-f", "-o", str(table), *_each("-p", running)]
        requests = _watched(bench, running, proto, command, seconds)
    by_name = {name: count / requests for name, count in _strace_counts(table.read_text()).items()}
    frequent = {name: rate for name, rate in by_name.items() if rate >= 0.01}
    return Calls(proto, subject.name, sum(by_name.values()), frequent)


def counters(bench: Bench, subject: Subject, proto: str, perf: str, seconds: float) -> Counters:
    with bench.started(subject) as running:
        table = bench.folder / f"perf-{subject.name}-{proto}.csv"
        pids = ",".join(map(str, running.pids))
        command = [perf, "stat", "-x", ";", "-e", PERF_EVENTS, "-o", str(table), "-p", pids]
        requests = _watched(bench, running, proto, command, seconds)
    return Counters(proto, subject.name, {name: count / requests for name, count in _perf_counts(table.read_text()).items()})


def latency(bench: Bench, items: list[Subject], proto: str, rate: int, seconds: float) -> list[Latency]:
    direct = bench.loads.at_rate(proto, port(bench.behind, proto), seconds, rate)
    found = [Latency(proto, "direct", rate, direct.rps, direct.p50_us, direct.p99_us)]
    for subject in items:
        with bench.started(subject) as running:
            bench.loads.at_rate(proto, port(running, proto), 1, rate)
            outcome = bench.loads.at_rate(proto, port(running, proto), seconds, rate)
        found.append(Latency(proto, subject.name, rate, outcome.rps, outcome.p50_us, outcome.p99_us))
    return found


def _each(flag: str, running: Running) -> list[str]:
    return [word for pid in running.pids for word in (flag, str(pid))]


def _watched(bench: Bench, running: Running, proto: str, command: list[str], seconds: float) -> int:
    """Runs a load while `command` is attached; returns the requests done."""
    bench.loads.saturate(proto, port(running, proto), 1)
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as watcher:
        outcome = bench.loads.saturate(proto, port(running, proto), seconds)
        watcher.send_signal(signal.SIGINT)
        _, said = watcher.communicate(timeout=10)
    if outcome.requests == 0:
        raise RigError(f"{running.name} finished no request while `{Path(command[0]).name}` watched it:\n{said}")
    return outcome.requests


def _strace_counts(table: str) -> dict[str, int]:
    """Rows are: % time, seconds, usecs/call, calls, [errors], name."""
    rows = re.findall(r"^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(\w+)$", table, re.MULTILINE)
    counts = {name: int(count) for count, name in rows if name != "total"}
    if not counts:
        raise RigError(f"strace counted nothing; may this user trace other processes?\n{table}")
    return counts


def _perf_counts(table: str) -> dict[str, float]:
    """Rows are: value; unit; event; ... with `<not supported>` for a value where the machine has no such counter."""
    counts = {}
    for line in table.splitlines():
        fields = line.split(";")
        if len(fields) > 2 and re.fullmatch(r"[\d.]+", fields[0]):
            counts[fields[2]] = float(fields[0])
    if not counts:
        raise RigError(f"perf counted nothing; see /proc/sys/kernel/perf_event_paranoid\n{table}")
    return counts
