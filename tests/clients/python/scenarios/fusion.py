"""Queries in several stages: candidates from prefetches, then one ranking over them.

Ranks give equal scores easily; where they do, the limit is above all candidates so that it never cuts through a tie.
"""

from qdrant_client import models as m

from harness import Context, scenario
from scenarios.queries import NEEDLE

SPARSE = m.SparseVector(indices=[1, 4, 22], values=[1.0, 0.7, 0.4])


def two_ways() -> list[m.Prefetch]:
    return [
        m.Prefetch(query=NEEDLE, using="dense", limit=6),
        m.Prefetch(query=SPARSE, using="sparse", limit=6),
    ]


@scenario("fusion.rescored")
def rescored(context: Context):
    return context.client.query_points(
        context.at("named"),
        prefetch=m.Prefetch(
            prefetch=m.Prefetch(query=SPARSE, using="sparse", limit=8), query=NEEDLE, using="dense", limit=5
        ),
        query=[[0.1, 0.9]],
        using="multi",
        limit=3,
    )


@scenario("fusion.rrf")
def rrf(context: Context):
    return context.client.query_points(
        context.at("named"), prefetch=two_ways(), query=m.FusionQuery(fusion=m.Fusion.RRF), limit=20, with_payload=False
    )


@scenario("fusion.rrf.weighted")
def rrf_weighted(context: Context):
    return context.client.query_points(
        context.at("named"),
        prefetch=two_ways(),
        query=m.RrfQuery(rrf=m.Rrf(k=10, weights=[3.0, 1.5])),
        limit=20,
        with_payload=False,
    )


@scenario("fusion.dbsf")
def dbsf(context: Context):
    return context.client.query_points(
        context.at("named"), prefetch=two_ways(), query=m.FusionQuery(fusion=m.Fusion.DBSF), limit=20, with_payload=False
    )


@scenario("fusion.filtered")
def filtered(context: Context):
    steel = m.Filter(must=[m.FieldCondition(key="tags", match=m.MatchValue(value="steel"))])
    return context.client.query_points(
        context.at("named"),
        prefetch=[m.Prefetch(query=NEEDLE, using="dense", filter=steel, limit=4, score_threshold=-2.0)],
        query=m.FusionQuery(fusion=m.Fusion.RRF),
        limit=3,
        with_payload=["tags"],
    )


@scenario("fusion.formula")
def formula(context: Context):
    return context.client.query_points(
        context.at("named"),
        prefetch=m.Prefetch(query=NEEDLE, using="dense", limit=6),
        query=m.FormulaQuery(
            formula=m.SumExpression(
                sum=["$score", m.MultExpression(mult=[0.5, m.FieldCondition(key="stock", match=m.MatchValue(value=True))])]
            )
        ),
        limit=4,
        with_payload=False,
    )
