//! Whatever a year is judged by is a row with a day, an association and how it stands: each is counted here by one
//! query, for a year and an area.

use crate::association_members::joined;
use crate::association_posts::{filled, president};
use crate::association_ratings::rating;
use crate::association_works::training;
use crate::associations::{Branch, branch, founded};
use crate::both;
use crate::support::make::at;
use crate::support::*;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use qianshou::auth::policy::Role;

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// How many rows of these associations' county a query finds; `{county}` stands for its id.
fn count(app: &TestApp, sql: &str) -> i64 {
    let county = format!("(SELECT id FROM areas WHERE code = '{COUNTY}')");
    let sql = format!(
        "SELECT count(*) AS n FROM {}",
        sql.replace("{county}", &county)
    );
    let found: Count = diesel::sql_query(sql)
        .get_result(&mut app.connection())
        .unwrap();
    found.n
}

/// Sites of more people than their rule says, by the newest headcount of a year.
const OVER: &str = "sites s JOIN site_rules r ON r.kind = s.kind JOIN site_headcounts h ON h.site_id = s.id \
     AND h.counted_on = (SELECT max(l.counted_on) FROM site_headcounts l WHERE l.site_id = s.id AND l.counted_on <= '2025-12-31') \
     WHERE s.county = {county} AND h.people > r.over_people AND (s.closed_on IS NULL OR s.closed_on > '2025-12-31')";
/// Of which these have an association of their own on its last day.
const WITH: &str = "EXISTS (SELECT 1 FROM associations a WHERE a.id = s.association_id AND s.linked_on <= '2025-12-31' \
     AND (a.dissolved_on IS NULL OR a.dissolved_on > '2025-12-31'))";
/// And of these one of the three haves was found last.
const FOUND: &str = "3 = (SELECT count(*) FROM haves v WHERE v.part = 'three' AND EXISTS (SELECT 1 FROM site_checks k WHERE k.site_id = s.id \
     AND k.have = v.code AND k.found AND k.checked_on <= '2025-12-31' AND NOT EXISTS (SELECT 1 FROM site_checks n WHERE n.site_id = s.id \
     AND n.have = v.code AND n.checked_on <= '2025-12-31' AND (n.checked_on > k.checked_on OR (n.checked_on = k.checked_on AND n.id > k.id)))))";

both! {
    async fn a_year_is_counted_from_rows(app) {
        let Branch { officer, county, township, village, .. } = branch(app).await;
        // G3: sites over the threshold, with an association, with the three haves.
        let firm = founded(&officer, "enterprise", TOWN, Some(&township)).await;
        let site = |people: i64, association: Option<&Value>| {
            let mut body = json!({ "kind": "non_public_enterprise", "title": "南湖纺织有限公司", "area": TOWN, "people": people,
                "counted_on": "2025-06-30", "counted_by": "own_report" });
            if let Some(one) = association {
                body["association_id"] = one["id"].clone();
                body["linked_on"] = json!("2025-01-01");
            }
            let officer = officer.clone();
            async move { officer.post("/v1/sites", body).await.expect(201) }
        };
        let with = site(1200, Some(&firm)).await;
        let without = site(1001, None).await;
        site(1000, None).await;
        // What is counted after the year is not the year's.
        let later = json!({ "people": 10, "counted_on": "2026-02-01", "counted_by": "statistics" });
        officer.post(&format!("{}/headcounts", at("sites", &without)), later).await.expect(200);
        let check = |have: &str, found: bool, on: &str| {
            let body = json!({ "have": have, "found": found, "checked_on": on, "evidence": "document" });
            let (officer, path) = (officer.clone(), format!("{}/checks", at("sites", &with)));
            async move { officer.post(&path, body).await.expect(201) }
        };
        for have in ["people", "rules", "money"] {
            check(have, true, "2025-09-01").await;
        }
        check("money", false, "2026-01-10").await;
        assert_eq!(count(app, OVER), 2);
        assert_eq!(count(app, &format!("{OVER} AND {WITH}")), 1);
        assert_eq!(count(app, &format!("{OVER} AND {WITH} AND {FOUND}")), 1);
        check("rules", false, "2025-10-01").await;
        assert_eq!(count(app, &format!("{OVER} AND {WITH} AND {FOUND}")), 0);
        // G1, G2, A6: ratings of the year, and what followed from a backward one.
        let rated = officer.post("/v1/ratings", rating(&village)).await.expect(201);
        officer.post(&format!("{}/consequence", at("ratings", &rated)), json!({ "decided_on": "2026-02-01", "awards_withheld": true })).await.expect(200);
        assert_eq!(count(app, "ratings WHERE county = {county} AND year = 2025 AND grade = 'backward' AND awards_withheld"), 1);
        // A2, A5: studies of the year, and problems that are open still.
        let study = json!({ "association_id": county["id"], "kind": "dedicated_study", "led_by": "party_and_government", "topic": "funds", "held_on": "2025-05-10",
            "problems": [{ "problem": "经费未单列", "owner_post": "president", "due_on": "2025-12-31" }] });
        officer.post("/v1/studies", study).await.expect(201);
        assert_eq!(count(app, "studies WHERE county = {county} AND kind = 'dedicated_study' AND held_on BETWEEN '2025-01-01' AND '2025-12-31'"), 1);
        assert_eq!(count(app, "action_items WHERE county = {county} AND state = 'open' AND raised_on <= '2025-12-31'"), 1);
        // G7, A3, H5: what was done.
        officer.post("/v1/association-works", training(&township)).await.expect(201);
        assert_eq!(count(app, "association_works WHERE county = {county} AND kind = 'training' AND cancelled_at IS NULL AND held_on BETWEEN '2026-01-01' AND '2026-12-31'"), 1);
        assert_eq!(count(app, "association_works WHERE county = {county} AND kind = 'publicity' AND cancelled_at IS NULL"), 0);
        // G4, G5: members on the last day, and the backbone among them.
        for _ in 0..3 {
            joined(&officer, &village).await;
        }
        let members = "memberships WHERE county = {county} AND joined_on <= '2025-12-31' AND (left_on IS NULL OR left_on > '2025-12-31')";
        assert_eq!((count(app, members), count(app, &format!("{members} AND backbone_since <= '2025-12-31'"))), (3, 0));
        // B1: posts that were filled on the last day as the rule says.
        let post = filled(&officer, president(&village)).await;
        let filled = "posts p JOIN associations a ON a.id = p.association_id WHERE a.county = {county} AND a.kind = 'village' AND p.post = 'president' \
             AND p.begins_on <= '2025-12-31' AND p.ends_on >= '2025-12-31' AND (p.ended_on IS NULL OR p.ended_on > '2025-12-31')";
        assert_eq!(count(app, filled), 1);
        // C1, E1: the office as it was known on the last day, and what is paid to those who retired.
        let staff = json!({ "establishment": 3, "full_time": 2, "managed_by_reference": true, "fit": true, "wages_budgeted": true });
        let records = format!("{}/office-records", at("associations", &county));
        officer.post(&records, json!({ "as_of": "2025-11-30", "staffing": staff, "office": { "rank": "section", "premises": "own", "equipped": true, "own_line": true } })).await.expect(200);
        officer.post(&records, json!({ "as_of": "2026-01-31", "office": { "rank": "none", "premises": "none", "own_line": false } })).await.expect(200);
        let office = "office_records o JOIN associations a ON a.id = o.association_id WHERE a.county = {county} AND o.as_of = (SELECT max(l.as_of) FROM \
             office_records l WHERE l.association_id = a.id AND l.as_of <= '2025-12-31') AND o.office_premises = 'own' AND o.staff_fit AND o.staff_wages_budgeted";
        assert_eq!(count(app, office), 1);
        officer.post(&format!("{}/ending", at("posts", &post)), json!({ "ended_on": "2025-10-01", "reason": "retired" })).await.expect(200);
        let subsidy = json!({ "monthly": { "amount": "200.00", "currency": "CNY" }, "paid_from": "budget", "from_on": "2025-10-01" });
        officer.post(&format!("{}/subsidies", at("posts", &post)), subsidy).await.expect(201);
        assert_eq!(count(app, filled), 0);
        assert_eq!(count(app, "retired_subsidies WHERE county = {county} AND from_on <= '2025-12-31' AND (until_on IS NULL OR until_on >= '2025-12-31')"), 1);
        // G6: who was selected.
        let best = officer.post("/v1/selections", json!({ "association_id": county["id"], "year": 2025, "category": "associations" })).await.expect(201);
        let step = |name: &str| format!("{}/{name}", at("selections", &best));
        let named = officer.post(&step("nominations"), json!({ "association_id": village["id"], "reasons": ["care"] })).await.expect(201);
        officer.post(&format!("{}/agreement", at("nominations", &named)), json!({ "agreed_on": "2025-12-20", "channel": "phone" })).await.expect(200);
        officer.post(&step("publication"), json!({ "publicity_from": "2026-01-05", "publicity_to": "2026-01-11" })).await.expect(200);
        let selected = "nominations n JOIN selections s ON s.id = n.selection_id WHERE s.county = {county} AND s.year = 2025 AND s.state = 'decided' AND n.state = 'selected'";
        assert_eq!(count(app, selected), 0);
        officer.post(&step("decision"), json!({ "decided_on": "2026-01-15", "decided_by": "council", "selected": [named["id"]] })).await.expect(200);
        assert_eq!(count(app, selected), 1);
        // Everybody who counts may also look: the rows have ids.
        app.user(Role::Auditor, COUNTY).await.get(&at("selections", &best)).await.expect(200);
    }
}
