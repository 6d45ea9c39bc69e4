//! gRPC.
mod convert;
