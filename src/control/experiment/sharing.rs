//! Whose an alias is where experiments share it, and what of it is free.

use crate::control::documents::{Documents, ExperimentDocument, Resource};
use crate::control::engine::ControlError;
use crate::experiment::LayerPart;

/// So many experiments share an alias at most: a request may have to look at what each of them wants.
const MAX_SHARING: usize = 32;

impl Documents {
    /// # Errors
    /// When something else than experiments has the alias, or others have some of the part.
    pub(in crate::control) fn has_room(&self, alias: &str, part: &LayerPart) -> Result<(), ControlError> {
        let occupied = |owner: String| Err(ControlError::Occupied { alias: alias.to_owned(), owner });
        if self.routes.contains_key(alias) {
            return occupied("a route of its own".to_owned());
        }
        let Some(owners) = self.owners.get(alias) else { return Ok(()) };
        let sharing: Option<Vec<&ExperimentDocument>> = owners.ids().map(|id| self.experiments.get(id)).collect();
        let Some(sharing) = sharing else { return occupied(owners.to_string()) };
        if sharing.len() >= MAX_SHARING {
            return occupied(format!("{MAX_SHARING} experiments, the most that may share it"));
        }
        let theirs: Vec<String> =
            sharing.iter().filter(|document| document.layer().overlaps(part)).map(|document| document.with_part()).collect();
        if theirs.is_empty() {
            return Ok(());
        }
        let free: Vec<String> = LayerPart::free(sharing.iter().map(|document| *document.layer())).iter().map(ToString::to_string).collect();
        Err(ControlError::Overlaps { alias: alias.to_owned(), part: *part, theirs, free })
    }
}

impl ExperimentDocument {
    fn with_part(&self) -> String {
        format!("{} ({})", self.name(), self.layer())
    }
}
