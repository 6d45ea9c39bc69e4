"""Searching by a vector of every kind, and the queries that need none."""

from qdrant_client import models as m

from canonical import ids, in_order
from harness import POINTS, Context, scenario

NEEDLE = [0.2, 0.1, 0.9, 0.7]


@scenario("queries.nearest")
def nearest(context: Context):
    return context.client.query_points(context.at("plain"), query=NEEDLE, limit=5)


@scenario("queries.nearest.by_id")
def nearest_by_id(context: Context):
    return [
        context.client.query_points(context.at("plain"), query=3, limit=3),
        context.client.query_points(context.at("plain"), query=POINTS[8]["id"], limit=3),
    ]


@scenario("queries.nearest.filtered")
def nearest_filtered(context: Context):
    return context.client.query_points(
        context.at("plain"),
        query=NEEDLE,
        query_filter=m.Filter(must=[m.FieldCondition(key="stock", match=m.MatchValue(value=True))]),
        search_params=m.SearchParams(exact=True, hnsw_ef=64),
        score_threshold=-0.5,
        limit=4,
        offset=1,
        with_payload=m.PayloadSelectorInclude(include=["city", "parts[].name"]),
        with_vectors=True,
    )


@scenario("queries.nearest.dense")
def nearest_dense(context: Context):
    return context.client.query_points(
        context.at("named"), query=NEEDLE, using="dense", limit=4, with_vectors=["dense"], timeout=30
    )


@scenario("queries.nearest.multi")
def nearest_multi(context: Context):
    return context.client.query_points(
        context.at("named"), query=[[0.5, 0.5], [-0.2, 0.9]], using="multi", limit=4, with_payload=False
    )


@scenario("queries.nearest.sparse")
def nearest_sparse(context: Context):
    needle = m.SparseVector(indices=[1, 4, 22], values=[1.0, 0.7, 0.4])
    return context.client.query_points(context.at("named"), query=needle, using="sparse", limit=5, with_payload=False)


@scenario("queries.nearest.mmr")
def nearest_mmr(context: Context):
    query = m.NearestQuery(nearest=NEEDLE, mmr=m.Mmr(diversity=0.6, candidates_limit=10))
    return context.client.query_points(context.at("plain"), query=query, limit=4, with_payload=False)


@scenario("queries.none")
def without_query(context: Context):
    return context.client.query_points(context.at("plain"), limit=4, with_payload=False)


@scenario("queries.sample")
def sample(context: Context):
    """Drawn at random, so the draw is made as large as the collection and only who came is compared."""
    drawn = context.client.query_points(
        context.at("plain"), query=m.SampleQuery(sample=m.Sample.RANDOM), limit=len(POINTS), with_payload=False
    )
    return ids(drawn.points)


@scenario("queries.batch")
def batch(context: Context):
    return context.client.query_batch_points(
        context.at("named"),
        requests=[
            m.QueryRequest(query=NEEDLE, using="dense", limit=2),
            m.QueryRequest(query=1, using="dense", limit=2, with_payload=["kind"]),
            m.QueryRequest(
                query=m.SparseVector(indices=[0, 20], values=[1.0, 1.0]), using="sparse", limit=2, with_vector=["sparse"]
            ),
        ],
    )


@scenario("queries.groups")
def groups(context: Context):
    return context.client.query_points_groups(
        context.at("plain"), group_by="kind", query=NEEDLE, limit=4, group_size=2, with_payload=["kind"]
    )


@scenario("queries.groups.lookup")
def groups_lookup(context: Context):
    """The groups' own records come from a second collection, named in the body and not in the path."""
    shelf = context.name("shelf")
    context.client.create_collection(shelf, vectors_config={})
    context.client.upsert(shelf, points=[m.PointStruct(id=year, vector={}, payload={"year": year}) for year in (1987, 1991)])
    found = context.client.query_points_groups(
        context.at("plain"),
        group_by="year",
        query=NEEDLE,
        limit=10,
        group_size=1,
        with_payload=False,
        with_lookup=m.WithLookup(collection=shelf, with_payload=["year"]),
    )
    context.client.delete_collection(shelf)
    return found


@scenario("queries.facet.unindexed", expect="error")
def facet_unindexed(context: Context):
    return context.client.facet(context.at("plain"), key="kind")


@scenario("queries.matrix.pairs")
def matrix_pairs(context: Context):
    pairs = context.client.search_matrix_pairs(context.at("plain"), sample=len(POINTS), limit=2).pairs
    return in_order(pairs)


@scenario("queries.matrix.offsets")
def matrix_offsets(context: Context):
    """The sample comes in any order, so rows and columns are read back as the points they stand for."""
    found = context.client.search_matrix_offsets(context.at("named"), sample=len(POINTS), limit=2, using="dense")
    cells = zip(found.offsets_row, found.offsets_col, found.scores, strict=True)
    return in_order([str(found.ids[row]), str(found.ids[column]), score] for row, column, score in cells)
