//! Aliases made, moved, renamed and dropped. Every change is followed by a read that must see it.

use qdrant_client::qdrant::{CountPointsBuilder, CreateAliasBuilder, RenameAliasBuilder};

use super::answers::Ours;
use super::{Run, collections};

pub(super) async fn run(run: &mut Run<'_>) {
    let client = run.client.clone();
    let live = run.name("live");
    let count = |name: &str| CountPointsBuilder::new(name);
    run.answered("aliases.create", client.create_alias(CreateAliasBuilder::new(run.name("plain"), &live))).await;
    run.answered("aliases.create.read", client.count(count(&live))).await;
    listed(run, "aliases.listed").await;
    let (prefix, plain) = (run.target.prefix.to_owned(), run.name("plain"));
    run.answered("aliases.of_collection", async { Ok(Ours(prefix, client.list_collection_aliases(plain).await?)) }).await;
    let again = CreateAliasBuilder::new(run.name("texts"), &live);
    run.answered("aliases.move", client.create_alias(again)).await;
    run.answered("aliases.move.read", client.collection_info(&live)).await;
    let rename = RenameAliasBuilder::new(&live, run.name("renamed"));
    run.answered("aliases.rename", client.rename_alias(rename)).await;
    run.refused("aliases.old_name_is_gone", client.count(count(&live))).await;
    let missing = CreateAliasBuilder::new(run.name("nowhere"), run.name("lost"));
    run.refused("aliases.of_nothing", client.create_alias(missing)).await;
    let shadow = CreateAliasBuilder::new(run.name("plain"), run.name("named"));
    run.refused("aliases.shadow_collection", client.create_alias(shadow)).await;
    let like_alias = collections::plain(&run.name("renamed"));
    run.refused("aliases.collection_named_like_alias", client.create_collection(like_alias)).await;
    run.answered("aliases.delete_collection_by_alias", client.delete_collection(run.name("renamed"))).await;
    run.answered("aliases.delete", client.delete_alias(run.name("renamed"))).await;
    run.answered("aliases.delete.missing", client.delete_alias(run.name("never"))).await;
    listed(run, "aliases.left").await;
}

async fn listed(run: &mut Run<'_>, name: &'static str) {
    let client = run.client.clone();
    let prefix = run.target.prefix.to_owned();
    run.answered(name, async { Ok(Ours(prefix, client.list_aliases().await?)) }).await;
}
