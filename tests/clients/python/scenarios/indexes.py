"""Payload indexes, and the queries that need one."""

from qdrant_client import models as m

from canonical import in_order
from harness import Context, scenario

FIELDS = {
    "kind": m.PayloadSchemaType.KEYWORD,
    "year": m.IntegerIndexParams(type=m.IntegerIndexType.INTEGER, lookup=True, range=True),
    "price": m.PayloadSchemaType.FLOAT,
    "stock": m.PayloadSchemaType.BOOL,
    "where": m.PayloadSchemaType.GEO,
    "when": m.PayloadSchemaType.DATETIME,
    "text": m.TextIndexParams(
        type=m.TextIndexType.TEXT,
        tokenizer=m.TokenizerType.WORD,
        min_token_len=2,
        max_token_len=20,
        lowercase=True,
        phrase_matching=True,
    ),
}


@scenario("indexes.create")
def create(context: Context):
    return [
        context.client.create_payload_index(context.at("plain"), field_name=name, field_schema=schema)
        for name, schema in FIELDS.items()
    ]


@scenario("indexes.listed")
def listed(context: Context):
    return context.client.get_collection(context.at("plain")).payload_schema


@scenario("indexes.facet")
def facet(context: Context):
    rail = m.Filter(must=[m.FieldCondition(key="tags", match=m.MatchValue(value="rail"))])
    client, where = context.client, context.at("plain")
    return [
        in_order(client.facet(where, key="kind", exact=True).hits),
        in_order(client.facet(where, key="kind", facet_filter=rail, exact=True).hits),
        in_order(client.facet(where, key="stock", exact=True).hits),
    ]


@scenario("indexes.scroll.ordered")
def scroll_ordered(context: Context):
    client, where = context.client, context.at("plain")
    newest = m.OrderBy(key="year", direction=m.Direction.DESC)
    from_2000 = m.OrderBy(key="year", direction=m.Direction.ASC, start_from=2000)
    return [
        client.scroll(where, order_by="price", limit=4, with_payload=["price"]),
        client.scroll(where, order_by=newest, limit=4, with_payload=["year"]),
        client.scroll(where, order_by=from_2000, limit=4, with_payload=["year"]),
    ]


@scenario("indexes.query.ordered")
def query_ordered(context: Context):
    order = m.OrderByQuery(order_by=m.OrderBy(key="when", direction=m.Direction.DESC))
    return context.client.query_points(context.at("plain"), query=order, limit=4, with_payload=["when"])


@scenario("indexes.text")
def text(context: Context):
    client, where = context.client, context.at("plain")

    def found(match) -> list:
        condition = m.Filter(must=[m.FieldCondition(key="text", match=match)])
        return client.scroll(where, scroll_filter=condition, limit=20, with_payload=False)

    return [
        found(m.MatchText(text="HARBOUR ships")),
        found(m.MatchTextAny(text_any="gravel tram")),
        found(m.MatchPhrase(phrase="on the river")),
    ]


@scenario("indexes.delete")
def delete(context: Context):
    done = [context.client.delete_payload_index(context.at("plain"), field_name=name) for name in ("price", "text")]
    return [done, sorted(context.client.get_collection(context.at("plain")).payload_schema)]


@scenario("indexes.delete.missing")
def delete_missing(context: Context):
    return context.client.delete_payload_index(context.at("plain"), field_name="price")
