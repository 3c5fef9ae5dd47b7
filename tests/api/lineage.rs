//! Whether a phone's cursor still speaks of this feed: after starts, restores and failovers.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::both;
use crate::support::feed_reader::{Cursor, Reader, put, put_at};
use crate::support::*;
use qianshou::db::schema::feed_lineage;
use qianshou::db::{DbConn, Micros, Target, Uid, connect, migrate, transact};
use qianshou::jobs::sequencer;
use qianshou::sync::lineage;

fn id() -> Uid {
    Uid::new(Micros(0))
}

fn start(c: &mut DbConn, at: Micros) {
    transact(c, |c| sequencer::note_start(c, at)).unwrap();
}

/// One round of the sequencer.
fn number(c: &mut DbConn) {
    transact(c, |c| sequencer::run(c, Micros(0))).unwrap();
}

/// Registers somebody and pulls until they have come; answers a cursor from then.
async fn registered(member: &Client, reader: &mut Reader) -> Cursor {
    let made = make::registered(member).await;
    reader
        .until(made["id"].as_str().unwrap().parse().unwrap())
        .await;
    reader.cursor()
}

both! {
    async fn a_start_alone_spoils_no_cursor(app) {
        let (member, mut reader, mut c) = (app.member().await, Reader::of(app), app.connection());
        let mut cursors = vec![reader.cursor()];
        for day in [0, 1, -1, -400] {
            cursors.push(registered(&member, &mut reader).await);
            let before = lineage::newest(&mut c).unwrap();
            // Whatever the clock of the node that starts says.
            start(&mut c, app.now().plus(day * Micros::DAY));
            assert_ne!(lineage::newest(&mut c).unwrap(), before);
            cursors.push(reader.cursor());
        }
        assert!(cursors.iter().all(|cursor| cursor.holds(&mut c)));
        let newest = cursors[cursors.len() - 1].pos;
        assert!(!Cursor { pos: newest, ..cursors[0] }.holds(&mut c), "nothing was numbered so far under it");
        assert!(!Cursor { lineage: id(), pos: 0 }.holds(&mut c));
    }

    async fn another_server_is_another_lineage(app) {
        let now = app.now();
        let watch = async || app.data.db.write(move |c| sequencer::watch(c, now)).await.unwrap();
        let count = || feed_lineage::table.count().get_result::<i64>(&mut app.connection()).unwrap();
        assert!(!watch().await && count() == 1, "nothing changed");
        diesel::update(feed_lineage::table).set(feed_lineage::timeline.eq(41)).execute(&mut app.connection()).unwrap();
        // A running node sees it by itself, where there is a cluster; asked, it notes it once.
        let noted = watch().await || count() > 1;
        assert!(noted && count() == 2);
        assert!(!watch().await);
    }
}

/// What is known of a backup: a cursor from before it, one from after it, and when it was made.
struct Backup {
    before: Cursor,
    after: Cursor,
    /// Between the last work that it has and the first that it lacks.
    made: (Micros, Micros),
}

async fn work_and_backup(app: &TestApp, back_up: impl FnOnce()) -> Backup {
    let (member, mut reader) = (app.member().await, Reader::of(app));
    registered(&member, &mut reader).await;
    let begun = app.now();
    let before = registered(&member, &mut reader).await;
    back_up();
    let ended = app.now();
    registered(&member, &mut reader).await;
    // A start after the backup: the backup knows nothing of this lineage.
    let after = registered(&member, &mut reader).await;
    Backup {
        before,
        after,
        made: (begun, ended),
    }
}

/// In the restored database, and as work goes on in it.
async fn restored(backup: &Backup, url: String, backend: Backend) {
    let app = TestApp::start(backend, vec![("database.url", url)]).await;
    let mut c = app.connection();
    let Backup {
        before,
        after,
        made,
    } = backup;
    assert!(before.holds(&mut c) && !after.holds(&mut c));
    // A phone that was told of the lineage that the old server noted at its own next start.
    let unheard = Uid::new(made.1);
    let told = |c: &mut DbConn, lineage| lineage::restored_at(c, lineage).unwrap();
    for lineage in [after.lineage, unheard] {
        assert!(
            !Cursor {
                lineage,
                pos: after.pos
            }
            .holds(&mut c)
        );
        let early = told(&mut c, lineage);
        assert!(
            early < made.1,
            "{lineage}: it has all that was acknowledged until then"
        );
    }
    let close = told(&mut c, after.lineage).plus(10 * Micros::MINUTE);
    assert!(close >= made.0 && close < made.1);
    // Positions are given out a second time, for other changes.
    let member = app.member().await;
    let mut reader = Reader::after(before.pos, app.connection());
    let mut anew = reader.cursor();
    while anew.pos <= after.pos {
        anew = registered(&member, &mut reader).await;
    }
    assert!(reader.seen[0].pos <= after.pos);
    assert!(anew.holds(&mut c) && before.holds(&mut c) && !after.holds(&mut c));
    assert!(told(&mut c, after.lineage) < made.1);
    app.stop().await;
}

#[test]
fn an_older_file_restored() {
    run(Backend::Sqlite, |app| {
        Box::pin(async move {
            let copy = scratch().join(format!("restored{}.db", make::unique()));
            let backup = work_and_backup(app, || {
                let sql = format!("VACUUM INTO '{}'", copy.display());
                app.connection().batch_execute(&sql).unwrap();
            })
            .await;
            let url = format!("sqlite:{}", copy.display());
            restored(&backup, url, Backend::Sqlite).await;
        })
    });
}

/// From when on a phone is told that its work may be missing: the latest that is surely early enough.
#[test]
fn what_is_said_of_a_backup() {
    let file = scratch().join(format!("told{}.db", make::unique()));
    let mut c = connect(&Target::Sqlite(file.display().to_string()), true).unwrap();
    migrate::run(&mut c).unwrap();
    let day = |n: i64| Micros(n * Micros::DAY);
    let told = |c: &mut DbConn, lineage| lineage::restored_at(c, lineage).unwrap();
    let early = |at: Micros| at.plus(-10 * Micros::MINUTE);
    let record = id();
    start(&mut c, day(1));
    let first = lineage::newest(&mut c).unwrap();
    put_at(&mut c, record, 1, day(2));
    // Here a backup was made. The server started again on the third day, and is restored on the fourth.
    let unheard = Uid::new(day(3));
    start(&mut c, day(4));
    for lineage in [first, unheard] {
        assert_eq!(told(&mut c, lineage), early(day(2)));
    }
    // What came later, and when the server starts again, is no matter.
    put_at(&mut c, id(), 1, day(5));
    start(&mut c, day(6));
    for lineage in [first, unheard] {
        assert_eq!(told(&mut c, lineage), early(day(2)));
    }
    // The record that told it has moved on: the start before it is known still.
    put_at(&mut c, record, 2, day(7));
    for lineage in [first, unheard] {
        assert_eq!(told(&mut c, lineage), early(day(1)));
    }
    // Of another future, or no lineage at all.
    let strange = "00000000-0000-4000-8000-000000000000".parse().unwrap();
    for lineage in [Uid::new(day(8)), strange] {
        assert_eq!(told(&mut c, lineage), Micros(0));
    }
}

pub fn url(target: &Target) -> &str {
    match target {
        Target::Postgres(url) => url,
        Target::Sqlite(path) => path,
    }
}

pub fn client_program(name: &str, arguments: &[&str], file: &Path) {
    let done = Command::new(cluster::binaries().unwrap().join(name))
        .args(arguments)
        .arg(file)
        .status()
        .unwrap();
    assert!(done.success(), "{name}");
}

#[test]
fn a_dump_restored() {
    run(Backend::Postgres, |app| {
        Box::pin(async move {
            let file = scratch().join(format!("dump{}", make::unique()));
            let from = url(&app.target);
            let backup = work_and_backup(app, || {
                client_program("pg_dump", &["--format=custom", from, "--file"], &file);
            })
            .await;
            let to = postgres::cluster().unwrap().empty_database();
            client_program("pg_restore", &["--no-owner", "--dbname", &to], &file);
            let mut c = connect(&Target::Postgres(to.clone()), true).unwrap();
            // Without any start: tables made anew are enough, in the same cluster too.
            assert!(sequencer::moved_on(&mut c).unwrap());
            restored(&backup, to, Backend::Postgres).await;
        })
    });
}

/// A database where nothing runs that the test does not run itself.
fn quiet() -> Option<impl Fn() -> DbConn> {
    let target = Target::Postgres(postgres::cluster()?.new_database());
    let open = move || connect(&target, true).unwrap();
    // What an installation begins with stands in the feed already.
    open().batch_execute("DELETE FROM changes").unwrap();
    start(&mut open(), Micros(0));
    Some(open)
}

/// While a start is being noted nobody numbers past the position that it notes.
#[test]
fn no_cursor_overtakes_a_start() {
    let Some(open) = quiet() else { return };
    let (mut node, mut starting, mut c) = (open(), open(), open());
    let mut reader = Reader::after(0, open());
    put(&mut c, id(), 1);
    starting.batch_execute("BEGIN").unwrap();
    sequencer::note_start(&mut starting, Micros(1)).unwrap();
    number(&mut node);
    reader.pull();
    let cursor = reader.cursor();
    starting.batch_execute("COMMIT").unwrap();
    assert!(cursor.holds(&mut c));
    number(&mut node);
    reader.pull();
    assert!(reader.cursor().pos > cursor.pos && reader.cursor().holds(&mut c));
}

/// The newest row of all changes again and waits: its position was given out all the same.
#[test]
fn a_position_that_was_given_up_still_counts() {
    let Some(open) = quiet() else { return };
    let (mut c, mut reader, last) = (open(), Reader::after(0, open()), id());
    put(&mut c, id(), 1);
    put(&mut c, last, 1);
    number(&mut c);
    reader.pull();
    let cursor = reader.cursor();
    put(&mut c, last, 2);
    start(&mut c, Micros(1));
    assert!(cursor.holds(&mut c));
    number(&mut c);
    reader.pull();
    assert_eq!(reader.seen.len(), 3);
}

/// A node that runs on while its database is another one notes that before it numbers anything.
#[test]
fn nothing_is_numbered_under_the_lineage_before() {
    let Some(open) = quiet() else { return };
    let (mut c, mut reader) = (open(), Reader::after(0, open()));
    put(&mut c, id(), 1);
    number(&mut c);
    reader.pull();
    let known = reader.cursor();
    // As a server that went on says, of which this database knows nothing.
    let lost = Cursor {
        pos: known.pos + 1,
        ..known
    };
    diesel::update(feed_lineage::table)
        .set(feed_lineage::instance.eq("another"))
        .execute(&mut c)
        .unwrap();
    put(&mut c, id(), 1);
    number(&mut c);
    reader.pull();
    let fresh = reader.cursor();
    assert_eq!(fresh.pos, lost.pos);
    assert!(known.holds(&mut c) && fresh.holds(&mut c) && !lost.holds(&mut c));
}

fn eventually(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !done() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A replica takes over that had not yet heard of all: what phones pulled beyond it is taken back.
#[test]
fn a_replica_promoted() {
    let (Some(_), Some(bin)) = (postgres::cluster(), cluster::binaries()) else {
        return;
    };
    let quick = "-c fsync=off -c shared_buffers=32MB";
    let primary = cluster::start(&bin, place::place(), quick);
    let mut c = connect(&Target::Postgres(primary.make("q")), true).unwrap();
    migrate::run(&mut c).unwrap();
    start(&mut c, Micros(1));
    let mut phone = Reader::after(
        0,
        connect(&Target::Postgres(primary.url("q")), true).unwrap(),
    );
    let step = |c: &mut DbConn, phone: &mut Reader| {
        let record = id();
        put(c, record, 1);
        number(c);
        phone.pull();
        (record, phone.cursor())
    };
    let (_, early) = step(&mut c, &mut phone);
    let replica = cluster::replica(&bin, &primary, quick);
    let followed = Target::Postgres(replica.url("q"));
    let mut there = Reader::after(0, connect(&followed, true).unwrap());
    let (streamed, late) = step(&mut c, &mut phone);
    // Has no position yet when the replica hears of it; the old primary gives it one, and so will the replica.
    let both = id();
    put(&mut c, both, 1);
    let mut new = connect(&followed, true).unwrap();
    eventually("the replica follows", || {
        there.pull();
        there.has(streamed) && feed_reader::waiting(&mut new) == 1
    });
    new.batch_execute("ALTER SYSTEM SET primary_conninfo = ''")
        .unwrap();
    new.batch_execute("SELECT pg_reload_conf()").unwrap();
    eventually("the replica is cut off", || {
        let receivers = diesel::sql_query("SELECT 1 FROM pg_stat_wal_receiver");
        receivers.execute(&mut new).unwrap() == 0
    });
    let (_, lost) = step(&mut c, &mut phone);
    assert_eq!(lost.pos, late.pos + 2);
    drop(c);
    drop(primary);
    new.batch_execute("SELECT pg_promote()").unwrap();

    // A node that runs on finds the new primary: it numbers as ever.
    let mut phone = Reader::after(late.pos, connect(&followed, true).unwrap());
    let (made, anew) = step(&mut new, &mut phone);
    assert_eq!(anew.pos, lost.pos, "given out twice");
    assert_eq!(
        phone.seen.iter().map(|r| r.record).collect::<Vec<_>>(),
        [both, made]
    );
    assert!(early.holds(&mut new) && late.holds(&mut new) && anew.holds(&mut new));
    assert!(!lost.holds(&mut new));
    let one_less = Cursor {
        pos: lost.pos - 1,
        ..lost
    };
    assert!(
        !one_less.holds(&mut new),
        "the same change by chance, which nobody can know"
    );
}
