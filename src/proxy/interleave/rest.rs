//! A REST request for both arms.

use http::header::ACCEPT_ENCODING;

use super::Either;
use super::fit::{self, Fit, Unfit};
use crate::metrics::Outcome;
use crate::proxy::body::Source;
use crate::proxy::decide::Question;
use crate::proxy::journey::{Arrived, Failed, Journey};
use crate::proxy::respond::Fault;
use crate::proxy::rest::Rest;

impl Either for Rest<'_> {
    async fn fit(&self, journey: &Journey) -> Result<Fit, Unfit> {
        fit::rest(journey, &self.parts.headers).await
    }

    fn uncompressed(&mut self) {
        self.hop_by_hop.withhold(ACCEPT_ENCODING);
    }

    async fn reach(&self, journey: &mut Journey, question: Question<'_>) -> Result<Arrived, Box<Failed>> {
        Rest::reach(self, journey, question).await
    }

    async fn once(&self, journey: &mut Journey) -> Result<(Outcome, Source), Fault> {
        let target = journey.target();
        let upstream = journey.upstream(&target);
        let (head, body) = self.attempt(journey, &upstream, &target).await?;
        Ok((Outcome::of_http(head.status), Source::Rest(body)))
    }
}
