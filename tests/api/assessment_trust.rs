//! Whoever can write the database cannot make a frozen year say something else: each way of it is found out.

use crate::assessment_frozen::{bytes, frozen, studied};
use crate::associations::branch;
use crate::both;
use crate::support::make::at;
use crate::support::*;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use qianshou::auth::policy::Role;
use qianshou::db::schema::{
    assessment_snapshot_facts as f, assessment_snapshot_sheets as s, assessment_snapshots as t,
};
use qianshou::db::{DbConn, Uid};

/// Takes the guards away.
fn unguarded(app: &TestApp) -> DbConn {
    let mut c = app.connection();
    for table in [
        "assessment_snapshots",
        "assessment_snapshot_sheets",
        "assessment_snapshot_facts",
    ] {
        for guard in ["stay", "remain"] {
            let sql = match c.is_sqlite() {
                true => format!("DROP TRIGGER {table}_{guard}"),
                false => format!("DROP TRIGGER {table}_{guard} ON {table}"),
            };
            c.batch_execute(&sql).unwrap();
        }
    }
    c
}

fn id(record: &Value) -> Uid {
    record["id"].as_str().unwrap().parse().unwrap()
}

fn sha256(text: &str) -> String {
    let hash = digest(&SHA256, text.as_bytes());
    hash.as_ref().iter().map(|b| format!("{b:02x}")).collect()
}

/// The answers that are false.
async fn doubts(who: &Client, snapshot: &Value) -> Vec<String> {
    let path = format!("{}/verification", at("assessment-snapshots", snapshot));
    let check = who.get(&path).await.expect(200);
    let all = check.as_object().unwrap();
    all.iter()
        .filter(|(_, v)| **v == json!(false))
        .map(|(k, _)| k.clone())
        .collect()
}

both! {
    async fn a_forgery_that_is_signed_again_is_found_out(app) {
        let b = branch(app).await;
        let made = frozen(&b.officer, CITY, "year_end").await.expect(201);
        assert_eq!(doubts(&b.officer, &made).await, Vec::<String>::new());
        let mut c = unguarded(app);
        // A sheet says something else, the document lists it, and all is signed with keys of the forger's own. Whose
        // keys these are said to be stays as it was.
        let area: Uid = made["document"]["area_id"].as_str().unwrap().parse().unwrap();
        let sheet: String = s::table.find((id(&made), area)).select(s::content).first(&mut c).unwrap();
        let forged = sheet.replacen("\"not_met\"", "\"met\"", 1);
        assert_ne!(forged, sheet);
        diesel::update(s::table.find((id(&made), area))).set(s::content.eq(&forged)).execute(&mut c).unwrap();
        assert_eq!(doubts(&b.officer, &made).await, ["sheets_fit"]);
        let document: String = t::table.find(id(&made)).select(t::content).first(&mut c).unwrap();
        let document = document.replace(&sha256(&sheet), &sha256(&forged));
        let keys = Ed25519KeyPair::generate().unwrap();
        let message = [b"qianshou assessment snapshot 1\n", document.as_bytes()].concat();
        diesel::update(t::table.find(id(&made)))
            .set((
                t::content.eq(&document),
                t::digest.eq(sha256(&document)),
                t::signature.eq(URL_SAFE_NO_PAD.encode(keys.sign(&message).as_ref())),
                t::signed_with.eq(URL_SAFE_NO_PAD.encode(keys.public_key().as_ref())),
            ))
            .execute(&mut c)
            .unwrap();
        assert_eq!(doubts(&b.officer, &made).await, ["signed_here"]);
        let check = b.officer.get(&format!("{}/verification", at("assessment-snapshots", &made))).await.expect(200);
        assert_eq!(check["signer"], json!(null));
        // Nor is it printed as ours.
        let file = format!("{}/file", at("assessment-snapshots", &made));
        let (_, pdf) = bytes(&b.officer, &file, "en").await;
        let text = papers::text_of(&pdf);
        assert!(text.contains("THESIGNATUREDOESNOTFIT") && !text.contains(made["signer"].as_str().unwrap()), "{text}");
    }

    async fn what_was_moved_or_changed_without_a_signature_is_found_out(app) {
        let b = branch(app).await;
        studied(&b.officer, &b.municipal).await;
        let made = frozen(&b.officer, CITY, "year_end").await.expect(201);
        let mut c = unguarded(app);
        let row = t::table.find(id(&made));
        // Its facts, one of them taken out.
        let facts = f::table.find((id(&made), "dedicated_studies"));
        let was: String = facts.select(f::content).first(&mut c).unwrap();
        diesel::update(facts).set(f::content.eq("[]")).execute(&mut c).unwrap();
        assert_eq!(doubts(&b.officer, &made).await, ["facts_fit"]);
        diesel::update(facts).set(f::content.eq(was)).execute(&mut c).unwrap();
        // Another year, another reason.
        diesel::update(row).set(t::year.eq(2024)).execute(&mut c).unwrap();
        assert_eq!(doubts(&b.officer, &made).await, ["record_fits"]);
        diesel::update(row).set((t::year.eq(2025), t::because.eq("correction"))).execute(&mut c).unwrap();
        assert_eq!(doubts(&b.officer, &made).await, ["record_fits"]);
        diesel::update(row).set(t::because.eq("year_end")).execute(&mut c).unwrap();
        // When and by whom, and whose keys signed it.
        let at: i64 = row.select(t::frozen_at).first(&mut c).unwrap();
        assert_eq!((&made["document"]["frozen_at"], &made["document"]["frozen_by"], &made["document"]["snapshot_id"]), (&made["frozen_at"], &json!(b.officer.id), &made["id"]));
        diesel::update(row).set(t::frozen_at.eq(at - 86_400_000_000)).execute(&mut c).unwrap();
        assert_eq!(doubts(&b.officer, &made).await, ["record_fits"]);
        let other = app.user(Role::Officer, CITY).await;
        diesel::update(row).set((t::frozen_at.eq(at), t::frozen_by.eq(other.id))).execute(&mut c).unwrap();
        assert_eq!(doubts(&b.officer, &made).await, ["record_fits"]);
        let signer = made["signer"].as_str().unwrap();
        let forged = "0000-0000-0000-0000-0000-0000-0000-0000";
        diesel::update(row).set((t::frozen_by.eq(b.officer.id), t::signer.eq(forged))).execute(&mut c).unwrap();
        assert_eq!(doubts(&b.officer, &made).await, ["record_fits"]);
        diesel::update(row).set(t::signer.eq(signer)).execute(&mut c).unwrap();
        assert_eq!(doubts(&b.officer, &made).await, Vec::<String>::new());
        // The document alone.
        let document: String = row.select(t::content).first(&mut c).unwrap();
        diesel::update(row).set(t::content.eq(document.replacen("\"open_cases\":0", "\"open_cases\":7", 1))).execute(&mut c).unwrap();
        assert_eq!(doubts(&b.officer, &made).await, ["digest_fits", "signature_fits"]);
        diesel::update(row).set(t::content.eq("no document")).execute(&mut c).unwrap();
        let found = doubts(&b.officer, &made).await;
        assert!(["digest_fits", "signature_fits", "record_fits", "sheets_fit"].iter().all(|d| found.iter().any(|f| f == d)), "{found:?}");
        diesel::update(row).set(t::content.eq(document)).execute(&mut c).unwrap();
        // A sheet that is gone.
        let town = s::table.filter(s::snapshot_id.eq(id(&made))).filter(s::town.is_not_null());
        let town: Uid = town.select(s::area_id).first(&mut c).unwrap();
        diesel::delete(s::table.find((id(&made), town))).execute(&mut c).unwrap();
        assert_eq!(doubts(&b.officer, &made).await, ["sheets_fit"]);
    }

    async fn a_revision_that_was_removed_is_missed(app) {
        let b = branch(app).await;
        let first = frozen(&b.officer, CITY, "year_end").await.expect(201);
        studied(&b.officer, &b.municipal).await;
        let second = frozen(&b.officer, CITY, "late_record").await.expect(201);
        assert_eq!(doubts(&b.officer, &second).await, Vec::<String>::new());
        let mut c = unguarded(app);
        let gone = |c: &mut DbConn, record: &Value| {
            diesel::delete(s::table.filter(s::snapshot_id.eq(id(record)))).execute(c).unwrap();
            diesel::delete(f::table.filter(f::snapshot_id.eq(id(record)))).execute(c).unwrap();
            diesel::delete(t::table.find(id(record))).execute(c).unwrap();
        };
        // One before is missed by the one behind it, and by the audit.
        let mut kept: Vec<String> = t::table.find(id(&first)).select(t::content).load(&mut c).unwrap();
        diesel::update(t::table.find(id(&first))).set(t::content.eq("{}")).execute(&mut c).unwrap();
        assert_eq!(doubts(&b.officer, &second).await, ["chain_fits"]);
        diesel::update(t::table.find(id(&first))).set(t::content.eq(kept.remove(0))).execute(&mut c).unwrap();
        // The last is missed by the audit.
        gone(&mut c, &second);
        assert_eq!(doubts(&b.officer, &first).await, ["complete"]);
    }
}
