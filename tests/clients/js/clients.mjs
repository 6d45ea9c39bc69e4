// The official JavaScript clients, from where setup.sh put them. Nothing else in the suite knows where that is.

import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const home = process.env.POINTSMAN_CLIENTS;
if (!home) {
    console.error('suite.mjs: POINTSMAN_CLIENTS is not set: run through compare.py, or set it to what setup.sh prints');
    process.exit(2);
}
const require = createRequire(join(home, 'js', 'package.json'));

export const rest = require('@qdrant/js-client-rest');
export const grpc = require('@qdrant/js-client-grpc');
export const { fromJson, toJson } = require('@bufbuild/protobuf');

// The package exports the messages and keeps the services to itself; a method's descriptor names its two messages.
const proto = join(dirname(require.resolve('@qdrant/js-client-grpc')), 'proto');
export const services = {
    collections: require(join(proto, 'collections_service_pb.js')).Collections,
    points: require(join(proto, 'points_service_pb.js')).Points,
    snapshots: require(join(proto, 'snapshots_service_pb.js')).Snapshots,
    service: require(join(proto, 'qdrant_pb.js')).Qdrant,
};
