//! One-vote vetoes (一票否决): a unit was led poorly and the whole is affected. It is a decision of people, recorded from
//! above with reasons and a statement; nothing here reckons one. The association may appeal, never whoever recorded the veto,
//! and somebody who did neither decides on that. While it stands the year's score counts nothing; one that is lifted is
//! none, and another may follow it.

pub mod api;
pub mod commands;
pub mod model;
pub mod store;
