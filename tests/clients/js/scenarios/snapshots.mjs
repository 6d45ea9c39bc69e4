// Snapshots are made, listed and deleted. Their names hold a date, so only what they are snapshots of is compared.

import { refused, scenario } from '../harness.mjs';

/** The concrete collection, also when the snapshot was asked for by alias. */
function namedAfter(c, snapshot) {
    const whole = c.name('plain');
    return snapshot.startsWith(`${whole}-`) ? whole : `something else than ${whole}`;
}

function made(c, { name, size }) {
    c.note.snapshot = name;
    return { owner: namedAfter(c, name), hasSize: Number(size) > 0 };
}

scenario('snapshots.create', {
    rest: async (c) => made(c, await c.client.createSnapshot(c.at('plain'))),
    grpc: async (c) =>
        made(c, (await c.call('snapshots.create', { collectionName: c.at('plain') })).snapshotDescription),
});

function onlyTheOneMade(c, snapshots) {
    return snapshots.length === 1 && snapshots[0].name === c.note.snapshot;
}

scenario('snapshots.list', {
    rest: async (c) => onlyTheOneMade(c, await c.client.listSnapshots(c.name('plain'))),
    grpc: async (c) =>
        onlyTheOneMade(
            c,
            (await c.call('snapshots.list', { collectionName: c.name('plain') })).snapshotDescriptions ?? [],
        ),
});

scenario('snapshots.delete', {
    rest: async (c) => [
        await c.client.deleteSnapshot(c.at('plain'), c.note.snapshot),
        await c.client.listSnapshots(c.at('plain')),
    ],
    grpc: async (c) => [
        await c.call('snapshots.delete', { collectionName: c.at('plain'), snapshotName: c.note.snapshot }),
        await c.call('snapshots.list', { collectionName: c.at('plain') }),
    ],
});

refused('snapshots.delete.missing', {
    rest: (c) => c.client.deleteSnapshot(c.at('plain'), 'never-made.snapshot'),
    grpc: (c) =>
        c.call('snapshots.delete', { collectionName: c.at('plain'), snapshotName: 'never-made.snapshot' }),
});
