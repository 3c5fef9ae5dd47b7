//! Nothing about anybody reaches another area without their consent: each kind of notice, each field, each consent.

use diesel::prelude::*;
use std::collections::BTreeMap;

use crate::both;
use crate::support::make::{at, consent, withdraw};
use crate::support::notices::*;
use crate::support::phones::{given, id_of};
use crate::support::*;
use qianshou::db::schema::{liaison_fields, liaison_notices};
use qianshou::liaison::disclosure::{BY_TEXT, of_kind, purpose, purposes};
use qianshou::liaison::model::{LiaisonField, LiaisonKind};
use qianshou::people::model::Purpose;
use qianshou::sync::Kind;

async fn leaves(member: &Client, resident: &Value) {
    let left = json!({ "left_on": "2026-05-01", "reason": "work_ended" });
    let path = format!("{}/departure", at("residents", resident));
    member.post(&path, left).await.expect(200);
}

both! {
    async fn each_kind_tells_each_field_by_consent_and_nothing_else(app) {
        let s = sides(app).await;
        let resident = migrant(&s.member, OTHER_TOWN, ALL).await;
        let person = resident["person_id"].as_str().unwrap();
        // Everything that could be told is known here.
        let household = make::household(&s.member).await;
        let join = format!("{}/people/{person}", at("households", &household));
        s.member.put(&join, json!(null)).await.expect(200);
        let policy = make::policy(&household, &json!({ "id": person }));
        s.member.post("/v1/policies", policy).await.expect(201);
        let record = s.member.get(&at("residents", &resident)).await.expect(200);
        let text = |v: &Value| v.as_str().unwrap().to_owned();
        let expected = |field: LiaisonField| match field {
            LiaisonField::Name => text(&record["name"]),
            LiaisonField::Phone => text(&record["phone"]),
            LiaisonField::Sex => "male".into(),
            LiaisonField::BirthYear => "1985".into(),
            LiaisonField::DocumentMasked => text(&record["document"]["number"]),
            LiaisonField::PresentArea => VILLAGE.into(),
            LiaisonField::Address => text(&record["address"]),
            LiaisonField::ArrivedOn => "2026-03-01".into(),
            LiaisonField::ExpectedStay => "over_one_year".into(),
            LiaisonField::StayReason => "work".into(),
            LiaisonField::LeftOn => "2026-05-01".into(),
            LiaisonField::LeftReason => "work_ended".into(),
            LiaisonField::Needs => "health,schooling".into(),
            LiaisonField::Insurer => "picc-life".into(),
            LiaisonField::InsuredUntil => "2026-12-31".to_owned(),
        };
        let draft = |kind: LiaisonKind, field: LiaisonField, person: &Value| {
            let mut body = json!({ "kind": kind, "person_id": person, "to_area": OTHER_TOWN, "fields": [field] });
            if kind == LiaisonKind::InformationRequest {
                body["topics"] = json!(["home_registration"]);
            }
            body
        };
        let mut kinds: Vec<LiaisonKind> = LiaisonKind::ALL.iter().copied().filter(|k| !of_kind(*k).is_empty()).collect();
        // A departure is told of once somebody left.
        kinds.sort_by_key(|kind| *kind == LiaisonKind::DepartureNotice);
        assert_eq!(kinds.len(), 6);
        let mut all = 0;
        for kind in &kinds {
            if *kind == LiaisonKind::DepartureNotice {
                leaves(&s.member, &resident).await;
            }
            for field in LiaisonField::ALL {
                let body = draft(*kind, *field, &resident["person_id"]);
                if !of_kind(*kind).contains(field) {
                    s.member.post(NOTICES, body).await.fault("/fields/0", "not_fitting");
                    continue;
                }
                // Agreed to by the consent's own text, or item by item.
                agrees(&s.member, &resident, &[]).await;
                if !BY_TEXT.contains(field) {
                    let refused = s.member.post(NOTICES, body.clone()).await.problem(403, "consent_required");
                    assert_eq!(refused["errors"][0]["pointer"], "/fields/0", "{kind} {field}");
                    agrees(&s.member, &resident, &[field.as_str()]).await;
                }
                let made = drafted(&s.member, body).await;
                sent(&s.coordinator, &made).await;
                let came = newest(&s.home, "in").await;
                assert_eq!(came["code"], made["code"]);
                let shown = s.home.post(&step(&came, "reveal"), json!({ "reason": "service_delivery" })).await;
                for other in LiaisonField::ALL.iter().filter(|other| *other != field) {
                    // Words and days stand elsewhere in a notice too; what is typed does not.
                    let value = expected(*other);
                    let telling = matches!(other, LiaisonField::Name | LiaisonField::Phone | LiaisonField::DocumentMasked | LiaisonField::Address | LiaisonField::Needs | LiaisonField::Insurer);
                    assert!(!telling || !shown.text.contains(&value), "{kind} with {field} tells {other}");
                }
                let shown = shown.expect(200);
                assert_eq!(told(&shown), BTreeMap::from([(field.to_string(), expected(*field))]), "{kind}");
                all += 1;
            }
        }
        assert_eq!(all, kinds.iter().map(|k| of_kind(*k).len()).sum::<usize>());
        // Without the consent itself nobody drafts any of them; without the purpose of a field not that field.
        for missing in [Purpose::LiaisonWithHomeArea, Purpose::ServiceFollowUp, Purpose::Insurance] {
            let some: Vec<&str> = ALL.iter().copied().filter(|p| *p != missing.as_str()).collect();
            let other = migrant(&s.member, OTHER_TOWN, &some).await;
            if missing != Purpose::LiaisonWithHomeArea {
                agrees(&s.member, &other, &["needs", "insurer", "insured_until"]).await;
            }
            for kind in &kinds {
                if *kind == LiaisonKind::DepartureNotice {
                    leaves(&s.member, &other).await;
                }
                for field in of_kind(*kind) {
                    let whole = purposes(*kind).contains(&missing);
                    if !whole && purpose(*field) != missing {
                        continue;
                    }
                    let refused = s.member.post(NOTICES, draft(*kind, *field, &other["person_id"])).await.problem(403, "consent_required");
                    let pointer = if whole { "/person_id" } else { "/fields/0" };
                    assert_eq!(refused["errors"][0]["pointer"], pointer, "{kind} {field} without {missing}");
                }
            }
        }
        assert_eq!(s.member.get(&format!("{}/liaison-fields", at("residents", &resident))).await.expect(200)["fields"].as_array().unwrap().len(), 3);
    }

    async fn what_is_sent_is_what_is_agreed_to_then(app) {
        let s = sides(app).await;
        let resident = migrant(&s.member, OTHER_TOWN, ALL).await;
        let consents = format!("{}/consents", at("residents", &resident));
        agrees(&s.member, &resident, &["needs", "birth_year"]).await;
        let draft = drafted(&s.member, about("service_referral", &resident, &["name", "needs", "birth_year"])).await;
        let other = drafted(&s.member, about("service_referral", &resident, &["needs"])).await;
        agrees(&s.member, &resident, &["needs"]).await;
        withdraw(&s.member, &consents, "service_follow_up").await;
        let out = sent(&s.coordinator, &draft).await;
        assert_eq!(out["fields"], json!(["name"]), "what is agreed to no longer is left out");
        // Nothing is left to tell, and nothing is sent.
        s.coordinator.post(&step(&other, "dispatch"), json!(null)).await.problem(403, "consent_withdrawn");
        withdraw(&s.member, &consents, "liaison_with_home_area").await;
        let gone = s.coordinator.post(&step(&other, "dispatch"), json!(null)).await.problem(409, "state_forbids");
        assert_eq!((&gone["state"], &gone["allowed_actions"]), (&json!("closed"), &json!([])));
        let refused = s.member.post(NOTICES, about("service_referral", &resident, &["name"])).await.problem(403, "consent_withdrawn");
        assert_eq!(refused["errors"][0]["pointer"], "/person_id");
        let path = format!("{}/liaison-fields", at("residents", &resident));
        s.member.put(&path, json!({ "fields": [] })).await.problem(403, "consent_withdrawn");
    }

    async fn a_withdrawal_hides_on_both_sides_at_once(app) {
        let s = sides(app).await;
        let resident = migrant(&s.member, OTHER_TOWN, ALL).await;
        let consents = format!("{}/consents", at("residents", &resident));
        agrees(&s.member, &resident, &["address", "insurer", "birth_year"]).await;
        let (out, came) = accepted(&s, &resident, &["name", "phone", "address", "birth_year"]).await;
        let insured = {
            let household = make::household(&s.member).await;
            let person = resident["person_id"].as_str().unwrap();
            let join = format!("{}/people/{person}", at("households", &household));
            s.member.put(&join, json!(null)).await.expect(200);
            s.member.post("/v1/policies", make::policy(&household, &json!({ "id": person }))).await.expect(201);
            let draft = drafted(&s.member, about("insurance_continuation", &resident, &["name", "insurer"])).await;
            sent(&s.coordinator, &draft).await
        };
        let insured_there = newest(&s.home, "in").await;
        assert_eq!(told(&read(&s.member, &insured).await)["insurer"], "picc-life");
        // A single field.
        agrees(&s.member, &resident, &["insurer", "birth_year"]).await;
        for (who, copy) in [(&s.member, &out), (&s.home, &came)] {
            let shown = read(who, copy).await;
            assert_eq!((told(&shown).len(), told(&shown).get("address"), &shown["state"]), (3, None, &json!("accepted")));
            assert!(shown["version"].as_i64() > copy["version"].as_i64());
        }
        // The purpose of a kind: its notices end, others do not.
        withdraw(&s.member, &consents, "insurance").await;
        for (who, copy) in [(&s.member, &insured), (&s.home, &insured_there)] {
            let shown = read(who, copy).await;
            assert_eq!((&shown["state"], &shown["closed_because"], &shown["told"]), (&json!("closed"), &json!("consent_withdrawn"), &json!([])));
        }
        assert_eq!(told(&read(&s.member, &out).await).len(), 3);
        // All of it.
        withdraw(&s.member, &consents, "liaison_with_home_area").await;
        for (who, copy) in [(&s.member, &out), (&s.home, &came)] {
            let shown = read(who, copy).await;
            assert_eq!((&shown["state"], &shown["closed_because"], &shown["told"], &shown["allowed_actions"]), (&json!("closed"), &json!("consent_withdrawn"), &json!([]), &json!([])));
        }
        assert_eq!(values(app), 0);
        let keys: Vec<Option<Vec<u8>>> = liaison_notices::table.select(liaison_notices::data_key).load(&mut app.connection()).unwrap();
        assert!(keys.len() == 4 && keys.iter().all(Option::is_none), "with the keys of the copies");
        assert_eq!(s.home.get("/v1/people-away").await.expect(200)["items"], json!([]));
        // Inside one installation nobody outside is owed anything.
        assert_eq!(s.coordinator.get("/v1/liaison-withdrawals").await.expect(200)["items"], json!([]));
    }

    async fn the_person_sees_what_was_told_and_takes_it_back_by_their_receipt(app) {
        let s = sides(app).await;
        let resident = migrant(&s.member, OTHER_TOWN, ALL).await;
        let (_, came) = accepted(&s, &resident, &["name", "phone"]).await;
        s.home.post(&step(&came, "reveal"), json!({ "reason": "service_delivery" })).await.expect(200);
        let code = crate::receipts::code_for(&s.member, &at("residents", &resident)).await;
        let record = crate::receipts::view(app, &code).await;
        let told = &record["liaison"][0];
        assert_eq!((&told["kind"], &told["state"], &told["fields"], &told["to_area"]), (&json!("registration_notice"), &json!("accepted"), &json!(["name", "phone"]), &json!(OTHER_TOWN)));
        assert_eq!(record["liaison"].as_array().unwrap().len(), 1, "the other side's copy is no second one");
        let looks: Vec<&str> = record["looks"].as_array().unwrap().iter().map(|l| l["what"].as_str().unwrap()).collect();
        assert!(looks.contains(&"liaison.send") && looks.contains(&"liaison.reveal"), "{looks:?}");
        let consent = crate::receipts::consent_of(&record, "liaison_with_home_area");
        app.anonymous().post("/v1/receipt/withdrawals", json!({ "code": code, "consent_id": consent })).await.expect(200);
        assert_eq!(read(&s.home, &came).await["told"], json!([]));
        let record = crate::receipts::view(app, &code).await;
        assert_eq!(record["liaison"][0]["closed_because"], "consent_withdrawn");
    }

    async fn an_erasure_reaches_both_copies(app) {
        let s = sides(app).await;
        let resident = migrant(&s.member, OTHER_TOWN, ALL).await;
        agrees(&s.member, &resident, &["birth_year"]).await;
        let (out, came) = accepted(&s, &resident, &["name", "birth_year"]).await;
        make::erased(app, &resident).await;
        for (who, copy) in [(&s.member, &out), (&s.home, &came)] {
            who.get(&at("liaison-notices", copy)).await.problem(404, "not_found");
            assert!(given(app, who, Kind::LiaisonNotice, &[id_of(copy)]).await.is_empty());
        }
        let mut c = app.connection();
        let left: i64 = liaison_notices::table.count().get_result(&mut c).unwrap();
        let fields: i64 = liaison_fields::table.count().get_result(&mut c).unwrap();
        let scopes: i64 = qianshou::db::schema::liaison_scopes::table.count().get_result(&mut c).unwrap();
        assert_eq!((left, fields, scopes), (0, 0, 0));
    }

    async fn whoever_is_merged_takes_their_notices_along(app) {
        let s = sides(app).await;
        let number = twins::document();
        let consents = json!([consent("registration"), consent("liaison_with_home_area")]);
        let mut both = Vec::new();
        for name in ["周丽华", "周立华"] {
            let body = make::resident_with(json!({ "name": name, "document": number, "home_area": OTHER_TOWN, "consents": consents }));
            both.push(s.member.post("/v1/residents", body).await.expect(201));
        }
        let (out, _) = accepted(&s, &both[1], &["name"]).await;
        let pair = twins::the_pair(app, &s.coordinator).await;
        let kept = json!({ "keep": both[0]["person_id"] });
        let merged = s.coordinator.post(&format!("{}/merge", at("duplicates", &pair)), kept).await;
        assert_eq!(merged.status, 200, "{}", merged.text);
        assert_eq!(read(&s.coordinator, &out).await["person_id"], both[0]["person_id"]);
        let consents = format!("{}/consents", at("residents", &both[0]));
        withdraw(&s.coordinator, &consents, "liaison_with_home_area").await;
        assert_eq!(read(&s.coordinator, &out).await["closed_because"], "consent_withdrawn");
    }

}
