//! The laws of this room: by example in the files named after what they are about, and for arbitrary histories in `laws`.

mod basis;
mod bench;
mod commands;
mod effects;
mod evidence;
mod laws;
mod lifecycle;
mod lost_writes;
mod plan;
mod restart;
mod rollback;
mod shadow;
mod share;
