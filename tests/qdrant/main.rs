//! What the control plane asks of Qdrant, over real sockets: against the sandbox, and against a made-up server where the
//! sandbox has not got what a cluster has.

mod access;
mod aliases;
mod clone;
mod cluster;
mod copy;
mod corpus;
mod doubt;
mod house;
mod snapshots;
mod validation;
mod verify;
