//! Merges two answers and signs the result, or returns the own arm's answer unchanged.

use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::{HeaderValue, Response};

use super::collect::Collected;
use super::fit::Fit;
use crate::interleaving::{Picks, draft};
use crate::metrics::NotInterleaved;
use crate::protocol::hits::{Form, Hit};
use crate::protocol::messages::{framed, only};
use crate::protocol::points::PointId;
use crate::proxy::body::{Answer, Source};
use crate::proxy::decide::Pairing;
use crate::proxy::journey::{Arrived, Journey};
use crate::proxy::respond::Fault;

/// The own arm's answer, buffered.
pub(super) struct Own {
    arrived: Arrived,
    collected: Collected,
    /// It comes from the own arm and is a success; otherwise stable may have answered in its place.
    good: bool,
}

/// The merged answer.
struct Merged {
    body: Bytes,
    token: HeaderValue,
}

impl Own {
    /// With its body read.
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
        let own = hits(fit.form, &whole).ok_or(NotInterleaved::Answer)?;
        let other = partner.and_then(|partner| hits(fit.form, partner)).ok_or(NotInterleaved::Partner)?;
        let lists = pairing.team.in_order(own, other);
        let ids = lists.each_ref().map(|list| list.iter().map(|hit| hit.id).collect::<Vec<PointId>>());
        let mut random = fastrand::Rng::new();
        let picks = draft(ids.each_ref().map(Vec::as_slice), fit.wanted, || random.bool());
        let hits: Vec<&Hit> = picks.iter().map(|pick| &lists[pick.team as usize][pick.place]).collect();
        let teams: Vec<_> = picks.iter().zip(&hits).map(|(pick, hit)| (pick.team, hit.id)).collect();
        let body = with(fit.form, &whole, &hits).ok_or(NotInterleaved::Answer)?;
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

/// The hits of a body with exactly one list. None if it has another form.
pub(super) fn hits(form: Form, body: &Bytes) -> Option<Vec<Hit>> {
    let lists = match form {
        Form::Json(_) => form.lists(body)?,
        Form::Message(_) => form.lists(&only(body)?)?,
    };
    let [hits] = <[_; 1]>::try_from(lists).ok()?;
    Some(hits)
}

/// The same body with these hits instead of its own.
pub(super) fn with(form: Form, body: &Bytes, hits: &[&Hit]) -> Option<Bytes> {
    match form {
        Form::Json(_) => form.with(body, hits),
        Form::Message(_) => framed(&[&form.with(&only(body)?, hits)?]),
    }
}

/// The final answer to a request that both arms received.
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
