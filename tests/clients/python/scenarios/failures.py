"""Wrong calls. The client must get the same status and the same words through the proxy as without it."""

from qdrant_client import models as m

from harness import Context, scenario
from scenarios.collections import plain_vectors


@scenario("failures.missing_collection.query", expect="error")
def missing_collection_query(context: Context):
    return context.client.query_points(context.name("nowhere"), query=[1.0, 2.0, 3.0, 4.0])


@scenario("failures.missing_collection.upsert", expect="error")
def missing_collection_upsert(context: Context):
    return context.client.upsert(context.name("nowhere"), points=[m.PointStruct(id=1, vector=[1.0, 2.0, 3.0, 4.0])])


@scenario("failures.missing_collection.info", expect="error")
def missing_collection_info(context: Context):
    return context.client.get_collection(context.name("nowhere"))


@scenario("failures.missing_point.example", expect="error")
def missing_point_example(context: Context):
    return context.client.query_points(context.at("plain"), query=40404)


@scenario("failures.missing_point.vectors", expect="error")
def missing_point_vectors(context: Context):
    return context.client.update_vectors(
        context.at("plain"), points=[m.PointVectors(id=40404, vector=[1.0, 2.0, 3.0, 4.0])]
    )


@scenario("failures.missing_point.get", expect="error", protocols=("rest",))
def missing_point_get(context: Context):
    """404 as well, and the collection is there: a proxy must not take one for the other."""
    return context.client.http.points_api.get_point(context.at("plain"), id=40404)


@scenario("failures.wrong_dimension.upsert", expect="error")
def wrong_dimension_upsert(context: Context):
    return context.client.upsert(context.at("plain"), points=[m.PointStruct(id=1, vector=[1.0, 2.0])])


@scenario("failures.wrong_dimension.query", expect="error")
def wrong_dimension_query(context: Context):
    return context.client.query_points(context.at("plain"), query=[1.0] * 7)


@scenario("failures.unknown_vector", expect="error")
def unknown_vector(context: Context):
    return context.client.query_points(context.at("named"), query=[1.0] * 4, using="absent")


@scenario("failures.existing_collection", expect="error")
def existing_collection(context: Context):
    return context.client.create_collection(context.name("plain"), vectors_config=plain_vectors())


@scenario("failures.bad_name", expect="error")
def bad_name(context: Context):
    return context.client.create_collection(context.name("a*b?"), vectors_config=plain_vectors())


@scenario("failures.long_name", expect="error")
def long_name(context: Context):
    return context.client.count(context.prefix + "n" * 256)


@scenario("failures.alias_of_nothing", expect="error")
def alias_of_nothing(context: Context):
    operation = m.CreateAliasOperation(
        create_alias=m.CreateAlias(collection_name=context.name("nowhere"), alias_name=context.name("lost"))
    )
    return context.client.update_collection_aliases([operation])


@scenario("failures.order_without_index", expect="error")
def order_without_index(context: Context):
    return context.client.scroll(context.at("plain"), order_by="price")


@scenario("failures.bad_json", expect="error", protocols=("rest",))
def bad_json(context: Context):
    """Not through the models, which would refuse it: what an application with a client of its own may send."""
    path = "/collections/{collection_name}/points/query"
    return context.client.http.client.request(
        type_=None,
        method="POST",
        url=path,
        path_params={"collection_name": context.at("plain")},
        headers={"Content-Type": "application/json"},
        content='{"query": [1, 2,',
    )
