//! Whose an alias is where experiments share it, and what of it is free.

use super::Trial;
use crate::control::document::ROUTE;
use crate::control::error::ControlError;
use crate::control::holdings::Holdings;
use crate::control::owners::Owners;
use crate::experiment::LayerPart;
use crate::store::{Key, Write};

/// So many experiments share an alias at most: a request may have to look at what each of them wants.
const MAX_SHARING: usize = 32;

impl Holdings {
    /// What is written when an experiment begins or ends to have a part of an alias.
    pub(super) fn handing_over(&self, alias: &str, id: &str, had: bool, has: bool) -> Vec<Write> {
        let nobody = Owners::default();
        let owners = self.owners.get(alias).unwrap_or(&nobody);
        match (had, has) {
            (false, true) => vec![owners.joined_by(id, alias), Write::none(Key::new(ROUTE, alias))],
            (true, false) => vec![owners.left_by(id, alias)],
            _ => Vec::new(),
        }
    }

    /// # Errors
    /// When something else than experiments has the alias, or others have some of the part.
    pub(in crate::control) fn has_room(&self, alias: &str, part: &LayerPart) -> Result<(), ControlError> {
        let occupied = |owner: String| Err(ControlError::Occupied { alias: alias.to_owned(), owner });
        if self.routes.contains_key(alias) {
            return occupied("a route of its own".to_owned());
        }
        let Some(owners) = self.owners.get(alias) else { return Ok(()) };
        let sharing: Option<Vec<&Trial>> = owners.ids().map(|id| self.experiments.get(id)).collect();
        let Some(sharing) = sharing else { return occupied(owners.to_string()) };
        if sharing.len() >= MAX_SHARING {
            return occupied(format!("{MAX_SHARING} experiments, the most that may share it"));
        }
        let theirs: Vec<String> = sharing.iter().filter(|trial| trial.layer().overlaps(part)).map(|trial| trial.with_part()).collect();
        if theirs.is_empty() {
            return Ok(());
        }
        let free: Vec<String> = LayerPart::free(sharing.iter().map(|trial| *trial.layer())).iter().map(ToString::to_string).collect();
        Err(ControlError::Overlaps { alias: alias.to_owned(), part: *part, theirs, free })
    }
}

impl Trial {
    fn with_part(&self) -> String {
        format!("{} ({})", self.name(), self.layer())
    }
}
