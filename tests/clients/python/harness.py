"""How a scenario is declared and run, and what its outcome looks like. Used by every module in `scenarios`."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
from qdrant_client import QdrantClient
from qdrant_client.common.client_exceptions import ResourceExhaustedResponse
from qdrant_client.http.exceptions import UnexpectedResponse

from canonical import canonical

POINTS = json.loads((Path(__file__).parent.parent / "data.json").read_text())["points"]


@dataclass
class Context:
    """What a scenario works with. `note` carries from one scenario to a later one, a second client say."""

    client: QdrantClient
    connect: Callable[..., QdrantClient]
    protocol: str
    prefix: str
    via_alias: bool
    note: dict[str, Any] = field(default_factory=dict)

    @property
    def grpc(self) -> bool:
        return self.protocol == "grpc"

    def name(self, short: str) -> str:
        """A name of this run's own, so that runs side by side never meet."""
        return f"{self.prefix}_{short}"

    def alias(self, short: str) -> str:
        return f"{self.prefix}_{short}_alias"

    def at(self, short: str) -> str:
        """Where reads and writes of points go: the collection, or the alias that stands for it."""
        return self.alias(short) if self.via_alias else self.name(short)


@dataclass
class Scenario:
    name: str
    expect: str
    run: Callable[[Context], Any]
    protocols: tuple[str, ...]


SCENARIOS: list[Scenario] = []


def scenario(name: str, expect: str = "ok", protocols: tuple[str, ...] = ("rest", "grpc")) -> Callable:
    """Registers a function as a scenario. They run in the order they are written: later ones use what earlier ones made."""

    def register(run: Callable[[Context], Any]) -> Callable[[Context], Any]:
        SCENARIOS.append(Scenario(name, expect, run, protocols))
        return run

    return register


def outcome(one: Scenario, context: Context) -> dict[str, Any]:
    """Runs one scenario. Whatever happens becomes part of the document: an unforeseen exception must differ, not vanish."""
    result: dict[str, Any] = {"name": one.name, "expect": one.expect}
    try:
        result["answer"] = canonical(one.run(context))
        result["ok"] = True
    except Exception as error:  # noqa: BLE001
        result["ok"] = False
        result["error"] = described(error)
    return result


def described(error: Exception) -> dict[str, Any]:
    if isinstance(error, UnexpectedResponse):
        return {"type": "UnexpectedResponse", "status": error.status_code, "text": rest_text(error.content)}
    if isinstance(error, ResourceExhaustedResponse):
        return {"type": "ResourceExhausted", "status": 429, "text": error.message, "retry_after": error.retry_after_s}
    if isinstance(error, grpc.RpcError):
        return {"type": "RpcError", "status": error.code().name, "text": error.details()}
    return {"type": type(error).__name__, "status": None, "text": str(error)}


def rest_text(content: bytes) -> Any:
    """The body without its time. Kept whole when it is not Qdrant's envelope: then the shape is what differs."""
    try:
        body = json.loads(content)
    except ValueError:
        return content.decode(errors="replace")
    return canonical(body)
