//! Score formulas: an expression tree and default values of its variables.

use qdrant_client::qdrant::expression::Variant;
use qdrant_client::qdrant::{DecayParamsExpression, Expression, Formula};
use serde_json::{Value, json};

use super::vectors::object;
use super::{Json, Object, array, filters, required};

pub(super) fn formula(message: Formula) -> Json {
    let expression = expression(required(message.expression, "expression of a formula")?)?;
    Ok(Object::default().with("formula", expression).with("defaults", object(message.defaults)).done())
}

fn expression(message: Expression) -> Json {
    Ok(match required(message.variant, "variant of an expression")? {
        Variant::Max(_) | Variant::Min(_) | Variant::Acosh(_) => return required(None, "variant of an expression"),
        Variant::Constant(number) => number.into(),
        Variant::Variable(name) => name.into(),
        Variant::Condition(condition) => filters::condition(condition)?,
        Variant::GeoDistance(distance) => json!({"geo_distance": {"origin": filters::point(distance.origin)?, "to": distance.to}}),
        Variant::Datetime(text) => json!({"datetime": text}),
        Variant::DatetimeKey(key) => json!({"datetime_key": key}),
        Variant::Mult(factors) => json!({"mult": array(factors.mult, expression)?}),
        Variant::Sum(terms) => json!({"sum": array(terms.sum, expression)?}),
        Variant::Div(div) => {
            let sides = Object::default().with("left", boxed(div.left, "left")?).with("right", boxed(div.right, "right")?);
            json!({"div": sides.maybe("by_zero_default", div.by_zero_default).done()})
        }
        Variant::Pow(pow) => json!({"pow": {"base": boxed(pow.base, "base")?, "exponent": boxed(pow.exponent, "exponent")?}}),
        Variant::Neg(inner) => json!({"neg": expression(*inner)?}),
        Variant::Abs(inner) => json!({"abs": expression(*inner)?}),
        Variant::Sqrt(inner) => json!({"sqrt": expression(*inner)?}),
        Variant::Exp(inner) => json!({"exp": expression(*inner)?}),
        Variant::Log10(inner) => json!({"log10": expression(*inner)?}),
        Variant::Ln(inner) => json!({"ln": expression(*inner)?}),
        Variant::ExpDecay(params) => json!({"exp_decay": decay(*params)?}),
        Variant::GaussDecay(params) => json!({"gauss_decay": decay(*params)?}),
        Variant::LinDecay(params) => json!({"lin_decay": decay(*params)?}),
    })
}

fn boxed(message: Option<Box<Expression>>, what: &str) -> Json {
    expression(*required(message, what)?)
}

fn decay(params: DecayParamsExpression) -> Json {
    let target: Option<Value> = params.target.map(|target| expression(*target)).transpose()?;
    Ok(Object::default()
        .with("x", boxed(params.x, "x of a decay")?)
        .maybe("target", target)
        .maybe("scale", params.scale)
        .maybe("midpoint", params.midpoint)
        .done())
}
