//! From the configuration's sections to what the data path reads.

use crate::config::Config;
use crate::live::{Answers, Fallback, Identity, Limits, Retry, Settings, Shadowing, Timeouts};
use crate::rollout::Share;
use crate::routing::{Carrier, Holdout};

pub(super) fn of(config: &Config) -> Settings {
    let Config { identity, timeouts, retry, fallback, limits, answers, shadow, log, .. } = config;
    Settings {
        identity: Identity {
            carriers: identity.carriers.iter().map(Carrier::from).collect(),
            force_header: identity.force_header.as_ref().map(|header| header.name().clone()),
            holdout: Holdout::of(Share::from_percentage(identity.holdout_percentage).slots()),
        },
        timeouts: Timeouts {
            connect: timeouts.connect.get(),
            reconnect: timeouts.reconnect.get(),
            first_byte: timeouts.first_byte.limit(),
            total: timeouts.total.limit(),
            idle: timeouts.idle.limit(),
            idle_rest: timeouts.idle_rest.get(),
        },
        retry: Retry { budget_ratio: retry.budget_ratio, min_per_second: retry.min_per_second },
        fallback: Fallback { enabled: fallback.enabled, replay_bytes: fallback.replay_bytes.bytes() },
        limits: Limits {
            max_requests: limits.max_requests,
            retry_after: limits.retry_after.get(),
            grpc_inspect_bytes: limits.grpc_inspect_bytes.bytes(),
            grpc_inflate_bytes: limits.grpc_inflate_bytes.bytes(),
            held_bytes: limits.held_bytes.bytes(),
        },
        answers: Answers { sample: answers.sample, max_bytes: answers.max_bytes.bytes() },
        shadow: Shadowing { concurrency: shadow.concurrency, max_bytes: shadow.max_bytes.bytes(), timeout: shadow.timeout.get() },
        access_sample: log.access_sample,
    }
}
