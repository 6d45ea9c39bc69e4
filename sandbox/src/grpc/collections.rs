//! `qdrant.Collections`: collections and aliases; of a cluster there is one peer with one shard, which cannot be changed.

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

/// A cluster of one peer, as REST describes it too.
fn one_shard(points_count: u64) -> q::CollectionClusterInfoResponse {
    let shard = q::LocalShardInfo { shard_id: 0, points_count, state: q::ReplicaState::Active.into(), shard_key: None };
    q::CollectionClusterInfoResponse { peer_id: 1, shard_count: 1, local_shards: vec![shard], ..Default::default() }
}

#[tonic::async_trait]
impl Collections for Calls {
    async fn get(&self, request: Request<q::GetCollectionInfoRequest>) -> Result<Response<q::GetCollectionInfoResponse>, Status> {
        let name = request.get_ref().collection_name.clone();
        self.logged("/qdrant.Collections/Get", request, Some(name), |shared, name, _| async move {
            let info = serde_json::to_value(shared.info(&name).await?).map_err(EngineError::service)?;
            Ok(q::GetCollectionInfoResponse { result: Some(convert::info::info(&info)), time: 0.0 })
        })
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
        self.on(
            "/qdrant.Collections/CollectionClusterInfo",
            request,
            |m| &m.collection_name,
            |store, name, _| Ok(one_shard(store.info(name)?.points_count.unwrap_or_default() as u64)),
        )
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
        self.on(
            "/qdrant.Collections/ListShardKeys",
            request,
            |m| &m.collection_name,
            |store, name, _| {
                store.collection(name)?;
                Ok(q::ListShardKeysResponse::default())
            },
        )
        .await
    }
}
