//! Phones whose clocks are wrong.

use crate::handset::{Handset, outcomes};
use crate::people::{Kit, resident};
use crate::phone::store::Id;
use crate::phone::wire::Outcome;
use crate::phone::{Moment, Settled};
use crate::support::*;
use crate::target::Power;

/// What passes between the phone and the server takes less.
const A_WHILE: i64 = 5 * 60 * Moment::SECOND;

/// Two phones of one person write one record in turn; answers what became of each operation.
async fn played(kit: &Kit, off: [i64; 2]) -> (Vec<(Outcome, bool)>, [Handset; 2]) {
    let person = kit.field_member().await;
    let mut first = kit.phone(&person).await;
    let mut second = kit.phone(&person).await;
    for (phone, off) in [(&first, off[0]), (&second, off[1])] {
        phone.watch.set_on(off);
    }
    let mut all: Vec<Settled> = Vec::new();
    let somebody = first.makes("resident", resident(&kit.villages[0]));
    all.extend(first.sync().await.pushed);
    let there = |h: &mut Handset| h.holds("resident", somebody).is_some();
    second.sync_until("has the resident", there).await;

    // The first writes and arrives first; the second, which does not know of it, after it.
    first.amends("resident", somebody, json!({ "reason": "study" }));
    all.extend(first.sync().await.pushed);
    second.amends("resident", somebody, json!({ "reason": "family" }));
    second.amends("resident", somebody, json!({ "employer": "测试厂" }));
    all.extend(second.sync().await.pushed);
    let employed = |h: &mut Handset| h.holds("resident", somebody).unwrap()["employer"] == "测试厂";
    first.sync_until("has the employer", employed).await;
    // What was seen may be changed, whatever the clock of its author said.
    first.amends("resident", somebody, json!({ "employer": "另一测试厂" }));
    all.extend(first.sync().await.pushed);

    let client = kit.client(&mut first).await;
    let path = format!("/v1/residents/{somebody}");
    let record = client.get(&path).await.expect(200);
    let stands = [&record["reason"], &record["employer"]];
    assert_eq!(stands, [&json!("study"), &json!("另一测试厂")]);
    let conflict = all.iter().find(|s| s.result.outcome == Outcome::Conflict);
    made_at_is_kept(&client, conflict.expect("a conflict"), off[1], kit).await;
    for (phone, off) in [(&mut first, off[0]), (&mut second, off[1])] {
        skew_is_noted(kit, phone, off).await;
    }
    (outcomes(&all), [first, second])
}

/// The server keeps when something was done by the phone's clock, as the phone said.
async fn made_at_is_kept(client: &Client, conflict: &Settled, off: i64, kit: &Kit) {
    let resting: Id = conflict.result.resting_id.unwrap();
    let path = format!("/v1/sync/conflicts/{resting}");
    let shown = client.get(&path).await.expect(200);
    let kept: Moment = serde_json::from_value(shown["work"]["made_at"].clone()).unwrap();
    assert_eq!(kept, conflict.operation.made_at);
    let ahead = kept.0 - (kit.target.clock())();
    assert!((ahead - off).abs() < A_WHILE, "made {ahead} ms from now");
}

async fn skew_is_noted(kit: &Kit, phone: &mut Handset, off: i64) {
    if !kit.has(Power::Database) {
        return kit.left_out("that the server notes how far a clock is off");
    }
    let noted = kit.target.noted_skew(&phone.device()).await.unwrap();
    assert!((noted - off).abs() < A_WHILE, "{noted} ms noted of {off}");
}

pub async fn clock_a_day_off(kit: &Kit) -> Vec<Handset> {
    let (right, wrong) = (0, Moment::DAY);
    let (expected, phones) = played(kit, [right, right]).await;
    use Outcome::{Applied, Conflict, Merged};
    let told = [Applied, Applied, Conflict, Merged, Applied];
    assert_eq!(expected, told.map(|outcome| (outcome, false)));
    let mut all = Vec::from(phones);
    for off in [[wrong, -wrong], [-wrong, wrong]] {
        let (outcomes, phones) = played(kit, off).await;
        assert_eq!(outcomes, expected, "with clocks {off:?} ms off");
        all.extend(phones);
    }
    all
}
