//! Pointsman as its users meet it: the real binary in front of the sandbox (or of a real Qdrant), over real sockets.
//!
//! Tests that only read and write points run against `QDRANT_URL` and `QDRANT_GRPC_URL` when both are set; those that
//! need faults or the request log always start a sandbox of their own.

mod aliases;
mod arrows;
mod bad_input;
mod bodies;
mod canary;
mod check;
mod clients;
mod commands;
mod computations;
mod cross_site;
mod crowd;
mod deadlines;
mod deployment;
mod docs;
mod early_answers;
mod elsewhere;
mod event_stream;
mod exit_codes;
mod experiment;
mod fallback;
mod fidelity;
mod framing;
mod gateway;
mod goaway;
mod guards;
mod gzip;
mod house;
mod lag;
mod limits;
mod names;
mod odd_answers;
mod openapi;
mod outage;
mod outside;
mod peer;
mod populations;
#[path = "../support/postgres.rs"]
mod postgres;
mod promises;
mod rapid_reset;
mod receiver;
mod relay;
mod reload;
mod replicas;
mod resend;
mod rest_only;
mod retirement;
mod rights;
mod routes;
mod shadows;
mod slow_peers;
mod stop;
mod store_command;
mod strict;
#[path = "../support/strict_head.rs"]
mod strict_head;
mod switch;
mod terminal;
mod tls;
mod upgrade;
mod way_out;
mod webhooks;
mod wire;
mod writes;

#[path = "../clients/rust/scenarios.rs"]
mod scenarios;
