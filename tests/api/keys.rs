//! Keys in the operator's hands: a rotation under load, a kill in the middle of moving, what refuses and why.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use std::cell::Cell;
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
use qianshou::db::schema::{changes, key_moves, persons, users};
use qianshou::db::{DbConn, Uid};
use qianshou::privacy::moves::{BATCH, PLACES};
use qianshou::privacy::moves_store;
use qianshou::{areas, sync};

/// Runs on both databases, each time with keys of its own that move this many seconds after a rotation.
fn on_both(after: &str, body: for<'a> fn(&'a TestApp) -> Pin<Box<dyn Future<Output = ()> + 'a>>) {
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

fn folder(app: &TestApp) -> &Path {
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

fn done(app: &TestApp, arguments: &[&str]) -> String {
    let output = command(app, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", text(&output));
    text(&output)
}

fn refused(app: &TestApp, arguments: &[&str]) -> String {
    let output = command(app, arguments);
    assert!(!output.status.success(), "{arguments:?}: {}", text(&output));
    text(&output)
}

/// Makes every key two hours older, as time would.
fn two_hours_later(app: &TestApp) {
    let path = folder(app).join("keyring.json");
    let mut ring: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    for key in ring["field"].as_array_mut().unwrap() {
        key["created"] = json!(key["created"].as_u64().unwrap() - 7200);
    }
    let draft = folder(app).join("draft");
    std::fs::copy(&path, &draft).unwrap();
    std::fs::write(&draft, ring.to_string()).unwrap();
    std::fs::rename(&draft, &path).unwrap();
}

/// A copy of the key folder as it stands, as an operator makes it.
fn kit(app: &TestApp) -> PathBuf {
    let kit = scratch().join(format!("kit{}", make::unique()));
    put_back(folder(app), &kit);
    kit
}

fn put_back(kit: &Path, folder: &Path) {
    let copied = std::process::Command::new("sh")
        .args(["-c", "rm -rf \"$2\" && cp -a \"$1\" \"$2\"", "sh"])
        .args([kit, folder])
        .status();
    assert!(copied.unwrap().success());
}

/// Rows under a field key, by place.
fn under(c: &mut DbConn, key: u32) -> BTreeMap<&'static str, i64> {
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
fn byte_columns(c: &mut DbConn) -> Vec<(String, String)> {
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
fn still_named_anywhere(c: &mut DbConn, key: u32) -> Vec<String> {
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
async fn colleagues(app: &TestApp, many: usize) {
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
struct Filled {
    who: Client,
    phone: String,
    resident: Value,
    paths: Vec<(Client, String)>,
}

async fn filled(app: &TestApp) -> Filled {
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
    let paths = [
        (&member, at("residents", &resident)),
        (&member, at("households", &household)),
        (&coordinator, at("member-homes", &home)),
        (&member, visit),
        (&member, at("visits", &visited)),
        (&member, follow_up),
        (&member, held),
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
async fn shown(filled: &Filled) -> Vec<Value> {
    let mut all = Vec::new();
    for (who, path) in &filled.paths {
        all.push(who.get(path).await.expect(200));
    }
    all
}

/// Versions and times of these records, and their feed rows: nothing that a phone would take for a change.
fn history(app: &TestApp, until: i64) -> Vec<String> {
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
fn fed(app: &TestApp) -> BTreeSet<(i64, Option<i64>)> {
    let rows = changes::table.select((changes::seq, changes::pos));
    let rows: Vec<(i64, Option<i64>)> = rows.load(&mut app.connection()).unwrap();
    rows.into_iter().collect()
}

fn finished(c: &mut DbConn, key: u32) -> bool {
    let walks = moves_store::walks(c).unwrap();
    let ended = walks
        .iter()
        .filter(|w| w.is_of(key) && w.finished_at.is_some());
    ended.count() == PLACES.len()
}

/// Waits until all is under the newest key.
async fn moved(app: &TestApp, key: u32) {
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

fn newest(app: &TestApp) -> u32 {
    let vault = qianshou::crypto::Vault::open(folder(app)).unwrap();
    vault.current_key_id()
}

#[test]
fn under_load_a_rotation_moves_everything_and_changes_nothing() {
    on_both("0", |app| {
        Box::pin(async move {
            let filled = filled(app).await;
            colleagues(app, 1500).await;
            syncing::numbered(app).await;
            let (before, old) = (shown(&filled).await, newest(app));
            let places: BTreeSet<&str> = PLACES.iter().map(|p| p.at).collect();
            let c = &mut app.connection();
            assert_eq!(
                under(c, old).into_keys().collect::<BTreeSet<_>>(),
                places,
                "rows in every place"
            );
            // Somebody erased keeps no key, and gets none.
            let erased = make::registered(&filled.who).await;
            let erased: Uid = at("x", &erased)
                .rsplit('/')
                .next()
                .unwrap()
                .parse()
                .unwrap();
            let person: Uid = qianshou::db::schema::residents::table
                .find(erased)
                .select(qianshou::db::schema::residents::person_id)
                .first(c)
                .unwrap();
            diesel::update(persons::table.find(person))
                .set((
                    persons::state.eq("erased"),
                    persons::data_key.eq(Vec::<u8>::new()),
                ))
                .execute(c)
                .unwrap();
            syncing::numbered(app).await;
            let (until, feed) = (app.now().0, fed(app));
            let changed_by_nobody = history(app, until);

            let over = Cell::new(false);
            let registered = Cell::new(0);
            let registering = async {
                while !over.get() {
                    make::registered(&filled.who).await;
                    registered.set(registered.get() + 1);
                }
            };
            let looking_up = async {
                let mut times = 0;
                while !over.get() {
                    let found = filled
                        .who
                        .post("/v1/residents/look-up", json!({ "phone": filled.phone }))
                        .await
                        .expect(200);
                    assert_eq!(found["resident_ids"], json!([filled.resident["id"]]));
                    assert_eq!(shown(&filled).await, before, "readable at every moment");
                    times += 1;
                }
                times
            };
            let rotating = async {
                tokio::time::sleep(Duration::from_millis(200)).await;
                assert!(done(app, &["keys", "rotate"]).contains("recovery kit"));
                moved(app, newest(app)).await;
                over.set(true);
            };
            let (_, times, ()) = tokio::join!(registering, looking_up, rotating);
            assert!(times > 1 && registered.get() > 5, "{times} {registered:?}");

            assert_eq!(shown(&filled).await, before);
            assert_eq!(still_named_anywhere(c, old), Vec::<String>::new());
            assert!(under(c, newest(app))["users.display_name"] >= 1500);
            assert_eq!(history(app, until), changed_by_nobody);
            let key: Vec<u8> = persons::table
                .find(person)
                .select(persons::data_key)
                .first(c)
                .unwrap();
            assert!(key.is_empty(), "what was erased stays erased");
            assert!(fed(app).is_superset(&feed), "no feed row was written anew");
        })
    });
}

/// A node that holds the keys of this app, and whether it moves.
fn node(app: &TestApp, moves: bool) -> Process {
    let after = if moves { "0" } else { "604800" };
    let settings = [
        ("keys.dir", folder(app).display().to_string()),
        ("keys.move_after_seconds", after.to_owned()),
    ];
    Process::start(app, &settings, &[])
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Came {
    done: i64,
    total: i64,
    moved: i64,
    started_at: i64,
}

fn came(c: &mut DbConn, place: &str) -> Option<Came> {
    let row = key_moves::table
        .find(place)
        .select((
            key_moves::done,
            key_moves::total,
            key_moves::moved,
            key_moves::started_at,
        ))
        .first(c)
        .optional();
    let row: Option<(i64, i64, i64, i64)> = row.unwrap();
    row.map(|(done, total, moved, started_at)| Came {
        done,
        total,
        moved,
        started_at,
    })
}

const NAMES: &str = "users.display_name";

/// Every colleague's name, page by page.
async fn names(who: &Client) -> usize {
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

#[test]
fn a_kill_in_the_middle_loses_nothing_and_any_node_goes_on() {
    on_both("604800", |app| {
        Box::pin(async move {
            let admin = app.user(Role::Administrator, CITY).await;
            make::registered(&app.member().await).await;
            colleagues(app, 6000).await;
            let (c, old) = (&mut app.connection(), newest(app));
            let many = under(c, old)[NAMES];
            app.pause().await;
            done(app, &["keys", "rotate"]);
            two_hours_later(app);
            let new = newest(app);
            assert!(done(app, &["keys", "status"]).contains("begins with the server"));

            let first = node(app, true);
            let began = Instant::now();
            while came(c, NAMES).is_none_or(|came| came.done < 2 * BATCH) {
                assert!(
                    began.elapsed() < Duration::from_secs(30),
                    "it does not begin"
                );
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            first.kill();
            let stopped = came(c, NAMES).unwrap();
            let (left, over) = (under(c, old)[NAMES], under(c, new)[NAMES]);
            assert!(
                stopped.done < stopped.total,
                "killed in the middle: {stopped:?}"
            );
            assert_eq!(
                (left, over),
                (many - stopped.moved, stopped.moved),
                "what is noted is what was moved"
            );

            // A node that does not move shows all of it, under either key.
            let still = node(app, false);
            assert!(names(&admin.at(&still.url)).await >= 6000);
            assert_eq!(came(c, NAMES), Some(stopped), "nobody moves now");
            let status = done(app, &["keys", "status"]);
            let progress = format!(
                "{NAMES}: {} of {} rows looked at",
                stopped.done, stopped.total
            );
            assert!(status.contains(&progress), "{status}");
            assert!(status.contains(&format!("{left} in {NAMES}")), "{status}");
            let doctor = done(app, &["doctor"]);
            assert!(
                doctor.contains("ok    moving to the newest key: under way"),
                "{doctor}"
            );
            let needed = refused(app, &["keys", "retire", &old.to_string()]);
            assert!(needed.contains(&format!("{left} in {NAMES}")), "{needed}");
            drop(still);

            // Where there can be two, two go on at once, and no row is moved twice.
            let second = node(app, true);
            let third = (app.backend == Backend::Postgres).then(|| node(app, true));
            moved(app, new).await;
            let end = came(c, NAMES).unwrap();
            assert_eq!((end.moved, end.started_at), (many, stopped.started_at));
            assert_eq!(still_named_anywhere(c, old), Vec::<String>::new());
            assert!(names(&admin.at(&second.url)).await >= 6000);
            drop((second, third));
            let doctor = done(app, &["doctor"]);
            assert!(
                doctor.contains("ok    moving to the newest key: all is under"),
                "{doctor}"
            );

            // Nothing names the old key: it may go, and everything opens without it.
            assert!(refused(app, &["keys", "retire", &new.to_string()]).contains("current"));
            assert!(refused(app, &["keys", "retire", "4711"]).contains("no field key 4711"));
            let with_both = kit(app);
            assert!(done(app, &["keys", "retire", &old.to_string()]).contains("Backups"));
            let last = node(app, true);
            assert!(names(&admin.at(&last.url)).await >= 6000);
            drop(last);
            assert!(!done(app, &["keys", "status"]).contains(&old.to_string()));
            // A machine that still has it does not bring it back.
            let newer = kit(app);
            put_back(&with_both, folder(app));
            done(app, &["doctor"]);
            done(app, &["keys", "status"]);
            put_back(&newer, folder(app));
            assert!(done(app, &["doctor"]).contains("1 field keys"));
        })
    });
}

#[test]
fn a_key_replaced_a_moment_ago_stays() {
    on_both("0", |app| {
        Box::pin(async move {
            let old = newest(app);
            done(app, &["keys", "rotate"]);
            moved(app, newest(app)).await;
            assert_eq!(under(&mut app.connection(), old), BTreeMap::new());
            let said = refused(app, &["keys", "retire", &old.to_string()]);
            assert!(said.contains("less than an hour ago"), "{said}");
        })
    });
}

#[test]
fn rows_written_behind_the_walk_are_found_when_their_key_is_to_go() {
    on_both("0", |app| {
        Box::pin(async move {
            let member = app.member().await;
            let old = kit(app);
            let (gone, held) = (newest(app), qianshou::crypto::Vault::open(&old).unwrap());
            done(app, &["keys", "rotate"]);
            moved(app, newest(app)).await;
            two_hours_later(app);
            // A node that has not taken the rotation up writes a name.
            let late = held.seal(NAMES, member.id.0, "迟到").unwrap();
            let c = &mut app.connection();
            diesel::update(users::table.find(member.id))
                .set(users::display_name.eq(late))
                .execute(c)
                .unwrap();
            assert!(
                refused(app, &["keys", "retire", &gone.to_string()])
                    .contains(&format!("1 in {NAMES}"))
            );
            moved(app, newest(app)).await;
            for _ in 0..500 {
                if under(c, gone).is_empty() {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            done(app, &["keys", "retire", &gone.to_string()]);
            assert_eq!(
                member.get("/v1/me").await.expect(200)["display_name"],
                "迟到"
            );
        })
    });
}

#[test]
fn a_damaged_row_stops_nothing_and_keeps_its_key() {
    on_both("0", |app| {
        Box::pin(async move {
            let (member, old) = (app.member().await, newest(app));
            colleagues(app, 300).await;
            let mut damaged = app.data.vault.seal(NAMES, member.id.0, "张三").unwrap();
            *damaged.last_mut().unwrap() ^= 1;
            let c = &mut app.connection();
            diesel::update(users::table.find(member.id))
                .set(users::display_name.eq(damaged))
                .execute(c)
                .unwrap();
            done(app, &["keys", "rotate"]);
            moved(app, newest(app)).await;
            two_hours_later(app);
            assert_eq!(under(c, old), BTreeMap::from([(NAMES, 1)]));
            assert!(
                refused(app, &["keys", "retire", &old.to_string()])
                    .contains(&format!("1 in {NAMES}"))
            );
            moved(app, newest(app)).await;
            assert!(done(app, &["keys", "status"]).contains("1 CANNOT BE OPENED"));
            assert!(
                refused(app, &["doctor"])
                    .contains("BAD   moving to the newest key: 1 rows cannot be opened")
            );
        })
    });
}

#[test]
fn a_database_that_names_a_missing_key_refuses_and_says_how_to_recover() {
    on_both("604800", |app| {
        Box::pin(async move {
            make::registered(&app.member().await).await;
            app.pause().await;
            done(app, &["keys", "status"]);
            let before = kit(app);
            done(app, &["keys", "rotate"]);
            let (after, new) = (kit(app), newest(app).to_string());
            put_back(&before, folder(app));
            for arguments in [
                &["serve"][..],
                &["keys", "status"],
                &["keys", "rotate"],
                &["doctor"],
            ] {
                let said = refused(app, arguments);
                assert!(said.contains(&format!("lacks field key {new}")), "{said}");
                assert!(
                    said.contains("newest recovery kit") && said.contains("never make new keys"),
                    "{said}"
                );
            }
            assert_eq!(
                newest(app),
                qianshou::crypto::Vault::open(&before)
                    .unwrap()
                    .current_key_id(),
                "nothing was made"
            );
            put_back(&after, folder(app));
            assert!(done(app, &["keys", "status"]).contains(&new));
            node(app, false).kill();
        })
    });
}

/// Whatever the register says is sealed under the ring, and every wrapped key there is, can be moved.
#[test]
fn everything_under_the_ring_can_be_moved() {
    use qianshou::privacy::resting::{Key, RESTING};
    let places: BTreeSet<String> = PLACES.iter().map(|p| p.at.to_owned()).collect();
    assert_eq!(places.len(), PLACES.len());
    for rest in RESTING {
        for (column, key) in rest.sealed {
            let at = format!("{}.{column}", rest.table);
            assert!(*key != Key::Ring || places.contains(&at), "{at}");
        }
    }
    let path = scratch().join(format!("keys{}.db", make::unique()));
    let target = qianshou::db::Target::Sqlite(path.display().to_string());
    let mut c = qianshou::db::connect(&target, true).unwrap();
    qianshou::db::migrate::run(&mut c).unwrap();
    let wrapped = byte_columns(&mut c)
        .into_iter()
        .filter(|(_, col)| col.ends_with("data_key"));
    let wrapped: BTreeSet<String> = wrapped.map(|(tab, col)| format!("{tab}.{col}")).collect();
    let ours = PLACES.iter().filter(|p| p.wraps).map(|p| p.at.to_owned());
    assert_eq!(wrapped, ours.collect());
}
