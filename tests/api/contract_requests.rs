//! The contract of requests: query keys, marks, and PATCH by another name.

use crate::both;
use crate::contract::{document, example, filled, operations};
use crate::contract_places::Records;
use crate::support::*;
use qianshou::auth::policy::{self, Role};
use qianshou::openapi::PUBLIC_PATHS;
use std::collections::BTreeMap;

both! {
    async fn no_operation_takes_an_unknown_query_key(app) {
        let mut clients = BTreeMap::new();
        for role in Role::ALL {
            clients.insert(*role, app.user(*role, CITY).await);
        }
        for (path, method, op) in operations() {
            let id = op["operationId"].as_str().unwrap();
            let who = match policy::action_of(id) {
                Some(action) => clients[&action.roles()[0]].clone(),
                None => app.anonymous(),
            };
            let method: reqwest::Method = method.to_uppercase().parse().unwrap();
            for query in ["x=1", "x", "limits=5&x=1", "%78=1"] {
                let answer = Answer::of(who.request(method.clone(), &format!("{}?{query}", filled(&path)))).await;
                let problem = answer.problem(400, "malformed_query");
                let told = problem["errors"].as_array().unwrap();
                assert!(told.contains(&json!({ "pointer": "/x", "code": "unknown_field", "detail": told[0]["detail"] })), "{id}: {problem}");
            }
            // Nobody learns anything without a token.
            if !PUBLIC_PATHS.contains(&path.as_str()) {
                Answer::of(app.anonymous().request(method, &format!("{}?x=1", filled(&path)))).await.problem(401, "reauth_required");
            }
        }
        let member = app.member().await;
        member.get("/v1/me?").await.expect(200);
        member.get("/v1/residents?limit=1").await.expect(200);
        member.get("/v1/residents?limit=1&limit=2").await.problem(400, "malformed_query");
        member.get("/v1/residents?limit=x").await.problem(400, "malformed_query");
        member.get("/v1/nothing?x=1").await.problem(404, "not_found");
        let long = format!("/v1/me?{}=1", "a/~".repeat(500));
        let problem = member.get(&long).await.problem(400, "malformed_query");
        let pointer = problem["errors"][0]["pointer"].as_str().unwrap();
        assert!(pointer.len() < 300 && pointer.starts_with("/a~1~0a"), "{pointer}");
    }

    /// WeChat's mini-programs cannot send PATCH: every one works as a POST that names it.
    async fn every_patch_is_a_post_by_its_header(app) {
        let records = Records::make(app).await;
        let mut replayed = 0;
        for (path, method, op) in operations() {
            if method != "patch" {
                continue;
            }
            let id = op["operationId"].as_str().unwrap();
            let (who, at) = (records.owner(&path), records.fill(&path).unwrap());
            let send = |name: &str, etag: Option<&str>, body: Value| {
                let mut request = who.request(reqwest::Method::POST, &at).header("x-http-method-override", name).json(&body);
                if let Some(etag) = etag {
                    request = request.header("if-match", etag);
                }
                Answer::of(request)
            };
            let etag = who.get(&at).await.etag();
            let body = example(op);
            send("PATCH", None, body.clone()).await.problem(428, "precondition_required");
            send("PATCH", Some("\"99-f\""), body.clone()).await.problem(412, "version_conflict");
            send("PATCH", Some(&etag), json!({ "no_such_field": 1 })).await.problem(422, "unknown_field");
            let changed = send("PATCH", Some(&etag), body.clone()).await;
            assert_eq!(changed.status, 200, "{id}: {}", changed.text);
            assert_ne!(changed.etag(), etag, "{id}");
            send("PATCH", Some(&etag), body.clone()).await.problem(412, "version_conflict");
            // No other method can be meant, and without the header it is a POST.
            for name in ["DELETE", "PUT", ""] {
                send(name, Some(&changed.etag()), body.clone()).await.problem(405, "method_not_allowed");
            }
            assert_eq!(who.get(&at).await.etag(), changed.etag(), "{id}");
            replayed += 1;
        }
        assert!(replayed >= 8);
    }
}

#[test]
fn fields_say_what_they_hold() {
    let schemas = document()["components"]["schemas"].as_object().unwrap();
    let field = |schema: &str, name: &str| &schemas[schema]["properties"][name];
    for (schema, name) in [
        ("NewResident", "area"),
        ("Resident", "home_area"),
        ("CampaignAudience", "areas"),
        ("Visit", "area"),
    ] {
        assert_eq!(field(schema, name)["x-area"], true, "{schema}.{name}");
    }
    assert!(field("AreaPage", "next_cursor")["x-area"].is_null());
    assert!(field("MyAssignment", "area_name")["x-area"].is_null());
    for (schema, name) in [("Resident", "version"), ("Campaign", "allowed_actions")] {
        assert_eq!(field(schema, name)["readOnly"], true, "{schema}.{name}");
    }
    // What a request is made of is the client's to write, all of it.
    for (_, _, op) in operations() {
        let Some(name) =
            op["requestBody"]["content"]["application/json"]["schema"]["$ref"].as_str()
        else {
            continue;
        };
        let schema = &schemas[name.rsplit('/').next().unwrap()];
        for (name, field) in schema["properties"].as_object().into_iter().flatten() {
            assert!(field["readOnly"].is_null(), "{}.{name}", op["operationId"]);
        }
    }
}
