//! Whom a campaign would reach if it were sent now: counted by the very query that sends.

use std::collections::BTreeMap;

use super::audience::{self, Audience};
use super::by_code::one_page;
use super::lifecycle::audience_of;
use super::store;
use crate::areas;
use crate::auth::policy::Role;
use crate::auth::{self, Action, Who};
use crate::db::{DbConn, Uid};
use crate::error::AppResult;
use crate::http::page::Page;

/// Recipients looked at at once.
const PAGE: i64 = 2000;
/// Of more people than this it is not asked where they work.
const MOST_BY_AREA: i64 = 50_000;

/// How many, and how many of those without a phone that a push can reach.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    pub targeted: i64,
    pub without_push: i64,
}

/// Somebody of the audience, by what they do and where.
#[derive(Debug, Clone)]
pub struct Sample {
    pub user: Uid,
    pub sealed_name: Vec<u8>,
    pub role: Role,
    /// The code of the area that the role is for.
    pub area: String,
    pub with_push: bool,
}

/// An area's code and name, and how many there.
pub type Counted = (String, String, Count);

/// A preview.
#[derive(Debug, Clone)]
pub struct Preview {
    pub count: Count,
    /// Code, name and count of a page of the areas, in the order of the codes.
    pub by_area: Vec<Counted>,
    /// The page's last area, where others follow.
    pub next: Option<Uid>,
    pub samples: Vec<Sample>,
    /// The assignments of the caller by which it was counted.
    pub counted_by: Vec<(Role, String)>,
}

pub fn preview(
    c: &mut DbConn,
    who: &Who,
    id: Uid,
    samples: usize,
    page: Page,
) -> AppResult<Preview> {
    let campaign = store::visible(c, who, Action::CampaignRead, id)?;
    let audience = audience_of(c, &campaign)?;
    let count = audience::count(c, &audience, who.at)?;
    let (by_area, next) = match count.targeted <= MOST_BY_AREA {
        true => by_area(c, who, &audience, page)?,
        false => (Vec::new(), None),
    };
    let reads = |role: &Role| Action::CampaignRead.roles().contains(role);
    let counted_by = who
        .grants()
        .filter(|g| reads(&g.role))
        .map(|g| (g.role, g.area_code.clone()))
        .collect();
    Ok(Preview {
        count,
        by_area,
        next,
        samples: sampled(c, who, &audience, samples)?,
        counted_by,
    })
}

/// Each person once, where they would be counted if it were sent.
fn by_area(
    c: &mut DbConn,
    who: &Who,
    audience: &Audience,
    page: Page,
) -> AppResult<(Vec<Counted>, Option<Uid>)> {
    let mut counts: BTreeMap<Uid, Count> = BTreeMap::new();
    let mut after = None;
    loop {
        let (people, more) = audience::recipients(c, audience, who.at, after, PAGE)?;
        let users: Vec<Uid> = people.iter().map(|p| p.user).collect();
        let reachable = audience::with_push(c, &users)?;
        for person in &people {
            let place = person.place;
            // Who works for more than a county counts in the whole alone.
            if let Some(area) = place.village.or(place.town).or(place.county) {
                let count = counts.entry(area).or_default();
                count.targeted += 1;
                count.without_push += i64::from(!reachable.contains(&person.user));
            }
        }
        after = users.last().copied().or(after);
        if !more {
            break;
        }
    }
    let named = areas::store::named(c, counts.keys().copied().collect())?;
    let all = named
        .into_iter()
        .map(|(id, (code, name))| (code, name, id))
        .collect();
    let (found, next) = one_page(c, page, all)?;
    let counted = found.into_iter().map(|(code, name, id)| {
        let count = counts.get(&id).copied().unwrap_or_default();
        (code, name, count)
    });
    Ok((counted.collect(), next))
}

/// The first few of an audience.
fn sampled(c: &mut DbConn, who: &Who, audience: &Audience, most: usize) -> AppResult<Vec<Sample>> {
    if most == 0 {
        return Ok(Vec::new());
    }
    // Somebody with several assignments comes once for each.
    let limit = 4 * i64::try_from(most).unwrap_or(0);
    let (mut people, _) = audience::recipients(c, audience, who.at, None, limit)?;
    people.truncate(most);
    let users: Vec<Uid> = people.iter().map(|p| p.user).collect();
    let reachable = audience::with_push(c, &users)?;
    let mut names = auth::store::display_names(c, users.clone())?;
    let posts = audience::posts(c, audience, &users, who.at)?;
    let codes = areas::store::codes_of(c, posts.iter().map(|(_, _, area)| *area).collect())?;
    let sample = |user: Uid| {
        let (_, role, area) = posts.iter().find(|(of, ..)| *of == user)?;
        Some(Sample {
            user,
            sealed_name: names.remove(&user)?,
            role: *role,
            area: codes.get(area)?.clone(),
            with_push: reachable.contains(&user),
        })
    };
    Ok(users.into_iter().filter_map(sample).collect())
}
