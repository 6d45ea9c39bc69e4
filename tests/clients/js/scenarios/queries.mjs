// Searching by vectors of every kind, in one stage and in several.

import { inOrder } from '../canonical.mjs';
import { POINTS, scenario } from '../harness.mjs';
import { ALL, NONE, field, fields, input } from '../proto.mjs';

export const NEEDLE = [0.2, 0.1, 0.9, 0.7];
const SPARSE = { indices: [1, 4, 22], values: [1, 0.7, 0.4] };

/** A query in both forms. Payload is left out unless asked for: it is not what these are about. */
export function query(name, short, restBody, grpcBody) {
    scenario(name, {
        rest: (c) => c.client.query(c.at(short), { with_payload: false, ...restBody }),
        grpc: (c) => c.call('points.query', { collectionName: c.at(short), withPayload: NONE, ...grpcBody }),
    });
}

const nearest = (any) => ({ nearest: input(any) });

query('queries.nearest', 'plain', { query: NEEDLE, limit: 5, with_payload: true }, { query: nearest(NEEDLE), limit: 5, withPayload: ALL });

query('queries.nearest.by_id', 'plain', { query: 3, limit: 3 }, { query: nearest(3), limit: 3 });

query('queries.nearest.by_uuid', 'plain', { query: POINTS[8].id, limit: 3 }, { query: nearest(POINTS[8].id), limit: 3 });

query(
    'queries.nearest.filtered',
    'plain',
    {
        query: NEEDLE,
        filter: { must: [{ key: 'stock', match: { value: true } }] },
        params: { exact: true, hnsw_ef: 64 },
        score_threshold: -0.5,
        limit: 4,
        offset: 1,
        with_payload: ['city', 'parts[].name'],
        with_vector: true,
    },
    {
        query: nearest(NEEDLE),
        filter: { must: [field('stock', { match: { boolean: true } })] },
        params: { exact: true, hnswEf: '64' },
        scoreThreshold: -0.5,
        limit: 4,
        offset: 1,
        withPayload: fields('city', 'parts[].name'),
        withVectors: ALL,
    },
);

query(
    'queries.nearest.dense',
    'named',
    { query: NEEDLE, using: 'dense', limit: 4, timeout: 30 },
    { query: nearest(NEEDLE), using: 'dense', limit: 4, timeout: 30 },
);

query(
    'queries.nearest.multi',
    'named',
    { query: [[0.5, 0.5], [-0.2, 0.9]], using: 'multi', limit: 4 },
    { query: nearest([[0.5, 0.5], [-0.2, 0.9]]), using: 'multi', limit: 4 },
);

query(
    'queries.nearest.sparse',
    'named',
    { query: SPARSE, using: 'sparse', limit: 5 },
    { query: nearest(SPARSE), using: 'sparse', limit: 5 },
);

query(
    'queries.nearest.mmr',
    'plain',
    { query: { nearest: NEEDLE, mmr: { diversity: 0.6, candidates_limit: 10 } }, limit: 4 },
    { query: { nearestWithMmr: { nearest: input(NEEDLE), mmr: { diversity: 0.6, candidatesLimit: 10 } } }, limit: 4 },
);

query('queries.none', 'plain', { limit: 4 }, { limit: 4 });

// Drawn at random, so the draw is made as large as the collection and only who came is compared.
scenario('queries.sample', {
    rest: async (c) => {
        const drawn = await c.client.query(c.at('plain'), { query: { sample: 'random' }, limit: POINTS.length });
        return inOrder(drawn.points.map(({ id }) => id));
    },
    grpc: async (c) => {
        const request = { collectionName: c.at('plain'), query: { sample: 'Random' }, limit: POINTS.length };
        return inOrder((await c.call('points.query', request)).result.map(({ id }) => id));
    },
});

scenario('queries.batch', {
    rest: (c) =>
        c.client.queryBatch(c.at('named'), {
            searches: [
                { query: NEEDLE, using: 'dense', limit: 2 },
                { query: 1, using: 'dense', limit: 2, with_payload: ['kind'] },
                { query: SPARSE, using: 'sparse', limit: 2, with_vector: ['sparse'] },
            ],
        }),
    grpc: (c) =>
        c.call('points.queryBatch', {
            collectionName: c.at('named'),
            queryPoints: [
                { query: nearest(NEEDLE), using: 'dense', limit: 2 },
                { query: nearest(1), using: 'dense', limit: 2, withPayload: fields('kind') },
                { query: nearest(SPARSE), using: 'sparse', limit: 2, withVectors: { include: { names: ['sparse'] } } },
            ].map((one) => ({ collectionName: c.at('named'), ...one })),
        }),
});

scenario('queries.groups', {
    rest: (c) =>
        c.client.queryGroups(c.at('plain'), {
            group_by: 'kind',
            query: NEEDLE,
            limit: 4,
            group_size: 2,
            with_payload: ['kind'],
        }),
    grpc: (c) =>
        c.call('points.queryGroups', {
            collectionName: c.at('plain'),
            groupBy: 'kind',
            query: nearest(NEEDLE),
            limit: 4,
            groupSize: 2,
            withPayload: fields('kind'),
        }),
});

query(
    'fusion.rescored',
    'named',
    {
        prefetch: { prefetch: { query: SPARSE, using: 'sparse', limit: 8 }, query: NEEDLE, using: 'dense', limit: 5 },
        query: [[0.1, 0.9]],
        using: 'multi',
        limit: 3,
    },
    {
        prefetch: [
            {
                prefetch: [{ query: nearest(SPARSE), using: 'sparse', limit: 8 }],
                query: nearest(NEEDLE),
                using: 'dense',
                limit: 5,
            },
        ],
        query: nearest([[0.1, 0.9]]),
        using: 'multi',
        limit: 3,
    },
);

// Ranks give equal scores easily; the limit is above all candidates so that it never cuts through a tie.
const TWO_WAYS = [
    { query: NEEDLE, using: 'dense', limit: 6 },
    { query: SPARSE, using: 'sparse', limit: 6 },
];
const TWO_WAYS_GRPC = TWO_WAYS.map((one) => ({ ...one, query: nearest(one.query) }));

function fused(name, restQuery, grpcQuery) {
    query(name, 'named', { prefetch: TWO_WAYS, query: restQuery, limit: 20 }, { prefetch: TWO_WAYS_GRPC, query: grpcQuery, limit: 20 });
}

fused('fusion.rrf', { fusion: 'rrf' }, { fusion: 'RRF' });
fused('fusion.rrf.weighted', { rrf: { k: 10, weights: [3, 1.5] } }, { rrf: { k: 10, weights: [3, 1.5] } });
fused('fusion.dbsf', { fusion: 'dbsf' }, { fusion: 'DBSF' });
fused(
    'fusion.formula',
    { formula: { sum: ['$score', { mult: [0.5, { key: 'stock', match: { value: true } }] }] } },
    {
        formula: {
            expression: {
                sum: {
                    sum: [
                        { variable: '$score' },
                        {
                            mult: {
                                mult: [{ constant: 0.5 }, { condition: field('stock', { match: { boolean: true } }) }],
                            },
                        },
                    ],
                },
            },
        },
    },
);
