//! What `serve` takes for itself: the store and the three ports.

use std::net::TcpListener;

use super::probe::{Outcome, Probe, Said};
use crate::cli::serve::ports::Port;
use crate::config::Config;
use crate::store::{OpenError, ProbeFault, Probed};

const STORE_LATE: &str = "start the database, let this machine reach it, or choose another store with --store-url (store.url)";

pub(super) fn store(config: &Config) -> Probe<'_> {
    let url = &config.store.url;
    Probe::new("store", url.to_string(), STORE_LATE, async move {
        url.location().probe().await.map(|probed| in_words(&probed)).map_err(|fault| refused(&fault))
    })
}

fn in_words(probed: &Probed) -> Said {
    match probed {
        Probed::Memory => Said::new("kept in memory: what operators make is lost when the process ends"),
        Probed::Empty => Said::new("there is none yet: serve makes one"),
        Probed::Schema { found, known } if found < known => {
            Said::new(format!("writable, schema {found}: serve brings it up to {known}, after which earlier versions refuse it"))
        }
        Probed::Schema { found, .. } => Said::new(format!("writable, schema {found}")),
    }
}

fn refused(fault: &ProbeFault) -> Said {
    match fault {
        ProbeFault::Open(OpenError::InUse { by, .. }) => {
            Said::new(format!("in use by {by}")).so("stop it, or choose another store with --store-url (store.url)")
        }
        // The others say what to do themselves.
        ProbeFault::Open(error @ OpenError::Unreachable { .. }) => Said::new(error.to_string()).so(STORE_LATE),
        ProbeFault::Open(error) => Said::new(error.to_string()),
        ProbeFault::ReadOnly { .. } => Said::new(fault.to_string())
            .so("give the user of this process the right to write, or choose another store with --store-url (store.url)"),
        ProbeFault::Pooler(_) => {
            Said::new(fault.to_string()).so("lead store.url to PostgreSQL itself, or to a pool with pool_mode = session")
        }
    }
}

pub(super) fn ports(config: &Config) -> impl Iterator<Item = Probe<'_>> {
    Port::all(&config.listen).into_iter().map(|port| Probe::new(port.name, port.address.to_string(), "", async move { free(port) }))
}

fn free(port: Port) -> Outcome {
    match TcpListener::bind(port.address) {
        Ok(_) if port.address.port() == 0 => Ok(Said::new("the system chooses a free one at the start")),
        Ok(_) => Ok(Said::new("free")),
        Err(error) => Err(Said::new(error.to_string()).so(port.advice(&error))),
    }
}
