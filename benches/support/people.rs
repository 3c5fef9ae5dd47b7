//! Accounts, and people who could exist.

use qianshou::areas::model::AreaRow;
use qianshou::auth::model::{AssignmentRow, DeviceRow, Platform, PushState, UserRow, UserState};
use qianshou::auth::policy::Role;
use qianshou::auth::{store, tokens};
use qianshou::db::{DbConn, Micros, Uid};
use qianshou::sync;

use super::Fixture;

/// Somebody who works in an area, with a phone.
#[derive(Clone)]
pub struct Account {
    pub id: Uid,
    pub token: String,
    pub area: AreaRow,
}

impl Account {
    pub fn new(fixture: &Fixture, c: &mut DbConn, role: Role, area: &AreaRow) -> Account {
        let now = fixture.app.clock.now();
        let id = Uid::new(now);
        let name = fixture.app.vault.seal("users.display_name", id.0, "测试");
        let user = UserRow {
            id,
            version: 1,
            field_versions: sync::fields::NEW.into(),
            login: format!("bench-{id}"),
            display_name: name.unwrap(),
            password_hash: None,
            state: UserState::Active,
            created_by: None,
            created_at: now,
            updated_at: now,
        };
        store::insert_user(c, &user).unwrap();
        let assignment = AssignmentRow {
            id: Uid::new(now),
            version: 1,
            field_versions: sync::fields::NEW.into(),
            user_id: id,
            role,
            area_id: area.id,
            county: area.county,
            town: area.town,
            village: area.village,
            starts_at: now.plus(-Micros::HOUR),
            ends_at: None,
            created_by: None,
            created_at: now,
            updated_at: now,
        };
        store::insert_assignment(c, &assignment).unwrap();
        let device = Uid::new(now);
        let row = DeviceRow {
            id: device,
            version: 1,
            field_versions: sync::fields::NEW.into(),
            user_id: id,
            installation_id: Uid::new(now),
            name: "Redmi 12".into(),
            platform: Platform::Android,
            app_version: "2.3.1".into(),
            push_provider: None,
            push_token: None,
            push_token_index: None,
            push_state: PushState::None,
            push_changed_at: None,
            push_strikes: 0,
            enrolled_at: now,
            last_seen_at: now,
            revoked_at: None,
            updated_at: now,
        };
        insert_device(c, &row);
        // From a while ahead: what is set up takes time too.
        let from = now.plus(40 * Micros::MINUTE);
        let session = Uid::new(now);
        let (token, _) = tokens::sign(&fixture.app, id, session, Some(device), from).unwrap();
        Account {
            id,
            token,
            area: area.clone(),
        }
    }
}

fn insert_device(c: &mut DbConn, row: &DeviceRow) {
    use diesel::prelude::*;
    diesel::insert_into(qianshou::db::schema::devices::table)
        .values(row)
        .execute(c)
        .unwrap();
}

pub const SURNAMES: &[&str] = &["王", "李", "张", "刘", "陈", "杨", "黄", "赵", "欧阳", "周"];
pub const GIVEN: &[&str] = &["伟", "芳", "秀英", "敏", "静", "强", "磊", "洋", "艳", "勇"];

/// Nothing, or one character more of a given name.
const MORE: &[&str] = &[
    "", "华", "明", "红", "军", "霞", "平", "建", "兰", "云", "辉", "梅",
];

/// One of some thousand names.
pub fn name(n: usize) -> String {
    let given = (GIVEN[n / 10 % 10], MORE[n / 100 % MORE.len()]);
    format!("{}{}{}", SURNAMES[n % 10], given.0, given.1)
}

/// A registration of its own, shaped like a real one.
pub fn registration(n: usize, village: &str) -> serde_json::Value {
    serde_json::json!({
        "name": name(n),
        "sex": if is_man(n) { "male" } else { "female" },
        "birth_year": born(n),
        "phone": format!("13{:09}", n % 1_000_000_000),
        "document": { "kind": "resident_id", "number": document(n) },
        "area": village,
        "address": format!("建设街道百福弄{}号", n % 500),
        "home_area": "3304",
        "arrived_on": "2026-03-01",
        "expected_stay": "over_one_year",
        "reason": "work",
        "employer": "嘉兴市南湖纺织厂",
        "needs": ["health"],
        "consents": [{ "purpose": "registration", "text_version": 1, "language": "zh-CN", "channel": "in_person", "given_by": "self" }]
    })
}

/// Their year of birth, as their document tells it.
pub fn born(n: usize) -> usize {
    1960 + n % 45
}

pub fn is_man(n: usize) -> bool {
    n.is_multiple_of(2)
}

/// A fictional number with a right check digit; the first 7 million are different ones.
pub fn document(n: usize) -> String {
    let (year, odd, n) = (born(n), usize::from(is_man(n)), n / 45);
    let (number, n) = (n % 500 * 2 + odd, n / 500);
    let (day, month) = (1 + n % 28, 1 + n / 28 % 12);
    let head = format!("330499{year}{month:02}{day:02}{number:03}");
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = head
        .bytes()
        .zip(WEIGHTS)
        .map(|(b, w)| u32::from(b - b'0') * w)
        .sum();
    format!("{head}{}", b"10X98765432"[(sum % 11) as usize] as char)
}
