//! What a year asks (考核方案), as data: indicators, each a formula of one of six kinds over named sources, with targets
//! and a weight. There is no language of expressions: what a scheme can say, `document` shows whole.
//!
//! A document is taken whole or not at all (`check`). It is a draft until it is put in force for its year; what was in
//! force before is replaced and stays readable. A frozen year holds the scheme it was frozen under, whole; once a whole city was
//! frozen, none is put in force for that year any more. Where nothing was put in force the guide's own holds
//! (`built_in`).

pub mod api;
pub mod built_in;
pub mod check;
pub mod commands;
pub mod document;
pub mod model;
pub mod store;
