//! The mirror's thread: takes jobs while fewer than the maximum are in progress, and samples always.

use std::io;
use std::rc::Rc;
use std::sync::Arc;

use tokio::task::{JoinSet, LocalSet};

use super::ask::Asker;
use super::{compare, record};
use crate::live::{Inbox, Job, Shared};
use crate::metrics::Registry;

/// Starts the thread. It ends when every [`crate::live::Mirror`] is gone, and with the process at the latest.
///
/// # Errors
/// When the thread or its runtime cannot be started.
pub fn start(inbox: Inbox, live: Shared, registry: Arc<Registry>) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::Builder::new()
        .name("mirror".to_owned())
        .spawn(move || LocalSet::new().block_on(&runtime, run(inbox, &live, registry.mirror_shard())))?;
    Ok(())
}

async fn run(mut inbox: Inbox, live: &Shared, shard: usize) {
    let asker = Rc::new(Asker::default());
    let mut under_way = JoinSet::new();
    loop {
        // Read again each time: a reload may have changed it.
        let room = under_way.len() < live.load().settings.shadow.concurrency;
        tokio::select! {
            job = inbox.jobs.recv(), if room => match job {
                Some(job) => drop(under_way.spawn_local(work(Rc::clone(&asker), job, shard))),
                None => return,
            },
            // When both queues are closed the other branch ends the loop.
            Some(sample) = inbox.samples.recv() => record::record(&sample),
            Some(ended) = under_way.join_next() => {
                if let Err(error) = ended {
                    tracing::error!(%error, "a comparison with a shadow ended early");
                }
                asker.retain(&live.load().upstreams);
            }
        }
    }
}

async fn work(asker: Rc<Asker>, job: Job, shard: usize) {
    let Job { question, answer, compare, live, done, held } = job;
    let comparison = compare::Comparison { asker: &asker, live: &live, question: &question, compare: &compare, shard };
    comparison.run(&answer, done).await;
    drop(held);
}
