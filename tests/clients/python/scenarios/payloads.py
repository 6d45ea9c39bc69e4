"""Payloads are set, replaced and cut, by identifier and by filter, alone and in one ordered batch."""

from qdrant_client import models as m

from harness import POINTS, Context, scenario
from scenarios.points import plain_points


def payload_of(context: Context, point) -> dict:
    return context.client.retrieve(context.at("plain"), ids=[point])[0].payload


@scenario("payloads.set")
def set_payload(context: Context):
    done = context.client.set_payload(context.at("plain"), payload={"checked": True, "by": "Ōno"}, points=[1])
    return [done, payload_of(context, 1)]


@scenario("payloads.set.by_filter")
def set_by_filter(context: Context):
    basel = m.Filter(must=[m.FieldCondition(key="city", match=m.MatchValue(value="Basel"))])
    done = context.client.set_payload(context.at("plain"), payload={"country": "CH"}, points=basel)
    return [done, payload_of(context, 4), payload_of(context, POINTS[8]["id"])]


@scenario("payloads.set.nested_key")
def set_nested_key(context: Context):
    done = context.client.set_payload(context.at("plain"), payload={"alt": 12.5}, points=[2], key="where")
    return [done, payload_of(context, 2)]


@scenario("payloads.overwrite")
def overwrite(context: Context):
    done = context.client.overwrite_payload(context.at("plain"), payload={"only": ["this"]}, points=[3])
    return [done, payload_of(context, 3)]


@scenario("payloads.delete")
def delete(context: Context):
    done = context.client.delete_payload(context.at("plain"), keys=["checked", "where.lat", "absent"], points=[1])
    return [done, payload_of(context, 1)]


@scenario("payloads.clear")
def clear(context: Context):
    done = context.client.clear_payload(context.at("plain"), points_selector=[4])
    return [done, payload_of(context, 4)]


@scenario("payloads.batch")
def batch(context: Context):
    """Every kind of operation in one request; the last one puts the collection back to what it was."""
    operations = [
        m.SetPayloadOperation(set_payload=m.SetPayload(payload={"step": 1}, points=[5])),
        m.OverwritePayloadOperation(overwrite_payload=m.SetPayload(payload={"step": 2}, points=[6])),
        m.DeletePayloadOperation(delete_payload=m.DeletePayload(keys=["step"], points=[5])),
        m.ClearPayloadOperation(clear_payload=m.PointIdsList(points=[6])),
        m.UpdateVectorsOperation(
            update_vectors=m.UpdateVectors(points=[m.PointVectors(id=7, vector=[0.5, 0.5, 0.5, 0.5])])
        ),
        m.DeleteOperation(delete=m.PointIdsList(points=[8])),
    ]
    done = context.client.batch_update_points(context.at("plain"), update_operations=operations)
    left = context.client.count(context.at("plain"))
    restored = context.client.batch_update_points(
        context.at("plain"), update_operations=[m.UpsertOperation(upsert=m.PointsList(points=plain_points()))]
    )
    return [done, left, restored]


@scenario("payloads.restored")
def restored(context: Context):
    return context.client.scroll(context.at("plain"), limit=100, with_vectors=True)
