// How a scenario is declared and run, and what its outcome looks like. Used by every module in scenarios/.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { canonical } from './canonical.mjs';
import { fromJson, grpc, rest, services, toJson } from './clients.mjs';

const data = fileURLToPath(new URL('../data.json', import.meta.url));
export const POINTS = JSON.parse(readFileSync(data, 'utf8')).points;

// Generous: a busy machine must not turn a slow answer into a difference.
const TIMEOUT_MS = 120_000;

/** What a scenario works with: a client of the run's protocol, and names that no other run uses. */
export class Context {
    constructor(options) {
        this.options = options;
        this.client = this.connect();
    }

    connect(more = {}) {
        const given = { ...(this.options.user && { 'x-user-id': this.options.user }), ...more.headers };
        const settings = { timeout: TIMEOUT_MS, ...more, headers: given };
        return this.options.protocol === 'rest'
            ? new rest.QdrantClient({ url: this.options.rest, ...settings })
            : new grpc.QdrantClient({ url: this.options.grpc, ...settings });
    }

    name(short) {
        return `${this.options.prefix}_${short}`;
    }

    alias(short) {
        return `${this.options.prefix}_${short}_alias`;
    }

    /** Where reads and writes of points go: the collection, or the alias that stands for it. */
    at(short) {
        return this.options.viaAlias ? this.alias(short) : this.name(short);
    }

    /** One gRPC call, `points.query` say, with request and answer in protobuf's own JSON. */
    async call(path, request, { client = this.client, ...options } = {}) {
        const [service, method] = path.split('.');
        const { input, output } = services[service].method[method];
        const answer = await client.api(service)[method](fromJson(input, request), options);
        // Zeros too: a score of zero is a score.
        return toJson(output, answer, { alwaysEmitImplicit: true });
    }
}

export const SCENARIOS = [];

/**
 * Registers a scenario. They run in the order they are written: later ones use what earlier ones made.
 * `how` has a function for each protocol the scenario exists in.
 */
export function scenario(name, how, expect = 'ok') {
    SCENARIOS.push({ name, expect, how });
}

/** A scenario that is to be refused. */
export function refused(name, how) {
    scenario(name, how, 'error');
}

/** Runs one scenario. Whatever happens becomes part of the document: an unforeseen exception must differ, not vanish. */
export async function outcome({ name, expect, how }, context) {
    try {
        const answer = canonical(await how[context.options.protocol](context));
        return { name, expect, answer: answer ?? null, ok: true };
    } catch (error) {
        return { name, expect, ok: false, error: described(error) };
    }
}

function described(error) {
    if (error instanceof grpc.ConnectError) {
        return { type: error.name, status: grpcStatus(error.code), text: error.rawMessage };
    }
    // The REST client throws its fetcher's own error, which it does not export: known by what it carries.
    if (typeof error.status === 'number') {
        return { type: error.name, status: error.status, text: canonical(error.data ?? error.message) };
    }
    return { type: error.name, status: null, text: error.message };
}

/** `NotFound` as every other language spells it: NOT_FOUND. */
function grpcStatus(code) {
    return grpc.ConnectErrorCode[code].replace(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase();
}
