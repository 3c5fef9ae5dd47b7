//! Notices to offices that have no account here: letters whose answer is entered by hand, and signed files between
//! installations with keys and databases of their own.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::future::Future;
use std::pin::Pin;

use crate::both;
use crate::liaison::{NOTICES, about, agrees, drafted, migrant, sent, step, told};
use crate::support::make::{at, withdraw};
use crate::support::*;
use qianshou::auth::policy::Role;
use qianshou::db::Target;

const CONSENTS: &[&str] = &["registration", "liaison_with_home_area", "insurance"];
const IMPORT: &str = "/v1/liaison-notices/import";

/// Another installation: a server, a database and keys of its own.
async fn installation(app: &TestApp) -> TestApp {
    let keys = scratch().join(format!("keys{}", make::unique()));
    let keys = keys.to_str().unwrap().to_owned();
    TestApp::start(app.backend, vec![("keys.dir", keys)]).await
}

/// Its card, as an administrator elsewhere registers it.
async fn card(app: &TestApp, office: &str, area: &str) -> Value {
    let admin = app.user(Role::Administrator, CITY).await;
    let mut card = admin.get("/v1/liaison-identity").await.expect(200);
    card["office"] = json!(office);
    card["area"] = json!(area);
    card
}

/// Each registers the other; answers the peers as A and as B know them.
async fn acquainted(a: &TestApp, b: &TestApp) -> (Value, Value) {
    let theirs = card(b, "秀洲区计划生育协会", OTHER_COUNTY).await;
    let ours = card(a, "南湖区计划生育协会", COUNTY).await;
    let here = a.user(Role::Administrator, CITY).await;
    let there = b.user(Role::Administrator, CITY).await;
    let of_b = here.post("/v1/liaison-peers", theirs).await.expect(201);
    let of_a = there.post("/v1/liaison-peers", ours).await.expect(201);
    (of_b, of_a)
}

/// Runs with two installations, on both databases.
type Body = for<'a> fn(&'a TestApp, &'a TestApp) -> Pin<Box<dyn Future<Output = ()> + 'a>>;

fn two(body: Body) {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        if backend == Backend::Postgres && postgres::cluster().is_none() {
            continue;
        }
        actix_web::rt::System::new().block_on(async move {
            let a = TestApp::start(backend, Vec::new()).await;
            let b = installation(&a).await;
            body(&a, &b).await;
            b.stop().await;
            a.stop().await;
        });
    }
}

/// A notice from A to the office of B, sent, and its file.
async fn exported(a: &TestApp, peer: &Value, fields: &[&str]) -> (Value, Value, Value) {
    let (member, coordinator) = (a.member().await, a.coordinator().await);
    let resident = migrant(&member, OTHER_COUNTY, CONSENTS).await;
    agrees(&member, &resident, fields).await;
    let mut body = about("registration_notice", &resident, fields);
    body["peer_id"] = peer["id"].clone();
    body["note"] = json!("请协助核对。");
    let draft = drafted(&member, body).await;
    let out = sent(&coordinator, &draft).await;
    let file = coordinator
        .post(&step(&out, "export"), json!(null))
        .await
        .expect(200);
    (resident, out, file)
}

fn import(file: &Value) -> Value {
    json!({ "file": file })
}

fn header(file: &Value) -> Value {
    let bytes = URL_SAFE_NO_PAD
        .decode(file["header"].as_str().unwrap())
        .unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

#[test]
fn a_notice_and_its_answer_travel_as_files() {
    two(|a, b| {
        Box::pin(async move {
            let (of_b, of_a) = acquainted(a, b).await;
            let (_, out, file) = exported(a, &of_b, &["name", "phone", "birth_year"]).await;
            // Outside the seal stands no word about anybody.
            let outside = header(&file);
            let mut names: Vec<&String> = outside.as_object().unwrap().keys().collect();
            names.sort();
            assert_eq!(
                names,
                ["format", "from", "id", "made_at", "thread", "to", "what"]
            );
            let all = format!("{file}");
            assert!(!all.contains("张伟") && !all.contains("registration"));

            let there = b.user(Role::Coordinator, OTHER_COUNTY).await;
            let done = there.post(IMPORT, import(&file)).await.expect(200);
            assert_eq!(done["what"], "notice");
            let came =
                there.get(&format!("{NOTICES}?side=in")).await.expect(200)["items"][0].clone();
            assert_eq!(
                (
                    &came["id"],
                    &came["code"],
                    &came["office"],
                    &came["peer_id"]
                ),
                (
                    &done["notice_id"],
                    &out["code"],
                    &json!("南湖区计划生育协会"),
                    &of_a["id"]
                )
            );
            assert_eq!(
                (
                    &came["kind"],
                    &came["state"],
                    &came["due_on"],
                    &came["view"]
                ),
                (
                    &json!("registration_notice"),
                    &json!("sent"),
                    &out["due_on"],
                    &json!("masked")
                )
            );
            assert_eq!(told(&came)["name"], "张*");
            let shown = there
                .post(
                    &step(&came, "reveal"),
                    json!({ "reason": "service_delivery" }),
                )
                .await
                .expect(200);
            assert_eq!(
                (
                    told(&shown)["name"].as_str(),
                    told(&shown)["birth_year"].as_str(),
                    told(&shown).len()
                ),
                ("张伟", "1985", 3)
            );
            assert_eq!(shown["note"], "请协助核对。");
            assert!(!rests(b, "张伟"), "it rests sealed");

            // Not answered yet, there is no answer to export; a township's coordinator has nothing to do with it.
            let early = there
                .post(&step(&came, "export"), json!(null))
                .await
                .problem(409, "state_forbids");
            assert_eq!(
                (&early["state"], &early["allowed_actions"]),
                (&json!("sent"), &json!(["reception"]))
            );
            there
                .post(&step(&came, "reception"), json!({}))
                .await
                .expect(200);
            let received = there
                .post(&step(&came, "export"), json!(null))
                .await
                .expect(200);
            there
                .post(&step(&came, "acceptance"), json!({ "note": "已登记。" }))
                .await
                .expect(200);
            let accepted = there
                .post(&step(&came, "export"), json!(null))
                .await
                .expect(200);
            let away = there.get("/v1/people-away").await.expect(200);
            assert_eq!(
                (&away["items"][0]["notice_id"], &away["items"][0]["office"]),
                (&came["id"], &json!("南湖区计划生育协会"))
            );

            let coordinator = a.coordinator().await;
            let done = coordinator
                .post(IMPORT, import(&received))
                .await
                .expect(200);
            assert_eq!(
                (&done["what"], &done["notice_id"]),
                (&json!("reply"), &out["id"])
            );
            let read = async || {
                coordinator
                    .get(&at("liaison-notices", &out))
                    .await
                    .expect(200)
            };
            assert_eq!(read().await["state"], "received");
            coordinator
                .post(IMPORT, import(&accepted))
                .await
                .expect(200);
            let member = a.user(Role::Coordinator, TOWN).await;
            let after = member
                .post(&step(&out, "reveal"), json!({ "reason": "correction" }))
                .await
                .expect(200);
            assert_eq!(
                (&after["state"], &after["reply_note"]),
                (&json!("accepted"), &json!("已登记。"))
            );
            // Closed there, the file says so here.
            there
                .post(&step(&came, "closure"), json!({ "because": "moved_on" }))
                .await
                .expect(200);
            let closed = there
                .post(&step(&came, "export"), json!(null))
                .await
                .expect(200);
            coordinator.post(IMPORT, import(&closed)).await.expect(200);
            assert_eq!(
                (&read().await["state"], &read().await["closed_because"]),
                (&json!("closed"), &json!("moved_on"))
            );
            let late = coordinator
                .post(&step(&out, "export"), json!(null))
                .await
                .problem(409, "state_forbids");
            assert_eq!(late["state"], "closed");
        })
    });
}

/// Whether a text can be read in the database's files.
fn rests(app: &TestApp, text: &str) -> bool {
    let Target::Sqlite(path) = &app.target else {
        return false;
    };
    ["", "-wal"].iter().any(|end| {
        let bytes = std::fs::read(format!("{path}{end}")).unwrap_or_default();
        bytes.windows(text.len()).any(|w| w == text.as_bytes())
    })
}

/// One character of a part of a file, changed.
fn altered(file: &Value, part: &str, at: usize) -> Value {
    let mut bytes = URL_SAFE_NO_PAD
        .decode(file[part].as_str().unwrap())
        .unwrap();
    let at = at % bytes.len();
    bytes[at] ^= 1;
    let mut file = file.clone();
    file[part] = json!(URL_SAFE_NO_PAD.encode(bytes));
    file
}

#[test]
fn what_was_altered_replayed_or_is_for_somebody_else_is_refused_by_name() {
    two(|a, b| {
        Box::pin(async move {
            let (of_b, of_a) = acquainted(a, b).await;
            let (_, out, file) = exported(a, &of_b, &["name"]).await;
            let there = b.user(Role::Coordinator, OTHER_COUNTY).await;
            let take = async |file: &Value| there.post(IMPORT, import(file)).await;
            // Altered wherever; a header that is no header any more says so itself.
            for part in ["made", "sealed", "signature"] {
                for place in [0, 7, 31, 1000] {
                    take(&altered(&file, part, place))
                        .await
                        .problem(422, "file_altered");
                }
            }
            let mut other = header(&file);
            other["made_at"] = json!("2026-01-01T00:00:00Z");
            let mut forged = file.clone();
            forged["header"] = json!(URL_SAFE_NO_PAD.encode(other.to_string()));
            take(&forged).await.problem(422, "file_altered");
            other["from"] = json!("0000-0000-0000-0000-0000-0000-0000-0000");
            forged["header"] = json!(URL_SAFE_NO_PAD.encode(other.to_string()));
            let unknown = take(&forged).await.problem(422, "signer_unknown");
            assert_eq!(unknown["errors"][0]["pointer"], "/file/header");
            forged["header"] = json!(URL_SAFE_NO_PAD.encode("{}"));
            take(&forged).await.fault("/file/header", "not_fitting");
            forged["header"] = json!("AAAAA");
            take(&forged).await.fault("/file/header", "bad_pattern");
            forged["header"] = json!("a b");
            take(&forged).await.fault("/file/header", "bad_pattern");
            // To an area of the caller's own alone.
            let elsewhere = b.coordinator().await;
            elsewhere
                .post(IMPORT, import(&file))
                .await
                .fault("/area", "area_outside");
            let mut narrow = import(&file);
            narrow["area"] = json!("999999");
            there
                .post(IMPORT, narrow.clone())
                .await
                .fault("/area", "no_such_area");
            narrow["area"] = json!("330411101");
            let done = there.post(IMPORT, narrow).await.expect(200);
            let path = format!(
                "/v1/liaison-notices/{}",
                done["notice_id"].as_str().unwrap()
            );
            let came = there.get(&path).await.expect(200);
            assert_eq!(came["area"], "330411101");
            // Once; and the same notice in another file is the same notice.
            take(&file).await.problem(409, "file_replayed");
            let coordinator = a.coordinator().await;
            let again = coordinator
                .post(&step(&out, "export"), json!(null))
                .await
                .expect(200);
            assert_ne!(again, file);
            take(&again).await.problem(409, "file_replayed");
            // The answer, too; and nobody takes what is made out to another office.
            there
                .post(&format!("{path}/reception"), json!({}))
                .await
                .expect(200);
            let reply = there
                .post(&format!("{path}/export"), json!(null))
                .await
                .expect(200);
            coordinator
                .post(IMPORT, import(&altered(&reply, "sealed", 40)))
                .await
                .problem(422, "file_altered");
            coordinator.post(IMPORT, import(&reply)).await.expect(200);
            coordinator
                .post(IMPORT, import(&reply))
                .await
                .problem(409, "file_replayed");
            let strangers = a.user(Role::Coordinator, OTHER_TOWN).await;
            let second = there
                .post(&format!("{path}/export"), json!(null))
                .await
                .expect(200);
            strangers
                .post(IMPORT, import(&second))
                .await
                .fault("/file/header", "no_such_record");

            let c = installation(a).await;
            let third = c.user(Role::Coordinator, OTHER_COUNTY).await;
            third
                .post(IMPORT, import(&file))
                .await
                .problem(422, "signer_unknown");
            let admin = c.user(Role::Administrator, CITY).await;
            let ours = card(a, "南湖区计划生育协会", COUNTY).await;
            let known = admin.post("/v1/liaison-peers", ours).await.expect(201);
            third
                .post(IMPORT, import(&file))
                .await
                .problem(422, "wrong_recipient");
            // Keys in doubt are believed no more, and nothing is sealed for them.
            admin
                .post(
                    &format!("{}/revocation", at("liaison-peers", &known)),
                    json!(null),
                )
                .await
                .expect(200);
            third
                .post(IMPORT, import(&file))
                .await
                .problem(422, "signer_revoked");
            let admin = b.user(Role::Administrator, CITY).await;
            let revocation = format!("{}/revocation", at("liaison-peers", &of_a));
            let revoked = admin.post(&revocation, json!(null)).await.expect(200);
            assert!(revoked["revoked_at"].is_string());
            admin
                .post(&revocation, json!(null))
                .await
                .problem(409, "state_forbids");
            take(&again).await.problem(422, "signer_revoked");
            there
                .post(&format!("{path}/export"), json!(null))
                .await
                .problem(422, "signer_revoked");
            c.stop().await;
        })
    });
}

#[test]
fn a_withdrawal_reaches_the_other_installation() {
    two(|a, b| {
        Box::pin(async move {
            let (of_b, _) = acquainted(a, b).await;
            let (resident, _, file) = exported(a, &of_b, &["name", "birth_year", "address"]).await;
            let (late, _, never) = exported(a, &of_b, &["name"]).await;
            let there = b.user(Role::Coordinator, OTHER_COUNTY).await;
            let done = there.post(IMPORT, import(&file)).await.expect(200);
            let path = format!(
                "/v1/liaison-notices/{}",
                done["notice_id"].as_str().unwrap()
            );
            let (member, coordinator) = (a.member().await, a.coordinator().await);
            let owed = async || {
                coordinator.get("/v1/liaison-withdrawals").await.expect(200)["items"]
                    .as_array()
                    .unwrap()
                    .clone()
            };
            assert_eq!(owed().await.len(), 0);
            // A part of it: whoever was told outside is owed that.
            let fields = format!("{}/liaison-fields", at("residents", &resident));
            let worker = a.user(Role::Coordinator, TOWN).await;
            worker
                .put(&fields, json!({ "fields": ["birth_year"] }))
                .await
                .expect(200);
            let part = owed().await;
            assert_eq!(
                (part.len(), &part[0]["fields"], &part[0]["office"]),
                (1, &json!(["address"]), &json!("秀洲区计划生育协会"))
            );
            let export = |row: &Value| format!("{}/export", at("liaison-withdrawals", row));
            let file = coordinator
                .post(&export(&part[0]), json!(null))
                .await
                .expect(200);
            assert_eq!(
                (header(&file)["what"].clone(), owed().await.len()),
                (json!("withdrawal"), 0)
            );
            assert_eq!(told(&there.get(&path).await.expect(200)).len(), 3);
            let done = there.post(IMPORT, import(&file)).await.expect(200);
            assert_eq!(
                (&done["what"], done["notice_id"].is_string()),
                (&json!("withdrawal"), true)
            );
            assert_eq!(
                told(&there.get(&path).await.expect(200))
                    .keys()
                    .collect::<Vec<_>>(),
                ["birth_year", "name"]
            );
            // All of it.
            for one in [&resident, &late] {
                withdraw(
                    &worker,
                    &format!("{}/consents", at("residents", one)),
                    "liaison_with_home_area",
                )
                .await;
            }
            let all = owed().await;
            assert_eq!((all.len(), &all[0]["fields"]), (2, &json!([])));
            member
                .get("/v1/liaison-withdrawals")
                .await
                .problem(403, "forbidden_action");
            // Coordinators are reminded of it.
            qianshou::reminders::run(&a.data).await.unwrap();
            let inbox = coordinator.get("/v1/notifications").await.expect(200);
            assert!(
                inbox["items"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .any(|n| n["title_zh"] == "须通知外地单位撤回"),
                "{inbox}"
            );
            let mut files = Vec::new();
            for row in &all {
                files.push(
                    coordinator
                        .post(&export(row), json!(null))
                        .await
                        .expect(200),
                );
            }
            assert_eq!(owed().await.len(), 0);
            for file in &files {
                there.post(IMPORT, import(file)).await.expect(200);
                there
                    .post(IMPORT, import(file))
                    .await
                    .problem(409, "file_replayed");
            }
            let gone = there.get(&path).await.expect(200);
            assert_eq!(
                (
                    &gone["state"],
                    &gone["closed_because"],
                    &gone["told"],
                    &gone["note"]
                ),
                (
                    &json!("closed"),
                    &json!("consent_withdrawn"),
                    &json!([]),
                    &json!(null)
                )
            );
            // The notice of somebody who withdrew before it was imported is not taken any more.
            there
                .post(IMPORT, import(&never))
                .await
                .problem(403, "consent_withdrawn");
            // An erasure leaves what is owed, which leads to nobody.
            let (erased, out, file) = exported(a, &of_b, &["name"]).await;
            there.post(IMPORT, import(&file)).await.expect(200);
            make::erased(a, &erased).await;
            coordinator
                .get(&at("liaison-notices", &out))
                .await
                .problem(404, "not_found");
            let left = owed().await;
            assert_eq!((left.len(), &left[0]["code"]), (1, &out["code"]));
            let file = coordinator
                .post(&export(&left[0]), json!(null))
                .await
                .expect(200);
            there.post(IMPORT, import(&file)).await.expect(200);
            let newest =
                there.get(&format!("{NOTICES}?side=in")).await.expect(200)["items"][0].clone();
            assert_eq!(
                (&newest["state"], &newest["told"]),
                (&json!("closed"), &json!([]))
            );
        })
    });
}

#[test]
fn arrival_back_and_handover_travel_as_files() {
    two(|a, b| {
        Box::pin(async move {
            let (of_b, _) = acquainted(a, b).await;
            let (resident, out, file) = exported(a, &of_b, &["name"]).await;
            let (coordinator, there) = (
                a.coordinator().await,
                b.user(Role::Coordinator, OTHER_COUNTY).await,
            );
            let done = there.post(IMPORT, import(&file)).await.expect(200);
            let came = json!({ "id": done["notice_id"] });
            for name in ["reception", "acceptance"] {
                there.post(&step(&came, name), json!({})).await.expect(200);
            }
            let reply = there
                .post(&step(&came, "export"), json!(null))
                .await
                .expect(200);
            coordinator.post(IMPORT, import(&reply)).await.expect(200);
            // Back home: of somebody whom B knows by the thread alone.
            let back = drafted(
                &there,
                json!({ "kind": "arrival_back_notice", "regards": came["id"] }),
            )
            .await;
            assert_eq!(
                (&back["office"], &back["person_id"]),
                (&json!("南湖区计划生育协会"), &json!(null))
            );
            there
                .post(&step(&back, "dispatch"), json!(null))
                .await
                .expect(200);
            let file = there
                .post(&step(&back, "export"), json!(null))
                .await
                .expect(200);
            let mut here = import(&file);
            here["area"] = json!(TOWN);
            let done = coordinator.post(IMPORT, here).await.expect(200);
            let home = json!({ "id": done["notice_id"] });
            assert_eq!(
                coordinator
                    .get(&at("liaison-notices", &home))
                    .await
                    .expect(200)["regards"],
                out["id"]
            );
            for name in ["reception", "acceptance"] {
                coordinator
                    .post(&step(&home, name), json!({}))
                    .await
                    .expect(200);
            }
            assert_eq!(
                coordinator
                    .get(&at("residents", &resident))
                    .await
                    .expect(200)["state"],
                "left"
            );
            assert_eq!(
                coordinator
                    .get(&at("liaison-notices", &out))
                    .await
                    .expect(200)["closed_because"],
                "back_home"
            );
            // A handover to an area that works with another installation: accepted there, they left here.
            let member = a.member().await;
            let mover = migrant(&member, CITY, CONSENTS).await;
            let mut body = about("residence_transfer", &mover, &["name"]);
            body["to_area"] = json!("330411101");
            body["peer_id"] = of_b["id"].clone();
            let draft = drafted(&member, body).await;
            sent(&coordinator, &draft).await;
            let file = coordinator
                .post(&step(&draft, "export"), json!(null))
                .await
                .expect(200);
            let done = there.post(IMPORT, import(&file)).await.expect(200);
            let came = json!({ "id": done["notice_id"] });
            for name in ["reception", "acceptance"] {
                there.post(&step(&came, name), json!({})).await.expect(200);
            }
            let reply = there
                .post(&step(&came, "export"), json!(null))
                .await
                .expect(200);
            coordinator.post(IMPORT, import(&reply)).await.expect(200);
            assert_eq!(
                member.get(&at("residents", &mover)).await.expect(200)["state"],
                "left"
            );
        })
    });
}

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

    async fn an_office_is_registered_by_the_digest_that_was_read_out(app) {
        let admin = app.user(Role::Administrator, CITY).await;
        let own = admin.get("/v1/liaison-identity").await.expect(200);
        assert_eq!(own["key_digest"].as_str().unwrap().len(), 39);
        assert_eq!(app.coordinator().await.get("/v1/liaison-identity").await.expect(200), own);
        let good = json!({ "office": "秀洲区计划生育协会", "area": "330411",
            "signing_key": "6kpsY-KcUgq-9VB7Ey7F-ZVHdq6-vnuSQh7qaRRG0iw", "sealing_key": "V9tLNZ8jrl4Ubk4lEgVnBHIlBjSMFQwUdT0Mkz0E1CE",
            "key_digest": "177d-079c-e1dc-230d-3398-cb58-47b4-05e7" });
        let with = |key: &str, value: Value| {
            let mut body = good.clone();
            body[key] = value;
            body
        };
        for (key, value, pointer, fault) in [
            ("area", json!("999999"), "/area", "no_such_area"),
            ("signing_key", json!("AAAA"), "/signing_key", "too_short"),
            ("signing_key", json!("V9tLNZ8jrl4Ubk4lEgVnBHIlBjSMFQwUdT0Mkz0E1CE"), "/key_digest", "not_fitting"),
            ("sealing_key", json!("V9tLNZ8jrl4Ubk4lEgVnBHIlBjSMFQwUdT0Mkz0E1CF"), "/sealing_key", "key_length"),
            ("key_digest", json!("177d-079c-e1dc-230d-3398-cb58-47b4-05e8"), "/key_digest", "not_fitting"),
        ] {
            admin.post("/v1/liaison-peers", with(key, value)).await.fault(pointer, fault);
        }
        // Nobody writes to themselves.
        let mut ourselves = own.clone();
        ourselves["office"] = json!("本单位");
        ourselves["area"] = json!(COUNTY);
        admin.post("/v1/liaison-peers", ourselves).await.fault("/key_digest", "not_fitting");
        let made = admin.post("/v1/liaison-peers", good.clone()).await.expect(201);
        admin.post("/v1/liaison-peers", good).await.problem(409, "already_exists");
        let coordinator = app.coordinator().await;
        let listed = coordinator.get("/v1/liaison-peers").await.expect(200);
        assert_eq!(listed["items"], json!([made]));
        coordinator.post(&format!("{}/revocation", at("liaison-peers", &made)), json!(null)).await.problem(403, "forbidden_action");
        app.member().await.get("/v1/liaison-peers").await.problem(403, "forbidden_action");
    }
}

/// The keys that other offices hold are never made anew behind their back.
#[test]
fn a_database_that_names_office_keys_gets_no_others() {
    let keys = scratch().join(format!("keys{}", make::unique()));
    let settings = [("keys.dir", keys.to_str().unwrap())];
    run_with(Backend::Sqlite, &settings, |app| {
        Box::pin(async move {
            use qianshou::crypto::OFFICE_FILE;
            use qianshou::liaison::peers::keys::ours;
            let first = ours(&app.data).await.unwrap().card();
            let file = app.data.config.keys_dir.join(OFFICE_FILE);
            let kept = std::fs::read(&file).unwrap();
            // A node that starts without the file, and one that has another.
            let node = || {
                let data = &app.data;
                qianshou::state::App::new(
                    data.db.clone(),
                    data.vault.clone(),
                    data.config.clone(),
                    data.clock.clone(),
                )
            };
            std::fs::remove_file(&file).unwrap();
            assert!(ours(&node()).await.is_err());
            assert!(!file.exists(), "none is made");
            qianshou::crypto::OfficeKeys::open_or_make(&app.data.config.keys_dir).unwrap();
            assert!(ours(&node()).await.is_err());
            std::fs::write(&file, kept).unwrap();
            assert_eq!(ours(&node()).await.unwrap().card(), first);
        })
    });
}
