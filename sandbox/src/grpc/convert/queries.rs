//! The variants of the universal query, and prefetches.

use qdrant_client::qdrant::query::Variant;
use qdrant_client::qdrant::start_from::Value as Start;
use qdrant_client::qdrant::{
    ContextInput, ContextInputPair, Direction, FeedbackItem, Fusion, OrderBy, PrefetchQuery, Query, RecommendInput, RecommendStrategy,
    RelevanceFeedbackInput, Sample, VectorInput, feedback_strategy,
};
use serde_json::json;

use super::vectors::input;
use super::{Json, Object, array, filters, formula, names, required, selectors};

pub(super) fn query(message: Query) -> Json {
    Ok(match required(message.variant, "variant of a query")? {
        Variant::Text(_) => return required(None, "variant of a query"),
        Variant::Nearest(target) => json!({"nearest": input(target)?}),
        Variant::NearestWithMmr(both) => {
            let mmr = required(both.mmr, "mmr")?;
            let mmr = Object::default().maybe("diversity", mmr.diversity).maybe("candidates_limit", mmr.candidates_limit).done();
            json!({"nearest": vector(both.nearest)?, "mmr": mmr})
        }
        Variant::Recommend(examples) => json!({"recommend": recommend(examples)?}),
        Variant::Discover(discover) => {
            json!({"discover": {"target": vector(discover.target)?, "context": context(required(discover.context, "context of a discovery")?)?}})
        }
        Variant::Context(pairs) => json!({"context": context(pairs)?}),
        Variant::OrderBy(order) => json!({"order_by": order_by(order)?}),
        Variant::Fusion(fusion) => json!({"fusion": names::rest(fusion, Fusion::as_str_name)?}),
        Variant::Rrf(rrf) => {
            let weights = (!rrf.weights.is_empty()).then_some(rrf.weights);
            json!({"rrf": Object::default().maybe("k", rrf.k).maybe("weights", weights).done()})
        }
        Variant::Sample(sample) => json!({"sample": names::rest(sample, Sample::as_str_name)?}),
        Variant::Formula(message) => formula::formula(message)?,
        Variant::RelevanceFeedback(message) => json!({"relevance_feedback": feedback(message)?}),
    })
}

fn vector(message: Option<VectorInput>) -> Json {
    input(required(message, "vector of a query")?)
}

fn recommend(message: RecommendInput) -> Json {
    Ok(Object::default()
        .with("positive", array(message.positive, input)?)
        .with("negative", array(message.negative, input)?)
        .convert("strategy", message.strategy, strategy)?
        .done())
}

pub(super) fn strategy(number: i32) -> Json {
    names::rest(number, RecommendStrategy::as_str_name)
}

fn context(message: ContextInput) -> Json {
    array(message.pairs, |pair: ContextInputPair| Ok(json!({"positive": vector(pair.positive)?, "negative": vector(pair.negative)?})))
}

fn feedback(message: RelevanceFeedbackInput) -> Json {
    let item = |item: FeedbackItem| Ok(json!({"example": vector(item.example)?, "score": item.score}));
    let strategy = required(message.strategy.and_then(|strategy| strategy.variant), "feedback strategy")?;
    let feedback_strategy::Variant::Naive(naive) = strategy;
    Ok(json!({
        "target": vector(message.target)?,
        "feedback": array(message.feedback, item)?,
        "strategy": {"naive": {"a": naive.a, "b": naive.b, "c": naive.c}},
    }))
}

pub(super) fn order_by(message: OrderBy) -> Json {
    let start = |start: Start| {
        Ok(match start {
            Start::Float(number) => number.into(),
            Start::Integer(number) => number.into(),
            Start::Timestamp(time) => filters::timestamp(time)?,
            Start::Datetime(text) => text.into(),
        })
    };
    Ok(Object::default()
        .with("key", message.key)
        .convert("direction", message.direction, |number| names::rest(number, Direction::as_str_name))?
        .convert("start_from", message.start_from.and_then(|from| from.value), start)?
        .done())
}

pub(super) fn prefetch(message: PrefetchQuery) -> Json {
    Ok(Object::default()
        .list("prefetch", message.prefetch, prefetch)?
        .convert("query", message.query, query)?
        .maybe("using", message.using)
        .convert("filter", message.filter, filters::filter)?
        .convert("params", message.params, |params| selectors::params(&params))?
        .maybe("score_threshold", message.score_threshold)
        .maybe("limit", message.limit)
        .convert("lookup_from", message.lookup_from, selectors::lookup_from)?
        .done())
}
