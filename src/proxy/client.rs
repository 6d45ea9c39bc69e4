//! Who asks, as far as all the requests of a connection share it.

use super::headers::Forwarding;

/// What all requests of a connection have in common.
pub(super) struct Client {
    pub(super) forwarding: Forwarding,
}
