//! Self-governance (群众自治): what a village adopts, deliberates, decides, carries out, checks and makes public.
//!
//! One thing leads to the next: under its charter (章程) a village deliberates (议事), a deliberation decides (决策),
//! what was decided is carried out by somebody until a day (落实), others look whether it was (监督), and all of it is
//! posted for everybody to read (公开). `texts` are charters, agreements and contracts, edition by edition;
//! `deliberations` hold their decisions and the ways in which people took part before, during and after;
//! `implementations` hold their checks; `disclosures` what was posted; `opinions` what was voiced and what was
//! answered; `examples` that members took the lead.
//!
//! `standing` says whether a village is qualified in a year: by criteria that are data, from rows that are counted,
//! each of which can be opened. What people decide beside it stands beside it and changes nothing of the count.
//!
//! Villages are judged here, never people: whoever takes part is counted, whoever voices an opinion is nobody, and
//! whoever takes the lead is a number.

pub mod cancelling;
pub mod deliberations;
pub mod disclosures;
pub mod examples;
pub mod implementations;
pub mod listing;
pub mod opinions;
pub mod standing;
pub mod texts;
pub mod village;

use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.configure(texts::routes)
        .configure(deliberations::routes)
        .configure(implementations::routes)
        .configure(disclosures::routes)
        .configure(opinions::routes)
        .configure(examples::routes)
        .configure(standing::routes);
}
