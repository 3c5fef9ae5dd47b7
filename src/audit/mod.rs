//! Who did what to which record, when, under which role and why: ids and codes, never a person's data.
//!
//! An entry stands in the transaction of the thing it tells of. Entries are
//! numbered like the feed and sealed in batches by a hash chain (`seal`).

pub mod api;
pub mod seal;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable};
use serde::Serialize;

use crate::auth::{Action, Place, Who};
use crate::db::schema::audit_entries;
use crate::db::{DbConn, Uid};
use crate::error::AppResult;

/// What happened, for [`record`].
pub struct Entry<'a> {
    pub action: Action,
    pub kind: &'static str,
    pub record: Uid,
    pub place: Place,
    /// The record's area where it is wider than a county.
    pub area: Option<Uid>,
    /// A word of a fixed list, where the action needs a reason.
    pub reason: Option<&'a str>,
    /// Names of fields, ids, states: nothing that was typed by anybody.
    pub facts: &'a dyn erased::Facts,
}

/// Facts of an entry are any small serialisable value.
pub mod erased {
    pub trait Facts {
        fn text(&self) -> String;
    }
    impl<T: serde::Serialize> Facts for T {
        fn text(&self) -> String {
            serde_json::to_string(self).unwrap_or_else(|_| "{}".into())
        }
    }
}

/// No facts beyond the action itself.
#[derive(Serialize)]
pub struct Nothing {}

impl<'a> Entry<'a> {
    pub fn new(action: Action, kind: &'static str, record: Uid, place: Place) -> Entry<'a> {
        Entry {
            action,
            kind,
            record,
            place,
            area: None,
            reason: None,
            facts: &Nothing {},
        }
    }
    /// Of an area that may be wider than a county.
    pub fn of(mut self, area: Option<Uid>) -> Self {
        self.area = area;
        self
    }
    pub fn because(mut self, reason: &'a str) -> Self {
        self.reason = Some(reason);
        self
    }
    pub fn with(mut self, facts: &'a dyn erased::Facts) -> Self {
        self.facts = facts;
        self
    }
}

/// Where an entry is read: where its record is; what is nowhere (a look-up, a product) is read where
/// its author works.
fn read_at(who: &Who, entry: &Entry<'_>) -> (Place, Option<Uid>) {
    if entry.place.county.is_some() || entry.area.is_some() {
        return (entry.place, entry.area);
    }
    match who.acting(entry.action, &entry.place) {
        Some(grant) => (grant.place, Some(grant.area)),
        None => (entry.place, None),
    }
}

define_sql_function! {
    /// The first of both that is not NULL.
    fn coalesce(x: Nullable<BigInt>, y: BigInt) -> BigInt;
}

/// Writes one entry; part of the write it tells of.
pub fn record(c: &mut DbConn, who: &Who, entry: Entry<'_>) -> AppResult<()> {
    let (place, area) = read_at(who, &entry);
    let role = who.acting(entry.action, &entry.place).map(|g| g.role);
    let values = (
        audit_entries::id.eq(Uid::new(who.at)),
        audit_entries::at.eq(who.at.0),
        audit_entries::actor_id.eq(who.user),
        audit_entries::device_id.eq(who.device),
        audit_entries::role.eq(role.map(|r| r.as_str())),
        audit_entries::action.eq(entry.action.as_str()),
        audit_entries::kind.eq(entry.kind),
        audit_entries::record_id.eq(entry.record),
        audit_entries::county.eq(place.county),
        audit_entries::town.eq(place.town),
        audit_entries::village.eq(place.village),
        audit_entries::area_id.eq(area),
        audit_entries::reason.eq(entry.reason),
        audit_entries::facts.eq(entry.facts.text()),
        audit_entries::request_id.eq(who.request_id.as_ref()),
    );
    let entry = diesel::insert_into(audit_entries::table);
    match c {
        // Numbered once it is committed.
        DbConn::Pg(c) => entry.values(values).execute(c)?,
        // There is one writer and entries are never removed, so the next number is the newest plus one. (A
        // counter row would cost an UPDATE, which is parsed anew each time.)
        DbConn::Sqlite(c) => {
            let next = audit_entries::table
                .select(coalesce(diesel::dsl::max(audit_entries::seq), 0) + 1)
                .single_value();
            entry
                .values((values, audit_entries::seq.eq(next)))
                .execute(c)?
        }
    };
    Ok(())
}

pub fn routes(cfg: &mut utoipa_actix_web::service_config::ServiceConfig) {
    cfg.service(api::list_audit_entries);
}
