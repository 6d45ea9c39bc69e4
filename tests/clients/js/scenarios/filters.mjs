// Which points pass conditions of each kind. Answers are identifiers only.

import { inOrder } from '../canonical.mjs';
import { POINTS, scenario } from '../harness.mjs';
import { NONE, field, pointId } from '../proto.mjs';

/** One scenario: the same conditions in the form of either protocol. */
function passing(name, restFilters, grpcFilters) {
    scenario(name, {
        rest: (c) => each(restFilters, async (filter) => (await scrollRest(c, filter)).map(({ id }) => id)),
        grpc: (c) => each(grpcFilters, async (filter) => (await scrollGrpc(c, filter)).map(({ id }) => id)),
    });
}

async function each(filters, ask) {
    const answers = [];
    for (const filter of filters) answers.push(inOrder(await ask(filter)));
    return answers;
}

async function scrollRest(c, filter) {
    return (await c.client.scroll(c.at('named'), { filter, limit: 100, with_payload: false })).points;
}

async function scrollGrpc(c, filter) {
    const request = { collectionName: c.at('named'), filter, limit: 100, withPayload: NONE };
    return (await c.call('points.scroll', request)).result ?? [];
}

const must = (...conditions) => ({ must: conditions });

passing(
    'filters.match',
    [
        must({ key: 'city', match: { value: 'Gdańsk' } }),
        must({ key: 'city', match: { any: ['Basel', '東京'] } }),
        must({ key: 'city', match: { except: ['Basel', 'Crewe'] } }),
        must({ key: 'stock', match: { value: false } }),
        must({ key: 'year', match: { value: 1971 } }),
        must({ key: 'text', match: { text: 'harbour' } }),
    ],
    [
        must(field('city', { match: { keyword: 'Gdańsk' } })),
        must(field('city', { match: { keywords: { strings: ['Basel', '東京'] } } })),
        must(field('city', { match: { exceptKeywords: { strings: ['Basel', 'Crewe'] } } })),
        must(field('stock', { match: { boolean: false } })),
        must(field('year', { match: { integer: '1971' } })),
        must(field('text', { match: { text: 'harbour' } })),
    ],
);

passing(
    'filters.range',
    [
        must({ key: 'price', range: { gte: 100, lt: 1000 } }),
        must({ key: 'when', range: { gte: '2022-01-01T00:00:00Z', lte: '2023-12-31T00:00:00Z' } }),
    ],
    [
        must(field('price', { range: { gte: 100, lt: 1000 } })),
        must(field('when', { datetimeRange: { gte: '2022-01-01T00:00:00Z', lte: '2023-12-31T00:00:00Z' } })),
    ],
);

const CENTER = { lat: 51.92, lon: 4.47 };
const CORNERS = [{ lat: 55, lon: 10 }, { lat: 54, lon: 20 }];

passing(
    'filters.geo',
    [
        must({ key: 'where', geo_radius: { center: CENTER, radius: 5000 } }),
        must({ key: 'where', geo_bounding_box: { top_left: CORNERS[0], bottom_right: CORNERS[1] } }),
    ],
    [
        must(field('where', { geoRadius: { center: CENTER, radius: 5000 } })),
        must(field('where', { geoBoundingBox: { topLeft: CORNERS[0], bottomRight: CORNERS[1] } })),
    ],
);

const UUID = POINTS[8].id;

passing(
    'filters.presence',
    [
        must({ is_null: { key: 'owner' } }),
        must({ is_empty: { key: 'notes' } }),
        must({ key: 'tags', values_count: { gte: 3 } }),
        must({ has_id: [1, UUID, 999] }),
        must({ has_vector: 'multi' }),
    ],
    [
        must({ isNull: { key: 'owner' } }),
        must({ isEmpty: { key: 'notes' } }),
        must(field('tags', { valuesCount: { gte: '3' } })),
        must({ hasId: { hasId: [1, UUID, 999].map(pointId) } }),
        must({ hasVector: { hasVector: 'multi' } }),
    ],
);

passing(
    'filters.clauses',
    [
        must({
            nested: {
                key: 'parts',
                filter: must({ key: 'name', match: { value: 'wheel' } }, { key: 'weight', range: { gte: 60 } }),
            },
        }),
        { should: [{ key: 'tags', match: { value: 'rail' } }, { key: 'year', range: { lt: 1990 } }] },
        { must: [{ key: 'tags', match: { value: 'steel' } }], must_not: [{ key: 'tags', match: { value: 'rail' } }] },
        {
            min_should: {
                conditions: [
                    { key: 'tags', match: { value: 'rail' } },
                    { key: 'tags', match: { value: 'steel' } },
                    { key: 'year', range: { lt: 1990 } },
                ],
                min_count: 2,
            },
        },
    ],
    [
        must({
            nested: {
                key: 'parts',
                filter: must(field('name', { match: { keyword: 'wheel' } }), field('weight', { range: { gte: 60 } })),
            },
        }),
        { should: [field('tags', { match: { keyword: 'rail' } }), field('year', { range: { lt: 1990 } })] },
        { must: [field('tags', { match: { keyword: 'steel' } })], mustNot: [field('tags', { match: { keyword: 'rail' } })] },
        {
            minShould: {
                conditions: [
                    field('tags', { match: { keyword: 'rail' } }),
                    field('tags', { match: { keyword: 'steel' } }),
                    field('year', { range: { lt: 1990 } }),
                ],
                minCount: '2',
            },
        },
    ],
);
