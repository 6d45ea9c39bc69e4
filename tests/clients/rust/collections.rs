//! Collections come to be, are looked at and changed; at the end they go.

use qdrant_client::qdrant::{
    CreateAliasBuilder, CreateCollection, CreateCollectionBuilder, Distance, Modifier, MultiVectorComparator, MultiVectorConfigBuilder,
    OptimizersConfigDiffBuilder, SparseVectorParamsBuilder, SparseVectorsConfigBuilder, UpdateCollectionBuilder, VectorParamsBuilder,
    VectorsConfigBuilder,
};

use super::Run;
use super::answers::Ours;

pub(super) const SHORTS: [&str; 3] = ["plain", "named", "texts"];

pub(super) fn plain(name: &str) -> CreateCollection {
    CreateCollectionBuilder::new(name).vectors_config(VectorParamsBuilder::new(4, Distance::Cosine)).build()
}

fn named(name: &str) -> CreateCollection {
    let mut vectors = VectorsConfigBuilder::default();
    vectors.add_named_vector_params("dense", VectorParamsBuilder::new(4, Distance::Dot));
    vectors.add_named_vector_params(
        "multi",
        VectorParamsBuilder::new(2, Distance::Euclid).multivector_config(MultiVectorConfigBuilder::new(MultiVectorComparator::MaxSim)),
    );
    let mut sparse = SparseVectorsConfigBuilder::default();
    sparse.add_named_vector_params("sparse", SparseVectorParamsBuilder::default());
    CreateCollectionBuilder::new(name).vectors_config(vectors).sparse_vectors_config(sparse).build()
}

fn texts(name: &str) -> CreateCollection {
    let mut sparse = SparseVectorsConfigBuilder::default();
    sparse.add_named_vector_params("bm25", SparseVectorParamsBuilder::default().modifier(Modifier::Idf));
    CreateCollectionBuilder::new(name).sparse_vectors_config(sparse).build()
}

pub(super) async fn run(run: &mut Run<'_>) {
    let client = run.client.clone();
    run.answered("service.version", client.health_check()).await;
    run.answered("collections.exists.before", client.collection_exists(run.name("plain"))).await;
    run.answered("collections.create.plain", client.create_collection(plain(&run.name("plain")))).await;
    run.answered("collections.create.named", client.create_collection(named(&run.name("named")))).await;
    run.answered("collections.create.texts", client.create_collection(texts(&run.name("texts")))).await;
    for (name, short) in ["alias.plain", "alias.named", "alias.texts"].into_iter().zip(SHORTS) {
        let alias = CreateAliasBuilder::new(run.name(short), run.alias(short));
        run.answered(name, client.create_alias(alias)).await;
    }
    run.answered("collections.exists.after", client.collection_exists(run.at("plain"))).await;
    run.answered("collections.info.plain", client.collection_info(run.at("plain"))).await;
    run.answered("collections.info.named", client.collection_info(run.at("named"))).await;
    let prefix = run.target.prefix.to_owned();
    run.answered("collections.list", async { Ok(Ours(prefix, client.list_collections().await?)) }).await;
    let change =
        UpdateCollectionBuilder::new(run.name("plain")).optimizers_config(OptimizersConfigDiffBuilder::default().indexing_threshold(7000));
    run.answered("collections.update", client.update_collection(change)).await;
    run.answered("collections.info.updated", client.collection_info(run.name("plain"))).await;
    run.answered("collections.delete.missing", client.delete_collection(run.name("never"))).await;
    unicode(run).await;
}

async fn unicode(run: &mut Run<'_>) {
    let client = run.client.clone();
    let name = run.name("Weiche 東 é+@;=,.~");
    run.answered("collections.unicode_name.create", client.create_collection(plain(&name))).await;
    run.answered("collections.unicode_name.info", client.collection_info(name.clone())).await;
    run.answered("collections.unicode_name.delete", client.delete_collection(name)).await;
}

pub(super) async fn end(run: &mut Run<'_>) {
    let client = run.client.clone();
    for (name, short) in ["endings.plain", "endings.named", "endings.texts"].into_iter().zip(SHORTS) {
        run.answered(name, client.delete_collection(run.name(short))).await;
    }
    let prefix = run.target.prefix.to_owned();
    run.answered("endings.aliases_left", async { Ok(Ours(prefix, client.list_aliases().await?)) }).await;
    run.refused("endings.read_after", client.collection_info(run.at("plain"))).await;
}
