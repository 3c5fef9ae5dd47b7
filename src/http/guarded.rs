//! Pages for people: what a browser may do with them stands in their headers.

use actix_web::HttpResponse;
use actix_web::http::header::{self, HeaderName};

/// An answer that a browser keeps to `policy`, shows in nobody's frame, stores nowhere and tells nobody of.
pub fn guarded(policy: &'static str, media: &'static str, body: String) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(media)
        .insert_header((header::CONTENT_SECURITY_POLICY, policy))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::X_FRAME_OPTIONS, "DENY"))
        .insert_header((
            HeaderName::from_static("permissions-policy"),
            "camera=(), geolocation=(), microphone=()",
        ))
        .insert_header((
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ))
        .body(body)
}
