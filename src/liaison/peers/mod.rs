//! Offices elsewhere with an installation of their own, and our own card that they register.
//!
//! Two people compare the digests of their keys by telephone; then each administrator registers the other's card. From then on
//! files of that office are believed, and files can be sealed for it. An office whose keys are in doubt is revoked:
//! what it signed is refused, by name. With new keys it is the same office (`renewal`), and its notices go on.

pub mod api;
pub mod keys;
pub mod renewal;
pub mod store;
