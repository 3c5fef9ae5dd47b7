//! The feed on PostgreSQL, where rows get their positions after their commit: whoever pulls misses nothing
//! and gets nothing twice, whatever becomes of those who write and of those who number.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use std::cell::Cell;
use std::time::{Duration, Instant};

use crate::support::feed_reader::{Reader, put, put_many, waiting};
use crate::support::process::Process;
use crate::support::*;
use qianshou::db::{DbConn, Micros, Target, Uid, connect, transact};
use qianshou::jobs::sequencer;

fn id() -> Uid {
    Uid::new(Micros(0))
}

fn id_of(record: &Value) -> Uid {
    record["id"].as_str().unwrap().parse().unwrap()
}

/// A writer of one's own, in the midst of a transaction.
fn begun(mut c: DbConn) -> DbConn {
    c.batch_execute("BEGIN").unwrap();
    c
}

#[test]
fn a_writer_held_open_for_seconds_is_skipped_by_nobody() {
    run(Backend::Postgres, |app| {
        Box::pin(async move {
            let (member, slow) = (app.member().await, id());
            let (mut reader, mut writer) = (Reader::of(app), begun(app.connection()));
            put(&mut writer, slow, 1);
            for _ in 0..6 {
                let made = make::registered(&member).await;
                reader.until(id_of(&made)).await;
                tokio::time::sleep(Duration::from_millis(350)).await;
            }
            assert!(!reader.has(slow), "nobody waits for the slow one");
            writer.batch_execute("COMMIT").unwrap();
            reader.until(slow).await;
            assert_eq!(
                reader.seen.last().unwrap().record,
                slow,
                "it comes last, though its row was written first"
            );
            reader.missed_and_repeated_nothing().await;
        })
    });
}

#[test]
fn a_writer_in_another_database_of_the_cluster_stalls_nothing() {
    run(Backend::Postgres, |app| {
        Box::pin(async move {
            let elsewhere = Target::Postgres(postgres::cluster().unwrap().new_database());
            let mut writer = begun(connect(&elsewhere, true).unwrap());
            put(&mut writer, id(), 1);
            let (member, mut reader) = (app.member().await, Reader::of(app));
            for _ in 0..3 {
                let made = make::registered(&member).await;
                reader.until(id_of(&made)).await;
            }
            writer.batch_execute("COMMIT").unwrap();
            reader.missed_and_repeated_nothing().await;
        })
    });
}

#[test]
fn a_writer_that_rolls_back_leaves_nothing_to_wait_for() {
    run(Backend::Postgres, |app| {
        Box::pin(async move {
            let (member, lost) = (app.member().await, id());
            let (mut reader, mut writer) = (Reader::of(app), begun(app.connection()));
            put(&mut writer, lost, 1);
            let made = make::registered(&member).await;
            reader.until(id_of(&made)).await;
            writer.batch_execute("ROLLBACK").unwrap();
            // Nor does one whose connection is gone in the midst of it.
            let mut writer = begun(app.connection());
            put(&mut writer, lost, 1);
            drop(writer);
            let made = make::registered(&member).await;
            reader.until(id_of(&made)).await;
            reader.missed_and_repeated_nothing().await;
            assert!(!reader.has(lost));
        })
    });
}

#[test]
fn savepoints_count_when_they_stand_at_the_commit() {
    run(Backend::Postgres, |app| {
        Box::pin(async move {
            let member = app.member().await;
            let [first, lost, kept, inner] = [id(), id(), id(), id()];
            let (mut reader, mut writer) = (Reader::of(app), begun(app.connection()));
            put(&mut writer, first, 1);
            writer.batch_execute("SAVEPOINT a").unwrap();
            put(&mut writer, lost, 1);
            put(&mut writer, first, 2);
            writer.batch_execute("ROLLBACK TO a").unwrap();
            writer.batch_execute("SAVEPOINT b").unwrap();
            put(&mut writer, kept, 1);
            let made = make::registered(&member).await;
            reader.until(id_of(&made)).await;
            writer.batch_execute("SAVEPOINT c").unwrap();
            put(&mut writer, inner, 1);
            put(&mut writer, kept, 2);
            writer.batch_execute("RELEASE b; COMMIT").unwrap();
            for record in [first, kept, inner] {
                reader.until(record).await;
            }
            reader.missed_and_repeated_nothing().await;
            let versions = |record| {
                let of = reader.seen.iter().filter(|r| r.record == record);
                of.map(|r| r.version).collect::<Vec<_>>()
            };
            assert_eq!(
                [versions(first), versions(lost), versions(kept)],
                [vec![1], vec![], vec![2]]
            );
        })
    });
}

/// One round of the sequencer.
fn number(c: &mut DbConn) {
    transact(c, |c| sequencer::run(c, Micros(0))).unwrap();
}

/// A database where nothing runs that the test does not run itself.
fn quiet() -> Option<impl Fn() -> DbConn> {
    let target = Target::Postgres(postgres::cluster()?.new_database());
    let open = move || connect(&target, true).unwrap();
    // What an installation begins with stands in the feed already.
    open().batch_execute("DELETE FROM changes").unwrap();
    transact(&mut open(), |c| sequencer::note_start(c, Micros(0))).unwrap();
    Some(open)
}

#[test]
fn a_waiting_row_that_somebody_changes_holds_up_no_other() {
    let Some(open) = quiet() else { return };
    let (mut c, mut reader) = (open(), Reader::after(0, open()));
    let [held, other] = [id(), id()];
    put(&mut c, held, 1);
    let mut writer = begun(open());
    put(&mut writer, held, 2);
    put(&mut c, other, 1);
    // It would be an error after this time.
    c.batch_execute("SET lock_timeout = '500ms'").unwrap();
    number(&mut c);
    reader.pull();
    assert!(reader.has(other) && !reader.has(held));
    writer.batch_execute("COMMIT").unwrap();
    number(&mut c);
    reader.pull();
    let last = reader.seen.last().unwrap();
    assert_eq!((last.record, last.version), (held, 2));
    assert_eq!(reader.seen.len(), 2);
}

#[test]
fn while_one_node_numbers_another_has_nothing_to_do() {
    let Some(open) = quiet() else { return };
    let (mut one, mut other, mut c) = (begun(open()), open(), open());
    put(&mut c, id(), 1);
    sequencer::run(&mut one, Micros(0)).unwrap();
    put(&mut c, id(), 1);
    other.batch_execute("SET lock_timeout = '500ms'").unwrap();
    number(&mut other);
    assert_eq!(waiting(&mut c), 2);
    one.batch_execute("COMMIT").unwrap();
    assert_eq!(waiting(&mut c), 1);
    number(&mut other);
    assert_eq!(waiting(&mut c), 0);
}

/// A node that freezes in the midst of its numbering is cut off, and others go on.
#[test]
fn a_frozen_node_is_cut_off() {
    let Some(open) = quiet() else { return };
    let (mut frozen, mut c) = (begun(open()), open());
    put(&mut c, id(), 1);
    sequencer::run(&mut frozen, Micros(0)).unwrap();
    let deadline = Instant::now() + Duration::from_secs(15);
    while waiting(&mut c) > 0 {
        assert!(Instant::now() < deadline, "nobody else may number");
        std::thread::sleep(Duration::from_millis(100));
        number(&mut c);
    }
    assert!(frozen.batch_execute("COMMIT").is_err());
}

/// Does this work while somebody pulls all the time.
async fn pulled_throughout(reader: &mut Reader, work: impl Future<Output = ()>) {
    let done = Cell::new(false);
    let working = async {
        work.await;
        done.set(true);
    };
    let reading = async {
        while !done.get() {
            reader.pull();
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
    };
    tokio::join!(working, reading);
}

#[test]
fn two_nodes_number_nothing_twice_and_skip_nothing() {
    run(Backend::Postgres, |app| {
        Box::pin(async move {
            let member = app.member().await;
            app.pause().await;
            let nodes = [Process::start(app, &[], &[]), Process::start(app, &[], &[])];
            let registering = nodes.iter().map(|node| {
                let member = member.at(&node.url);
                async move {
                    let mut made = Vec::new();
                    for _ in 0..25 {
                        made.push(id_of(&make::registered(&member).await));
                    }
                    made
                }
            });
            let target = app.target.clone();
            // Writers that overlap: each commits while the next one is already open.
            let importing = tokio::task::spawn_blocking(move || {
                let open = || connect(&target, true).unwrap();
                let mut before = begun(open());
                for _ in 0..12 {
                    let mut next = begun(open());
                    put_many(&mut next, 900);
                    before.batch_execute("COMMIT").unwrap();
                    before = next;
                }
                before.batch_execute("COMMIT").unwrap();
            });
            let (mut reader, mut made) = (Reader::of(app), Vec::new());
            pulled_throughout(&mut reader, async {
                let (registered, imported) =
                    tokio::join!(futures_util::future::join_all(registering), importing);
                imported.unwrap();
                made = registered.concat();
            })
            .await;
            reader.missed_and_repeated_nothing().await;
            assert!(made.len() == 50 && made.into_iter().all(|id| reader.has(id)));
            assert!(reader.seen.len() >= 12 * 900 + 50);
        })
    });
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// Sessions that are numbering rows of this database at this moment.
fn numbering(c: &mut DbConn) -> i64 {
    let found: Count = diesel::sql_query(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' \
         AND pid <> pg_backend_pid() AND query LIKE '%UPDATE changes SET pos%'",
    )
    .get_result(c)
    .unwrap();
    found.count
}

#[test]
fn killed_in_the_midst_of_numbering() {
    run(Backend::Postgres, |app| {
        Box::pin(async move {
            app.pause().await;
            let (mut reader, mut c) = (Reader::of(app), app.connection());
            // What an installation begins with stands in the feed already.
            let already: i64 = qianshou::db::schema::changes::table
                .count()
                .get_result(&mut c)
                .unwrap();
            put_many(&mut c, 30_000);
            // Its numbers written and not yet committed: there a batch stays for a while.
            c.batch_execute(
                "CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.4); RETURN NULL; END'; \
                 CREATE TRIGGER linger AFTER UPDATE ON changes FOR EACH STATEMENT EXECUTE FUNCTION linger()",
            )
            .unwrap();
            for round in 0..2 {
                let before = waiting(&mut c);
                let node = Process::start(app, &[], &[]);
                pulled_throughout(&mut reader, async {
                    let deadline = Instant::now() + Duration::from_secs(15);
                    // Something is numbered, and more is just being numbered.
                    while waiting(&mut c) == before || numbering(&mut c) == 0 {
                        assert!(Instant::now() < deadline, "round {round}: nothing numbers");
                        tokio::time::sleep(Duration::from_millis(3)).await;
                    }
                    node.kill();
                })
                .await;
                assert!(waiting(&mut c) > 0, "round {round}: killed too late");
            }
            c.batch_execute("DROP TRIGGER linger ON changes").unwrap();
            let node = Process::start(app, &[], &[]);
            reader.missed_and_repeated_nothing().await;
            assert_eq!(reader.seen.len() as i64, 30_000 + already);
            node.kill();
        })
    });
}
