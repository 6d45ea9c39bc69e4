//! Where a request says whom it is for.

use http::HeaderName;

/// One place to look for the unit id. The configured list is tried in order; the first that holds one wins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// A header or, for gRPC, a metadata key. Of several values the last counts: clients append theirs to static ones.
    Header(HeaderName),
    Cookie(Box<str>),
    /// A query parameter; Qdrant ignores those it does not know. REST only.
    Query(Box<str>),
    /// A claim of the bearer token. It is read, not verified: it chooses a variant, it grants nothing.
    JwtClaim(Box<str>),
    /// What follows this separator in the collection name (`docs@@u=42`); stripped before the request goes on.
    NameSuffix(Box<str>),
}
