//! Associations (计划生育协会): the tree of them, from the municipal one down to those of villages, enterprises,
//! markets and migrants.
//!
//! An association of a city, county, township or village is of an area of its own, one living one each; that of an
//! enterprise, a market or of migrants stands in the area of its seat. Each stands under one of a wider kind in the
//! area around it, so there can be no circle. None is deleted: it is dissolved on a day, once nothing stands under
//! it.
//!
//! `posts` says who leads one and which posts are vacant, `members` who belongs to it,
//! `studies` what was found to be done and by whom, `works` what it did, `ratings` how people judged its year,
//! `selections` whom they selected as the best of it, `sites` where many people work or live and whether they have an
//! association, `office` how its office and staff stood by days, `subsidies` what is paid to those who retired.
//!
//! What stands in the record itself (what it is called, its office, how many staff it may have) is public: everybody
//! who works in its area reads it. Officers write, each where they are officers.

pub mod api;
pub mod carried;
pub mod commands;
pub mod held;
pub mod joining;
pub mod members;
pub mod model;
pub mod office;
pub mod posts;
pub mod ratings;
pub mod rules;
pub mod selections;
pub mod sites;
pub mod store;
pub mod studies;
pub mod subsidies;
pub mod view;
pub mod works;

use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(api::create_association)
        .service(api::list_associations)
        .service(api::get_association)
        .service(api::update_association)
        .service(api::dissolve_association)
        .configure(office::routes)
        .configure(posts::routes)
        .configure(subsidies::routes)
        .configure(members::routes)
        .configure(studies::routes)
        .configure(ratings::routes)
        .configure(works::routes)
        .configure(selections::routes)
        .configure(sites::routes);
}
