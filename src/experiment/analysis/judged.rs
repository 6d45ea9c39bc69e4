//! Whatever has a p-value that is held against others of its role.

use crate::experiment::metric::Role;

pub(super) trait Judged {
    fn role(&self) -> Role;
    /// The p-value that counts.
    fn counting(&self, at_the_end: bool) -> Option<f64>;
    /// With that p-value as adjusted for the company it is in.
    fn conclude(&mut self, adjusted: f64, alpha: f64, at_the_end: bool);
}
