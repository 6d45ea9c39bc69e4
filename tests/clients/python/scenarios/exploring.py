"""Queries by example: recommendation, discovery, context, and examples that live in another collection."""

from qdrant_client import models as m

from harness import Context, scenario


@scenario("exploring.recommend.average")
def recommend_average(context: Context):
    query = m.RecommendQuery(recommend=m.RecommendInput(positive=[1, [0.1, 0.2, 0.9, 0.3]], negative=[4]))
    return context.client.query_points(context.at("plain"), query=query, limit=4, with_payload=False)


@scenario("exploring.recommend.best_score")
def recommend_best_score(context: Context):
    query = m.RecommendQuery(
        recommend=m.RecommendInput(positive=[1, 2], negative=[5], strategy=m.RecommendStrategy.BEST_SCORE)
    )
    return context.client.query_points(context.at("named"), query=query, using="dense", limit=4, with_payload=False)


@scenario("exploring.recommend.sum_scores")
def recommend_sum_scores(context: Context):
    query = m.RecommendQuery(
        recommend=m.RecommendInput(positive=[3], negative=[8], strategy=m.RecommendStrategy.SUM_SCORES)
    )
    return context.client.query_points(context.at("plain"), query=query, limit=4, with_payload=False)


@scenario("exploring.recommend.lookup")
def recommend_lookup(context: Context):
    """The example is looked up in another collection, whose name travels in the body."""
    return context.client.query_points(
        context.at("plain"),
        query=m.RecommendQuery(recommend=m.RecommendInput(positive=[2])),
        lookup_from=m.LookupLocation(collection=context.at("named"), vector="dense"),
        limit=3,
        with_payload=False,
    )


@scenario("exploring.discover")
def discover(context: Context):
    query = m.DiscoverQuery(
        discover=m.DiscoverInput(
            target=[0.3, 0.2, 0.8, 0.1], context=[m.ContextPair(positive=1, negative=5), m.ContextPair(positive=2, negative=7)]
        )
    )
    return context.client.query_points(context.at("plain"), query=query, limit=5, with_payload=False)


@scenario("exploring.context")
def by_context(context: Context):
    """Many points share the best score of zero: the page is as large as the collection and read without its order."""
    query = m.ContextQuery(context=[m.ContextPair(positive=1, negative=5)])
    found = context.client.query_points(context.at("plain"), query=query, limit=20, with_payload=False)
    return sorted([str(point.id), round(point.score, 6)] for point in found.points)
