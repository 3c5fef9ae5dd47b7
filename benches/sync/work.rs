//! What field members do on a day, packed by the reference phone.

use std::sync::atomic::{AtomicUsize, Ordering};

use diesel::prelude::*;
use serde_json::json;

use super::phone::Phone;
use super::support::{Account, Database, Fixture, http, registration, villages};
use super::wire;
use qianshou::auth::policy::Role;
use qianshou::db::schema::member_homes;
use qianshou::db::{DbConn, Uid};
use qianshou::sync;
use qianshou::visits::model::{HomeRow, HomeState};

/// Kinds of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// Three of ten operations register a resident, with their stay and consent; seven log a visit to a
    /// member home, with an opinion that was voiced.
    Day,
    /// Residents alone.
    Registrations,
}

impl Work {
    pub fn name(self) -> &'static str {
        match self {
            Work::Day => "a day's work",
            Work::Registrations => "registrations",
        }
    }
}

/// A field member with a phone and the member home of their village.
pub struct Member {
    pub account: Account,
    pub home: Uid,
}

/// A database with this many members, each in a village of their own as far as there are so many.
pub fn members(database: &Database, name: &str, count: usize) -> (Fixture, Vec<Member>) {
    let fixture = Fixture::new(database, name);
    let mut c = fixture.connect();
    let villages = villages(&mut c);
    let members = (0..count)
        .map(|n| {
            let village = &villages[n % villages.len()];
            let account = Account::new(&fixture, &mut c, Role::FieldMember, village);
            let home = open_home(&mut c, &account);
            Member { account, home }
        })
        .collect();
    (fixture, members)
}

fn open_home(c: &mut DbConn, by: &Account) -> Uid {
    let now = qianshou::db::Micros(jiff::Timestamp::now().as_microsecond());
    let row = HomeRow {
        id: Uid::new(now),
        version: 1,
        field_versions: sync::fields::NEW.into(),
        county: by.area.county.unwrap(),
        town: by.area.town,
        village: by.area.village,
        area_id: by.area.id,
        area_code: by.area.code.clone(),
        title: "会员之家".into(),
        site_address: "建设街道1号".into(),
        opening_hours: None,
        keeper_id: None,
        state: HomeState::Open,
        registered_by: by.id,
        created_at: now,
        updated_at: now,
    };
    diesel::insert_into(member_homes::table)
        .values(&row)
        .execute(c)
        .unwrap();
    row.id
}

/// No two operations of a run are the same.
static NEXT: AtomicUsize = AtomicUsize::new(0);

fn register(phone: &mut Phone, member: &Member, n: usize) {
    let body = registration(n, &member.account.area.code);
    phone.create("resident", body).unwrap();
}

fn visit(phone: &mut Phone, member: &Member, n: usize) {
    // Of the last weeks: nobody is at a hundred places on one day.
    let ago = jiff::SignedDuration::from_hours(5 + 7 * (n % 400) as i64);
    let started = jiff::Timestamp::now() - ago;
    let body = json!({
        "member_home_id": member.home,
        "purpose": "routine",
        "started_at": started.to_string(),
        "offered": ["health"],
        "opinions": [{ "topic": "facilities", "text": "活动室的灯坏了两盏，晚上看不清。", "answer_owed": true }]
    });
    phone.create("visit", body).unwrap();
}

/// The body of one push of this many operations.
pub fn pack(work: Work, member: &Member, operations: usize) -> Vec<u8> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(wire::packed(|phone| {
        for i in 0..operations {
            let n = NEXT.fetch_add(1, Ordering::Relaxed);
            if work == Work::Registrations || i % 10 < 3 {
                register(phone, member, n);
            } else {
                visit(phone, member, n);
            }
        }
    }))
}

/// A registration alone, for whoever watches for it.
pub fn pack_one(member: &Member) -> Vec<u8> {
    pack(Work::Registrations, member, 1)
}

/// The request of a push.
pub fn request(member: &Member, body: &[u8]) -> Vec<u8> {
    http::request("POST", "/v1/sync/push", &member.account.token, body)
}
