//! A database that is busy, slow or gone for a moment: 503 with Retry-After, or not noticed at all.

use crate::support::syncing::{new_id, operation, push_one};
use crate::support::*;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer};
use qianshou::db::DbConn;
use qianshou::error::Code;
use std::time::{Duration, Instant};

#[track_caller]
fn told_to_come_again(answer: Answer) {
    let seconds: u32 = answer.header("retry-after").unwrap_or("0").parse().unwrap();
    assert!(seconds >= 1);
    answer.problem(503, "overloaded");
}

#[derive(QueryableByName)]
struct Pid {
    #[diesel(sql_type = Integer)]
    pid: i32,
}

const OTHERS: &str = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";

fn pids(c: &mut DbConn) -> Vec<i32> {
    let rows: Vec<Pid> = diesel::sql_query(OTHERS).load(c).unwrap();
    rows.iter().map(|r| r.pid).collect()
}

/// As a restart or a failover does: every connection of the server ends.
async fn terminate_all(c: &mut DbConn) {
    let before = pids(c);
    assert!(!before.is_empty(), "somebody is connected");
    c.batch_execute(&format!(
        "SELECT pg_terminate_backend(pid) FROM ({OTHERS}) AS others"
    ))
    .unwrap();
    let deadline = Instant::now() + Duration::from_secs(5);
    while pids(c).iter().any(|p| before.contains(p)) {
        assert!(Instant::now() < deadline, "the connections do not end");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[test]
fn a_connection_lost_between_requests_is_not_noticed() {
    run(Backend::Postgres, |app| {
        Box::pin(async move {
            let member = app.member().await;
            let made = make::registered(&member).await;
            let mut c = app.connection();
            for _ in 0..3 {
                terminate_all(&mut c).await;
                // More than there are readers, so that each has lost its connection under one of them.
                for _ in 0..4 {
                    member.get(&make::at("residents", &made)).await.expect(200);
                }
                terminate_all(&mut c).await;
                for _ in 0..5 {
                    make::registered(&member).await;
                }
            }
            member.get("/readyz").await.expect(200);
        })
    });
}

#[test]
fn a_connection_lost_under_a_read_is_503_and_the_next_one_works() {
    run(Backend::Postgres, |app| {
        Box::pin(async move {
            let lost = app
                .data
                .db
                .read(|c| {
                    c.batch_execute("SELECT pg_terminate_backend(pg_backend_pid())")?;
                    Ok(())
                })
                .await;
            assert_eq!(lost.unwrap_err().code(), Code::Overloaded);
            for _ in 0..4 {
                app.data.db.read(|_| Ok(())).await.unwrap();
            }
        })
    });
}

/// What was not committed is gone with the connection, so the write may run again: once in the end.
#[test]
fn a_connection_lost_under_a_write_is_tried_again() {
    run(Backend::Postgres, |app| {
        Box::pin(async move {
            let runs = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(0));
            let seen = runs.clone();
            app.data
                .db
                .write(move |c| {
                    c.batch_execute("INSERT INTO meta (key, value) VALUES ('lost', 'x')")?;
                    if seen.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0 {
                        c.batch_execute("SELECT pg_terminate_backend(pg_backend_pid())")?;
                    }
                    Ok(())
                })
                .await
                .unwrap();
            assert_eq!(runs.load(std::sync::atomic::Ordering::SeqCst), 2);
            #[derive(QueryableByName)]
            struct Count {
                #[diesel(sql_type = BigInt)]
                n: i64,
            }
            let count: Count =
                diesel::sql_query("SELECT count(*) AS n FROM meta WHERE key = 'lost'")
                    .get_result(&mut app.connection())
                    .unwrap();
            assert_eq!(count.n, 1);
        })
    });
}

#[test]
fn a_lock_that_is_held_too_long_is_503() {
    run_with(
        Backend::Postgres,
        &[("database.lock_timeout_ms", "200")],
        |app| {
            Box::pin(async move {
                let member = app.member().await;
                let made = make::registered(&member).await;
                let path = make::at("residents", &made);
                let change = json!({ "address": "百福弄13号" });
                let mut c = app.connection();
                c.batch_execute("BEGIN; LOCK TABLE residents IN ACCESS EXCLUSIVE MODE")
                    .unwrap();
                told_to_come_again(member.get(&path).await);
                c.batch_execute("ROLLBACK; BEGIN; SELECT 1 FROM residents FOR UPDATE")
                    .unwrap();
                let etag = member.get(&path).await.etag();
                told_to_come_again(member.patch(&path, &etag, change.clone()).await);
                c.batch_execute("ROLLBACK").unwrap();
                member.patch(&path, &etag, change).await.expect(200);
            })
        },
    );
}

#[test]
fn a_statement_that_takes_too_long_is_503() {
    run_with(
        Backend::Postgres,
        &[("database.statement_timeout_ms", "200")],
        |app| {
            Box::pin(async move {
                let slow = |c: &mut DbConn| Ok(c.batch_execute("SELECT pg_sleep(5)")?);
                let began = Instant::now();
                let read = app.data.db.read(slow).await.unwrap_err();
                let write = app.data.db.write(slow).await.unwrap_err();
                assert!(began.elapsed() < Duration::from_secs(4));
                assert_eq!(
                    (read.code(), write.code()),
                    (Code::Overloaded, Code::Overloaded)
                );
                app.member().await.get("/v1/residents").await.expect(200);
            })
        },
    );
}

/// Another process that holds SQLite's lock past the busy timeout is no bug of ours either.
#[test]
fn a_database_that_is_locked_is_503() {
    run(Backend::Sqlite, |app| {
        Box::pin(async move {
            let refused = app
                .data
                .db
                .read(|_| {
                    Err::<(), _>(
                        diesel::result::Error::DatabaseError(
                            diesel::result::DatabaseErrorKind::Unknown,
                            Box::new("database is locked".to_owned()),
                        )
                        .into(),
                    )
                })
                .await;
            assert_eq!(refused.unwrap_err().code(), Code::Overloaded);
        })
    });
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// A morning on which every phone comes back with its queue: pushes wait in a line of their own.
#[test]
fn pushes_that_wait_leave_a_writer_for_everybody_else() {
    run(Backend::Postgres, |app| {
        Box::pin(async move {
            let desk = app.member().await;
            let mut members = Vec::new();
            for _ in 0..5 {
                members.push(app.member().await);
            }
            // As if another process were at work for each of them.
            let mut c = app.connection();
            c.batch_execute("BEGIN").unwrap();
            for member in &members {
                let (high, low) = member.id.0.as_u64_pair();
                let lock = format!("SELECT pg_advisory_xact_lock({})", (high ^ low) as i64);
                c.batch_execute(&lock).unwrap();
            }
            let day = members.iter().map(|_| {
                let changed = json!({ "kind": "migrant", "area": VILLAGE });
                operation(app, "household", "create", &new_id(app), changed)
            });
            let day: Vec<Value> = day.collect();
            let each = members.iter().zip(&day).cycle().take(20);
            let pushes = each.map(|(member, op)| push_one(app, member, op));
            let waiting = |c: &mut DbConn| {
                let count =
                    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";
                let rows: Vec<Count> = diesel::sql_query(count).load(c).unwrap();
                rows[0].count
            };
            let meanwhile = async {
                let deadline = Instant::now() + Duration::from_secs(3);
                // Three of the four writers that a test's server has.
                while waiting(&mut c) < 3 {
                    assert!(Instant::now() < deadline, "nobody pushes");
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                for _ in 0..5 {
                    make::registered(&desk).await;
                }
                assert_eq!(waiting(&mut c), 3);
                c.batch_execute("ROLLBACK").unwrap();
            };
            let pushes = futures_util::future::join_all(pushes);
            let (results, ()) = futures_util::future::join(pushes, meanwhile).await;
            let done = |outcome: &str| results.iter().filter(|r| r["outcome"] == outcome).count();
            assert_eq!((done("applied"), done("duplicate")), (5, 15));
        })
    });
}
