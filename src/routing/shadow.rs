//! Which questions are asked of a shadow as well: a collection that nobody is answered from.

use schemars::JsonSchema;
use std::sync::Arc;

use super::{SLOTS, Salt, Target, Unit};

/// What is chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ShadowBy {
    /// All requests of a share of the units, always the same ones.
    Unit,
    /// A share of the requests.
    #[default]
    Request,
}

/// A share of the reads of one variant, mirrored to a collection and compared.
#[derive(Debug)]
pub struct Shadow<H> {
    /// What deals the units.
    pub salt: Salt,
    /// What units are told apart by in the statistics; independent of every salt that deals units.
    pub stats: Salt,
    /// How many of [`SLOTS`] are mirrored.
    pub slots: u32,
    pub by: ShadowBy,
    /// The variant whose answers it is compared with.
    pub from: Box<str>,
    /// The collection that is asked. Its handle protects the collection while it is; no variant's series counts it.
    pub target: Arc<Target<H>>,
    /// Of how many of [`SLOTS`] of the mirrored questions the reference is asked once more, for the noise floor.
    pub noise: u32,
    /// How many hits of each list are compared.
    pub depth: usize,
    /// Both collections have the same vectors, so scores may be compared.
    pub scores: bool,
    /// Payloads are kept of the queries that change most.
    pub payloads: bool,
}

impl<H> Shadow<H> {
    /// Whether a question of `unit` is mirrored. `draw` supplies the slot where chance decides: by request, and for whoever
    /// has no unit.
    pub fn takes(&self, unit: Unit<'_>, draw: impl FnOnce() -> u32) -> bool {
        let slot = match (self.by, unit) {
            (ShadowBy::Unit, Unit::Id(id)) => self.salt.slot(id),
            _ => draw() % SLOTS,
        };
        slot < self.slots
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shadow(by: ShadowBy, slots: u32) -> Shadow<()> {
        let target = Target { variant: "shadow".into(), upstream: 0, collection: "v2".into(), rename: Some("v2".into()), handle: () };
        Shadow {
            salt: Salt::new("shadow:1"),
            stats: Salt::new("stats:1"),
            slots,
            by,
            from: "stable".into(),
            target: Arc::new(target),
            noise: 0,
            depth: 10,
            scores: false,
            payloads: false,
        }
    }

    #[test]
    fn a_unit_is_mirrored_always_or_never_and_stays_when_the_share_grows() {
        let [few, many] = [100_000, 300_000].map(|slots| shadow(ShadowBy::Unit, slots));
        let (mut in_few, mut in_many) = (0, 0);
        for unit in 0..2_000 {
            let id = format!("user-{unit}");
            let chosen = |shadow: &Shadow<()>| shadow.takes(Unit::Id(id.as_bytes()), || unreachable!("a unit needs no draw"));
            assert!(!chosen(&few) || chosen(&many), "{id} was dropped when the share grew");
            in_few += usize::from(chosen(&few));
            in_many += usize::from(chosen(&many));
        }
        assert!((150..250).contains(&in_few) && (500..700).contains(&in_many), "{in_few} and {in_many} of 2000");
    }

    #[test]
    fn chance_decides_by_request_and_for_whoever_has_no_unit() {
        for (by, unit) in [(ShadowBy::Request, Unit::Id(b"user")), (ShadowBy::Request, Unit::Anonymous), (ShadowBy::Unit, Unit::Anonymous)]
        {
            assert!(shadow(by, 10).takes(unit, || 9));
            assert!(!shadow(by, 10).takes(unit, || 10));
        }
    }

    #[test]
    fn none_and_all_are_shares_too() {
        assert!(!shadow(ShadowBy::Request, 0).takes(Unit::Anonymous, || 0));
        assert!(shadow(ShadowBy::Unit, SLOTS).takes(Unit::Id(b"anybody"), || unreachable!("a unit needs no draw")));
    }
}
