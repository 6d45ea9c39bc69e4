"""Aliases made, moved, renamed and dropped, with Qdrant's own rules for the odd cases."""

from qdrant_client import models as m

from harness import Context, scenario
from scenarios.collections import plain_vectors


def create(context: Context, alias: str, short: str) -> m.CreateAliasOperation:
    return m.CreateAliasOperation(
        create_alias=m.CreateAlias(collection_name=context.name(short), alias_name=context.name(alias))
    )


def drop(context: Context, alias: str) -> m.DeleteAliasOperation:
    return m.DeleteAliasOperation(delete_alias=m.DeleteAlias(alias_name=context.name(alias)))


def mapping(context: Context) -> list:
    every = context.client.get_aliases().aliases
    return sorted([one.alias_name, one.collection_name] for one in every if one.alias_name.startswith(context.prefix))


@scenario("aliases.create")
def create_one(context: Context):
    return [context.client.update_collection_aliases([create(context, "live", "plain")]), mapping(context)]


@scenario("aliases.of_collection")
def of_collection(context: Context):
    client = context.client
    return [
        sorted(one.alias_name for one in client.get_collection_aliases(context.name("plain")).aliases),
        client.get_collection_aliases(context.name("live")),
        client.get_collection_aliases(context.name("nowhere")),
    ]


@scenario("aliases.serve_reads")
def serve_reads(context: Context):
    return [
        context.client.count(context.name("live")),
        context.client.collection_exists(context.name("live")),
        context.client.query_points(context.name("live"), query=1, limit=2),
    ]


@scenario("aliases.move")
def move(context: Context):
    """One create on an existing alias moves it; the very next read must come from the new collection."""
    done = context.client.update_collection_aliases([create(context, "live", "texts")])
    read = context.client.scroll(context.name("live"), limit=2, with_vectors=True)
    return [done, read, mapping(context)]


@scenario("aliases.swap")
def swap(context: Context):
    done = context.client.update_collection_aliases([drop(context, "live"), create(context, "live", "plain")])
    return [done, context.client.scroll(context.name("live"), limit=1, with_vectors=True)]


@scenario("aliases.rename")
def rename(context: Context):
    operation = m.RenameAliasOperation(
        rename_alias=m.RenameAlias(old_alias_name=context.name("live"), new_alias_name=context.name("renamed"))
    )
    return [context.client.update_collection_aliases([operation]), mapping(context)]


@scenario("aliases.old_name_is_gone", expect="error")
def old_name_is_gone(context: Context):
    return context.client.count(context.name("live"))


@scenario("aliases.partly", expect="error")
def partly(context: Context):
    """The second action fails; the first stays done, which the next scenario reads back."""
    return context.client.update_collection_aliases(
        [create(context, "half", "plain"), create(context, "other", "nowhere")]
    )


@scenario("aliases.partly.left")
def partly_left(context: Context):
    return mapping(context)


@scenario("aliases.shadow_collection", expect="error")
def shadow_collection(context: Context):
    return context.client.update_collection_aliases([create(context, "named", "plain")])


@scenario("aliases.collection_named_like_alias", expect="error")
def collection_named_like_alias(context: Context):
    return context.client.create_collection(context.name("renamed"), vectors_config=plain_vectors())


@scenario("aliases.delete_collection_by_alias")
def delete_collection_by_alias(context: Context):
    """Says false and deletes nothing."""
    return [context.client.delete_collection(context.name("renamed")), context.client.count(context.name("plain"))]


@scenario("aliases.rename_missing", expect="error")
def rename_missing(context: Context):
    operation = m.RenameAliasOperation(
        rename_alias=m.RenameAlias(old_alias_name=context.name("never"), new_alias_name=context.name("ever"))
    )
    return context.client.update_collection_aliases([operation])


@scenario("aliases.delete")
def delete(context: Context):
    operations = [drop(context, "renamed"), drop(context, "half"), drop(context, "never")]
    return [context.client.update_collection_aliases(operations), mapping(context)]


@scenario("aliases.go_with_collection")
def go_with_collection(context: Context):
    context.client.create_collection(context.name("brief"), vectors_config=plain_vectors())
    context.client.update_collection_aliases([create(context, "brief_alias", "brief")])
    return [mapping(context), context.client.delete_collection(context.name("brief")), mapping(context)]
