// Aliases made, moved, renamed and dropped, with Qdrant's own rules for the odd cases.

import { inOrder } from '../canonical.mjs';
import { refused, scenario } from '../harness.mjs';
import { ALL } from '../proto.mjs';
import { createPlain } from './collections.mjs';

// Actions, written once in REST's form: protobuf's JSON takes these names as well.
const create = (alias, short) => (c) => ({
    create_alias: { collection_name: c.name(short), alias_name: c.name(alias) },
});
const drop = (alias) => (c) => ({ delete_alias: { alias_name: c.name(alias) } });
const rename = (from, to) => (c) => ({
    rename_alias: { old_alias_name: c.name(from), new_alias_name: c.name(to) },
});

function update(c, actions) {
    const request = { actions: actions.map((action) => action(c)) };
    return c.options.protocol === 'rest'
        ? c.client.updateCollectionAliases(request)
        : c.call('collections.updateAliases', request);
}

async function mapping(c) {
    if (c.options.protocol === 'rest') return ours(c, (await c.client.getAliases()).aliases, 'alias_name');
    return ours(c, (await c.call('collections.listAliases', {})).aliases ?? [], 'aliasName');
}

const ours = (c, aliases, key) => inOrder(aliases.filter((one) => one[key].startsWith(c.options.prefix)));

function count(c, short) {
    return c.options.protocol === 'rest'
        ? c.client.count(c.name(short))
        : c.call('points.count', { collectionName: c.name(short) });
}

function firstPoint(c, short) {
    return c.options.protocol === 'rest'
        ? c.client.scroll(c.name(short), { limit: 1, with_payload: true, with_vector: true })
        : c.call('points.scroll', { collectionName: c.name(short), limit: 1, withPayload: ALL, withVectors: ALL });
}

/** Nothing in these differs between the protocols. */
const both = (run) => ({ rest: run, grpc: run });

const changed = (name, ...actions) =>
    scenario(name, both(async (c) => [await update(c, actions), await mapping(c)]));

// The very next read must come from where the alias points now.
const changedAndRead = (name, ...actions) =>
    scenario(name, both(async (c) => [await update(c, actions), await firstPoint(c, 'live'), await mapping(c)]));

changedAndRead('aliases.create', create('live', 'plain'));

scenario('aliases.of_collection', {
    rest: async (c) => [
        inOrder((await c.client.getCollectionAliases(c.name('plain'))).aliases),
        await c.client.getCollectionAliases(c.name('live')),
    ],
    grpc: async (c) => [
        inOrder((await c.call('collections.listCollectionAliases', { collectionName: c.name('plain') })).aliases),
        await c.call('collections.listCollectionAliases', { collectionName: c.name('live') }),
    ],
});

changedAndRead('aliases.move', create('live', 'texts'));
changedAndRead('aliases.swap', drop('live'), create('live', 'plain'));
changed('aliases.rename', rename('live', 'renamed'));

refused('aliases.old_name_is_gone', both((c) => count(c, 'live')));

// The second action fails; the first stays done, which the next scenario reads back.
refused('aliases.partly', both((c) => update(c, [create('half', 'plain'), create('other', 'nowhere')])));
scenario('aliases.partly.left', both(mapping));

refused('aliases.shadow_collection', both((c) => update(c, [create('named', 'plain')])));
refused('aliases.collection_named_like_alias', both((c) => createPlain(c, c.name('renamed'))));
refused('aliases.rename_missing', both((c) => update(c, [rename('never', 'ever')])));

// Says false and deletes nothing.
scenario('aliases.delete_collection_by_alias', {
    rest: async (c) => [await c.client.deleteCollection(c.name('renamed')), await count(c, 'plain')],
    grpc: async (c) => [
        await c.call('collections.delete', { collectionName: c.name('renamed') }),
        await count(c, 'plain'),
    ],
});

changed('aliases.delete', drop('renamed'), drop('half'), drop('never'));
