//! What is set for a year of an area: how many live there, whether the foundation of the work is good, what the sheet
//! of target responsibility says, and what the area's association is to do by its plan.
//!
//! These are records like any others: who set them and when is in the audit, and a figure opens down to them.

pub mod api;
pub mod commands;
pub mod store;
