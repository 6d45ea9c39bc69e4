"""One scenario a kind of condition. Answers are identifiers only: what is tested is which points pass."""

from datetime import datetime, timezone

from qdrant_client import models as m

from canonical import ids
from harness import POINTS, Context, scenario


def passing(context: Context, condition: m.Filter, short: str = "plain") -> list[str]:
    found, _ = context.client.scroll(context.at(short), scroll_filter=condition, limit=100, with_payload=False)
    return ids(found)


def field(key: str, **condition) -> m.Filter:
    return m.Filter(must=[m.FieldCondition(key=key, **condition)])


@scenario("filters.match")
def match(context: Context):
    return [
        passing(context, field("city", match=m.MatchValue(value="Gdańsk"))),
        passing(context, field("city", match=m.MatchAny(any=["Basel", "東京"]))),
        passing(context, field("city", match=m.MatchExcept(**{"except": ["Basel", "Crewe"]}))),
        passing(context, field("stock", match=m.MatchValue(value=False))),
        passing(context, field("year", match=m.MatchValue(value=1971))),
        passing(context, field("text", match=m.MatchText(text="harbour"))),
    ]


@scenario("filters.range")
def ranges(context: Context):
    return [
        passing(context, field("price", range=m.Range(gte=100.0, lt=1000.0))),
        passing(context, field("year", range=m.Range(gt=1990))),
        passing(
            context,
            field("when", range=m.DatetimeRange(gte=datetime(2022, 1, 1, tzinfo=timezone.utc), lte="2023-12-31T00:00:00Z")),
        ),
    ]


@scenario("filters.geo")
def geo(context: Context):
    corner = m.GeoPoint
    return [
        passing(context, field("where", geo_radius=m.GeoRadius(center=corner(lat=51.92, lon=4.47), radius=5000.0))),
        passing(
            context,
            field(
                "where",
                geo_bounding_box=m.GeoBoundingBox(top_left=corner(lat=55, lon=10), bottom_right=corner(lat=54, lon=20)),
            ),
        ),
        passing(
            context,
            field(
                "where",
                geo_polygon=m.GeoPolygon(
                    exterior=m.GeoLineString(
                        points=[
                            corner(lat=47.0, lon=7.0),
                            corner(lat=47.0, lon=12.0),
                            corner(lat=49.0, lon=12.0),
                            corner(lat=49.0, lon=7.0),
                            corner(lat=47.0, lon=7.0),
                        ]
                    )
                ),
            ),
        ),
    ]


@scenario("filters.presence")
def presence(context: Context):
    return [
        passing(context, m.Filter(must=[m.IsNullCondition(is_null=m.PayloadField(key="owner"))])),
        passing(context, m.Filter(must=[m.IsEmptyCondition(is_empty=m.PayloadField(key="notes"))])),
        passing(context, field("tags", values_count=m.ValuesCount(gte=3))),
        passing(context, m.Filter(must=[m.HasIdCondition(has_id=[1, POINTS[8]["id"], 999])])),
        passing(context, m.Filter(must=[m.HasVectorCondition(has_vector="multi")]), "named"),
    ]


@scenario("filters.nested")
def nested(context: Context):
    heavy_wheel = m.Filter(
        must=[
            m.FieldCondition(key="name", match=m.MatchValue(value="wheel")),
            m.FieldCondition(key="weight", range=m.Range(gte=60)),
        ]
    )
    return [
        passing(context, m.Filter(must=[m.NestedCondition(nested=m.Nested(key="parts", filter=heavy_wheel))])),
        passing(context, field("parts[].weight", range=m.Range(gte=95))),
    ]


@scenario("filters.clauses")
def clauses(context: Context):
    rail = m.FieldCondition(key="tags", match=m.MatchValue(value="rail"))
    steel = m.FieldCondition(key="tags", match=m.MatchValue(value="steel"))
    old = m.FieldCondition(key="year", range=m.Range(lt=1990))
    return [
        passing(context, m.Filter(should=[rail, old])),
        passing(context, m.Filter(must=[steel], must_not=[rail])),
        passing(context, m.Filter(min_should=m.MinShould(conditions=[rail, steel, old], min_count=2))),
        passing(context, m.Filter(must=[m.Filter(should=[rail, steel]), m.Filter(must_not=[old])])),
    ]
