"""Snapshots are made, listed and deleted. Their names hold a date, so only what they are snapshots of is compared."""

from harness import Context, scenario


def owner(context: Context, snapshot_name: str) -> str:
    """The collection a snapshot is named after: the concrete one, also when it was asked for by alias."""
    whole = context.name("plain")
    return whole if snapshot_name.startswith(f"{whole}-") else f"named after something else than {whole}"


@scenario("snapshots.none")
def none(context: Context):
    return context.client.list_snapshots(context.at("plain"))


@scenario("snapshots.create")
def create(context: Context):
    made = context.client.create_snapshot(context.at("plain"))
    return {"owner": owner(context, made.name), "has_size": made.size > 0}


@scenario("snapshots.list")
def listed(context: Context):
    return [owner(context, one.name) for one in context.client.list_snapshots(context.name("plain"))]


@scenario("snapshots.delete")
def delete(context: Context):
    made = context.client.list_snapshots(context.at("plain"))
    done = [context.client.delete_snapshot(context.at("plain"), one.name) for one in made]
    return [done, context.client.list_snapshots(context.at("plain"))]


@scenario("snapshots.delete.missing", expect="error")
def delete_missing(context: Context):
    return context.client.delete_snapshot(context.at("plain"), "never-made.snapshot")


@scenario("snapshots.missing_collection", expect="error")
def missing_collection(context: Context):
    return context.client.create_snapshot(context.name("nowhere"))
