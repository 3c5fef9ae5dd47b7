//! Keys in the operator's hands: a rotation under load, a kill in the middle of moving, what refuses and why.

use diesel::prelude::*;
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use crate::rotated::*;
use crate::support::make::at;
use crate::support::process::Process;
use crate::support::*;
use qianshou::auth::policy::Role;
use qianshou::db::schema::{key_moves, persons, residents, users};
use qianshou::db::{DbConn, Uid};
use qianshou::privacy::moves::{BATCH, Holds, PLACES};
use qianshou::privacy::moves_store;

#[test]
fn under_load_a_rotation_moves_everything_and_changes_nothing() {
    on_both("0", |app| {
        Box::pin(async move {
            let filled = filled(app).await;
            colleagues(app, 1500).await;
            syncing::numbered(app).await;
            let (before, old) = (shown(&filled).await, newest(app));
            let places: BTreeSet<&str> = PLACES
                .iter()
                .filter(|p| !p.is_index())
                .map(|p| p.at)
                .collect();
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
            let person: Uid = residents::table
                .find(erased)
                .select(residents::person_id)
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
            assert!(done(app, &["doctor"]).contains("ok    moving to the newest key: not begun"));

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
            assert!(refused(app, &["keys", "retire", "4711"]).contains("no key 4711"));
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

/// A node whose folder was not copied runs on with the keys before; it must not move rows back to them.
#[test]
fn a_node_that_missed_a_rotation_moves_nothing_back() {
    if postgres::cluster().is_none() {
        return;
    }
    let keys = scratch().join(format!("keys{}", make::unique()));
    let settings = [
        ("keys.dir", keys.to_str().unwrap()),
        ("keys.move_after_seconds", "0"),
    ];
    run_with(Backend::Postgres, &settings, |app| {
        Box::pin(async move {
            colleagues(app, 300).await;
            done(app, &["keys", "rotate"]);
            let (missed, old) = (newest(app), kit(app));
            moved(app, missed).await;
            let settings = [
                ("keys.dir", old.display().to_string()),
                ("keys.move_after_seconds", "0".to_owned()),
            ];
            let late = Process::start(app, &settings, &[]);
            done(app, &["keys", "rotate"]);
            moved(app, newest(app)).await;
            // Its loops come round every five seconds.
            tokio::time::sleep(Duration::from_secs(7)).await;
            let c = &mut app.connection();
            assert_eq!(still_named_anywhere(c, missed), Vec::<String>::new());
            let walks = moves_store::walks(c).unwrap();
            assert!(walks.iter().all(|w| w.is_of(newest(app))), "{walks:?}");
            drop(late);
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
    let ours = PLACES
        .iter()
        .filter(|p| p.holds == Holds::DataKey)
        .map(|p| p.at.to_owned());
    assert_eq!(wrapped, ours.collect());
}

/// The rows of each index, by the keys that made them.
fn indexed(c: &mut DbConn) -> BTreeMap<&'static str, Vec<(u32, i64)>> {
    let indexes = PLACES.iter().filter(|p| p.is_index());
    indexes
        .map(|p| (p.at, moves_store::named(c, p).unwrap()))
        .collect()
}

#[test]
fn index_keys_are_replaced_while_everybody_is_found() {
    on_both("0", |app| {
        Box::pin(async move {
            let filled = filled(app).await;
            // Somebody with a document, and as many people as make several batches.
            let number = "33049919900101019X";
            let document = json!({ "kind": "resident_id", "number": number });
            let body = make::resident_with(json!({ "document": document, "birth_year": 1990 }));
            let known = filled
                .who
                .post("/v1/residents", body.clone())
                .await
                .expect(201);
            for _ in 0..BATCH + 10 {
                make::registered(&filled.who).await;
            }
            let old = app.data.vault.index_keys()[0].id;
            let c = &mut app.connection();
            assert!(
                indexed(c)
                    .values()
                    .all(|rows| rows.len() == 1 && rows[0].0 == old),
                "{:?}",
                indexed(c)
            );
            let find = async |what: &str, by: Value, id: &Value| {
                let found = filled
                    .who
                    .post("/v1/residents/look-up", by)
                    .await
                    .expect(200);
                assert_eq!(found["resident_ids"], json!([id]), "{what}");
            };
            let (phone, paper) = (
                json!({ "phone": filled.phone }),
                json!({ "document": document }),
            );
            let over = Cell::new(false);
            let looking_up = async {
                let mut times = 0;
                while !over.get() {
                    find("phone", phone.clone(), &filled.resident["id"]).await;
                    find("document", paper.clone(), &known["id"]).await;
                    times += 1;
                }
                times
            };
            let rotating = async {
                tokio::time::sleep(Duration::from_millis(200)).await;
                assert!(done(app, &["keys", "rotate", "--index"]).contains("recovery kit"));
                let until = Instant::now() + Duration::from_secs(60);
                loop {
                    let keys = app.data.vault.index_keys();
                    let new = keys.last().unwrap().id;
                    let moved = |rows: &Vec<(u32, i64)>| rows.len() == 1 && rows[0].0 == new;
                    if keys.len() == 2 && indexed(&mut app.connection()).values().all(moved) {
                        break;
                    }
                    assert!(
                        Instant::now() < until,
                        "{:?}",
                        indexed(&mut app.connection())
                    );
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                over.set(true);
            };
            let (times, ()) = tokio::join!(looking_up, rotating);
            assert!(times > 1);
            // The same document is still seen to be the same; the same push token belongs to one phone.
            let again = filled.who.post("/v1/residents", body).await.expect(201);
            assert_eq!(again["warnings"], json!(["duplicate_suspected"]));
            make::subscribed_phone(app, &app.member().await, "token-of-a-phone").await;
            use qianshou::db::schema::devices;
            let live = devices::table
                .filter(devices::push_token.is_not_null())
                .count();
            assert_eq!(live.get_result::<i64>(c).unwrap(), 1);
            let status = done(app, &["keys", "status"]);
            assert!(
                status.contains("index keys, oldest first")
                    && status.contains("persons.phone_index: done"),
                "{status}"
            );
            // Taken out of the folder, the old keys are missed by nobody.
            let old = old.to_string();
            assert!(refused(app, &["keys", "retire", &old]).contains("less than an hour"));
            two_hours_later(app);
            assert!(done(app, &["keys", "retire", &old]).contains("index key"));
            let until = Instant::now() + Duration::from_secs(20);
            while app.data.vault.index_keys().len() > 1 {
                assert!(Instant::now() < until, "a running node drops them");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            find("phone", phone, &filled.resident["id"]).await;
            let found = filled
                .who
                .post("/v1/residents/look-up", paper)
                .await
                .expect(200);
            assert_eq!(
                found["resident_ids"].as_array().unwrap().len(),
                2,
                "the one who was known, and the second record of theirs"
            );
            let auditor = app.user(Role::Auditor, CITY).await;
            let noted = auditor
                .get("/v1/audit-entries?action=keys.change")
                .await
                .expect(200);
            let what: Vec<&Value> = noted["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|e| &e["facts"]["what"])
                .collect();
            assert_eq!(what, [&json!("index_retired"), &json!("index_rotated")]);
        })
    });
}

#[test]
fn a_database_that_names_index_keys_which_are_not_there_refuses() {
    on_both("604800", |app| {
        Box::pin(async move {
            make::registered(&app.member().await).await;
            let before = kit(app);
            done(app, &["keys", "rotate", "--index"]);
            let after = kit(app);
            put_back(&before, folder(app));
            let said = refused(app, &["keys", "status"]);
            assert!(
                said.contains("lacks index key") && said.contains("recovery kit"),
                "{said}"
            );
            put_back(&after, folder(app));
            let old = app.data.vault.index_keys()[0].id.to_string();
            assert!(done(app, &["keys", "status"]).contains("index: begins with the server"));
            two_hours_later(app);
            // Rows still need the old ones.
            let said = refused(app, &["keys", "retire", &old]);
            assert!(
                said.contains("still needed") && said.contains("persons.phone_index"),
                "{said}"
            );
        })
    });
}
