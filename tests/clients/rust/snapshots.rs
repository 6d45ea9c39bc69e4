//! Snapshots are made, listed and deleted. Their names hold a date, so only how many there are is compared.

use qdrant_client::qdrant::DeleteSnapshotRequestBuilder;

use super::Run;

pub(super) async fn run(run: &mut Run<'_>) {
    let client = run.client.clone();
    let at = run.at("plain");
    run.answered("snapshots.create", client.create_snapshot(&at)).await;
    run.answered("snapshots.list", client.list_snapshots(&at)).await;
    let begins = format!("{}-", run.name("plain"));
    run.answered("snapshots.named_after_collection", async {
        let made = client.list_snapshots(&at).await?.snapshot_descriptions;
        Ok(made.iter().all(|snapshot| snapshot.name.starts_with(&begins)))
    })
    .await;
    run.answered("snapshots.delete", async {
        let made = client.list_snapshots(&at).await?.snapshot_descriptions;
        for snapshot in &made {
            client.delete_snapshot(DeleteSnapshotRequestBuilder::new(&at, &snapshot.name)).await?;
        }
        Ok(made.len() == 1)
    })
    .await;
    run.answered("snapshots.left", client.list_snapshots(&at)).await;
    let never = DeleteSnapshotRequestBuilder::new(&at, "never-made.snapshot");
    run.refused("snapshots.delete.missing", client.delete_snapshot(never)).await;
}
