//! Rows of the assessment about sites, selections and self-governance: G3, G6, H1, H2.

use crate::assessment::{YEAR, facts, figure, outcome};
use crate::association_members::joined;
use crate::association_posts::{filled, president};
use crate::associations::{Branch, branch, founded};
use crate::both;
use crate::support::make::at;
use crate::support::*;
use diesel::prelude::*;
use qianshou::areas::model::AreaLevel;
use qianshou::db::schema::areas;

async fn site(who: &Client, kind: &str, people: i64) -> Value {
    let body = json!({ "kind": kind, "title": "南湖纺织有限公司", "area": TOWN, "people": people, "counted_on": "2026-03-31", "counted_by": "own_report" });
    who.post("/v1/sites", body).await.expect(201)
}

async fn linked(who: &Client, site: &Value, association: &Value) {
    let path = at("sites", site);
    let etag = who.get(&path).await.etag();
    let change = json!({ "association_id": association["id"], "linked_on": "2026-04-01" });
    who.patch(&path, &etag, change).await.expect(200);
}

async fn has(who: &Client, site: &Value, have: &str, found: bool) {
    let body =
        json!({ "have": have, "found": found, "checked_on": "2026-05-20", "evidence": "register" });
    who.post(&format!("{}/checks", at("sites", site)), body)
        .await
        .expect(201);
}

both! {
    async fn g3_and_h2_where_many_work_or_gather_there_is_an_association(app) {
        let Branch { officer, township, .. } = branch(app).await;
        // Nobody's: nothing is asked. A small one: neither.
        site(&officer, "non_public_enterprise", 1000).await;
        assert_eq!(outcome(&officer, CITY, "G3").await, "not_applicable");
        let firm = site(&officer, "non_public_enterprise", 1001).await;
        let place = site(&officer, "migrant_place", 900).await;
        assert_eq!(figure(&officer, CITY, "G3", "large_enterprises_organised").await, (json!(0), json!(1), json!("0")));
        for code in ["G3", "H2"] {
            assert_eq!(outcome(&officer, CITY, code).await, "not_met", "{code}");
        }
        for (site, kind) in [(&firm, "enterprise"), (&place, "floating_population")] {
            let association = founded(&officer, kind, TOWN, Some(&township)).await;
            linked(&officer, site, &association).await;
        }
        assert_eq!(figure(&officer, CITY, "H2", "migrant_places_organised").await, (json!(1), json!(1), json!("100")));
        assert_eq!(outcome(&officer, CITY, "G3").await, "not_met");
        for site in [&firm, &place] {
            for have in ["people", "rules", "money", "good_network", "high_enthusiasm", "regular_activities", "good_results"] {
                assert_eq!(outcome(&officer, CITY, "G3").await, "not_met", "{have}");
                has(&officer, site, have, true).await;
            }
        }
        assert_eq!(outcome(&officer, CITY, "G3").await, "met");
        assert_eq!(figure(&officer, CITY, "G3", "sites_with_four_haves").await, (json!(8), json!(8), json!("100")));
        assert_eq!(facts(&officer, CITY, "G3", "sites_with_three_haves").await[0]["kind"], "site");
    }

    async fn g6_ten_of_each_are_selected(app) {
        let Branch { officer, municipal, township, village, .. } = branch(app).await;
        assert_eq!(outcome(&officer, CITY, "G6").await, "not_met");
        let opened = async |category: &str, year: i64| {
            let body = json!({ "association_id": municipal["id"], "year": year, "category": category });
            officer.post("/v1/selections", body).await.expect(201)
        };
        let path = |s: &Value, step: &str| format!("{}/{step}", at("selections", s));
        let selected = async |selection: &Value, key: &str, of: &[Value]| {
            let year = selection["year"].as_i64().unwrap();
            let mut named = Vec::new();
            for one in of {
                let mut body = json!({ "reasons": ["care"] });
                body[key] = one["id"].clone();
                let nomination = officer.post(&path(selection, "nominations"), body).await.expect(201);
                let agreed = json!({ "agreed_on": format!("{year}-10-01"), "channel": "phone" });
                officer.post(&format!("{}/agreement", at("nominations", &nomination)), agreed).await.expect(200);
                named.push(nomination["id"].clone());
            }
            let public = json!({ "publicity_from": format!("{year}-10-10"), "publicity_to": format!("{year}-10-20") });
            officer.post(&path(selection, "publication"), public).await.expect(200);
            let decided = json!({ "decided_on": format!("{year}-11-01"), "decided_by": "council", "selected": named });
            officer.post(&path(selection, "decision"), decided).await.expect(200);
        };
        let (mut markets, mut members, mut presidents) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..10 {
            let market = founded(&officer, "market", TOWN, Some(&township)).await;
            members.push(joined(&officer, &village).await);
            presidents.push(filled(&officer, president(&market)).await);
            markets.push(market);
        }
        selected(&opened("associations", YEAR).await, "association_id", &markets).await;
        selected(&opened("members", YEAR).await, "member_id", &members).await;
        // Ten presidents, but of another year.
        selected(&opened("presidents", YEAR - 1).await, "post_id", &presidents).await;
        assert_eq!(outcome(&officer, CITY, "G6").await, "not_met");
        let last = opened("presidents", YEAR).await;
        assert_eq!(figure(&officer, CITY, "G6", "top_presidents").await.0, json!(0));
        selected(&last, "post_id", &presidents).await;
        assert_eq!(outcome(&officer, CITY, "G6").await, "met");
        // A selection is opened, and nobody in it.
        let rows = facts(&officer, CITY, "G6", "top_members").await;
        assert_eq!((rows.len(), &rows[0]["kind"], &rows[0]["n"]), (1, &json!("selection"), &json!(10)));
    }

    async fn g6_nine_are_not_ten(app) {
        let Branch { officer, municipal, village, .. } = branch(app).await;
        let body = json!({ "association_id": municipal["id"], "year": YEAR, "category": "members" });
        let selection = officer.post("/v1/selections", body).await.expect(201);
        let path = |step: &str| format!("{}/{step}", at("selections", &selection));
        let mut named = Vec::new();
        for _ in 0..9 {
            let member = joined(&officer, &village).await;
            let nomination = officer.post(&path("nominations"), json!({ "reasons": ["care"], "member_id": member["id"] })).await.expect(201);
            let agreed = json!({ "agreed_on": "2026-10-01", "channel": "phone" });
            officer.post(&format!("{}/agreement", at("nominations", &nomination)), agreed).await.expect(200);
            named.push(nomination["id"].clone());
        }
        officer.post(&path("publication"), json!({ "publicity_from": "2026-10-10", "publicity_to": "2026-10-20" })).await.expect(200);
        // Not decided yet, none is selected.
        assert_eq!(figure(&officer, CITY, "G6", "top_members").await.0, json!(0));
        let decided = json!({ "decided_on": "2026-11-01", "decided_by": "council", "selected": named });
        officer.post(&path("decision"), decided).await.expect(200);
        assert_eq!(figure(&officer, CITY, "G6", "top_members").await.0, json!(9));
        assert_eq!(outcome(&officer, CITY, "G6").await, "not_met");
    }

    async fn h1_villages_are_qualified_in_self_governance(app) {
        let Branch { officer, .. } = branch(app).await;
        assert_eq!(outcome(&officer, CITY, "H1").await, "not_met");
        let villages: Vec<String> = areas::table.filter(areas::level.eq(AreaLevel::Village)).filter(areas::code.ge("3304").and(areas::code.lt("3305")))
            .order(areas::code).select(areas::code).load(&mut app.connection()).unwrap();
        let of_town: Vec<&String> = villages.iter().filter(|v| v.starts_with(TOWN)).collect();
        let others: Vec<&String> = villages.iter().filter(|v| !v.starts_with(TOWN)).collect();
        let decide = async |village: &String| {
            let body = json!({ "area": village, "year": YEAR, "qualified": true, "reasons": ["evidence_elsewhere"], "decided_on": "2026-11-01" });
            officer.post("/v1/self-governance/confirmations", body).await.expect(201);
        };
        for village in &of_town {
            decide(village).await;
        }
        assert_eq!((outcome(&officer, TOWN, "H1").await, outcome(&officer, CITY, "H1").await), ("met".into(), "not_met".into()));
        // 85 of a hundred, rounded down, are too few; one more is enough.
        let enough = (villages.len() * 85).div_ceil(100) - of_town.len();
        for village in &others[..enough - 1] {
            decide(village).await;
        }
        assert_eq!(outcome(&officer, CITY, "H1").await, "not_met");
        decide(others[enough - 1]).await;
        assert_eq!(outcome(&officer, CITY, "H1").await, "met");
        assert_eq!(figure(&officer, CITY, "H1", "villages_self_governing").await.1, json!(villages.len()));
        let fact = &facts(&officer, CITY, "H1", "villages_self_governing").await[0];
        officer.get(fact["link"].as_str().unwrap()).await.expect(200);
    }
}
