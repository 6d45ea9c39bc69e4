"""What the kernel says a group of processes used, and how busy a core was: read from /proc before and after a load."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

TICK = 1 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Usage:
    """Counters of a process tree, all threads and workers together."""

    user_s: float
    system_s: float
    switches: int
    rss_mib: float

    @property
    def cpu_s(self) -> float:
        return self.user_s + self.system_s


@dataclass(frozen=True)
class Core:
    """Counters of one core since boot."""

    busy_s: float
    stolen_s: float


def tree(root: int) -> list[int]:
    """`root` and everything below it: nginx serves from a child, other proxies from threads."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int(_stat(int(entry.name))[1])
            except (FileNotFoundError, ProcessLookupError):
                continue  # it ended between listing and reading
            children.setdefault(parent, []).append(int(entry.name))
    found = [root]
    for pid in found:
        found.extend(children.get(pid, []))
    return found


def usage(pids: list[int]) -> Usage:
    user = system = 0
    switches = 0
    pages = 0
    for pid in pids:
        fields = _stat(pid)
        user += int(fields[11])
        system += int(fields[12])
        pages += int(fields[21])
        for thread in Path(f"/proc/{pid}/task").iterdir():
            try:
                switches += _switches(thread / "status")
            except (FileNotFoundError, ProcessLookupError):
                continue  # it ended between listing and reading
    return Usage(user * TICK, system * TICK, switches, pages * os.sysconf("SC_PAGE_SIZE") / 2**20)


def core(number: int) -> Core:
    name = f"cpu{number}"
    for line in Path("/proc/stat").read_text().splitlines():
        fields = line.split()
        if fields[0] == name:
            user, nice, system, _idle, _wait, irq, softirq, stolen = map(int, fields[1:9])
            return Core((user + nice + system + irq + softirq) * TICK, stolen * TICK)
    raise ValueError(f"/proc/stat has no line for {name}")


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the state on: the name before them may hold spaces and brackets."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _switches(status: Path) -> int:
    lines = status.read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if "ctxt_switches" in line)
