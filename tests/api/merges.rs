//! Merging two records of one person, and undoing it: exactly, or not at all.

use diesel::prelude::*;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::both;
use crate::support::make::{at, consent, resident_with};
use crate::support::syncing::{Pocket, amendment, numbered, operation, push_one};
use crate::support::twins::{document, dump, pairs, the_pair};
use crate::support::*;
use qianshou::auth::policy::Role;
use qianshou::db::schema::merge_moves;

fn id(record: &Value) -> &str {
    record["id"].as_str().unwrap()
}

fn person(record: &Value) -> Value {
    match &record["person_id"] {
        Value::Null => record["id"].clone(),
        person => person.clone(),
    }
}

/// Somebody registered twice by the same member.
async fn twice(member: &Client) -> (Value, Value) {
    let body = resident_with(json!({ "document": document() }));
    let mut other = body.clone();
    other["phone"] = json!(make::phone());
    let first = member.post("/v1/residents", body).await.expect(201);
    let second = member.post("/v1/residents", other).await.expect(201);
    (first, second)
}

async fn merged(coordinator: &Client, pair: &Value, keep: &Value) -> String {
    let path = at("duplicates", pair);
    let body = json!({ "keep": person(keep) });
    let done = coordinator
        .post(&format!("{path}/merge"), body)
        .await
        .expect(200);
    assert_eq!(
        (&done["state"], &done["kept_person_id"]),
        (&json!("merged"), &person(keep))
    );
    path
}

async fn undo(coordinator: &Client, path: &str) -> Answer {
    coordinator.post(&format!("{path}/undo"), json!({})).await
}

#[track_caller]
fn leads(answer: Answer, to: &str) {
    assert_eq!(
        (answer.status, answer.header("location")),
        (308, Some(to)),
        "{}",
        answer.text
    );
}

async fn ids_of(client: &Client, path: &str) -> Vec<Value> {
    let page = client.get(path).await.expect(200);
    page["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["id"].clone())
        .collect()
}

both! {
    async fn of_two_memberships_of_one_association_the_later_one_ends_and_comes_back(app) {
        let branch = crate::associations::branch(app).await;
        let member = app.member().await;
        let both = app.user_with(&[(Role::Officer, TOWN), (Role::Coordinator, TOWN)]).await;
        let (kept, gone) = twice(&member).await;
        let join = |resident: &Value, on: &str| {
            let body = json!({ "association_id": branch.village["id"], "person_id": person(resident), "joined_on": on, "consents": [consent("membership")] });
            let both = both.clone();
            async move { both.post("/v1/members", body).await.expect(201) }
        };
        let later = join(&kept, "2026-02-01").await;
        let earlier = join(&gone, "2025-03-01").await;
        let card = both.post(&format!("{}/cards", at("members", &later)), json!({ "issued_on": "2026-02-01" })).await.expect(201);
        let elsewhere = json!({ "association_id": branch.township["id"], "person_id": person(&kept), "joined_on": "2026-01-01" });
        let elsewhere = both.post("/v1/members", elsewhere).await.expect(201);
        let pair = the_pair(app, &both).await;
        let before = dump(&mut app.connection());
        let path = merged(&both, &pair, &kept).await;
        let living = ids_of(&both, "/v1/members").await;
        assert!(living.len() == 2 && living.contains(&earlier["id"]) && living.contains(&elsewhere["id"]), "{living:?}");
        let ended = both.get(&at("members", &later)).await.expect(200);
        assert_eq!((&ended["state"], &ended["left_on"], &ended["left_because"], &ended["card_number"]), (&json!("left"), &json!("2026-02-01"), &json!("recorded_twice"), &json!(null)));
        assert_eq!(both.get(&at("members", &earlier)).await.expect(200)["person_id"], person(&kept));
        let again = json!({ "association_id": branch.village["id"], "person_id": person(&kept), "joined_on": "2026-03-01" });
        both.post("/v1/members", again).await.problem(409, "already_member");
        undo(&both, &path).await.expect(200);
        let living = ids_of(&both, "/v1/members").await;
        assert_eq!(living.len(), 3);
        let back = both.get(&at("members", &later)).await.expect(200);
        assert_eq!((&back["state"], &back["left_on"], &back["person_id"]), (&json!("member"), &json!(null), &person(&kept)));
        let cards = both.get(&format!("{}/cards", at("members", &later))).await.expect(200);
        assert_eq!(cards["items"][0]["voided_on"], json!(null), "{card}");
        assert_eq!(dump(&mut app.connection()).0, before.0);
    }

    async fn what_hangs_on_one_record_moves_to_the_other_and_old_ids_lead_there(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let (kept, gone) = twice(&member).await;
        let stays = |r: &Value| format!("{}/residences", at("residents", r));
        let consents = |r: &Value| format!("{}/consents", at("residents", r));
        let follow_up = member.post(&consents(&gone), consent("service_follow_up")).await.expect(201);
        let stay = ids_of(&member, &stays(&gone)).await;
        let pair = the_pair(app, &coordinator).await;
        let path = merged(&coordinator, &pair, &kept).await;
        let all = ids_of(&member, &stays(&kept)).await;
        assert!(all.len() == 2 && all.contains(&stay[0]));
        let given = member.get(&consents(&kept)).await.expect(200);
        let given = given["items"].as_array().unwrap();
        let live = |purpose: &str| given.iter().filter(|k| k["purpose"] == purpose && k["withdrawn_at"].is_null()).count();
        assert_eq!((given.len(), live("registration"), live("service_follow_up")), (3, 1, 1));
        assert!(given.iter().any(|k| k["id"] == follow_up["id"]));
        // The later consent to registration stands; the earlier one was ended by nobody's word.
        let ended = given.iter().find(|k| !k["withdrawn_at"].is_null()).unwrap();
        assert_eq!((&ended["purpose"], &ended["withdrawn_channel"]), (&json!("registration"), &json!(null)));
        // Its own fields stay as they were, and so does who looks after it.
        let read = member.get(&at("residents", &kept)).await.expect(200);
        assert_eq!((&read["phone"], &read["registered_by"]), (&kept["phone"], &json!(member.id)));
        assert_eq!(ids_of(&member, "/v1/residents").await, [kept["id"].clone()]);
        let look_up = json!({ "phone": gone["phone"] });
        assert_eq!(member.post("/v1/residents/look-up", look_up).await.expect(200)["known_in_area"], false);
        // Whatever is asked of the old id is asked of the kept one, by whoever may see that.
        let (old, new) = (at("residents", &gone), at("residents", &kept));
        for one in [&member, &coordinator] {
            leads(one.get(&old).await, &new);
            leads(one.get(&format!("{old}/consents?limit=5")).await, &format!("{new}/consents?limit=5"));
            leads(one.post(&format!("{old}/consents"), consent("photos")).await, &format!("{new}/consents"));
            leads(one.patch(&old, "\"1-f\"", json!({ "sex": "female" })).await, &new);
            leads(one.post(&format!("{old}/reveal"), json!({ "reason": "correction" })).await, &format!("{new}/reveal"));
        }
        for stranger in [app.member().await, app.user(Role::Coordinator, OTHER_TOWN).await] {
            stranger.get(&old).await.problem(404, "not_found");
        }
        member.patch(&new, "\"1-f\"", json!({ "sex": "female" })).await.problem(412, "version_conflict");
        // And back.
        let undone = undo(&coordinator, &path).await.expect(200);
        assert_eq!((&undone["state"], &undone["kept_person_id"]), (&json!("open"), &json!(null)));
        let back = member.get(&old).await.expect(200);
        assert_eq!((&back["phone"], &back["person_id"]), (&gone["phone"], &gone["person_id"]));
        assert!(back["version"].as_i64() > gone["version"].as_i64());
        assert_eq!(ids_of(&member, &stays(&gone)).await, stay);
        assert_eq!(ids_of(&member, &consents(&gone)).await.len(), 2);
        assert_eq!(merge_moves::table.count().get_result::<i64>(&mut app.connection()).unwrap(), 0);
        // Whoever served as both can read what was done with either.
        for record in [&kept, &gone] {
            let audit = coordinator.get(&format!("/v1/audit-entries?record_id={}", id(record))).await.expect(200);
            let actions: Vec<_> = audit["items"].as_array().unwrap().iter().map(|e| e["action"].as_str().unwrap().to_owned()).collect();
            for action in ["duplicate.merge", "duplicate.undo"] {
                assert!(actions.contains(&action.to_owned()), "{actions:?}");
            }
        }
    }

    async fn a_repeated_create_answers_the_kept_record(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let body = resident_with(json!({ "document": document() }));
        let kept = member.post("/v1/residents", body.clone()).await.expect(201);
        let gone = member.post_once("/v1/residents", "k1", body.clone()).await.expect(201);
        merged(&coordinator, &the_pair(app, &coordinator).await, &kept).await;
        let again = member.post_once("/v1/residents", "k1", body).await.expect(201);
        assert_ne!(again["id"], gone["id"]);
        assert_eq!(again["id"], kept["id"]);
    }

    async fn a_merge_is_refused_where_it_does_not_fit(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let (first, second) = twice(&member).await;
        let pair = the_pair(app, &coordinator).await;
        let merge = format!("{}/merge", at("duplicates", &pair));
        let keep = |r: &Value| json!({ "keep": person(r) });
        coordinator.post(&merge, json!({})).await.fault("/keep", "required");
        coordinator.post(&merge, json!({ "keep": first["id"] })).await.fault("/keep", "not_one_of");
        undo(&coordinator, &at("duplicates", &pair)).await.problem(409, "state_forbids");
        member.post(&merge, keep(&first)).await.problem(403, "forbidden_action");
        // Whoever left is not kept for somebody who lives here.
        let left = json!({ "left_on": "2026-06-01", "reason": "returned_home" });
        member.post(&format!("{}/departure", at("residents", &first)), left).await.expect(200);
        coordinator.post(&merge, keep(&first)).await.fault("/keep", "not_fitting");
        // Two households.
        let (one, two) = (make::household(&member).await, make::household(&member).await);
        let put = |household: &Value, resident: &Value| format!("{}/people/{}", at("households", household), person(resident).as_str().unwrap());
        for (household, resident) in [(&one, &first), (&two, &second)] {
            Answer::of(member.request(reqwest::Method::PUT, &put(household, resident))).await.expect(200);
        }
        coordinator.post(&merge, keep(&second)).await.fault("/keep", "other_household");
        Answer::of(member.request(reqwest::Method::PUT, &put(&two, &first))).await.expect(200);
        coordinator.post(&merge, keep(&second)).await.expect(200);
        let refused = coordinator.post(&merge, keep(&second)).await.problem(409, "state_forbids");
        assert_eq!((&refused["state"], &refused["allowed_actions"]), (&json!("merged"), &json!(["undo"])));
        // Of the household's record of the merged person, too, the old id leads on.
        leads(member.get(&put(&two, &first)).await, &put(&two, &second));
    }

    async fn a_registration_is_not_merged_into_somebody_of_a_household(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let document = document();
        let resident = member.post("/v1/residents", resident_with(json!({ "document": document }))).await.expect(201);
        let household = make::household(&member).await;
        let body = json!({ "name": "张伟", "sex": "male", "birth_year": 1985, "document": document, "consents": [consent("insurance")] });
        let people = format!("{}/people", at("households", &household));
        let relative = member.post(&people, body).await.expect(201);
        let pair = the_pair(app, &coordinator).await;
        let merge = format!("{}/merge", at("duplicates", &pair));
        coordinator.post(&merge, json!({ "keep": person(&relative) })).await.fault("/keep", "not_fitting");
        let path = merged(&coordinator, &pair, &resident).await;
        // The resident takes the place in the household, and the consent comes along.
        let read = member.get(&at("residents", &resident)).await.expect(200);
        assert_eq!(read["household_id"], household["id"]);
        let people = member.get(&people).await.expect(200);
        let people = people["items"].as_array().unwrap();
        assert_eq!((people.len(), &people[0]["id"]), (1, &resident["person_id"]));
        assert_eq!(people[0]["consents"], json!(["insurance", "registration"]));
        undo(&coordinator, &path).await.expect(200);
        assert_eq!(member.get(&at("residents", &resident)).await.expect(200)["household_id"], json!(null));
        let shown = format!("{}/people/{}", at("households", &household), id(&relative));
        assert_eq!(member.get(&shown).await.expect(200)["consents"], json!(["insurance"]));
    }

    async fn the_last_word_of_the_person_counts(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let (kept, gone) = twice(&member).await;
        let consents = |r: &Value| format!("{}/consents", at("residents", r));
        for purpose in ["photos", "membership"] {
            member.post(&consents(&kept), consent(purpose)).await.expect(201);
            member.post(&consents(&gone), consent(purpose)).await.expect(201);
        }
        make::withdraw(&member, &consents(&gone), "photos").await;
        make::withdraw(&member, &consents(&kept), "membership").await;
        let again = member.post(&consents(&kept), make::consent_again("membership")).await.expect(201);
        make::withdraw(&member, &consents(&gone), "membership").await;
        member.post(&consents(&gone), make::consent_again("membership")).await.expect(201);
        let pair = the_pair(app, &coordinator).await;
        merged(&coordinator, &pair, &kept).await;
        let all = member.get(&consents(&kept)).await.expect(200);
        let live = |purpose: &str| all["items"].as_array().unwrap().iter().filter(|k| k["purpose"] == purpose && k["withdrawn_at"].is_null()).count();
        assert_eq!((live("photos"), live("membership")), (0, 1), "{again}");
    }

    async fn an_undo_that_cannot_be_exact_is_refused(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let refused = |answer: Answer| {
            let problem = answer.problem(409, "state_forbids");
            assert_eq!((&problem["state"], &problem["allowed_actions"]), (&json!("changed_since"), &json!([])));
        };
        // A consent that had moved was withdrawn.
        let (kept, gone) = twice(&member).await;
        let consents = format!("{}/consents", at("residents", &gone));
        member.post(&consents, consent("photos")).await.expect(201);
        let path = merged(&coordinator, &the_pair(app, &coordinator).await, &kept).await;
        make::withdraw(&member, &format!("{}/consents", at("residents", &kept)), "photos").await;
        let before = dump(&mut app.connection());
        refused(undo(&coordinator, &path).await);
        assert_eq!(dump(&mut app.connection()), before, "nothing was done");
        // Given on both records, the later one stood; withdrawn since, the earlier one would live again.
        let (kept, gone) = twice(&member).await;
        for record in [&gone, &kept] {
            member.post(&format!("{}/consents", at("residents", record)), consent("photos")).await.expect(201);
        }
        let path = merged(&coordinator, &the_document_pair(app, &coordinator, &kept).await, &kept).await;
        make::withdraw(&member, &format!("{}/consents", at("residents", &kept)), "photos").await;
        refused(undo(&coordinator, &path).await);
        // The kept person withdrew: nobody sees the pair any more, and nothing is done with it.
        let (kept, _) = twice(&member).await;
        let path = merged(&coordinator, &the_document_pair(app, &coordinator, &kept).await, &kept).await;
        make::withdraw(&member, &format!("{}/consents", at("residents", &kept)), "registration").await;
        undo(&coordinator, &path).await.problem(404, "not_found");
        // The kept record was merged with a third one.
        let number = document();
        let body = || resident_with(json!({ "document": number, "name": "吴三" }));
        let one = member.post("/v1/residents", body()).await.expect(201);
        let two = member.post("/v1/residents", body()).await.expect(201);
        let three = member.post("/v1/residents", body()).await.expect(201);
        let found = pairs(app, &coordinator, "open").await;
        let pair_of = |a: &Value, b: &Value| {
            let of = |p: &&Value| {
                let records = p["records"].as_array().unwrap();
                [a, b].iter().all(|r| records.iter().any(|s| s["resident_id"] == r["id"]))
            };
            found.iter().find(of).unwrap()
        };
        let first = merged(&coordinator, pair_of(&one, &two), &two).await;
        let second = merged(&coordinator, pair_of(&two, &three), &three).await;
        leads(member.get(&at("residents", &one)).await, &at("residents", &three));
        refused(undo(&coordinator, &first).await);
        let other = format!("{}/merge", at("duplicates", pair_of(&one, &three)));
        coordinator.post(&other, json!({ "keep": person(&three) })).await.problem(409, "state_forbids");
        // In the order in which they were done, backwards.
        undo(&coordinator, &second).await.expect(200);
        undo(&coordinator, &first).await.expect(200);
        for resident in [&one, &two, &three] {
            member.get(&at("residents", resident)).await.expect(200);
        }
    }

    async fn a_claim_made_since_keeps_its_policy(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let world = insured_twice(app, &member, &coordinator).await;
        let path = merged(&coordinator, &world.pair, &world.kept).await;
        let policy = member.get(&at("policies", &world.policy)).await.expect(200);
        assert_eq!((&policy["holder_person_id"], &policy["insured"][0]["person_id"]), (&person(&world.kept), &person(&world.kept)));
        // What is sealed for the merged person still opens.
        assert_eq!(policy["insured"][0]["sum_agreed"], true);
        let claim = make::claim(&policy, &json!({ "id": person(&world.kept) }));
        member.post("/v1/claims", claim).await.expect(201);
        assert_eq!(undo(&coordinator, &path).await.problem(409, "state_forbids")["state"], "changed_since");
    }

    async fn phones_drop_the_old_record_and_go_on_with_the_kept_one(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let (kept, gone) = twice(&member).await;
        let pair = the_pair(app, &coordinator).await;
        numbered(app).await;
        let (mut phone, mut theirs) = (Pocket::new(&member), Pocket::new(&coordinator));
        phone.pull().await;
        theirs.pull().await;
        assert!(phone.has("resident", &gone) && theirs.has("resident", &gone));
        let path = merged(&coordinator, &pair, &kept).await;
        numbered(app).await;
        for pocket in [&mut phone, &mut theirs] {
            let changes = pocket.pull().await;
            let told = changes.iter().find(|c| c["kind"] == "resident" && c["id"] == gone["id"]).unwrap();
            assert_eq!((&told["op"], &told["merged_into"]), (&json!("delete"), &kept["id"]));
            assert!(pocket.has("resident", &kept) && !pocket.has("resident", &gone));
            let of = |kind: &str| pocket.records.iter().filter(|((k, _), kept_one)| k == kind && (kept_one.record["resident_id"] == kept["id"] || kept_one.record["person_id"] == kept["person_id"])).count();
            assert_eq!((of("residence"), of("consent")), (2, 2));
        }
        // What a phone did before it knew is done to the kept record, and the result says so.
        let mut late = amendment(app, &gone, 1, json!({ "address": "中山路9号" }));
        let result = push_one(app, &member, &late).await;
        assert_eq!((&result["outcome"], &result["record_id"], &result["merged_into"]), (&json!("applied"), &gone["id"], &kept["id"]), "{result}");
        assert_eq!((&result["record"]["id"], &result["record"]["address"]), (&kept["id"], &json!("中山路9号")));
        assert_eq!(result["version"], result["record"]["version"]);
        let again = push_one(app, &member, &late).await;
        assert_eq!((&again["outcome"], &again["merged_into"]), (&json!("duplicate"), &kept["id"]));
        let mut given = operation(app, "consent", "create", &syncing::new_id(app), consent("photos"));
        given["parent_id"] = gone["id"].clone();
        assert_eq!(push_one(app, &member, &given).await["outcome"], "applied");
        // So is what names the old person inside.
        let household = make::household(&member).await;
        let mut join = operation(app, "household_person", "join", person(&gone).as_str().unwrap(), json!({}));
        join["parent_id"] = household["id"].clone();
        let joined = push_one(app, &member, &join).await;
        assert_eq!((&joined["outcome"], &joined["merged_into"]), (&json!("applied"), &kept["person_id"]), "{joined}");
        // Whoever may not see the kept one learns nothing of it.
        late["op_id"] = json!(syncing::new_id(app));
        let stranger = app.member().await;
        let held = push_one(app, &stranger, &late).await;
        assert_eq!((&held["outcome"], held.get("merged_into")), (&json!("held"), None));
        // Undone, both are there again.
        let photos = member.get(&format!("{}/consents", at("residents", &kept))).await.expect(200);
        assert!(photos["items"].as_array().unwrap().iter().any(|k| k["purpose"] == "photos"));
        undo(&coordinator, &path).await.expect(200);
        numbered(app).await;
        for pocket in [&mut phone, &mut theirs] {
            pocket.pull().await;
            for resident in [&kept, &gone] {
                assert!(pocket.has("resident", resident));
                let path = at("residents", resident);
                let read = pocket.client.get(&path).await.expect(200);
                let key = ("resident".to_owned(), id(resident).to_owned());
                assert_eq!(pocket.records[&key].record, read);
            }
        }
    }

    async fn whatever_two_people_have_an_undo_puts_back_what_was(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        for seed in 0..8 {
            let mut rng = StdRng::seed_from_u64(seed);
            let (a, b) = random_two(&member, &mut rng).await;
            let pair = the_document_pair(app, &coordinator, &a).await;
            let path = at("duplicates", &pair);
            let (before, versions) = dump(&mut app.connection());
            let mut keep = if rng.random_bool(0.5) { (&a, &b) } else { (&b, &a) };
            let mut answer = coordinator.post(&format!("{path}/merge"), json!({ "keep": person(keep.0) })).await;
            if answer.status == 422 {
                keep = (keep.1, keep.0);
                answer = coordinator.post(&format!("{path}/merge"), json!({ "keep": person(keep.0) })).await;
            }
            answer.expect(200);
            let (between, _) = dump(&mut app.connection());
            assert_ne!(before, between, "seed {seed}");
            undo(&coordinator, &path).await.expect(200);
            let (after, grown) = dump(&mut app.connection());
            let lost: Vec<_> = before.iter().filter(|line| !after.contains(line)).collect();
            assert!(before == after, "seed {seed}: {lost:#?}");
            for (row, version) in &versions {
                assert!(grown[row] >= *version, "seed {seed}: {row}");
            }
            // Once more, so that the queue is empty for the next two.
            let dismissal = json!({ "reason": "other" });
            coordinator.post(&format!("{path}/merge"), json!({ "keep": person(keep.0) })).await.expect(200);
            undo(&coordinator, &path).await.expect(200);
            assert!(dump(&mut app.connection()).0 == before, "seed {seed}, the second time");
            coordinator.post(&format!("{path}/dismissal"), dismissal).await.expect(200);
        }
    }

    /// The feed tells every phone of all that a merge and its undo changed: one that pulled all along holds what a
    /// new one is given.
    async fn phones_hold_after_each_step_what_a_new_phone_would(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let mut pockets = [Pocket::new(&member), Pocket::new(&coordinator)];
        for seed in 20..24 {
            let mut rng = StdRng::seed_from_u64(seed);
            let (a, b) = random_two(&member, &mut rng).await;
            let path = at("duplicates", &the_document_pair(app, &coordinator, &a).await);
            same_as_new(app, &mut pockets, &format!("seed {seed}, before")).await;
            let merge = format!("{path}/merge");
            let mut answer = coordinator.post(&merge, json!({ "keep": person(&b) })).await;
            if answer.status == 422 {
                answer = coordinator.post(&merge, json!({ "keep": person(&a) })).await;
            }
            answer.expect(200);
            same_as_new(app, &mut pockets, &format!("seed {seed}, merged")).await;
            undo(&coordinator, &path).await.expect(200);
            same_as_new(app, &mut pockets, &format!("seed {seed}, undone")).await;
        }
    }

    async fn erasing_a_person_erases_what_was_merged_into_them(app) {
        let (member, coordinator) = (app.member().await, app.coordinator().await);
        let (kept, gone) = twice(&member).await;
        let path = merged(&coordinator, &the_pair(app, &coordinator).await, &kept).await;
        // Asked for under the record that was merged since.
        let asked = json!({ "person_id": person(&gone), "kind": "erasure", "asked_by": "self", "channel": "in_person" });
        undo(&coordinator, &path).await.expect(200);
        let asked = member.post("/v1/privacy-requests", asked).await.expect(201);
        coordinator.post(&format!("{path}/merge"), json!({ "keep": person(&kept) })).await.expect(200);
        let request = at("privacy-requests", &asked);
        coordinator.post(&format!("{request}/acceptance"), json!({})).await.expect(200);
        while qianshou::privacy::erasure::run(&app.data).await.unwrap() {}
        assert_eq!(coordinator.get(&request).await.expect(200)["state"], "done");
        use qianshou::db::schema::persons;
        for record in [&kept, &gone] {
            let id: qianshou::db::Uid = person(record).as_str().unwrap().parse().unwrap();
            let (state, name): (String, Vec<u8>) = persons::table.find(id)
                .select((persons::state, persons::name)).first(&mut app.connection()).unwrap();
            assert_eq!((state.as_str(), name), ("erased", Vec::new()));
        }
        // A backup from before the merge knows both as somebody: both are erased again.
        let lines = app.data.journal.all().unwrap();
        let ids = [&kept, &gone].map(|r| person(r).as_str().unwrap().parse::<qianshou::db::Uid>().unwrap());
        let line: Vec<_> = lines.into_iter().filter(|line| line.ids.contains(&ids[0])).collect();
        diesel::update(persons::table.filter(persons::id.eq_any(ids))).set(persons::state.eq("active")).execute(&mut app.connection()).unwrap();
        let now = app.now();
        let back = app.data.db.write(move |c| qianshou::privacy::erasure::store::back(c, &line, now)).await.unwrap();
        assert!(back.len() == 2 && ids.iter().all(|id| back.contains(id)), "{back:?}");
        coordinator.get(&path).await.problem(404, "not_found");
        assert_eq!(merge_moves::table.count().get_result::<i64>(&mut app.connection()).unwrap(), 0);
    }
}

/// What these phones hold is what new ones of the same users would be given.
async fn same_as_new(app: &TestApp, pockets: &mut [Pocket], when: &str) {
    numbered(app).await;
    for pocket in pockets {
        pocket.pull().await;
        let mut new = Pocket::new(&pocket.client);
        new.pull().await;
        let differ = |key: &&(String, String)| pocket.records.get(key) != new.records.get(key);
        let keys = pocket.records.keys().chain(new.records.keys());
        let wrong: Vec<_> = keys.filter(differ).collect();
        assert!(wrong.is_empty(), "{when}: {wrong:?}");
    }
}

/// The open pair that this record is in by its document.
async fn the_document_pair(app: &TestApp, coordinator: &Client, record: &Value) -> Value {
    let found = pairs(app, coordinator, "open").await;
    let of = |pair: &&Value| {
        let records = pair["records"].as_array().unwrap();
        pair["why"] == "same_document" && records.iter().any(|r| r["person_id"] == person(record))
    };
    found.iter().find(of).unwrap().clone()
}

struct Insured {
    pair: Value,
    kept: Value,
    policy: Value,
}

/// Two records in one household; the one that is not kept is insured.
async fn insured_twice(app: &TestApp, member: &Client, coordinator: &Client) -> Insured {
    let household = make::household(member).await;
    let number = document();
    let mut people = Vec::new();
    for _ in 0..2 {
        let body = json!({ "name": "郑芳", "sex": "female", "birth_year": 1985, "document": number,
            "consents": [consent("registration"), consent("insurance")] });
        let path = format!("{}/people", at("households", &household));
        people.push(member.post(&path, body).await.expect(201));
    }
    let policy = make::policy(&household, &people[1]);
    let policy = member.post("/v1/policies", policy).await.expect(201);
    Insured {
        pair: the_pair(app, coordinator).await,
        kept: people[0].clone(),
        policy,
    }
}

/// Two records of one person, with whatever chance hangs on them.
async fn random_two(member: &Client, rng: &mut StdRng) -> (Value, Value) {
    let number = document();
    let household = make::household(member).await;
    let people = format!("{}/people", at("households", &household));
    let mut two = Vec::new();
    // Residents both, one of them, or none.
    let residents = rng.random_range(0..3);
    for n in 0..2 {
        let made = if n < residents {
            let day = rng.random_range(1..28);
            let body = resident_with(
                json!({ "document": number, "arrived_on": format!("2026-02-{day:02}"),
                "employer": "南湖纺织厂", "home_area": if rng.random_bool(0.5) { json!("3304") } else { json!(null) } }),
            );
            member.post("/v1/residents", body).await.expect(201)
        } else {
            let body = json!({ "name": "张伟", "sex": "male", "birth_year": 1985, "document": number,
                "consents": [consent("registration")] });
            member.post(&people, body).await.expect(201)
        };
        two.push(made);
    }
    let home = |n: usize, r: &Value| match n < residents {
        true => at("residents", r),
        false => format!("{people}/{}", id(r)),
    };
    for (n, record) in two.iter().enumerate() {
        let mine = home(n, record);
        if n < residents && rng.random_bool(0.6) {
            let day = rng.random_range(1..28);
            let body = json!({ "area": VILLAGE, "address": "解放路1号", "from_day": format!("2026-04-{day:02}"), "reason": "family" });
            member
                .post(&format!("{mine}/residences"), body)
                .await
                .expect(201);
        }
        if n < residents && rng.random_bool(0.7) {
            let path = format!("{people}/{}", person(record).as_str().unwrap());
            Answer::of(member.request(reqwest::Method::PUT, &path))
                .await
                .expect(200);
        }
        for purpose in [
            "insurance",
            "service_follow_up",
            "photos",
            "membership",
            "care_support",
        ] {
            if rng.random_bool(0.6) {
                let given = member
                    .post(&format!("{mine}/consents"), consent(purpose))
                    .await;
                given.expect(201);
                if rng.random_bool(0.3) {
                    make::withdraw(member, &format!("{mine}/consents"), purpose).await;
                    if rng.random_bool(0.5) {
                        member
                            .post(&format!("{mine}/consents"), make::consent_again(purpose))
                            .await
                            .expect(201);
                    }
                }
            }
        }
    }
    let insured = |list: &Value| {
        let of = |r: &&Value| {
            let all = list["items"].as_array().unwrap();
            let of = |p: &&Value| p["id"] == person(r);
            all.iter().find(of).is_some_and(|p| {
                p["consents"]
                    .as_array()
                    .unwrap()
                    .contains(&json!("insurance"))
            })
        };
        two.iter().filter(of).cloned().collect::<Vec<Value>>()
    };
    let insured = insured(&member.get(&people).await.expect(200));
    for n in 0..rng.random_range(0..3) {
        if insured.is_empty() {
            break;
        }
        let (holder, first) = (&insured[rng.random_range(0..insured.len())], &insured[0]);
        let mut policy = make::policy(&household, &json!({ "id": person(holder) }));
        // Of each year one: nobody is insured twice by one product.
        let year = 2026 - n;
        (policy["starts_on"], policy["ends_on"]) = (
            json!(format!("{year}-01-01")),
            json!(format!("{year}-12-31")),
        );
        policy["insured"] = json!([{ "person_id": person(first), "sum_agreed": true }]);
        if insured.len() == 2 && rng.random_bool(0.5) {
            policy["insured"] = json!([{ "person_id": person(first), "sum_agreed": true }, { "person_id": person(&insured[1]), "sum_agreed": true }]);
        }
        if rng.random_bool(0.5) {
            policy["beneficiaries"] =
                json!([{ "person_id": person(holder), "share": 100, "agreed_by_insured": true }]);
        }
        let policy = member.post("/v1/policies", policy).await.expect(201);
        if rng.random_bool(0.5) {
            let mut claim = make::claim(&policy, &json!({ "id": person(first) }));
            let day = format!("{year}-03-01");
            (claim["event_on"], claim["known_on"]) = (json!(day), json!(day));
            member.post("/v1/claims", claim).await.expect(201);
        }
    }
    if let Some(contact) = insured.first()
        && rng.random_bool(0.5)
    {
        let path = at("households", &household);
        let etag = member.get(&path).await.etag();
        let body = json!({ "contact_person_id": person(contact) });
        member.patch(&path, &etag, body).await.expect(200);
    }
    if residents == 2 && rng.random_bool(0.3) {
        let body = json!({ "left_on": "2026-06-01", "reason": "work_ended" });
        member
            .post(&format!("{}/departure", home(0, &two[0])), body)
            .await
            .expect(200);
    }
    (two[0].clone(), two[1].clone())
}

/// What a merge costs does not depend on how many others there are, and is a bounded number of statements.
#[test]
fn a_merge_is_a_few_statements() {
    run(Backend::Sqlite, |app| {
        Box::pin(async move {
            use diesel::connection::{Connection, InstrumentationEvent};
            use std::sync::Arc;
            use std::sync::atomic::{AtomicUsize, Ordering};
            let (member, coordinator) = (app.member().await, app.coordinator().await);
            let (kept, _) = twice(&member).await;
            let pair = the_pair(app, &coordinator).await;
            let who = phones::who(app, &coordinator).await;
            let (count, mut c) = (Arc::new(AtomicUsize::new(0)), app.connection());
            let seen = count.clone();
            c.set_instrumentation(move |event: InstrumentationEvent<'_>| {
                if matches!(event, InstrumentationEvent::StartQuery { .. }) {
                    seen.fetch_add(1, Ordering::Relaxed);
                }
            });
            let (id, keep) = (phones::id_of(&pair), person(&kept));
            let keep = keep.as_str().unwrap().parse().unwrap();
            qianshou::db::transact(&mut c, |c| {
                qianshou::duplicates::merge::merge(c, &who, id, keep)
            })
            .unwrap();
            let statements = count.load(Ordering::Relaxed);
            assert!((20..140).contains(&statements), "{statements}");
        })
    });
}
