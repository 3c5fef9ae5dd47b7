//! Notices and their answers in signed files between installations.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::support::make::at;
use crate::support::notices::*;
use crate::support::offices::*;
use crate::support::*;
use qianshou::auth::policy::Role;
use qianshou::db::{Day, Micros, Uid};
use qianshou::liaison::file::{self, Outgoing, SentNotice};
use qianshou::liaison::model::{LiaisonField, LiaisonKind, LiaisonPaper, LiaisonTopic};
use qianshou::liaison::peers::keys::ours;

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

/// A notice as another installation might write it.
fn written(app: &TestApp) -> SentNotice {
    let today = app.now().china_day();
    SentNotice {
        code: "7KQM-3TXP-9AWE".to_owned(),
        kind: LiaisonKind::RegistrationNotice,
        regards: None,
        from_area: COUNTY.to_owned(),
        to_area: OTHER_COUNTY.to_owned(),
        sent_on: Day(today),
        due_on: Day(today.saturating_add(jiff::Span::new().days(14))),
        due_days: 10,
        topics: Vec::new(),
        told: vec![(LiaisonField::Name, "张伟".to_owned())],
        note: None,
    }
}

/// The file that A makes of it for B.
async fn forged(a: &TestApp, b: &TestApp, thread: Uid, notice: &SentNotice) -> Value {
    let (keys, theirs) = (ours(&a.data).await.unwrap(), ours(&b.data).await.unwrap());
    let out = Outgoing {
        id: Uid::new(a.now()),
        what: LiaisonPaper::Notice,
        thread,
        at: a.now(),
        inside: notice,
    };
    let made = file::make(&keys, &theirs.card(), &out).unwrap();
    serde_json::to_value(made).unwrap()
}

/// An office whose keys are believed may still write nonsense: what could not be shown would break every list.
#[test]
fn what_could_not_be_shown_is_not_taken() {
    two(|a, b| {
        Box::pin(async move {
            acquainted(a, b).await;
            let there = b.user(Role::Coordinator, OTHER_COUNTY).await;
            let take = async |notice: &SentNotice| {
                let file = forged(a, b, Uid::new(a.now()), notice).await;
                there.post(IMPORT, import(&file)).await
            };
            let day = |days: i64| Day(a.now().plus(days * Micros::DAY).china_day());
            type Change<'a> = Box<dyn Fn(&mut SentNotice) + 'a>;
            let changes: Vec<Change<'_>> = vec![
                Box::new(|n| n.from_area = String::new()),
                Box::new(|n| n.from_area = "1".to_owned()),
                Box::new(|n| n.to_area = "33041a".to_owned()),
                Box::new(|n| n.code = "7KQM".to_owned()),
                Box::new(|n| n.sent_on = day(3)),
                Box::new(|n| n.due_on = day(-1)),
                Box::new(|n| n.due_on = day(900)),
                Box::new(|n| n.due_days = 0),
                Box::new(|n| n.topics = vec![LiaisonTopic::ContactOffice]),
                Box::new(|n| n.note = Some("\u{7}".to_owned())),
                Box::new(|n| n.told.push((LiaisonField::Name, "张三".to_owned()))),
                Box::new(|n| n.told.push((LiaisonField::Needs, "health".to_owned()))),
                Box::new(|n| n.told[0].1 = "长".repeat(201)),
            ];
            for (at, change) in changes.iter().enumerate() {
                let mut notice = written(a);
                change(&mut notice);
                let answer = take(&notice).await;
                assert_eq!(answer.status, 422, "{at}: {}", answer.text);
                answer.fault("/file/sealed", "not_fitting");
            }
            let taken = take(&written(a)).await.expect(200);
            assert!(taken["notice_id"].is_string());
            let list = there.get(&format!("{NOTICES}?side=in")).await.expect(200);
            assert_eq!(list["items"].as_array().unwrap().len(), 1);
        })
    });
}

/// What another office's notice regards is between us and that office, or it is nothing: accepted, it would end it.
#[test]
fn no_office_ends_what_is_anothers() {
    two(|a, b| {
        Box::pin(async move {
            acquainted(a, b).await;
            // Between two townships of B, and none of A's business.
            let s = sides(b).await;
            let resident = migrant(&s.member, OTHER_TOWN, CONSENTS).await;
            let (out, came) = accepted(&s, &resident, &["name"]).await;
            let thread: Uid = {
                use diesel::prelude::*;
                use qianshou::db::schema::liaison_notices::dsl as n;
                let id: Uid = out["id"].as_str().unwrap().parse().unwrap();
                let found = n::liaison_notices.find(id).select(n::thread);
                found.first(&mut b.connection()).unwrap()
            };
            for kind in [LiaisonKind::DepartureNotice, LiaisonKind::ArrivalBackNotice] {
                let mut notice = written(a);
                (notice.kind, notice.regards) = (kind, Some(thread));
                (notice.told, notice.to_area) = (Vec::new(), OTHER_TOWN.to_owned());
                let file = forged(a, b, Uid::new(a.now()), &notice).await;
                let done = s.home.post(IMPORT, import(&file)).await.expect(200);
                let forged = json!({ "id": done["notice_id"] });
                assert_eq!(read(&s.home, &forged).await["regards"], json!(null));
                for name in ["reception", "acceptance"] {
                    s.home
                        .post(&step(&forged, name), json!({}))
                        .await
                        .expect(200);
                }
            }
            for (who, copy) in [(&s.member, &out), (&s.home, &came)] {
                assert_eq!(read(who, copy).await["state"], "accepted");
            }
            let record = s.member.get(&at("residents", &resident)).await.expect(200);
            assert_eq!(record["state"], "active");
        })
    });
}

#[test]
fn an_acknowledgement_from_outside_says_that_it_came() {
    two(|a, b| {
        Box::pin(async move {
            let (of_b, _) = acquainted(a, b).await;
            let (_, out, file) = exported(a, &of_b, &["name"]).await;
            let there = b.user(Role::Coordinator, OTHER_COUNTY).await;
            let done = there.post(IMPORT, import(&file)).await.expect(200);
            let ack = json!({ "kind": "acknowledgement", "regards": done["notice_id"] });
            let ack = drafted(&there, ack).await;
            there
                .post(&step(&ack, "dispatch"), json!(null))
                .await
                .expect(200);
            let file = there
                .post(&step(&ack, "export"), json!(null))
                .await
                .expect(200);
            let here = a.coordinator().await;
            let mut import = import(&file);
            import["area"] = json!(TOWN);
            let done = here.post(IMPORT, import).await.expect(200);
            let came = read(&here, &json!({ "id": done["notice_id"] })).await;
            assert_eq!(
                (&came["state"], &came["regards"]),
                (&json!("closed"), &out["id"])
            );
            assert_eq!(read(&here, &out).await["state"], "received");
        })
    });
}

/// The sender's end does not reach the other installation: what nobody answers there ends there by itself.
#[test]
fn what_nobody_answers_is_forgotten_on_both_sides() {
    two(|a, b| {
        Box::pin(async move {
            let (of_b, _) = acquainted(a, b).await;
            let (_, _, first) = exported(a, &of_b, &["name"]).await;
            let (_, _, second) = exported(a, &of_b, &["name"]).await;
            let there = b.user(Role::Coordinator, OTHER_COUNTY).await;
            let mut came = Vec::new();
            for file in [&first, &second] {
                let done = there.post(IMPORT, import(file)).await.expect(200);
                came.push(json!({ "id": done["notice_id"] }));
            }
            there
                .post(&step(&came[1], "reception"), json!({}))
                .await
                .expect(200);
            let refusal = json!({ "note": "查无此人。" });
            there
                .post(&step(&came[1], "rejection"), refusal)
                .await
                .expect(200);
            assert_eq!(values(b), 1);
            let expired = async |app: &TestApp| {
                while qianshou::liaison::ends::expire(&app.data).await.unwrap() {}
            };
            expired(b).await;
            assert_eq!(values(b), 1);
            b.advance(80 * Micros::DAY);
            expired(b).await;
            let there = make::renewed(b, &there);
            assert_eq!(values(b), 0);
            let states = [read(&there, &came[0]).await, read(&there, &came[1]).await];
            assert_eq!(
                (&states[0]["state"], &states[1]["state"]),
                (&json!("expired"), &json!("closed"))
            );
            assert_eq!(states[1]["reply_note"], json!(null));
        })
    });
}
