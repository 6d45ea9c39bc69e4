//! What holds for the room as a whole: assignment, phases, and conclusions from made-up users through the real code.

mod bench;
mod conclusions;
mod feedback;
mod layers;
mod lifecycle;
mod simulations;
mod slices;
