// Snapshots are made, listed and deleted. Their names hold a date, so only what they are snapshots of is compared.

import { refused, scenario } from '../harness.mjs';

/** The concrete collection, also when the snapshot was asked for by alias. */
function namedAfter(c, snapshot) {
    const whole = c.name('plain');
    return snapshot.startsWith(`${whole}-`) ? whole : `something else than ${whole}`;
}

async function listed(c, where) {
    if (c.options.protocol === 'rest') return c.client.listSnapshots(where);
    return (await c.call('snapshots.list', { collectionName: where })).snapshotDescriptions ?? [];
}

function remove(c, snapshotName) {
    return c.options.protocol === 'rest'
        ? c.client.deleteSnapshot(c.at('plain'), snapshotName)
        : c.call('snapshots.delete', { collectionName: c.at('plain'), snapshotName });
}

const both = (run) => ({ rest: run, grpc: run });
const described = (c, { name, size }) => ({ owner: namedAfter(c, name), hasSize: Number(size) > 0 });

scenario('snapshots.create', {
    rest: async (c) => described(c, await c.client.createSnapshot(c.at('plain'))),
    grpc: async (c) =>
        described(c, (await c.call('snapshots.create', { collectionName: c.at('plain') })).snapshotDescription),
});

scenario('snapshots.list', both(async (c) => (await listed(c, c.name('plain'))).map((one) => described(c, one))));

scenario('snapshots.delete', both(async (c) => {
    const answers = [];
    for (const { name } of await listed(c, c.at('plain'))) answers.push(await remove(c, name));
    return [answers, await listed(c, c.at('plain'))];
}));

refused('snapshots.delete.missing', both((c) => remove(c, 'never-made.snapshot')));
