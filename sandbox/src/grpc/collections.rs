//! `qdrant.Collections`: collections and aliases; what concerns a cluster is not served.

use std::sync::Arc;

use qdrant_client::qdrant as q;
use qdrant_client::qdrant::collections_server::Collections;
use tonic::{Request, Response, Status};

use super::call::{Calls, not_served};
use super::convert;
use crate::engine::AliasDescription;
use crate::engine::EngineError;

fn done(result: bool) -> q::CollectionOperationResponse {
    q::CollectionOperationResponse { result, time: 0.0 }
}

fn aliases(aliases: Vec<AliasDescription>) -> q::ListAliasesResponse {
    let describe = |alias: AliasDescription| q::AliasDescription { alias_name: alias.alias_name, collection_name: alias.collection_name };
    q::ListAliasesResponse { aliases: aliases.into_iter().map(describe).collect(), time: 0.0 }
}

#[tonic::async_trait]
impl Collections for Calls {
    async fn get(&self, request: Request<q::GetCollectionInfoRequest>) -> Result<Response<q::GetCollectionInfoResponse>, Status> {
        let faults = Arc::clone(&self.shared.faults);
        self.on(
            "/qdrant.Collections/Get",
            request,
            |m| &m.collection_name,
            move |store, name, _| {
                let mut info = store.info(name)?;
                info.status = faults.status(name, store.resolve(name).as_deref()).unwrap_or(info.status);
                let info = serde_json::to_value(info).map_err(EngineError::service)?;
                Ok(q::GetCollectionInfoResponse { result: Some(convert::info::info(&info)), time: 0.0 })
            },
        )
        .await
    }

    async fn list(&self, request: Request<q::ListCollectionsRequest>) -> Result<Response<q::ListCollectionsResponse>, Status> {
        self.global("/qdrant.Collections/List", request, |store, _| {
            let collections = store.list().into_iter().map(|name| q::CollectionDescription { name }).collect();
            Ok(q::ListCollectionsResponse { collections, time: 0.0 })
        })
        .await
    }

    async fn create(&self, request: Request<q::CreateCollection>) -> Result<Response<q::CollectionOperationResponse>, Status> {
        self.on(
            "/qdrant.Collections/Create",
            request,
            |m| &m.collection_name,
            |store, name, m| Ok(done(store.create_collection(name, convert::typed(convert::collections::create(m)?)?)?)),
        )
        .await
    }

    async fn update(&self, request: Request<q::UpdateCollection>) -> Result<Response<q::CollectionOperationResponse>, Status> {
        self.on(
            "/qdrant.Collections/Update",
            request,
            |m| &m.collection_name,
            |store, name, m| Ok(done(store.update_collection(name, convert::typed(convert::collections::update(m)?)?)?)),
        )
        .await
    }

    async fn delete(&self, request: Request<q::DeleteCollection>) -> Result<Response<q::CollectionOperationResponse>, Status> {
        self.on("/qdrant.Collections/Delete", request, |m| &m.collection_name, |store, name, _| Ok(done(store.delete_collection(name)?)))
            .await
    }

    async fn update_aliases(&self, request: Request<q::ChangeAliases>) -> Result<Response<q::CollectionOperationResponse>, Status> {
        self.global("/qdrant.Collections/UpdateAliases", request, |store, m| {
            Ok(done(store.change_aliases(convert::typed(convert::collections::alias_actions(m)?)?)?))
        })
        .await
    }

    async fn list_collection_aliases(
        &self,
        request: Request<q::ListCollectionAliasesRequest>,
    ) -> Result<Response<q::ListAliasesResponse>, Status> {
        self.on(
            "/qdrant.Collections/ListCollectionAliases",
            request,
            |m| &m.collection_name,
            |store, name, _| Ok(aliases(store.collection_aliases(name))),
        )
        .await
    }

    async fn list_aliases(&self, request: Request<q::ListAliasesRequest>) -> Result<Response<q::ListAliasesResponse>, Status> {
        self.global("/qdrant.Collections/ListAliases", request, |store, _| Ok(aliases(store.aliases()))).await
    }

    async fn collection_exists(
        &self,
        request: Request<q::CollectionExistsRequest>,
    ) -> Result<Response<q::CollectionExistsResponse>, Status> {
        self.on(
            "/qdrant.Collections/CollectionExists",
            request,
            |m| &m.collection_name,
            |store, name, _| {
                let exists = store.resolve(name).is_some();
                Ok(q::CollectionExistsResponse { result: Some(q::CollectionExists { exists }), time: 0.0 })
            },
        )
        .await
    }

    async fn collection_cluster_info(
        &self,
        request: Request<q::CollectionClusterInfoRequest>,
    ) -> Result<Response<q::CollectionClusterInfoResponse>, Status> {
        self.on("/qdrant.Collections/CollectionClusterInfo", request, |m| &m.collection_name, |_, _, _| not_served("CollectionClusterInfo"))
            .await
    }

    async fn update_collection_cluster_setup(
        &self,
        request: Request<q::UpdateCollectionClusterSetupRequest>,
    ) -> Result<Response<q::UpdateCollectionClusterSetupResponse>, Status> {
        self.on(
            "/qdrant.Collections/UpdateCollectionClusterSetup",
            request,
            |m| &m.collection_name,
            |_, _, _| not_served("UpdateCollectionClusterSetup"),
        )
        .await
    }

    async fn create_shard_key(&self, request: Request<q::CreateShardKeyRequest>) -> Result<Response<q::CreateShardKeyResponse>, Status> {
        self.on("/qdrant.Collections/CreateShardKey", request, |m| &m.collection_name, |_, _, _| not_served("CreateShardKey")).await
    }

    async fn delete_shard_key(&self, request: Request<q::DeleteShardKeyRequest>) -> Result<Response<q::DeleteShardKeyResponse>, Status> {
        self.on("/qdrant.Collections/DeleteShardKey", request, |m| &m.collection_name, |_, _, _| not_served("DeleteShardKey")).await
    }

    async fn list_shard_keys(&self, request: Request<q::ListShardKeysRequest>) -> Result<Response<q::ListShardKeysResponse>, Status> {
        self.on("/qdrant.Collections/ListShardKeys", request, |m| &m.collection_name, |_, _, _| not_served("ListShardKeys")).await
    }
}
