#!/usr/bin/env python3
"""Pointsman beside nginx, HAProxy and Envoy at the same job: CPU a request, throughput, latency. See README.md here.

Standard library only; needs Linux and two cores.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rig import detail, report, rounds, subjects, tools
from rig.failure import RigError
from rig.load import Loads
from rig.subjects import PEERS, Subject

PROTOS = ["rest", "grpc"]


def main() -> int:
    options = _options()
    try:
        run = _run(options)
    except RigError as error:
        print(f"bench-peers: {error}", file=sys.stderr)
        return 1
    text = report.markdown(run)
    print(f"\n{text}")
    if options.out:
        options.out.with_suffix(".md").write_text(text)
        options.out.with_suffix(".json").write_text(report.as_json(run))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pointsman", type=Path, help="the binary to measure (a release build)")
    parser.add_argument("--candidate", action="append", default=[], metavar="NAME=PATH", help="a further build to measure beside it")
    parser.add_argument("--upstream", type=Path, required=True, help="the static upstream, peers-upstream (a release build)")
    parser.add_argument("--only", type=_words, metavar="NAME,...", help="measure these only")
    parser.add_argument("--proto", choices=PROTOS, help="measure this protocol only")
    parser.add_argument("--rounds", type=int, help="how often each proxy is measured (default 5)")
    parser.add_argument("--seconds", type=int, help="length of one measurement (default 4)")
    parser.add_argument("--quick", action="store_true", help="2 rounds of 1 s: shows that everything runs, measures nothing well")
    parser.add_argument("--latency", action="store_true", help="also measure latency at half the load of the slowest, and without a proxy")
    parser.add_argument("--strace", action="store_true", help="also count system calls a request, in runs of their own")
    parser.add_argument("--perf", action="store_true", help="also count events by `perf stat`, in runs of their own")
    parser.add_argument("--proxy-core", type=int, default=0)
    parser.add_argument("--load-core", type=int, default=1, help="for the load generators and the upstream")
    parser.add_argument("--no-install", action="store_true", help="fail when a program is missing instead of installing it")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write FILE.md and FILE.json")
    return parser.parse_args()


def _words(text: str) -> list[str]:
    return [word for word in text.split(",") if word]


def _run(options: argparse.Namespace) -> report.Run:
    _check_cores(options)
    plan = _plan(options)
    builds = _builds(options)
    names = options.only or [*PEERS, *builds]
    if unknown := sorted(set(names) - set(PEERS) - set(builds)):
        raise RigError(f"--only names {', '.join(unknown)}; known are {', '.join([*PEERS, *builds])}")
    programs = tools.find(_needed(options, names, plan), not options.no_install)
    items = [Subject(n, n, programs[n]) if n in PEERS else Subject(n, "pointsman", str(builds[n])) for n in names]
    run = report.Run(plan, {i.name: _version(i) for i in items}, {i.name for i in items if i.is_peer})
    with tempfile.TemporaryDirectory(prefix="peers-") as scratch:
        folder = Path(scratch)
        loads = Loads(programs, options.load_core, folder)
        with subjects.upstream(str(_program("--upstream", options.upstream)), options.load_core, folder) as behind:
            bench = rounds.Bench(loads, behind, options.proxy_core, folder)
            run.samples = list(rounds.measure(bench, items, plan, _say))
            _extras(options, bench, items, programs, run)
    return run


def _check_cores(options: argparse.Namespace) -> None:
    allowed = os.sched_getaffinity(0)
    if missing := {options.proxy_core, options.load_core} - allowed:
        raise RigError(f"cores {sorted(missing)} are not among those this process may use: {sorted(allowed)}")
    if options.proxy_core == options.load_core:
        raise RigError("the proxy and the load need a core each; change --proxy-core or --load-core")


def _plan(options: argparse.Namespace) -> rounds.Plan:
    default_rounds, default_seconds = (2, 1) if options.quick else (5, 4)
    return rounds.Plan(
        protos=[options.proto] if options.proto else PROTOS,
        rounds=max(1, options.rounds or default_rounds),
        seconds=max(1, options.seconds or default_seconds),
        warm_s=1,
    )


def _builds(options: argparse.Namespace) -> dict[str, Path]:
    """The builds of Pointsman to measure, by name."""
    found = {}
    if options.pointsman:
        found["pointsman"] = _program("--pointsman", options.pointsman)
    for given in options.candidate:
        name, equals, path = given.partition("=")
        if not equals or name in PEERS or name in found:
            raise RigError(f"--candidate {given}: want NAME=PATH, with a name not yet taken")
        found[name] = _program(f"--candidate {name}", Path(path))
    return found


def _program(option: str, path: Path) -> Path:
    if not os.access(path, os.X_OK):
        raise RigError(f"{option}: {path} is no program; build it first (`make bench-peers` does)")
    return path.resolve()


def _needed(options: argparse.Namespace, names: list[str], plan: rounds.Plan) -> set[str]:
    generators = {"rest": {"wrk"}, "grpc": {"h2load"}}
    needed = {"taskset", *(set(names) & set(PEERS))}.union(*(generators[proto] for proto in plan.protos))
    if options.latency:
        needed.add("h2load")
    return needed | {name for name in ("strace", "perf") if getattr(options, name)}


def _version(subject: Subject) -> str:
    flag = {"nginx": "-v", "haproxy": "-v"}.get(subject.kind, "--version")
    said = subprocess.run([subject.program, flag], capture_output=True, text=True, check=False)
    found = re.search(r"\d+\.\d+\.\d+", said.stdout + said.stderr)
    return found[0] if found else "of unknown version"


def _extras(
    options: argparse.Namespace, bench: rounds.Bench, items: list[Subject], programs: dict[str, str], run: report.Run
) -> None:
    for proto in run.plan.protos:
        if options.latency:
            slowest = min(s.rps for s in run.samples if s.proto == proto)
            rate = round(slowest * detail.RATE_SHARE)
            _say(f"latency at {rate} {proto} requests a second")
            run.latency += detail.latency(bench, items, proto, rate, run.plan.seconds)
        for subject in items:
            if options.strace:
                _say(f"strace  {proto}  {subject.name}")
                run.calls.append(detail.calls(bench, subject, proto, programs["strace"], 1))
            if options.perf:
                _say(f"perf    {proto}  {subject.name}")
                run.counters.append(detail.counters(bench, subject, proto, programs["perf"], 1))


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
