//! Reads back whom pulls gave a record.

use diesel::prelude::*;

use crate::auth::Place;
use crate::auth::rights::Scope;
use crate::db::schema::disclosures;
use crate::db::types::Day;
use crate::db::{DbConn, Micros, Uid};
use crate::error::AppResult;

/// Somebody was given a record on a day.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = disclosures)]
pub struct Given {
    pub record_id: Uid,
    pub user_id: Uid,
    pub day: Day,
    pub view: String,
    pub kind: String,
    pub device_id: Option<Uid>,
    pub at: Micros,
    pub county: Option<Uid>,
    pub town: Option<Uid>,
    pub village: Option<Uid>,
}

impl Given {
    /// Where the record was then.
    pub fn place(&self) -> Place {
        Place {
            county: self.county,
            town: self.town,
            village: self.village,
        }
    }
    pub fn position(&self) -> Position {
        Position {
            at: self.at,
            user: self.user_id,
            full: self.view == FULL,
        }
    }
}

const FULL: &str = "full";
const MASKED: &str = "masked";

/// Where one stands among those of its record: newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    at: Micros,
    user: Uid,
    full: bool,
}

impl Position {
    const LENGTH: usize = 8 + 16 + 1;

    pub fn bytes(self) -> Vec<u8> {
        let mut bytes = self.at.0.to_be_bytes().to_vec();
        bytes.extend_from_slice(self.user.as_bytes());
        bytes.push(self.full.into());
        bytes
    }

    pub fn read(bytes: &[u8]) -> Option<Position> {
        if bytes.len() != Position::LENGTH {
            return None;
        }
        let (at, rest) = bytes.split_first_chunk::<8>()?;
        let (user, full) = rest.split_first_chunk::<16>()?;
        Some(Position {
            at: Micros(i64::from_be_bytes(*at)),
            user: Uid(uuid::Uuid::from_bytes(*user)),
            full: full == [1],
        })
    }
}

/// Whom a record was given where the caller works. A record has a few for each day and each of its area's staff; the
/// primary key leads to them.
pub fn of(
    c: &mut DbConn,
    scope: &Scope,
    record: Uid,
    after: Option<Position>,
    most: i64,
) -> AppResult<Vec<Given>> {
    // Rows of before places were noted are in none, and read by nobody.
    let some = |ids: &[Uid]| ids.iter().map(|id| Some(*id)).collect::<Vec<_>>();
    let mut query = disclosures::table
        .filter(disclosures::record_id.eq(record))
        .filter(
            disclosures::county
                .eq_any(some(&scope.counties))
                .or(disclosures::town.eq_any(some(&scope.towns)))
                .or(disclosures::village.eq_any(some(&scope.villages))),
        )
        .select(Given::as_select())
        .order((
            disclosures::at.desc(),
            disclosures::user_id.desc(),
            disclosures::view.desc(),
        ))
        .limit(most)
        .into_boxed();
    if let Some(after) = after {
        let view = if after.full { FULL } else { MASKED };
        let same = disclosures::at.eq(after.at.0);
        query = query.filter(
            disclosures::at
                .lt(after.at.0)
                .or(same.and(disclosures::user_id.lt(after.user)))
                .or(same
                    .and(disclosures::user_id.eq(after.user))
                    .and(disclosures::view.lt(view))),
        );
    }
    Ok(query.load(c)?)
}

/// To whom these records, all of one person, were given: the newest, for that person.
pub fn about(c: &mut DbConn, records: &[Uid], most: i64) -> AppResult<Vec<Given>> {
    Ok(disclosures::table
        .filter(disclosures::record_id.eq_any(records.to_vec()))
        .select(Given::as_select())
        .order(disclosures::at.desc())
        .limit(most)
        .load(c)?)
}
