//! Strong ETags and `If-Match`: nobody overwrites what they have not seen.
//!
//! A record's tag is its version and the view it was rendered in, because a
//! masked and a full rendering of one version are different representations.
//! `If-Match` compares the version alone.

use actix_web::http::header::{self, HeaderMap};
use actix_web::{FromRequest, HttpRequest, HttpResponse, HttpResponseBuilder};
use serde::Serialize;

use crate::db::Uid;
use crate::error::{AppError, AppResult, Code};

/// The version that `If-Match` names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IfMatch(pub i64);

impl FromRequest for IfMatch {
    type Error = AppError;
    type Future = std::future::Ready<Result<Self, AppError>>;
    fn from_request(req: &HttpRequest, _: &mut actix_web::dev::Payload) -> Self::Future {
        std::future::ready(if_match(req.headers()))
    }
}

fn if_match(headers: &HeaderMap) -> AppResult<IfMatch> {
    let value = headers
        .get(header::IF_MATCH)
        .ok_or_else(|| AppError::of(Code::PreconditionRequired))?;
    let text = value
        .to_str()
        .map_err(|_| AppError::of(Code::MalformedHeader))?
        .trim();
    let inner = text.strip_prefix('"').and_then(|t| t.strip_suffix('"'));
    let version = inner
        .and_then(|t| t.split('-').next())
        .and_then(|v| v.parse().ok());
    version
        .map(IfMatch)
        .ok_or_else(|| AppError::of(Code::MalformedHeader))
}

impl IfMatch {
    /// 412 unless the record still stands at this version.
    pub fn check(self, version: i64) -> AppResult<()> {
        if self.0 == version {
            Ok(())
        } else {
            Err(AppError::of(Code::VersionConflict))
        }
    }
}

/// Anything answered with an ETag.
pub trait Tagged: Serialize {
    fn id(&self) -> Uid;
    fn version(&self) -> i64;
    /// Distinguishes renderings of one version.
    fn view(&self) -> &str {
        "f"
    }
    fn etag(&self) -> String {
        format!("\"{}-{}\"", self.version(), self.view())
    }
}

/// 200 with the record and its ETag, or 304 when `If-None-Match` names it.
pub fn found<T: Tagged>(req: &HttpRequest, record: &T) -> HttpResponse {
    let etag = record.etag();
    let held = req
        .headers()
        .get(header::IF_NONE_MATCH)
        .and_then(|v| v.to_str().ok());
    if held.is_some_and(|h| h.split(',').any(|t| t.trim() == etag || t.trim() == "*")) {
        return HttpResponse::NotModified()
            .insert_header((header::ETAG, etag))
            .finish();
    }
    tagged(&mut HttpResponse::Ok(), etag).json(record)
}

/// 200 after a change.
pub fn changed<T: Tagged>(record: &T) -> HttpResponse {
    tagged(&mut HttpResponse::Ok(), record.etag()).json(record)
}

/// 201 with `Location`.
pub fn created<T: Tagged>(collection: &str, record: &T) -> HttpResponse {
    let location = format!("/v1/{collection}/{}", record.id());
    tagged(&mut HttpResponse::Created(), record.etag())
        .insert_header((header::LOCATION, location))
        .json(record)
}

fn tagged(builder: &mut HttpResponseBuilder, etag: String) -> &mut HttpResponseBuilder {
    builder.insert_header((header::ETAG, etag))
}
