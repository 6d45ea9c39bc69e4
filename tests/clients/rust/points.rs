//! Points go in, in every form the client knows, and come out again.

use qdrant_client::qdrant::{
    Condition, CountPointsBuilder, DeletePointsBuilder, Document, Filter, GetPointsBuilder, NamedVectors, PointId, PointStruct,
    PointsIdsList, Range, ScrollPointsBuilder, UpdateMode, UpsertPoints, UpsertPointsBuilder, Vector, VectorsSelector, WriteOrdering,
    WriteOrderingType, with_vectors_selector::SelectorOptions,
};

use super::{Run, data, vectors};

pub(super) fn plain(at: &str) -> UpsertPoints {
    let points: Vec<PointStruct> = data().iter().map(vectors::plain).collect();
    UpsertPointsBuilder::new(at, points).wait(true).build()
}

pub(super) fn named(at: &str) -> UpsertPoints {
    let points: Vec<PointStruct> = data().iter().map(vectors::named).collect();
    UpsertPointsBuilder::new(at, points).wait(true).build()
}

/// Texts to be embedded by the server.
fn texts(at: &str) -> UpsertPoints {
    let one = |point: &serde_json::Value| {
        let text = point["payload"]["text"].as_str().unwrap_or_default();
        let words = Vector::from(Document::new(text, "qdrant/bm25"));
        PointStruct::new(vectors::id(point), NamedVectors::default().add_vector("bm25", words), [("text", text.into())])
    };
    UpsertPointsBuilder::new(at, data().iter().map(one).collect::<Vec<_>>()).wait(true).build()
}

fn every_id() -> Vec<PointId> {
    data().iter().map(vectors::id).collect()
}

pub(super) fn rail() -> Filter {
    Filter::must([Condition::matches("tags", "rail".to_owned())])
}

pub(super) async fn run(run: &mut Run<'_>) {
    writes(run).await;
    reads(run).await;
    filters(run).await;
    removals(run).await;
}

async fn writes(run: &mut Run<'_>) {
    let client = run.client.clone();
    let at = run.at("plain");
    run.answered("points.upsert.list", client.upsert_points(plain(&at))).await;
    run.answered("points.upsert.named", client.upsert_points(named(&run.at("named")))).await;
    run.answered("points.upsert.chunked", client.upsert_points_chunked(plain(&at), 3)).await;
    run.answered("texts.upsert", client.upsert_points(texts(&run.at("texts")))).await;
    let again = UpsertPointsBuilder::new(&at, vec![vectors::plain(&data()[0])]);
    // Acknowledged first and applied later: the waiting write behind it marks the moment both are in.
    run.answered("points.upsert.without_waiting", client.upsert_points(again.clone())).await;
    let strong = again.wait(true).ordering(WriteOrdering { r#type: WriteOrderingType::Strong.into() });
    run.answered("points.upsert.strong", client.upsert_points(strong)).await;
    let never = vec![PointStruct::new(1, vec![9.0_f32; 4], [("never", "seen".into())])];
    let insert = UpsertPointsBuilder::new(&at, never).wait(true).update_mode(UpdateMode::InsertOnly);
    run.answered("points.upsert.insert_only", client.upsert_points(insert)).await;
}

async fn reads(run: &mut Run<'_>) {
    let client = run.client.clone();
    let (at, named) = (run.at("plain"), run.at("named"));
    let every = GetPointsBuilder::new(&at, every_id()).with_payload(true).with_vectors(true);
    run.answered("points.retrieve.all", client.get_points(every)).await;
    let some = VectorsSelector { names: vec!["multi".to_owned(), "sparse".to_owned()] };
    let chosen = GetPointsBuilder::new(&named, every_id()).with_vectors(SelectorOptions::Include(some));
    run.answered("points.retrieve.named", client.get_points(chosen)).await;
    let missing = GetPointsBuilder::new(&at, vec![4.into(), 4040.into()]).with_payload(true);
    run.answered("points.retrieve.missing", client.get_points(missing)).await;
    let first = ScrollPointsBuilder::new(&at).limit(3).with_payload(true);
    run.answered("points.scroll.first", client.scroll(first.clone())).await;
    run.answered("points.scroll.next", client.scroll(first.offset(4))).await;
    let steel = Filter::must([Condition::matches("tags", "steel".to_owned())]);
    run.answered("points.scroll.filtered", client.scroll(ScrollPointsBuilder::new(&named).filter(steel).limit(20))).await;
    run.answered("points.count", client.count(CountPointsBuilder::new(&at))).await;
    run.answered("points.count.filtered", client.count(CountPointsBuilder::new(&at).filter(rail()).exact(true))).await;
}

async fn filters(run: &mut Run<'_>) {
    let client = run.client.clone();
    let cheap = Range { gte: Some(100.0), lt: Some(1000.0), ..Range::default() };
    let wheel = Filter::must([
        Condition::matches("name", "wheel".to_owned()),
        Condition::range("weight", Range { gte: Some(60.0), ..Range::default() }),
    ]);
    let conditions = [
        ("filters.keywords", Filter::must([Condition::matches("city", vec!["Basel".to_owned(), "東京".to_owned()])])),
        (
            "filters.except",
            Filter::must([Condition::matches("city", !qdrant_client::qdrant::r#match::MatchValue::from(vec!["Basel".to_owned()]))]),
        ),
        ("filters.boolean", Filter::must([Condition::matches("stock", false)])),
        ("filters.range", Filter::must([Condition::range("price", cheap)])),
        ("filters.null", Filter::must([Condition::is_null("owner")])),
        ("filters.empty", Filter::must([Condition::is_empty("notes")])),
        ("filters.ids", Filter::must([Condition::has_id([1, 3, 999])])),
        ("filters.vector", Filter::must([Condition::has_vector("multi")])),
        ("filters.nested", Filter::must([Condition::nested("parts", wheel)])),
        ("filters.must_not", Filter::must_not([Condition::matches("tags", "rail".to_owned())])),
        (
            "filters.min_should",
            Filter::min_should(
                2,
                [
                    Condition::matches("tags", "rail".to_owned()),
                    Condition::matches("tags", "steel".to_owned()),
                    Condition::matches("stock", true),
                ],
            ),
        ),
    ];
    let at = run.at("named");
    for (name, filter) in conditions {
        run.answered(name, client.scroll(ScrollPointsBuilder::new(&at).filter(filter).limit(50).with_payload(false))).await;
    }
}

async fn removals(run: &mut Run<'_>) {
    let client = run.client.clone();
    let at = run.at("plain");
    let two = PointsIdsList { ids: vec![2.into(), 4040.into()] };
    run.answered("points.delete", client.delete_points(DeletePointsBuilder::new(&at).points(two).wait(true))).await;
    run.answered("points.delete.left", client.count(CountPointsBuilder::new(&at))).await;
    run.answered("points.delete.by_filter", client.delete_points(DeletePointsBuilder::new(&at).points(rail()).wait(true))).await;
    run.answered("points.delete.by_filter.left", client.count(CountPointsBuilder::new(&at))).await;
    run.answered("points.delete.back", client.upsert_points(plain(&at))).await;
}
