//! Examples: the vectors of stored points, and what several of them are to a search.

use qdrant_edge::{
    NamedQuery, PointId, QueryEnum, RecommendQuery, SparseVector, TypedMultiDenseVector, VectorInternal, VectorStructInternal,
    WithPayloadInterface, WithVector,
};

use super::collection::Collection;
use super::error::{EngineError, EngineResult};
use super::query::RecommendStrategy;

/// One vector of one point, if both are there.
pub(super) fn stored_vector(collection: &Collection, id: PointId, name: &str) -> EngineResult<Option<VectorInternal>> {
    let selector = WithVector::Selector(vec![name.to_owned()]);
    let found = collection.shard().retrieve(&[id], Some(WithPayloadInterface::Bool(false)), Some(selector))?;
    Ok(found.into_iter().next().and_then(|record| record.vector).and_then(|vectors| match vectors {
        VectorStructInternal::Single(vector) => name.is_empty().then_some(VectorInternal::Dense(vector)),
        VectorStructInternal::MultiDense(rows) => name.is_empty().then_some(VectorInternal::MultiDense(rows)),
        VectorStructInternal::Named(mut named) => named.remove(name),
    }))
}

/// The engine's query for examples.
pub(super) fn query(
    strategy: RecommendStrategy,
    positives: Vec<VectorInternal>,
    negatives: Vec<VectorInternal>,
    using: &str,
) -> EngineResult<QueryEnum> {
    let using = Some(using.to_owned());
    let examples = RecommendQuery { positives, negatives };
    Ok(match strategy {
        RecommendStrategy::AverageVector => QueryEnum::Nearest(NamedQuery { query: average_of_examples(examples)?, using }),
        RecommendStrategy::BestScore => QueryEnum::RecommendBestScore(NamedQuery { query: examples, using }),
        RecommendStrategy::SumScores => QueryEnum::RecommendSumScores(NamedQuery { query: examples, using }),
    })
}

fn average_of_examples(examples: RecommendQuery<VectorInternal>) -> EngineResult<VectorInternal> {
    let positive = average(examples.positives)?;
    if examples.negatives.is_empty() {
        return Ok(positive);
    }
    // Twice the wanted minus the unwanted: away from the one by as much as it is from the other.
    match (positive, average(examples.negatives)?) {
        (VectorInternal::Dense(wanted), VectorInternal::Dense(unwanted)) => {
            let values = wanted.iter().zip(&unwanted);
            Ok(VectorInternal::Dense(values.map(|(wanted, unwanted)| wanted + wanted - unwanted).collect()))
        }
        (VectorInternal::Sparse(wanted), VectorInternal::Sparse(unwanted)) => {
            Ok(VectorInternal::Sparse(combined(&wanted, &unwanted, |wanted, unwanted| wanted + wanted - unwanted)))
        }
        (VectorInternal::MultiDense(mut wanted), VectorInternal::MultiDense(unwanted)) => {
            let negated = unwanted.flattened_vectors.into_iter().map(|value| -value);
            wanted.flattened_vectors.extend(negated);
            Ok(VectorInternal::MultiDense(wanted))
        }
        (VectorInternal::Dense(_) | VectorInternal::Sparse(_) | VectorInternal::MultiDense(_), _) => Err(EngineError::bad_input(
            "Positive and negative vectors should be of the same type, either all dense or all sparse or all multi",
        )),
    }
}

fn average(vectors: Vec<VectorInternal>) -> EngineResult<VectorInternal> {
    let mut dense: Vec<Vec<f32>> = Vec::new();
    let mut sparse: Vec<SparseVector> = Vec::new();
    let mut multi: Vec<TypedMultiDenseVector<f32>> = Vec::new();
    for vector in vectors {
        match vector {
            VectorInternal::Dense(values) => dense.push(values),
            VectorInternal::Sparse(values) => sparse.push(values),
            VectorInternal::MultiDense(rows) => multi.push(rows),
        }
    }
    match (dense.is_empty(), sparse.is_empty(), multi.is_empty()) {
        (true, true, true) => Err(EngineError::bad_input("Positive vectors should not be empty with `average` strategy")),
        (false, true, true) => Ok(VectorInternal::Dense(mean_dense(&dense))),
        (true, false, true) => Ok(VectorInternal::Sparse(mean_sparse(&sparse))),
        (true, true, false) => Ok(VectorInternal::MultiDense(all_rows(multi))),
        _ => Err(EngineError::bad_input("Can't average vectors with different types")),
    }
}

#[expect(clippy::cast_precision_loss, reason = "a count of examples, far below what an f32 holds")]
fn count(len: usize) -> f32 {
    len as f32
}

fn mean_dense(vectors: &[Vec<f32>]) -> Vec<f32> {
    let longest = vectors.iter().map(Vec::len).max().unwrap_or(0);
    (0..longest)
        .map(|place| {
            let values = vectors.iter().filter_map(|vector| vector.get(place));
            values.sum::<f32>() / count(vectors.len())
        })
        .collect()
}

fn mean_sparse(vectors: &[SparseVector]) -> SparseVector {
    let empty = SparseVector { indices: Vec::new(), values: Vec::new() };
    let mut sum = vectors.iter().fold(empty, |sum, vector| combined(&sum, vector, |a, b| a + b));
    for value in &mut sum.values {
        *value /= count(vectors.len());
    }
    sum
}

fn all_rows(matrices: Vec<TypedMultiDenseVector<f32>>) -> TypedMultiDenseVector<f32> {
    let dim = matrices.first().map_or(0, |matrix| matrix.dim);
    TypedMultiDenseVector { flattened_vectors: matrices.into_iter().flat_map(|matrix| matrix.flattened_vectors).collect(), dim }
}

fn combined(a: &SparseVector, b: &SparseVector, join: impl Fn(f32, f32) -> f32) -> SparseVector {
    let mut cells: std::collections::BTreeMap<u32, (f32, f32)> = std::collections::BTreeMap::new();
    for (index, value) in a.indices.iter().zip(&a.values) {
        cells.entry(*index).or_default().0 = *value;
    }
    for (index, value) in b.indices.iter().zip(&b.values) {
        cells.entry(*index).or_default().1 = *value;
    }
    let (indices, values) = cells.into_iter().map(|(index, (a, b))| (index, join(a, b))).unzip();
    SparseVector { indices, values }
}
