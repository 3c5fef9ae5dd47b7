//! Areas that are taken away, and people who move between them.

use crate::handset::Handset;
use crate::people::{Kit, resident};
use crate::phone::store::Id;
use crate::phone::wire::Outcome;
use crate::phone::{Moment, State};
use crate::support::syncing::{of, pull};
use crate::support::*;

/// This user's work that waits for a coordinator: the id of an operation's resting place.
async fn quarantined(coordinator: &Client, op_id: Id) -> String {
    let all = coordinator.get("/v1/sync/quarantine?limit=200").await;
    let all = all.expect(200);
    let mut items = all["items"].as_array().unwrap().iter();
    let found = items.find(|work| work["op_id"] == json!(op_id));
    let found = found.unwrap_or_else(|| panic!("the coordinator does not see {op_id}: {all}"));
    format!("/v1/sync/quarantine/{}", found["id"].as_str().unwrap())
}

pub async fn scope_shrunk_with_unsent_work(kit: &Kit) -> Vec<Handset> {
    let [kept, lost] = &kit.villages;
    let worker = kit.field_member_of_both().await;
    let coordinator = kit.person("coordinator", lost).await;
    let mut phone = kit.synced_phone(&worker).await;
    let [here, there] = [kept, lost].map(|village| phone.makes("resident", resident(village)));
    phone.sync().await;
    // Where they live the results did not say: a pull does.
    let placed = |h: &mut Handset, id| {
        let record = h.phone.record("resident", id).unwrap();
        record.is_some_and(|record| !record.areas.0.is_empty())
    };
    let both = |h: &mut Handset| placed(h, here) && placed(h, there);
    phone.sync_until("pulled both", both).await;

    let late = phone.amends("resident", there, json!({ "reason": "study" }));
    let fresh_record = phone.makes("resident", resident(lost));
    let near = phone.amends("resident", here, json!({ "reason": "study" }));
    kit.unassign(&worker, lost).await;
    let synced = phone.sync().await;
    let by_op = |op: Id| synced.pushed.iter().find(|s| s.operation.op_id == op);
    assert_eq!(by_op(late).unwrap().result.outcome, Outcome::Quarantined);
    assert_eq!(by_op(near).unwrap().result.outcome, Outcome::Applied);
    assert_eq!(
        phone.count(&[State::Quarantined]),
        2,
        "the late and the new"
    );
    assert!(synced.pulled.dropped > 0);
    assert!(phone.holds("resident", there).is_none(), "purged");
    assert!(
        phone.holds("resident", here).is_some(),
        "what is still theirs"
    );
    let fresh = synced
        .pushed
        .iter()
        .find(|s| s.operation.record_id == fresh_record);
    let fresh = fresh.unwrap().operation.op_id;

    // Nothing was lost: the coordinator lets one be done and declines the other.
    let mut desk = kit.synced_phone(&coordinator).await;
    let client = kit.client(&mut desk).await;
    let [late_work, fresh_work] = [
        quarantined(&client, late).await,
        quarantined(&client, fresh).await,
    ];
    let shown = client.get(&late_work).await.expect(200);
    assert_eq!(shown["phone"], json!({ "reason": "study" }));
    let path = format!("{late_work}/release");
    client.post(&path, json!({})).await.expect(200);
    let path = format!("{fresh_work}/decline");
    client.post(&path, json!({})).await.expect(200);
    let released = |h: &mut Handset| h.holds("resident", there).unwrap()["reason"] == "study";
    desk.sync_until("has what was released", released).await;
    let path = format!("/v1/residents/{fresh_record}");
    client.get(&path).await.problem(404, "not_found");

    // The worker's phone asks what became of it.
    phone.watch.set_on(Moment::HOUR + 60 * Moment::SECOND);
    phone.sync().await;
    assert_eq!(phone.state(late), State::Acknowledged);
    assert_eq!(phone.state(fresh), State::Rejected);
    assert!(
        phone.holds("resident", there).is_none(),
        "it is still not theirs"
    );
    vec![phone, desk]
}

pub async fn moved_between_scopes(kit: &Kit) -> Vec<Handset> {
    let [from, to] = &kit.villages;
    let worker = kit.field_member_of_both().await;
    let mut phone = kit.synced_phone(&worker).await;
    let [mover, stayer] = [(); 2].map(|()| phone.makes("resident", resident(from)));
    phone.sync().await;
    let here = kit.person("coordinator", from).await;
    let there = kit.person("coordinator", to).await;
    let (mut here, mut there) = (kit.phone(&here).await, kit.phone(&there).await);
    let has = |h: &mut Handset| h.holds("resident", mover).is_some();
    here.sync_until("has the resident", has).await;
    there.sync().await;
    assert!(!has(&mut there));
    let (client, cursor) = (kit.client(&mut here).await, here.phone.cursor().unwrap());

    let stay = json!({ "area": to, "from_day": "2025-04-01", "reason": "work" });
    phone.makes_under(mover, "residence", stay);
    phone.sync().await;
    here.sync_until("dropped the resident", |h| !has(h)).await;
    there.sync_until("has the resident", has).await;
    assert!(here.holds("resident", stayer).is_some());
    // Those who do not see the record any more are told that it left, and nothing of it.
    let (changes, _) = pull(&client, cursor.as_deref()).await;
    let told = of(&changes, "resident", &json!(mover));
    let last = told.last().expect("told of the resident");
    assert_eq!(last["op"], "left");
    assert!(last.get("record").is_none());

    // The same between two field members: the coordinator gives the resident to one, then to the other.
    let [one, other] = [
        kit.person("field_member", to).await,
        kit.person("field_member", to).await,
    ];
    let desk = kit.client(&mut there).await;
    let path = format!("/v1/residents/{mover}/assignee");
    let gives = async |id: &str| desk.put(&path, json!({ "assignee": id })).await.expect(200);
    gives(&one.id).await;
    there.by_hand.push((mover, 1));
    let (mut of_one, mut of_other) = (kit.phone(&one).await, kit.phone(&other).await);
    of_one.sync_until("was given the resident", has).await;
    of_other.sync().await;
    assert!(!has(&mut of_other));
    gives(&other.id).await;
    there.by_hand.push((mover, 1));
    of_other.sync_until("was given the resident", has).await;
    of_one.sync_until("dropped the resident", |h| !has(h)).await;
    vec![phone, here, there, of_one, of_other]
}
