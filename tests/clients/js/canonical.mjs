// Turns what a client answers into JSON that two runs can be compared by: volatile parts out, floats rounded.

import { createHash } from 'node:crypto';

// Durations and hardware counters differ between any two runs; segment figures follow the optimiser's own timing.
// Both spellings: the REST client keeps the server's, protobuf's JSON has its own.
const VOLATILE = new Set([
    'time',
    'usage',
    'segments_count',
    'segmentsCount',
    'indexed_vectors_count',
    'indexedVectorsCount',
    'optimizer_status',
    'optimizerStatus',
    'update_queue',
    'updateQueue',
]);

// Longer strings are compared by digest, which keeps a document with megabytes of payload readable.
const LONG = 200;

export function canonical(value) {
    if (Array.isArray(value)) return tiesSettled(value.map(canonical));
    switch (typeof value) {
        case 'object':
            return value === null ? null : members(value);
        case 'number':
            return rounded(value);
        case 'string':
            return value.length > LONG ? digest(value) : value;
        case 'boolean':
        case 'undefined':
            return value;
        default:
            throw new TypeError(`cannot compare a ${typeof value}: teach canonical() about it`);
    }
}

function members(object) {
    const kept = Object.entries(object).filter(([key]) => !VOLATILE.has(key));
    return Object.fromEntries(kept.map(([key, item]) => [key, canonical(item)]));
}

// Adding zero turns -0 into 0.
function rounded(number) {
    return Math.round(number * 1e6) / 1e6 + 0;
}

function digest(text) {
    return { sha256: createHash('sha256').update(text).digest('hex'), length: text.length };
}

/** Points of one score come in no order of their own: each such run is put in order of identifiers. */
function tiesSettled(items) {
    const scored = (item) => item !== null && typeof item === 'object' && 'score' in item && 'id' in item;
    if (!items.every(scored)) return items;
    const settled = [];
    for (let start = 0; start < items.length; ) {
        let end = start;
        while (end < items.length && items[end].score === items[start].score) end += 1;
        settled.push(...inOrder(items.slice(start, end), (item) => item.id));
        start = end;
    }
    return settled;
}

/** A list whose order the server leaves open, sorted by the text of what `key` picks. */
export function inOrder(items, key = (item) => item) {
    const text = (item) => JSON.stringify(key(item));
    return items.map(canonical).sort((one, other) => (text(one) < text(other) ? -1 : Number(text(one) > text(other))));
}
