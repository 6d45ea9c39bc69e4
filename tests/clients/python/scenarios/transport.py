"""How the bytes travel: headers a request brings along, compression, and bodies of some size."""

import random

import grpc
from qdrant_client import models as m
from qdrant_client.context_headers import headers

from harness import Context, scenario
from scenarios.queries import NEEDLE

# Large enough to need many frames and several flow-control windows, small enough for a test.
BIG_POINTS = 120
BIG_TEXT = 20_000


def big_points() -> list[m.PointStruct]:
    """Text that hardly compresses, the same in every run."""
    draw = random.Random(7)
    return [
        m.PointStruct(
            id=1000 + number,
            vector=[draw.uniform(-1, 1) for _ in range(4)],
            payload={"blob": "".join(draw.choices("abcdefghijklmnopqrstuvwxyzäöü0123456789", k=BIG_TEXT))},
        )
        for number in range(BIG_POINTS)
    ]


@scenario("transport.headers.per_request")
def headers_per_request(context: Context):
    """Every user of a transparent name gets the same answer, whatever the headers say."""
    answers = []
    for user in ("1", "42", "ünï".encode().hex(), "a" * 300):
        with headers({"x-user-id": user, "x-request-id": f"req-{user[:8]}"}):
            answers.append(context.client.query_points(context.at("plain"), query=NEEDLE, limit=2, with_payload=False))
            answers.append(context.client.count(context.at("plain")))
    return answers


@scenario("transport.headers.per_client")
def headers_per_client(context: Context):
    client = context.connect(headers={"x-user-id": "7", "openai-api-key": "not-a-key"})
    try:
        return client.query_points(context.at("named"), query=NEEDLE, using="dense", limit=2, with_payload=False)
    finally:
        client.close()


@scenario("transport.headers.write")
def headers_write(context: Context):
    with headers({"x-user-id": "42"}):
        done = context.client.set_payload(context.at("plain"), payload={"by": "42"}, points=[1])
        read = context.client.retrieve(context.at("plain"), ids=[1], with_payload=["by"])
        undone = context.client.delete_payload(context.at("plain"), keys=["by"], points=[1])
    return [done, read, undone]


@scenario("transport.gzip", protocols=("grpc",))
def gzip(context: Context):
    """Requests and answers compressed: the collection's name is inside the compressed frame."""
    client = context.connect(grpc_compression=grpc.Compression.Gzip)
    try:
        return [
            client.count(context.at("plain")),
            client.query_points(context.at("plain"), query=NEEDLE, limit=3),
            client.upsert(context.at("plain"), points=big_points()[:20]),
            client.retrieve(context.at("plain"), ids=list(range(1000, 1020)), with_vectors=True),
        ]
    finally:
        client.close()


@scenario("transport.big.upsert")
def big_upsert(context: Context):
    return context.client.upsert(context.at("plain"), points=big_points())


@scenario("transport.big.retrieve")
def big_retrieve(context: Context):
    wanted = list(range(1000, 1000 + BIG_POINTS))
    found = context.client.retrieve(context.at("plain"), ids=wanted, with_vectors=True)
    return sorted(found, key=lambda point: point.id)


@scenario("transport.big.delete")
def big_delete(context: Context):
    above = m.Filter(must=[m.HasIdCondition(has_id=list(range(1000, 1000 + BIG_POINTS)))])
    done = context.client.delete(context.at("plain"), points_selector=m.FilterSelector(filter=above))
    return [done, context.client.count(context.at("plain"))]
