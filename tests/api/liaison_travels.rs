//! What travels between two installations: a notice and its answer, an arrival back, a handover.

use crate::support::make::at;
use crate::support::notices::*;
use crate::support::offices::*;
use crate::support::*;
use qianshou::auth::policy::Role;

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
