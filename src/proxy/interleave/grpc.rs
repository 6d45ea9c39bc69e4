//! A gRPC call for both arms.

use http::HeaderName;

use super::Either;
use super::fit::{self, Fit, Unfit};
use crate::metrics::Outcome;
use crate::proxy::body::Source;
use crate::proxy::decide::Question;
use crate::proxy::grpc::Call;
use crate::proxy::journey::{Arrived, Failed, Journey};
use crate::proxy::respond::Fault;

static ACCEPT_ENCODING: HeaderName = HeaderName::from_static("grpc-accept-encoding");

impl Either for Call<'_> {
    async fn fit(&self, journey: &Journey) -> Result<Fit, Unfit> {
        fit::grpc(journey, self.is_gzip()).await
    }

    fn uncompressed(&mut self) {
        self.hop_by_hop.withhold(ACCEPT_ENCODING.clone());
    }

    async fn reach(&self, journey: &mut Journey, question: Question<'_>) -> Result<Arrived, Box<Failed>> {
        Call::reach(self, journey, question).await
    }

    async fn once(&self, journey: &mut Journey) -> Result<(Outcome, Source), Fault> {
        Call::once(self, journey).await
    }
}
