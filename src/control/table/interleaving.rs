//! Which arms answer together, and what an application is given to say whose hit it was.

use std::sync::Arc;

use ulid::Ulid;

use crate::control::documents::ulid;
use crate::experiment::{Experiment, Interleaved, Phase, TokenKey};
use crate::interleaving::{Picks, Seal};
use crate::metrics::Handles;
use crate::routing::{Interleaving, Target};
use crate::stats::Cohort;

/// The places of both arms among the variants; stable comes before them.
const TEAMS: [usize; 2] = [1, 2];

/// Signs what the data path has merged.
#[derive(Debug)]
struct Sealer {
    key: TokenKey,
    experiment: Ulid,
    phase: u32,
}

impl Seal for Sealer {
    fn seal(&self, unit: u64, picks: Picks) -> String {
        let bucket = u8::try_from(Cohort::bucket(unit)).unwrap_or(u8::MAX);
        self.key.seal_interleaved(&Interleaved { experiment: self.experiment, phase: self.phase, bucket, picks })
    }
}

/// Of an experiment that asks for it, as long as its arms lead to different places: where this replica's configuration lacks
/// an arm's upstream, stable serves both.
pub(super) fn interleaving(
    key: &TokenKey,
    experiment: &Experiment,
    phase: &Phase,
    variants: &[Arc<Target<Handles>>],
) -> Option<Interleaving> {
    let place = |variant: usize| variants.get(variant).map(|target| (target.upstream, &target.collection));
    let [control, treatment] = TEAMS.map(place);
    if !experiment.spec().interleave || control? == treatment? {
        return None;
    }
    let seal = Sealer { key: key.clone(), experiment: ulid(experiment.id())?, phase: phase.number };
    Some(Interleaving { teams: TEAMS, seal: Arc::new(seal) })
}
