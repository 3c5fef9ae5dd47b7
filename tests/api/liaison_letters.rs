//! Letters to offices without an installation, whose answer is entered by hand.

use crate::both;
use crate::support::make::{at, withdraw};
use crate::support::notices::*;
use crate::support::offices::CONSENTS;
use crate::support::*;

both! {
    async fn a_letter_goes_to_an_office_without_an_installation(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let resident = migrant(&member, OTHER_COUNTY, CONSENTS).await;
        let mut body = about("registration_notice", &resident, &["name", "phone"]);
        body["office"] = json!("秀洲区<计生协>");
        let draft = drafted(&member, body.clone()).await;
        // A draft tells nothing yet.
        let early = coordinator.post(&step(&draft, "letter"), json!(null)).await.problem(409, "state_forbids");
        assert_eq!(early["allowed_actions"], json!(["dispatch", "closure"]));
        let out = sent(&coordinator, &draft).await;
        assert_eq!(out["allowed_actions"], json!(["reply"]));
        member.post(&step(&draft, "letter"), json!(null)).await.problem(403, "forbidden_action");
        let letter = coordinator.post(&step(&draft, "letter"), json!(null)).await;
        assert_eq!((letter.status, letter.header("content-type"), letter.header("cache-control")), (200, Some("text/html; charset=utf-8"), Some("no-store")));
        assert!(letter.header("content-security-policy").unwrap().contains("default-src 'none'"));
        for part in ["张伟", out["code"].as_str().unwrap(), out["due_on"].as_str().unwrap(), "秀洲区&lt;计生协&gt;", "回执", "流动人口登记通报"] {
            assert!(letter.text.contains(part), "{part}");
        }
        assert!(!letter.text.contains("1985"), "what was not told is not printed");
        // Its answer is entered by hand, found by the code of the letter.
        let found = coordinator.get(&format!("{NOTICES}?code={}", out["code"].as_str().unwrap())).await.expect(200);
        assert_eq!(found["items"][0]["id"], out["id"]);
        member.post(&step(&out, "reply"), json!({ "outcome": "lost" })).await.fault("/outcome", "not_one_of");
        member.post(&step(&out, "reply"), json!({ "outcome": "received" })).await.expect(200);
        let answered = member.post(&step(&out, "reply"), json!({ "outcome": "accepted", "note": "来函确认。" })).await.expect(200);
        assert_eq!((&answered["state"], &answered["reply_note"], &answered["allowed_actions"]), (&json!("accepted"), &json!("来函确认。"), &json!(["closure", "reply"])));
        // Withdrawn, the office is owed a letter that says so.
        withdraw(&member, &format!("{}/consents", at("residents", &resident)), "liaison_with_home_area").await;
        let owed = coordinator.get("/v1/liaison-withdrawals").await.expect(200);
        let row = &owed["items"][0];
        assert_eq!((&row["code"], &row["peer_id"]), (&out["code"], &json!(null)));
        let by_file = coordinator.post(&format!("{}/export", at("liaison-withdrawals", row)), json!(null)).await.problem(409, "state_forbids");
        assert_eq!(by_file["allowed_actions"], json!(["letter"]));
        let letter = coordinator.post(&format!("{}/letter", at("liaison-withdrawals", row)), json!(null)).await;
        assert!(letter.status == 200 && letter.text.contains("撤回同意通知") && letter.text.contains(out["code"].as_str().unwrap()) && !letter.text.contains("张伟"));
        assert_eq!(coordinator.get("/v1/liaison-withdrawals").await.expect(200)["items"], json!([]));
        // Of what never went out nobody is owed anything.
        let other = migrant(&member, OTHER_COUNTY, CONSENTS).await;
        body["person_id"] = other["person_id"].clone();
        let draft = drafted(&member, body).await;
        sent(&coordinator, &draft).await;
        withdraw(&member, &format!("{}/consents", at("residents", &other)), "registration").await;
        assert_eq!(coordinator.get("/v1/liaison-withdrawals").await.expect(200)["items"], json!([]));
        member.get(&at("liaison-notices", &draft)).await.problem(404, "not_found");
    }
}
