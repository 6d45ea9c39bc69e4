// What every client asks first; then collections come to be, are looked at and changed.

import { scenario } from '../harness.mjs';

const PLAIN = { params: { size: 4, distance: 'Cosine' } };

/** A collection without its colour, which follows the optimiser's timing. */
function colourless({ status, ...info }) {
    return info;
}

export async function described(context, name) {
    if (context.options.protocol === 'rest') return colourless(await context.client.getCollection(name));
    return colourless((await context.call('collections.get', { collectionName: name })).result);
}

export function createPlain(context, name) {
    return context.options.protocol === 'rest'
        ? context.client.createCollection(name, { vectors: { size: 4, distance: 'Cosine' } })
        : context.call('collections.create', { collectionName: name, vectorsConfig: PLAIN });
}

/** The same call for both protocols, on the client's own terms. */
function both(run) {
    return { rest: run, grpc: run };
}

scenario('service.version', {
    rest: (c) => c.client.versionInfo(),
    grpc: (c) => c.call('service.healthCheck', {}),
});

scenario('service.health', {
    rest: async (c) => {
        const service = c.client.api();
        const answers = await Promise.all([service.healthz({}), service.livez({}), service.readyz({})]);
        return answers.map((answer) => answer.data);
    },
});

scenario('collections.exists.before', {
    rest: (c) => c.client.collectionExists(c.name('plain')),
    grpc: (c) => c.call('collections.collectionExists', { collectionName: c.name('plain') }),
});

scenario('collections.create.plain', both((c) => createPlain(c, c.name('plain'))));

scenario('collections.create.named', {
    rest: (c) =>
        c.client.createCollection(c.name('named'), {
            vectors: {
                dense: { size: 4, distance: 'Dot' },
                multi: { size: 2, distance: 'Euclid', multivector_config: { comparator: 'max_sim' } },
            },
            sparse_vectors: { sparse: {} },
        }),
    grpc: (c) =>
        c.call('collections.create', {
            collectionName: c.name('named'),
            vectorsConfig: {
                paramsMap: {
                    map: {
                        dense: { size: 4, distance: 'Dot' },
                        multi: { size: 2, distance: 'Euclid', multivectorConfig: { comparator: 'MaxSim' } },
                    },
                },
            },
            sparseVectorsConfig: { map: { sparse: {} } },
        }),
});

scenario('collections.create.texts', {
    rest: (c) => c.client.createCollection(c.name('texts'), { sparse_vectors: { bm25: { modifier: 'idf' } } }),
    grpc: (c) =>
        c.call('collections.create', {
            collectionName: c.name('texts'),
            sparseVectorsConfig: { map: { bm25: { modifier: 'Idf' } } },
        }),
});

// Always made, so that a run through aliases and a run without see the same server.
scenario('collections.alias_each', {
    rest: (c) =>
        c.client.updateCollectionAliases({
            actions: ['plain', 'named', 'texts'].map((short) => ({
                create_alias: { collection_name: c.name(short), alias_name: c.alias(short) },
            })),
        }),
    grpc: (c) =>
        c.call('collections.updateAliases', {
            actions: ['plain', 'named', 'texts'].map((short) => ({
                createAlias: { collectionName: c.name(short), aliasName: c.alias(short) },
            })),
        }),
});

scenario('collections.exists.after', {
    rest: (c) => c.client.collectionExists(c.at('named')),
    grpc: (c) => c.call('collections.collectionExists', { collectionName: c.at('named') }),
});

scenario('collections.info.plain', both((c) => described(c, c.at('plain'))));
scenario('collections.info.named', both((c) => described(c, c.at('named'))));

scenario('collections.list', {
    rest: async (c) => ours(c, (await c.client.getCollections()).collections),
    grpc: async (c) => ours(c, (await c.call('collections.list', {})).collections),
});

function ours(context, collections) {
    const names = collections.map(({ name }) => name);
    return names.filter((name) => name.startsWith(context.options.prefix)).sort();
}

scenario('collections.update', {
    rest: async (c) => [
        await c.client.updateCollection(c.name('plain'), { optimizers_config: { indexing_threshold: 7000 } }),
        await described(c, c.name('plain')),
    ],
    grpc: async (c) => [
        await c.call('collections.update', {
            collectionName: c.name('plain'),
            optimizersConfig: { indexingThreshold: 7000 },
        }),
        await described(c, c.name('plain')),
    ],
});

scenario('collections.delete.missing', {
    rest: (c) => c.client.deleteCollection(c.name('never')),
    grpc: (c) => c.call('collections.delete', { collectionName: c.name('never') }),
});

// Percent-encoded on REST, plain UTF-8 on gRPC.
scenario('collections.unicode_name', {
    rest: async (c) => {
        const name = c.name('Weiche 東 é+@;=,.~');
        return [await createPlain(c, name), await described(c, name), await c.client.deleteCollection(name)];
    },
    grpc: async (c) => {
        const name = c.name('Weiche 東 é+@;=,.~');
        const made = await createPlain(c, name);
        return [made, await described(c, name), await c.call('collections.delete', { collectionName: name })];
    },
});
