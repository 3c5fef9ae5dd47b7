//! Builds the actix App that `serve` and the tests run.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::guard::{Guard, GuardContext};
use actix_web::http::Method;
use actix_web::middleware::{Compress, from_fn};
use actix_web::{HttpRequest, HttpResponse, web};
use std::sync::OnceLock;
use utoipa_actix_web::AppExt;

use crate::error::{AppError, Code, Problem};
use crate::http::{house, problem, ready};
use crate::insurance::companion;
use crate::openapi::{self, Contract};
use crate::privacy::page;
use crate::routes;
use crate::state::App;

/// The document and what routing takes from it; built once, from the routes.
pub fn contract() -> &'static Contract {
    static CONTRACT: OnceLock<Contract> = OnceLock::new();
    CONTRACT.get_or_init(|| {
        let (_, document) = actix_web::App::new()
            .into_utoipa_app()
            .configure(routes::v1)
            .split_for_parts();
        Contract::new(document)
    })
}

/// The paths that need no token.
pub struct Public;
impl Guard for Public {
    fn check(&self, ctx: &GuardContext<'_>) -> bool {
        openapi::is_public(ctx.head().uri.path())
    }
}

pub fn build(
    app: web::Data<App>,
) -> actix_web::App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody>,
        Error = actix_web::Error,
        InitError = (),
    >,
> {
    build_with(app, |_| ())
}

/// The same with routes that only some installations serve: a demo's pages.
pub fn build_with(
    app: web::Data<App>,
    more: impl FnOnce(&mut web::ServiceConfig),
) -> actix_web::App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody>,
        Error = actix_web::Error,
        InitError = (),
    >,
> {
    let (routed, _) = actix_web::App::new()
        .into_utoipa_app()
        .configure(routes::v1)
        .split_for_parts();
    routed
        .app_data(app)
        .route("/healthz", web::get().to(healthz))
        .route("/readyz", web::get().to(readyz))
        .route("/problems/{code}", web::get().to(problem::page))
        .route("/r", web::get().to(page::page))
        .route("/r/receipt.css", web::get().to(page::style))
        .route("/r/receipt.js", web::get().to(page::script))
        .route("/r/claims", web::get().to(companion::page::form))
        .route("/r/claims", web::post().to(companion::page::shown))
        .route("/r/claims.css", web::get().to(companion::page::style))
        .route("/openapi.json", web::get().to(document))
        .service(
            utoipa_swagger_ui::SwaggerUi::new("/docs/{_:.*}")
                .config(utoipa_swagger_ui::Config::from("/openapi.json")),
        )
        .route("/docs", web::get().to(docs))
        .configure(more)
        .default_service(web::to(unmatched))
        .wrap(Compress::default())
        .wrap(from_fn(house::house))
        .wrap(from_fn(override_method))
}

/// `POST` with `X-HTTP-Method-Override: PATCH` is a PATCH before routing: mini-programs cannot send one.
async fn override_method<B: MessageBody>(
    mut req: ServiceRequest,
    next: actix_web::middleware::Next<B>,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    let asked = req
        .headers()
        .get("x-http-method-override")
        .map(|v| v.as_bytes().eq_ignore_ascii_case(b"patch"));
    if req.method() == Method::POST && asked == Some(true) {
        req.head_mut().method = Method::PATCH;
    }
    next.call(req).await
}

/// Alive: the process answers.
async fn healthz() -> HttpResponse {
    HttpResponse::Ok().json(serde_json::json!({ "status": "ok" }))
}

/// Ready: the database answers as this program knows it, and takes writes in time.
async fn readyz(app: web::Data<App>) -> Result<HttpResponse, AppError> {
    ready::check(&app).await?;
    Ok(HttpResponse::Ok().json(serde_json::json!({ "status": "ready" })))
}

async fn document() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/json")
        .body(contract().json.as_str())
}

async fn docs() -> HttpResponse {
    HttpResponse::Found()
        .insert_header(("Location", "/docs/"))
        .finish()
}

/// No route: 405 with `Allow` when the document knows the path under another method.
async fn unmatched(req: HttpRequest) -> Result<HttpResponse, AppError> {
    Err(match contract().methods_of(req.path()) {
        Some(allow) => AppError::Problem(Box::new(Problem {
            allow: Some(allow),
            ..Problem::new(Code::MethodNotAllowed)
        })),
        None => AppError::not_found(),
    })
}
