"""The collections go, and everything that leaned on them says so."""

from harness import Context, scenario


@scenario("endings.delete")
def delete(context: Context):
    return [context.client.delete_collection(context.name(short)) for short in ("plain", "named", "texts")]


@scenario("endings.nothing_left")
def nothing_left(context: Context):
    client = context.client
    return {
        "collections": [one for one in client.get_collections().collections if one.name.startswith(context.prefix)],
        "aliases": [one for one in client.get_aliases().aliases if one.alias_name.startswith(context.prefix)],
        "exists": client.collection_exists(context.at("plain")),
    }


@scenario("endings.read_after", expect="error")
def read_after(context: Context):
    return context.client.count(context.at("plain"))
