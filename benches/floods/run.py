#!/usr/bin/env python3
"""Floods, bombs, slow and silent peers against one Pointsman: do memory and descriptors stay flat?

Starts a sandbox and Pointsman on free loopback ports, attacks for a bounded time, samples the process, stops the attack
and looks whether everything is given back. Needs Python 3.11 and nothing else. Exits with 1 where something grew.
"""

import argparse
import contextlib
import gzip
import json
import random
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from pathlib import Path

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, WINDOW_UPDATE = 0, 1, 3, 4, 8
END_STREAM, END_HEADERS, ACK = 1, 4, 1
INITIAL_WINDOW_SIZE = 4
# What may be more at the end of the attack than after the warm-up, in parts of one.
GROWTH = 0.10
# Kept connections and the samples' own requests.
DESCRIPTORS = 64


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def block(fields):
    """Header fields as literals without indexing, without Huffman coding (RFC 7541, section 6.2.2)."""
    out = b""
    for name, value in fields:
        out += b"\0" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()
    return out


def call(method, *more):
    return block([(":method", "POST"), (":scheme", "http"), (":authority", "x"), (":path", method),
                  ("content-type", "application/grpc"), ("te", "trailers"), *more])


def query(unit):
    body = b'{"query":[1.0,0.5],"limit":10,"with_payload":true}'
    return (f"POST /collections/docs/points/query HTTP/1.1\r\nhost: x\r\nx-user-id: {unit}\r\n"
            f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n").encode() + body


class Attack:
    """Threads that repeat something until the time is over. A connection that is closed under them is what they want to see."""

    def __init__(self, rest, grpc):
        self.rest, self.grpc = rest, grpc
        self.over = threading.Event()
        self.done = Counter()
        self.threads = []

    def start(self, name, times, act):
        for _ in range(times):
            thread = threading.Thread(target=self.repeat, args=(name, act), daemon=True)
            thread.start()
            self.threads.append(thread)

    def repeat(self, name, act):
        while not self.over.is_set():
            # The other side may refuse, close or reset at any moment: then it is tried again.
            with contextlib.suppress(OSError):
                act()
            self.done[name] += 1

    def stop(self):
        self.over.set()
        for thread in self.threads:
            thread.join(timeout=30)

    def connect(self, port):
        connection = socket.create_connection(("127.0.0.1", port), timeout=5)
        connection.settimeout(5)
        return connection

    def http2(self, port, window=None):
        connection = self.connect(port)
        settings = b"" if window is None else struct.pack(">HI", INITIAL_WINDOW_SIZE, window)
        connection.sendall(PREFACE + frame(SETTINGS, 0, 0, settings) + frame(SETTINGS, ACK, 0))
        return connection

    def requests(self):
        """A hundred good ones over one connection."""
        with self.connect(self.rest) as connection:
            for unit in range(100):
                connection.sendall(query(unit))
                if not connection.recv(65536) or self.over.is_set():
                    return

    def slow_head(self):
        """A byte a second."""
        with self.connect(self.rest) as connection:
            for byte in query(1):
                connection.sendall(bytes([byte]))
                if self.over.wait(1):
                    return

    def slow_body(self):
        """A body that stops in its middle."""
        with self.connect(self.rest) as connection:
            connection.sendall(query(1)[:-10])
            connection.settimeout(1)
            while not self.over.is_set():
                with contextlib.suppress(TimeoutError):
                    if not connection.recv(65536):
                        return

    def abort(self):
        with self.connect(self.rest) as connection:
            connection.sendall(query(2)[:-5])

    def come_and_go(self):
        self.connect(self.rest).close()
        self.connect(self.grpc).close()

    def bomb(self):
        """64 MiB of zeros in 64 KiB of gzip, for a collection whose name has to be replaced."""
        message = BOMB
        body = b"\1" + struct.pack(">I", len(message)) + message
        with self.http2(self.grpc) as connection:
            head = call("/qdrant.Points/Query", ("grpc-encoding", "gzip"), ("x-user-id", str(random.randrange(10**6))))
            connection.sendall(frame(HEADERS, END_HEADERS, 1, head))
            for start in range(0, len(body), 16384):
                connection.sendall(frame(DATA, END_STREAM if start + 16384 >= len(body) else 0, 1, body[start:start + 16384]))
            connection.recv(65536)
            connection.recv(65536)

    def rapid_reset(self):
        with self.http2(self.grpc) as connection:
            for stream in range(1, 201, 2):
                connection.sendall(frame(HEADERS, END_HEADERS, stream, call("/qdrant.Points/Query"))
                                   + frame(RST_STREAM, 0, stream, struct.pack(">I", 8)))
            connection.recv(65536)

    def unread(self):
        """Answers for which there is no window, ever."""
        with self.http2(self.grpc, window=0) as connection:
            message = b"\x0a\x04docs"
            body = b"\0" + struct.pack(">I", len(message)) + message
            for stream in range(1, 41, 2):
                connection.sendall(frame(HEADERS, END_HEADERS, stream, call("/qdrant.Points/Scroll"))
                                   + frame(DATA, END_STREAM, stream, body))
            connection.settimeout(1)
            while not self.over.is_set():
                with contextlib.suppress(TimeoutError):
                    if not connection.recv(65536):
                        return


def zeros():
    """A query of that size: the name, and a field that Qdrant does not know."""
    plain = b"\x0a\x04docs" + b"\xfa\x3e" + varint(64 << 20) + bytes(64 << 20)
    return gzip.compress(plain, 9)


def varint(number):
    out = b""
    while number >= 0x80:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


BOMB = zeros()


class Silent:
    """An upstream that accepts and says nothing."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            connection, _ = self.listener.accept()
            threading.Thread(target=self.swallow, args=(connection,), daemon=True).start()

    def swallow(self, connection):
        with contextlib.suppress(OSError), connection:
            while connection.recv(65536):
                pass


def send(url, method="GET", body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"content-type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.read()


def wait_for(url, program):
    for _ in range(600):
        if program.poll() is not None:
            sys.exit(f"a program ended at its start: {program.args}")
        with contextlib.suppress(OSError):
            return send(url)
        time.sleep(0.1)
    sys.exit(f"{url} never answered")


def sample(pid):
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * 4096 / 2**20, len(list(Path(f"/proc/{pid}/fd").iterdir()))


def gauges(admin):
    lines = send(f"http://127.0.0.1:{admin}/metrics").decode().splitlines()
    return sum(float(line.split()[-1]) for line in lines if "in_flight" in line and not line.startswith("#"))


def configuration(folder, ports, silent):
    path = Path(folder) / "pointsman.yaml"
    path.write_text(f"""listen: {{rest: "127.0.0.1:{ports['rest']}", grpc: "127.0.0.1:{ports['grpc']}", admin: "127.0.0.1:{ports['admin']}"}}
store: {{url: "memory:"}}
upstreams:
  default: {{rest_url: "http://127.0.0.1:{ports['up_rest']}", grpc_url: "http://127.0.0.1:{ports['up_grpc']}"}}
  silent: {{rest_url: "http://127.0.0.1:{silent}", grpc_url: "http://127.0.0.1:{silent}"}}
routes:
  docs:
    variants:
      - {{name: stable, weight: 80}}
      - {{name: other, collection: docs_v2, weight: 10}}
      - {{name: silent, upstream: silent, collection: docs_v3, weight: 10}}
timeouts: {{first_byte: 1s, total: 10s, idle: 5s, connect: 1s}}
limits: {{max_requests: 2000}}
log: {{level: error}}
""")
    return path


def fill(base):
    for name in ("docs_v1", "docs_v2"):
        send(f"{base}/collections/{name}", "PUT", {"vectors": {"size": 2, "distance": "Dot"}})
        points = [{"id": id, "vector": [1.0, id / 100], "payload": {"text": "x" * 2000}} for id in range(1, 201)]
        send(f"{base}/collections/{name}/points?wait=true", "PUT", {"points": points})
    action = {"create_alias": {"alias_name": "docs", "collection_name": "docs_v1"}}
    send(f"{base}/collections/aliases", "POST", {"actions": [action]})


def attack(arguments, ports, pid):
    attack = Attack(ports["rest"], ports["grpc"])
    for name, times in (("requests", 4), ("slow_head", 40), ("slow_body", 40), ("abort", 2), ("come_and_go", 2), ("bomb", 2),
                        ("rapid_reset", 1), ("unread", 4)):
        attack.start(name, times, getattr(attack, name))
    begun, samples = time.monotonic(), []
    while (now := time.monotonic() - begun) < arguments.seconds:
        samples.append((now, *sample(pid)))
        print(f"{now:6.0f} s  {samples[-1][1]:7.1f} MiB  {samples[-1][2]:5d} descriptors", flush=True)
        time.sleep(min(arguments.every, arguments.seconds / 10))
    attack.stop()
    return attack.done, samples


def settle(ports, pid, before):
    """As long as connections and requests may take to be given up."""
    for _ in range(120):
        _, descriptors = sample(pid)
        in_flight = gauges(ports["admin"])
        if in_flight == 0 and descriptors <= before + DESCRIPTORS:
            break
        time.sleep(1)
    return sample(pid)[0], descriptors, in_flight


def part(samples, begin, end, column):
    last = samples[-1][0]
    return statistics.median(row[column] for row in samples if begin * last <= row[0] <= end * last)


def verdict(samples, before, after):
    """Everything that grew."""
    faults = []
    for column, what in ((1, "MiB"), (2, "descriptors")):
        early, late = part(samples, 0.25, 0.5, column), part(samples, 0.75, 1.0, column)
        print(f"{what}: {early:.1f} in the second quarter, {late:.1f} in the last, at most {max(row[column] for row in samples):.1f}")
        if late > early * (1 + GROWTH) + (8 if column == 1 else DESCRIPTORS):
            faults.append(f"{what} grew from {early:.1f} to {late:.1f}")
    memory, descriptors, in_flight = after
    print(f"afterwards: {memory:.1f} MiB, {descriptors} descriptors (before: {before}), {in_flight:.0f} requests in flight")
    if descriptors > before + DESCRIPTORS:
        faults.append(f"{descriptors} descriptors are left, where there were {before}")
    if in_flight:
        faults.append(f"{in_flight:.0f} requests are in flight for ever")
    return faults


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pointsman", required=True, help="the binary under attack")
    parser.add_argument("--sandbox", required=True, help="pointsman-sandbox")
    parser.add_argument("--seconds", type=float, default=600, help="how long (default: ten minutes)")
    parser.add_argument("--every", type=float, default=10, help="seconds between samples")
    arguments = parser.parse_args()
    ports = {name: free_port() for name in ("rest", "grpc", "admin", "up_rest", "up_grpc")}
    silent = Silent()
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as programs:
        def start(*command):
            program = programs.enter_context(subprocess.Popen(command))
            programs.callback(program.terminate)
            return program

        sandbox = start(arguments.sandbox, "--rest-addr", f"127.0.0.1:{ports['up_rest']}", "--grpc-addr", f"127.0.0.1:{ports['up_grpc']}",
                        "--log", "error")
        wait_for(f"http://127.0.0.1:{ports['up_rest']}/", sandbox)
        fill(f"http://127.0.0.1:{ports['up_rest']}")
        pointsman = start(arguments.pointsman, "serve", "--config", str(configuration(folder, ports, silent.port)))
        wait_for(f"http://127.0.0.1:{ports['admin']}/readyz", pointsman)
        _, before = sample(pointsman.pid)
        done, samples = attack(arguments, ports, pointsman.pid)
        after = settle(ports, pointsman.pid, before)
        print("done: " + ", ".join(f"{name} {times}" for name, times in sorted(done.items())))
        faults = verdict(samples, before, after)
        for fault in faults:
            print(f"FAULT: {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
