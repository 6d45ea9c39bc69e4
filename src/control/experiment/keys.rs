//! Idempotency keys, as hashes: which values have been counted, here and, as far as was heard, by other replicas.
//!
//! What this process takes is written in chunks, each under a name of its own: the one that grows is written again, a full
//! one is done. There are as many names as hold all that is remembered, and then the first one is used again; so neither
//! memory nor the store grows with the age of an experiment.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use xxhash_rust::xxh3::xxh3_64;

use crate::store::Timestamp;

/// So many of the newest are remembered, of all experiments together.
const REMEMBERED: usize = 200_000;
const CHUNK: usize = 4_096;
/// So many chunks hold all that is remembered, though the one that grows is almost empty at times.
const CHUNKS: u64 = REMEMBERED.div_ceil(CHUNK) as u64 + 1;
/// What is written at a moment may be there to read a little later.
const OVERLAP: Duration = Duration::from_secs(5);

#[derive(Debug, Default)]
pub(super) struct Keys {
    known: HashSet<u64>,
    order: VecDeque<u64>,
    /// By experiment, what was taken here.
    own: BTreeMap<String, Own>,
    /// When the newest chunk that another replica took was written.
    heard: Timestamp,
}

#[derive(Debug, Default)]
struct Own {
    /// How many chunks are full, and written.
    full: u64,
    /// Those after them, of which so many are written.
    open: Vec<u64>,
    written: usize,
}

/// What is to be written under one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Chunk {
    /// The last part of its name.
    pub(super) slot: u64,
    hashes: Vec<u64>,
}

impl Keys {
    /// False when it is known already.
    pub(super) fn take(&mut self, id: &str, key: &str) -> bool {
        let hash = xxh3_64(format!("{id}\0{key}").as_bytes());
        if !self.remember(hash) {
            return false;
        }
        let own = self.own.entry(id.to_owned()).or_default();
        own.open.push(hash);
        if own.open.len() > REMEMBERED {
            // The store has been away for long, and no replica would remember the oldest.
            own.open.drain(..CHUNK);
            own.written = 0;
        }
        true
    }

    fn remember(&mut self, hash: u64) -> bool {
        if !self.known.insert(hash) {
            return false;
        }
        self.order.push_back(hash);
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        true
    }

    /// From when on what others have written may be new.
    pub(super) fn heard(&self) -> Timestamp {
        self.heard.saturating_sub(OVERLAP)
    }

    /// Takes in what another replica wrote at a moment. False when that is no chunk.
    pub(super) fn learn(&mut self, body: &serde_json::Value, at: Timestamp) -> bool {
        self.heard = self.heard.max(at);
        let Some(bytes) = body.as_str().and_then(|text| STANDARD_NO_PAD.decode(text).ok()) else { return false };
        let (hashes, rest) = bytes.as_chunks::<8>();
        hashes.iter().for_each(|hash| {
            self.remember(u64::from_le_bytes(*hash));
        });
        rest.is_empty()
    }

    /// The next thing to write, until there is none.
    pub(super) fn unwritten(&self, id: &str) -> Option<Chunk> {
        let own = self.own.get(id).filter(|own| own.written < own.open.len())?;
        let hashes = own.open[..own.open.len().min(CHUNK)].to_vec();
        Some(Chunk { slot: own.full % CHUNKS, hashes })
    }

    /// It is written.
    pub(super) fn wrote(&mut self, id: &str, chunk: &Chunk) {
        let Some(own) = self.own.get_mut(id) else { return };
        own.written = chunk.hashes.len();
        if own.written == CHUNK {
            own.open.drain(..CHUNK);
            own.full += 1;
            own.written = 0;
        }
    }

    /// Nothing is to be written any more but of those that `keep` names.
    pub(super) fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        self.own.retain(|id, _| keep(id));
    }
}

impl Chunk {
    pub(super) fn body(&self) -> serde_json::Value {
        let bytes: Vec<u8> = self.hashes.iter().flat_map(|hash| hash.to_le_bytes()).collect();
        STANDARD_NO_PAD.encode(bytes).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes all there is; how much that was, and under which names.
    fn write(keys: &mut Keys, into: &mut BTreeMap<u64, serde_json::Value>) -> usize {
        let mut written = 0;
        while let Some(chunk) = keys.unwritten("exp_a") {
            into.insert(chunk.slot, chunk.body());
            keys.wrote("exp_a", &chunk);
            written += 1;
        }
        written
    }

    #[test]
    fn what_was_written_is_known_to_whoever_reads_it() {
        let (mut here, mut stored) = (Keys::default(), BTreeMap::new());
        assert!(here.take("exp_a", "1") && here.take("exp_b", "1"), "keys are those of their experiment");
        assert!(!here.take("exp_a", "1"));
        assert_eq!((write(&mut here, &mut stored), write(&mut here, &mut stored)), (1, 0), "nothing is written twice");
        assert!(here.take("exp_a", "2"));
        write(&mut here, &mut stored);
        assert_eq!(stored.len(), 1, "the chunk that grows has one name");
        let mut there = Keys::default();
        assert!(stored.values().all(|body| there.learn(body, Timestamp::default())));
        assert!(!there.take("exp_a", "1") && !there.take("exp_a", "2") && there.take("exp_a", "3") && there.take("exp_b", "1"));
        assert!(["AAAA", "!"].into_iter().all(|text| !there.learn(&text.into(), Timestamp::default())), "that is no chunk");
    }

    #[test]
    fn neither_memory_nor_the_store_grows_beyond_what_is_remembered() {
        let (mut keys, mut stored) = (Keys::default(), BTreeMap::new());
        let take = |keys: &mut Keys, number: usize| keys.take("exp_a", &number.to_string());
        for number in 0..REMEMBERED + 2 * CHUNK {
            assert!(take(&mut keys, number));
            if number % 1_000 == 0 {
                write(&mut keys, &mut stored);
            }
        }
        write(&mut keys, &mut stored);
        assert_eq!((keys.known.len(), keys.order.len(), stored.len() as u64), (REMEMBERED, REMEMBERED, CHUNKS));
        assert!(keys.own["exp_a"].open.len() < CHUNK);
        let mut there = Keys::default();
        // By age, as the store hands them out: the first name was used again.
        let by_age = stored.values().skip(1).chain(stored.values().take(1));
        by_age.for_each(|body| assert!(there.learn(body, Timestamp::default())));
        assert!(!take(&mut there, REMEMBERED + 2 * CHUNK - 1) && take(&mut there, 0), "the newest are known, the oldest are not");
    }

    #[test]
    fn without_a_store_the_oldest_are_not_written() {
        let mut keys = Keys::default();
        (0..=REMEMBERED).for_each(|number| assert!(keys.take("exp_a", &number.to_string())));
        assert!(keys.own["exp_a"].open.len() <= REMEMBERED);
        assert!(!keys.take("exp_a", "1"), "though they are known here until newer ones come");
        assert_eq!(write(&mut keys, &mut BTreeMap::new()), (REMEMBERED - CHUNK).div_ceil(CHUNK));
    }
}
