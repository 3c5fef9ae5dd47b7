//! Erasing somebody: everything that is theirs goes, wherever it rests, and does not come back.

use crate::both;
use crate::schema::columns;
use crate::support::make::{at, consent};
use crate::support::syncing::{Pocket, amendment, new_id, numbered, push_one};
use crate::support::*;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{Binary, Nullable, Text};
use qianshou::auth::policy::Role;
use qianshou::db::schema::{erasures, persons};
use qianshou::db::{DbConn, Uid};
use qianshou::privacy::erasure::journal::Line;
use qianshou::privacy::erasure::{self, scrub, store};
use qianshou::privacy::resting::{About, Ends, LINKS, RESTING};
use std::collections::{BTreeMap, BTreeSet};

const WEEK: i64 = 7 * 24 * 3600 * 1_000_000;

/// Values that nobody else has, each of them typed by somebody.
const VALUES: [&str; 18] = [
    "司马青禾",
    "13912340777",
    "桃花源路77号",
    "33049919900101019X",
    "云岭制衣厂",
    "柳林巷3号",
    "想学缝纫机维修",
    "希望夜校开到九点",
    "带夜校的课表去",
    "请写明是哪一种缝纫机",
    "BXD-77-2026",
    "上班路上摔伤了手",
    "等待中的新工厂",
    "柳林小学王老师",
    "单位名称写错了两个字",
    "两个月工资没有发",
    "听说常年不在村里",
    "桃花源卫生服务中心",
];

/// Somebody with something in every place: a resident, of a household, visited, insured, claiming.
struct Family {
    member: Client,
    coordinator: Client,
    resident: Value,
    household: Value,
    /// As a member of an association.
    joined: Value,
    /// As one of the best of it.
    nominated: Value,
    /// As a family in care.
    care: Value,
    /// All the records, by kind of the feed.
    records: Vec<(&'static str, Value)>,
}

async fn family(app: &TestApp) -> Family {
    family_at(app, &app.url).await
}

async fn family_at(app: &TestApp, url: &str) -> Family {
    let (member, coordinator) = (app.member().await.at(url), app.coordinator().await.at(url));
    let purposes = [
        "registration",
        "insurance",
        "service_follow_up",
        "sensitive_documents",
        "liaison_with_home_area",
        "care_support",
    ];
    let consents: Vec<Value> = purposes.iter().map(|p| consent(p)).collect();
    let body = make::resident_with(
        json!({ "name": VALUES[0], "phone": VALUES[1], "address": VALUES[2],
        "document": { "kind": "resident_id", "number": VALUES[3] }, "birth_year": 1990,
        "employer": VALUES[4], "consents": consents }),
    );
    let resident = member.post("/v1/residents", body).await.expect(201);
    let household = make::household(&member).await;
    let home = at("households", &household);
    let person = resident["person_id"].as_str().unwrap();
    let join = format!("{home}/people/{person}");
    member.put(&join, json!(null)).await.expect(200);
    let etag = member.get(&home).await.etag();
    let change = json!({ "address": VALUES[5], "contact_person_id": person });
    member.patch(&home, &etag, change).await.expect(200);
    let visit = json!({ "household_id": household["id"], "purpose": "routine", "started_at": "2026-05-29T01:00:00Z",
        "needs_voiced": ["employment"], "needs_note": VALUES[6],
        "opinions": [{ "topic": "services", "text": VALUES[7], "answer_owed": true }],
        "follow_ups": [{ "due_on": "2026-06-12", "task": VALUES[8] }] });
    let visit = member.post("/v1/visits", visit).await.expect(201);
    let path = at("visits", &visit);
    member
        .post(&format!("{path}/submission"), json!({}))
        .await
        .expect(200);
    let back = json!({ "reason": "needs_unclear", "note": VALUES[9] });
    coordinator
        .post(&format!("{path}/return"), back)
        .await
        .expect(200);
    let mut policy = make::policy(&household, &json!({ "id": person }));
    policy["policy_number"] = json!(VALUES[10]);
    let policy = member.post("/v1/policies", policy).await.expect(201);
    let mut claim = make::claim(&policy, &json!({ "id": person }));
    claim["description"] = json!(VALUES[11]);
    let key = new_id(app);
    let claim = member
        .post_once("/v1/claims", &key, claim)
        .await
        .expect(201);
    let paper = format!("{}/documents/invoices", at("claims", &claim));
    let received = json!({ "received_on": "2026-03-03", "file_sha256": "ab".repeat(32) });
    member.put(&paper, received).await.expect(200);
    let offered = json!({ "kind": "schooling" });
    let services = format!("{}/services", at("residents", &resident));
    let service = member.post(&services, offered).await.expect(201);
    let step = |step: &str| format!("{}/{step}", at("services", &service));
    member
        .post(&step("acceptance"), json!({}))
        .await
        .expect(200);
    let school = json!({ "provider": "school", "contact": VALUES[13] });
    member.post(&step("referral"), school).await.expect(200);
    let receipts = format!("{}/receipts", at("residents", &resident));
    member.post(&receipts, json!({})).await.expect(201);
    let wrong = json!({ "person_id": person, "kind": "correction", "asked_by": "self", "channel": "in_person",
        "fields": ["employer"], "told": VALUES[14] });
    member.post("/v1/privacy-requests", wrong).await.expect(201);
    let wages = json!({ "person_id": person, "topic": "wages", "told": VALUES[15], "asked_on": app.now().china_day().to_string() });
    member.post("/v1/rights-requests", wages).await.expect(201);
    // They are a member of the village's association, with a card, and its president.
    let officer = app
        .user_with(&[(Role::Officer, TOWN), (Role::Coordinator, TOWN)])
        .await
        .at(url);
    let township = crate::associations::founded(&officer, "township", TOWN, None).await;
    let association =
        crate::associations::founded(&officer, "village", VILLAGE, Some(&township)).await;
    let join = json!({ "association_id": association["id"], "person_id": person, "joined_on": "2025-03-01",
        "consents": [consent("membership")] });
    let joined = officer.post("/v1/members", join).await.expect(201);
    // They were of the backbone once.
    let path = at("members", &joined);
    for since in [json!("2026-03-01"), json!(null)] {
        let etag = officer.get(&path).await.etag();
        let change = json!({ "backbone_since": since });
        officer.patch(&path, &etag, change).await.expect(200);
    }
    let card = json!({ "issued_on": "2026-05-29" });
    let cards = format!("{}/cards", at("members", &joined));
    officer.post(&cards, card).await.expect(201);
    let mut post = crate::association_posts::president(&association);
    post["person_id"] = json!(person);
    officer.post("/v1/posts", post).await.expect(201);
    let nominated = objected(&officer, &township, &joined).await;
    // Their family is cared for, visited by a contact and helped.
    let care_officer = app.user(Role::CareOfficer, COUNTY).await.at(url);
    let care = crate::care::family(&household);
    let care = care_officer
        .post("/v1/care-families", care)
        .await
        .expect(201);
    let contact = app.user(Role::FieldMember, VILLAGE).await;
    let path = at("care-families", &care);
    let etag = care_officer.get(&path).await.etag();
    let place = json!({ "provider": VALUES[17], "since": "2026-05-20" });
    let given = json!({ "village_contact": { "user_id": contact.id, "since": "2026-05-20" }, "family_doctor": place, "green_channel": place });
    care_officer.patch(&path, &etag, given).await.expect(200);
    let seen = json!({ "family_id": care["id"], "contact": "village", "visited_on": "2026-05-21", "way": "in_person" });
    care_officer.post("/v1/care-visits", seen).await.expect(201);
    let help = json!({ "family_id": care["id"], "association_id": association["id"], "kind": "goods",
        "value": { "amount": "300.00", "currency": "CNY" }, "given_on": "2026-05-21" });
    care_officer
        .post("/v1/care-supports", help)
        .await
        .expect(201);
    crate::support::notices::agrees(&member, &resident, &["address"]).await;
    app.user(Role::Coordinator, OTHER_TOWN).await;
    let mut notice =
        crate::support::notices::about("registration_notice", &resident, &["name", "address"]);
    notice["to_area"] = json!(OTHER_TOWN);
    let notice = crate::support::notices::drafted(&member, notice).await;
    let path = at("liaison-notices", &notice);
    let etag = member.get(&path).await.etag();
    let amended = member.patch(&path, &etag, json!({ "note": "请协助核对" }));
    amended.await.expect(200);
    crate::support::notices::sent(&coordinator, &notice).await;
    // What the coordinator changed and the phone changes too, without knowing: it rests.
    let path = at("residents", &resident);
    let etag = coordinator.get(&path).await.etag();
    coordinator
        .patch(&path, &etag, json!({ "employer": "另一家" }))
        .await
        .expect(200);
    let op = amendment(app, &resident, 1, json!({ "employer": VALUES[12] }));
    let rests = push_one(app, &member, &op).await;
    assert_eq!(rests["outcome"], "conflict", "{rests}");
    let stays = member.get(&format!("{path}/residences")).await.expect(200);
    let given = member.get(&format!("{path}/consents")).await.expect(200);
    let all = given["items"].as_array().unwrap().iter();
    let mut liaison = all.filter(|k| k["purpose"] == "liaison_with_home_area");
    let with_liaison = liaison.next().unwrap().clone();
    let records = vec![
        ("resident", resident.clone()),
        ("residence", stays["items"][0].clone()),
        ("consent", given["items"][0].clone()),
        ("household", household.clone()),
        ("visit", visit.clone()),
        ("follow_up", visit["follow_ups"][0].clone()),
        ("policy", policy),
        ("claim", claim),
        ("service", service),
        ("liaison_notice", notice),
        ("consent", with_liaison),
    ];
    Family {
        member,
        coordinator,
        resident,
        household,
        joined,
        nominated,
        care,
        records,
    }
}

/// Nominated as one of the best of a year, published, and spoken against.
pub async fn objected(officer: &Client, township: &Value, joined: &Value) -> Value {
    let best = json!({ "association_id": township["id"], "year": 2025, "category": "members" });
    let best = officer.post("/v1/selections", best).await.expect(201);
    let step = |name: &str| format!("{}/{name}", at("selections", &best));
    let named = json!({ "member_id": joined["id"], "reasons": ["care"] });
    let nominated = officer.post(&step("nominations"), named).await.expect(201);
    let agreement = format!("{}/agreement", at("nominations", &nominated));
    let agrees = json!({ "agreed_on": "2025-12-20", "channel": "phone" });
    officer.post(&agreement, agrees).await.expect(200);
    let public = json!({ "publicity_from": "2026-01-05", "publicity_to": "2026-01-11" });
    officer.post(&step("publication"), public).await.expect(200);
    let told = json!({ "nomination_id": nominated["id"], "topic": "facts", "told": VALUES[16], "raised_on": "2026-01-07" });
    officer.post(&step("objections"), told).await.expect(201);
    nominated
}

impl Family {
    fn person(&self) -> Uid {
        self.resident["person_id"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap()
    }
    async fn withdraw(&self) {
        let consents = format!("{}/consents", at("residents", &self.resident));
        make::withdraw(&self.member, &consents, "registration").await;
    }
    /// Their ids, and those of all that is theirs.
    fn ids(&self) -> BTreeSet<Uid> {
        let of = |record: &Value| record["id"].as_str().unwrap().parse::<Uid>().unwrap();
        let theirs = [&self.joined, &self.nominated, &self.care];
        let mut ids: BTreeSet<Uid> = theirs.into_iter().map(of).collect();
        ids.insert(self.person());
        ids.extend(self.records.iter().map(|(_, r)| of(r)));
        ids
    }
}

/// Runs the job until nothing is due.
async fn erased(app: &TestApp) {
    while erasure::run(&app.data).await.unwrap() {}
}

/// Where any of these ids stands: table and column, by all columns that hold ids.
fn standing(c: &mut DbConn, ids: &BTreeSet<Uid>) -> BTreeSet<(String, String)> {
    #[derive(QueryableByName)]
    struct Cell {
        #[diesel(sql_type = Nullable<Text>)]
        value: Option<String>,
    }
    let sqlite = c.is_sqlite();
    let wanted: BTreeSet<String> = ids.iter().map(|id| id.0.simple().to_string()).collect();
    let mut found = BTreeSet::new();
    for ((table, column), (kind, _)) in columns(c) {
        let text = match (kind.as_str(), sqlite) {
            ("BLOB", true) => format!("lower(hex({column}))"),
            ("uuid", false) => format!("replace({column}::text, '-', '')"),
            _ => continue,
        };
        let rows: Vec<Cell> = diesel::sql_query(format!("SELECT {text} AS value FROM {table}"))
            .load(c)
            .unwrap();
        if rows
            .iter()
            .any(|row| row.value.as_ref().is_some_and(|v| wanted.contains(v)))
        {
            found.insert((table, column));
        }
    }
    found
}

/// Whatever is sealed or blind of theirs, as bytes.
fn sealed(c: &mut DbConn, ids: &BTreeSet<Uid>) -> BTreeMap<String, Vec<u8>> {
    #[derive(QueryableByName)]
    struct Cell {
        #[diesel(sql_type = Nullable<Binary>)]
        value: Option<Vec<u8>>,
    }
    let of = |c: &mut DbConn, id: &Uid| match c {
        DbConn::Sqlite(_) => format!("x'{}'", id.0.simple()),
        DbConn::Pg(_) => format!("'{}'::uuid", id.0),
    };
    let mut all = BTreeMap::new();
    for rest in RESTING {
        let About::People { by } = rest.about else {
            continue;
        };
        let mut columns: Vec<&str> = rest.sealed.iter().map(|s| s.0).collect();
        if rest.table == "persons" {
            columns.extend(["phone_index", "document_index"]);
        }
        if ["persons", "households", "sync_resting"].contains(&rest.table) {
            columns.push("data_key");
        }
        for id in ids {
            let id = of(c, id);
            let whose: Vec<String> = by.iter().map(|column| format!("{column} = {id}")).collect();
            for column in &columns {
                let sql = format!(
                    "SELECT {column} AS value FROM {} WHERE {}",
                    rest.table,
                    whose.join(" OR ")
                );
                let rows: Vec<Cell> = diesel::sql_query(sql).load(c).unwrap();
                for value in rows
                    .into_iter()
                    .filter_map(|row| row.value)
                    .filter(|v| v.len() > 8)
                {
                    all.insert(format!("{}.{column} {}", rest.table, all.len()), value);
                }
            }
        }
    }
    all
}

both! {
    async fn whatever_is_theirs_goes(app) {
        let family = family(app).await;
        let mut phones = [Pocket::new(&family.member), Pocket::new(&family.coordinator)];
        for phone in &mut phones {
            numbered(app).await;
            phone.pull().await;
        }
        for (kind, record) in &family.records {
            assert!(phones[0].has(kind, record), "{kind}");
        }
        let ids = family.ids();
        let told = |c: &mut DbConn| -> BTreeSet<String> { standing(c, &ids).into_iter().map(|(table, _)| table).collect() };
        let mut c = app.connection();
        let before = told(&mut c);
        for rest in RESTING.iter().filter(|r| matches!(r.ends, Ends::Cleared | Ends::Removed)) {
            // Of a push nothing is queued where nobody has a phone; duplicates have tests of their own (`merges`).
            let queued = ["deliveries", "delivery_receipts", "claim_payments", "policy_beneficiaries", "duplicate_pairs", "merge_moves",
                // Sheets that are being imported have tests of their own (`policy_imports`).
                "policy_import_rows", "policy_import_policies", "policy_import_insured", "policy_import_beneficiaries", "policy_import_people"];
            assert!(before.contains(rest.table) || queued.contains(&rest.table), "nothing rests in {}", rest.table);
        }
        // First they are out of use, and stored.
        family.withdraw().await;
        erased(app).await;
        let state = |c: &mut DbConn| persons::table.find(family.person()).select((persons::state, persons::name))
            .first::<(qianshou::people::model::PersonState, Vec<u8>)>(c).unwrap();
        let (restricted, name) = state(&mut c);
        assert!(restricted == qianshou::people::model::PersonState::Restricted && !name.is_empty());
        app.advance(WEEK);
        erased(app).await;
        for phone in &mut phones {
            phone.client = make::renewed(app, &phone.client);
        }
        let [member, coordinator] = [&family.member, &family.coordinator].map(|who| make::renewed(app, who));
        let (gone, name) = state(&mut c);
        assert!(gone == qianshou::people::model::PersonState::Erased && name.is_empty());
        // What is left are ids, which lead to nobody.
        let left = standing(&mut c, &ids);
        let left: Vec<String> = left.iter().map(|(table, column)| format!("{table}.{column}")).collect();
        let kept = ["audit_entries.record_id", "changes.record_id", "disclosures.record_id",
            "erased_records.record_id", "erasures.person_id",
            "households.id", "nominations.id", "nominations.person_id", "objections.nomination_id", "persons.id", "posts.person_id", "privacy_requests.person_id", "rights_requests.person_id", "sync_operations.record_id"];
        assert_eq!(left, kept);
        // Phones drop all of it, and nobody is shown any.
        for phone in &mut phones {
            numbered(app).await;
            phone.pull().await;
            for (kind, record) in &family.records {
                assert!(!phone.has(kind, record), "{kind}");
            }
        }
        for (collection, record) in [("residents", 0), ("households", 3), ("visits", 4), ("follow-ups", 5), ("policies", 6), ("claims", 7)] {
            let path = at(collection, &family.records[record].1);
            member.get(&path).await.problem(404, "not_found");
            coordinator.get(&path).await.problem(404, "not_found");
            let listed = coordinator.get(&format!("/v1/{collection}")).await.expect(200);
            assert_eq!(listed["items"], json!([]), "{collection}");
        }
        // A phone that sends the registration once more does not bring them back.
        let again = make::resident_with(json!({ "id": family.resident["id"] }));
        member.post("/v1/residents", again).await.problem(409, "already_exists");
        // The audit says that it was done, and of whom by id alone.
        let entries = app.user(Role::Auditor, CITY).await.get("/v1/audit-entries?action=person.erase").await.expect(200);
        let entry = &entries["items"][0];
        assert_eq!((&entry["record_id"], &entry["actor_id"]), (&family.resident["person_id"], &json!(null)), "{entries}");
        let row = store::find(&mut c, family.person()).unwrap().unwrap();
        assert_eq!(row.cause, erasure::Cause::Withdrawn);
    }

    async fn who_asks_is_erased_at_once_and_others_stay(app) {
        let family = family(app).await;
        let spouse = make::household_person(&family.member, &family.household, &["registration", "insurance"]).await;
        let person = family.person();
        app.data.db.write(move |c| {
            let who = qianshou::auth::Who::without_account(qianshou::auth::rights::By::Service, qianshou::db::Micros(1), "test".into());
            let row = qianshou::people::store::lock(c, person)?;
            let handle = who.authorise(qianshou::auth::Action::PersonErase, row)?;
            erasure::ask_now(c, &who, &handle)
        }).await.unwrap();
        erased(app).await;
        let path = at("households", &family.household);
        let home = family.member.get(&path).await.expect(200);
        assert_eq!(home["contact_person_id"], json!(null));
        let people = family.member.get(&format!("{path}/people")).await.expect(200);
        let ids: Vec<&Value> = people["items"].as_array().unwrap().iter().map(|p| &p["id"]).collect();
        assert_eq!(ids, [&spouse["id"]]);
        // What is of the household stays with it; what was theirs alone does not.
        family.member.get(&at("visits", &family.records[4].1)).await.expect(200);
        for (collection, record) in [("residents", 0), ("policies", 6), ("claims", 7)] {
            family.member.get(&at(collection, &family.records[record].1)).await.problem(404, "not_found");
        }
        let found = family.member.post("/v1/residents/look-up", json!({ "phone": VALUES[1] })).await.expect(200);
        assert_eq!(found, json!({ "known_in_area": false, "resident_ids": [] }));
    }

    async fn one_that_fails_keeps_no_other_one(app) {
        let (family, other) = (family(app).await, make::registered(&app.member().await).await);
        let (stuck, free) = (family.person(), other["person_id"].as_str().unwrap().parse::<Uid>().unwrap());
        let now = app.now();
        app.data.db.write(move |c| [stuck, free].iter().try_for_each(|id| store::ask(c, *id, erasure::Cause::Requested, now))).await.unwrap();
        let mut c = app.connection();
        let (make, drop) = stumbling_block(&c, stuck);
        make.iter().for_each(|sql| must(&mut c, sql));
        erasure::run(&app.data).await.unwrap();
        let done = |c: &mut DbConn, id: Uid| store::find(c, id).unwrap().unwrap().erased_at.is_some();
        assert!(!done(&mut c, stuck) && done(&mut c, free));
        // Tried again.
        drop.iter().for_each(|sql| must(&mut c, sql));
        erasure::run(&app.data).await.unwrap();
        assert!(done(&mut c, stuck));
    }

    async fn a_kill_between_journal_and_deed_loses_nothing(app) {
        let family = family(app).await;
        family.withdraw().await;
        let person = family.person();
        // As it stands when a machine dies right after it wrote the journal.
        let ids = app.data.db.write(move |c| store::begin(c, person)).await.unwrap().unwrap();
        app.data.journal.note(&[Line { at: app.now(), ids }]).unwrap();
        erased(app).await;
        let mut c = app.connection();
        let row = store::find(&mut c, person).unwrap().unwrap();
        assert!(row.erased_at.is_some(), "{row:?}");
    }

    async fn cleaning_waits_for_its_time_and_is_noted(app) {
        let family = family(app).await;
        family.withdraw().await;
        app.advance(WEEK);
        erased(app).await;
        let state = |c: &mut DbConn| store::find(c, family.person()).unwrap().unwrap().state;
        let mut c = app.connection();
        scrub::run(&app.data).await.unwrap();
        assert_eq!(state(&mut c), erasure::State::Erased);
        app.advance(11 * 60 * 1_000_000);
        // Somebody who reads puts it off.
        for _ in 0..50 {
            scrub::run(&app.data).await.unwrap();
            if state(&mut c) == erasure::State::Scrubbed {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        panic!("never cleaned");
    }
}

/// One name of a column means one thing.
#[test]
fn every_way_to_people_is_known() {
    for rest in RESTING {
        if let About::People { by } = rest.about {
            for column in by {
                assert!(
                    LINKS.iter().any(|(name, _)| name == column),
                    "{}.{column} leads where?",
                    rest.table
                );
            }
        }
    }
}

/// Every file below a folder.
fn files(folder: &std::path::Path, into: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files(&path, into),
            false => into.push(path),
        }
    }
}

/// Which of these stand in which files.
fn search(files: &[std::path::PathBuf], wanted: &BTreeMap<String, Vec<u8>>) -> Vec<String> {
    let mut found = Vec::new();
    for file in files {
        let bytes = std::fs::read(file).unwrap_or_default();
        for (what, value) in wanted {
            if memchr(&bytes, value) {
                found.push(format!("{what} in {}", file.display()));
            }
        }
    }
    found
}

fn memchr(bytes: &[u8], value: &[u8]) -> bool {
    let first = value[0];
    let mut at = 0;
    while let Some(next) = bytes[at..].iter().position(|b| *b == first) {
        let start = at + next;
        if bytes[start..].starts_with(value) {
            return true;
        }
        at = start + 1;
    }
    false
}

/// What they typed, as it would stand in clear: as it is, escaped in JSON, in base64 and in UTF-16.
fn in_clear() -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    for value in VALUES {
        let escaped: String = value
            .chars()
            .map(|c| {
                if c.is_ascii() {
                    c.to_string()
                } else {
                    format!("\\u{:04x}", c as u32)
                }
            })
            .collect();
        let wide: Vec<u8> = value.encode_utf16().flat_map(u16::to_le_bytes).collect();
        all.insert(value.to_owned(), value.as_bytes().to_vec());
        all.insert(format!("{value} escaped"), escaped.into_bytes());
        all.insert(format!("{value} wide"), wide);
    }
    all
}

/// A folder's files, or the database's own ones.
fn database_files(c: &mut DbConn) -> Vec<std::path::PathBuf> {
    #[derive(QueryableByName)]
    struct Where {
        #[diesel(sql_type = Text)]
        at: String,
    }
    let mut found = Vec::new();
    match c {
        DbConn::Sqlite(c) => {
            let path: Where = diesel::sql_query(
                "SELECT file AS at FROM pragma_database_list WHERE name = 'main'",
            )
            .get_result(c)
            .unwrap();
            files(std::path::Path::new(&path.at).parent().unwrap(), &mut found);
        }
        DbConn::Pg(c) => {
            c.batch_execute("CHECKPOINT").unwrap();
            let at: Where = diesel::sql_query("SELECT current_setting('data_directory') || '/' || left(pg_relation_filepath('persons'), length(pg_relation_filepath('persons')) - position('/' in reverse(pg_relation_filepath('persons')))) AS at").get_result(c).unwrap();
            let data: Where = diesel::sql_query("SELECT current_setting('data_directory') AS at")
                .get_result(c)
                .unwrap();
            files(std::path::Path::new(&at.at), &mut found);
            files(&std::path::Path::new(&data.at).join("pg_wal"), &mut found);
        }
    }
    found
}

/// The whole way by the program itself, and then a search through whatever it wrote.
async fn searched(app: &TestApp) {
    let settings = [("privacy.erase_after_days", "0".to_owned())];
    let process = process::Process::start(app, &settings, &[("log.filter", "debug")]);
    let family = family_at(app, &process.url).await;
    let ids = family.ids();
    let mut c = app.connection();
    let rested = sealed(&mut c, &ids);
    for column in [
        "persons.name",
        "persons.data_key",
        "persons.phone_index",
        "households.address",
        "visits.needs_note",
        "visit_opinions.opinion",
        "follow_ups.task",
        "policies.policy_number",
        "claims.description",
        "residents.employer",
        "sync_resting.body",
    ] {
        assert!(
            rested.keys().any(|at| at.starts_with(column)),
            "nothing rested in {column}"
        );
    }
    assert!(
        !search(&database_files(&mut c), &rested).is_empty(),
        "the search finds what is there"
    );
    assert_eq!(
        search(&database_files(&mut c), &in_clear()),
        Vec::<String>::new()
    );
    family.withdraw().await;
    let gone = || {
        erasures::table
            .find(family.person())
            .filter(erasures::erased_at.is_not_null())
            .count()
            .get_result::<i64>(&mut app.connection())
            .unwrap()
            == 1
    };
    for _ in 0..100 {
        if gone() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert!(gone(), "not erased within ten seconds");
    let log = process.log();
    assert!(log.contains("listening"), "{log}");
    process.kill();
    app.pause().await;
    let mut cleaned = scrub::clean(&mut c).unwrap();
    for _ in 0..50 {
        if !cleaned {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            cleaned = scrub::clean(&mut c).unwrap();
        }
    }
    assert!(cleaned);
    let mut everywhere = database_files(&mut c);
    let journal = app.data.journal.path().to_owned();
    assert!(
        std::fs::read_to_string(&journal)
            .unwrap()
            .contains(&family.person().to_string())
    );
    everywhere.push(journal);
    let clear = in_clear();
    assert_eq!(search(&everywhere, &clear), Vec::<String>::new());
    for (what, value) in &clear {
        assert!(!memchr(log.as_bytes(), value), "{what} in the log");
    }
    // SQLite overwrites what it frees: the sealed bytes and their keys are gone, too.
    if app.backend == Backend::Sqlite {
        assert_eq!(search(&everywhere, &rested), Vec::<String>::new());
        return;
    }
    // PostgreSQL's log keeps them until it is recycled, and a page its free space until it is filled: sealed, for
    // a key that a retired field key opens. Tables made anew hold none.
    everywhere.retain(|file| !file.display().to_string().contains("/pg_wal/"));
    let told: BTreeSet<String> = search(&everywhere, &rested)
        .iter()
        .map(|at| at.split('.').next().unwrap().to_owned())
        .collect();
    let cleared = ["households", "persons"].map(str::to_owned);
    assert!(told.is_subset(&BTreeSet::from(cleared)), "{told:?}");
    for table in ["persons", "households"] {
        c.batch_execute(&format!("VACUUM FULL {table}")).unwrap();
    }
    let mut anew = database_files(&mut c);
    anew.retain(|file| !file.display().to_string().contains("/pg_wal/"));
    assert_eq!(search(&anew, &rested), Vec::<String>::new());
}

#[test]
fn a_search_through_every_file_finds_none_of_it_sqlite() {
    run(Backend::Sqlite, |app| Box::pin(searched(app)));
}

#[test]
fn a_search_through_every_file_finds_none_of_it_postgres() {
    run(Backend::Postgres, |app| Box::pin(searched(app)));
}

#[test]
fn a_restored_dump_erases_them_again() {
    run(Backend::Postgres, |app| {
        Box::pin(restored(app, || {
            let file = scratch().join(format!("dump{}", make::unique()));
            let from = crate::lineage::url(&app.target);
            crate::lineage::client_program("pg_dump", &["--format=custom", from, "--file"], &file);
            let to = postgres::cluster().unwrap().empty_database();
            crate::lineage::client_program("pg_restore", &["--no-owner", "--dbname", &to], &file);
            to
        }))
    });
}

/// The same beneath a server that runs: it is told by the feed's lineage, and erases.
#[test]
fn a_server_that_runs_on_erases_them_again() {
    run(Backend::Sqlite, |app| {
        Box::pin(async move {
            let family = family(app).await;
            app.data
                .journal
                .note(&[Line {
                    at: app.now(),
                    ids: vec![family.person()],
                }])
                .unwrap();
            assert_eq!(erasure::replay_running(&app.data).await.unwrap(), 1);
            family
                .member
                .get(&at("residents", &family.resident))
                .await
                .problem(404, "not_found");
            assert_eq!(erasure::replay_running(&app.data).await.unwrap(), 0);
        })
    });
}

/// What another machine erased stands in this one's journal soon.
#[test]
fn every_machine_keeps_the_whole_journal() {
    let keys = scratch().join(format!("keys{}", make::unique()));
    run_with(
        Backend::Sqlite,
        &[("keys.dir", keys.to_str().unwrap())],
        |app| {
            Box::pin(async move {
                let family = family(app).await;
                family.withdraw().await;
                let (person, now) = (family.person(), app.now());
                // Done elsewhere: in the database, and not in this machine's journal.
                app.data
                    .db
                    .write(move |c| store::erased(c, person, now))
                    .await
                    .unwrap();
                erasure::keep_journal(&app.data).await.unwrap();
                assert_eq!(
                    app.data.journal.all().unwrap(),
                    [Line {
                        at: now,
                        ids: vec![person]
                    }]
                );
            })
        },
    );
}

/// An older backup knows them again: a start erases them again before it serves anything.
async fn restored(app: &TestApp, back_up: impl FnOnce() -> String) {
    let family = family(app).await;
    let backup = back_up();
    family.withdraw().await;
    app.advance(WEEK);
    erased(app).await;
    let settings = [("database.url", backup.clone())];
    let process = process::Process::start(app, &settings, &[]);
    let mut c =
        qianshou::db::connect(&qianshou::db::Target::parse(&backup).unwrap(), true).unwrap();
    let row = store::find(&mut c, family.person()).unwrap().unwrap();
    assert!(
        row.cause == erasure::Cause::Restored && row.erased_at.is_some(),
        "{row:?}"
    );
    let left: Vec<String> = standing(&mut c, &family.ids())
        .into_iter()
        .map(|(table, _)| table)
        .collect();
    assert!(
        !left.contains(&"residents".to_owned()) && !left.contains(&"visits".to_owned()),
        "{left:?}"
    );
    assert!(process.log().contains("erased again"));
    let member = family.member.at(&process.url);
    member
        .get(&at("residents", &family.resident))
        .await
        .problem(404, "not_found");
}

#[test]
fn a_restored_file_erases_them_again() {
    run(Backend::Sqlite, |app| {
        Box::pin(restored(app, || {
            let copy = scratch().join(format!("restored{}.db", make::unique()));
            app.connection()
                .batch_execute(&format!("VACUUM INTO '{}'", copy.display()))
                .unwrap();
            format!("sqlite:{}", copy.display())
        }))
    });
}

/// Of this long ago.
const YEARS: i64 = 3 * 365 * 24 * 3600 * 1_000_000;

both! {
    async fn stays_of_long_ago_go_and_with_the_last_of_them_who_left(app) {
        let member = app.member().await;
        let resident = make::registered(&member).await;
        let path = at("residents", &resident);
        let moved = json!({ "area": VILLAGE, "from_day": "2026-06-01", "reason": "work" });
        let second = member.post(&format!("{path}/residences"), moved).await.expect(201);
        // Another one left, and stays known to a household.
        let (tenant, home) = (make::registered(&member).await, make::household(&member).await);
        let person = tenant["person_id"].as_str().unwrap();
        member.put(&format!("{}/people/{person}", at("households", &home)), json!(null)).await.expect(200);
        // One who was offered a service, too.
        make::service(&member, &tenant, json!({ "kind": "schooling" })).await;
        let gone = json!({ "left_on": "2026-06-02" });
        member.post(&format!("{}/departure", at("residents", &tenant)), gone.clone()).await.expect(200);
        app.advance(YEARS);
        while erasure::retention::run(&app.data).await.unwrap() {}
        let member = make::renewed(app, &member);
        let stays = member.get(&format!("{path}/residences")).await.expect(200);
        let ids: Vec<&Value> = stays["items"].as_array().unwrap().iter().map(|s| &s["id"]).collect();
        assert_eq!(ids, [&second["id"]], "the first stay ended three years ago, the second goes on");
        member.get(&at("residents", &tenant)).await.problem(404, "not_found");
        let people = member.get(&format!("{}/people", at("households", &home))).await.expect(200);
        assert_eq!(people["items"][0]["id"], tenant["person_id"]);
        // Who is of no household, and whose last stay ended long ago, is not kept at all.
        member.post(&format!("{path}/departure"), json!({ "left_on": "2026-06-03" })).await.expect(200);
        while erasure::retention::run(&app.data).await.unwrap() {}
        erased(app).await;
        let row = store::find(&mut app.connection(), resident["person_id"].as_str().unwrap().parse().unwrap()).unwrap().unwrap();
        assert!(row.cause == erasure::Cause::Retention && row.erased_at.is_some(), "{row:?}");
        member.get(&path).await.problem(404, "not_found");
    }

    /// Who lives elsewhere by now and is insured by the household keeps it until they, too, are erased.
    async fn what_insures_others_stays(app) {
        let family = family(app).await;
        let purposes = ["registration", "insurance"];
        let spouse = make::household_person(&family.member, &family.household, &purposes).await;
        let policy = make::policy(&family.household, &spouse);
        let policy = family.member.post("/v1/policies", policy).await.expect(201);
        // They move out of the household, which the database alone knows here.
        let id: Uid = spouse["id"].as_str().unwrap().parse().unwrap();
        diesel::update(persons::table.find(id)).set(persons::household_id.eq(None::<Uid>)).execute(&mut app.connection()).unwrap();
        make::erased(app, &family.resident).await;
        let kept = family.member.get(&at("policies", &policy)).await.expect(200);
        assert_eq!(kept["insured"][0]["person_id"], spouse["id"], "{kept}");
        family.member.get(&at("policies", &family.records[6].1)).await.problem(404, "not_found");
    }

    async fn a_household_of_nobody_goes_after_years(app) {
        let family = family(app).await;
        let moved = json!({ "area": OTHER_TOWN, "from_day": "2026-06-01", "reason": "work" });
        let county = app.user(Role::Coordinator, COUNTY).await;
        county.post(&format!("{}/residences", at("residents", &family.resident)), moved).await.expect(201);
        while erasure::retention::run(&app.data).await.unwrap() {}
        let path = at("households", &family.household);
        family.member.get(&path).await.expect(200);
        // Whoever moved away is insured by it still; with them it has nobody.
        make::erased(app, &family.resident).await;
        family.member.get(&path).await.expect(200);
        app.advance(YEARS);
        while erasure::retention::run(&app.data).await.unwrap() {}
        let member = make::renewed(app, &family.member);
        member.get(&path).await.problem(404, "not_found");
        member.get(&at("visits", &family.records[4].1)).await.problem(404, "not_found");
    }
}

fn must(c: &mut DbConn, sql: &str) {
    diesel::sql_query(sql).execute(c).unwrap();
}

/// Makes the database refuse that this person becomes nobody, and what takes that back.
fn stumbling_block(c: &DbConn, person: Uid) -> (Vec<String>, Vec<String>) {
    match c {
        DbConn::Sqlite(_) => (
            vec![format!(
                "CREATE TRIGGER stumble BEFORE UPDATE ON persons WHEN OLD.id = x'{}' AND NEW.state = 'erased'
                 BEGIN SELECT RAISE(ABORT, 'stumbled'); END",
                person.0.simple()
            )],
            vec!["DROP TRIGGER stumble".into()],
        ),
        DbConn::Pg(_) => (
            vec![
                "CREATE FUNCTION stumble() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'stumbled'; END $$".into(),
                format!(
                    "CREATE TRIGGER stumble BEFORE UPDATE ON persons FOR EACH ROW
                     WHEN (OLD.id = '{}' AND NEW.state = 'erased') EXECUTE FUNCTION stumble()",
                    person.0
                ),
            ],
            vec!["DROP TRIGGER stumble ON persons".into(), "DROP FUNCTION stumble".into()],
        ),
    }
}
