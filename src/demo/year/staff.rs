//! The people who work in the year's story: hired before it began, each where their work is. They have no password
//! and nobody signs in as one of them.

use std::collections::HashMap;
use std::sync::Arc;

use super::faults::VETOED;
use super::names;
use super::world::{CITY, County, World};
use crate::auth::policy::Role;
use crate::auth::rights::{By, Who};
use crate::auth::store;
use crate::cli::tools::{NewStaff, store_staff};
use crate::crypto::Vault;
use crate::db::{DbConn, Micros, Uid};
use crate::error::{AppError, AppResult};

pub const OFFICER: &str = "year.officer";
/// Whoever decides what the first one may not: appeals, objections, approvals.
pub const SECOND: &str = "year.second";
/// The officer of the township under a veto.
pub const APPELLANT: &str = "year.appellant";

/// The login of somebody of a county.
pub fn of(county: &County, what: &str) -> String {
    format!("year.{what}.{}", county.area.code)
}

/// (login, role, area)
fn wanted(world: &World) -> Vec<(String, Role, String)> {
    let mut all = vec![
        (OFFICER.to_owned(), Role::Officer, CITY.to_owned()),
        (SECOND.to_owned(), Role::Officer, CITY.to_owned()),
    ];
    for county in &world.counties {
        let code = county.area.code.clone();
        let mut add = |what, role, area: &str| all.push((of(county, what), role, area.to_owned()));
        add("officer", Role::Officer, &code);
        add("member", Role::FieldMember, &code);
        add("coordinator", Role::Coordinator, &code);
        add("care", Role::CareOfficer, &code);
        if let Ok((town, village)) = county.of_people() {
            add("town", Role::FieldMember, &town.area.code);
            add("village", Role::FieldMember, &village.area.code);
        }
    }
    if let Some(town) = world.towns().find(|town| town.is(VETOED)) {
        all.push((APPELLANT.to_owned(), Role::Officer, town.area.code.clone()));
    }
    all
}

/// Hires them all.
pub fn hire(c: &mut DbConn, vault: &Vault, world: &World, on: Micros) -> AppResult<()> {
    for (n, (login, role, area)) in wanted(world).iter().enumerate() {
        let name = names::of(40_000 + n);
        let new = NewStaff {
            login,
            name: &name,
            role: *role,
            area,
            password_hash: None,
        };
        store_staff(c, vault, &new, on)?;
    }
    Ok(())
}

/// They, with their rights.
#[derive(Debug, Default)]
pub struct Staff {
    all: HashMap<String, Who>,
}

impl Staff {
    pub fn load(c: &mut DbConn, world: &World, at: Micros) -> AppResult<Staff> {
        let mut all = HashMap::new();
        for (login, ..) in wanted(world) {
            let user = store::user_by_login(c, &login)?.ok_or_else(AppError::not_found)?;
            let who = Who {
                by: By::Account,
                user: user.id,
                session: Uid::NIL,
                device: None,
                at,
                request_id: "demo".into(),
                rights: Arc::new(store::load_rights(c, user.id, at)?),
            };
            all.insert(login, who);
        }
        Ok(Staff { all })
    }

    /// One of them at a moment.
    pub fn at(&self, login: &str, at: Micros) -> AppResult<Who> {
        let known = self.all.get(login);
        let known = known.ok_or_else(|| AppError::internal("nobody of the year's staff"))?;
        Ok(Who {
            at,
            ..known.clone()
        })
    }
}
