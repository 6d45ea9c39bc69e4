// Wrong calls. The client must get the same status and the same words through the proxy as without it.

import { refused } from '../harness.mjs';
import { input } from '../proto.mjs';
import { createPlain, described } from './collections.mjs';
import { upsert } from './points.mjs';

/** A query that cannot be answered. */
function badQuery(name, where, vector, using) {
    refused(name, {
        rest: (c) => c.client.query(where(c), { query: vector, using }),
        grpc: (c) =>
            c.call('points.query', {
                collectionName: where(c),
                query: { nearest: input(vector) },
                ...(using && { using }),
            }),
    });
}

const plain = (c) => c.at('plain');
const ONES = [1, 1, 1, 1];

badQuery('failures.missing_collection.query', (c) => c.name('nowhere'), ONES);
badQuery('failures.missing_point.example', plain, 40404);
badQuery('failures.wrong_dimension.query', plain, [1, 1, 1, 1, 1, 1, 1]);
badQuery('failures.unknown_vector', (c) => c.at('named'), ONES, 'absent');
badQuery('failures.long_name', (c) => c.name('n'.repeat(256)), ONES);

const info = (c) => described(c, c.name('nowhere'));
refused('failures.missing_collection.info', { rest: info, grpc: info });

refused('failures.missing_point.payload', {
    rest: (c) => c.client.setPayload(c.at('plain'), { wait: true, payload: { a: 1 }, points: [40404] }),
    grpc: (c) =>
        c.call('points.setPayload', {
            collectionName: c.at('plain'),
            wait: true,
            payload: { a: { integerValue: '1' } },
            pointsSelector: { points: { ids: [{ num: '40404' }] } },
        }),
});

// 404 as well, and the collection is there: a proxy must not take one for the other.
refused('failures.missing_point.get', {
    rest: (c) => c.client.api().getPoint({ collection_name: c.at('plain'), id: 40404 }),
});

refused('failures.wrong_dimension.upsert', {
    rest: (c) => c.client.upsert(c.at('plain'), { wait: true, points: [{ id: 1, vector: [1, 2] }] }),
    grpc: (c) => upsert(c, 'plain', [{ id: 1, vector: [1, 2] }]),
});

const again = (c) => createPlain(c, c.name('plain'));
refused('failures.existing_collection', { rest: again, grpc: again });

const badName = (c) => createPlain(c, c.name('a*b?'));
refused('failures.bad_name', { rest: badName, grpc: badName });
