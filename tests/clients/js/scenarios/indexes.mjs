// Payload indexes, and the queries that need one.

import { inOrder } from '../canonical.mjs';
import { scenario } from '../harness.mjs';
import { fields } from '../proto.mjs';
import { described } from './collections.mjs';

const FIELDS = { kind: 'Keyword', year: 'Integer', price: 'Float', stock: 'Bool', where: 'Geo', when: 'Datetime', text: 'Text' };

async function each(run) {
    const answers = [];
    for (const [name, type] of Object.entries(FIELDS)) answers.push(await run(name, type));
    return answers;
}

scenario('indexes.create', {
    rest: (c) =>
        each((name, type) =>
            c.client.createPayloadIndex(c.at('plain'), { wait: true, field_name: name, field_schema: type.toLowerCase() }),
        ),
    grpc: (c) =>
        each((name, type) =>
            c.call('points.createFieldIndex', {
                collectionName: c.at('plain'),
                wait: true,
                fieldName: name,
                fieldType: `FieldType${type}`,
            }),
        ),
});

scenario('indexes.listed', {
    rest: async (c) => (await described(c, c.at('plain'))).payload_schema,
    grpc: async (c) => (await described(c, c.at('plain'))).payloadSchema,
});

scenario('indexes.facet', {
    rest: async (c) => inOrder((await c.client.facet(c.at('plain'), { key: 'kind', exact: true })).hits),
    grpc: async (c) =>
        inOrder((await c.call('points.facet', { collectionName: c.at('plain'), key: 'kind', exact: true })).hits),
});

scenario('indexes.scroll.ordered', {
    rest: async (c) => [
        await c.client.scroll(c.at('plain'), { order_by: 'price', limit: 4, with_payload: ['price'] }),
        await c.client.scroll(c.at('plain'), {
            order_by: { key: 'year', direction: 'desc', start_from: 2005 },
            limit: 4,
            with_payload: ['year'],
        }),
    ],
    grpc: async (c) => [
        await c.call('points.scroll', {
            collectionName: c.at('plain'),
            orderBy: { key: 'price' },
            limit: 4,
            withPayload: fields('price'),
        }),
        await c.call('points.scroll', {
            collectionName: c.at('plain'),
            orderBy: { key: 'year', direction: 'Desc', startFrom: { integer: '2005' } },
            limit: 4,
            withPayload: fields('year'),
        }),
    ],
});

scenario('indexes.query.ordered', {
    rest: (c) =>
        c.client.query(c.at('plain'), {
            query: { order_by: { key: 'when', direction: 'desc' } },
            limit: 4,
            with_payload: ['when'],
        }),
    grpc: (c) =>
        c.call('points.query', {
            collectionName: c.at('plain'),
            query: { orderBy: { key: 'when', direction: 'Desc' } },
            limit: 4,
            withPayload: fields('when'),
        }),
});

scenario('indexes.delete', {
    rest: async (c) => [
        await c.client.deletePayloadIndex(c.at('plain'), 'price', { wait: true }),
        Object.keys((await described(c, c.at('plain'))).payload_schema).sort(),
    ],
    grpc: async (c) => [
        await c.call('points.deleteFieldIndex', { collectionName: c.at('plain'), wait: true, fieldName: 'price' }),
        Object.keys((await described(c, c.at('plain'))).payloadSchema).sort(),
    ],
});
