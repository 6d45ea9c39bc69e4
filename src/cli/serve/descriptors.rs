//! How many client connections the process's descriptors allow.
//!
//! Without a bound, a flood of connections takes the last descriptor, and then neither upstreams nor the store nor the
//! configuration can be opened.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// For the store, the admin port, files, and connections that no client's request is on.
const RESERVED: u64 = 256;

/// Raises the process's own limit as far as it may. Returns what holds then; none: there is no limit.
pub(in crate::cli) fn raise() -> Option<u64> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current != maximum
        && let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })
    {
        tracing::debug!(%error, "the limit of open files cannot be raised");
    }
    getrlimit(Resource::Nofile).current
}

/// How many client connections there may be at most, where `wanted` are configured: each may need one to an upstream too.
pub(super) fn connections(wanted: usize, limit: Option<u64>) -> usize {
    wanted.min(places(limit))
}

/// What to tell the operator where the limit allows fewer connections than are configured.
pub(in crate::cli) fn too_few(wanted: usize, limit: Option<u64>) -> Option<String> {
    let (limit, places) = (limit?, places(limit));
    (places < wanted).then(|| {
        format!(
            "{limit} open files are allowed, so there are at most {places} client connections and not listen.max_connections ({wanted}): \
             raise the limit (LimitNOFILE, ulimit -n), or lower listen.max_connections to say so"
        )
    })
}

fn places(limit: Option<u64>) -> usize {
    limit.map_or(usize::MAX, |limit| usize::try_from(limit.saturating_sub(RESERVED) / 2).unwrap_or(usize::MAX).max(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_descriptors_for_upstreams_and_for_everything_else() {
        for (wanted, limit, places) in
            [(20_000, None, 20_000), (20_000, Some(65_536), 20_000), (20_000, Some(1_024), 384), (100, Some(1_024), 100)]
        {
            assert_eq!(connections(wanted, limit), places, "{wanted} of {limit:?}");
            assert_eq!(too_few(wanted, limit).is_some(), places < wanted, "{wanted} of {limit:?}");
        }
        assert_eq!(connections(20_000, Some(10)), 2, "one for each port");
    }

    #[test]
    fn the_limit_is_raised_as_far_as_it_may() {
        let allowed = raise();
        assert_eq!(allowed, getrlimit(Resource::Nofile).maximum);
    }
}
