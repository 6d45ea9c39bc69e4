"""Points go in, in every form the client knows, and come out again."""

from qdrant_client import models as m

from canonical import by_id
from harness import POINTS, Context, scenario


def plain_points() -> list[m.PointStruct]:
    return [m.PointStruct(id=point["id"], vector=point["dense"], payload=point["payload"]) for point in POINTS]


def named_points() -> list[m.PointStruct]:
    return [
        m.PointStruct(
            id=point["id"],
            vector={
                "dense": point["dense"],
                "multi": point["multi"],
                "sparse": m.SparseVector(**point["sparse"]),
            },
            payload=point["payload"],
        )
        for point in POINTS
    ]


@scenario("points.upsert.list")
def upsert_list(context: Context):
    return context.client.upsert(context.at("plain"), points=plain_points()[:7])


@scenario("points.upsert.batch")
def upsert_batch(context: Context):
    rest = POINTS[7:]
    return context.client.upsert(
        context.at("plain"),
        points=m.Batch(
            ids=[point["id"] for point in rest],
            vectors=[point["dense"] for point in rest],
            payloads=[point["payload"] for point in rest],
        ),
    )


@scenario("points.upsert.named")
def upsert_named(context: Context):
    return context.client.upsert(context.at("named"), points=named_points())


@scenario("points.upsert.without_waiting")
def upsert_without_waiting(context: Context):
    """Acknowledged first and applied later: the waiting write behind it marks the moment both are in."""
    point = plain_points()[0]
    return [
        context.client.upsert(context.at("plain"), points=[point], wait=False),
        context.client.upsert(context.at("plain"), points=[point], wait=True, ordering=m.WriteOrdering.STRONG),
    ]


@scenario("points.upsert.insert_only")
def upsert_insert_only(context: Context):
    point = m.PointStruct(id=1, vector=[9.0, 9.0, 9.0, 9.0], payload={"never": "seen"})
    context.client.upsert(context.at("plain"), points=[point], update_mode=m.UpdateMode.INSERT_ONLY)
    return context.client.retrieve(context.at("plain"), ids=[1], with_vectors=True)


@scenario("points.upsert.update_filter")
def upsert_update_filter(context: Context):
    """The first is let through by the condition, the second is not."""
    for wanted in ("Crewe", "Basel"):
        context.client.upsert(
            context.at("plain"),
            points=[m.PointStruct(id=5, vector=POINTS[4]["dense"], payload={**POINTS[4]["payload"], "seen_for": wanted})],
            update_filter=m.Filter(must=[m.FieldCondition(key="city", match=m.MatchValue(value=wanted))]),
        )
    return context.client.retrieve(context.at("plain"), ids=[5])


@scenario("points.upload")
def upload(context: Context):
    context.client.upload_points(context.at("plain"), points=plain_points(), batch_size=3, wait=True)
    return context.client.count(context.at("plain"))


@scenario("points.retrieve.all")
def retrieve_all(context: Context):
    every = [point["id"] for point in POINTS]
    return by_id(context.client.retrieve(context.at("plain"), ids=every, with_payload=True, with_vectors=True))


@scenario("points.retrieve.named")
def retrieve_named(context: Context):
    return by_id(context.client.retrieve(context.at("named"), ids=[1, 2, 3], with_vectors=["dense", "multi", "sparse"]))


@scenario("points.retrieve.selected")
def retrieve_selected(context: Context):
    selector = m.PayloadSelectorExclude(exclude=["parts", "where", "text"])
    return context.client.retrieve(context.at("plain"), ids=[8], with_payload=selector)


@scenario("points.retrieve.missing")
def retrieve_missing(context: Context):
    """A point that is not there is left out of the answer; it is no error."""
    return context.client.retrieve(context.at("plain"), ids=[4, 4040])


@scenario("points.scroll.pages")
def scroll_pages(context: Context):
    pages, offset = [], None
    while True:
        page, offset = context.client.scroll(context.at("plain"), limit=3, offset=offset, with_payload=["city"])
        pages.append({"points": page, "next": offset})
        if offset is None:
            return pages


@scenario("points.scroll.filtered")
def scroll_filtered(context: Context):
    return context.client.scroll(
        context.at("named"),
        scroll_filter=m.Filter(must=[m.FieldCondition(key="stock", match=m.MatchValue(value=True))]),
        with_payload=False,
        with_vectors=["dense"],
    )


@scenario("points.count")
def count(context: Context):
    rail = m.Filter(must=[m.FieldCondition(key="tags", match=m.MatchValue(value="rail"))])
    return [
        context.client.count(context.at("plain")),
        context.client.count(context.at("plain"), count_filter=rail, exact=True),
    ]


@scenario("points.delete.and_back")
def delete_and_back(context: Context):
    gone = context.client.delete(context.at("plain"), points_selector=[2, 4040])
    left = context.client.count(context.at("plain"))
    back = context.client.upsert(context.at("plain"), points=plain_points()[1:2])
    return [gone, left, back]


@scenario("points.delete.by_filter")
def delete_by_filter(context: Context):
    barge = m.Filter(must=[m.FieldCondition(key="kind", match=m.MatchValue(value="barge"))])
    gone = context.client.delete(context.at("plain"), points_selector=m.FilterSelector(filter=barge))
    left = context.client.count(context.at("plain"))
    back = context.client.upsert(context.at("plain"), points=plain_points())
    return [gone, left, back]
