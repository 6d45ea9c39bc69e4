//! Where a value stands in the configuration.

use std::fmt;

/// A path such as `routes.docs.variants[0].weight`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::config) struct Path(Vec<Step>);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::config) enum Step {
    Key(String),
    /// The place in the list as it was written, whatever has been left out since.
    Index(usize),
}

impl Path {
    /// The path of keys joined by dots, none of which needs quotes.
    pub(in crate::config) fn of(keys: &str) -> Self {
        Self(keys.split('.').map(|key| Step::Key(key.into())).collect())
    }

    pub(in crate::config) fn key(&self, key: impl Into<String>) -> Self {
        self.with(Step::Key(key.into()))
    }

    pub(in crate::config) fn index(&self, index: usize) -> Self {
        self.with(Step::Index(index))
    }

    /// This path, with `variants[0].name` behind it.
    pub(in crate::config) fn join(&self, field: &str) -> Self {
        field.split('.').fold(self.clone(), |path, part| match part.split_once('[') {
            Some((key, rest)) => match rest.trim_end_matches(']').parse() {
                Ok(index) => path.key(key).index(index),
                Err(_) => path.key(part),
            },
            None => path.key(part),
        })
    }

    pub(in crate::config) fn steps(&self) -> &[Step] {
        &self.0
    }

    /// The path down to its first list.
    pub(in crate::config) fn outside_lists(&self) -> Self {
        Self(self.0.iter().take_while(|step| matches!(step, Step::Key(_))).cloned().collect())
    }

    /// Whether one of the two lies inside the other, or they are the same.
    pub(in crate::config) fn touches(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).all(|(mine, theirs)| mine == theirs)
    }

    fn with(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, step) in self.0.iter().enumerate() {
            match step {
                Step::Index(index) => write!(formatter, "[{index}]")?,
                Step::Key(key) => {
                    if place > 0 {
                        formatter.write_str(".")?;
                    }
                    let plain = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
                    if plain { formatter.write_str(key)? } else { write!(formatter, "{key:?}")? }
                }
            }
        }
        Ok(())
    }
}
