//! A year frozen (年度冻结): what was counted and found and how everything came out, signed with the house's keys.
//!
//! It is frozen from above, a city by itself. The books of every association in the area are closed first, then it is
//! counted (`commands`). Each area has a sheet, and each source the facts that it counted, as they were; the document
//! lists their digests, the scheme, what was still open among people, and the digest of the revision before
//! (`document`). All is canonical JSON: the same content is the same bytes. Whoever works in one of the areas reads,
//! verifies and prints their own sheet, and opens its figures down to the facts of that moment (`sheets_api`, `facts`).
//!
//! Nothing changes or removes any of it: the database itself refuses, and who goes around that is found out (`verify`). A
//! correction is the next revision, which says why, and what it changes is shown.

pub mod api;
pub mod commands;
pub mod document;
pub mod facts;
pub mod model;
pub mod sheets_api;
pub mod store;
pub mod verify;
