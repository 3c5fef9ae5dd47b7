//! What tests of rotations start from: an operator's folder and commands, a database with something in every
//! place, and what there is to see of it.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::process::Output;
use std::time::{Duration, Instant};

use crate::commands::{qianshou, text};
use crate::support::make::at;
use crate::support::process::Process;
use crate::support::syncing::{amendment, new_id, push_one};
use crate::support::*;
use qianshou::auth::model::{AssignmentRow, UserRow, UserState};
use qianshou::auth::policy::Role;
use qianshou::auth::store;
use qianshou::db::schema::changes;
use qianshou::db::{DbConn, Uid};
use qianshou::privacy::moves::PLACES;
use qianshou::privacy::moves_store;
use qianshou::{areas, sync};

/// Runs on both databases, each time with keys of its own that move this many seconds after a rotation.
pub fn on_both(
    after: &str,
    body: for<'a> fn(&'a TestApp) -> Pin<Box<dyn Future<Output = ()> + 'a>>,
) {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let keys = scratch().join(format!("keys{}", make::unique()));
        let settings = [
            ("keys.dir", keys.to_str().unwrap()),
            ("keys.move_after_seconds", after),
        ];
        run_with(backend, &settings, body);
    }
}

fn url(app: &TestApp) -> String {
    match &app.target {
        qianshou::db::Target::Sqlite(path) => format!("sqlite:{path}"),
        qianshou::db::Target::Postgres(url) => url.clone(),
    }
}

pub fn folder(app: &TestApp) -> &Path {
    &app.data.config.keys_dir
}

/// A command of the operator beside the running server.
fn command(app: &TestApp, arguments: &[&str]) -> Output {
    qianshou(&scratch(), arguments)
        .env("QIANSHOU_DATABASE__URL", url(app))
        .env("QIANSHOU_KEYS__DIR", folder(app))
        .output()
        .unwrap()
}

pub fn done(app: &TestApp, arguments: &[&str]) -> String {
    let output = command(app, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", text(&output));
    text(&output)
}

pub fn refused(app: &TestApp, arguments: &[&str]) -> String {
    let output = command(app, arguments);
    assert!(!output.status.success(), "{arguments:?}: {}", text(&output));
    text(&output)
}

/// Makes every key two hours older, as time would.
pub fn two_hours_later(app: &TestApp) {
    let path = folder(app).join("keyring.json");
    let mut ring: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    for keys in ["field", "blind"] {
        for key in ring[keys].as_array_mut().unwrap() {
            key["created"] = json!(key["created"].as_u64().unwrap() - 7200);
        }
    }
    let draft = folder(app).join("draft");
    std::fs::copy(&path, &draft).unwrap();
    std::fs::write(&draft, ring.to_string()).unwrap();
    std::fs::rename(&draft, &path).unwrap();
}

/// A copy of the key folder as it stands, as an operator makes it.
pub fn kit(app: &TestApp) -> PathBuf {
    let kit = scratch().join(format!("kit{}", make::unique()));
    put_back(folder(app), &kit);
    kit
}

pub fn put_back(kit: &Path, folder: &Path) {
    let copied = std::process::Command::new("sh")
        .args(["-c", "rm -rf \"$2\" && cp -a \"$1\" \"$2\"", "sh"])
        .args([kit, folder])
        .status();
    assert!(copied.unwrap().success());
}

/// Rows under a field key, by place.
pub fn under(c: &mut DbConn, key: u32) -> BTreeMap<&'static str, i64> {
    let mut found = BTreeMap::new();
    for place in PLACES {
        let named = moves_store::named(c, place).unwrap();
        let rows = named.iter().find(|n| n.0 == key).map_or(0, |n| n.1);
        if rows > 0 {
            found.insert(place.at, rows);
        }
    }
    found
}

#[derive(QueryableByName)]
struct Rows {
    #[diesel(sql_type = BigInt)]
    rows: i64,
}

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    tab: String,
    #[diesel(sql_type = Text)]
    col: String,
}

/// The columns of bytes of the whole database.
pub fn byte_columns(c: &mut DbConn) -> Vec<(String, String)> {
    let sql = if c.is_sqlite() {
        "SELECT m.name AS tab, p.name AS col FROM sqlite_master m JOIN pragma_table_info(m.name) p \
         WHERE m.type = 'table' AND p.type = 'BLOB'"
    } else {
        "SELECT table_name::text AS tab, column_name::text AS col FROM information_schema.columns \
         WHERE table_schema = 'public' AND data_type = 'bytea'"
    };
    let found: Vec<Column> = diesel::sql_query(sql).load(c).unwrap();
    found.into_iter().map(|f| (f.tab, f.col)).collect()
}

/// Columns in which any bytes begin as those do that are sealed under this field key.
pub fn still_named_anywhere(c: &mut DbConn, key: u32) -> Vec<String> {
    let begin: String = [&[1], key.to_be_bytes().as_slice()]
        .concat()
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    let begin = if c.is_sqlite() {
        format!("X'{begin}'")
    } else {
        format!("'\\x{begin}'::bytea")
    };
    let mut named = Vec::new();
    for (tab, col) in byte_columns(c) {
        let sql = format!(
            "SELECT CAST(count(*) AS BIGINT) AS rows FROM {tab} WHERE substr({col}, 1, 5) = {begin}"
        );
        let count: Rows = diesel::sql_query(sql).get_result(c).unwrap();
        if count.rows > 0 {
            named.push(format!("{tab}.{col}"));
        }
    }
    named
}

/// So many colleagues, sealed under the current key.
pub async fn colleagues(app: &TestApp, many: usize) {
    let now = app.now();
    let rows: Vec<UserRow> = (0..many)
        .map(|n| {
            let id = Uid::new(now.plus(n as i64));
            let name = app
                .data
                .vault
                .seal("users.display_name", id.0, &format!("同事{n}"));
            UserRow {
                id,
                version: 1,
                field_versions: sync::fields::NEW.into(),
                login: format!("colleague{}", make::unique()),
                display_name: name.unwrap(),
                password_hash: None,
                state: UserState::Active,
                created_by: None,
                created_at: now,
                updated_at: now,
            }
        })
        .collect();
    for part in rows.chunks(500) {
        let part = part.to_vec();
        let insert = move |c: &mut DbConn| {
            let village = areas::store::by_code(c, VILLAGE)?.expect("the village");
            part.iter().try_for_each(|row| {
                store::insert_user(c, row)?;
                let assignment = AssignmentRow {
                    id: Uid::new(now),
                    version: 1,
                    field_versions: sync::fields::NEW.into(),
                    user_id: row.id,
                    role: Role::FieldMember,
                    area_id: village.id,
                    county: village.county,
                    town: village.town,
                    village: village.village,
                    starts_at: now,
                    ends_at: None,
                    created_by: None,
                    created_at: now,
                    updated_at: now,
                };
                store::insert_assignment(c, &assignment)
            })
        };
        app.data.db.write(insert).await.unwrap();
    }
}

/// A database with rows in every place, and paths that show them.
pub struct Filled {
    pub who: Client,
    pub phone: String,
    pub resident: Value,
    paths: Vec<(Client, String)>,
}

/// What was found about an association's work and done, and how it was rated against its will.
/// An assessment and a veto in which everything was said that can be said.
async fn assessed(app: &TestApp, officer: &Client) {
    let own = app.user(Role::Officer, COUNTY).await;
    let second = app.user(Role::Officer, CITY).await;
    let list = officer.get("/v1/associations?kind=county").await;
    let county = list.expect(200)["items"][0].clone();
    let branch = crate::associations::Branch {
        officer: officer.clone(),
        municipal: Value::Null,
        county: county.clone(),
        township: Value::Null,
        village: Value::Null,
    };
    let (path, codes) = crate::assessment_process::submitted(&own, &branch).await;
    let mut review = crate::assessment_process::findings(&codes, "met");
    for finding in review["findings"].as_array_mut().unwrap() {
        finding["remark"] = json!("已现场核实。");
    }
    officer
        .post(&format!("{path}/review"), review)
        .await
        .expect(200);
    let objection = json!({ "objection": "请复核。" });
    own.post(&format!("{path}/objection"), objection)
        .await
        .expect(200);
    let decision = json!({ "answer": "经复核，改为未完成。",
        "findings": [{ "indicator": "A3", "found": "not_met", "remark": "记录不全。" }] });
    second
        .post(&format!("{path}/decision"), decision)
        .await
        .expect(200);
    let veto = json!({ "association_id": county["id"], "year": 2026, "decided_by": "leading_group", "decided_on": "2026-05-01",
        "reasons": ["organisation"], "statement": "班子长期空缺。" });
    let veto = officer.post("/v1/assessment-vetoes", veto).await;
    let path = at("assessment-vetoes", &veto.expect(201));
    let appeal = json!({ "appealed_on": "2026-05-10", "appeal": "班子已配齐，请复核。" });
    own.post(&format!("{path}/appeal"), appeal)
        .await
        .expect(200);
    let settled =
        json!({ "settled_on": "2026-05-20", "outcome": "upheld", "answer": "经复核，维持。" });
    second
        .post(&format!("{path}/appeal-decision"), settled)
        .await
        .expect(200);
}

async fn works_of_an_association(app: &TestApp) {
    let crate::associations::Branch {
        officer, township, ..
    } = crate::associations::branch(app).await;
    let programme = crate::care::programme(&township, "three_in_one");
    let programme = officer.post("/v1/care-programmes", programme).await;
    let project = crate::care::project(&programme.expect(201));
    officer.post("/v1/care-projects", project).await.expect(201);
    let study = crate::association_studies::study(&township);
    officer.post("/v1/studies", study).await.expect(201);
    let item = crate::association_studies::items(&officer, "").await[0].clone();
    let closure = json!({ "closed_on": "2026-06-20", "outcome": "专户已设立。" });
    let path = format!("{}/closure", at("action-items", &item));
    officer.post(&path, closure).await.expect(200);
    let rating = crate::association_ratings::rating(&township);
    let rating = officer.post("/v1/ratings", rating).await.expect(201);
    let path = at("ratings", &rating);
    let appeal = json!({ "appealed_on": "2026-02-01", "appeal": "会员之家已建成，请复核。" });
    let own = app.user(Role::Officer, TOWN).await;
    own.post(&format!("{path}/appeal"), appeal)
        .await
        .expect(200);
    let answer = json!({ "settled_on": "2026-02-20", "answer": "经复核，评定不变。" });
    let other = app.user(Role::Officer, CITY).await;
    other
        .post(&format!("{path}/appeal-decision"), answer)
        .await
        .expect(200);
    assessed(app, &officer).await;
    // What was found at a site, and what was said against one of the best.
    let market = crate::associations::founded(&officer, "market", TOWN, Some(&township)).await;
    let site = json!({ "kind": "fixed_market", "title": "南湖市场", "area": TOWN, "people": 800, "counted_on": "2026-03-31", "counted_by": "own_report",
        "association_id": market["id"], "linked_on": "2026-03-31" });
    let site = officer.post("/v1/sites", site).await.expect(201);
    let found = json!({ "have": "people", "found": true, "checked_on": "2026-04-01", "evidence": "register", "note": "有专人负责。" });
    let checks = format!("{}/checks", at("sites", &site));
    officer.post(&checks, found).await.expect(201);
    let joined = crate::association_members::joined(&officer, &township).await;
    let nominated = crate::erasure::objected(&officer, &township, &joined).await;
    let selection = json!({ "id": nominated["selection_id"] });
    let objections = format!("{}/objections", at("selections", &selection));
    let objections = officer.get(&objections).await.expect(200);
    let answer = format!("{}/answer", at("objections", &objections["items"][0]));
    let settled =
        json!({ "answered_on": "2026-01-09", "outcome": "dismissed", "answer": "经核实处理。" });
    officer.post(&answer, settled).await.expect(200);
    self_governance(&officer).await;
}

/// What a village did, found and was told.
async fn self_governance(officer: &Client) {
    use crate::self_governance::{at, chain, made};
    let v = chain(officer, VILLAGE).await;
    let done = json!({ "done_on": "2026-06-01", "outcome": "周末值班表已排定。" });
    let path = at("implementations", &v.work, "/completion");
    officer.post(&path, done).await.expect(200);
    let answer = json!({ "answer": "五月起周末开放。", "answered_on": "2026-04-20" });
    let path = at("opinions", &v.opinion, "/answer");
    officer.post(&path, answer).await.expect(200);
    let said = json!({ "area": VILLAGE, "matter": "environment", "shown_on": "2026-05-29", "statement": "骨干会员带头清理河道。" });
    made(officer, "examples", said).await;
    let decided = json!({ "area": VILLAGE, "year": 2026, "qualified": false, "decided_on": "2026-06-10", "note": "记录尚缺。" });
    made(officer, "confirmations", decided).await;
}

pub async fn filled(app: &TestApp) -> Filled {
    let (member, coordinator) = (app.member().await, app.coordinator().await);
    let admin = app.user(Role::Administrator, CITY).await;
    let phone = make::phone();
    let body = make::resident_with(json!({ "phone": phone, "employer": "南湖纺织厂" }));
    let resident = member.post("/v1/residents", body).await.expect(201);
    let (household, _) = make::lived_in(&member).await;
    let home = json!({ "area": VILLAGE, "title": "百福社区会员之家", "site_address": "百福弄1号" });
    let home = coordinator.post("/v1/member-homes", home).await.expect(201);
    let sign = json!({ "present": true, "checked_on": "2026-05-30", "note": "已挂牌" });
    let sign_path = format!("{}/possessions/sign", at("member-homes", &home));
    coordinator.put(&sign_path, sign).await.expect(200);
    let body = json!({ "member_home_id": home["id"], "purpose": "routine", "started_at": "2026-05-29T01:00:00Z",
        "needs_voiced": ["equipment"], "needs_note": "活动室需要更换灯具",
        "opinions": [{ "topic": "activities", "text": "希望周末也开放", "answer_owed": true }],
        "follow_ups": [{ "due_on": "2026-06-12", "task": "联系更换灯具" }] });
    let visit = member.post("/v1/visits", body).await.expect(201);
    let follow_up = format!(
        "/v1/follow-ups/{}",
        visit["follow_ups"][0]["id"].as_str().unwrap()
    );
    let visit = at("visits", &visit);
    member
        .post(&format!("{visit}/submission"), json!({}))
        .await
        .expect(200);
    // What was voiced was referred, and answered.
    let voiced = coordinator.get("/v1/supervision/opinions").await;
    let voiced = at("supervision/opinions", &voiced.expect(200)["items"][0]);
    let today = app.now().china_day().to_string();
    let referral = json!({ "referred_to": "higher_association", "office": "南湖区计划生育协会", "referred_on": today });
    let answer = json!({ "answer": "周末也开放。", "answered_on": today });
    for (noun, body) in [("referral", referral), ("answer", answer)] {
        let path = format!("{voiced}/{noun}");
        coordinator.post(&path, body).await.expect(200);
    }
    works_of_an_association(app).await;
    let back = json!({ "reason": "needs_unclear", "note": "请写明需要几盏灯" });
    coordinator
        .post(&format!("{visit}/return"), back)
        .await
        .expect(200);
    let closed = json!({ "outcome": "solved", "note": "已送到" });
    member
        .post(&format!("{follow_up}/completion"), closed)
        .await
        .expect(200);
    let visited = member
        .post("/v1/visits", make::home_visit(&household))
        .await
        .expect(201);
    let op = amendment(
        app,
        &json!({ "id": new_id(app) }),
        1,
        json!({ "employer": "等待中的工厂" }),
    );
    let held = push_one(app, &member, &op).await;
    let held = format!("/v1/sync/held/{}", held["resting_id"].as_str().unwrap());
    make::subscribed_phone(app, &app.member().await, "token-of-a-phone").await;
    let purposes = ["registration", "liaison_with_home_area"];
    let migrant = crate::support::notices::migrant(&member, OTHER_COUNTY, &purposes).await;
    let mut notice = crate::support::notices::about("registration_notice", &migrant, &["name"]);
    notice["office"] = json!("秀洲区计划生育协会");
    notice["note"] = json!("请协助核对");
    let notice = crate::support::notices::drafted(&member, notice).await;
    let import = sheets::checked(&coordinator, &[sheets::Row::new()]).await;
    let paths = [
        (&coordinator, at("policy-imports", &import)),
        (&member, at("residents", &resident)),
        (&member, at("households", &household)),
        (&coordinator, at("member-homes", &home)),
        (&member, visit),
        (&member, at("visits", &visited)),
        (&member, follow_up),
        (&member, held),
        (&member, at("liaison-notices", &notice)),
        (&admin, format!("/v1/users/{}", member.id)),
    ];
    Filled {
        who: member.clone(),
        phone,
        resident,
        paths: paths.map(|(who, path)| (who.clone(), path)).into(),
    }
}

/// What all its paths show.
pub async fn shown(filled: &Filled) -> Vec<Value> {
    let mut all = Vec::new();
    for (who, path) in &filled.paths {
        all.push(who.get(path).await.expect(200));
    }
    all
}

/// Versions and times of these records, and their feed rows: nothing that a phone would take for a change.
pub fn history(app: &TestApp, until: i64) -> Vec<String> {
    let c = &mut app.connection();
    let mut all = Vec::new();
    for table in [
        "persons",
        "households",
        "users",
        "visits",
        "follow_ups",
        "devices",
        "residents",
    ] {
        let sql = format!(
            "SELECT CAST(count(*) AS BIGINT) AS rows FROM {table} WHERE version = 1 AND updated_at <= {until}"
        );
        let one: Rows = diesel::sql_query(sql).get_result(c).unwrap();
        let sql = format!(
            "SELECT CAST(COALESCE(sum(version), 0) AS BIGINT) AS rows FROM {table} WHERE updated_at <= {until}"
        );
        let sum: Rows = diesel::sql_query(sql).get_result(c).unwrap();
        all.push(format!(
            "{table}: {} of version 1, {} in all",
            one.rows, sum.rows
        ));
    }
    all
}

/// The rows of the feed, with their numbers.
pub fn fed(app: &TestApp) -> BTreeSet<(i64, Option<i64>)> {
    let rows = changes::table.select((changes::seq, changes::pos));
    let rows: Vec<(i64, Option<i64>)> = rows.load(&mut app.connection()).unwrap();
    rows.into_iter().collect()
}

fn finished(c: &mut DbConn, key: u32) -> bool {
    let walks = moves_store::walks(c).unwrap();
    let ended = walks
        .iter()
        .filter(|w| w.is_of(key) && w.finished_at.is_some());
    ended.count() == PLACES.iter().filter(|p| !p.is_index()).count()
}

/// Waits until all is under the newest key.
pub async fn moved(app: &TestApp, key: u32) {
    let (mut c, began) = (app.connection(), Instant::now());
    while !finished(&mut c, key) {
        assert!(
            began.elapsed() < Duration::from_secs(60),
            "{:?}",
            moves_store::walks(&mut c)
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

pub fn newest(app: &TestApp) -> u32 {
    let vault = qianshou::crypto::Vault::open(folder(app)).unwrap();
    vault.current_key_id()
}

/// A node that holds the keys of this app, and whether it moves.
pub fn node(app: &TestApp, moves: bool) -> Process {
    let after = if moves { "0" } else { "604800" };
    let settings = [
        ("keys.dir", folder(app).display().to_string()),
        ("keys.move_after_seconds", after.to_owned()),
    ];
    Process::start(app, &settings, &[])
}

pub const NAMES: &str = "users.display_name";

/// Every colleague's name, page by page.
pub async fn names(who: &Client) -> usize {
    let (mut path, mut count) = ("/v1/users?limit=200".to_owned(), 0);
    loop {
        let page = who.get(&path).await.expect(200);
        let items = page["items"].as_array().unwrap();
        assert!(
            items
                .iter()
                .all(|u| !u["display_name"].as_str().unwrap().is_empty())
        );
        count += items.len();
        let Some(next) = page["next_cursor"].as_str() else {
            return count;
        };
        path = format!("/v1/users?limit=200&cursor={next}");
    }
}
