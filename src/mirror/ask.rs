//! Sends a recorded or mirrored query to one target.

use std::sync::Arc;
use std::time::Instant;

use super::exchange::{AskFailed, Bounds, Second, Wire};
use super::{grpc, rest};
use crate::live::Settings;
use crate::protocol::Protocol;
use crate::upstream::Upstream;

/// The mirror's connections.
#[derive(Default)]
pub(super) struct Asker {
    rest: rest::Clients,
    grpc: grpc::Lines,
}

impl Asker {
    /// Queries the collection `name` of `upstream`, or the collection that the query itself names.
    pub(super) async fn ask(
        &self,
        upstream: &Arc<Upstream>,
        settings: &Settings,
        wire: &Wire<'_>,
        name: Option<&str>,
    ) -> Result<Second, AskFailed> {
        let asked = Instant::now();
        let deadline = asked + settings.shadow.timeout;
        let bounds = Bounds { connect: settings.timeouts.connect, bytes: settings.shadow.max_bytes, asked, deadline };
        let asked = async {
            match wire.question.protocol {
                Protocol::Rest => self.rest.ask(upstream, bounds, wire, name).await,
                Protocol::Grpc => self.grpc.ask(upstream, bounds, wire.question, name, settings.limits.grpc_inflate_bytes).await,
            }
        };
        tokio::time::timeout(settings.shadow.timeout, asked).await.unwrap_or_else(|_| {
            // The connection may be dead. An HTTP/1.1 connection is dropped together with the query.
            self.grpc.forget(upstream);
            Err(AskFailed::Failed(format!("no answer within {:?}", settings.shadow.timeout)))
        })
    }

    /// Closes connections to upstreams that are not configured any more.
    pub(super) fn retain(&self, configured: &[Arc<Upstream>]) {
        let known = |id: u64| configured.iter().any(|upstream| upstream.id == id);
        self.rest.retain(known);
        self.grpc.retain(known);
    }
}
