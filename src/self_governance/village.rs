//! The village that a record is of, and what all records of villages share.

use crate::areas;
use crate::areas::model::{AreaLevel, AreaRow};
use crate::audit::{self, Entry};
use crate::auth::{Action, Placed, Who};
use crate::crypto::Vault;
use crate::db::{Day, DbConn, Uid};
use crate::error::{AppError, AppResult, Code, Fault};
use crate::http::text::AreaCode;
use crate::text_enum;

text_enum! {
    /// Why a record does not count.
    GovernanceCancelReason { Mistaken = "mistaken", Duplicate = "duplicate", DidNotHappen = "did_not_happen" }
}

/// A village in which the caller may do something: the right to make records there.
#[derive(Debug, Clone)]
pub struct Village {
    area: AreaRow,
    pub county: Uid,
    pub town: Uid,
    pub id: Uid,
}

impl Village {
    pub fn code(&self) -> &str {
        &self.area.code
    }

    pub fn area(&self) -> &AreaRow {
        &self.area
    }
}

/// The village of this code, if the caller may do this there.
pub fn open(c: &mut DbConn, who: &Who, action: Action, code: &AreaCode) -> AppResult<Village> {
    who.may(action)?;
    let wrong = |fault| AppError::field("/area", fault);
    let area = areas::store::by_code(c, code.as_str())?.ok_or_else(|| wrong(Fault::NoSuchArea))?;
    let (AreaLevel::Village, Some(county), Some(town)) = (area.level, area.county, area.town)
    else {
        return Err(wrong(Fault::NotFitting));
    };
    if !who.may_at(action, &area.place()) {
        return Err(wrong(Fault::AreaOutside));
    }
    Ok(Village {
        id: area.id,
        county,
        town,
        area,
    })
}

/// A day that has come.
pub fn past(who: &Who, day: Day, pointer: &str) -> AppResult<()> {
    match day.0 > who.at.china_day() {
        true => Err(AppError::field(pointer, Fault::InTheFuture)),
        false => Ok(()),
    }
}

/// A day that has come, and not before another one.
pub fn after(who: &Who, day: Day, since: Day, pointer: &str) -> AppResult<()> {
    past(who, day, pointer)?;
    match day < since {
        true => Err(AppError::field(pointer, Fault::BadOrder)),
        false => Ok(()),
    }
}

/// A record that the body names: in the caller's areas, else it is as if it were not there.
pub fn named<T>(found: AppResult<T>, pointer: &str) -> AppResult<T> {
    found.map_err(|e| match e.code() {
        Code::NotFound => AppError::field(pointer, Fault::NoSuchRecord),
        _ => e,
    })
}

/// A record that the body names is of the same village.
pub fn same_village(one: Uid, other: Uid, pointer: &str) -> AppResult<()> {
    match one == other {
        true => Ok(()),
        false => Err(AppError::field(pointer, Fault::NoSuchRecord)),
    }
}

pub fn seal(vault: &Vault, column: &'static str, id: Uid, text: &str) -> AppResult<Vec<u8>> {
    vault.seal(column, id.0, text).map_err(AppError::internal)
}

pub fn opened(
    vault: &Vault,
    column: &'static str,
    id: Uid,
    sealed: Option<&[u8]>,
) -> AppResult<Option<String>> {
    let text = sealed.map(|bytes| vault.open_sealed(column, id.0, bytes));
    text.transpose().map_err(AppError::internal)
}

pub fn code(text: String) -> AppResult<AreaCode> {
    AreaCode::stored(text)
}

/// Notes in the audit what was done to a record of a village: words and ids alone.
pub fn noted<R: Placed>(
    c: &mut DbConn,
    who: &Who,
    row: &R,
    (action, kind, id): (Action, &'static str, Uid),
    facts: &serde_json::Value,
    because: Option<&str>,
) -> AppResult<()> {
    let entry = Entry::new(action, kind, id, row.place()).with(facts);
    let entry = match because {
        Some(reason) => entry.because(reason),
        None => entry,
    };
    audit::record(c, who, entry)
}

/// Rows of a village, which everybody who works there shares.
#[macro_export]
macro_rules! of_a_village {
    ($($row:ty),+ $(,)?) => {$(
        impl $crate::auth::Placed for $row {
            fn place(&self) -> $crate::auth::Place {
                $crate::auth::Place {
                    county: Some(self.county),
                    town: Some(self.town),
                    village: Some(self.village),
                }
            }
            fn shared(&self) -> bool {
                true
            }
        }
    )+};
}
