// The collections go, and everything that leaned on them says so.

import { refused, scenario } from '../harness.mjs';

scenario('endings.delete', {
    rest: async (c) => [
        await c.client.deleteCollection(c.name('plain')),
        await c.client.deleteCollection(c.name('named')),
        await c.client.deleteCollection(c.name('texts')),
    ],
    grpc: async (c) => [
        await c.call('collections.delete', { collectionName: c.name('plain') }),
        await c.call('collections.delete', { collectionName: c.name('named') }),
        await c.call('collections.delete', { collectionName: c.name('texts') }),
    ],
});

scenario('endings.aliases_left', {
    rest: async (c) => (await c.client.getAliases()).aliases.filter((one) => one.alias_name.startsWith(c.options.prefix)),
    grpc: async (c) =>
        ((await c.call('collections.listAliases', {})).aliases ?? []).filter((one) =>
            one.aliasName.startsWith(c.options.prefix),
        ),
});

refused('endings.read_after', {
    rest: (c) => c.client.count(c.at('plain')),
    grpc: (c) => c.call('points.count', { collectionName: c.at('plain') }),
});
