//! Two answers and a seal, or the own one as it came.

use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::{HeaderValue, Response};

use super::collect::Collected;
use super::fit::Fit;
use super::hits::Hit;
use crate::interleaving::{Picks, PointId, draft};
use crate::metrics::NotInterleaved;
use crate::proxy::body::{Answer, Source};
use crate::proxy::decide::Pairing;
use crate::proxy::journey::{Arrived, Journey};
use crate::proxy::respond::Fault;

/// The own arm's answer, held.
pub(super) struct Own {
    arrived: Arrived,
    collected: Collected,
    /// It is the own arm's and a good one: stable may have answered in the arm's place.
    good: bool,
}

/// What both arms have made.
struct Merged {
    body: Bytes,
    token: HeaderValue,
}

impl Own {
    /// With its body taken out and read.
    pub(super) async fn of(mut arrived: Arrived, journey: &Journey, pairing: &Pairing) -> Self {
        let source = std::mem::replace(arrived.answer.body_mut(), Source::Empty);
        let collected = Collected::of(source, journey).await;
        Self { arrived, collected, good: journey.is_at(&pairing.own) && journey.succeeds() }
    }

    /// Its body, if it can be merged.
    pub(super) fn whole(&self) -> Result<Bytes, NotInterleaved> {
        if self.good { self.collected.whole() } else { Err(NotInterleaved::Answer) }
    }

    fn merged(&self, pairing: &Pairing, fit: Fit, partner: Option<&Bytes>) -> Result<Merged, NotInterleaved> {
        let whole = self.whole()?;
        let own = fit.form.hits(&whole).ok_or(NotInterleaved::Answer)?;
        let other = partner.and_then(|partner| fit.form.hits(partner)).ok_or(NotInterleaved::Partner)?;
        let lists = pairing.team.in_order(own, other);
        let ids = lists.each_ref().map(|list| list.iter().map(|hit| hit.id).collect::<Vec<PointId>>());
        let mut random = fastrand::Rng::new();
        let picks = draft(ids.each_ref().map(Vec::as_slice), fit.wanted, || random.bool());
        let hits: Vec<&Hit> = picks.iter().map(|pick| &lists[pick.team as usize][pick.place]).collect();
        let teams: Vec<_> = picks.iter().zip(&hits).map(|(pick, hit)| (pick.team, hit.id)).collect();
        let body = fit.form.with(&whole, &hits).ok_or(NotInterleaved::Answer)?;
        let token = pairing.seal.seal(pairing.unit, Picks::of(&teams));
        Ok(Merged { body, token: HeaderValue::try_from(token).map_err(|_| NotInterleaved::Answer)? })
    }

    fn unchanged(mut self) -> Arrived {
        *self.arrived.answer.body_mut() = self.collected.unchanged();
        self.arrived
    }

    fn replaced(mut self, body: Bytes) -> Arrived {
        if let Some(length) = self.arrived.answer.headers_mut().get_mut(CONTENT_LENGTH) {
            *length = body.len().into();
        }
        *self.arrived.answer.body_mut() = self.collected.replaced(body);
        self.arrived
    }
}

/// The answer to a request that both arms were asked for.
pub(super) fn conclude(
    journey: Journey,
    pairing: &Pairing,
    fit: Fit,
    own: Result<Own, Fault>,
    partner: Option<&Bytes>,
) -> Response<Answer> {
    let own = match own {
        Ok(own) => own,
        Err(fault) => {
            journey.count_merge(pairing, Some(NotInterleaved::Answer));
            return journey.fail(&fault);
        }
    };
    match own.merged(pairing, fit, partner) {
        Ok(Merged { body, token }) => {
            journey.count_merge(pairing, None);
            journey.finish_merged(own.replaced(body), token)
        }
        Err(why) => {
            journey.count_merge(pairing, Some(why));
            journey.finish(own.unchanged())
        }
    }
}
