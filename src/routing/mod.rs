//! Which variant answers: slots, allocations, decisions and the table that holds them.
//!
//! Pure: no I/O, no async, no clock; it knows what a read is for from `protocol`, and the seal of `interleaving`. `proxy` asks it for a decision per request,
//! `control` builds the table, `admin` and the command line explain decisions. Keeps invariants I2 and I3.

mod allocation;
mod carrier;
mod guards;
mod identify;
mod layer;
mod policy;
mod route;
mod shadow;
mod slot;
mod spec;
mod split;
mod table;
mod targeting;

pub use allocation::{Allocation, BrokenAllocation, Interval};
pub use carrier::Carrier;
pub use guards::{AliasAction, Guards};
pub use identify::{BareName, Places, bare, identify};
pub use layer::{Layer, Part};
pub use policy::{Anonymous, SplitPolicy, SplitReads};
pub use route::{Decision, Interleaving, Reason, Route, Unit, Watch};
pub use shadow::{Shadow, ShadowBy};
pub use slot::{SLOTS, Salt, VERSION};
pub use spec::{RouteSpec, STABLE, SpecFault, VariantSpec, check_name, check_new_name, is_plain};
pub use split::Split;
pub use table::{Entry, NameKind, Table, Target};
pub use targeting::{Holdout, Targeting};

#[cfg(test)]
mod tests;
