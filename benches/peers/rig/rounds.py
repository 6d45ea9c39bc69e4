"""Measures: one proxy at a time, in an order that alternates, so that slow drift of the machine falls on all alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from . import procfs, subjects
from .failure import RigError
from .load import Loads
from .messages import ALIAS
from .subjects import Running, Subject

CANDIDATE = "docs_v2"


@dataclass(frozen=True)
class Sample:
    """One proxy, one protocol, one round."""

    round: int
    proto: str
    subject: str
    requests: int
    errors: int
    cpu_us: float
    user_us: float
    system_us: float
    rps: float
    p50_us: float
    p99_us: float
    switches: float
    rss_mib: float
    # Of the requests that reached the upstream, how many named the candidate: the proof that the split was made.
    candidate_share: float
    # Shares of the proxy's core that went to others: other processes, and other guests of the same host.
    foreign: float
    stolen: float


@dataclass(frozen=True)
class Bench:
    """What all measurements of a run share."""

    loads: Loads
    behind: Running
    proxy_core: int
    folder: Path

    def started(self, subject: Subject) -> AbstractContextManager[Running]:
        return subjects.proxy(subject, self.behind, self.proxy_core, self.folder)


def order(items: list[Subject], round_: int) -> list[Subject]:
    """Begins with another each round and goes backwards every other one, so that place and predecessor both change."""
    step = -1 if round_ % 2 else 1
    return [items[(round_ + step * i) % len(items)] for i in range(len(items))]


@dataclass(frozen=True)
class Plan:
    """How long and how often."""

    protos: list[str]
    rounds: int
    seconds: float
    warm_s: float


def measure(bench: Bench, items: list[Subject], plan: Plan, say: Callable[[str], None]) -> Iterator[Sample]:
    for round_ in range(plan.rounds):
        for subject in order(items, round_):
            with bench.started(subject) as running:
                for proto in plan.protos:
                    check(bench, subject, running, proto)
                    bench.loads.saturate(proto, port(running, proto), plan.warm_s)
                    sample = _sample(bench, running, proto, round_, plan.seconds)
                    say(
                        f"round {round_ + 1}/{plan.rounds}  {proto:<4}  {subject.name:<12}"
                        f" {sample.cpu_us:6.1f} us/request  {sample.rps:7.0f}/s"
                    )
                    yield sample


def port(running: Running, proto: str) -> int:
    return running.ports.rest if proto == "rest" else running.ports.grpc


def check(bench: Bench, subject: Subject, running: Running, proto: str) -> None:
    """Refuses to measure a proxy that does not do its job: answers must be whole, and the users split where that can be."""
    subjects.take_seen(bench.behind)
    if proto == "grpc":
        bench.loads.check_grpc(running.ports.grpc)
    else:
        for user in range(1, 41):
            status = subjects.rest_answer(running.ports.rest, f"user-{user}")
            if status != 200:
                raise RigError(f"{subject.name} answered a query of user-{user} with status {status}")
    share = candidate_share(subjects.take_seen(bench.behind))
    splits = proto == "rest" or not subject.is_peer
    if splits and not 0 < share < 1:
        raise RigError(f"{subject.name} sent {share:.0%} of {proto} users to {CANDIDATE}: it does not split {ALIAS}")


def candidate_share(seen: dict[str, int]) -> float:
    total = sum(seen.values())
    return seen[CANDIDATE] / total if total else 0.0


def _sample(bench: Bench, running: Running, proto: str, round_: int, seconds: float) -> Sample:
    subjects.take_seen(bench.behind)
    before = _Reading.take(running, bench.proxy_core)
    outcome = bench.loads.saturate(proto, port(running, proto), seconds)
    after = _Reading.take(running, bench.proxy_core)
    if outcome.requests == 0:
        raise RigError(f"{running.name} finished no {proto} request under load ({outcome.errors} errors)")
    wall_s = after.at - before.at
    used_s = after.usage.cpu_s - before.usage.cpu_s
    micros = 1e6 / outcome.requests
    return Sample(
        round=round_,
        proto=proto,
        subject=running.name,
        requests=outcome.requests,
        errors=outcome.errors,
        cpu_us=used_s * micros,
        user_us=(after.usage.user_s - before.usage.user_s) * micros,
        system_us=(after.usage.system_s - before.usage.system_s) * micros,
        rps=outcome.rps,
        p50_us=outcome.p50_us,
        p99_us=outcome.p99_us,
        switches=(after.usage.switches - before.usage.switches) / outcome.requests,
        rss_mib=after.usage.rss_mib,
        candidate_share=candidate_share(subjects.take_seen(bench.behind)),
        foreign=max(0.0, after.core.busy_s - before.core.busy_s - used_s) / wall_s,
        stolen=(after.core.stolen_s - before.core.stolen_s) / wall_s,
    )


@dataclass(frozen=True)
class _Reading:
    """The counters at one moment."""

    at: float
    usage: procfs.Usage
    core: procfs.Core

    @classmethod
    def take(cls, running: Running, core: int) -> _Reading:
        return cls(time.monotonic(), running.usage(), procfs.core(core))
