//! Who did what to which record, when, under which role and why: ids and codes, never a person's data.
//!
//! An entry stands in the transaction of the thing it tells of. Entries are
//! numbered like the feed and sealed in batches by a hash chain (`seal`), which
//! `verify` walks again; after years they go, batch by batch (`keep`). Who was
//! given a record by a pull stands beside them (`disclosures`).

pub mod api;
pub mod disclosures;
pub mod entry;
mod export;
mod filters;
pub mod keep;
pub mod looks;
pub mod seal;
mod store;
pub mod verify;

pub use self::store::told_of;

use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Nullable, Text};
use serde::Serialize;

use crate::auth::rights::By;
use crate::auth::{Action, Place, Who};
use crate::db::schema::audit_entries;
use crate::db::together::{Waiting, column, gather};
use crate::db::types::UidSql;
use crate::db::{DbConn, Micros, Uid};
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

/// An entry as it is stored; its number comes with the write or, on PostgreSQL, once it is committed.
#[derive(Insertable)]
#[diesel(table_name = audit_entries, treat_none_as_default_value = false)]
struct Stored {
    id: Uid,
    at: i64,
    actor_id: Option<Uid>,
    device_id: Option<Uid>,
    role: Option<&'static str>,
    action: &'static str,
    kind: &'static str,
    record_id: Uid,
    county: Option<Uid>,
    town: Option<Uid>,
    village: Option<Uid>,
    area_id: Option<Uid>,
    reason: Option<String>,
    facts: String,
    request_id: String,
}

impl Stored {
    /// Of what the service does by itself: in no area, and read by everybody who reads the audit.
    fn by_nobody(
        now: Micros,
        action: Action,
        kind: &'static str,
        facts: &dyn erased::Facts,
    ) -> Stored {
        let id = Uid::new(now);
        Stored {
            id,
            at: now.0,
            actor_id: None,
            device_id: None,
            role: None,
            action: action.as_str(),
            kind,
            record_id: id,
            county: None,
            town: None,
            village: None,
            area_id: None,
            reason: None,
            facts: facts.text(),
            request_id: String::new(),
        }
    }
}

/// Writes one entry of what the service, or its operator, did by itself.
pub fn record_own(
    c: &mut DbConn,
    now: Micros,
    action: Action,
    kind: &'static str,
    facts: &dyn erased::Facts,
) -> AppResult<()> {
    put(c, Stored::by_nobody(now, action, kind, facts))
}

/// Writes one entry; part of the write it tells of.
pub fn record(c: &mut DbConn, who: &Who, entry: Entry<'_>) -> AppResult<()> {
    let (place, area) = read_at(who, &entry);
    let role = match who.by {
        By::Account => who
            .acting(entry.action, &entry.place)
            .map(|g| g.role.as_str()),
        By::Person => Some("person"),
        By::Service => None,
    };
    let stored = Stored {
        id: Uid::new(who.at),
        at: who.at.0,
        actor_id: who.account(),
        device_id: who.device,
        role,
        action: entry.action.as_str(),
        kind: entry.kind,
        record_id: entry.record,
        county: place.county,
        town: place.town,
        village: place.village,
        area_id: area,
        reason: entry.reason.map(str::to_owned),
        facts: entry.facts.text(),
        request_id: who.request_id.to_string(),
    };
    if WAITING.with(Waiting::is_open) {
        WAITING.with(|waiting| waiting.add([stored]));
        return Ok(());
    }
    put(c, stored)
}

fn put(c: &mut DbConn, stored: Stored) -> AppResult<()> {
    let entry = diesel::insert_into(audit_entries::table);
    match c {
        DbConn::Pg(c) => entry.values(stored).execute(c)?,
        // There is one writer and the newest entry is never removed, so the next number is the newest plus one. (A
        // counter row would cost an UPDATE, which is parsed anew each time.)
        DbConn::Sqlite(c) => {
            let next = audit_entries::table
                .select(coalesce(diesel::dsl::max(audit_entries::seq), 0) + 1)
                .single_value();
            entry
                .values((stored, audit_entries::seq.eq(next)))
                .execute(c)?
        }
    };
    Ok(())
}

thread_local! {
    static WAITING: Waiting<Stored> = const { Waiting::closed(store_all) };
}

/// Does work whose entries are written together at its end. If it fails its transaction, or the savepoint
/// around it, has to end.
pub fn together<R>(c: &mut DbConn, f: impl FnOnce(&mut DbConn) -> AppResult<R>) -> AppResult<R> {
    gather(c, &WAITING, f)
}

fn store_all(c: &mut PgConnection, rows: Vec<Stored>) -> AppResult<()> {
    // Not prepared for good: it comes once in a piece of a push.
    diesel::sql_query(
        "INSERT INTO audit_entries (id, at, actor_id, device_id, role, action, kind, record_id, county, town, \
         village, area_id, reason, facts, request_id) SELECT * FROM unnest($1::uuid[], $2::bigint[], \
         $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::uuid[], $9::uuid[], $10::uuid[], \
         $11::uuid[], $12::uuid[], $13::text[], $14::text[], $15::text[])",
    )
    .bind::<Array<UidSql>, _>(column(&rows, |row| row.id))
    .bind::<Array<BigInt>, _>(column(&rows, |row| row.at))
    .bind::<Array<Nullable<UidSql>>, _>(column(&rows, |row| row.actor_id))
    .bind::<Array<Nullable<UidSql>>, _>(column(&rows, |row| row.device_id))
    .bind::<Array<Nullable<Text>>, _>(column(&rows, |row| row.role))
    .bind::<Array<Text>, _>(column(&rows, |row| row.action))
    .bind::<Array<Text>, _>(column(&rows, |row| row.kind))
    .bind::<Array<UidSql>, _>(column(&rows, |row| row.record_id))
    .bind::<Array<Nullable<UidSql>>, _>(column(&rows, |row| row.county))
    .bind::<Array<Nullable<UidSql>>, _>(column(&rows, |row| row.town))
    .bind::<Array<Nullable<UidSql>>, _>(column(&rows, |row| row.village))
    .bind::<Array<Nullable<UidSql>>, _>(column(&rows, |row| row.area_id))
    .bind::<Array<Nullable<Text>>, _>(column(&rows, |row| row.reason.as_deref()))
    .bind::<Array<Text>, _>(column(&rows, |row| row.facts.as_str()))
    .bind::<Array<Text>, _>(column(&rows, |row| row.request_id.as_str()))
    .execute(c)?;
    Ok(())
}

pub fn routes(cfg: &mut utoipa_actix_web::service_config::ServiceConfig) {
    cfg.service(export::export_audit_entries)
        .service(api::list_audit_entries)
        .service(disclosures::list_disclosures);
}
