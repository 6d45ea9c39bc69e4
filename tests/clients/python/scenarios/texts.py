"""Texts embedded by the server itself: the client sends words and a model's name, never a vector."""

from qdrant_client import models as m

from harness import POINTS, Context, scenario

MODEL = "qdrant/bm25"


def inference(context: Context):
    """A client that leaves embedding to the server; by default this one would look for a model of its own."""
    if "inference" not in context.note:
        context.note["inference"] = context.connect(cloud_inference=True)
    return context.note["inference"]


@scenario("texts.upsert")
def upsert(context: Context):
    points = [
        m.PointStruct(
            id=point["id"],
            vector={"bm25": m.Document(text=point["payload"]["text"], model=MODEL)},
            payload={"text": point["payload"]["text"]},
        )
        for point in POINTS
    ]
    return inference(context).upsert(context.at("texts"), points=points)


@scenario("texts.query")
def query(context: Context):
    wanted = m.Document(text="ships in the harbour", model=MODEL)
    return inference(context).query_points(context.at("texts"), query=wanted, using="bm25", limit=5)


@scenario("texts.query.options")
def query_options(context: Context):
    wanted = m.Document(text="The barges", model=MODEL, options={"language": "english", "k": 1.5, "b": 0.5})
    return inference(context).query_points(context.at("texts"), query=wanted, using="bm25", limit=5, with_vectors=True)


@scenario("texts.query.unknown_model", expect="error")
def unknown_model(context: Context):
    wanted = m.Document(text="a barge", model="nobody/has-this")
    return inference(context).query_points(context.at("texts"), query=wanted, using="bm25")
