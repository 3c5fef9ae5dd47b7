//! Members (会员) of associations, and the backbone (骨干) among them.
//!
//! Somebody joins by their own consent to `membership`, and is a person like any other: their name and phone stand
//! in `people` alone, come masked, and are shown to the association's officers for a reason. Of somebody who is
//! nothing but a member no more is taken than that.
//!
//! Membership ends when they leave or no longer agree. What rested on that consent goes some days later, as the text
//! says that they agreed to; leaving the last association is the end of the consent, too, and so is, after some days,
//! that the last one is no more (`lapses`). Cards carry a number that
//! says nothing of anybody.

pub mod api;
pub mod cards;
pub mod commands;
pub mod consents_api;
pub mod counts;
pub mod counts_api;
pub mod counts_store;
pub mod ends;
pub mod lapses;
pub mod lapses_store;
pub mod model;
pub mod steps_api;
pub mod store;
pub mod view;

use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(api::create_member)
        .service(api::list_members)
        .service(api::look_up_member)
        .service(api::get_member)
        .service(api::update_member)
        .service(steps_api::leave_association)
        .service(steps_api::reveal_member)
        .service(cards::create_member_card)
        .service(cards::list_member_cards)
        .service(cards::void_member_card)
        .service(cards::print_member_card)
        .service(consents_api::list_member_consents)
        .service(consents_api::create_member_consent)
        .service(consents_api::withdraw_member_consent)
        .service(counts_api::get_association_members)
        .service(counts_api::get_member_statistics);
}
