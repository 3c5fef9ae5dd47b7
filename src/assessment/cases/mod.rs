//! How one association's year is assessed (考核过程): it says of each indicator how it did, with evidence that is there,
//! and hands that in once the year is over; the superior finds for or against; the association may object within a window,
//! with reasons; then it is decided, an objection by somebody else than the reviewer. Whoever works for the association's
//! own area speaks for it, whoever works for a wider one judges, and nobody does both.
//!
//! What is counted stands beside this: nobody writes figures. Once it is decided, what was found counts in the score in
//! the place of what was counted (`assessment::view`); until then it counts nothing.

pub mod api;
pub mod commands;
pub mod model;
pub mod rules;
pub mod steps_api;
pub mod store;
pub mod view;
