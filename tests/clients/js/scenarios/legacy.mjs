// The search calls that came before the query API. Old applications still send them; both protocols still serve them.

import { rest } from '../clients.mjs';
import { scenario } from '../harness.mjs';
import { fields, pointId } from '../proto.mjs';
import { NEEDLE } from './queries.mjs';

// The newest clients have no REST methods for these calls any more.
const HAS_REST = 'search' in rest.QdrantClient.prototype;
const legacy = (name, { rest, grpc }) => scenario(name, HAS_REST ? { rest, grpc } : { grpc });

legacy('legacy.search', {
    rest: (c) => c.client.search(c.at('plain'), { vector: NEEDLE, limit: 3, with_payload: ['city'], score_threshold: 0 }),
    grpc: (c) =>
        c.call('points.search', {
            collectionName: c.at('plain'),
            vector: NEEDLE,
            limit: 3,
            withPayload: fields('city'),
            scoreThreshold: 0,
        }),
});

legacy('legacy.search.batch', {
    rest: (c) => {
        const one = { vector: { name: 'dense', vector: NEEDLE }, limit: 2 };
        return c.client.searchBatch(c.at('named'), { searches: [one, one] });
    },
    grpc: (c) => {
        const one = { collectionName: c.at('named'), vector: NEEDLE, vectorName: 'dense', limit: 2 };
        return c.call('points.searchBatch', { collectionName: c.at('named'), searchPoints: [one, one] });
    },
});

legacy('legacy.search.groups', {
    rest: (c) => c.client.searchPointGroups(c.at('plain'), { vector: NEEDLE, group_by: 'kind', group_size: 1, limit: 4 }),
    grpc: (c) =>
        c.call('points.searchGroups', {
            collectionName: c.at('plain'),
            vector: NEEDLE,
            groupBy: 'kind',
            groupSize: 1,
            limit: 4,
        }),
});

legacy('legacy.recommend', {
    rest: (c) => c.client.recommend(c.at('plain'), { positive: [1], negative: [5], limit: 3 }),
    grpc: (c) =>
        c.call('points.recommend', {
            collectionName: c.at('plain'),
            positive: [pointId(1)],
            negative: [pointId(5)],
            limit: 3,
        }),
});

legacy('legacy.recommend.batch', {
    rest: (c) => c.client.recommendBatch(c.at('plain'), { searches: [1, 2].map((id) => ({ positive: [id], limit: 2 })) }),
    grpc: (c) =>
        c.call('points.recommendBatch', {
            collectionName: c.at('plain'),
            recommendPoints: [1, 2].map((id) => ({ collectionName: c.at('plain'), positive: [pointId(id)], limit: 2 })),
        }),
});

legacy('legacy.discover', {
    rest: (c) => c.client.discoverPoints(c.at('plain'), { target: 3, context: [{ positive: 1, negative: 5 }], limit: 4 }),
    grpc: (c) =>
        c.call('points.discover', {
            collectionName: c.at('plain'),
            target: { single: { id: pointId(3) } },
            context: [{ positive: { id: pointId(1) }, negative: { id: pointId(5) } }],
            limit: 4,
        }),
});
