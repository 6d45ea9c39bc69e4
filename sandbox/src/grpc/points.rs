//! `qdrant.Points`: one line a method; the work is in `reading` and `writing`.

use qdrant_client::qdrant as q;
use qdrant_client::qdrant::points_server::Points;
use tonic::{Request, Response, Status};

use super::call::Calls;
use super::{reading, writing};

/// The methods of the generated trait: all have the shape `request on a collection -> answer`, and the list of them is the whole file.
macro_rules! methods {
    ($($method:ident($request:ident) -> $response:ident: $path:literal, $work:path;)*) => {
        #[tonic::async_trait]
        impl Points for Calls {
            $(async fn $method(&self, request: Request<q::$request>) -> Result<Response<q::$response>, Status> {
                self.on($path, request, |message| &message.collection_name, $work).await
            })*
        }
    };
}

methods! {
    upsert(UpsertPoints) -> PointsOperationResponse: "/qdrant.Points/Upsert", writing::upsert;
    delete(DeletePoints) -> PointsOperationResponse: "/qdrant.Points/Delete", writing::delete;
    update_vectors(UpdatePointVectors) -> PointsOperationResponse: "/qdrant.Points/UpdateVectors", writing::update_vectors;
    delete_vectors(DeletePointVectors) -> PointsOperationResponse: "/qdrant.Points/DeleteVectors", writing::delete_vectors;
    set_payload(SetPayloadPoints) -> PointsOperationResponse: "/qdrant.Points/SetPayload", writing::set_payload;
    overwrite_payload(SetPayloadPoints) -> PointsOperationResponse: "/qdrant.Points/OverwritePayload", writing::overwrite_payload;
    delete_payload(DeletePayloadPoints) -> PointsOperationResponse: "/qdrant.Points/DeletePayload", writing::delete_payload;
    clear_payload(ClearPayloadPoints) -> PointsOperationResponse: "/qdrant.Points/ClearPayload", writing::clear_payload;
    update_batch(UpdateBatchPoints) -> UpdateBatchResponse: "/qdrant.Points/UpdateBatch", writing::batch;
    create_field_index(CreateFieldIndexCollection) -> PointsOperationResponse: "/qdrant.Points/CreateFieldIndex", writing::create_field_index;
    delete_field_index(DeleteFieldIndexCollection) -> PointsOperationResponse: "/qdrant.Points/DeleteFieldIndex", writing::delete_field_index;
    create_vector_name(CreateVectorNameRequest) -> PointsOperationResponse: "/qdrant.Points/CreateVectorName", writing::create_vector_name;
    delete_vector_name(DeleteVectorNameRequest) -> PointsOperationResponse: "/qdrant.Points/DeleteVectorName", writing::delete_vector_name;
    get(GetPoints) -> GetResponse: "/qdrant.Points/Get", reading::get;
    scroll(ScrollPoints) -> ScrollResponse: "/qdrant.Points/Scroll", reading::scroll;
    count(CountPoints) -> CountResponse: "/qdrant.Points/Count", reading::count;
    facet(FacetCounts) -> FacetResponse: "/qdrant.Points/Facet", reading::facet;
    search_matrix_pairs(SearchMatrixPoints) -> SearchMatrixPairsResponse: "/qdrant.Points/SearchMatrixPairs", reading::matrix_pairs;
    search_matrix_offsets(SearchMatrixPoints) -> SearchMatrixOffsetsResponse: "/qdrant.Points/SearchMatrixOffsets", reading::matrix_offsets;
    query(QueryPoints) -> QueryResponse: "/qdrant.Points/Query", reading::query;
    query_batch(QueryBatchPoints) -> QueryBatchResponse: "/qdrant.Points/QueryBatch", reading::query_batch;
    query_groups(QueryPointGroups) -> QueryGroupsResponse: "/qdrant.Points/QueryGroups", reading::query_groups;
    search(SearchPoints) -> SearchResponse: "/qdrant.Points/Search", reading::search;
    search_batch(SearchBatchPoints) -> SearchBatchResponse: "/qdrant.Points/SearchBatch", reading::search_batch;
    search_groups(SearchPointGroups) -> SearchGroupsResponse: "/qdrant.Points/SearchGroups", reading::search_groups;
    recommend(RecommendPoints) -> RecommendResponse: "/qdrant.Points/Recommend", reading::recommend;
    recommend_batch(RecommendBatchPoints) -> RecommendBatchResponse: "/qdrant.Points/RecommendBatch", reading::recommend_batch;
    recommend_groups(RecommendPointGroups) -> RecommendGroupsResponse: "/qdrant.Points/RecommendGroups", reading::recommend_groups;
    discover(DiscoverPoints) -> DiscoverResponse: "/qdrant.Points/Discover", reading::discover;
    discover_batch(DiscoverBatchPoints) -> DiscoverBatchResponse: "/qdrant.Points/DiscoverBatch", reading::discover_batch;
}
