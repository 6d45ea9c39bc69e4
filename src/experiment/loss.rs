//! What ends an experiment without anyone asking: what it compares is not there any more.

use super::{Experiment, State};
use crate::config::Timestamp;

impl Experiment {
    /// Sends the traffic back to the alias, because of what is gone; what was seen until then stands. Whether it did.
    pub fn lose(&mut self, now: Timestamp, what: &str) -> bool {
        let over = matches!(self.state(), State::Baseline | State::Running);
        if over {
            self.stop_now(now, self.spec().late_feedback, "controller", what);
        }
        over
    }

    /// The arm that has the very collection the alias was moved to: with a control that follows the alias, the two are the same.
    #[must_use]
    pub fn merged_arm(&self, points_at: &str) -> Option<&str> {
        let mut arms = self.spec().arms.iter();
        arms.next().filter(|control| control.collection.is_none())?;
        let same = arms.find(|arm| arm.upstream.is_none() && arm.collection.as_deref() == Some(points_at))?;
        Some(&same.name)
    }
}
