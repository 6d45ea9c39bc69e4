//! What is known of one operation of Qdrant's API.

use crate::protocol::points::touched::Write;
use crate::protocol::{Class, Read};

/// Where an operation names collections, besides the fields listed in [`Operation::lookups`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// Segment 2 of the path, or field 1 of the message. Qdrant resolves aliases there.
    Resolved,
    /// The same place, but Qdrant takes it literally: an alias is not followed.
    Literal,
    /// Only inside the body: the actions of an alias change.
    Actions,
    Nowhere,
}

/// Where the hits stand in the answer to a search: in REST's JSON; gRPC has the same messages for the first two, and for the
/// two after them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hits {
    /// `result[]`
    List,
    /// `result.points[]`
    Points,
    /// `result[][]`: a list for each query of a batch.
    Lists,
    /// `result[].points[]`, the same.
    PointsLists,
    /// `result.groups[].hits[]`: one list, in groups.
    Groups,
}

#[derive(Debug, PartialEq, Eq)]
pub struct Operation {
    /// The same word for both protocols, as it stands in logs.
    pub name: &'static str,
    pub class: Class,
    pub names: Names,
    /// What it is for, if it reads points: a variant may answer it, as far as the policy lets it. Everything else concerns
    /// the alias itself and stays on stable.
    pub reads: Option<Read>,
    /// Whether it may change what a name means, so that the table has to be refreshed before it is answered (I10).
    pub renames: bool,
    /// Body fields that name a further collection to look points up in. They are Qdrant's to resolve: a variant looks up
    /// in the same collections as stable does.
    pub lookups: &'static [&'static str],
    /// Where its answer has hits with scores, if it is a search.
    pub hits: Option<Hits>,
    /// What its body consists of, if it changes points.
    pub writes: Option<Write>,
    /// `METHOD /path` of each REST form, with `{c}` for the collection.
    pub rest: &'static [(&'static str, &'static str)],
    pub grpc: &'static [&'static str],
}

impl Operation {
    /// Whether sending it twice does no harm. Never decided by HTTP method: nearly everything in Qdrant is a POST.
    #[must_use]
    pub fn repeatable(&self) -> bool {
        self.class == Class::Read
    }

    /// Whether the collection stands where Pointsman can see it.
    #[must_use]
    pub fn is_named(&self) -> bool {
        matches!(self.names, Names::Resolved | Names::Literal)
    }
}
