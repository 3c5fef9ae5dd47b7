//! What all statistics share: quarters, sums of areas, and which of them may be shown.
//!
//! Two rules hide small counts. Counts of kinds with sums over kinds are a network, and
//! [`crate::privacy::suppression`] finds the cheapest way to keep each hidden one open; it looks at a province at
//! a time and ends at townships. A count by itself, of areas within areas down to villages, needs no more than
//! [`parts`]: an area and its parts at a time.

pub mod branches;
pub mod parts;
pub mod quarter;
pub mod query;
pub mod sums;
