// The JavaScript clients' scenarios as a program: runs them against one address and prints what came back as JSON.
// Called by compare.py, once for the upstream and once for the proxy; can be run by hand against any Qdrant.

import { parseArgs } from 'node:util';
import { Context, SCENARIOS, outcome } from './harness.mjs';
import './scenarios/collections.mjs';
import './scenarios/points.mjs';
import './scenarios/filters.mjs';
import './scenarios/queries.mjs';
import './scenarios/exploring.mjs';
import './scenarios/legacy.mjs';
import './scenarios/changes.mjs';
import './scenarios/texts.mjs';
import './scenarios/aliases.mjs';
import './scenarios/indexes.mjs';
import './scenarios/failures.mjs';
import './scenarios/transport.mjs';
import './scenarios/snapshots.mjs';
import './scenarios/endings.mjs';

const USAGE = 'usage: suite.mjs --rest URL --grpc URL --protocol rest|grpc --prefix NAME [--user ID] [--via-alias] [--upstream-rest URL] [--upstream-grpc URL]';

function readArguments() {
    const text = { type: 'string' };
    const options = {
        rest: text,
        grpc: text,
        protocol: text,
        prefix: text,
        user: text,
        'upstream-rest': text,
        'upstream-grpc': text,
        'via-alias': { type: 'boolean', default: false },
    };
    const { values } = parseArgs({ options });
    const { rest, grpc, protocol, prefix } = values;
    if (!rest || !grpc || !prefix || !['rest', 'grpc'].includes(protocol)) throw new Error(USAGE);
    return { ...values, viaAlias: values['via-alias'] };
}

/** Removes what this run made, or what one that was killed left. Aliases go with their collections. */
async function clean(context) {
    const { client, options } = context;
    const answer = options.protocol === 'rest' ? await client.getCollections() : await context.call('collections.list', {});
    for (const { name } of answer.collections ?? []) {
        if (!name.startsWith(options.prefix)) continue;
        if (options.protocol === 'rest') await client.deleteCollection(name);
        else await context.call('collections.delete', { collectionName: name });
    }
}

async function main() {
    const options = readArguments();
    const context = new Context(options);
    const rest = options['upstream-rest'] ?? options.rest;
    const upstream = new Context({ ...options, rest, grpc: options['upstream-grpc'] ?? options.grpc });
    await clean(upstream);
    const document = [];
    try {
        for (const one of SCENARIOS) {
            // Through an alias that is split, the collections cannot be taken away, and should not be.
            if (options.viaAlias && one.name.startsWith('endings.')) continue;
            if (one.how[options.protocol]) document.push(await outcome(one, context));
        }
    } finally {
        await clean(upstream);
    }
    process.stdout.write(`${JSON.stringify(document, null, 1)}\n`);
}

try {
    await main();
} catch (error) {
    console.error(`suite.mjs: ${error.message}${error.cause ? `: ${error.cause.message}` : ''}`);
    process.exitCode = 1;
}
