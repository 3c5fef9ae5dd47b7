//! What each step of the year has at hand: the city, the people who act, the days, and the keys.

use jiff::civil::Date;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::sync::Arc;
use validator::Validate;

use super::names;
use super::staff::Staff;
use super::world::World;
use crate::areas::model::AreaRow;
use crate::assessment::records::store::association_of;
use crate::associations::joining::{Joining, TypedPerson};
use crate::auth::Who;
use crate::crypto::Vault;
use crate::db::types::china;
use crate::db::{Day, DbConn, Micros, Uid};
use crate::error::{AppError, AppResult, Code};
use crate::http::text::{AreaCode, PersonName};
use crate::people::consents::NewConsent;

/// Everything that stays the same while the year is filled.
pub struct Scene {
    pub vault: Arc<Vault>,
    pub world: World,
    pub staff: Staff,
    pub year: i16,
    pub objection_days: i64,
    /// When this filling began: nothing is done after it.
    pub begun: Micros,
    /// How many people live in a village, more or less.
    pub people: i64,
}

/// A request's body, checked as the API checks it.
pub fn body<T: DeserializeOwned + Validate>(value: Value) -> AppResult<T> {
    let body: T = serde_json::from_value(value).map_err(AppError::internal)?;
    body.validate().map_err(AppError::internal)?;
    Ok(body)
}

pub fn yuan(fen: i64) -> Value {
    json!({ "amount": format!("{}.{:02}", fen / 100, fen % 100), "currency": "CNY" })
}

fn date(year: i16, month: i8, day: i8) -> AppResult<Date> {
    Date::new(year, month, day).map_err(AppError::internal)
}

impl Scene {
    /// A day of the year.
    pub fn day(&self, month: i8, day: i8) -> AppResult<Day> {
        date(self.year, month, day).map(Day)
    }

    /// A day so many years before the year's own.
    pub fn day_before(&self, years: i16, month: i8, day: i8) -> AppResult<Day> {
        date(self.year - years, month, day).map(Day)
    }

    /// An hour of a day of the year, in China.
    pub fn at(&self, month: i8, day: i8, hour: i8) -> AppResult<Micros> {
        moment(date(self.year, month, day)?, hour)
    }

    /// Somebody of the staff as they act on a day.
    pub fn who(&self, login: &str, month: i8, day: i8) -> AppResult<Who> {
        self.staff.at(login, self.at(month, day, 10)?)
    }

    /// Somebody of the staff on a day of the January after it, or today where that is yet to come.
    pub fn afterwards(&self, login: &str, day: i8) -> AppResult<Who> {
        let wanted = moment(date(self.year + 1, 1, day)?, 10)?;
        self.staff.at(login, wanted.min(self.begun))
    }

    /// The officer of the city, by whom most is recorded.
    pub fn officer(&self, month: i8, day: i8) -> AppResult<Who> {
        self.who(super::staff::OFFICER, month, day)
    }

    /// The id of something that later steps speak of: the same however often it is asked for.
    pub fn named(&self, what: &str) -> AppResult<Uid> {
        let name = format!("qianshou:demo:{}:{what}", self.year);
        let hash = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_URL, name.as_bytes());
        let mut rest = [0; 10];
        rest.copy_from_slice(&hash.as_bytes()[..10]);
        let millis = u64::try_from(self.at(1, 5, 10)?.0 / 1000).map_err(AppError::internal)?;
        Ok(Uid(uuid::Builder::from_unix_timestamp_millis(
            millis, &rest,
        )
        .into_uuid()))
    }

    /// A new person by their own consent to these purposes, for an association.
    pub fn joining(
        &self,
        who: &Who,
        n: usize,
        area: Option<&AreaRow>,
        purposes: &[&str],
    ) -> AppResult<Joining> {
        let text = |_| AppError::internal("a name or a code that is none");
        let area = area.map(|area| AreaCode::parse(area.code.as_str()));
        let typed = TypedPerson {
            person_id: None,
            name: Some(PersonName::parse(names::of(n)).map_err(text)?),
            phone: None,
            area: area.transpose().map_err(text)?,
            consents: consents(purposes)?,
        };
        typed.seal(&self.vault, who)
    }
}

/// Consents as people give them on the spot.
pub fn consents(purposes: &[&str]) -> AppResult<Vec<NewConsent>> {
    let one = |purpose: &&str| {
        serde_json::from_value(
            json!({ "purpose": purpose, "text_version": 1, "language": "zh-CN",
            "channel": "in_person", "given_by": "self" }),
        )
        .map_err(AppError::internal)
    };
    purposes.iter().map(one).collect()
}

pub fn moment(day: Date, hour: i8) -> AppResult<Micros> {
    let at = china().to_timestamp(day.at(hour, 0, 0, 0));
    let at = at.map_err(AppError::internal)?;
    Ok(Micros(at.as_microsecond()))
}

/// One step: a transaction of its own.
pub struct Act<'a> {
    pub c: &'a mut DbConn,
    pub s: &'a Scene,
}

impl Act<'_> {
    /// The living association of an area.
    pub fn association(&mut self, area: &AreaRow) -> AppResult<Uid> {
        let found = association_of(self.c, area.id)?;
        found
            .map(|row| row.id)
            .ok_or_else(|| AppError::of(Code::NoAssociation))
    }
}
