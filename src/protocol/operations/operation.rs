//! The description of one operation of Qdrant's API.

use crate::protocol::points::touched::Write;
use crate::protocol::{Class, Read};

/// Where an operation names its collection, apart from the fields listed in [`Operation::lookups`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// Segment 2 of the path, or field 1 of the message. Qdrant resolves aliases there.
    Resolved,
    /// The same place, but Qdrant uses it literally: it does not resolve an alias.
    Literal,
    /// Only inside the body: the actions of an alias change.
    Actions,
    Nowhere,
}

/// Where the hits are in the answer to a search: in REST's JSON. gRPC has the same messages for the first two, and for the
/// two after them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hits {
    /// `result[]`
    List,
    /// `result.points[]`
    Points,
    /// `result[][]`: a list for each query of a batch.
    Lists,
    /// `result[].points[]`, also a list for each query of a batch.
    PointsLists,
    /// `result.groups[].hits[]`: one list, in groups.
    Groups,
}

#[derive(Debug, PartialEq, Eq)]
pub struct Operation {
    /// The name of the operation in logs, the same for both protocols.
    pub name: &'static str,
    pub class: Class,
    pub names: Names,
    /// The kind of read, if it reads points: a variant may answer it, if the policy allows. All other operations concern the
    /// alias itself and stay on stable.
    pub reads: Option<Read>,
    /// Whether it may change what a name means, so that the table must be refreshed before it is answered (I10).
    pub renames: bool,
    /// Body fields that name a further collection to look points up in. Qdrant resolves them: a variant looks up in the same
    /// collections as stable.
    pub lookups: &'static [&'static str],
    /// Where its answer has hits with scores, if it is a search.
    pub hits: Option<Hits>,
    /// The structure of its body, if it changes points.
    pub writes: Option<Write>,
    /// `METHOD /path` of each REST form, with `{c}` for the collection.
    pub rest: &'static [(&'static str, &'static str)],
    pub grpc: &'static [&'static str],
}

impl Operation {
    /// Whether it is safe to send twice. Never decided by HTTP method: nearly everything in Qdrant is a POST.
    #[must_use]
    pub fn repeatable(&self) -> bool {
        self.class == Class::Read
    }

    /// Whether Pointsman can see the collection's name.
    #[must_use]
    pub fn is_named(&self) -> bool {
        matches!(self.names, Names::Resolved | Names::Literal)
    }
}
