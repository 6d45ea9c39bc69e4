// Points go in, in every form the client knows, and come out again.

import { inOrder } from '../canonical.mjs';
import { POINTS, scenario } from '../harness.mjs';
import { ALL, NONE, field, fields, idList, point, pointId } from '../proto.mjs';

export const plainPoints = POINTS.map(({ id, dense, payload }) => ({ id, vector: dense, payload }));

export const namedPoints = POINTS.map(({ id, dense, multi, sparse, payload }) => ({
    id,
    vector: { dense, multi, sparse },
    payload,
}));

export function upsert(context, short, points, more = {}) {
    return context.call('points.upsert', {
        collectionName: context.at(short),
        wait: true,
        points: points.map(point),
        ...more,
    });
}

const byId = (points) => inOrder(points, ({ id }) => id);

scenario('points.upsert.list', {
    rest: (c) => c.client.upsert(c.at('plain'), { wait: true, points: plainPoints.slice(0, 7) }),
    grpc: (c) => upsert(c, 'plain', plainPoints.slice(0, 7)),
});

scenario('points.upsert.batch', {
    rest: (c) => {
        const rest = plainPoints.slice(7);
        return c.client.upsert(c.at('plain'), {
            wait: true,
            batch: {
                ids: rest.map(({ id }) => id),
                vectors: rest.map(({ vector }) => vector),
                payloads: rest.map(({ payload }) => payload),
            },
        });
    },
    grpc: (c) => upsert(c, 'plain', plainPoints.slice(7)),
});

scenario('points.upsert.named', {
    rest: (c) => c.client.upsert(c.at('named'), { wait: true, points: namedPoints }),
    grpc: (c) => upsert(c, 'named', namedPoints),
});

// Acknowledged first and applied later: the waiting write behind it marks the moment both are in.
scenario('points.upsert.without_waiting', {
    rest: async (c) => [
        await c.client.upsert(c.at('plain'), { wait: false, points: plainPoints.slice(0, 1) }),
        await c.client.upsert(c.at('plain'), { wait: true, ordering: 'strong', points: plainPoints.slice(0, 1) }),
    ],
    grpc: async (c) => [
        await upsert(c, 'plain', plainPoints.slice(0, 1), { wait: false }),
        await upsert(c, 'plain', plainPoints.slice(0, 1), { ordering: { type: 'Strong' } }),
    ],
});

scenario('points.upsert.insert_only', {
    rest: async (c) => [
        await c.client.upsert(c.at('plain'), {
            wait: true,
            update_mode: 'insert_only',
            points: [{ id: 1, vector: [9, 9, 9, 9], payload: { never: 'seen' } }],
        }),
        await c.client.retrieve(c.at('plain'), { ids: [1], with_payload: true, with_vector: true }),
    ],
    grpc: async (c) => [
        await upsert(c, 'plain', [{ id: 1, vector: [9, 9, 9, 9], payload: { never: 'seen' } }], {
            updateMode: 'InsertOnly',
        }),
        await retrieve(c, 'plain', [1]),
    ],
});

async function retrieve(context, short, ids, more = { withPayload: ALL, withVectors: ALL }) {
    const request = { collectionName: context.at(short), ids: ids.map(pointId), ...more };
    return byId((await context.call('points.get', request)).result ?? []);
}

const EVERY = POINTS.map(({ id }) => id);

scenario('points.retrieve.all', {
    rest: async (c) =>
        byId(await c.client.retrieve(c.at('plain'), { ids: EVERY, with_payload: true, with_vector: true })),
    grpc: (c) => retrieve(c, 'plain', EVERY),
});

scenario('points.retrieve.named', {
    rest: async (c) =>
        byId(await c.client.retrieve(c.at('named'), { ids: [1, 2, 3], with_vector: ['dense', 'multi', 'sparse'] })),
    grpc: (c) =>
        retrieve(c, 'named', [1, 2, 3], { withVectors: { include: { names: ['dense', 'multi', 'sparse'] } } }),
});

scenario('points.retrieve.selected', {
    rest: (c) => c.client.retrieve(c.at('plain'), { ids: [8], with_payload: { exclude: ['parts', 'where', 'text'] } }),
    grpc: (c) => retrieve(c, 'plain', [8], { withPayload: { exclude: { fields: ['parts', 'where', 'text'] } } }),
});

// A point that is not there is left out of the answer; it is no error.
scenario('points.retrieve.missing', {
    rest: (c) => c.client.retrieve(c.at('plain'), { ids: [4, 4040], with_payload: true }),
    grpc: (c) => retrieve(c, 'plain', [4, 4040], { withPayload: ALL }),
});

scenario('points.scroll.pages', {
    rest: async (c) => {
        const pages = [];
        let offset;
        do {
            const page = await c.client.scroll(c.at('plain'), { limit: 3, offset, with_payload: ['city'] });
            pages.push(page);
            offset = page.next_page_offset;
        } while (offset);
        return pages;
    },
    grpc: async (c) => {
        const pages = [];
        let offset;
        do {
            const request = { collectionName: c.at('plain'), limit: 3, withPayload: fields('city') };
            const page = await c.call('points.scroll', { ...request, ...(offset && { offset }) });
            pages.push(page);
            offset = page.nextPageOffset;
        } while (offset);
        return pages;
    },
});

const RAIL = { must: [{ key: 'tags', match: { value: 'rail' } }] };
const RAIL_GRPC = { must: [field('tags', { match: { keyword: 'rail' } })] };

scenario('points.scroll.filtered', {
    rest: (c) => c.client.scroll(c.at('named'), { filter: RAIL, with_payload: false, with_vector: ['dense'] }),
    grpc: (c) =>
        c.call('points.scroll', {
            collectionName: c.at('named'),
            filter: RAIL_GRPC,
            withPayload: NONE,
            withVectors: { include: { names: ['dense'] } },
        }),
});

scenario('points.count', {
    rest: async (c) => [
        await c.client.count(c.at('plain')),
        await c.client.count(c.at('plain'), { filter: RAIL, exact: true }),
    ],
    grpc: async (c) => [
        await c.call('points.count', { collectionName: c.at('plain') }),
        await c.call('points.count', { collectionName: c.at('plain'), filter: RAIL_GRPC, exact: true }),
    ],
});

scenario('points.delete.and_back', {
    rest: async (c) => [
        await c.client.delete(c.at('plain'), { wait: true, points: [2, 4040] }),
        await c.client.count(c.at('plain')),
        await c.client.upsert(c.at('plain'), { wait: true, points: plainPoints.slice(1, 2) }),
    ],
    grpc: async (c) => [
        await c.call('points.delete', { collectionName: c.at('plain'), wait: true, points: idList(2, 4040) }),
        await c.call('points.count', { collectionName: c.at('plain') }),
        await upsert(c, 'plain', plainPoints.slice(1, 2)),
    ],
});

scenario('points.delete.by_filter', {
    rest: async (c) => [
        await c.client.delete(c.at('plain'), { wait: true, filter: RAIL }),
        await c.client.count(c.at('plain')),
        await c.client.upsert(c.at('plain'), { wait: true, points: plainPoints }),
    ],
    grpc: async (c) => [
        await c.call('points.delete', { collectionName: c.at('plain'), wait: true, points: { filter: RAIL_GRPC } }),
        await c.call('points.count', { collectionName: c.at('plain') }),
        await upsert(c, 'plain', plainPoints),
    ],
});
