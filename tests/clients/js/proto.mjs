// What Qdrant's REST bodies look like in protobuf's JSON, where the two differ. Used by the gRPC side of the scenarios.

export function value(json) {
    if (json === null) return { nullValue: 'NULL_VALUE' };
    if (Array.isArray(json)) return { listValue: { values: json.map(value) } };
    switch (typeof json) {
        case 'boolean':
            return { boolValue: json };
        case 'string':
            return { stringValue: json };
        case 'number':
            return Number.isInteger(json) ? { integerValue: String(json) } : { doubleValue: json };
        default:
            return { structValue: { fields: payload(json) } };
    }
}

export function payload(json) {
    return Object.fromEntries(Object.entries(json).map(([key, item]) => [key, value(item)]));
}

export function pointId(id) {
    return typeof id === 'number' ? { num: String(id) } : { uuid: id };
}

export function idList(...ids) {
    return { points: { ids: ids.map(pointId) } };
}

/** The vector forms of the data file: a list, a list of lists, or indices with values. */
export function vector(any) {
    if (!Array.isArray(any)) return { sparse: any };
    return Array.isArray(any[0]) ? { multiDense: { vectors: any.map((data) => ({ data })) } } : { dense: { data: any } };
}

/** A query's vector: an identifier, or one of the forms above. */
export function input(any) {
    return typeof any === 'number' || typeof any === 'string' ? { id: pointId(any) } : vector(any);
}

export function vectors(any) {
    if (Array.isArray(any)) return { vector: vector(any) };
    const named = Object.entries(any).map(([name, one]) => [name, vector(one)]);
    return { vectors: { vectors: Object.fromEntries(named) } };
}

export function point({ id, vector: given, payload: data = {} }) {
    return { id: pointId(id), vectors: vectors(given), payload: payload(data) };
}

export const ALL = { enable: true };
export const NONE = { enable: false };

export function fields(...names) {
    return { include: { fields: names } };
}

/** A condition on one field. `how` is in protobuf's form: `{match: {keyword}}`, `{range}`. */
export function field(key, how) {
    return { field: { key, ...how } };
}
