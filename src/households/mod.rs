//! Households (家庭): families, local and migrant, who are visited, insured and helped together.
//!
//! A household stands at an area and has a data key of its own for its address. Its people are
//! persons like any other, each there by a consent of their own: residents who were put into it,
//! and people who are not registered as residents. Who sees what is the rule for residents: whoever
//! registered or is assigned to a household in clear, coordinators of the area masked, nobody else;
//! each of its people is seen by that rule on their own. Whoever moves to another place leaves it, but for
//! somebody who is all of it and is handed over (`moves`).
//!
//! The address is what a registered person's home is: it is kept only while somebody of the household
//! consents to registration. So a household is founded without one, and the last such consent, withdrawn
//! or gone with its person, destroys it.

pub mod api;
pub mod assignee;
pub mod consents;
pub mod feed;
pub mod model;
pub mod moves;
pub mod people;
pub mod people_api;
pub mod rights;
pub mod store;
pub mod sync;
pub mod view;

use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(api::create_household)
        .service(api::list_households)
        .service(api::get_household)
        .service(api::update_household)
        .service(people_api::create_household_person)
        .service(people_api::list_household_people)
        .service(people_api::get_household_person)
        .service(people_api::join_household)
        .service(rights::update_household_person)
        .service(rights::reveal_household_person)
        .service(consents::list_household_person_consents)
        .service(consents::create_household_person_consent)
        .service(consents::create_household_person_refusal)
        .service(consents::withdraw_household_person_consent)
        .service(assignee::assign_household);
}
