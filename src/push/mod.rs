//! Push: a hint that something waits in the inbox, carried by a provider to a phone.
//!
//! What happens is first a row in somebody's inbox (`notifications`); for each of their phones with a
//! live token a row goes into the outbox (`deliveries`) in the same transaction. The engine takes what
//! is due by lease, sends it outside any transaction, and notes each try.

pub mod gateway;
pub mod model;
pub mod outbox;
