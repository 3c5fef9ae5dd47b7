//! Unknown query keys are refused on every operation, those without any parameter included.

use actix_web::dev::ServiceRequest;

use crate::app::contract;
use crate::error::{AppError, AppResult, Code, Fault, FieldError, Problem};

/// How much of a wrong key is told back.
const TOLD: usize = 60;

/// Compares the query's keys with those that the document gives the operation.
///
/// A misspelt filter that is ignored answers more than was asked for, and
/// nobody notices. Runs after sign-in, since 401 precedes everything else; a
/// path that is no operation has its own refusal.
pub fn known(req: &ServiceRequest) -> AppResult<()> {
    if req.query_string().is_empty() {
        return Ok(());
    }
    let Some(known) = contract().query_of(req.method().as_str(), req.path()) else {
        return Ok(());
    };
    let given: Vec<(String, String)> = serde_html_form::from_str(req.query_string())
        .map_err(|_| AppError::of(Code::MalformedQuery))?;
    let unknown: Vec<FieldError> = given
        .iter()
        .filter(|(key, _)| !known.contains(key))
        .map(|(key, _)| FieldError::new(pointer(key), Fault::Unknown))
        .collect();
    if unknown.is_empty() {
        return Ok(());
    }
    Err(AppError::Problem(Box::new(Problem {
        errors: unknown,
        ..Problem::new(Code::MalformedQuery)
    })))
}

fn pointer(key: &str) -> String {
    let told: String = key.chars().filter(|c| *c != '\0').take(TOLD).collect();
    format!("/{}", told.replace('~', "~0").replace('/', "~1"))
}
