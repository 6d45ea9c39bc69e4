//! Retirements under way: what `rollout::retirement` decides is carried out here.
//!
//! Every replica keeps all of them; the one that holds the controller's lease looks at those that are due. A state is in
//! the store before anything of it is done, under the lease's fence and against the revision the decision stood on. So
//! whoever refers to the collection meanwhile, at any replica, either comes first, and the retirement ends, or comes after
//! the announcement, and is refused.
//!
//! ```text
//! requests    what people ask for                     round        one look at everything that is due
//! family      the same for what a family has too many facts        what is known of a collection, gathered afresh
//! claims      what else refers to a collection        replicas     what the other replicas have in flight
//! references  who refers to it already                documents    from one state to the next, in the store
//! ```

mod claims;
mod documents;
mod facts;
mod family;
mod references;
mod replicas;
mod requests;
mod round;

#[cfg(test)]
mod tests;

pub(super) use claims::claim;
pub(super) use documents::{event, put};
pub use family::{FamilyPlan, FamilyRequest};
pub(super) use requests::new_id;
pub use requests::{RetirementRequest, RetirementView};
