"""The report: the same tables for the terminal and the Markdown file, and everything measured as JSON."""

from __future__ import annotations

import json
import platform
from dataclasses import asdict, dataclass, field
from pathlib import Path

from . import verdict
from .detail import Calls, Counters, Latency
from .rounds import Plan, Sample

TITLES = {"rest": "REST: a 4 KB query, a 1 KB answer", "grpc": "gRPC: a 4 KB message, a 1 KB answer with trailers"}
GRPC_NOTE = "The peers pass gRPC through: they cannot see the collection's name, so only the others split here."


@dataclass
class Run:
    """All that a run found out."""

    plan: Plan
    versions: dict[str, str]
    peers: set[str]
    samples: list[Sample] = field(default_factory=list)
    calls: list[Calls] = field(default_factory=list)
    counters: list[Counters] = field(default_factory=list)
    latency: list[Latency] = field(default_factory=list)


def markdown(run: Run) -> str:
    parts = [_machine(run)]
    for proto in run.plan.protos:
        parts += [f"## {TITLES[proto]}", _samples(run, proto)]
        if proto == "grpc" and run.peers:
            parts.append(GRPC_NOTE)
    parts += [_ratios(run), _details(run), _faults(run)]
    return "\n\n".join(part for part in parts if part) + "\n"


def as_json(run: Run) -> str:
    faults = verdict.faults(run.samples)
    whole = {
        "readable": not faults,
        "faults": faults,
        "plan": asdict(run.plan),
        "versions": run.versions,
        "machine": machine(),
        "ratios": [{**asdict(r), "met": r.met} for r in verdict.ratios(run.samples, run.peers)],
        "samples": [asdict(s) for s in run.samples],
        "calls": [asdict(c) for c in run.calls],
        "counters": [asdict(c) for c in run.counters],
        "latency": [asdict(x) for x in run.latency],
    }
    return json.dumps(whole, indent=1) + "\n"


def machine() -> dict[str, str]:
    info = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.partition(":")[2].strip() for line in info if line.startswith("model name")]
    return {"cpu": models[0] if models else platform.machine(), "cores": str(len(models)), "kernel": platform.release()}


def _machine(run: Run) -> str:
    about = machine()
    versions = ", ".join(f"{name} {version}" for name, version in run.versions.items())
    return (
        f"{about['cores']} cores of {about['cpu']}, Linux {about['kernel']}; {run.plan.rounds} rounds of {run.plan.seconds:g} s."
        f" {versions}. Medians over the rounds; the range of the CPU figure in brackets."
    )


def _samples(run: Run, proto: str) -> str:
    head = ["proxy", "CPU us/request", "user", "kernel", "requests/s", "p50 us", "p99 us", "switches/request", "RSS MiB", "to docs_v2"]
    rows = []
    for name in verdict.subjects_of(run.samples, proto):

        def mid(field_: str, name: str = name) -> float:
            return verdict.middle(run.samples, proto, name, field_)

        low, high = verdict.extremes(run.samples, proto, name, "cpu_us")
        rows.append([
            name,
            f"{mid('cpu_us'):.1f} ({low:.1f}-{high:.1f})",
            f"{mid('user_us'):.1f}",
            f"{mid('system_us'):.1f}",
            f"{mid('rps'):.0f}",
            f"{mid('p50_us'):.0f}",
            f"{mid('p99_us'):.0f}",
            f"{mid('switches'):.3f}",
            f"{mid('rss_mib'):.0f}",
            f"{mid('candidate_share'):.0%}",
        ])
    return _table(head, rows)


def _ratios(run: Run) -> str:
    found = verdict.ratios(run.samples, run.peers)
    rows = [
        [r.proto, r.subject, f"{r.median:.2f}", " ".join(f"{x:.2f}" for x in r.rounds), f"{r.target:.2f}", "met" if r.met else "missed"]
        for r in found
    ]
    return "## CPU against the best peer of the same round\n\n" + _table(["", "proxy", "median", "rounds", "target", ""], rows) if rows else ""


def _details(run: Run) -> str:
    parts = []
    if run.calls:
        rows = [[c.proto, c.subject, f"{c.total:.2f}", _list(c.by_name)] for c in run.calls]
        parts.append("## System calls a request\n\n" + _table(["", "proxy", "all", "by name"], rows))
    if run.counters:
        rows = [[c.proto, c.subject, _list(c.per_request)] for c in run.counters]
        parts.append("## Counters a request (task-clock in ms)\n\n" + _table(["", "proxy", "perf stat"], rows))
    if run.latency:
        rows = [[x.proto, x.subject, str(x.rate), f"{x.reached:.0f}", f"{x.p50_us:.0f}", f"{x.p99_us:.0f}"] for x in run.latency]
        head = ["", "proxy", "rate asked", "reached", "p50 us", "p99 us"]
        parts.append("## Latency at half the load of the slowest\n\n" + _table(head, rows))
    return "\n\n".join(parts)


def _faults(run: Run) -> str:
    found = verdict.faults(run.samples)
    if not found:
        return ""
    return "\n".join(["**This run is unreadable:** repeat it on a quiet machine.", "", *(f"- {fault}" for fault in found)])


def _list(values: dict[str, float]) -> str:
    ordered = sorted(values.items(), key=lambda item: -item[1])
    return ", ".join(f"{name} {value:.3g}" for name, value in ordered)


def _table(head: list[str], rows: list[list[str]]) -> str:
    """A Markdown table padded to line up in a terminal: names to the left, figures to the right."""
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    right = [all(row[i][:1].isdigit() for row in rows) for i in range(len(head))]

    def line(cells: list[str]) -> str:
        padded = (c.rjust(w) if r else c.ljust(w) for c, w, r in zip(cells, widths, right, strict=True))
        return f"| {' | '.join(padded)} |"

    rule = ["-" * (w - 1) + ":" if r and w > 1 else "-" * max(w, 1) for w, r in zip(widths, right, strict=True)]
    return "\n".join([line(head), f"| {' | '.join(rule)} |", *map(line, rows)])
