//! The change feed: what phones pull. Every write of a record that a phone may
//! hold leaves its newest change here, in the same transaction.

pub mod feed;
pub mod fields;
pub mod kinds;

pub use feed::{Change, Kind, record_change, untold};
pub use fields::touch;
