//! Programmes of associations, the projects that carry them out, and the lessons of health education.
//!
//! All of it is of the association and says nothing of anybody: a project has a plan and a budget, a lesson counts
//! whoever came.

pub mod api;
pub mod commands;
pub mod model;
pub mod projects;
pub mod projects_api;
pub mod sessions;
pub mod sessions_api;
pub mod store;
pub mod store_counts;
pub mod store_projects;

use utoipa_actix_web::service_config::ServiceConfig;

pub fn routes(cfg: &mut ServiceConfig) {
    cfg.service(api::create_care_programme)
        .service(api::list_care_programmes)
        .service(api::get_care_programme)
        .service(api::end_care_programme)
        .service(projects_api::create_care_project)
        .service(projects_api::list_care_projects)
        .service(projects_api::get_care_project)
        .service(projects_api::update_care_project)
        .service(sessions_api::create_care_session)
        .service(sessions_api::list_care_sessions)
        .service(sessions_api::get_care_session)
        .service(sessions_api::cancel_care_session);
}
