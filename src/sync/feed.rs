//! Feed rows: one per record and audience, always the newest.

use diesel::prelude::*;
use diesel::upsert::excluded;

use crate::auth::Place;
use crate::db::schema::changes;
use crate::db::{DbConn, Micros, Uid};
use crate::error::AppResult;
use crate::{each_backend, text_enum};

text_enum! {
    /// The kinds of records that phones hold.
    Kind {
        Resident = "resident",
        Household = "household",
        Consent = "consent",
        Residence = "residence",
        MemberHome = "member_home",
        Visit = "visit",
        FollowUp = "follow_up",
        Policy = "policy",
        Claim = "claim",
        Campaign = "campaign",
        Festival = "festival",
        Product = "insurance_product",
        Notification = "notification",
    }
}

/// A record's newest state, for everybody who may hold it.
pub struct Change {
    pub kind: Kind,
    pub record: Uid,
    pub version: i64,
    pub place: Place,
    pub assignee: Option<Uid>,
    /// Areas see people masked; whoever made or is assigned to a record sees it in full.
    pub masked: bool,
    pub deleted: bool,
    pub at: Micros,
}

impl Change {
    pub fn upsert(kind: Kind, record: Uid, version: i64, place: Place, at: Micros) -> Change {
        Change {
            kind,
            record,
            version,
            place,
            assignee: None,
            masked: false,
            deleted: false,
            at,
        }
    }
    pub fn assigned(mut self, assignee: Option<Uid>) -> Self {
        self.assignee = assignee;
        self
    }
    pub fn about_people(mut self) -> Self {
        self.masked = true;
        self
    }
    pub fn deleted(mut self) -> Self {
        self.deleted = true;
        self
    }
}

/// Everybody who sees the record now.
const MAIN: Uid = Uid::NIL;

#[derive(Insertable)]
#[diesel(table_name = changes, treat_none_as_default_value = false)]
struct Row<'a> {
    pos: Option<i64>,
    kind: &'a str,
    record_id: Uid,
    audience: Uid,
    op: &'a str,
    version: i64,
    view: &'a str,
    county: Option<Uid>,
    town: Option<Uid>,
    village: Option<Uid>,
    assignee: Option<Uid>,
    at: Micros,
}

pub fn record_change(c: &mut DbConn, change: Change) -> AppResult<()> {
    put(
        c,
        Row {
            pos: None,
            kind: change.kind.as_str(),
            record_id: change.record,
            audience: MAIN,
            op: if change.deleted { "delete" } else { "upsert" },
            version: change.version,
            view: if change.masked { "masked" } else { "full" },
            county: change.place.county,
            town: change.place.town,
            village: change.place.village,
            assignee: change.assignee,
            at: change.at,
        },
    )
}

/// The record left this audience: the area it was in, or the worker it was assigned to.
pub fn record_left(
    c: &mut DbConn,
    kind: Kind,
    record: Uid,
    version: i64,
    was: Place,
    assignee: Option<Uid>,
    at: Micros,
) -> AppResult<()> {
    let audience = assignee
        .or(was.village)
        .or(was.town)
        .or(was.county)
        .unwrap_or(MAIN);
    let nowhere = Place::default();
    let was = if assignee.is_some() { nowhere } else { was };
    put(
        c,
        Row {
            pos: None,
            kind: kind.as_str(),
            record_id: record,
            audience,
            op: "left",
            version,
            view: "masked",
            county: was.county,
            town: was.town,
            village: was.village,
            assignee,
            at,
        },
    )
}

fn put(c: &mut DbConn, mut row: Row<'_>) -> AppResult<()> {
    // PostgreSQL: NULL until the sequencer sees the committed row.
    if c.is_sqlite() {
        let newest: Option<i64> = changes::table
            .select(diesel::dsl::max(changes::pos))
            .first(c)?;
        row.pos = Some(newest.unwrap_or(0) + 1);
    }
    // A new record has no row yet: a plain insert is prepared once, an upsert each time. On
    // SQLite one that fails leaves the transaction whole; PostgreSQL would lose it.
    if c.is_sqlite() && row.version == 1 && row.op == "upsert" {
        match diesel::insert_into(changes::table).values(&row).execute(c) {
            Ok(_) => return Ok(()),
            Err(e) if crate::db::violation(&e).is_some() => {}
            Err(e) => return Err(e.into()),
        }
    }
    each_backend!(c, |c| diesel::insert_into(changes::table)
        .values(&row)
        .on_conflict((changes::record_id, changes::audience, changes::kind))
        .do_update()
        .set((
            changes::pos.eq(excluded(changes::pos)),
            changes::op.eq(excluded(changes::op)),
            changes::version.eq(excluded(changes::version)),
            changes::view.eq(excluded(changes::view)),
            changes::county.eq(excluded(changes::county)),
            changes::town.eq(excluded(changes::town)),
            changes::village.eq(excluded(changes::village)),
            changes::assignee.eq(excluded(changes::assignee)),
            changes::at.eq(excluded(changes::at)),
        ))
        .execute(c))?;
    Ok(())
}
