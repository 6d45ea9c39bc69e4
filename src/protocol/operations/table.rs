//! Every operation of Qdrant 1.18 and 1.19, REST and gRPC.
//!
//! One row per operation, in the order of Qdrant's own documentation. When Qdrant gets a new route, add a row here.
//!
//! Operations that find points by vectors are searches, including the distance matrices: their numbers come from the
//! variant's own vectors. Retrieving by id, scrolling, counting and facets are bookkeeping. The operation decides, never the
//! body, which streams: a query call without a query counts as a search.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::{Hits, Names, Operation};
use crate::protocol::points::touched::Selector::{Fifth, Third};
use crate::protocol::points::touched::Write;
use crate::protocol::{Class, Read};

const fn row(
    name: &'static str,
    class: Class,
    names: Names,
    rest: &'static [(&'static str, &'static str)],
    grpc: &'static [&'static str],
) -> Operation {
    Operation { name, class, names, reads: None, renames: false, lookups: &[], hits: None, writes: None, rest, grpc }
}

/// A read of points.
const fn read(
    reads: Read,
    name: &'static str,
    lookups: &'static [&'static str],
    rest: &'static [(&'static str, &'static str)],
    grpc: &'static [&'static str],
) -> Operation {
    Operation { reads: Some(reads), lookups, ..row(name, Class::Read, Names::Resolved, rest, grpc) }
}

/// A read whose answer has hits with scores.
const fn search(
    hits: Hits,
    name: &'static str,
    lookups: &'static [&'static str],
    rest: &'static [(&'static str, &'static str)],
    grpc: &'static [&'static str],
) -> Operation {
    Operation { hits: Some(hits), ..read(Read::Search, name, lookups, rest, grpc) }
}

/// A write of points.
const fn write(
    writes: Write,
    name: &'static str,
    rest: &'static [(&'static str, &'static str)],
    grpc: &'static [&'static str],
) -> Operation {
    Operation { writes: Some(writes), ..row(name, Class::Write, Names::Resolved, rest, grpc) }
}

/// An operation that may change what a name means.
const fn renaming(
    name: &'static str,
    names: Names,
    rest: &'static [(&'static str, &'static str)],
    grpc: &'static [&'static str],
) -> Operation {
    Operation { renames: true, ..row(name, Class::Admin, names, rest, grpc) }
}

pub static OPERATIONS: &[Operation] = &[
    row("collections.list", Class::Read, Names::Nowhere, &[("GET", "/collections")], &["/qdrant.Collections/List"]),
    row("aliases.list", Class::Read, Names::Nowhere, &[("GET", "/aliases")], &["/qdrant.Collections/ListAliases"]),
    renaming("aliases.update", Names::Actions, &[("POST", "/collections/aliases")], &["/qdrant.Collections/UpdateAliases"]),
    row("collection.info", Class::Read, Names::Resolved, &[("GET", "/collections/{c}")], &["/qdrant.Collections/Get"]),
    row(
        "collection.exists",
        Class::Read,
        Names::Resolved,
        &[("GET", "/collections/{c}/exists")],
        &["/qdrant.Collections/CollectionExists"],
    ),
    row(
        "collection.aliases",
        Class::Read,
        Names::Literal,
        &[("GET", "/collections/{c}/aliases")],
        &["/qdrant.Collections/ListCollectionAliases"],
    ),
    renaming("collection.create", Names::Literal, &[("PUT", "/collections/{c}")], &["/qdrant.Collections/Create"]),
    row("collection.update", Class::Admin, Names::Resolved, &[("PATCH", "/collections/{c}")], &["/qdrant.Collections/Update"]),
    renaming("collection.delete", Names::Literal, &[("DELETE", "/collections/{c}")], &["/qdrant.Collections/Delete"]),
    row("collection.optimizations", Class::Read, Names::Resolved, &[("GET", "/collections/{c}/optimizations")], &[]),
    row("collection.memory", Class::Diagnostics, Names::Resolved, &[("GET", "/collections/{c}/memory")], &[]),
    row("index.create", Class::Schema, Names::Resolved, &[("PUT", "/collections/{c}/index")], &["/qdrant.Points/CreateFieldIndex"]),
    row(
        "index.delete",
        Class::Schema,
        Names::Resolved,
        &[("DELETE", "/collections/{c}/index/{field}")],
        &["/qdrant.Points/DeleteFieldIndex"],
    ),
    row(
        "vector_name.create",
        Class::Schema,
        Names::Resolved,
        &[("PUT", "/collections/{c}/vectors/{vector}")],
        &["/qdrant.Points/CreateVectorName"],
    ),
    row(
        "vector_name.delete",
        Class::Schema,
        Names::Resolved,
        &[("DELETE", "/collections/{c}/vectors/{vector}")],
        &["/qdrant.Points/DeleteVectorName"],
    ),
    read(Read::Bookkeeping, "points.retrieve_one", &[], &[("GET", "/collections/{c}/points/{id}")], &[]),
    read(Read::Bookkeeping, "points.retrieve", &[], &[("POST", "/collections/{c}/points")], &["/qdrant.Points/Get"]),
    read(Read::Bookkeeping, "points.scroll", &[], &[("POST", "/collections/{c}/points/scroll")], &["/qdrant.Points/Scroll"]),
    read(Read::Bookkeeping, "points.count", &[], &[("POST", "/collections/{c}/points/count")], &["/qdrant.Points/Count"]),
    search(
        Hits::Points,
        "points.query",
        &["lookup_from", "prefetch[].lookup_from"],
        &[("POST", "/collections/{c}/points/query")],
        &["/qdrant.Points/Query"],
    ),
    search(
        Hits::PointsLists,
        "points.query_batch",
        &["searches[].lookup_from", "searches[].prefetch[].lookup_from"],
        &[("POST", "/collections/{c}/points/query/batch")],
        &["/qdrant.Points/QueryBatch"],
    ),
    search(
        Hits::Groups,
        "points.query_groups",
        &["lookup_from", "prefetch[].lookup_from", "with_lookup"],
        &[("POST", "/collections/{c}/points/query/groups")],
        &["/qdrant.Points/QueryGroups"],
    ),
    search(Hits::List, "points.search", &[], &[("POST", "/collections/{c}/points/search")], &["/qdrant.Points/Search"]),
    search(Hits::Lists, "points.search_batch", &[], &[("POST", "/collections/{c}/points/search/batch")], &["/qdrant.Points/SearchBatch"]),
    search(
        Hits::Groups,
        "points.search_groups",
        &["with_lookup"],
        &[("POST", "/collections/{c}/points/search/groups")],
        &["/qdrant.Points/SearchGroups"],
    ),
    read(
        Read::Search,
        "points.search_matrix_pairs",
        &[],
        &[("POST", "/collections/{c}/points/search/matrix/pairs")],
        &["/qdrant.Points/SearchMatrixPairs"],
    ),
    read(
        Read::Search,
        "points.search_matrix_offsets",
        &[],
        &[("POST", "/collections/{c}/points/search/matrix/offsets")],
        &["/qdrant.Points/SearchMatrixOffsets"],
    ),
    search(
        Hits::List,
        "points.recommend",
        &["lookup_from"],
        &[("POST", "/collections/{c}/points/recommend")],
        &["/qdrant.Points/Recommend"],
    ),
    search(
        Hits::Lists,
        "points.recommend_batch",
        &["searches[].lookup_from"],
        &[("POST", "/collections/{c}/points/recommend/batch")],
        &["/qdrant.Points/RecommendBatch"],
    ),
    search(
        Hits::Groups,
        "points.recommend_groups",
        &["lookup_from", "with_lookup"],
        &[("POST", "/collections/{c}/points/recommend/groups")],
        &["/qdrant.Points/RecommendGroups"],
    ),
    search(Hits::List, "points.discover", &["lookup_from"], &[("POST", "/collections/{c}/points/discover")], &["/qdrant.Points/Discover"]),
    search(
        Hits::Lists,
        "points.discover_batch",
        &["searches[].lookup_from"],
        &[("POST", "/collections/{c}/points/discover/batch")],
        &["/qdrant.Points/DiscoverBatch"],
    ),
    read(Read::Bookkeeping, "points.facet", &[], &[("POST", "/collections/{c}/facet")], &["/qdrant.Points/Facet"]),
    write(Write::Upsert, "points.upsert", &[("PUT", "/collections/{c}/points")], &["/qdrant.Points/Upsert"]),
    write(Write::Selected(Third), "points.delete", &[("POST", "/collections/{c}/points/delete")], &["/qdrant.Points/Delete"]),
    write(Write::Vectors, "vectors.update", &[("PUT", "/collections/{c}/points/vectors")], &["/qdrant.Points/UpdateVectors"]),
    write(
        Write::Selected(Third),
        "vectors.delete",
        &[("POST", "/collections/{c}/points/vectors/delete")],
        &["/qdrant.Points/DeleteVectors"],
    ),
    write(Write::Selected(Fifth), "payload.set", &[("POST", "/collections/{c}/points/payload")], &["/qdrant.Points/SetPayload"]),
    write(Write::Selected(Fifth), "payload.overwrite", &[("PUT", "/collections/{c}/points/payload")], &["/qdrant.Points/OverwritePayload"]),
    write(
        Write::Selected(Fifth),
        "payload.delete",
        &[("POST", "/collections/{c}/points/payload/delete")],
        &["/qdrant.Points/DeletePayload"],
    ),
    write(Write::Selected(Third), "payload.clear", &[("POST", "/collections/{c}/points/payload/clear")], &["/qdrant.Points/ClearPayload"]),
    write(Write::Batch, "points.batch", &[("POST", "/collections/{c}/points/batch")], &["/qdrant.Points/UpdateBatch"]),
    row(
        "cluster.collection_info",
        Class::Read,
        Names::Resolved,
        &[("GET", "/collections/{c}/cluster")],
        &["/qdrant.Collections/CollectionClusterInfo"],
    ),
    row(
        "cluster.collection_update",
        Class::Admin,
        Names::Resolved,
        &[("POST", "/collections/{c}/cluster")],
        &["/qdrant.Collections/UpdateCollectionClusterSetup"],
    ),
    row("shard_keys.list", Class::Read, Names::Resolved, &[("GET", "/collections/{c}/shards")], &["/qdrant.Collections/ListShardKeys"]),
    row("shard_keys.create", Class::Admin, Names::Resolved, &[("PUT", "/collections/{c}/shards")], &["/qdrant.Collections/CreateShardKey"]),
    row(
        "shard_keys.delete",
        Class::Admin,
        Names::Resolved,
        &[("POST", "/collections/{c}/shards/delete")],
        &["/qdrant.Collections/DeleteShardKey"],
    ),
    row(
        "shard.points",
        Class::Read,
        Names::Resolved,
        &[
            ("POST", "/collections/{c}/shards/{shard}/points"),
            ("POST", "/collections/{c}/shards/{shard}/points/scroll"),
            ("POST", "/collections/{c}/shards/{shard}/points/count"),
        ],
        &[],
    ),
    row("shard.cleanup", Class::Admin, Names::Resolved, &[("POST", "/collections/{c}/shards/{shard}/cleanup")], &[]),
    row("collection.truncate_wal", Class::Admin, Names::Resolved, &[("POST", "/collections/{c}/truncate_unapplied_wal")], &[]),
    row("cluster.info", Class::Read, Names::Nowhere, &[("GET", "/cluster")], &[]),
    row("cluster.recover", Class::Admin, Names::Nowhere, &[("POST", "/cluster/recover")], &[]),
    row("cluster.remove_peer", Class::Admin, Names::Nowhere, &[("DELETE", "/cluster/peer/{peer}")], &[]),
    row("cluster.telemetry", Class::Diagnostics, Names::Nowhere, &[("GET", "/cluster/telemetry")], &[]),
    row(
        "cluster.metadata_read",
        Class::Read,
        Names::Nowhere,
        &[("GET", "/cluster/metadata/keys"), ("GET", "/cluster/metadata/keys/{key}")],
        &[],
    ),
    row(
        "cluster.metadata_write",
        Class::Admin,
        Names::Nowhere,
        &[("PUT", "/cluster/metadata/keys/{key}"), ("DELETE", "/cluster/metadata/keys/{key}")],
        &[],
    ),
    row("snapshots.list", Class::Read, Names::Resolved, &[("GET", "/collections/{c}/snapshots")], &["/qdrant.Snapshots/List"]),
    row("snapshots.create", Class::Admin, Names::Resolved, &[("POST", "/collections/{c}/snapshots")], &["/qdrant.Snapshots/Create"]),
    row("snapshots.download", Class::Read, Names::Resolved, &[("GET", "/collections/{c}/snapshots/{snapshot}")], &[]),
    row(
        "snapshots.delete",
        Class::Admin,
        Names::Resolved,
        &[("DELETE", "/collections/{c}/snapshots/{snapshot}")],
        &["/qdrant.Snapshots/Delete"],
    ),
    renaming("snapshots.recover", Names::Resolved, &[("PUT", "/collections/{c}/snapshots/recover")], &[]),
    renaming("snapshots.upload", Names::Resolved, &[("POST", "/collections/{c}/snapshots/upload")], &[]),
    row("snapshots.full_list", Class::Read, Names::Nowhere, &[("GET", "/snapshots")], &["/qdrant.Snapshots/ListFull"]),
    row("snapshots.full_create", Class::Admin, Names::Nowhere, &[("POST", "/snapshots")], &["/qdrant.Snapshots/CreateFull"]),
    row("snapshots.full_download", Class::Read, Names::Nowhere, &[("GET", "/snapshots/{snapshot}")], &[]),
    row("snapshots.full_delete", Class::Admin, Names::Nowhere, &[("DELETE", "/snapshots/{snapshot}")], &["/qdrant.Snapshots/DeleteFull"]),
    row("shard_snapshots.list", Class::Read, Names::Resolved, &[("GET", "/collections/{c}/shards/{shard}/snapshots")], &[]),
    row("shard_snapshots.create", Class::Admin, Names::Resolved, &[("POST", "/collections/{c}/shards/{shard}/snapshots")], &[]),
    row("shard_snapshots.stream", Class::Read, Names::Resolved, &[("GET", "/collections/{c}/shards/{shard}/snapshot")], &[]),
    row("shard_snapshots.download", Class::Read, Names::Resolved, &[("GET", "/collections/{c}/shards/{shard}/snapshots/{snapshot}")], &[]),
    row(
        "shard_snapshots.delete",
        Class::Admin,
        Names::Resolved,
        &[("DELETE", "/collections/{c}/shards/{shard}/snapshots/{snapshot}")],
        &[],
    ),
    row(
        "shard_snapshots.recover",
        Class::Admin,
        Names::Resolved,
        &[("PUT", "/collections/{c}/shards/{shard}/snapshots/recover"), ("POST", "/collections/{c}/shards/{shard}/snapshots/upload")],
        &[],
    ),
    row(
        "shard_snapshots.partial",
        Class::Admin,
        Names::Resolved,
        &[
            ("POST", "/collections/{c}/shards/{shard}/snapshot/partial/create"),
            ("POST", "/collections/{c}/shards/{shard}/snapshot/partial/recover"),
            ("POST", "/collections/{c}/shards/{shard}/snapshot/partial/recover_from"),
        ],
        &[],
    ),
    row(
        "shard_snapshots.partial_manifest",
        Class::Read,
        Names::Resolved,
        &[("GET", "/collections/{c}/shards/{shard}/snapshot/partial/manifest")],
        &[],
    ),
    row("service.version", Class::Diagnostics, Names::Nowhere, &[("GET", "/")], &["/qdrant.Qdrant/HealthCheck"]),
    row(
        "service.health",
        Class::Diagnostics,
        Names::Nowhere,
        &[("GET", "/healthz"), ("GET", "/livez"), ("GET", "/readyz")],
        &["/grpc.health.v1.Health/Check"],
    ),
    row("service.metrics", Class::Diagnostics, Names::Nowhere, &[("GET", "/metrics")], &[]),
    row("service.telemetry", Class::Diagnostics, Names::Nowhere, &[("GET", "/telemetry")], &[]),
    row("service.logger", Class::Diagnostics, Names::Nowhere, &[("GET", "/logger"), ("POST", "/logger")], &[]),
    row(
        "service.debug",
        Class::Diagnostics,
        Names::Nowhere,
        &[("GET", "/debugger"), ("PATCH", "/debugger"), ("GET", "/stacktrace"), ("GET", "/profiler/slow_requests")],
        &[],
    ),
    row("service.issues", Class::Diagnostics, Names::Nowhere, &[("GET", "/issues"), ("DELETE", "/issues")], &[]),
    row("service.audit_logs", Class::Diagnostics, Names::Nowhere, &[("POST", "/audit/logs")], &[]),
    row("service.quotas_read", Class::Diagnostics, Names::Nowhere, &[("GET", "/quotas")], &[]),
    row("service.quotas_write", Class::Admin, Names::Nowhere, &[("PUT", "/quotas")], &[]),
    row("service.dashboard", Class::Diagnostics, Names::Nowhere, &[("GET", "/dashboard"), ("GET", "/dashboard/{*file}")], &[]),
    row(
        "service.reflection",
        Class::Diagnostics,
        Names::Nowhere,
        &[],
        &["/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"],
    ),
    row(
        "storage.read",
        Class::Diagnostics,
        Names::Resolved,
        &[],
        &[
            "/qdrant.StorageRead/ListFiles",
            "/qdrant.StorageRead/FileExists",
            "/qdrant.StorageRead/FileLength",
            "/qdrant.StorageRead/ReadBytes",
            "/qdrant.StorageRead/ReadBytesStream",
            "/qdrant.StorageRead/ReadWhole",
            "/qdrant.StorageRead/ReadBatch",
            "/qdrant.StorageRead/ReadMulti",
        ],
    ),
];

/// The operation of a gRPC `:path`.
#[must_use]
pub fn grpc(path: &str) -> Option<&'static Operation> {
    static METHODS: LazyLock<HashMap<&'static str, &'static Operation, foldhash::fast::RandomState>> =
        LazyLock::new(|| OPERATIONS.iter().flat_map(|operation| operation.grpc.iter().map(move |path| (*path, operation))).collect());
    METHODS.get(path).copied()
}
