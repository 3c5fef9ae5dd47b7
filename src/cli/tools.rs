//! What an operator does by hand: the first account, reference data.

use std::collections::BTreeSet;
use std::io::{IsTerminal, Read, Write};
use std::path::Path;

use crate::areas;
use crate::auth::model::{AssignmentRow, EnrolmentPurpose, EnrolmentRow, UserRow, UserState};
use crate::auth::policy::Role;
use crate::auth::{enrolment, passwords, sessions_store, store, tokens};
use crate::config::Config;
use crate::crypto::Vault;
use crate::db::{Day, DbConn, Micros, Uid, connect, transact};
use crate::error::{AppError, AppResult, Code};
use crate::http::text::{Login, PersonName};
use crate::people::texts;
use crate::{sync, workdays};

use super::serve;

fn now() -> Micros {
    Micros(jiff::Timestamp::now().as_microsecond())
}

/// An account as the command line and `demo` make it.
pub struct NewStaff<'a> {
    pub login: &'a str,
    pub name: &'a str,
    pub role: Role,
    pub area: &'a str,
    pub password_hash: Option<String>,
}

/// Stores an account with one assignment.
pub fn store_staff(
    c: &mut DbConn,
    vault: &Vault,
    new: &NewStaff<'_>,
    now: Micros,
) -> AppResult<Uid> {
    let area = areas::store::by_code(c, new.area)?.ok_or_else(AppError::not_found)?;
    let id = Uid::new(now);
    let row = UserRow {
        id,
        version: 1,
        field_versions: sync::fields::NEW.into(),
        login: new.login.to_owned(),
        display_name: vault
            .seal("users.display_name", id.0, new.name)
            .map_err(AppError::internal)?,
        password_hash: new.password_hash.clone(),
        state: UserState::Active,
        created_by: None,
        created_at: now,
        updated_at: now,
    };
    store::insert_user(c, &row)?;
    let assignment = AssignmentRow {
        id: Uid::new(now),
        version: 1,
        field_versions: sync::fields::NEW.into(),
        user_id: id,
        role: new.role,
        area_id: area.id,
        county: area.county,
        town: area.town,
        village: area.village,
        starts_at: now,
        ends_at: None,
        created_by: None,
        created_at: now,
        updated_at: now,
    };
    store::insert_assignment(c, &assignment)?;
    store::rights_changed(c, id, now)?;
    Ok(id)
}

pub fn create_user(
    config: Config,
    login: &str,
    name: &str,
    role: Role,
    area: &str,
    password_stdin: bool,
) -> Result<(), String> {
    Login::parse(login).map_err(|f| format!("--login: {}", f.detail(false)))?;
    PersonName::parse(name).map_err(|f| format!("--name: {}", f.detail(false)))?;
    serve::migrate(&config)?;
    let mut c = connect(&config.target()?, true)?;
    let vault = serve::open_vault(&config, &mut c)?;
    let password_hash = if password_stdin {
        Some(read_password(login, &config)?)
    } else {
        None
    };
    let has_password = password_hash.is_some();
    let now = now();
    let code = enrolment::new_code();
    let hash = tokens::secret_hash(&vault, &enrolment::normalised(&code));
    diesel::Connection::transaction(&mut c, |c| {
        let id = store_staff(
            c,
            &vault,
            &NewStaff {
                login,
                name,
                role,
                area,
                password_hash: password_hash.clone(),
            },
            now,
        )?;
        if !has_password {
            let row = EnrolmentRow {
                id: Uid::new(now),
                purpose: EnrolmentPurpose::Recovery,
                user_id: id,
                code_hash: hash.clone(),
                created_by: id,
                created_at: now,
                expires_at: now.plus(enrolment::VALID),
                used_at: None,
                device_id: None,
            };
            sessions_store::insert_enrolment(c, &row)?;
        }
        Ok(())
    })
    .map_err(|e: AppError| match e.code() {
        Code::NotFound => {
            format!("there is no area {area}; `qianshou import areas DIR` brings them in")
        }
        Code::AlreadyExists => format!("the login {login} is taken"),
        _ => format!("{e}: {:?}", std::error::Error::source(&e)),
    })?;
    println!("{login} is {role} in {area}.");
    if !has_password {
        println!("One-use code, valid for 24 hours: {code}");
        println!("Redeem it with POST /v1/enrolments/redemption, with new_password to set one.");
    }
    Ok(())
}

fn read_password(login: &str, config: &Config) -> Result<String, String> {
    if std::io::stdin().is_terminal() {
        eprint!("Password (shown as typed): ");
        std::io::stderr().flush().map_err(|e| e.to_string())?;
    }
    let mut text = String::new();
    std::io::stdin()
        .take(1000)
        .read_to_string(&mut text)
        .map_err(|e| e.to_string())?;
    let password = text.trim_end_matches(['\r', '\n']);
    passwords::check_strength(password, login).map_err(|f| f.detail(false).to_owned())?;
    passwords::hash_now(password, config.argon_memory_kib).map_err(|e| e.to_string())
}

/// Stores new versions of consent texts; what people agreed to before stays what it was.
pub fn import_consent_texts(config: &Config, file: &Path) -> Result<(), String> {
    let told = |e: &dyn std::fmt::Display| format!("{}: {e}", file.display());
    let json = std::fs::read(file).map_err(|e| told(&e))?;
    let texts = texts::read(&json, Day(now().china_day())).map_err(|e| told(&e))?;
    let mut c = connect(&config.target()?, true)?;
    let stored = transact(&mut c, |c| texts::import(c, &texts, now())).map_err(|e| told(&e))?;
    for ((purpose, version), text) in stored.iter().zip(&texts) {
        println!(
            "{purpose}: version {version}, in force from {}",
            text.in_force_from
        );
    }
    Ok(())
}

/// Stores the working days of the years that a file lists; running servers take them up within a minute.
pub fn import_calendar(config: &Config, file: &Path) -> Result<(), String> {
    let told = |e: &dyn std::fmt::Display| format!("{}: {e}", file.display());
    let days = workdays::import::load(file)?;
    serve::migrate(config)?;
    let mut c = connect(&config.target()?, true)?;
    let mut held = workdays::api::years_held(&mut c).map_err(|e| told(&e))?;
    let years: BTreeSet<i16> = days.iter().map(|day| day.date.year()).collect();
    for year in years {
        let of_year: Vec<_> = (days.iter().filter(|d| d.date.year() == year).cloned()).collect();
        workdays::years::check(year, &of_year, &held).map_err(|fault| {
            let day = fault
                .pointer
                .split('/')
                .nth(2)
                .and_then(|i| i.parse::<usize>().ok());
            let day = day
                .and_then(|i| of_year.get(i))
                .map(|day| day.date.to_string());
            let at = day.unwrap_or_else(|| year.to_string());
            told(&format!("{at}: {}", fault.fault.detail(false)))
        })?;
        held.insert(year);
    }
    let stored = transact(&mut c, |c| workdays::import::store(c, &days, now()));
    for year in stored.map_err(|e| told(&e))? {
        let of_year = days.iter().filter(|day| day.date.year() == year);
        let published = of_year.clone().any(|day| day.published);
        let standing = match published {
            true => "published",
            false => "the days of the law alone: dates are provisional",
        };
        println!("{year}: {} days, {standing}", of_year.count());
    }
    Ok(())
}
