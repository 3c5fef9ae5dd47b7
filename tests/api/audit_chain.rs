//! The audit's hash chain: what was done to the audit behind the service's back is found, and what the service
//! itself removes after years leaves a chain that holds.

use crate::both;
use crate::commands::{qianshou, text};
use crate::support::make::{household, registered};
use crate::support::*;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use qianshou::audit::keep;
use qianshou::audit::seal::seal;
use qianshou::audit::verify::{Known, Misfit, Verified, What, verify};
use qianshou::auth::policy::Role;
use qianshou::db::schema::{audit_entries, audit_seals};
use qianshou::db::{DbConn, Micros, Target, transact};
use std::time::{Duration, Instant};

/// Everything done so far is numbered and sealed.
pub async fn sealed(app: &TestApp) {
    let (mut c, now) = (app.connection(), app.now());
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        app.data.db.write(move |c| seal(c, now)).await.unwrap();
        let unnumbered: i64 = audit_entries::table
            .filter(audit_entries::seq.is_null())
            .count()
            .get_result(&mut c)
            .unwrap();
        if unnumbered == 0 && newest_entry(&mut c) == newest_sealed(&mut c) {
            return;
        }
        assert!(Instant::now() < deadline);
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
}

fn newest_entry(c: &mut DbConn) -> Option<i64> {
    let newest = diesel::dsl::max(audit_entries::seq);
    audit_entries::table.select(newest).first(c).unwrap()
}

fn newest_sealed(c: &mut DbConn) -> Option<i64> {
    let newest = diesel::dsl::max(audit_seals::last_seq);
    audit_seals::table.select(newest).first(c).unwrap()
}

/// Three batches of three entries, and nobody who writes beside the test; `kept` holds the entries.
async fn three_batches(app: &TestApp) -> DbConn {
    let member = app.member().await;
    for _ in 0..4 {
        registered(&member).await;
        household(&member).await;
    }
    sealed(app).await;
    app.pause().await;
    let mut c = app.connection();
    c.batch_execute(
        "DELETE FROM audit_seals; DELETE FROM audit_entries WHERE seq > 9; \
         CREATE TEMP TABLE kept AS SELECT * FROM audit_entries",
    )
    .unwrap();
    assert_eq!(newest_entry(&mut c), Some(9));
    for last in [3, 6, 9] {
        let later = format!("UPDATE audit_entries SET seq = NULL WHERE seq > {last}");
        c.batch_execute(&later).unwrap();
        // Each a hundred days after the one before.
        let at = app.now().plus((last / 3 - 1) * 100 * Micros::DAY);
        transact(&mut c, |c| seal(c, at)).unwrap();
        restore(&mut c);
    }
    c.batch_execute("CREATE TEMP TABLE seals AS SELECT * FROM audit_seals")
        .unwrap();
    let seals: i64 = audit_seals::table.count().get_result(&mut c).unwrap();
    assert_eq!(seals, 3);
    c
}

fn restore(c: &mut DbConn) {
    c.batch_execute("DELETE FROM audit_entries; INSERT INTO audit_entries SELECT * FROM kept")
        .unwrap();
}

fn restore_seals(c: &mut DbConn) {
    c.batch_execute("DELETE FROM audit_seals; INSERT INTO audit_seals SELECT * FROM seals")
        .unwrap();
}

fn fits(c: &mut DbConn) -> Verified {
    verify(c, 1, None).unwrap().unwrap()
}

fn misfit(c: &mut DbConn) -> Misfit {
    verify(c, 1, None).unwrap().unwrap_err()
}

fn id(c: &mut DbConn, seq: i64) -> qianshou::db::Uid {
    let entry = audit_entries::table.filter(audit_entries::seq.eq(seq));
    entry.select(audit_entries::id).first(c).unwrap()
}

both! {
    async fn whatever_is_done_to_an_entry_is_found(app) {
        let mut c = three_batches(app).await;
        let done = fits(&mut c);
        assert_eq!((done.seals, done.entries, done.removed, done.unsealed), (3, 9, 0, 0));
        let five = id(&mut c, 5);
        // Where the batch is of a time before it kept a digest of each entry, it alone is named.
        for (what, told, then) in [
            ("UPDATE audit_entries SET facts = '{\"what\":\"x\"}' WHERE seq = 5", What::Altered(5, five), What::Hash),
            ("DELETE FROM audit_entries WHERE seq = 5", What::Removed(5), What::Hash),
            ("DELETE FROM audit_entries WHERE seq = 6", What::Removed(6), What::Hash),
            ("DELETE FROM audit_entries WHERE seq BETWEEN 4 AND 6", What::Removed(4), What::Hash),
            ("UPDATE audit_entries SET seq = -1 WHERE seq = 6; UPDATE audit_entries SET seq = 6 WHERE seq = 5; UPDATE audit_entries SET seq = 5 WHERE seq = -1",
             What::Altered(5, id(&mut c, 6)), What::Hash),
        ] {
            c.batch_execute(what).unwrap();
            assert_eq!(misfit(&mut c), Misfit { batch: (4, 6), what: told }, "{what}");
            let nothing = if c.is_sqlite() { "x''" } else { "''" };
            c.batch_execute(&format!("UPDATE audit_seals SET leaf_hash = {nothing}")).unwrap();
            assert_eq!(misfit(&mut c), Misfit { batch: (4, 6), what: then }, "{what}");
            restore(&mut c);
            restore_seals(&mut c);
            assert_eq!(fits(&mut c), done, "{what}");
        }
        // From a later batch on it is not looked at; a seal is as good as the entries it covers.
        c.batch_execute("UPDATE audit_entries SET facts = '{\"what\":\"x\"}' WHERE seq = 5").unwrap();
        let later = verify(&mut c, 7, None).unwrap().unwrap();
        assert_eq!((later.seals, later.entries), (1, 3));
        assert!(verify(&mut c, 6, None).unwrap().is_err());
        assert!(misfit(&mut c).to_string().contains("entry 5"));
    }

    async fn an_entry_put_in_later_is_found(app) {
        let mut c = three_batches(app).await;
        // PostgreSQL leaves out a number where a transaction failed.
        c.batch_execute("DELETE FROM audit_entries WHERE seq = 5; DELETE FROM audit_seals").unwrap();
        let now = app.now();
        transact(&mut c, |c| seal(c, now)).unwrap();
        assert_eq!(fits(&mut c).entries, 8);
        c.batch_execute("INSERT INTO audit_entries SELECT * FROM kept WHERE seq = 5").unwrap();
        let five = id(&mut c, 5);
        assert_eq!(misfit(&mut c), Misfit { batch: (1, 9), what: What::Inserted(5, five) });
        // Before the first one there is nothing.
        c.batch_execute("UPDATE audit_entries SET seq = 0 WHERE seq = 5").unwrap();
        assert_eq!(misfit(&mut c).what, What::Inserted(0, five));
    }

    async fn a_seal_that_is_missing_is_found(app) {
        let mut c = three_batches(app).await;
        let newest = fits(&mut c).newest.unwrap();
        assert_eq!(newest.last, 9);
        assert!(verify(&mut c, 1, Some(&newest)).unwrap().is_ok());
        for (last, batch) in [(3, (4, 6)), (6, (7, 9))] {
            c.batch_execute(&format!("DELETE FROM audit_seals WHERE last_seq = {last}")).unwrap();
            assert_eq!(misfit(&mut c), Misfit { batch, what: What::NoSealBefore });
            restore_seals(&mut c);
        }
        c.batch_execute("UPDATE audit_seals SET hash = (SELECT hash FROM seals WHERE last_seq = 3) WHERE last_seq = 6").unwrap();
        assert_eq!(misfit(&mut c), Misfit { batch: (4, 6), what: What::Hash });
        restore_seals(&mut c);
        // The newest one: its entries count as not sealed yet, until they are sealed anew.
        c.batch_execute("DELETE FROM audit_seals WHERE last_seq = 9").unwrap();
        assert_eq!(fits(&mut c).unsealed, 3);
        let lost = Misfit { batch: (9, 9), what: What::NotAsKnown };
        assert_eq!(verify(&mut c, 1, Some(&newest)).unwrap().unwrap_err(), lost);
        c.batch_execute("UPDATE audit_entries SET facts = '{\"what\":\"x\"}' WHERE seq = 8").unwrap();
        let now = app.now();
        transact(&mut c, |c| seal(c, now)).unwrap();
        assert!(verify(&mut c, 1, None).unwrap().is_ok(), "nobody wrote the old seal down");
        let other = Misfit { batch: (7, 9), what: What::NotAsKnown };
        assert_eq!(verify(&mut c, 1, Some(&newest)).unwrap().unwrap_err(), other);
    }

    async fn what_was_kept_long_enough_goes_and_the_chain_holds(app) {
        let mut c = three_batches(app).await;
        let now = app.now();
        let months = 36;
        let early = keep::until(now, -months).unwrap().plus(-Micros::DAY);
        assert!(!transact(&mut c, |c| keep::expire(c, early, months)).unwrap());
        // The first batch is old enough, the second is not.
        let late = early.plus(50 * Micros::DAY);
        assert!(transact(&mut c, |c| keep::expire(c, late, months)).unwrap());
        assert!(!transact(&mut c, |c| keep::expire(c, late, months)).unwrap());
        let left: Vec<Option<i64>> = audit_entries::table.filter(audit_entries::actor_id.is_not_null())
            .order(audit_entries::seq).select(audit_entries::seq).load(&mut c).unwrap();
        assert_eq!(left, (4..=9).map(Some).collect::<Vec<_>>());
        let note: (String, String, i64) = audit_entries::table.filter(audit_entries::actor_id.is_null())
            .select((audit_entries::action, audit_entries::facts, audit_entries::at)).first(&mut c).unwrap();
        assert_eq!(note.0, "audit.expire");
        assert_eq!(serde_json::from_str::<Value>(&note.1).unwrap(), json!({ "what": "expired", "entries": 3, "first": 1, "last": 3 }));
        assert_eq!(note.2, late.0);
        transact(&mut c, qianshou::jobs::sequencer::run_audit).unwrap();
        transact(&mut c, |c| seal(c, late)).unwrap();
        let done = fits(&mut c);
        assert_eq!((done.seals, done.removed, done.entries, done.unsealed), (4, 1, 7, 0));
        assert!(verify(&mut c, 5, None).unwrap().is_ok());
        // Who removes entries and says that it was their time is found out all the same.
        let marks = "UPDATE audit_seals SET removed_at = ";
        for (what, batch, told) in [
            (format!("{marks}{} WHERE last_seq = 9; DELETE FROM audit_entries WHERE seq BETWEEN 7 AND 9", late.0), (7, 9), What::RemovedTooEarly),
            (format!("{marks}{} WHERE last_seq = 6; DELETE FROM audit_entries WHERE seq BETWEEN 4 AND 6", now.plus(200 * Micros::DAY).0), (4, 6), What::RemovedTooEarly),
        ] {
            c.batch_execute("CREATE TEMP TABLE entries_now AS SELECT * FROM audit_entries; CREATE TEMP TABLE seals_now AS SELECT * FROM audit_seals").unwrap();
            c.batch_execute(&what).unwrap();
            assert_eq!(misfit(&mut c), Misfit { batch, what: told }, "{what}");
            c.batch_execute("DELETE FROM audit_entries; INSERT INTO audit_entries SELECT * FROM entries_now; DROP TABLE entries_now; \
                             DELETE FROM audit_seals; INSERT INTO audit_seals SELECT * FROM seals_now; DROP TABLE seals_now").unwrap();
            assert_eq!(fits(&mut c), done);
        }
        c.batch_execute("INSERT INTO audit_entries SELECT * FROM kept WHERE seq = 2").unwrap();
        let two = id(&mut c, 2);
        assert_eq!(misfit(&mut c), Misfit { batch: (1, 3), what: What::Inserted(2, two) });
    }

    async fn a_batch_that_does_not_fit_is_not_removed(app) {
        let mut c = three_batches(app).await;
        c.batch_execute("UPDATE audit_entries SET facts = '{\"what\":\"x\"}' WHERE seq = 2").unwrap();
        let late = keep::until(app.now(), -40).unwrap().plus(400 * Micros::DAY);
        assert!(!transact(&mut c, |c| keep::expire(c, late, 36)).unwrap());
        let entries: i64 = audit_entries::table.count().get_result(&mut c).unwrap();
        assert_eq!(entries, 9);
        assert_eq!(misfit(&mut c).batch, (1, 3));
        // With it right all three go at once, and the one entry that says so is left.
        restore(&mut c);
        assert!(transact(&mut c, |c| keep::expire(c, late, 36)).unwrap());
        let entries: i64 = audit_entries::table.count().get_result(&mut c).unwrap();
        assert_eq!(entries, 1);
        assert_eq!(fits(&mut c).removed, 3);
    }

    async fn everybody_who_reads_the_audit_reads_what_was_removed(app) {
        let member = app.member().await;
        registered(&member).await;
        sealed(app).await;
        let late = keep::until(app.now(), -37).unwrap();
        app.data.db.write(move |c| keep::expire(c, late, 36)).await.unwrap();
        for (role, area) in [(Role::Coordinator, TOWN), (Role::Auditor, OTHER_COUNTY), (Role::Administrator, CITY)] {
            let reader = app.user(role, area).await;
            let page = reader.get("/v1/audit-entries?action=audit.expire").await.expect(200);
            assert_eq!(page["items"].as_array().unwrap().len(), 1, "{role}");
            let entry = &page["items"][0];
            assert_eq!((&entry["actor_id"], &entry["role"], &entry["facts"]["first"]), (&Value::Null, &Value::Null, &json!(1)));
        }
        member.get("/v1/audit-entries?action=audit.expire").await.problem(403, "forbidden_action");
    }

    async fn the_command_line_verifies(app) {
        let mut c = three_batches(app).await;
        let dir = tempfile::tempdir().unwrap();
        let database = match &app.target {
            Target::Sqlite(path) => format!("sqlite:{path}"),
            Target::Postgres(url) => url.clone(),
        };
        let ask = |arguments: &[&str]| {
            let arguments = [&["audit", "verify"], arguments].concat();
            let output = qianshou(dir.path(), &arguments).env("QIANSHOU_DATABASE__URL", &database).output().unwrap();
            (output.status.success(), text(&output))
        };
        let (fine, said) = ask(&[]);
        assert!(fine && said.contains("3 seals over 9 entries, all fit"), "{said}");
        let seal = said.split("newest seal ").nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
        assert!(ask(&["--known", &seal]).0);
        let other = format!("9:{}", "0".repeat(64));
        let (fine, said) = ask(&["--known", &other]);
        assert!(!fine && said.contains("not this one"), "{said}");
        assert!(!ask(&["--known", "9:xyz"]).0);
        c.batch_execute("UPDATE audit_entries SET actor_id = NULL WHERE seq = 5").unwrap();
        let (fine, said) = ask(&[]);
        assert!(!fine && said.contains("entries 4 to 6") && said.contains("entry 5"), "{said}");
        assert!(ask(&["--from", "7"]).0);
        restore(&mut c);
        assert!(ask(&[]).0);
    }
}

#[test]
fn no_configuration_keeps_the_audit_shorter_than_the_law() {
    let with = |months: &str| {
        let keep = vec![("audit.keep_months", months.to_owned())];
        qianshou::config::Config::from_parts(None, &Default::default(), &keep)
    };
    assert!(with("5").unwrap_err().contains("audit.keep_months"));
    assert!(with("0").is_err() && with("").is_err());
    assert_eq!(with("6").unwrap().audit_keep_months, 6);
    let usual = qianshou::config::Config::from_parts(None, &Default::default(), &Vec::new());
    assert!(usual.unwrap().audit_keep_months > 12);
    // Six months are never shorter than what `verify` takes for six months.
    for day in 0..1500 {
        let now = Micros(1_700_000_000_000_000).plus(day * Micros::DAY);
        assert!(keep::until(now, 6).unwrap().plus(keep::SHORTEST) <= now);
    }
}

#[test]
fn a_known_seal_is_read_as_it_is_printed() {
    let hash = vec![0xab; 32];
    let text = format!("12:{}", "ab".repeat(32));
    let known = qianshou::cli::audit::known(&text).unwrap();
    assert_eq!(known, Known { last: 12, hash });
    for wrong in ["", "12", "x:ab", "12:ab"] {
        assert!(qianshou::cli::audit::known(wrong).is_err(), "{wrong}");
    }
}
