//! The control plane from outside its files: what holds across them.

mod changes;
mod journal;
mod listing;
mod reload;
mod tables;
