// Texts embedded by the server itself: the client sends words and a model's name, never a vector.

import { POINTS, refused, scenario } from '../harness.mjs';
import { ALL, pointId } from '../proto.mjs';

const MODEL = 'qdrant/bm25';
const document = (text, model = MODEL) => ({ text, model });

scenario('texts.upsert', {
    rest: (c) =>
        c.client.upsert(c.at('texts'), {
            wait: true,
            points: POINTS.map(({ id, payload: { text } }) => ({ id, vector: { bm25: document(text) }, payload: { text } })),
        }),
    grpc: (c) =>
        c.call('points.upsert', {
            collectionName: c.at('texts'),
            wait: true,
            points: POINTS.map(({ id, payload: { text } }) => ({
                id: pointId(id),
                vectors: { vectors: { vectors: { bm25: { document: document(text) } } } },
                payload: { text: { stringValue: text } },
            })),
        }),
});

function textQuery(c, wanted) {
    return c.options.protocol === 'rest'
        ? c.client.query(c.at('texts'), { query: wanted, using: 'bm25', limit: 5, with_payload: true })
        : c.call('points.query', {
              collectionName: c.at('texts'),
              query: { nearest: { document: wanted } },
              using: 'bm25',
              limit: 5,
              withPayload: ALL,
          });
}

const found = (c) => textQuery(c, document('ships in the harbour'));
scenario('texts.query', { rest: found, grpc: found });

const unknown = (c) => textQuery(c, document('a barge', 'nobody/has-this'));
refused('texts.query.unknown_model', { rest: unknown, grpc: unknown });
