"""The proxies under test and the static upstream: how each is started, pinned, probed and stopped."""

from __future__ import annotations

import http.client
import json
import os
import pwd
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from . import procfs
from .failure import RigError
from .messages import REST_PATH

CONFIG = Path(__file__).resolve().parent.parent / "config"
PEERS = ("nginx", "haproxy", "envoy")
PATIENCE_S = 15.0


@dataclass(frozen=True)
class Subject:
    """A proxy: the program and which command line it wants."""

    name: str
    kind: str
    program: str

    @property
    def is_peer(self) -> bool:
        return self.kind in PEERS

    def command(self, folder: Path) -> tuple[list[str], str]:
        """The command line and the name of the configuration file it reads in `folder`."""
        match self.kind:
            case "nginx":
                return [self.program, "-g", "daemon off;", "-p", str(folder), "-c", str(folder / "nginx.conf")], "nginx.conf"
            case "haproxy":
                return [self.program, "-db", "-f", str(folder / "haproxy.cfg")], "haproxy.cfg"
            case "envoy":
                quiet = ["--concurrency", "1", "--disable-hot-restart", "--log-level", "error"]
                return [self.program, *quiet, "-c", str(folder / "envoy.yaml")], "envoy.yaml"
            case _:
                return [self.program, "serve", "--config", str(folder / "pointsman.yaml")], "pointsman.yaml"


@dataclass(frozen=True)
class Ports:
    rest: int
    grpc: int
    admin: int


@dataclass(frozen=True)
class Running:
    """A started program. Its processes are listed once: none of them forks while it serves."""

    name: str
    ports: Ports
    pids: list[int]

    def usage(self) -> procfs.Usage:
        try:
            return procfs.usage(self.pids)
        except (FileNotFoundError, ProcessLookupError) as gone:
            raise RigError(f"{self.name} ended while it was measured ({gone})") from gone


def free_ports() -> Ports:
    """Three ports nobody listens on now; held together so that they differ."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return Ports(*ports)


@contextmanager
def upstream(program: str, core: int, folder: Path) -> Iterator[Running]:
    ports = free_ports()
    command = [program, str(ports.rest), str(ports.grpc)]
    with _started("upstream", command, core, folder) as process:
        _wait_until_answers("upstream", process, ports.rest, folder)
        yield Running("upstream", ports, procfs.tree(process.pid))


@contextmanager
def proxy(subject: Subject, behind: Running, core: int, folder: Path) -> Iterator[Running]:
    ports = free_ports()
    home = folder / subject.name
    home.mkdir(exist_ok=True)
    command, config = subject.command(home)
    (home / config).write_text(_filled(CONFIG / config, ports, behind.ports, home))
    with _started(subject.name, command, core, home) as process:
        _wait_until_answers(subject.name, process, ports.rest, home)
        yield Running(subject.name, ports, procfs.tree(process.pid))


def rest_answer(port: int, user: str) -> int:
    """The status of one small query."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("POST", REST_PATH, b"{}", {"Content-Type": "application/json", "x-user-id": user})
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


def take_seen(running: Running) -> dict[str, int]:
    """How many requests reached the upstream by collection name since the last call."""
    connection = http.client.HTTPConnection("127.0.0.1", running.ports.rest, timeout=5)
    try:
        connection.request("GET", "/seen")
        return json.load(connection.getresponse())
    finally:
        connection.close()


def _filled(template: Path, own: Ports, behind: Ports, folder: Path) -> str:
    text = template.read_text()
    values = {
        "REST": own.rest,
        "GRPC": own.grpc,
        "ADMIN": own.admin,
        "UPSTREAM_REST": behind.rest,
        "UPSTREAM_GRPC": behind.grpc,
        "DIR": folder,
        "USER": pwd.getpwuid(os.geteuid()).pw_name,
    }
    for key, value in values.items():
        text = text.replace(f"@{key}@", str(value))
    return text


@contextmanager
def _started(name: str, command: list[str], core: int, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Runs `command` pinned to `core`, in its own process group so that its workers end with it."""
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            ["taskset", "--cpu-list", str(core), *command],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, sign)
        except ProcessLookupError:
            break
        try:
            process.wait(timeout=3)
        except subprocess.TimeoutExpired:
            continue
    process.wait()


def _wait_until_answers(name: str, process: subprocess.Popen[bytes], port: int, folder: Path) -> None:
    """Until a query is answered with 200: listening is not yet serving."""
    deadline = time.monotonic() + PATIENCE_S
    last = "nothing listened"
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RigError(f"{name} ended with {process.returncode} while starting:\n{_tail(folder / f'{name}.log')}")
        try:
            status = rest_answer(port, "probe")
        except OSError as error:
            last = str(error)
        else:
            if status == 200:
                return
            last = f"status {status}"
        time.sleep(0.05)
    raise RigError(f"{name} did not serve within {PATIENCE_S:.0f} s ({last}):\n{_tail(folder / f'{name}.log')}")


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-20:])
