//! Liaison (协作通报): notices between the area where somebody lives (流入地) and the one where they are registered
//! (户籍地), and the handover of a residence from one area to another.
//!
//! **Two copies.** Each side holds its own copy of a notice (`model::NoticeRow`), with its own key, place and feed
//! rows; what they share is a thread. Inside one installation a step of one side moves both copies in one write
//! (`steps`, by the table in `machine`). Most other sides have no account here: to them a notice goes as a letter
//! (`letter`), whose answer is entered by hand, or as a signed file that another installation imports (`file`,
//! `exchange`, `intake`, `peers`), whose answer comes back the same way.
//!
//! **Nothing about anybody without their consent.** A notice tells single fields. Which ones may leave is decided
//! once, in `disclosure::allowed`: what the kind knows, of that what the person agreed to item by item (`scopes`), of
//! that what they consent to now. It is asked when a notice is drafted, and again when it is sent (`dispatch`).
//!
//! **What was told ends.** Each field rests by itself under the key of its copy. A withdrawal, of all or of a part,
//! destroys it on both sides at once (`ends`), and an office outside is owed its withdrawal until somebody passed it
//! on (`withdrawals_store`). A notice that is declined, expired or closed tells nothing any more either.
//!
//! The home side's list of its people who are away is the registration notices that it accepted. An answer is due in
//! working days, of which those who must act are reminded (`reminders::liaison`); how many came in time is counted
//! (`statistics`).
//!
//! **Who moves takes along what is about them** (`moves`): within a county the sender's copies, from there on nothing:
//! what was told of a stay that ended is told no longer.

pub mod amendment;
pub mod api;
pub mod disclosure;
pub mod dispatch;
pub mod drafts;
pub mod drafts_store;
pub mod ends;
pub mod exchange;
pub mod exchange_api;
pub mod feed;
pub mod file;
pub mod handover;
pub mod intake;
pub mod letter;
pub mod machine;
pub mod model;
pub mod moves;
pub mod peers;
pub mod scopes;
pub mod scopes_store;
pub mod statistics;
pub mod statistics_api;
pub mod statistics_store;
pub mod steps;
pub mod steps_api;
pub mod store;
pub mod sync;
pub mod values;
pub mod view;
pub mod withdrawals_store;

use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(exchange_api::import_liaison_file)
        .service(api::create_liaison_notice)
        .service(amendment::update_liaison_notice)
        .service(api::list_liaison_notices)
        .service(api::get_liaison_notice)
        .service(api::list_people_away)
        .service(steps_api::dispatch_liaison_notice)
        .service(steps_api::receive_liaison_notice)
        .service(steps_api::accept_liaison_notice)
        .service(steps_api::decline_liaison_notice)
        .service(steps_api::close_liaison_notice)
        .service(steps_api::expire_liaison_notice)
        .service(steps_api::enter_liaison_reply)
        .service(steps_api::assign_liaison_notice)
        .service(steps_api::reveal_liaison_notice)
        .service(exchange_api::print_liaison_letter)
        .service(exchange_api::export_liaison_notice)
        .service(exchange_api::list_liaison_withdrawals)
        .service(exchange_api::export_liaison_withdrawal)
        .service(exchange_api::print_liaison_withdrawal)
        .service(scopes::get_liaison_fields)
        .service(scopes::set_liaison_fields)
        .service(peers::api::get_liaison_identity)
        .service(peers::api::create_liaison_peer)
        .service(peers::api::list_liaison_peers)
        .service(peers::api::get_liaison_peer)
        .service(peers::api::revoke_liaison_peer)
        .service(peers::renewal::renew_liaison_peer)
        .service(statistics_api::get_liaison_statistics);
}
