//! Formulas: from the request's terms to the engine's.

use qdrant_edge::{DecayKind, Expression as EngineExpression};

use super::query::{Decay, Expression, Term};

impl From<Expression> for EngineExpression {
    fn from(expression: Expression) -> Self {
        match expression {
            Expression::Constant(value) => Self::Constant(value),
            Expression::Variable(name) => Self::Variable(name),
            Expression::Condition(condition) => Self::Condition(condition),
            Expression::Term(term) => term.into(),
        }
    }
}

impl From<Term> for EngineExpression {
    fn from(term: Term) -> Self {
        match term {
            Term::GeoDistance { origin, to } => Self::GeoDistance { origin, to },
            Term::Datetime(text) => Self::Datetime(text),
            Term::DatetimeKey(key) => Self::DatetimeKey(key),
            Term::Mult(terms) => Self::Mult(all(terms)),
            Term::Sum(terms) => Self::Sum(all(terms)),
            Term::Neg(term) => Self::Neg(boxed(*term)),
            Term::Abs(term) => Self::Abs(boxed(*term)),
            Term::Div { left, right, by_zero_default } => Self::Div { left: boxed(*left), right: boxed(*right), by_zero_default },
            Term::Sqrt(term) => Self::Sqrt(boxed(*term)),
            Term::Pow { base, exponent } => Self::Pow { base: boxed(*base), exponent: boxed(*exponent) },
            Term::Exp(term) => Self::Exp(boxed(*term)),
            Term::Log10(term) => Self::Log10(boxed(*term)),
            Term::Ln(term) => Self::Ln(boxed(*term)),
            Term::LinDecay(decay) => falling(DecayKind::Lin, decay),
            Term::ExpDecay(decay) => falling(DecayKind::Exp, decay),
            Term::GaussDecay(decay) => falling(DecayKind::Gauss, decay),
        }
    }
}

fn falling(kind: DecayKind, decay: Decay) -> EngineExpression {
    EngineExpression::Decay {
        kind,
        x: boxed(*decay.x),
        target: decay.target.map(|target| boxed(*target)),
        midpoint: decay.midpoint,
        scale: decay.scale,
    }
}

fn all(terms: Vec<Expression>) -> Vec<EngineExpression> {
    terms.into_iter().map(EngineExpression::from).collect()
}

fn boxed(term: Expression) -> Box<EngineExpression> {
    Box::new(term.into())
}
