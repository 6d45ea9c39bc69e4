//! Variants and weights as they are written on the command line; `explain` reads its weights the same way.

use std::str::FromStr;

use serde_json::{Value, json};

/// `stable=90`
#[derive(Clone, Debug, PartialEq)]
pub(in crate::cli) struct Weight {
    pub(in crate::cli) name: String,
    pub(in crate::cli) weight: f64,
}

impl FromStr for Weight {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = text.split_once('=').and_then(|(name, weight)| Some((name, weight.parse().ok()?)));
        let (name, weight) = parsed.ok_or_else(|| format!("`{text}` is not a variant and its weight, such as stable=95"))?;
        Ok(Self { name: name.to_owned(), weight })
    }
}

/// `new=10:docs_v2` or `new=10:eu/docs_v2`; `stable=90` has no collection.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Variant {
    weight: Weight,
    upstream: Option<String>,
    collection: Option<String>,
}

impl FromStr for Variant {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // Behind the weight: a name may hold a colon, a number never does.
        let behind = text.find('=').and_then(|equals| Some(equals + text.get(equals..)?.find(':')?));
        let (weight, place) = match behind.and_then(|colon| Some((text.get(..colon)?, text.get(colon + 1..)?))) {
            Some((weight, place)) => (weight, Some(place)),
            None => (text, None),
        };
        // No collection's name holds a slash.
        let (upstream, collection) = match place.map(|place| place.split_once('/').ok_or(place)) {
            Some(Ok((upstream, collection))) => (Some(upstream.to_owned()), Some(collection.to_owned())),
            Some(Err(collection)) => (None, Some(collection.to_owned())),
            None => (None, None),
        };
        Ok(Self { weight: weight.parse()?, upstream, collection })
    }
}

impl Variant {
    /// As the API takes it.
    pub(super) fn body(&self) -> Value {
        let mut body = json!({"name": self.weight.name, "weight": self.weight.weight});
        for (field, value) in [("collection", &self.collection), ("upstream", &self.upstream)] {
            if let Some(value) = value {
                body[field] = json!(value);
            }
        }
        body
    }
}
