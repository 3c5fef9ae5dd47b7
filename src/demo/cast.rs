//! The people of the demo: one of every role, and some whom they serve.

use actix_web::web;
use diesel::prelude::*;
use std::sync::Arc;

use crate::auth::policy::Role;
use crate::auth::rights::{By, Who};
use crate::auth::{passwords, store};
use crate::cli::tools::{NewStaff, store_staff};
use crate::crypto::Vault;
use crate::db::schema::{meta, users};
use crate::db::{Day, DbConn, Micros, Uid};
use crate::error::{AppError, AppResult};
use crate::http::text::Int;
use crate::people::consents::{Birth, NewConsent};
use crate::people::fields::{self, Clear};
use crate::people::model::*;
use crate::residents::model::*;
use crate::residents::register::{self, Registration};
use crate::state::App;

/// Of the demo alone: no other installation has a password that anybody knows.
pub const PASSWORD: &str = "qianshou-demo-2026";

/// (login, name, role, area)
pub const STAFF: &[(&str, &str, Role, &str)] = &[
    ("admin", "钱管理", Role::Administrator, "3304"),
    ("member.zhang", "张会员", Role::FieldMember, "330402007024"),
    ("member.sun", "孙会员", Role::FieldMember, "330402008016"),
    ("coordinator.zhou", "周协调", Role::Coordinator, "330402007"),
    ("coordinator.wu", "吴协调", Role::Coordinator, "330402008"),
    (
        "organiser.wang",
        "王策划",
        Role::CampaignOrganiser,
        "330402",
    ),
    ("organiser.li", "李审批", Role::CampaignOrganiser, "330402"),
    ("officer.chen", "陈干事", Role::Officer, "3304"),
    ("care.feng", "冯关怀", Role::CareOfficer, "330402"),
    ("auditor.shen", "沈审计", Role::Auditor, "3304"),
];

/// In `meta`: that this is a demo's database, and whether everything of it is there.
const MARK: &str = "demo";
const FILLING: &str = "filling";
const WHOLE: &str = "whole";

/// Whether this database holds the demo already.
pub fn present(c: &mut DbConn) -> AppResult<bool> {
    Ok(meta::table
        .find(MARK)
        .select(meta::value)
        .first::<String>(c)
        .optional()?
        .is_some())
}

/// Whether the demo was filled to its end.
pub fn whole(c: &mut DbConn) -> AppResult<bool> {
    let stands: Option<String> = meta::table
        .find(MARK)
        .select(meta::value)
        .first(c)
        .optional()?;
    Ok(stands.as_deref() == Some(WHOLE))
}

/// Notes that everything is there.
pub async fn filled(app: &App) -> AppResult<()> {
    app.db
        .write(|c| {
            diesel::update(meta::table.find(MARK))
                .set(meta::value.eq(WHOLE))
                .execute(c)?;
            Ok(())
        })
        .await
}

/// Whether this database holds anybody's account.
pub fn anybody(c: &mut DbConn) -> AppResult<bool> {
    Ok(users::table.count().get_result::<i64>(c)? > 0)
}

/// Makes the accounts, all with the demo's password.
pub fn hire(c: &mut DbConn, vault: &Vault, argon_memory_kib: u32) -> AppResult<()> {
    let now = Micros(jiff::Timestamp::now().as_microsecond());
    let hash = passwords::hash_now(PASSWORD, argon_memory_kib)?;
    c.transaction(|c| {
        for (login, name, role, area) in STAFF {
            let new = NewStaff {
                login,
                name,
                role: *role,
                area,
                password_hash: Some(hash.clone()),
            };
            store_staff(c, vault, &new, now)?;
        }
        diesel::insert_into(meta::table)
            .values((meta::key.eq(MARK), meta::value.eq(FILLING)))
            .execute(c)?;
        Ok(())
    })
}

/// One of the cast as the caller of commands.
pub async fn caller(app: &App, login: &'static str) -> AppResult<Who> {
    let at = app.clock.now();
    let (user, rights) = app
        .db
        .read(move |c| {
            let user = store::user_by_login(c, login)?.ok_or_else(AppError::not_found)?;
            Ok((user.id, store::load_rights(c, user.id, at)?))
        })
        .await?;
    Ok(Who {
        by: By::Account,
        user,
        session: Uid::NIL,
        device: None,
        at,
        request_id: "demo".into(),
        rights: Arc::new(rights),
    })
}

/// (name, sex, year, phone, reason, home, employer)
const RESIDENTS: &[(&str, Sex, i64, &str, StayReason, &str)] = &[
    (
        "陈秀英",
        Sex::Female,
        1987,
        "13805730001",
        StayReason::Work,
        "嘉兴市南湖纺织厂",
    ),
    (
        "刘洋",
        Sex::Male,
        1992,
        "13805730002",
        StayReason::Work,
        "南湖区快递站",
    ),
    (
        "欧阳慧",
        Sex::Female,
        1995,
        "13805730003",
        StayReason::Family,
        "",
    ),
    (
        "黄磊",
        Sex::Male,
        1979,
        "13805730004",
        StayReason::Business,
        "黄家面馆",
    ),
    (
        "赵敏",
        Sex::Female,
        2001,
        "13805730005",
        StayReason::Study,
        "",
    ),
    (
        "周勇",
        Sex::Male,
        1968,
        "13805730006",
        StayReason::Work,
        "嘉兴港建筑队",
    ),
];

/// Registers the residents that the demo begins with, half by each of two townships.
pub async fn work(app: &web::Data<App>) -> AppResult<()> {
    for (login, area) in [
        ("member.zhang", "330402007024"),
        ("member.sun", "330402008016"),
    ] {
        let who = caller(app, login).await?;
        for (n, person) in RESIDENTS.iter().enumerate() {
            let new = registration(app, &who, area, n, person)?;
            let who = who.clone();
            app.db
                .write(move |c| register::register(c, &who, &new).map(|_| ()))
                .await?;
        }
    }
    Ok(())
}

fn registration(
    app: &App,
    who: &Who,
    area: &str,
    n: usize,
    person: &(&str, Sex, i64, &str, StayReason, &str),
) -> AppResult<Registration> {
    let (name, sex, year, phone, reason, employer) = *person;
    let (id, person_id) = (Uid::new(who.at), Uid::new(who.at));
    // The second township's people have numbers of their own.
    let phone = if area.starts_with("330402008") {
        phone.replace("0573", "0574")
    } else {
        phone.to_owned()
    };
    let clear = Clear {
        name: name.into(),
        phone: Some(format!("+86{phone}")),
        address: Some(format!("幸福路{}号", 10 + n)),
        document: None,
    };
    let (key, sealed) = fields::seal_new(&app.vault, person_id, &clear)?;
    let employer = Some(employer).filter(|e| !e.is_empty());
    let employer = employer
        .map(|e| key.seal("residents.employer", id.0, e))
        .transpose()
        .map_err(AppError::internal)?;
    let mut purposes = vec![Purpose::Registration, Purpose::ServiceFollowUp];
    if n.is_multiple_of(2) {
        purposes.push(Purpose::Insurance);
    }
    let arrived: Day = format!("2026-0{}-15", 1 + n)
        .parse()
        .map_err(AppError::internal)?;
    Ok(Registration {
        id,
        person_id,
        sealed,
        document_indexes: Vec::new(),
        employer,
        sex,
        birth: Birth {
            day: None,
            year: Some(year),
        },
        language: None,
        contact_hours: Some("18:00-20:00".into()),
        area: area.to_owned(),
        home_area: None,
        arrived_on: arrived,
        expected_stay: ExpectedStay::OverOneYear,
        reason,
        needs: vec![Need::Health, Need::InsuranceGuidance],
        consents: purposes
            .into_iter()
            .map(|purpose| NewConsent {
                id: None,
                purpose,
                text_version: Int(1),
                language: TextLanguage::ZhCn,
                channel: ConsentChannel::InPerson,
                given_by: GivenBy::SelfGiven,
                own_wish: false,
            })
            .collect(),
    })
}
