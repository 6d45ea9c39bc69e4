#!/usr/bin/env python3
"""Runs an official client's scenarios against an upstream and again through Pointsman, and compares answer by answer.

Called by the integration tests and by hand. Exit status: 0 all agree; 1 they differ, or a scenario went wrong on its own;
2 wrong arguments; 3 a suite could not be run.
"""

import argparse
import json
import os
import secrets
import subprocess
import sys
from pathlib import Path

from verdict import Comparison, Report, compared

HERE = Path(__file__).resolve().parent
SUITES = ("python", "js")
PROTOCOLS = ("rest", "grpc")
RELEASES = ("1.18", "newest")

# A run takes seconds; this is for a suite that hangs, so that the build says which one did.
SUITE_TIMEOUT_SECONDS = 600


class SuiteFailed(Exception):
    """A suite ended without a document: nothing can be said about the scenarios."""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--direct-rest", required=True, metavar="URL")
    parser.add_argument("--direct-grpc", required=True, metavar="URL")
    parser.add_argument("--through-rest", required=True, metavar="URL")
    parser.add_argument("--through-grpc", required=True, metavar="URL")
    parser.add_argument("--suite", choices=(*SUITES, "all"), default="all")
    parser.add_argument("--protocol", choices=(*PROTOCOLS, "all"), default="all")
    parser.add_argument("--release", choices=RELEASES, default=RELEASES[0], help="of the clients (default: 1.18)")
    parser.add_argument("--prefix", help="what collection names begin with; drawn at random when left out")
    parser.add_argument("--user", help="sent as x-user-id with every request")
    parser.add_argument("--via-alias", action="store_true", help="read and write through aliases")
    parser.add_argument("--min", type=int, default=100, help="fail when fewer scenarios were answered (default: 100)")
    parser.add_argument("--documents", type=Path, metavar="DIR", help="keep both documents of every suite here")
    return parser.parse_args()


def installed(release: str) -> Path:
    """Where the clients of a release are; installs them when they are not there yet."""
    done = subprocess.run([HERE / "setup.sh"], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise SuiteFailed(f"setup.sh failed with status {done.returncode}; its message is above")
    home = Path(done.stdout.strip())
    return home / "newest" if release == "newest" else home


def command(suite: str, clients: Path) -> list[str]:
    if suite == "python":
        return [str(clients / "python/bin/python"), str(HERE / "python/suite.py")]
    return ["node", str(HERE / "js/suite.mjs")]


def document(suite: str, clients: Path, rest: str, grpc: str, protocol: str, options: argparse.Namespace) -> list[dict]:
    """One run of one suite."""
    line = command(suite, clients)
    line += ["--rest", rest, "--grpc", grpc, "--protocol", protocol, "--prefix", options.prefix]
    line += ["--upstream-rest", options.direct_rest, "--upstream-grpc", options.direct_grpc]
    if options.user is not None:
        line += ["--user", options.user]
    if options.via_alias:
        line += ["--via-alias"]
    # A proxy of the environment would stand between the client and the address under test.
    environment = {key: value for key, value in os.environ.items() if key.lower() not in ("http_proxy", "https_proxy", "all_proxy")}
    environment |= {"POINTSMAN_CLIENTS": str(clients), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            line, stdout=subprocess.PIPE, text=True, check=False, timeout=SUITE_TIMEOUT_SECONDS, env=environment
        )
    except subprocess.TimeoutExpired:
        raise SuiteFailed(f"{suite} over {protocol} at {rest} did not end within {SUITE_TIMEOUT_SECONDS} s") from None
    if done.returncode != 0:
        raise SuiteFailed(f"{suite} over {protocol} at {rest} ended with status {done.returncode}; its message is above")
    try:
        return json.loads(done.stdout)
    except ValueError as error:
        raise SuiteFailed(f"{suite} over {protocol} at {rest} printed no JSON document: {error}") from None


def keep(folder: Path, name: str, scenarios: list[dict]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(scenarios, ensure_ascii=False, indent=1) + "\n")


def compare_suite(suite: str, protocol: str, clients: Path, options: argparse.Namespace) -> Comparison:
    direct = document(suite, clients, options.direct_rest, options.direct_grpc, protocol, options)
    through = document(suite, clients, options.through_rest, options.through_grpc, protocol, options)
    if options.documents is not None:
        keep(options.documents, f"{suite}-{protocol}-direct", direct)
        keep(options.documents, f"{suite}-{protocol}-through", through)
    return compared(f"{suite} over {protocol}", direct, through)


def chosen(choice: str, every: tuple[str, ...]) -> tuple[str, ...]:
    return every if choice == "all" else (choice,)


def main() -> int:
    options = arguments()
    # The same for both runs, so that error texts which quote a name can be compared.
    options.prefix = options.prefix or f"cs{secrets.token_hex(4)}"
    report = Report(sys.stdout, options.min)
    try:
        clients = installed(options.release)
        for suite in chosen(options.suite, SUITES):
            for protocol in chosen(options.protocol, PROTOCOLS):
                report.add(compare_suite(suite, protocol, clients, options))
    except SuiteFailed as error:
        print(f"compare.py: {error}", file=sys.stderr)
        return 3
    return 0 if report.agreed else 1


if __name__ == "__main__":
    sys.exit(main())
