//! What is taken back reaches the other installation, whenever its file comes.

use crate::support::make::{at, withdraw};
use crate::support::notices::*;
use crate::support::offices::*;
use crate::support::*;
use qianshou::auth::policy::Role;

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

/// Its notice is on another disk, or comes by a slower way: nothing of what was taken back is told then.
#[test]
fn a_withdrawal_that_comes_before_its_notice_is_kept() {
    two(|a, b| {
        Box::pin(async move {
            let (of_b, _) = acquainted(a, b).await;
            let told_of = ["name", "birth_year", "address"];
            let (resident, _, notice) = exported(a, &of_b, &told_of).await;
            let worker = a.coordinator().await;
            let agreed = format!("{}/liaison-fields", at("residents", &resident));
            let mut files = Vec::new();
            for left in [json!(["birth_year"]), json!([])] {
                worker
                    .put(&agreed, json!({ "fields": left }))
                    .await
                    .expect(200);
                let owed = worker.get("/v1/liaison-withdrawals").await.expect(200);
                let path = format!("{}/export", at("liaison-withdrawals", &owed["items"][0]));
                files.push(worker.post(&path, json!(null)).await.expect(200));
            }
            let there = b.user(Role::Coordinator, OTHER_COUNTY).await;
            let first = there.post(IMPORT, import(&files[0])).await.expect(200);
            assert_eq!(first, json!({ "what": "withdrawal", "notice_id": null }));
            there
                .post(IMPORT, import(&files[0]))
                .await
                .problem(409, "file_replayed");
            let done = there.post(IMPORT, import(&notice)).await.expect(200);
            let came = json!({ "id": done["notice_id"] });
            let shown = read(&there, &came).await;
            let words: Vec<String> = told(&shown).into_keys().collect();
            assert_eq!(
                (words, &shown["fields"]),
                (
                    vec!["birth_year".to_owned(), "name".to_owned()],
                    &json!(["name", "birth_year"])
                )
            );
            // The other one comes after it, as usual; the same file again changes nothing.
            there.post(IMPORT, import(&files[1])).await.expect(200);
            let shown = read(&there, &came).await;
            assert_eq!(told(&shown).into_keys().collect::<Vec<_>>(), ["name"]);
            for file in [&files[0], &files[1], &notice] {
                there
                    .post(IMPORT, import(file))
                    .await
                    .problem(409, "file_replayed");
            }
            assert_eq!(read(&there, &came).await, shown);
            assert_eq!(values(b), 1);
        })
    });
}
