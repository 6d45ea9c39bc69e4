"""The search calls that came before the query API. Old applications still send them; both protocols still serve them.

The client keeps no methods of its own for these, so they go through its generated stubs: REST or gRPC as the run asks.
"""

from qdrant_client import grpc as pb
from qdrant_client.http import models as m

from harness import Context, scenario
from scenarios.queries import NEEDLE

# The newest clients have no REST stubs for these calls any more.
REST = ("rest",) if hasattr(m, "SearchRequest") else ()
CITY = pb.WithPayloadSelector(include=pb.PayloadIncludeSelector(fields=["city"]))


def point(number: int) -> pb.PointId:
    return pb.PointId(num=number)


@scenario("legacy.search", protocols=REST)
def search_rest(context: Context):
    request = m.SearchRequest(vector=NEEDLE, limit=3, with_payload=["city"], score_threshold=0.0)
    return context.client.http.search_api.search_points(context.at("plain"), search_request=request).result


@scenario("legacy.search.batch", protocols=REST)
def search_batch_rest(context: Context):
    one = m.SearchRequest(vector=m.NamedVector(name="dense", vector=NEEDLE), limit=2)
    batch = m.SearchRequestBatch(searches=[one, one])
    return context.client.http.search_api.search_batch_points(context.at("named"), search_request_batch=batch).result


@scenario("legacy.search.groups", protocols=REST)
def search_groups_rest(context: Context):
    request = m.SearchGroupsRequest(vector=NEEDLE, group_by="kind", group_size=1, limit=4)
    return context.client.http.search_api.search_point_groups(context.at("plain"), search_groups_request=request).result


@scenario("legacy.recommend", protocols=REST)
def recommend_rest(context: Context):
    request = m.RecommendRequest(positive=[1], negative=[5], limit=3)
    return context.client.http.search_api.recommend_points(context.at("plain"), recommend_request=request).result


@scenario("legacy.recommend.batch", protocols=REST)
def recommend_batch_rest(context: Context):
    batch = m.RecommendRequestBatch(searches=[m.RecommendRequest(positive=[one], limit=2) for one in (1, 2)])
    return context.client.http.search_api.recommend_batch_points(context.at("plain"), recommend_request_batch=batch).result


@scenario("legacy.discover", protocols=REST)
def discover_rest(context: Context):
    request = m.DiscoverRequest(target=3, context=[m.ContextExamplePair(positive=1, negative=5)], limit=4)
    return context.client.http.search_api.discover_points(context.at("plain"), discover_request=request).result


@scenario("legacy.search", protocols=("grpc",))
def search_grpc(context: Context):
    request = pb.SearchPoints(
        collection_name=context.at("plain"), vector=NEEDLE, limit=3, with_payload=CITY, score_threshold=0.0
    )
    return context.client.grpc_points.Search(request).result


@scenario("legacy.search.batch", protocols=("grpc",))
def search_batch_grpc(context: Context):
    one = pb.SearchPoints(collection_name=context.at("named"), vector=NEEDLE, vector_name="dense", limit=2)
    return context.client.grpc_points.SearchBatch(
        pb.SearchBatchPoints(collection_name=context.at("named"), search_points=[one, one])
    ).result


@scenario("legacy.search.groups", protocols=("grpc",))
def search_groups_grpc(context: Context):
    request = pb.SearchPointGroups(
        collection_name=context.at("plain"), vector=NEEDLE, group_by="kind", group_size=1, limit=4
    )
    return context.client.grpc_points.SearchGroups(request).result


@scenario("legacy.recommend", protocols=("grpc",))
def recommend_grpc(context: Context):
    request = pb.RecommendPoints(collection_name=context.at("plain"), positive=[point(1)], negative=[point(5)], limit=3)
    return context.client.grpc_points.Recommend(request).result


@scenario("legacy.recommend.batch", protocols=("grpc",))
def recommend_batch_grpc(context: Context):
    inner = [
        pb.RecommendPoints(collection_name=context.at("plain"), positive=[point(one)], limit=2) for one in (1, 2)
    ]
    return context.client.grpc_points.RecommendBatch(
        pb.RecommendBatchPoints(collection_name=context.at("plain"), recommend_points=inner)
    ).result


@scenario("legacy.discover", protocols=("grpc",))
def discover_grpc(context: Context):
    def example(number: int) -> pb.VectorExample:
        return pb.VectorExample(id=point(number))

    request = pb.DiscoverPoints(
        collection_name=context.at("plain"),
        target=pb.TargetVector(single=example(3)),
        context=[pb.ContextExamplePair(positive=example(1), negative=example(5))],
        limit=4,
    )
    return context.client.grpc_points.Discover(request).result
