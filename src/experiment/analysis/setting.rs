//! What is known of two arms besides what was measured.

/// What a comparison is made with.
pub(super) struct Setting {
    pub(super) alpha: f64,
    pub(super) power: f64,
    /// Units of both arms.
    pub(super) seen: f64,
    /// The part of the planned units that belongs to both arms.
    pub(super) planned: f64,
}
