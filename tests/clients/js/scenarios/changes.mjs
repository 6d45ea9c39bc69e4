// Payloads and vectors are set, replaced and cut, alone and in one ordered batch.

import { POINTS, scenario } from '../harness.mjs';
import { ALL, idList, payload, pointId, point, vectors } from '../proto.mjs';
import { namedPoints, plainPoints, upsert } from './points.mjs';

/**
 * A change to one collection followed by a look at a point it touched.
 * The gRPC side gives the method, since there the change's name and the client's own are the same.
 */
function change(name, short, seen, rest, [method, request]) {
    scenario(name, {
        rest: async (c) => [
            await rest(c, c.at(short)),
            await c.client.retrieve(c.at(short), { ids: [seen], with_payload: true, with_vector: true }),
        ],
        grpc: async (c) => [
            await c.call(method, { collectionName: c.at(short), wait: true, ...request }),
            await c.call('points.get', {
                collectionName: c.at(short),
                ids: [pointId(seen)],
                withPayload: ALL,
                withVectors: ALL,
            }),
        ],
    });
}

change(
    'payloads.set',
    'plain',
    1,
    (c, name) => c.client.setPayload(name, { wait: true, payload: { checked: true, by: 'Ōno' }, points: [1] }),
    ['points.setPayload', { payload: payload({ checked: true, by: 'Ōno' }), pointsSelector: idList(1) }],
);

const BASEL = { must: [{ key: 'city', match: { value: 'Basel' } }] };
const BASEL_GRPC = { must: [{ field: { key: 'city', match: { keyword: 'Basel' } } }] };

change(
    'payloads.set.by_filter',
    'plain',
    4,
    (c, name) => c.client.setPayload(name, { wait: true, payload: { country: 'CH' }, filter: BASEL }),
    ['points.setPayload', { payload: payload({ country: 'CH' }), pointsSelector: { filter: BASEL_GRPC } }],
);

change(
    'payloads.overwrite',
    'plain',
    3,
    (c, name) => c.client.overwritePayload(name, { wait: true, payload: { only: ['this'] }, points: [3] }),
    ['points.overwritePayload', { payload: payload({ only: ['this'] }), pointsSelector: idList(3) }],
);

change(
    'payloads.delete',
    'plain',
    1,
    (c, name) => c.client.deletePayload(name, { wait: true, keys: ['checked', 'absent'], points: [1] }),
    ['points.deletePayload', { keys: ['checked', 'absent'], pointsSelector: idList(1) }],
);

change(
    'payloads.clear',
    'plain',
    4,
    (c, name) => c.client.clearPayload(name, { wait: true, points: [4] }),
    ['points.clearPayload', { points: idList(4) }],
);

// Every kind of operation in one request; the upsert behind it puts the collection back to what it was.
scenario('payloads.batch', {
    rest: async (c) => [
        await c.client.batchUpdate(c.at('plain'), {
            wait: true,
            operations: [
                { set_payload: { payload: { step: 1 }, points: [5] } },
                { overwrite_payload: { payload: { step: 2 }, points: [6] } },
                { delete_payload: { keys: ['step'], points: [5] } },
                { clear_payload: { points: [6] } },
                { update_vectors: { points: [{ id: 7, vector: [0.5, 0.5, 0.5, 0.5] }] } },
                { delete: { points: [8] } },
            ],
        }),
        await c.client.scroll(c.at('plain'), { limit: 100, with_vector: true }),
        await c.client.upsert(c.at('plain'), { wait: true, points: plainPoints }),
    ],
    grpc: async (c) => [
        await c.call('points.updateBatch', {
            collectionName: c.at('plain'),
            wait: true,
            operations: [
                { setPayload: { payload: payload({ step: 1 }), pointsSelector: idList(5) } },
                { overwritePayload: { payload: payload({ step: 2 }), pointsSelector: idList(6) } },
                { deletePayload: { keys: ['step'], pointsSelector: idList(5) } },
                { clearPayload: { points: idList(6) } },
                { updateVectors: { points: [{ id: pointId(7), vectors: vectors([0.5, 0.5, 0.5, 0.5]) }] } },
                { deletePoints: { points: idList(8) } },
            ],
        }),
        await c.call('points.scroll', { collectionName: c.at('plain'), limit: 100, withVectors: ALL }),
        await upsert(c, 'plain', plainPoints),
    ],
});

change(
    'vectors.update',
    'named',
    1,
    (c, name) => c.client.updateVectors(name, { wait: true, points: [{ id: 1, vector: { dense: [0.9, 0.8, 0.7, 0.6] } }] }),
    ['points.updateVectors', { points: [{ id: pointId(1), vectors: vectors({ dense: [0.9, 0.8, 0.7, 0.6] }) }] }],
);

change(
    'vectors.delete',
    'named',
    1,
    (c, name) => c.client.deleteVectors(name, { wait: true, vector: ['multi'], points: [1, POINTS[9].id] }),
    ['points.deleteVectors', { vectors: { names: ['multi'] }, pointsSelector: idList(1, POINTS[9].id) }],
);

scenario('vectors.restored', {
    rest: (c) => c.client.upsert(c.at('named'), { wait: true, points: namedPoints }),
    grpc: (c) =>
        c.call('points.upsert', { collectionName: c.at('named'), wait: true, points: namedPoints.map(point) }),
});

scenario('vectors.name', {
    rest: async (c) => [
        await c.client.createVectorName(c.at('named'), 'later', { dense: { size: 3, distance: 'Cosine' } }, { wait: true }),
        await c.client.deleteVectorName(c.at('named'), 'later', { wait: true }),
    ],
    grpc: async (c) => [
        await c.call('points.createVectorName', {
            collectionName: c.at('named'),
            wait: true,
            vectorName: 'later',
            denseConfig: { size: 3, distance: 'Cosine' },
        }),
        await c.call('points.deleteVectorName', { collectionName: c.at('named'), wait: true, vectorName: 'later' }),
    ],
});
