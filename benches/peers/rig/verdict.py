"""The arithmetic on samples: medians, ratios within a round, and whether the run can be read at all. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median
from typing import TypeVar

from .rounds import Sample

T = TypeVar("T")

CONTROL = "nginx"
CONTROL_DRIFT = 0.10
FOREIGN = 0.10
# CPU per request against the best peer of the same round that the project holds itself to.
TARGETS = {"rest": 0.95, "grpc": 0.80}


@dataclass(frozen=True)
class Ratio:
    """One proxy against the best peer, round by round."""

    proto: str
    subject: str
    rounds: list[float]
    median: float
    target: float

    @property
    def met(self) -> bool:
        return self.median <= self.target


def ratios(samples: list[Sample], peers: set[str]) -> list[Ratio]:
    """CPU per request over that of the round's cheapest peer. Rounds drift together, so only these can be compared."""
    found = []
    for proto in _unique(s.proto for s in samples):
        mine = [s for s in samples if s.proto == proto]
        best = {
            r: min((s.cpu_us for s in mine if s.round == r and s.subject in peers), default=None)
            for r in _unique(s.round for s in mine)
        }
        for subject in _unique(s.subject for s in mine if s.subject not in peers):
            by_round = [s.cpu_us / b for s in mine if s.subject == subject and (b := best[s.round]) is not None]
            if by_round:
                found.append(Ratio(proto, subject, by_round, median(by_round), TARGETS[proto]))
    return found


def faults(samples: list[Sample]) -> list[str]:
    """Why this run cannot be read; empty when it can."""
    found = []
    for proto in _unique(s.proto for s in samples):
        mine = [s for s in samples if s.proto == proto]
        control = [s.cpu_us for s in mine if s.subject == CONTROL]
        if not control:
            found.append(f"{proto}: {CONTROL} did not run, so nothing shows whether the machine held still")
        elif (moved := (max(control) - min(control)) / median(control)) > CONTROL_DRIFT:
            found.append(f"{proto}: {CONTROL}'s own figure moved by {moved:.0%} between rounds (limit {CONTROL_DRIFT:.0%})")
        worst = max(mine, key=lambda s: s.foreign + s.stolen)
        if worst.foreign + worst.stolen > FOREIGN:
            found.append(
                f"{proto}: others had {worst.foreign + worst.stolen:.0%} of the proxy's core in round {worst.round + 1}"
                f" ({worst.subject}; limit {FOREIGN:.0%})"
            )
        for sample in mine:
            if sample.errors:
                found.append(f"{proto}: {sample.subject} failed {sample.errors} requests in round {sample.round + 1}")
    return found


def middle(samples: list[Sample], proto: str, subject: str, field: str) -> float:
    return median(getattr(s, field) for s in samples if s.proto == proto and s.subject == subject)


def extremes(samples: list[Sample], proto: str, subject: str, field: str) -> tuple[float, float]:
    values = [getattr(s, field) for s in samples if s.proto == proto and s.subject == subject]
    return min(values), max(values)


def subjects_of(samples: list[Sample], proto: str) -> list[str]:
    """Cheapest first."""
    names = _unique(s.subject for s in samples if s.proto == proto)
    return sorted(names, key=lambda name: middle(samples, proto, name, "cpu_us"))


def _unique(items: Iterable[T]) -> list[T]:
    return list(dict.fromkeys(items))
