//! `qdrant.Snapshots`: snapshots of one collection; of the whole storage there are none.

use qdrant_client::qdrant as q;
use qdrant_client::qdrant::snapshots_server::Snapshots;
use tonic::{Request, Response, Status};

use super::call::{Calls, not_served};

#[tonic::async_trait]
impl Snapshots for Calls {
    async fn create(&self, request: Request<q::CreateSnapshotRequest>) -> Result<Response<q::CreateSnapshotResponse>, Status> {
        self.on("/qdrant.Snapshots/Create", request, |m| &m.collection_name, |_, _, _| not_served("Create")).await
    }

    async fn list(&self, request: Request<q::ListSnapshotsRequest>) -> Result<Response<q::ListSnapshotsResponse>, Status> {
        self.on("/qdrant.Snapshots/List", request, |m| &m.collection_name, |_, _, _| not_served("List")).await
    }

    async fn delete(&self, request: Request<q::DeleteSnapshotRequest>) -> Result<Response<q::DeleteSnapshotResponse>, Status> {
        self.on("/qdrant.Snapshots/Delete", request, |m| &m.collection_name, |_, _, _| not_served("Delete")).await
    }

    async fn create_full(&self, request: Request<q::CreateFullSnapshotRequest>) -> Result<Response<q::CreateSnapshotResponse>, Status> {
        self.global("/qdrant.Snapshots/CreateFull", request, |_, _| not_served("CreateFull")).await
    }

    async fn list_full(&self, request: Request<q::ListFullSnapshotsRequest>) -> Result<Response<q::ListSnapshotsResponse>, Status> {
        self.global("/qdrant.Snapshots/ListFull", request, |_, _| not_served("ListFull")).await
    }

    async fn delete_full(&self, request: Request<q::DeleteFullSnapshotRequest>) -> Result<Response<q::DeleteSnapshotResponse>, Status> {
        self.global("/qdrant.Snapshots/DeleteFull", request, |_, _| not_served("DeleteFull")).await
    }
}
