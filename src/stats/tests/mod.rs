//! What holds for the room as a whole: reference values, merge laws, verdicts, and simulations of traffic.

mod detection;
mod false_alarms;
mod guards;
mod margins;
mod merge_laws;
mod reference;
mod refusals;
mod scores;
mod traffic;
