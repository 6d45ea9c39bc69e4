"""Tests of the rig's own arithmetic and of what it reads: `python3 -m unittest discover -s benches/peers`."""

from __future__ import annotations

import os
import socket
import struct
import tempfile
import threading
import unittest
from dataclasses import replace
from pathlib import Path

from rig import detail, grpc_probe, load, messages, procfs, report, rounds, verdict
from rig.failure import RigError
from rig.subjects import Subject

QUIET = rounds.Sample(
    round=0,
    proto="rest",
    subject="nginx",
    requests=1000,
    errors=0,
    cpu_us=20.0,
    user_us=5.0,
    system_us=15.0,
    rps=30000.0,
    p50_us=900,
    p99_us=1500,
    switches=0.01,
    rss_mib=10.0,
    candidate_share=0.5,
    foreign=0.01,
    stolen=0.0,
)


def sample(round_: int, subject: str, cpu_us: float, **other: object) -> rounds.Sample:
    return replace(QUIET, round=round_, subject=subject, cpu_us=cpu_us, **other)


class Ratios(unittest.TestCase):
    def test_each_round_has_its_own_best_peer_and_the_median_is_of_the_ratios(self) -> None:
        samples = [
            *(sample(0, n, c) for n, c in [("nginx", 20), ("haproxy", 16), ("pointsman", 16)]),
            *(sample(1, n, c) for n, c in [("nginx", 40), ("haproxy", 50), ("pointsman", 20)]),
            *(sample(2, n, c) for n, c in [("nginx", 10), ("haproxy", 20), ("pointsman", 9)]),
        ]
        [found] = verdict.ratios(samples, {"nginx", "haproxy"})
        self.assertEqual((found.subject, found.rounds, found.median), ("pointsman", [1.0, 0.5, 0.9], 0.9))
        self.assertTrue(found.met)
        self.assertFalse(replace(found, median=0.96).met)

    def test_without_peers_there_is_no_ratio(self) -> None:
        self.assertEqual(verdict.ratios([sample(0, "pointsman", 16)], {"nginx"}), [])


class Readable(unittest.TestCase):
    def test_a_quiet_run_has_no_faults(self) -> None:
        self.assertEqual(verdict.faults([sample(0, "nginx", 20), sample(1, "nginx", 21.9)]), [])

    def test_a_control_that_moves_makes_the_run_unreadable(self) -> None:
        [fault] = verdict.faults([sample(0, "nginx", 20), sample(1, "nginx", 22.5)])
        self.assertIn("moved by 12%", fault)

    def test_so_do_a_missing_control_a_shared_core_and_failed_requests(self) -> None:
        faults = verdict.faults([sample(0, "envoy", 30, foreign=0.06, stolen=0.05, errors=3)])
        self.assertEqual(["did not run" in faults[0], "11%" in faults[1], "failed 3" in faults[2]], [True] * 3)


class Order(unittest.TestCase):
    def test_every_round_has_everyone_and_places_change(self) -> None:
        items = [Subject(n, n, n) for n in ("a", "b", "c", "d")]
        orders = ["".join(s.name for s in rounds.order(items, r)) for r in range(4)]
        self.assertEqual(orders, ["abcd", "badc", "cdab", "dcba"])
        self.assertTrue(all(sorted(o) == ["a", "b", "c", "d"] for o in orders))


class Messages(unittest.TestCase):
    def test_both_requests_are_about_four_kilobytes(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            for path in (messages.write_rest(Path(folder)), messages.write_grpc(Path(folder))):
                self.assertAlmostEqual(path.stat().st_size, messages.REQUEST_BYTES, delta=32)

    def test_the_grpc_message_is_framed_and_begins_with_the_name(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            framed = messages.write_grpc(Path(folder)).read_bytes()
        compressed, length = struct.unpack(">BI", framed[:5])
        self.assertEqual((compressed, length), (0, len(framed) - 5))
        self.assertTrue(framed[5:].startswith(b"\x0a\x04docs"))


class Readings(unittest.TestCase):
    def test_a_process_sees_itself_and_its_time_only_grows(self) -> None:
        pids = procfs.tree(os.getpid())
        before = procfs.usage(pids[:1])
        sum(range(3_000_000))
        after = procfs.usage(pids[:1])
        self.assertEqual(pids[0], os.getpid())
        self.assertGreater(after.rss_mib, 1)
        self.assertGreaterEqual(after.cpu_s, before.cpu_s)

    def test_h2load_counts_what_was_not_2xx(self) -> None:
        said = (
            "requests: 12 total, 12 started, 12 done, 9 succeeded, 3 failed, 3 errored, 0 timeout\n"
            "status codes: 9 2xx, 0 3xx, 1 4xx, 1 5xx\n"
        )
        self.assertEqual(load._h2load_counts(said), (9, 3))
        with self.assertRaises(RigError):
            load._h2load_counts("nothing of the kind")

    def test_strace_and_perf_tables(self) -> None:
        strace = (
            "% time     seconds  usecs/call     calls    errors syscall\n"
            " 60.00    0.060000           6     10000         5 recvfrom\n"
            " 40.00    0.040000           4     10000           writev\n"
            "100.00    0.100000           5     20000         5 total\n"
        )
        self.assertEqual(detail._strace_counts(strace), {"recvfrom": 10000, "writev": 10000})
        perf = "# started on\n1200.5;msec;task-clock;1;100.00;;\n<not supported>;;cycles;0;100.00;;\n"
        self.assertEqual(detail._perf_counts(perf), {"task-clock": 1200.5})


class GrpcProbe(unittest.TestCase):
    """Against a peer that plays back frames."""

    def test_headers_data_and_trailers_pass(self) -> None:
        self._probe([(1, 4, b"\x88"), (0, 0, b"x" * 10), (1, 5, b"\x88")])

    def test_trailers_only_is_an_error(self) -> None:
        with self.assertRaisesRegex(RigError, r"\['headers'\]"):
            self._probe([(1, 5, b"\x88")])

    def test_a_reset_is_an_error(self) -> None:
        with self.assertRaisesRegex(RigError, "frame type 3"):
            self._probe([(1, 4, b"\x88"), (3, 0, b"\x00\x00\x00\x02")])

    def _probe(self, answer: list[tuple[int, int, bytes]]) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server, tempfile.TemporaryDirectory() as folder:

            def play() -> None:
                connection, _ = server.accept()
                with connection:
                    connection.sendall(b"".join(grpc_probe._frame(kind, flags, 1, payload) for kind, flags, payload in answer))
                    while connection.recv(65536):
                        pass

            # Where nobody comes, the test fails instead of waiting for ever.
            server.settimeout(30)
            player = threading.Thread(target=play, daemon=True)
            player.start()
            try:
                grpc_probe.check(server.getsockname()[1], messages.write_grpc(Path(folder)), "user-1")
            finally:
                player.join()


class Report(unittest.TestCase):
    def test_the_tables_name_the_ratio_and_say_when_nothing_can_be_read(self) -> None:
        plan = rounds.Plan(["rest"], 2, 1, 1)
        run = report.Run(plan, {"nginx": "1.22.1"}, {"nginx"}, [sample(0, "nginx", 20), sample(0, "pointsman", 18)])
        self.assertIn("|   0.90 |   0.90 |   0.95 | met |", report.markdown(run))
        self.assertNotIn("unreadable", report.markdown(run))
        run.samples.append(sample(1, "nginx", 30))
        self.assertIn("**This run is unreadable:**", report.markdown(run))
        self.assertIn('"readable": false', report.as_json(run))


if __name__ == "__main__":
    unittest.main()
