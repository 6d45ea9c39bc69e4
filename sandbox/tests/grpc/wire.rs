//! What is on the wire: statuses and their texts, keys, compression, faults, the log.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use pointsman_sandbox::SandboxOptions;
use pointsman_sandbox::faults::{ConnectionFault, ErrorShare, Fault, SlowBody};
use pointsman_sandbox::requests;
use qdrant_client::qdrant as q;
use qdrant_client::qdrant::{
    CountPointsBuilder, CreateAliasBuilder, CreateCollectionBuilder, Distance, RenameAliasBuilder, VectorParamsBuilder,
};
use tonic::body::Body;
use tonic::codec::CompressionEncoding;
use tonic::metadata::MetadataValue;
use tonic::{Code, Request};
use tower::{Service, ServiceExt};

use super::support::{House, Outcome, client, failure, told};

fn vectors() -> VectorParamsBuilder {
    VectorParamsBuilder::new(2, Distance::Dot)
}

#[tokio::test]
async fn failures_have_the_codes_and_texts_of_a_real_server() -> Outcome {
    let house = House::open().await?;
    house.furnish("c").await?;
    let client = &house.client;
    let missing = failure(client.count(CountPointsBuilder::new("gone")).await);
    assert_eq!(missing, (Code::NotFound, "Not found: Collection `gone` doesn't exist!".to_owned()));
    let twice = failure(client.create_collection(CreateCollectionBuilder::new("c").vectors_config(vectors())).await);
    assert_eq!(twice, (Code::AlreadyExists, "Wrong input: Collection `c` already exists!".to_owned()));
    let renamed = failure(client.rename_alias(RenameAliasBuilder::new("nobody", "somebody")).await);
    assert_eq!(renamed, (Code::NotFound, "Not found: Alias nobody does not exists!".to_owned()));
    client.create_alias(CreateAliasBuilder::new("c", "a")).await?;
    let shadowed = failure(client.create_collection(CreateCollectionBuilder::new("a").vectors_config(vectors())).await);
    assert_eq!(shadowed.0, Code::InvalidArgument);
    let (code, text) = failure(client.count(CountPointsBuilder::new("a/b")).await);
    assert_eq!(code, Code::InvalidArgument);
    assert_eq!(text, "Validation error in body: [collection_name: collection name cannot contain \"/\" char]");
    let (code, text) = failure(client.count(CountPointsBuilder::new("x".repeat(256))).await);
    assert_eq!(code, Code::InvalidArgument);
    assert!(text.ends_with("must be from 1 to 255 characters]"), "{text}");
    Ok(())
}

#[tokio::test]
async fn names_inside_a_batch_are_checked_and_otherwise_ignored() -> Outcome {
    let house = House::open().await?;
    house.furnish("c").await?;
    let mut points = house.points().await?;
    let inner = |name: &str| q::QueryPoints { collection_name: name.to_owned(), limit: Some(1), ..Default::default() };
    let batch = |name| q::QueryBatchPoints { collection_name: "c".to_owned(), query_points: vec![inner(name)], ..Default::default() };
    let ignored = points.query_batch(batch("nowhere")).await?.into_inner();
    assert_eq!(ignored.result[0].result.len(), 1);
    let refused = points.query_batch(batch("")).await.expect_err("an empty inner name is refused");
    let text = "Validation error in body: [query_points[0].collection_name: value \"\" invalid, must be from 1 to 255 characters]";
    assert_eq!(told(&refused), (Code::InvalidArgument, text.to_owned()));
    Ok(())
}

#[tokio::test]
async fn only_health_checks_do_without_the_key() -> Outcome {
    let house = House::with(SandboxOptions { api_key: Some("secret".to_owned()), ..SandboxOptions::default() }).await?;
    house.client.list_collections().await?;
    let url = house.sandbox.grpc_url().ok_or("gRPC is on by default")?;
    let connect = |key: Option<&str>| client(&url, key.map(str::to_owned));
    let none = failure(connect(None)?.list_collections().await);
    assert_eq!(none, (Code::Unauthenticated, "Must provide an API key or an Authorization bearer token".to_owned()));
    let wrong = failure(connect(Some("guess"))?.list_collections().await);
    assert_eq!(wrong, (Code::Unauthenticated, "Invalid API key or JWT".to_owned()));
    let health = connect(None)?.health_check().await?;
    assert!(health.title.contains("sandbox") && health.version.starts_with("1.18."), "{health:?}");
    Ok(())
}

#[tokio::test]
async fn the_standard_health_service_answers() -> Outcome {
    let house = House::open().await?;
    let mut channel = house.channel().await?;
    let uri = format!("{}/grpc.health.v1.Health/Check", house.sandbox.grpc_url().ok_or("gRPC is on by default")?);
    let message = Body::new(Full::new(Bytes::from_static(&[0; 5])));
    let request = http::Request::post(uri).header("content-type", "application/grpc").header("te", "trailers").body(message)?;
    let body = channel.ready().await?.call(request).await?.into_body().collect().await?;
    assert_eq!(body.trailers().and_then(|trailers| trailers.get("grpc-status")).map(http::HeaderValue::as_bytes), Some(b"0".as_slice()));
    // Not compressed, two bytes long, field 1 is 1: SERVING.
    assert_eq!(body.to_bytes().as_ref(), [0, 0, 0, 0, 2, 8, 1]);
    Ok(())
}

#[tokio::test]
async fn a_failure_is_in_the_first_headers() -> Outcome {
    let house = House::open().await?;
    let mut channel = house.channel().await?;
    let uri = format!("{}/qdrant.Collections/Get", house.sandbox.grpc_url().ok_or("gRPC is on by default")?);
    let frame = Bytes::from_static(b"\0\0\0\0\x06\x0a\x04gone");
    let message = Body::new(Full::new(frame));
    let request = http::Request::post(uri).header("content-type", "application/grpc").header("te", "trailers").body(message)?;
    let response = channel.ready().await?.call(request).await?;
    assert_eq!(response.headers().get("grpc-status").map(http::HeaderValue::as_bytes), Some(b"5".as_slice()));
    Ok(())
}

#[tokio::test]
async fn gzip_is_read_and_always_written_where_it_is_offered() -> Outcome {
    let house = House::open().await?;
    house.furnish("c").await?;
    let scroll = || q::ScrollPoints { collection_name: "c".to_owned(), ..Default::default() };
    let plain = house.points().await?.scroll(scroll()).await?;
    assert!(plain.metadata().get("grpc-encoding").is_none());
    let mut points = house.points().await?.send_compressed(CompressionEncoding::Gzip).accept_compressed(CompressionEncoding::Gzip);
    let zipped = points.scroll(scroll()).await?;
    assert_eq!(zipped.metadata().get("grpc-encoding").map(MetadataValue::as_bytes), Some(b"gzip".as_slice()));
    assert_eq!(zipped.into_inner().result.len(), plain.into_inner().result.len());
    Ok(())
}

#[tokio::test]
async fn a_large_message_is_taken() -> Outcome {
    let house = House::open().await?;
    let vectors = VectorParamsBuilder::new(4096, Distance::Dot);
    house.client.create_collection(CreateCollectionBuilder::new("c").vectors_config(vectors)).await?;
    let points = (0..512_u64).map(|id| q::PointStruct::new(id, vec![0.5_f32; 4096], qdrant_client::Payload::new())).collect();
    let mut client = house.points().await?;
    let upsert = q::UpsertPoints { collection_name: "c".to_owned(), points, wait: Some(true), ..Default::default() };
    client.upsert(upsert).await?;
    let count = client.count(q::CountPoints { collection_name: "c".to_owned(), exact: Some(true), ..Default::default() }).await?;
    assert_eq!(count.into_inner().result.map(|result| result.count), Some(512));
    Ok(())
}

#[tokio::test]
async fn what_is_not_served_says_so() -> Outcome {
    let house = House::open().await?;
    house.furnish("c").await?;
    let (code, text) = failure(house.client.create_full_snapshot().await);
    assert_eq!(code, Code::Unimplemented);
    assert!(text.contains("sandbox"), "{text}");
    Ok(())
}

#[tokio::test]
async fn faults_reach_grpc_and_everything_is_logged() -> Outcome {
    let house = House::open().await?;
    house.furnish("c").await?;
    house.client.create_alias(CreateAliasBuilder::new("c", "live")).await?;
    let share = ErrorShare { status: 429, share: 1.0, message: Some("slow down".to_owned()), retry_after: Some(7) };
    house.sandbox.faults.set("c", Fault { errors: vec![share], ..Fault::default() })?;
    let mut points = house.points().await?;
    let count = || q::CountPoints { collection_name: "live".to_owned(), ..Default::default() };
    let mut request = Request::new(count());
    request.metadata_mut().insert("x-user-id", "u1".parse()?);
    let status = points.count(request).await.expect_err("every request fails");
    assert_eq!(told(&status), (Code::ResourceExhausted, "slow down".to_owned()));
    assert_eq!(status.metadata().get("retry-after").map(MetadataValue::as_bytes), Some(b"7".as_slice()));

    let filter = requests::Filter { operation: Some("Points/Count".to_owned()), ..requests::Filter::default() };
    let logged = house.sandbox.log.list(&filter);
    assert_eq!(logged.len(), 1);
    assert_eq!((logged[0].collection.as_deref(), logged[0].resolved.as_deref()), (Some("live"), Some("c")));
    assert_eq!(logged[0].headers.get("x-user-id").map(String::as_str), Some("u1"));
    assert_eq!(logged[0].status, Some(Code::ResourceExhausted as u16));

    house.sandbox.faults.set("c", Fault { status: Some(pointsman_sandbox::engine::CollectionStatus::Red), ..Fault::default() })?;
    let info = house.client.collection_info("live").await?.result.ok_or("no info")?;
    assert_eq!(info.status(), q::CollectionStatus::Red);
    house.sandbox.faults.set("c", Fault { slow_body: Some(SlowBody { chunk_bytes: 1, delay_ms: 1 }), ..Fault::default() })?;
    assert_eq!(points.count(count()).await?.into_inner().result.map(|result| result.count), Some(6));
    for fault in [ConnectionFault::Close, ConnectionFault::Reset] {
        house.sandbox.faults.set("c", Fault { connection: Some(fault), ..Fault::default() })?;
        let status = points.count(count()).await.expect_err("the connection is gone");
        assert!(matches!(status.code(), Code::Unavailable | Code::Unknown | Code::Internal), "{status:?}");
    }
    house.sandbox.faults.clear_all();
    assert!(points.count(count()).await.is_ok());
    Ok(())
}
