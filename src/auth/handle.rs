//! Authorised handles: a row that was found *and* that the caller may act on.
//!
//! A store's mutators take `&Handle<Row>`; only [`Who::authorise`] makes one.

use crate::areas::model::AreaRow;
use crate::auth::policy::{Action, Role};
use crate::auth::rights::{By, Who};
use crate::db::Uid;
use crate::error::{AppError, AppResult, Code};

/// Where a record is, by area ids of each level. Wider areas leave the narrower ones empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Place {
    pub county: Option<Uid>,
    pub town: Option<Uid>,
    pub village: Option<Uid>,
}

/// How far a role reaches inside its area.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Every record of the area.
    Area,
    /// Records the caller made or is assigned to.
    Own,
}

/// A row that stands somewhere and may have somebody to care for it.
pub trait Placed {
    fn place(&self) -> Place;
    /// Who made it and who is assigned to it.
    fn owners(&self) -> [Option<Uid>; 2] {
        [None, None]
    }
    /// The area a record is of, for what may be of an area wider than a county: seen by those whose
    /// assignment is for that very area, or for the province that a city lies in.
    fn area(&self) -> Option<Uid> {
        None
    }
    /// Records that everybody in the area works with, whoever made them.
    fn shared(&self) -> bool {
        false
    }
}

/// A record by which another one is reached: whoever may do something to it may do that to the other, wherever that
/// stands.
pub trait Leads<T> {
    fn leads_to(&self, other: &T) -> bool;
}

/// Proof that the caller may do what was asked to this row.
#[derive(Debug)]
pub struct Handle<T> {
    row: T,
}

impl<T> std::ops::Deref for Handle<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.row
    }
}
impl<T> Handle<T> {
    /// For rows whose access does not follow from a place (a phone goes by its
    /// owner): the caller of this is the check, and stands in `auth` alone.
    pub(in crate::auth) fn vouched(row: T) -> Handle<T> {
        Handle { row }
    }
    pub fn into_row(self) -> T {
        self.row
    }
    /// The handle of the row that this one leads to; 404 for any other.
    pub fn lead<U>(&self, row: U) -> AppResult<Handle<U>>
    where
        T: Leads<U>,
    {
        match self.row.leads_to(&row) {
            true => Ok(Handle { row }),
            false => Err(AppError::not_found()),
        }
    }
}

impl Who {
    /// What no role may do is the service's own to do, and it does nothing else.
    fn is_of_the_service(&self, action: Action) -> bool {
        self.by == By::Service && action.roles().is_empty()
    }

    /// 403 unless some assignment of the caller allows the action somewhere.
    pub fn may(&self, action: Action) -> AppResult<()> {
        let allowed = self.grants().any(|g| action.roles().contains(&g.role));
        if allowed || self.is_of_the_service(action) {
            Ok(())
        } else {
            Err(AppError::of(Code::ForbiddenAction))
        }
    }

    /// Whether the caller may do `action` to a record that stands like this one.
    pub fn can<T: Placed + ?Sized>(&self, action: Action, row: &T) -> bool {
        if self.is_of_the_service(action) {
            return true;
        }
        let place = row.place();
        let owned = row.shared() || row.owners().contains(&Some(self.user));
        self.grants().any(|g| {
            action.roles().contains(&g.role)
                && (g.covers(&place) || row.area().is_some_and(|area| g.is_around(area)))
                && (owned || crate::auth::policy::reach(g.role) == Reach::Area)
        })
    }

    /// The handle of a found row: 404 when the caller cannot see it at all.
    pub fn authorise<T: Placed>(&self, action: Action, row: Option<T>) -> AppResult<Handle<T>> {
        self.may(action)?;
        match row {
            Some(row) if self.can(action, &row) => Ok(Handle { row }),
            _ => Err(AppError::not_found()),
        }
    }

    /// The handle of the caller's own row, found by their own receipt: that is the check.
    pub fn of_their_own<T>(&self, row: T) -> AppResult<Handle<T>> {
        match self.by {
            By::Person => Ok(Handle { row }),
            By::Account | By::Service => Err(AppError::of(Code::ForbiddenAction)),
        }
    }

    /// Whether the caller may make a record of this area, which may be wider than a county.
    pub fn may_of(&self, action: Action, area: Uid, place: &Place) -> bool {
        self.grants()
            .any(|g| action.roles().contains(&g.role) && (g.covers(place) || g.is_around(area)))
    }

    /// Whether the caller may make a record at this place.
    pub fn may_at(&self, action: Action, place: &Place) -> bool {
        self.grants()
            .any(|g| action.roles().contains(&g.role) && g.covers(place))
    }

    /// Whether an assignment of the caller that allows this is for that very area or for one around it.
    /// What is loaded of an area says nothing of its size, so its parts are not counted.
    pub fn may_within(&self, action: Action, area: &AreaRow) -> bool {
        self.roles_within(action, area).next().is_some()
    }

    /// The roles by which the caller may do this in the whole of an area.
    pub fn roles_within<'a>(
        &'a self,
        action: Action,
        area: &'a AreaRow,
    ) -> impl Iterator<Item = Role> + 'a {
        self.grants()
            .filter(move |g| {
                action.roles().contains(&g.role) && area.chain().any(|around| around == g.area)
            })
            .map(|g| g.role)
    }

    /// Whether the caller sees this record in clear: they made it or are assigned to it.
    pub fn owns<T: Placed + ?Sized>(&self, row: &T) -> bool {
        row.owners().contains(&Some(self.user))
    }
}
