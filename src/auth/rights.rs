//! The caller of a request, and the cache of what each user may do.
//!
//! A verified token is cached by its hash until it expires; a user's rights are
//! cached until something changes them. Every change leaves an `auth_events`
//! row, which each node reads twice a second, so a revoked device or a changed
//! assignment is known everywhere within a second.

use quick_cache::sync::Cache;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use super::handle::{Place, Reach};
use super::policy::{Action, Role, reach};
use crate::db::{Micros, Uid};
use crate::error::{AppError, Code};

/// Where one role holds.
#[derive(Debug, Clone)]
pub struct Grant {
    pub role: Role,
    pub area: Uid,
    pub area_code: String,
    /// Where the area is; all empty for one wider than a county.
    pub place: Place,
    /// Set when the grant is as wide as a county or wider.
    pub counties: Vec<Uid>,
    /// Set when it is as wide as a province: the cities in it, of which records may be.
    pub cities: Vec<Uid>,
    pub town: Option<Uid>,
    pub village: Option<Uid>,
    pub starts_at: Micros,
    pub ends_at: Option<Micros>,
}

impl Grant {
    pub fn live(&self, now: Micros) -> bool {
        self.starts_at <= now && self.ends_at.is_none_or(|end| now < end)
    }
    /// Whether a record of this very area, which may be wider than a county, lies in it.
    pub fn is_around(&self, area: Uid) -> bool {
        area == self.area || self.cities.contains(&area)
    }
    pub fn covers(&self, place: &Place) -> bool {
        if let Some(village) = self.village {
            return place.village == Some(village);
        }
        if let Some(town) = self.town {
            return place.town == Some(town);
        }
        place.county.is_some_and(|c| self.counties.contains(&c))
    }
}

/// Everything about a user that a request needs.
#[derive(Debug)]
pub struct Rights {
    pub active: bool,
    pub grants: Vec<Grant>,
    /// Every phone that was ever bound, and whether it still is.
    pub devices: HashMap<Uid, Binding>,
    pub revoked_sessions: HashSet<Uid>,
    /// When all this was read.
    pub loaded: Instant,
}

impl Rights {
    /// Those of nobody.
    pub fn none() -> Rights {
        Rights {
            active: false,
            grants: Vec::new(),
            devices: HashMap::new(),
            revoked_sessions: HashSet::new(),
            loaded: Instant::now(),
        }
    }
}

/// How a phone stands to its user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Binding {
    Bound,
    Revoked,
}

/// Whose hand it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// Somebody signed in.
    Account,
    /// The person a record is about, by their own receipt: no account, and no rights but over their own.
    Person,
    /// The service itself, long after whoever asked for it.
    Service,
}

/// The caller of one request.
#[derive(Debug, Clone)]
pub struct Who {
    pub by: By,
    /// NIL where no account acts.
    pub user: Uid,
    pub session: Uid,
    pub device: Option<Uid>,
    pub at: Micros,
    pub request_id: Arc<str>,
    pub rights: Arc<Rights>,
}

impl Who {
    /// The person a record is about, or the service itself: policy allows them nothing, so what they do is
    /// judged where it is done.
    pub fn without_account(by: By, at: Micros, request_id: Arc<str>) -> Who {
        Who {
            by,
            user: Uid::NIL,
            session: Uid::NIL,
            device: None,
            at,
            request_id,
            rights: Arc::new(Rights::none()),
        }
    }

    /// The account that acts, if one does.
    pub fn account(&self) -> Option<Uid> {
        (self.by == By::Account).then_some(self.user)
    }

    /// The assignments that hold at the time of the request.
    pub fn grants(&self) -> impl Iterator<Item = &Grant> {
        self.rights.grants.iter().filter(|g| g.live(self.at))
    }

    /// The areas in which the caller may do something, for the filter of a list.
    pub fn scope(&self, action: Action) -> Scope {
        let mut scope = Scope {
            user: Some(self.user),
            ..Scope::default()
        };
        for g in self.grants().filter(|g| action.roles().contains(&g.role)) {
            scope.areas.push(g.area);
            scope.areas.extend(&g.cities);
            match reach(g.role) {
                Reach::Own => scope.own = true,
                Reach::Area => match (g.village, g.town) {
                    (Some(village), _) => scope.villages.push(village),
                    (None, Some(town)) => scope.towns.push(town),
                    (None, None) => scope.counties.extend(&g.counties),
                },
            }
            match (g.village, g.town) {
                (Some(village), _) => scope.all_villages.push(village),
                (None, Some(town)) => scope.all_towns.push(town),
                (None, None) => scope.all_counties.extend(&g.counties),
            }
        }
        for list in [
            &mut scope.counties,
            &mut scope.towns,
            &mut scope.villages,
            &mut scope.all_counties,
            &mut scope.all_towns,
            &mut scope.all_villages,
        ] {
            list.sort_unstable();
            list.dedup();
        }
        scope
    }

    /// The assignment under which an action at a place is done: the first that allows it there, else
    /// the first that allows it anywhere, else what they hold there: it is a part of something that they may do.
    pub fn acting(&self, action: Action, place: &Place) -> Option<&Grant> {
        let allow = |g: &&Grant| action.roles().contains(&g.role);
        self.grants()
            .filter(allow)
            .find(|g| g.covers(place))
            .or_else(|| self.grants().find(allow))
            .or_else(|| self.grants().find(|g| g.covers(place)))
    }
}

/// A filter of places. `own` adds what the caller registered or is assigned to.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    pub user: Option<Uid>,
    pub own: bool,
    /// The areas of the assignments themselves, wider than a county among them, with the cities of a province.
    pub areas: Vec<Uid>,
    pub counties: Vec<Uid>,
    pub towns: Vec<Uid>,
    pub villages: Vec<Uid>,
    /// The same with roles of `Reach::Own` counted in: for records the whole area shares.
    pub all_counties: Vec<Uid>,
    pub all_towns: Vec<Uid>,
    pub all_villages: Vec<Uid>,
}

impl Scope {
    /// This scope for records that everybody in an area shares, whoever made them.
    pub fn shared(mut self) -> Scope {
        self.own = false;
        self.counties = std::mem::take(&mut self.all_counties);
        self.towns = std::mem::take(&mut self.all_towns);
        self.villages = std::mem::take(&mut self.all_villages);
        self
    }
}

/// What a token said, checked once.
#[derive(Debug, Clone, Copy)]
pub struct Verified {
    pub user: Uid,
    pub session: Uid,
    pub device: Option<Uid>,
    pub expires: i64,
}

pub struct RightsCache {
    tokens: Cache<[u8; 32], Verified>,
    users: Cache<Uid, Arc<Rights>>,
}

impl Default for RightsCache {
    fn default() -> Self {
        RightsCache {
            tokens: Cache::new(65_536),
            users: Cache::new(65_536),
        }
    }
}

impl RightsCache {
    pub fn token(&self, hash: &[u8; 32]) -> Option<Verified> {
        self.tokens.get(hash)
    }
    pub fn keep_token(&self, hash: [u8; 32], verified: Verified) {
        self.tokens.insert(hash, verified);
    }
    pub fn user(&self, user: Uid) -> Option<Arc<Rights>> {
        self.users.get(&user)
    }
    pub fn keep_user(&self, user: Uid, rights: Arc<Rights>) {
        self.users.insert(user, rights);
    }
    /// To be called after any change of a user's assignments, devices, sessions or state.
    pub fn forget(&self, user: Uid) {
        self.users.remove(&user);
    }
    /// Forgets the users of recent events. Each is applied at every look while it is
    /// recent, so that rights loaded just before a change cannot outlive it.
    pub fn apply(&self, events: &[Uid]) {
        events.iter().for_each(|user| self.forget(*user));
    }
}

impl actix_web::FromRequest for Who {
    type Error = AppError;
    type Future = std::future::Ready<Result<Self, AppError>>;
    fn from_request(req: &actix_web::HttpRequest, _: &mut actix_web::dev::Payload) -> Self::Future {
        use actix_web::HttpMessage;
        let who = req.extensions().get::<Who>().cloned();
        std::future::ready(who.ok_or_else(|| AppError::of(Code::ReauthRequired)))
    }
}
