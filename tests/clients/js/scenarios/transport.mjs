// How the bytes travel: headers a request brings along, compression, and bodies of some size.

import { grpc, rest } from '../clients.mjs';
import { scenario } from '../harness.mjs';
import { ALL, idList, input, pointId } from '../proto.mjs';
import { upsert } from './points.mjs';
import { NEEDLE } from './queries.mjs';

const USERS = ['1', '42', 'ab12ff', 'a'.repeat(300)];

function ask(c, client, options) {
    return c.options.protocol === 'rest'
        ? client.query(c.at('plain'), { query: NEEDLE, limit: 2 })
        : c.call('points.query', { collectionName: c.at('plain'), query: { nearest: input(NEEDLE) }, limit: 2 }, { client, ...options });
}

// The users of a transparent name all get the same answer, whatever the headers say.
scenario('transport.headers.context', {
    rest: (c) => Promise.all(USERS.map((user) => rest.withHeaders({ 'x-user-id': user }, () => ask(c, c.client)))),
    grpc: (c) => Promise.all(USERS.map((user) => grpc.withHeaders({ 'x-user-id': user }, () => ask(c, c.client)))),
});

scenario('transport.headers.per_request', {
    rest: async (c) => {
        const body = { collection_name: c.at('plain'), query: NEEDLE, limit: 2 };
        return (await c.client.api().queryPoints(body, { headers: { 'x-user-id': '42' } })).data.result;
    },
    grpc: (c) => ask(c, c.client, { headers: { 'x-user-id': '42' } }),
});

const perClient = (c) => ask(c, c.connect({ headers: { 'x-user-id': '7', 'openai-api-key': 'not-a-key' } }));
scenario('transport.headers.per_client', { rest: perClient, grpc: perClient });

// This client compresses messages of a kilobyte and more unless told not to: both ways must agree.
scenario('transport.uncompressed', {
    grpc: (c) => ask(c, c.connect({ compression: false })),
});

// Large enough to need many frames and several flow-control windows, small enough for a test.
const BIG = Array.from({ length: 100 }, (_, number) => 1000 + number);

/** Text that hardly compresses, the same in every run: a linear congruential generator's digits. */
function noise(seed, length) {
    let state = seed;
    let text = '';
    while (text.length < length) {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        text += state.toString(36);
    }
    return text.slice(0, length);
}

const bigPoints = () =>
    BIG.map((id) => ({ id, vector: [id / 1100, 1 - id / 1100, 0.5, -0.25], payload: { blob: noise(id, 20_000) } }));

scenario('transport.big', {
    rest: async (c) => [
        await c.client.upsert(c.at('plain'), { wait: true, points: bigPoints() }),
        await c.client.scroll(c.at('plain'), { offset: 1000, limit: 100, with_vector: true }),
        await c.client.delete(c.at('plain'), { wait: true, points: BIG }),
        await c.client.count(c.at('plain')),
    ],
    grpc: async (c) => [
        await upsert(c, 'plain', bigPoints()),
        await c.call('points.scroll', {
            collectionName: c.at('plain'),
            offset: pointId(1000),
            limit: 100,
            withPayload: ALL,
            withVectors: ALL,
        }),
        await c.call('points.delete', { collectionName: c.at('plain'), wait: true, points: idList(...BIG) }),
        await c.call('points.count', { collectionName: c.at('plain') }),
    ],
});

// Many calls at once over one client: answers must not be mixed up.
scenario('transport.concurrent', {
    rest: (c) =>
        Promise.all(
            Array.from({ length: 40 }, (_, n) => c.client.query(c.at('plain'), { query: 1 + (n % 8), limit: 1 + (n % 3) })),
        ),
    grpc: (c) =>
        Promise.all(
            Array.from({ length: 40 }, (_, n) =>
                c.call('points.query', {
                    collectionName: c.at('plain'),
                    query: { nearest: input(1 + (n % 8)) },
                    limit: 1 + (n % 3),
                }),
            ),
        ),
});
