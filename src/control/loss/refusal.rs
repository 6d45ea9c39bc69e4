//! A change that would lose acknowledged writes is refused until its caller accepts that (I11).

use crate::config::DEFAULT_UPSTREAM;
use crate::control::engine::{ControlError, State};
use crate::rollout::Timestamp;
use crate::rollout::loss::{Counted, Loss, Stake};

/// Whether the caller of a change accepts that it loses acknowledged writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consent {
    Withheld,
    /// The request says `accept_lost_writes: true`.
    Given,
    /// Pointsman goes back by itself, and nothing holds that up (I8).
    Automatic,
}

impl Consent {
    #[must_use]
    pub const fn of(accept_lost_writes: bool) -> Self {
        if accept_lost_writes { Self::Given } else { Self::Withheld }
    }

    /// The loss, if the change may be made all the same. `what` is the change, as in "promoting"; `instead` is what else can
    /// be done, or empty.
    ///
    /// # Errors
    /// When acknowledged writes would be lost and that was not accepted.
    pub(in crate::control) fn to(self, loss: Option<Loss>, what: &'static str, instead: &str) -> Result<Option<Loss>, ControlError> {
        let loss = loss.filter(Loss::is_real);
        match (self, loss) {
            (Self::Withheld, Some(loss)) => Err(ControlError::LostWrites { loss: Box::new(loss), what, instead: instead.to_owned() }),
            (_, loss) => Ok(loss),
        }
    }
}

impl State {
    /// Counts, from now on, what `collection` lacks of what goes to the collection that `alias` points at.
    pub(in crate::control) fn stake(&self, counted: &Counted, alias: &str, place: (&str, &str), now: Timestamp) -> Stake {
        let (upstream, collection) = place;
        let stable = self.listing.aliases.get(alias).map(|stable| counted.mark(DEFAULT_UPSTREAM, stable, now));
        Stake::new(stable.into_iter().collect(), counted.mark(upstream, collection, now))
    }
}
