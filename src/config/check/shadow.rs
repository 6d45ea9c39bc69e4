//! `shadow`.

use super::Faults;
use crate::config::{Period, ShadowConfig, Size};

pub(super) fn check(shadow: &ShadowConfig, faults: &mut Faults) {
    faults.range("shadow.concurrency", &shadow.concurrency, &(1..=1_024));
    faults.range("shadow.queue", &shadow.queue, &(1..=100_000));
    faults.range("shadow.max_bytes", &shadow.max_bytes, &(Size::from_kib(1)..=Size::from_mib(64)));
    faults.range("shadow.max_memory", &shadow.max_memory, &(Size::from_mib(1)..=Size::from_mib(16_384)));
    faults.range("shadow.timeout", &shadow.timeout, &(Period::from_millis(1)..=Period::from_secs(3_600)));
}
