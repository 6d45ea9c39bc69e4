//! Wrong calls, which must be refused in the same words through the proxy; and headers that must change nothing.

use qdrant_client::qdrant::{
    CountPointsBuilder, PointId, PointStruct, PointsIdsList, Query, QueryPointsBuilder, SetPayloadPointsBuilder, UpsertPointsBuilder,
};
use qdrant_client::{Payload, Qdrant};

use super::{Run, collections, queries};

pub(super) async fn run(run: &mut Run<'_>) {
    let client = run.client.clone();
    let (at, nowhere) = (run.at("plain"), run.name("nowhere"));
    run.refused("failures.missing_collection.query", client.query(queries::nearest(&nowhere))).await;
    run.refused("failures.missing_collection.info", client.collection_info(&nowhere)).await;
    let point = |size: usize| vec![PointStruct::new(1, vec![1.0_f32; size], Payload::new())];
    let lost = UpsertPointsBuilder::new(&nowhere, point(4)).wait(true);
    run.refused("failures.missing_collection.upsert", client.upsert_points(lost)).await;
    let example = QueryPointsBuilder::new(&at).query(Query::new_nearest(PointId::from(40404)));
    run.refused("failures.missing_point.example", client.query(example)).await;
    let marked = SetPayloadPointsBuilder::new(&at, Payload::from([("a", 1.into())]))
        .points_selector(PointsIdsList { ids: vec![40404.into()] })
        .wait(true);
    run.refused("failures.missing_point.payload", client.set_payload(marked)).await;
    run.refused("failures.wrong_dimension.upsert", client.upsert_points(UpsertPointsBuilder::new(&at, point(2)).wait(true))).await;
    let long = QueryPointsBuilder::new(&at).query(Query::new_nearest(vec![1.0_f32; 7]));
    run.refused("failures.wrong_dimension.query", client.query(long)).await;
    run.refused("failures.unknown_vector", client.query(queries::nearest(&run.at("named")).using("absent"))).await;
    run.refused("failures.existing_collection", client.create_collection(collections::plain(&run.name("plain")))).await;
    run.refused("failures.bad_name", client.create_collection(collections::plain(&run.name("a*b?")))).await;
    run.refused("failures.long_name", client.count(CountPointsBuilder::new(run.name(&"n".repeat(256))))).await;
    headers(run, &client, &at).await;
}

/// The users of a transparent name all get the same answer.
async fn headers(run: &mut Run<'_>, client: &Qdrant, at: &str) {
    for (name, user) in [("transport.headers.1", "1"), ("transport.headers.42", "42"), ("transport.headers.text", "ab-12")] {
        let as_user = client.with_header("x-user-id", user).with_header("openai-api-key", "not-a-key");
        run.answered(name, as_user.query(queries::nearest(at).limit(2))).await;
    }
}
