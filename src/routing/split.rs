//! What is done with the reads of one name.

use super::{Decision, Layer, Reason, Route, Targeting, Unit};
use crate::protocol::Read;

/// One route for all of them, or experiments that share them.
#[derive(Debug)]
pub enum Split<H> {
    Route(Route<H>),
    Layer(Layer<H>),
}

impl<H> Split<H> {
    /// Decides for a read of points. `forced` is the variant a trusted request asks for; an unknown one is
    /// ignored. `admits` says whether the request is one that is meant, and `draw` supplies the slots of an anonymous one,
    /// one at each level.
    pub fn decide(
        &self,
        read: Read,
        unit: Unit<'_>,
        forced: Option<&[u8]>,
        admits: impl Fn(&Targeting) -> bool,
        draw: impl Fn() -> u32,
    ) -> Decision<'_, H> {
        match self {
            Self::Route(route) if admits(&route.targeting) => route.decide(read, unit, forced, draw),
            Self::Route(route) => route.passed_by(Reason::NotTargeted),
            Self::Layer(layer) => layer.decide(read, unit, forced, admits, draw),
        }
    }

    /// The one that has all of the name, if one does.
    #[must_use]
    pub const fn route(&self) -> Option<&Route<H>> {
        match self {
            Self::Route(route) => Some(route),
            Self::Layer(_) => None,
        }
    }

    #[must_use]
    pub const fn layer(&self) -> Option<&Layer<H>> {
        match self {
            Self::Route(_) => None,
            Self::Layer(layer) => Some(layer),
        }
    }
}
