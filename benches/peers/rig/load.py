"""The load generators: wrk for REST, h2load for gRPC and for a fixed rate on either. All run on the load core."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from . import grpc_probe
from .failure import RigError
from .messages import GRPC_PATH, REST_PATH, write_grpc, write_rest

REST_CONNECTIONS = 32
REST_USERS = 400
GRPC_STREAMS = 4
# h2load sends the same headers on all its connections, so there is one process, with one connection, for each user.
# These are chosen so that neither variant of a 50:50 split goes without users.
GRPC_USERS = tuple(f"user-{n}" for n in range(1, 9))
SCRIPT = Path(__file__).resolve().parent.parent / "queries.lua"


@dataclass(frozen=True)
class Outcome:
    """What a load saw."""

    requests: int
    errors: int
    seconds: float
    p50_us: float
    p99_us: float

    @property
    def rps(self) -> float:
        return self.requests / self.seconds


class Loads:
    """Starts loads against a port of this machine."""

    def __init__(self, programs: dict[str, str], core: int, folder: Path) -> None:
        self._wrk = ["taskset", "--cpu-list", str(core), programs.get("wrk", "wrk")]
        self._h2load = ["taskset", "--cpu-list", str(core), programs.get("h2load", "h2load")]
        self._folder = folder
        self._json = write_rest(folder)
        self._message = write_grpc(folder)

    def saturate(self, proto: str, port: int, seconds: float) -> Outcome:
        """As many requests as the proxy and the load core together manage."""
        return self._wrk_run(port, seconds) if proto == "rest" else self._h2load_run(proto, port, seconds, None)

    def at_rate(self, proto: str, port: int, seconds: float, rate: int) -> Outcome:
        """`rate` requests a second in all, spread evenly over the connections."""
        return self._h2load_run(proto, port, seconds, rate)

    def check_grpc(self, port: int) -> None:
        """A call of each user must be answered whole, trailers included."""
        for user in GRPC_USERS:
            grpc_probe.check(port, self._message, user)

    def _wrk_run(self, port: int, seconds: float) -> Outcome:
        shape = ["--threads=1", f"--connections={REST_CONNECTIONS}", f"--duration={_whole(seconds)}s"]
        script = [f"--script={SCRIPT}", _url(port, REST_PATH), "--", str(self._json), REST_PATH, str(REST_USERS)]
        said = _run([*self._wrk, *shape, *script])
        found = re.search(r"^RESULT (\d+) (\d+) (\d+) (\d+) (\d+)$", said, re.MULTILINE)
        if found is None:
            raise RigError(f"wrk printed no result:\n{said}")
        requests, errors, micros, p50, p99 = map(int, found.groups())
        return Outcome(requests, errors, micros / 1e6, p50, p99)

    def _h2load_run(self, proto: str, port: int, seconds: float, rate: int | None) -> Outcome:
        """One process for each user, at once. The log of each request's time gives exact percentiles over all of them."""
        each = REST_CONNECTIONS // len(GRPC_USERS) if proto == "rest" else 1
        streams = 1 if proto == "rest" else GRPC_STREAMS
        path = REST_PATH if proto == "rest" else GRPC_PATH
        shape = [f"--clients={each}", f"--max-concurrent-streams={streams}", f"--duration={_whole(seconds)}"]
        if rate is not None:
            shape.append(f"--rps={max(1, round(rate / (each * len(GRPC_USERS))))}")
        logs = [self._folder / f"h2load-{user}.tsv" for user in GRPC_USERS]
        processes = []
        for user, log in zip(GRPC_USERS, logs, strict=True):
            log.unlink(missing_ok=True)
            command = [*self._h2load, *shape, f"--log-file={log}", *self._request(proto, user), _url(port, path)]
            processes.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True))
        said = [process.communicate()[0] for process in processes]
        requests = errors = 0
        for text in said:
            done, failed = _h2load_counts(text)
            requests += done
            errors += failed
        times = sorted(int(line.split("\t")[2]) for log in logs for line in log.read_text().splitlines())
        if not times:
            raise RigError(f"h2load finished no request:\n{said[0]}")
        return Outcome(requests, errors, _whole(seconds), _quantile(times, 0.50), _quantile(times, 0.99))

    def _request(self, proto: str, user: str) -> list[str]:
        if proto == "rest":
            return ["--h1", f"--data={self._json}", "--header=content-type: application/json", f"--header=x-user-id: {user}"]
        headers = ("content-type: application/grpc", "te: trailers", f"x-user-id: {user}")
        return [f"--data={self._message}", *(f"--header={h}" for h in headers)]


def _h2load_counts(said: str) -> tuple[int, int]:
    """Requests answered with 2xx, and those that failed or were answered otherwise."""
    requests = re.search(r"requests: \d+ total, \d+ started, \d+ done, \d+ succeeded, (\d+) failed", said)
    statuses = re.search(r"status codes: (\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx", said)
    if requests is None or statuses is None:
        raise RigError(f"h2load printed no summary:\n{said}")
    good, *bad = map(int, statuses.groups())
    return good, max(int(requests[1]), sum(bad))


def _quantile(ordered: list[int], share: float) -> int:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _whole(seconds: float) -> int:
    """Both generators take whole seconds."""
    return max(1, round(seconds))


def _url(port: int, path: str) -> str:
    return f"http://127.0.0.1:{port}{path}"


def _run(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RigError(f"`{' '.join(command)}` ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout
