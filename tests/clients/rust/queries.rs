//! Searching by vectors of every kind, in one stage and in several; queries by example; the older search calls.

use qdrant_client::qdrant::{
    Condition, ContextInputBuilder, DiscoverInputBuilder, DiscoverPointsBuilder, Document, Expression, Filter, FormulaBuilder, Fusion,
    LookupLocationBuilder, Mmr, MmrBuilder, PointId, PrefetchQuery, PrefetchQueryBuilder, Query, QueryBatchPointsBuilder,
    QueryPointGroupsBuilder, QueryPointsBuilder, RecommendInputBuilder, RecommendPointsBuilder, RecommendStrategy, RrfBuilder, Sample,
    SearchBatchPointsBuilder, SearchMatrixPointsBuilder, SearchParamsBuilder, SearchPointGroupsBuilder, SearchPointsBuilder, VectorInput,
};

use super::Run;
use super::answers::Drawn;

const NEEDLE: [f32; 4] = [0.2, 0.1, 0.9, 0.7];

/// Above all candidates: a limit below could cut through a tie, whose order is nobody's.
const EVERYONE: u64 = 20;

pub(super) fn nearest(at: &str) -> QueryPointsBuilder {
    QueryPointsBuilder::new(at).query(Query::new_nearest(NEEDLE.to_vec()))
}

fn sparse() -> VectorInput {
    VectorInput::new_sparse(vec![1, 4, 22], vec![1.0, 0.7, 0.4])
}

fn two_ways() -> Vec<PrefetchQuery> {
    vec![
        PrefetchQueryBuilder::default().query(Query::new_nearest(NEEDLE.to_vec())).using("dense").limit(6_u64).build(),
        PrefetchQueryBuilder::default().query(Query::new_nearest(sparse())).using("sparse").limit(6_u64).build(),
    ]
}

pub(super) async fn run(run: &mut Run<'_>) {
    one_stage(run).await;
    stages(run).await;
    by_example(run).await;
    pages(run).await;
    legacy(run).await;
}

async fn one_stage(run: &mut Run<'_>) {
    let client = run.client.clone();
    let (at, named) = (run.at("plain"), run.at("named"));
    run.answered("queries.nearest", client.query(nearest(&at).limit(5).with_payload(true))).await;
    let by_id = QueryPointsBuilder::new(&at).query(Query::new_nearest(PointId::from(3))).limit(3);
    run.answered("queries.nearest.by_id", client.query(by_id)).await;
    let narrowed = nearest(&at)
        .filter(Filter::must([Condition::matches("stock", true)]))
        .params(SearchParamsBuilder::default().exact(true).hnsw_ef(64))
        .score_threshold(-0.5)
        .limit(4)
        .offset(1)
        .with_payload(true)
        .with_vectors(true);
    run.answered("queries.nearest.filtered", client.query(narrowed)).await;
    run.answered("queries.nearest.dense", client.query(nearest(&named).using("dense").limit(4).timeout(30))).await;
    let multi = Query::new_nearest(vec![vec![0.5_f32, 0.5], vec![-0.2, 0.9]]);
    run.answered("queries.nearest.multi", client.query(QueryPointsBuilder::new(&named).query(multi).using("multi").limit(4))).await;
    let words = QueryPointsBuilder::new(&named).query(Query::new_nearest(sparse())).using("sparse").limit(5);
    run.answered("queries.nearest.sparse", client.query(words)).await;
    let mmr: Mmr = MmrBuilder::with_params(0.6, 10).build();
    let varied = QueryPointsBuilder::new(&at).query(Query::new_nearest_with_mmr(NEEDLE.to_vec(), mmr)).limit(4);
    run.answered("queries.nearest.mmr", client.query(varied)).await;
    run.answered("queries.none", client.query(QueryPointsBuilder::new(&at).limit(4))).await;
    let sample = QueryPointsBuilder::new(&at).query(Query::new_sample(Sample::Random)).limit(EVERYONE);
    run.answered("queries.sample", async { Ok(Drawn(client.query(sample).await?)) }).await;
    let text = Query::new_nearest(Document::new("ships in the harbour", "qdrant/bm25"));
    let found = QueryPointsBuilder::new(run.at("texts")).query(text).using("bm25").limit(5).with_payload(true);
    run.answered("texts.query", client.query(found)).await;
}

async fn stages(run: &mut Run<'_>) {
    let client = run.client.clone();
    let fused = |query: Query| QueryPointsBuilder::new(run.at("named")).prefetch(two_ways()).query(query).limit(EVERYONE);
    let bonus = Expression::mult_with([Expression::constant(0.5), Expression::condition(Condition::matches("stock", true))]);
    let formula = FormulaBuilder::new(Expression::sum_with([Expression::score(), bonus]));
    let queries = [
        ("fusion.rrf", fused(Query::new_fusion(Fusion::Rrf))),
        ("fusion.rrf.weighted", fused(Query::new_rrf(RrfBuilder::with_k(10).weights(vec![3.0, 1.5])))),
        ("fusion.dbsf", fused(Query::new_fusion(Fusion::Dbsf))),
        ("fusion.formula", fused(Query::new_formula(formula))),
        ("fusion.rescored", fused(Query::new_nearest(vec![vec![0.1_f32, 0.9]])).using("multi")),
    ];
    for (name, query) in queries {
        run.answered(name, client.query(query)).await;
    }
}

async fn by_example(run: &mut Run<'_>) {
    let client = run.client.clone();
    let plain = |query: Query| QueryPointsBuilder::new(run.at("plain")).query(query).limit(EVERYONE);
    let liked = RecommendInputBuilder::default().add_positive(PointId::from(1)).add_negative(PointId::from(5));
    let pair = || ContextInputBuilder::default().add_pair(PointId::from(1), PointId::from(5));
    let elsewhere = LookupLocationBuilder::new(run.at("named")).vector_name("dense");
    let two = RecommendInputBuilder::default().add_positive(PointId::from(2));
    let queries = [
        ("exploring.recommend.average", plain(Query::new_recommend(liked.clone()))),
        ("exploring.recommend.best_score", plain(Query::new_recommend(liked.strategy(RecommendStrategy::BestScore)))),
        ("exploring.recommend.lookup", plain(Query::new_recommend(two)).lookup_from(elsewhere)),
        ("exploring.discover", plain(Query::new_discover(DiscoverInputBuilder::new(PointId::from(3), pair())))),
        ("exploring.context", plain(Query::new_context(pair()))),
    ];
    for (name, query) in queries {
        run.answered(name, client.query(query)).await;
    }
}

async fn pages(run: &mut Run<'_>) {
    let client = run.client.clone();
    let (at, named) = (run.at("plain"), run.at("named"));
    let batch = vec![
        nearest(&named).using("dense").limit(2).build(),
        QueryPointsBuilder::new(&named).query(Query::new_nearest(sparse())).using("sparse").limit(2).build(),
    ];
    run.answered("queries.batch", client.query_batch(QueryBatchPointsBuilder::new(&named, batch))).await;
    let groups = QueryPointGroupsBuilder::new(&at, "kind")
        .query(Query::new_nearest(NEEDLE.to_vec()))
        .limit(4_u64)
        .group_size(2_u64)
        .with_payload(true);
    run.answered("queries.groups", client.query_groups(groups)).await;
    let sample = SearchMatrixPointsBuilder::new(&at).sample(EVERYONE).limit(2);
    run.answered("exploring.matrix.pairs", client.search_matrix_pairs(sample.clone())).await;
    run.answered("exploring.matrix.offsets", client.search_matrix_offsets(sample)).await;
}

async fn legacy(run: &mut Run<'_>) {
    let client = run.client.clone();
    let at = run.at("plain");
    let search = SearchPointsBuilder::new(&at, NEEDLE.to_vec(), 3).with_payload(true);
    run.answered("legacy.search", client.search_points(search.clone())).await;
    let batch = SearchBatchPointsBuilder::new(&at, vec![search.clone().build(), search.build()]);
    run.answered("legacy.search.batch", client.search_batch_points(batch)).await;
    let groups = SearchPointGroupsBuilder::new(&at, NEEDLE.to_vec(), 4, "kind", 1);
    run.answered("legacy.search.groups", client.search_groups(groups)).await;
    let recommend = RecommendPointsBuilder::new(&at, 3).add_positive(PointId::from(1)).add_negative(PointId::from(5));
    run.answered("legacy.recommend", client.recommend(recommend)).await;
    run.answered("legacy.discover", client.discover(discover(&at))).await;
}

fn discover(at: &str) -> DiscoverPointsBuilder {
    use qdrant_client::qdrant::{ContextExamplePair, TargetVector, VectorExample, target_vector, vector_example};
    let example = |id: u64| VectorExample { example: Some(vector_example::Example::Id(id.into())) };
    let target = TargetVector { target: Some(target_vector::Target::Single(example(3))) };
    let pair = ContextExamplePair { positive: Some(example(1)), negative: Some(example(5)) };
    DiscoverPointsBuilder::new(at, vec![pair], 4).target(target)
}
