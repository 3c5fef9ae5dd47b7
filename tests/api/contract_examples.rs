//! Every request example of the document is accepted as it stands, where it needs no other record.

use crate::both;
use crate::contract::{example, operations};
use crate::support::*;
use qianshou::auth::policy::{self, Role};

/// Creates and other POSTs whose example names what only the caller can know.
const NAMES_OTHERS: &[(&str, &str)] = &[
    ("create_session", "a login and its password"),
    ("refresh_session", "a refresh token that was just given"),
    ("redeem_enrolment", "a code that was just given"),
    ("create_enrolment", "a user of the caller's area"),
    ("create_policy", "a household and its people"),
    ("create_claim", "a policy and its insured"),
    ("create_visit", "a member home or a household"),
    ("view_by_receipt", "a receipt's code that was just given"),
    ("export_by_receipt", "a receipt's code that was just given"),
    (
        "withdraw_consent_by_receipt",
        "a receipt's code that was just given",
    ),
    ("revoke_by_receipt", "a receipt's code that was just given"),
    (
        "give_consent_by_receipt",
        "a receipt's code that was just given",
    ),
    (
        "create_request_by_receipt",
        "a receipt's code that was just given",
    ),
    (
        "list_claims_by_receipt",
        "a receipt's code that was just given",
    ),
    ("create_privacy_request", "a person of the caller's area"),
    ("create_rights_request", "a person of the caller's area"),
    ("create_liaison_notice", "a person of the caller's area"),
    ("create_post", "an association of the caller's area"),
    ("create_member", "an association of the caller's area"),
    (
        "create_association_work",
        "an association of the caller's area",
    ),
    (
        "create_care_programme",
        "an association of the caller's area",
    ),
    ("create_care_project", "a programme of the caller's area"),
    ("create_care_session", "a project of the caller's area"),
    ("create_care_family", "a household that agrees to care"),
    ("create_care_visit", "a family in care"),
    ("create_care_support", "a family in care"),
    ("create_fund_entry", "an association of the caller's area"),
    ("create_budget", "an association of the caller's area"),
    ("create_village_need", "an association of the caller's area"),
    ("create_selection", "an association of the caller's area"),
    ("create_study", "an association of the caller's area"),
    ("create_rating", "an association of the caller's area"),
    (
        "create_assessment_veto",
        "an association of the caller's area",
    ),
    (
        "create_assessment_case",
        "an association of the caller's area",
    ),
    (
        "import_liaison_file",
        "a file that an office just made for this one",
    ),
    ("mark_notifications", "a notification of the caller's inbox"),
];

both! {
    async fn examples_are_accepted_as_they_stand(app) {
        let mut sent = 0;
        for (path, method, op) in operations() {
            let id = op["operationId"].as_str().unwrap();
            if method != "post" || path.contains('{') || op["requestBody"].is_null() {
                continue;
            }
            let body = example(op);
            if NAMES_OTHERS.iter().any(|(name, _)| *name == id) {
                // Its shape and content are right all the same: nothing but the named record is missed.
                let who = match policy::action_of(id) {
                    Some(action) => app.user(action.roles()[0], CITY).await,
                    None => app.anonymous(),
                };
                let answer = who.post(&path, body).await;
                let faults: Vec<&str> = answer.json["errors"].as_array().into_iter().flatten().filter_map(|f| f["code"].as_str()).collect();
                assert!(matches!(answer.status, 200 | 201 | 401 | 404) || (answer.status == 422 && !faults.is_empty() && faults.iter().all(|f| *f == "no_such_record")), "{id}: {}", answer.text);
                continue;
            }
            let role = policy::action_of(id).unwrap().roles()[0];
            // Who works at the place that the examples speak of.
            let area = match role {
                Role::FieldMember => VILLAGE,
                Role::Coordinator => TOWN,
                Role::CampaignOrganiser => COUNTY,
                _ => CITY,
            };
            let who = app.user(role, area).await;
            let answer = match &op["requestBody"]["content"]["text/csv"] {
                Value::Null => who.post(&path, body).await,
                // What a sheet is like a schema does not say.
                _ => sheets::send(&who, sheets::CSV, sheets::sheet(&[sheets::Row::new()])).await,
            };
            assert!(matches!(answer.status, 200..=202), "{id}: {} {}", answer.status, answer.text);
            sent += 1;
        }
        assert!(sent >= 6, "{sent}");
    }

    async fn an_example_of_push_for_whatever_a_phone_may_do(app) {
        use qianshou::sync::{Kind, kinds};
        let examples = &crate::contract::document()["paths"]["/v1/sync/push"]["post"]["requestBody"]["content"]["application/json"]["examples"];
        let mut named: Vec<String> = examples.as_object().unwrap().keys().cloned().collect();
        let mut commands: Vec<String> = Kind::ALL
            .iter()
            .flat_map(|kind| kinds::of(*kind).commands.iter().map(move |c| format!("{kind}.{}", c.action)))
            .collect();
        named.sort();
        commands.sort();
        assert_eq!(named, commands);
        let member = app.user_with(&[(Role::FieldMember, VILLAGE), (Role::Coordinator, TOWN), (Role::Officer, CITY)]).await;
        let mut applied = Vec::new();
        for (name, example) in examples.as_object().unwrap() {
            let answer = member.post("/v1/sync/push", example["value"].clone()).await.expect(200);
            let result = &answer["results"][0];
            // Right as it stands: it is done, or nothing but the records it names is missed.
            let faults: Vec<&str> = result["problem"]["errors"].as_array().into_iter().flatten().filter_map(|f| f["code"].as_str()).collect();
            let missed = result["outcome"] == "held" || result["problem"]["code"] == "not_found" || (!faults.is_empty() && faults.iter().all(|f| *f == "no_such_record"));
            assert!(result["outcome"] == "applied" || missed, "{name}: {result}");
            if result["outcome"] == "applied" {
                applied.push(name.clone());
            }
        }
        assert_eq!(applied, ["activity.create", "household.create", "member_home.create", "resident.create"]);
    }
}
