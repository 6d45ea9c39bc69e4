// Queries by example, examples that live in another collection, and distances within a sample.

import { inOrder } from '../canonical.mjs';
import { POINTS, scenario } from '../harness.mjs';
import { NONE, input } from '../proto.mjs';
import { query } from './queries.mjs';

const TARGET = [0.1, 0.2, 0.9, 0.3];

query(
    'exploring.recommend.average',
    'plain',
    { query: { recommend: { positive: [1, TARGET], negative: [4] } }, limit: 4 },
    { query: { recommend: { positive: [input(1), input(TARGET)], negative: [input(4)] } }, limit: 4 },
);

query(
    'exploring.recommend.best_score',
    'named',
    { query: { recommend: { positive: [1, 2], negative: [5], strategy: 'best_score' } }, using: 'dense', limit: 4 },
    {
        query: { recommend: { positive: [input(1), input(2)], negative: [input(5)], strategy: 'BestScore' } },
        using: 'dense',
        limit: 4,
    },
);

query(
    'exploring.discover',
    'plain',
    { query: { discover: { target: TARGET, context: [{ positive: 1, negative: 5 }] } }, limit: 5 },
    {
        query: {
            discover: { target: input(TARGET), context: { pairs: [{ positive: input(1), negative: input(5) }] } },
        },
        limit: 5,
    },
);

// Many points share the best score of zero: the page is as large as the collection.
query(
    'exploring.context',
    'plain',
    { query: { context: [{ positive: 1, negative: 5 }] }, limit: 20 },
    { query: { context: { pairs: [{ positive: input(1), negative: input(5) }] } }, limit: 20 },
);

// The example is looked up in another collection, whose name travels in the body.
scenario('exploring.recommend.lookup', {
    rest: (c) =>
        c.client.query(c.at('plain'), {
            query: { recommend: { positive: [2] } },
            lookup_from: { collection: c.at('named'), vector: 'dense' },
            limit: 3,
        }),
    grpc: (c) =>
        c.call('points.query', {
            collectionName: c.at('plain'),
            query: { recommend: { positive: [input(2)] } },
            lookupFrom: { collectionName: c.at('named'), vectorName: 'dense' },
            limit: 3,
            withPayload: NONE,
        }),
});

scenario('exploring.matrix.pairs', {
    rest: async (c) =>
        inOrder((await c.client.searchMatrixPairs(c.at('plain'), { sample: POINTS.length, limit: 2 })).pairs),
    grpc: async (c) => {
        const request = { collectionName: c.at('plain'), sample: POINTS.length, limit: 2 };
        return inOrder((await c.call('points.searchMatrixPairs', request)).result.pairs);
    },
});

// The sample comes in any order, so rows and columns are read back as the points they stand for.
function cells({ ids, scores }, rows, columns) {
    return inOrder(scores.map((score, at) => [ids[rows[at]], ids[columns[at]], score]));
}

scenario('exploring.matrix.offsets', {
    rest: async (c) => {
        const request = { sample: POINTS.length, limit: 2, using: 'dense' };
        const found = await c.client.searchMatrixOffsets(c.at('named'), request);
        return cells(found, found.offsets_row, found.offsets_col);
    },
    grpc: async (c) => {
        const request = { collectionName: c.at('named'), sample: POINTS.length, limit: 2, using: 'dense' };
        const found = (await c.call('points.searchMatrixOffsets', request)).result;
        return cells(found, found.offsetsRow, found.offsetsCol);
    },
});
