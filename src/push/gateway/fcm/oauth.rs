//! Google's token endpoint, with the JWT bearer grant (RFC 7523).

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, Validation};
use serde::Deserialize;
use serde_json::json;

use super::super::cut::cut_connection;
use super::super::faults::{Endpoint, Fault, FaultKind};
use super::super::record::{Entry, Outcome};
use super::super::state::Shared;
use super::grants::Known;

const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const MAX_LIFETIME_S: i64 = 3_600;
const MAX_SKEW_S: i64 = 300;
const BAD_TIMES: &str = "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim.";

/// The form of a token request.
#[derive(Deserialize)]
pub(super) struct GrantForm {
    grant_type: Option<String>,
    assertion: Option<String>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
}

#[derive(Deserialize)]
struct Claims {
    iss: Option<String>,
    sub: Option<String>,
    scope: Option<String>,
    aud: Option<String>,
    iat: Option<i64>,
    exp: Option<i64>,
}

struct Denied {
    http: u16,
    error: &'static str,
    description: String,
}

fn denied(error: &'static str, description: impl Into<String>) -> Denied {
    Denied {
        http: 400,
        error,
        description: description.into(),
    }
}

fn invalid_grant(description: impl Into<String>) -> Denied {
    denied("invalid_grant", description)
}

/// `POST /token`.
pub(super) async fn token(
    shared: web::Data<Shared>,
    form: Result<web::Form<GrantForm>, actix_web::Error>,
) -> HttpResponse {
    let verdict = shared.faults.decide(Endpoint::Token, "");
    if !verdict.delay.is_zero() {
        tokio::select! {
            () = tokio::time::sleep(verdict.delay) => {}
            () = shared.stopped() => {}
        }
    }
    let fault = verdict.fault.map(|f| f.kind);
    let denial = match fault {
        Some(FaultKind::CloseConnection) => {
            refused(
                &shared,
                0,
                "CLOSE_CONNECTION",
                "the connection was cut",
                fault,
            );
            return cut_connection();
        }
        Some(FaultKind::LoseReply) | None => None,
        Some(_) => verdict.fault.map(of_fault),
    };
    let retry_after_s = verdict.fault.and_then(|f| f.retry_after_s);
    let granted = match denial {
        Some(denial) => Err(denial),
        None => check(&shared, form).and_then(|account| {
            shared.fcm.grant(&account).ok_or_else(|| Denied {
                http: 500,
                error: "internal_failure",
                description: "no randomness".to_owned(),
            })
        }),
    };
    match granted {
        Ok(_) if fault == Some(FaultKind::LoseReply) => cut_connection(),
        Ok(access_token) => HttpResponse::Ok()
            .insert_header((
                "Cache-Control",
                "no-cache, no-store, max-age=0, must-revalidate",
            ))
            .json(json!({
                "access_token": access_token,
                "expires_in": shared.fcm.lifetime_s,
                "token_type": "Bearer",
            })),
        Err(denial) => {
            refused(
                &shared,
                denial.http,
                denial.error,
                &denial.description,
                fault,
            );
            let status = StatusCode::from_u16(denial.http).unwrap_or(StatusCode::BAD_REQUEST);
            let mut response = HttpResponse::build(status);
            if let Some(seconds) = retry_after_s {
                response.insert_header(("Retry-After", seconds.to_string()));
            }
            response.json(json!({
                "error": denial.error,
                "error_description": denial.description,
            }))
        }
    }
}

/// Records a refusal; never the assertion, which is a credential.
fn refused(shared: &Shared, http: u16, code: &'static str, why: &str, fault: Option<FaultKind>) {
    let entry = Entry {
        provider: super::PROVIDER,
        path: super::TOKEN_PATH,
        project: String::new(),
        target: None,
        raw: Box::default(),
        bytes: 0,
        fault: fault.map(FaultKind::name),
        outcome: Outcome::Refused {
            status: http,
            code,
            reason: why.to_owned(),
        },
    };
    shared.received.push(entry, None);
}

fn of_fault(fault: Fault) -> Denied {
    let (http, error, description) = match fault.kind {
        FaultKind::QuotaExceeded => (429, "rate_limit_exceeded", "Rate limit exceeded."),
        FaultKind::Unavailable => (503, "temporarily_unavailable", "Service unavailable."),
        FaultKind::Internal => (500, "internal_failure", "Backend Error"),
        FaultKind::Unauthenticated => (401, "invalid_client", "The OAuth client was not found."),
        _ => (400, "invalid_grant", "Invalid JWT Signature."),
    };
    Denied {
        http,
        error,
        description: description.to_owned(),
    }
}

fn check(
    shared: &Shared,
    form: Result<web::Form<GrantForm>, actix_web::Error>,
) -> Result<Known, Denied> {
    let form = form
        .map_err(|e| denied("invalid_request", format!("The form cannot be read: {e}")))?
        .into_inner();
    let missing = |name| {
        denied(
            "invalid_request",
            format!("Missing required parameter: {name}"),
        )
    };
    let grant_type = form.grant_type.ok_or_else(|| missing("grant_type"))?;
    if grant_type != GRANT_TYPE {
        return Err(denied(
            "unsupported_grant_type",
            format!("Invalid grant_type: {grant_type}"),
        ));
    }
    let assertion = form.assertion.ok_or_else(|| missing("assertion"))?;
    verify(shared, &assertion)
}

fn verify(shared: &Shared, assertion: &str) -> Result<Known, Denied> {
    let (header, claims) =
        parts(assertion).ok_or_else(|| invalid_grant("Bad Request: the assertion is no JWT."))?;
    if header.alg != "RS256" {
        return Err(invalid_grant("Invalid JWT: only RS256 is supported."));
    }
    let issuer = claims
        .iss
        .as_deref()
        .ok_or_else(|| invalid_grant("Invalid JWT: iss is missing."))?;
    if shared.fcm.keys(issuer, None).is_empty() {
        return Err(invalid_grant("Invalid grant: account not found"));
    }
    let known = shared
        .fcm
        .keys(issuer, header.kid.as_deref())
        .into_iter()
        .find(|account| signed_by(assertion, account))
        .ok_or_else(|| invalid_grant("Invalid JWT Signature."))?;
    if claims.sub.as_deref().is_some_and(|sub| sub != issuer) {
        return Err(Denied {
            http: 401,
            error: "unauthorized_client",
            description: "Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the scopes requested.".to_owned(),
        });
    }
    if claims.aud.as_deref() != Some(&known.token_uri) {
        return Err(invalid_grant(format!(
            "Invalid JWT: Failed audience check. The right audience is {}",
            known.token_uri
        )));
    }
    let now = Timestamp::now().as_second();
    let timely = claims.iat.zip(claims.exp).is_some_and(|(iat, exp)| {
        iat <= now.saturating_add(MAX_SKEW_S)
            && exp > now
            && exp > iat
            && exp <= iat.saturating_add(MAX_LIFETIME_S)
    });
    if !timely {
        return Err(invalid_grant(BAD_TIMES));
    }
    let scopes = claims.scope.unwrap_or_default();
    if !scopes.split(' ').any(|scope| scope == super::SCOPE) {
        return Err(denied(
            "invalid_scope",
            "Invalid OAuth scope or ID token audience provided.",
        ));
    }
    Ok(known)
}

fn parts(assertion: &str) -> Option<(Header, Claims)> {
    let mut parts = assertion.split('.');
    let (head, body, _signature) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let head = URL_SAFE_NO_PAD.decode(head).ok()?;
    let body = URL_SAFE_NO_PAD.decode(body).ok()?;
    Some((
        serde_json::from_slice(&head).ok()?,
        serde_json::from_slice(&body).ok()?,
    ))
}

fn signed_by(assertion: &str, account: &Known) -> bool {
    let mut validation = Validation::new(Algorithm::RS256);
    // The claims are checked by the caller, with Google's words.
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    jsonwebtoken::decode::<serde_json::Value>(assertion, &account.key, &validation).is_ok()
}
