//! What runs beside the API: the feed's sequencer, the audit's seals, and the
//! watch over changed rights.

pub mod background;
pub mod sequencer;
