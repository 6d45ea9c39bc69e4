//! The control plane from outside its files: what holds across them.

mod alias_moves;
mod changes;
mod departures;
mod forced;
mod lease;
mod ledger;
mod listing;
mod populations;
mod reload;
mod restart;
mod sharing;
mod tables;
mod upgrade;
