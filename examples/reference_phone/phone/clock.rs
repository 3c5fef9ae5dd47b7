//! Time as the contract writes it, and where it comes from.

use std::fmt;
use std::str::FromStr;

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An instant in milliseconds since 1970, RFC 3339 in JSON.
///
/// No finer: an operation that is sent again must say exactly the same `made_at`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, AsExpression, FromSqlRow, Default,
)]
#[diesel(sql_type = diesel::sql_types::BigInt)]
pub struct Moment(pub i64);

impl Moment {
    pub const SECOND: i64 = 1000;
    pub const HOUR: i64 = 3600 * Moment::SECOND;
    pub const DAY: i64 = 24 * Moment::HOUR;

    /// The day in China, which begins eight hours before the day in UTC all year.
    pub fn day_in_china(self) -> String {
        self.plus(8 * Moment::HOUR)
            .to_string()
            .chars()
            .take(10)
            .collect()
    }

    pub fn plus(self, millis: i64) -> Moment {
        Moment(self.0.saturating_add(millis))
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = jiff::Timestamp::from_millisecond(self.0).map_err(|_| fmt::Error)?;
        write!(f, "{at}")
    }
}

impl FromStr for Moment {
    type Err = jiff::Error;
    fn from_str(text: &str) -> Result<Moment, jiff::Error> {
        Ok(Moment(text.parse::<jiff::Timestamp>()?.as_millisecond()))
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Moment, D::Error> {
        let text = String::deserialize(d)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// The phone's clock. It may be wrong: nothing but `made_at` and `sent_at` is told by it.
pub trait Clock: Send + Sync {
    fn now(&self) -> Moment;
}

/// The clock of this device.
pub struct DeviceClock;

impl Clock for DeviceClock {
    fn now(&self) -> Moment {
        Moment(jiff::Timestamp::now().as_millisecond())
    }
}
