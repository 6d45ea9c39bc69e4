"""What two documents of one suite say about each other, and how that is told. Used by `compare.py`."""

import difflib
import json
from dataclasses import dataclass, field
from typing import TextIO

# How a server says that it does not serve a call: two such answers are alike, and prove nothing.
UNSERVED = (501, "UNIMPLEMENTED")


@dataclass
class Comparison:
    """Every scenario of the suite is in exactly one of these."""

    title: str
    alike: list[str] = field(default_factory=list)
    unserved: list[str] = field(default_factory=list)
    different: dict[str, list[str]] = field(default_factory=dict)
    unexpected: dict[str, str] = field(default_factory=dict)


def compared(title: str, direct: list[dict], through: list[dict]) -> Comparison:
    result = Comparison(title)
    there, here = by_name(direct), by_name(through)
    for name in [*there, *(name for name in here if name not in there)]:
        place(result, name, there.get(name), here.get(name))
    return result


def by_name(scenarios: list[dict]) -> dict[str, dict]:
    named = {one["name"]: one for one in scenarios}
    if len(named) != len(scenarios):
        raise ValueError("two scenarios of one suite have the same name: rename one of them")
    return named


def place(result: Comparison, name: str, direct: dict | None, through: dict | None) -> None:
    if direct is None or through is None or direct != through:
        result.different[name] = difference(direct, through)
    elif unserved(direct):
        result.unserved.append(name)
    elif direct["ok"] != (direct["expect"] == "ok"):
        # Alike but not what the scenario is about: a broken suite or upstream would otherwise pass as agreement.
        result.unexpected[name] = json.dumps(direct.get("error", direct.get("answer")), ensure_ascii=False)
    else:
        result.alike.append(name)


def unserved(scenario: dict) -> bool:
    return not scenario["ok"] and scenario["error"]["status"] in UNSERVED


def difference(direct: dict | None, through: dict | None) -> list[str]:
    return list(difflib.unified_diff(lines(direct), lines(through), "direct", "through", lineterm="", n=2))


def lines(scenario: dict | None) -> list[str]:
    if scenario is None:
        return ["(this scenario was not run)"]
    return json.dumps(scenario, ensure_ascii=False, indent=1, sort_keys=True).splitlines()


class Report:
    """Tells each comparison as it comes and remembers whether all is well."""

    def __init__(self, out: TextIO, minimum: int) -> None:
        self.out = out
        self.minimum = minimum
        self.agreed = True

    def add(self, comparison: Comparison) -> None:
        answered = len(comparison.alike)
        self.say(
            f"{comparison.title}: {answered} alike, {len(comparison.different)} different, "
            f"{len(comparison.unexpected)} unexpected, {len(comparison.unserved)} unserved"
        )
        for name in comparison.unserved:
            self.say(f"  unserved on both sides: {name}")
        for name, what in comparison.unexpected.items():
            self.fail(f"  unexpected on both sides: {name}: {what[:400]}")
        for name, diff in comparison.different.items():
            self.fail(f"  different: {name}")
            for line in shortened(diff):
                self.say(f"    {line}")
        if answered < self.minimum:
            self.fail(f"  only {answered} scenarios were answered alike, fewer than the {self.minimum} asked for")

    def fail(self, text: str) -> None:
        self.agreed = False
        self.say(text)

    def say(self, text: str) -> None:
        print(text, file=self.out, flush=True)


def shortened(diff: list[str], most: int = 60) -> list[str]:
    """Enough to see what is wrong; `--documents` keeps the whole."""
    return diff if len(diff) <= most else [*diff[:most], f"... and {len(diff) - most} lines more"]
