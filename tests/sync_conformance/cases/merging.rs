//! Two who change one record without knowing of each other.

use crate::handset::{Handset, outcomes};
use crate::people::{Kit, resident};
use crate::phone::State;
use crate::phone::wire::Outcome;
use crate::support::*;

pub async fn same_record_on_two_phones(kit: &Kit) -> Vec<Handset> {
    let worker = kit.field_member().await;
    let coordinator = kit.person("coordinator", &kit.villages[0]).await;
    let mut phone = kit.synced_phone(&worker).await;
    let somebody = phone.makes("resident", resident(&kit.villages[0]));
    phone.sync().await;
    let mut desk = kit.phone(&coordinator).await;
    let there = |h: &mut Handset| h.holds("resident", somebody).is_some();
    desk.sync_until("has the resident", there).await;

    desk.amends("resident", somebody, json!({ "reason": "study" }));
    desk.sync().await;
    // Both are offline when they write; the phone comes second.
    let stay = json!({ "expected_stay": "under_one_month" });
    let stay = phone.amends("resident", somebody, stay);
    let both = json!({ "reason": "family", "employer": "测试厂" });
    let both = phone.amends("resident", somebody, both);
    let pushed = phone.sync().await.pushed;
    let (merged, conflict) = ((Outcome::Merged, false), (Outcome::Conflict, false));
    assert_eq!(outcomes(&pushed), [merged, conflict]);
    assert_eq!(pushed[1].result.fields, ["reason"]);
    assert_eq!(phone.state(stay), State::Acknowledged);
    assert_eq!(phone.state(both), State::Conflict);
    let now = phone.holds("resident", somebody).unwrap();
    let expected = ["study", "测试厂", "under_one_month"];
    for (field, value) in ["reason", "employer", "expected_stay"].iter().zip(expected) {
        assert_eq!(now[field], value, "{field}");
    }

    // Both values are there to choose from; the worker's is taken.
    let client = kit.client(&mut phone).await;
    let resting = pushed[1].result.resting_id.unwrap();
    let path = format!("/v1/sync/conflicts/{resting}");
    let shown = client.get(&path).await.expect(200);
    assert_eq!(shown["phone"], json!({ "reason": "family" }));
    assert_eq!(shown["server"]["reason"], "study");
    let take = json!({ "take": "phone" });
    let path = format!("{path}/resolution");
    client.post(&path, take).await.expect(200);
    phone.by_hand.push((somebody, 1));
    phone.phone.dismiss(both).unwrap();
    for handset in [&mut phone, &mut desk] {
        let chosen = |h: &mut Handset| h.holds("resident", somebody).unwrap()["reason"] == "family";
        handset.sync_until("has what was chosen", chosen).await;
    }
    vec![phone, desk]
}
