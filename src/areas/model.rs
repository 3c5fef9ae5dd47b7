//! Rows and levels of areas.

use diesel::prelude::*;

use crate::auth::Place;
use crate::db::schema::{area_changes, area_codes, areas};
use crate::db::{Day, Micros, Uid};
use crate::text_enum;

text_enum! {
    /// The level of an area: province, city, county, town (or street), village (or community).
    AreaLevel { Province = "province", City = "city", County = "county", Town = "town", Village = "village" }
}

text_enum! {
    /// What became of an area between two editions.
    ChangeKind { Rename = "rename", Recode = "recode", Merge = "merge", Split = "split", Transfer = "transfer", Abolish = "abolish" }
}
text_enum! {
    /// Whether a change holds for all its records, they are still carried along, or a person has yet to decide.
    ChangeState { Applied = "applied", Carrying = "carrying", WaitsForPerson = "waits_for_person" }
}

impl ChangeKind {
    /// The id of this change of an area: one of a kind, however often its file is read. `what` is the edition that
    /// showed it, or its day and what it comes to.
    pub fn of(self, area: Uid, what: &str) -> Uid {
        Uid(uuid::Uuid::new_v5(
            &area.0,
            format!("qianshou:area-change:{what}:{self}").as_bytes(),
        ))
    }
}

/// A code as it stands in an area's row: at most twelve digits, held in place. The whole country has 665,276.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code {
    digits: [u8; 12],
    len: u8,
}

impl Code {
    /// Two, four, six, nine or twelve digits.
    pub fn parse(text: &str) -> Option<Code> {
        let whole = text.bytes().all(|b| b.is_ascii_digit()) && AreaLevel::of_code(text).is_some();
        whole.then(|| Code::kept(text))
    }
    fn kept(text: &str) -> Code {
        let mut digits = [b'0'; 12];
        let len = text.len().min(12);
        digits[..len].copy_from_slice(&text.as_bytes()[..len]);
        Code {
            digits,
            len: len as u8,
        }
    }
}

impl std::ops::Deref for Code {
    type Target = str;
    fn deref(&self) -> &str {
        std::str::from_utf8(&self.digits[..self.len as usize]).unwrap_or_default()
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self)
    }
}

impl std::fmt::Debug for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self)
    }
}

/// Of what is known to be a code.
impl From<&str> for Code {
    fn from(text: &str) -> Code {
        Code::kept(text)
    }
}

impl PartialEq<str> for Code {
    fn eq(&self, other: &str) -> bool {
        **self == *other
    }
}

impl PartialEq<&str> for Code {
    fn eq(&self, other: &&str) -> bool {
        **self == **other
    }
}

impl AreaLevel {
    /// Levels at which the files of a city are complete.
    pub fn below_city(self) -> bool {
        matches!(
            self,
            AreaLevel::County | AreaLevel::Town | AreaLevel::Village
        )
    }

    /// How wide it is: a province 0, a village 4.
    pub fn depth(self) -> usize {
        self as usize
    }

    /// The level above.
    pub fn above(self) -> Option<AreaLevel> {
        self.depth().checked_sub(1).map(|n| AreaLevel::ALL[n])
    }

    /// The level below.
    pub fn below(self) -> Option<AreaLevel> {
        AreaLevel::ALL.get(self.depth() + 1).copied()
    }

    /// Codes have 2, 4, 6, 9 or 12 digits.
    pub fn of_code(code: &str) -> Option<AreaLevel> {
        match code.len() {
            2 => Some(AreaLevel::Province),
            4 => Some(AreaLevel::City),
            6 => Some(AreaLevel::County),
            9 => Some(AreaLevel::Town),
            12 => Some(AreaLevel::Village),
            _ => None,
        }
    }
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = areas, treat_none_as_default_value = false)]
pub struct AreaRow {
    pub id: Uid,
    pub level: AreaLevel,
    pub code: String,
    pub name: String,
    pub parent_id: Option<Uid>,
    pub province: Uid,
    pub city: Option<Uid>,
    pub county: Option<Uid>,
    pub town: Option<Uid>,
    pub village: Option<Uid>,
    pub official: bool,
    pub abolished_on: Option<Day>,
}

impl AreaRow {
    pub fn place(&self) -> Place {
        Place {
            county: self.county,
            town: self.town,
            village: self.village,
        }
    }

    /// The area itself and every area it lies in, by their ids.
    pub fn chain(&self) -> impl Iterator<Item = Uid> {
        let around = [
            Some(self.province),
            self.city,
            self.county,
            self.town,
            self.village,
        ];
        std::iter::once(self.id).chain(around.into_iter().flatten())
    }
}

impl AreaRow {
    /// A new area of a code under another, or a province.
    pub fn new(
        id: Uid,
        level: AreaLevel,
        code: &str,
        name: &str,
        parent: Option<&AreaRow>,
        official: bool,
    ) -> AreaRow {
        let at = |wanted: AreaLevel, from: Option<Uid>| match level == wanted {
            true => Some(id),
            false => from,
        };
        AreaRow {
            id,
            level,
            code: code.to_owned(),
            name: name.to_owned(),
            parent_id: parent.map(|p| p.id),
            province: parent.map_or(id, |p| p.province),
            city: at(AreaLevel::City, parent.and_then(|p| p.city)),
            county: at(AreaLevel::County, parent.and_then(|p| p.county)),
            town: at(AreaLevel::Town, parent.and_then(|p| p.town)),
            village: at(AreaLevel::Village, parent.and_then(|p| p.village)),
            official,
            abolished_on: None,
        }
    }

    /// The area at a level that it lies in, itself among them.
    pub fn at(&self, level: AreaLevel) -> Option<Uid> {
        match level {
            AreaLevel::Province => Some(self.province),
            AreaLevel::City => self.city,
            AreaLevel::County => self.county,
            AreaLevel::Town => self.town,
            AreaLevel::Village => self.village,
        }
    }
}

/// A code, name and parent of an area, from a day until another.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = area_codes, treat_none_as_default_value = false)]
pub struct CodeRow {
    pub area_id: Uid,
    pub valid_from: Day,
    /// The day it was no more.
    pub valid_to: Option<Day>,
    /// The edition that brought it, or in which an event did.
    pub edition: i64,
    pub code: String,
    pub name: String,
    pub parent_id: Option<Uid>,
}

/// What became of an area.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = area_changes, treat_none_as_default_value = false)]
pub struct ChangeRow {
    pub id: Uid,
    pub kind: ChangeKind,
    pub edition: i64,
    pub from_area: Uid,
    pub to_area: Option<Uid>,
    pub source: String,
    pub effective_on: Day,
    pub state: ChangeState,
    pub old_code: Option<String>,
    pub new_code: Option<String>,
    pub old_name: Option<String>,
    pub new_name: Option<String>,
    pub created_at: Micros,
    pub settled_at: Option<Micros>,
    pub settled_by: Option<Uid>,
}

/// The first day of an edition. The published files name none.
pub fn first_day(edition: i64) -> Day {
    Day(jiff::civil::date(edition.clamp(1, 9000) as i16, 1, 1))
}

/// The id of an area that first appeared under `code` in `edition`.
///
/// It goes as the codes go, so that the areas of a county lie together in every index: with ids by chance the country's
/// import wrote 10 GB for half a gigabyte of rows. A UUID of version 8: the edition, the twelve digits, how many there
/// are, and a digest that is ours.
pub fn area_id(edition: i64, code: &str) -> Uid {
    let own = uuid::Uuid::new_v5(
        &uuid::Uuid::NAMESPACE_URL,
        format!("qianshou:area:{edition}:{code}").as_bytes(),
    );
    let digit = |n: usize| {
        let byte = code.as_bytes().get(n).copied().unwrap_or(b'0');
        byte.wrapping_sub(b'0') & 0x0f
    };
    let pair = |n: usize| digit(n) << 4 | digit(n + 1);
    let [high, low] = (edition.clamp(0, 9_999) as u16).to_be_bytes();
    let mut bytes = *own.as_bytes();
    bytes[..10].copy_from_slice(&[
        high,
        low,
        pair(0),
        pair(2),
        pair(4),
        pair(6),
        0x80 | digit(8),
        pair(9),
        0x80 | digit(11),
        code.len().min(12) as u8,
    ]);
    Uid(uuid::Uuid::from_bytes(bytes))
}

/// The id of an area that was added here on a day.
pub fn local_id(code: &str, day: Day) -> Uid {
    Uid(uuid::Uuid::new_v5(
        &uuid::Uuid::NAMESPACE_URL,
        format!("qianshou:area:unofficial:{day}:{code}").as_bytes(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_go_as_codes_go_and_each_is_its_own() {
        let codes = [
            "33",
            "3304",
            "330402",
            "330402007",
            "330402007024",
            "330402007025",
            "330402008",
            "34",
        ];
        let ids: Vec<Uid> = codes.iter().map(|code| area_id(2023, code)).collect();
        assert!(ids.windows(2).all(|two| two[0] < two[1]), "{ids:?}");
        assert_eq!(ids[0].0.get_version_num(), 8);
        assert_eq!(ids[0].0.get_variant(), uuid::Variant::RFC4122);
        assert_ne!(area_id(2024, "33"), ids[0]);
        assert_ne!(area_id(2023, "330000000000"), area_id(2023, "330000000"));
    }
}
