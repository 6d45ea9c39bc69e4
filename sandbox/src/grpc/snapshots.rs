//! `qdrant.Snapshots`: snapshots of one collection; of the whole storage there are none.

use qdrant_client::qdrant as q;
use qdrant_client::qdrant::snapshots_server::Snapshots;
use tonic::{Request, Response, Status};

use super::call::{Calls, Failure, not_served};
use crate::engine::{EngineError, SnapshotDescription};

fn description(snapshot: SnapshotDescription) -> Result<q::SnapshotDescription, Failure> {
    // REST writes moments without a zone and means UTC; a timestamp has to be told.
    let moment = snapshot.creation_time.map(|time| format!("{time}Z").parse()).transpose().map_err(EngineError::service)?;
    let size = i64::try_from(snapshot.size).map_err(EngineError::service)?;
    Ok(q::SnapshotDescription { name: snapshot.name, creation_time: moment, size, checksum: snapshot.checksum })
}

#[tonic::async_trait]
impl Snapshots for Calls {
    async fn create(&self, request: Request<q::CreateSnapshotRequest>) -> Result<Response<q::CreateSnapshotResponse>, Status> {
        self.on(
            "/qdrant.Snapshots/Create",
            request,
            |m| &m.collection_name,
            |store, name, _| {
                let snapshot_description = Some(description(store.create_snapshot(name)?)?);
                Ok(q::CreateSnapshotResponse { snapshot_description, time: 0.0 })
            },
        )
        .await
    }

    async fn list(&self, request: Request<q::ListSnapshotsRequest>) -> Result<Response<q::ListSnapshotsResponse>, Status> {
        self.on(
            "/qdrant.Snapshots/List",
            request,
            |m| &m.collection_name,
            |store, name, _| {
                let snapshot_descriptions = store.list_snapshots(name)?.into_iter().map(description).collect::<Result<_, _>>()?;
                Ok(q::ListSnapshotsResponse { snapshot_descriptions, time: 0.0 })
            },
        )
        .await
    }

    async fn delete(&self, request: Request<q::DeleteSnapshotRequest>) -> Result<Response<q::DeleteSnapshotResponse>, Status> {
        self.on(
            "/qdrant.Snapshots/Delete",
            request,
            |m| &m.collection_name,
            |store, name, m| {
                store.delete_snapshot(name, &m.snapshot_name)?;
                Ok(q::DeleteSnapshotResponse::default())
            },
        )
        .await
    }

    async fn create_full(&self, request: Request<q::CreateFullSnapshotRequest>) -> Result<Response<q::CreateSnapshotResponse>, Status> {
        self.global("/qdrant.Snapshots/CreateFull", request, |_, _| not_served("snapshots of the whole storage")).await
    }

    async fn list_full(&self, request: Request<q::ListFullSnapshotsRequest>) -> Result<Response<q::ListSnapshotsResponse>, Status> {
        self.global("/qdrant.Snapshots/ListFull", request, |_, _| not_served("snapshots of the whole storage")).await
    }

    async fn delete_full(&self, request: Request<q::DeleteFullSnapshotRequest>) -> Result<Response<q::DeleteSnapshotResponse>, Status> {
        self.global("/qdrant.Snapshots/DeleteFull", request, |_, _| not_served("snapshots of the whole storage")).await
    }
}
