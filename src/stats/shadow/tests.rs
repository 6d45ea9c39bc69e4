//! Summaries merge exactly, and reports say what was put in and how far it can be trusted.
