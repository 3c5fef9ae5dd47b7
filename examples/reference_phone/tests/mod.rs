//! The phone against a network that a test writes word for word.

#![allow(clippy::unwrap_used)]

mod account;
mod files;
mod merging;
mod pulling;
mod pushing;
mod queueing;
mod receipts;
mod resync;
mod support;
