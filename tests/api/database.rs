//! The database facade: group commit, lost transactions, bounded queues.

use crate::both;
use crate::support::*;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use qianshou::db::schema::meta;
use qianshou::db::{DbConn, Violation, violation};
use qianshou::error::{AppError, Code};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Barrier};

fn put(c: &mut DbConn, key: &str) -> Result<(), AppError> {
    diesel::insert_into(meta::table)
        .values((meta::key.eq(key), meta::value.eq("x")))
        .execute(c)?;
    Ok(())
}

fn count(c: &mut DbConn, prefix: &str) -> i64 {
    meta::table
        .filter(meta::key.ge(prefix.to_owned()))
        .filter(meta::key.lt(format!("{prefix}~")))
        .count()
        .get_result(c)
        .unwrap()
}

/// Holds the writer until every job of a batch stands in the queue behind it.
async fn queued_together<T: Send + 'static>(
    app: &TestApp,
    jobs: Vec<impl std::future::Future<Output = Result<T, AppError>>>,
) -> Vec<Result<T, AppError>> {
    let (entered, release) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
    let (e, r) = (entered.clone(), release.clone());
    let blocker = app.data.db.write(move |_| {
        e.wait();
        r.wait();
        Ok(())
    });
    let gate = async {
        tokio::task::spawn_blocking(move || entered.wait())
            .await
            .unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(150)).await;
        tokio::task::spawn_blocking(move || release.wait())
            .await
            .unwrap();
    };
    let work = async {
        tokio::time::sleep(std::time::Duration::from_millis(60)).await;
        futures_util::future::join_all(jobs).await
    };
    let (blocked, (), results) = tokio::join!(blocker, gate, work);
    blocked.unwrap();
    results
}

both! {
    async fn a_failing_or_panicking_write_rolls_back_alone(app) {
        let db = &app.data.db;
        let jobs = (0..30).map(|n| db.write(move |c| {
            put(c, &format!("a{n:02}"))?;
            match n % 3 {
                0 => Ok(()),
                1 => Err(AppError::of(Code::NotFound)),
                _ => panic!("a planned panic of this test"),
            }
        })).collect();
        let results = queued_together(app, jobs).await;
        assert_eq!(results.iter().filter(|r| r.is_ok()).count(), 10);
        assert_eq!(count(&mut app.connection(), "a"), 10);
    }

    async fn a_panic_inside_a_nested_transaction_leaves_a_usable_writer(app) {
        let done = app.data.db.write(|c| c.transaction::<(), AppError, _>(|c| {
            put(c, "n1")?;
            panic!("a planned panic of this test")
        })).await;
        assert!(done.is_err());
        app.data.db.write(|c| put(c, "n2")).await.unwrap();
        assert_eq!(count(&mut app.connection(), "n"), 1);
    }

    async fn a_unique_key_is_recognised(app) {
        let seen = app.data.db.write(|c| {
            put(c, "u")?;
            let again = c.transaction(|c| diesel::insert_into(meta::table).values((meta::key.eq("u"), meta::value.eq("y"))).execute(c));
            Ok(violation(&again.unwrap_err()))
        }).await.unwrap();
        assert_eq!(seen, Some(Violation::Unique { table: "meta".into() }));
    }

    async fn a_read_is_read_only(app) {
        assert!(app.data.db.read(|c| put(c, "r")).await.is_err());
        assert_eq!(count(&mut app.connection(), "r"), 0);
        app.data.db.read(|_| Ok(())).await.unwrap();
    }

    async fn check_then_write_holds_under_concurrency(app) {
        app.data.db.write(|c| {
            diesel::insert_into(meta::table).values((meta::key.eq("counter"), meta::value.eq("0"))).execute(c)?;
            Ok(())
        }).await.unwrap();
        let jobs: Vec<_> = (0..64).map(|_| app.data.db.write(|c| {
            let value: String = qianshou::first_locked!(c, meta::table.find("counter").select(meta::value))?;
            let next = value.parse::<i64>().unwrap() + 1;
            diesel::update(meta::table.find("counter")).set(meta::value.eq(next.to_string())).execute(c)?;
            Ok(())
        })).collect();
        assert!(futures_util::future::join_all(jobs).await.iter().all(Result::is_ok));
        let value: String = meta::table.find("counter").select(meta::value).first(&mut app.connection()).unwrap();
        assert_eq!(value, "64");
    }
}

/// The outer transaction vanishes under a batch (as SQLite does when the disk is full): every job is
/// applied exactly once, those before and behind the one that lost it too.
#[test]
fn a_lost_outer_transaction_applies_each_job_exactly_once() {
    run(Backend::Sqlite, |app| {
        Box::pin(async move {
            let runs = Arc::new(AtomicU32::new(0));
            let jobs = (0..40)
                .map(|n| {
                    let runs = runs.clone();
                    app.data.db.write(move |c| {
                        put(c, &format!("l{n:02}"))?;
                        if n == 17 && runs.fetch_add(1, Ordering::SeqCst) == 0 {
                            c.batch_execute("ROLLBACK").unwrap();
                        }
                        Ok(())
                    })
                })
                .collect();
            let results = queued_together(app, jobs).await;
            assert_eq!(
                runs.load(Ordering::SeqCst),
                2,
                "the batch was lost once and run again"
            );
            assert!(results.iter().all(Result::is_ok));
            assert_eq!(count(&mut app.connection(), "l"), 40);
        })
    });
}

/// The same where the job that loses it fails, too.
#[test]
fn a_lost_outer_transaction_with_a_failing_job_keeps_the_others() {
    run(Backend::Sqlite, |app| {
        Box::pin(async move {
            let jobs = (0..20)
                .map(|n| {
                    app.data.db.write(move |c| {
                        put(c, &format!("f{n:02}"))?;
                        if n == 5 {
                            // In a batch this ends the outer transaction; alone, only its own.
                            let _ = c.batch_execute("ROLLBACK");
                            return Err(AppError::of(Code::NotFound));
                        }
                        Ok(())
                    })
                })
                .collect();
            let results = queued_together(app, jobs).await;
            assert_eq!(results.iter().filter(|r| r.is_ok()).count(), 19);
            assert_eq!(count(&mut app.connection(), "f"), 19);
            app.data.db.write(|c| put(c, "g")).await.unwrap();
        })
    });
}

fn with_a_short_queue(backend: Backend) {
    run_with(
        backend,
        // The loops of the service take a place each, and no more.
        &[("database.queue", "16"), ("database.writers", "1")],
        |app| {
            Box::pin(async move {
                let jobs = (0..60)
                    .map(|n| app.data.db.write(move |c| put(c, &format!("q{n:02}"))))
                    .collect();
                let results = queued_together(app, jobs).await;
                let refused: Vec<_> = results.iter().filter_map(|r| r.as_ref().err()).collect();
                assert!(
                    !refused.is_empty() && refused.iter().all(|e| e.code() == Code::Overloaded)
                );
                let stored = count(&mut app.connection(), "q");
                assert_eq!(
                    stored as usize,
                    results.iter().filter(|r| r.is_ok()).count(),
                    "what was refused was not stored"
                );
                assert!(stored > 0);
            })
        },
    );
}

#[test]
fn a_full_queue_is_refused_sqlite() {
    with_a_short_queue(Backend::Sqlite);
}
#[test]
fn a_full_queue_is_refused_postgres() {
    with_a_short_queue(Backend::Postgres);
}

/// A machine that takes connections and says nothing.
#[test]
fn a_server_that_never_answers_is_given_up() {
    let mute = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("postgres://nobody@{}/none", mute.local_addr().unwrap());
    let began = std::time::Instant::now();
    let refused = qianshou::db::connect(&qianshou::db::Target::Postgres(url), true);
    let why = refused.err().unwrap();
    assert!(why.starts_with("cannot reach PostgreSQL"), "{why}");
    let took = began.elapsed().as_secs();
    assert!((3..15).contains(&took), "{took} s");
}

/// Over HTTP a busy writer is 503 with Retry-After once a job waited past its deadline.
#[test]
fn a_late_write_is_503_with_retry_after() {
    run_with(Backend::Sqlite, &[("database.deadline_ms", "50")], |app| {
        Box::pin(async move {
            let member = app.member().await;
            let (entered, release) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
            let (e, r) = (entered.clone(), release.clone());
            let blocker = app.data.db.write(move |_| {
                e.wait();
                r.wait();
                Ok(())
            });
            let gate = async {
                tokio::task::spawn_blocking(move || entered.wait())
                    .await
                    .unwrap();
                tokio::time::sleep(std::time::Duration::from_millis(300)).await;
                tokio::task::spawn_blocking(move || release.wait())
                    .await
                    .unwrap();
            };
            let late = async {
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                member.post("/v1/residents", make::resident()).await
            };
            let (_, (), late) = tokio::join!(blocker, gate, late);
            assert!(late.header("retry-after").is_some());
            late.problem(503, "overloaded");
            assert_eq!(
                member.get("/v1/residents").await.expect(200)["items"],
                json!([])
            );
        })
    });
}

/// On PostgreSQL two transactions that lock in opposite order both end well.
#[test]
fn a_deadlock_is_tried_again() {
    run(Backend::Postgres, |app| {
        Box::pin(async move {
            for key in ["d1", "d2"] {
                app.data.db.write(move |c| put(c, key)).await.unwrap();
            }
            let met = Arc::new(AtomicU32::new(0));
            let job = |first: &'static str, second: &'static str| {
                let met = met.clone();
                app.data.db.write(move |c| {
                    let set = |c: &mut DbConn, key: &str| {
                        diesel::update(meta::table.find(key))
                            .set(meta::value.eq("z"))
                            .execute(c)
                    };
                    set(c, first)?;
                    if met.fetch_add(1, Ordering::SeqCst) < 2 {
                        // Let the other one take its first lock.
                        std::thread::sleep(std::time::Duration::from_millis(200));
                    }
                    set(c, second)?;
                    Ok(())
                })
            };
            let (a, b) = tokio::join!(job("d1", "d2"), job("d2", "d1"));
            assert!(a.is_ok() && b.is_ok(), "{a:?} {b:?}");
            assert!(
                met.load(Ordering::SeqCst) >= 3,
                "one of them was tried again"
            );
        })
    });
}

/// The feed's positions follow the commits, and the audit's chain holds until somebody touches it.
mod feed_and_audit {
    use super::*;
    use qianshou::db::schema::{audit_entries, changes};

    both! {
        async fn every_change_gets_a_position_and_every_entry_a_seal(app) {
            let (member, mut c) = (app.member().await, app.connection());
            // What an installation begins with stands in the feed already.
            diesel::delete(changes::table).execute(&mut c).unwrap();
            for _ in 0..3 {
                make::registered(&member).await;
            }
            let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
            loop {
                let waiting: i64 = changes::table.filter(changes::pos.is_null()).count().get_result(&mut c).unwrap();
                if waiting == 0 {
                    break;
                }
                assert!(std::time::Instant::now() < deadline, "{waiting} rows without a position");
                tokio::time::sleep(std::time::Duration::from_millis(30)).await;
            }
            let registered = changes::table.filter(changes::kind.ne_all(["festival", "insurance_product"]));
            let rows: Vec<(i64, Option<i64>)> = registered.order(changes::seq).select((changes::seq, changes::pos)).load(&mut c).unwrap();
            assert_eq!(rows.len(), 18, "the resident, the stay and the consent, for the area and for the registrar each");
            assert!(rows.windows(2).all(|w| w[0].1 < w[1].1));
            let now = app.now();
            let sealed = loop {
                app.data.db.write(move |c| qianshou::audit::seal::seal(c, now)).await.unwrap();
                let unnumbered: i64 = audit_entries::table.filter(audit_entries::seq.is_null()).count().get_result(&mut c).unwrap();
                if unnumbered == 0 {
                    app.data.db.write(move |c| qianshou::audit::seal::seal(c, now)).await.unwrap();
                    break qianshou::audit::verify::verify(&mut c, 1, None).unwrap();
                }
                tokio::time::sleep(std::time::Duration::from_millis(30)).await;
            };
            assert!(sealed.unwrap().seals > 0);
            diesel::update(audit_entries::table).set(audit_entries::kind.eq("tampered")).execute(&mut c).unwrap();
            assert!(qianshou::audit::verify::verify(&mut c, 1, None).unwrap().is_err());
        }
    }
}
