"""Collections come to be, are looked at and changed."""

from qdrant_client import models as m

from harness import Context, scenario


def plain_vectors() -> m.VectorParams:
    return m.VectorParams(size=4, distance=m.Distance.COSINE)


def described(context: Context, name: str) -> dict:
    """A collection without its colour, which follows the optimiser's timing."""
    info = context.client.get_collection(name).model_dump(mode="json")
    del info["status"]
    return info


@scenario("collections.exists.before")
def exists_before(context: Context):
    return context.client.collection_exists(context.name("plain"))


@scenario("collections.create.plain")
def create_plain(context: Context):
    return context.client.create_collection(context.name("plain"), vectors_config=plain_vectors())


@scenario("collections.create.named")
def create_named(context: Context):
    return context.client.create_collection(
        context.name("named"),
        vectors_config={
            "dense": m.VectorParams(size=4, distance=m.Distance.DOT),
            "multi": m.VectorParams(
                size=2,
                distance=m.Distance.EUCLID,
                multivector_config=m.MultiVectorConfig(comparator=m.MultiVectorComparator.MAX_SIM),
            ),
        },
        sparse_vectors_config={"sparse": m.SparseVectorParams()},
    )


@scenario("collections.create.texts")
def create_texts(context: Context):
    return context.client.create_collection(
        context.name("texts"),
        sparse_vectors_config={"bm25": m.SparseVectorParams(modifier=m.Modifier.IDF)},
    )


@scenario("collections.create.configured")
def create_configured(context: Context):
    return context.client.create_collection(
        context.name("configured"),
        vectors_config=m.VectorParams(size=8, distance=m.Distance.MANHATTAN, on_disk=True),
        hnsw_config=m.HnswConfigDiff(m=8, ef_construct=64),
        optimizers_config=m.OptimizersConfigDiff(indexing_threshold=5000),
        quantization_config=m.ScalarQuantization(
            scalar=m.ScalarQuantizationConfig(type=m.ScalarType.INT8, quantile=0.99, always_ram=True)
        ),
        on_disk_payload=True,
        metadata={"owner": "signal box 4"},
    )


@scenario("collections.alias_each")
def alias_each(context: Context):
    """Always made, so that a run through aliases and a run without see the same server."""
    return context.client.update_collection_aliases(
        [
            m.CreateAliasOperation(
                create_alias=m.CreateAlias(collection_name=context.name(short), alias_name=context.alias(short))
            )
            for short in ("plain", "named", "texts")
        ]
    )


@scenario("collections.exists.after")
def exists_after(context: Context):
    return [context.client.collection_exists(context.at(short)) for short in ("plain", "named", "texts")]


@scenario("collections.info.plain")
def info_plain(context: Context):
    return described(context, context.at("plain"))


@scenario("collections.info.named")
def info_named(context: Context):
    return described(context, context.at("named"))


@scenario("collections.info.configured")
def info_configured(context: Context):
    return described(context, context.name("configured"))


@scenario("collections.list")
def listed(context: Context):
    every = context.client.get_collections().collections
    return sorted(one.name for one in every if one.name.startswith(context.prefix))


@scenario("collections.update")
def update(context: Context):
    return context.client.update_collection(
        context.name("configured"),
        hnsw_config=m.HnswConfigDiff(m=12),
        optimizers_config=m.OptimizersConfigDiff(indexing_threshold=7000),
        metadata={"shift": "night"},
    )


@scenario("collections.info.updated")
def info_updated(context: Context):
    return described(context, context.name("configured"))


@scenario("collections.delete")
def delete(context: Context):
    return context.client.delete_collection(context.name("configured"))


@scenario("collections.delete.missing")
def delete_missing(context: Context):
    return context.client.delete_collection(context.name("configured"))


@scenario("collections.unicode_name")
def unicode_name(context: Context):
    """Percent-encoded on REST, plain UTF-8 on gRPC, and with characters that a path would take for its own."""
    name = context.name("Weiche 東 é+@;=,.~")
    made = context.client.create_collection(name, vectors_config=plain_vectors())
    context.client.upsert(name, points=[m.PointStruct(id=1, vector=[1.0, 0.0, 0.0, 0.0], payload={"ключ": "значение ✓"})])
    found = context.client.query_points(name, query=[1.0, 0.0, 0.0, 0.0])
    return {"made": made, "found": found, "info": described(context, name), "gone": context.client.delete_collection(name)}
