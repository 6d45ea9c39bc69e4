"""Vectors change and go without their points, and a collection gains and loses a named vector."""

from qdrant_client import models as m

from harness import POINTS, Context, scenario
from scenarios.points import named_points


@scenario("vectors.update")
def update(context: Context):
    done = context.client.update_vectors(
        context.at("named"),
        points=[
            m.PointVectors(id=1, vector={"dense": [0.9, 0.8, 0.7, 0.6]}),
            m.PointVectors(id=2, vector={"sparse": m.SparseVector(indices=[3], values=[0.3]), "multi": [[0.1, 0.2]]}),
        ],
    )
    return [done, context.client.retrieve(context.at("named"), ids=[1, 2], with_payload=False, with_vectors=True)]


@scenario("vectors.delete")
def delete(context: Context):
    done = context.client.delete_vectors(context.at("named"), vectors=["multi"], points=[1, POINTS[9]["id"]])
    return [done, context.client.retrieve(context.at("named"), ids=[1], with_payload=False, with_vectors=True)]


@scenario("vectors.delete.by_filter")
def delete_by_filter(context: Context):
    crewe = m.Filter(must=[m.FieldCondition(key="city", match=m.MatchValue(value="Crewe"))])
    done = context.client.delete_vectors(context.at("named"), vectors=["sparse"], points=crewe)
    return [done, context.client.retrieve(context.at("named"), ids=[5, 6], with_payload=False, with_vectors=True)]


@scenario("vectors.restored")
def restored(context: Context):
    return context.client.upsert(context.at("named"), points=named_points())


@scenario("vectors.name.create")
def create_name(context: Context):
    return context.client.create_vector_name(
        context.at("named"),
        vector_name="later",
        vector_name_config=m.DenseVectorNameConfig(dense=m.DenseVectorConfig(size=3, distance=m.Distance.COSINE)),
    )


@scenario("vectors.name.delete")
def delete_name(context: Context):
    return context.client.delete_vector_name(context.at("named"), vector_name="later")
