//! Who sees what is a person's, and what phones hold of it: their consents.

use super::model::PersonRow;
use super::store;
use crate::auth::{Place, Placed, Who};
use crate::db::{DbConn, Uid};
use crate::error::AppResult;
use crate::sync::{self, Change, Kind};
use crate::{households, residents};

/// Who sees something of a person.
#[derive(Debug, Clone, Copy)]
pub struct Seen {
    /// Whose coordinators do.
    pub at: Place,
    /// Those who do because they look after the person, while they work there.
    pub by: [Option<Uid>; 2],
}

impl Seen {
    /// As a record that stands on its own is seen.
    pub fn as_it_stands<T: Placed>(row: &T) -> Seen {
        Seen {
            at: row.place(),
            by: row.owners(),
        }
    }
    /// The feed rows for all of them.
    pub fn change(&self, who: &Who, kind: Kind, record: Uid, version: i64) -> Change {
        Change::upsert(kind, record, version, self.at, who.at)
            .seen_by(self.by)
            .by_worker(who)
    }
}

/// Who sees somebody's consents: those who see the person, as a resident or else as one of a household.
/// A resident's household shows them to nobody else.
pub fn consents_seen(c: &mut DbConn, who: &Who, person: &PersonRow) -> AppResult<Seen> {
    if residents::store::of_person(c, person.id)?.is_some() {
        return Ok(Seen::as_it_stands(person));
    }
    let seen = households::feed::seen_in_theirs(c, who, person)?;
    Ok(seen.unwrap_or_else(|| Seen::as_it_stands(person)))
}

/// Somebody else may see the person from now on, and so their consents.
pub fn consents_shown_anew(c: &mut DbConn, who: &Who, person: &PersonRow) -> AppResult<()> {
    let seen = consents_seen(c, who, person)?;
    for (id, version) in store::consent_versions(c, person.id)? {
        let anew = seen.change(who, Kind::Consent, id, version).shown_anew();
        sync::record_change(c, anew)?;
    }
    Ok(())
}
