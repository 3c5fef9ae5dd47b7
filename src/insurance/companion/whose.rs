//! Whose claims somebody is shown by their own receipt, and as whom.

use std::collections::{HashMap, HashSet};

use jiff::civil::Date;

use super::store;
use crate::crypto::Vault;
use crate::db::{DbConn, Uid, groups};
use crate::error::AppResult;
use crate::insurance::model::*;
use crate::insurance::store as policies;
use crate::people::consents::Birth;
use crate::people::model::{PersonRow, PersonState, Purpose};
use crate::people::store::Standing;
use crate::people::{self, fields, masks};
use crate::text_enum;

/// Claims that one receipt shows at most.
pub const MOST: usize = 50;
/// Claims for others that are looked at for it.
const LOOKED_AT: i64 = 200;

text_enum! {
    /// As whom somebody is shown a claim: as the insured; as the holder of a child's policy; as one who benefits by a
    /// death; as the holder where nobody was named to benefit.
    ClaimThrough {
        Insured = "insured",
        HolderForChild = "holder_for_child",
        Beneficiary = "beneficiary",
        HolderForHeirs = "holder_for_heirs",
    }
}

/// A claim that somebody is shown.
#[derive(Debug)]
pub struct Seen {
    pub claim: ClaimRow,
    pub through: ClaimThrough,
    /// Whose it is, masked, where it is another's.
    pub insured_name: Option<String>,
}

/// Where they stand with insurance, the claims that they are shown, open ones first, and whether there are more.
pub fn of(
    c: &mut DbConn,
    vault: &Vault,
    person: &PersonRow,
    today: Date,
) -> AppResult<(Standing, Vec<Seen>, bool)> {
    let standing = match person.state {
        PersonState::Active => people::store::standing(c, person.id, Purpose::Insurance)?,
        _ => Standing::Withdrawn,
    };
    let (mut seen, mut more) = (Vec::new(), false);
    if standing == Standing::Live {
        let own = store::for_them(c, person.id, MOST as i64 + 1)?;
        seen.extend(own.into_iter().map(|claim| Seen {
            claim,
            through: ClaimThrough::Insured,
            insured_name: None,
        }));
    }
    // Whoever took their consent back asked to hear no more of it.
    if standing != Standing::Withdrawn {
        let (others, left) = of_others(c, vault, person, today)?;
        seen.extend(others);
        more |= left;
    }
    seen.sort_by_key(|s| (s.claim.state.0.is_final(), std::cmp::Reverse(s.claim.id)));
    more |= seen.len() > MOST;
    seen.truncate(MOST);
    Ok((standing, seen, more))
}

/// Claims for others, where the contract puts this person in their place, and whether there may be more.
fn of_others(
    c: &mut DbConn,
    vault: &Vault,
    person: &PersonRow,
    today: Date,
) -> AppResult<(Vec<Seen>, bool)> {
    let claims = store::for_others(c, person.id, LOOKED_AT)?;
    let more = claims.len() as i64 >= LOOKED_AT;
    let ids: Vec<Uid> = claims.iter().map(|claim| claim.insured_person_id).collect();
    let consenting = people::store::agreed(c, &ids, Purpose::Insurance)?;
    let insured: HashMap<Uid, PersonRow> = people::store::these(c, &ids)?
        .into_iter()
        .filter(|row| row.state == PersonState::Active && consenting.contains(&row.id))
        .map(|row| (row.id, row))
        .collect();
    let covers: HashMap<Uid, PolicyRow> = policies::policies_of(c, &claims)?
        .into_iter()
        .map(|policy| (policy.id, policy))
        .collect();
    let cover_ids: Vec<Uid> = covers.keys().copied().collect();
    let beneficiaries = groups(policies::beneficiaries(c, &cover_ids)?, |b| b.policy_id);
    let mut seen = Vec::new();
    for claim in claims {
        let (Some(row), Some(cover)) = (
            insured.get(&claim.insured_person_id),
            covers.get(&claim.policy_id),
        ) else {
            continue;
        };
        let named = beneficiaries.get(&cover.id).map_or(&[][..], Vec::as_slice);
        let named: HashSet<Uid> = named.iter().map(|b| b.person_id).collect();
        let (_, clear) = fields::open(vault, row)?;
        let stands = Stands {
            died: claim.claim_type == ClaimType::Death,
            child: Birth::of(&clear, row.birth_year, today).is_child(today),
            holds: cover.holder_person_id == person.id,
            at_home: person.household_id.is_some() && person.household_id == row.household_id,
            benefits: named.contains(&person.id),
            others_benefit: !named.is_empty(),
        };
        if let Some(through) = stands.through() {
            seen.push(Seen {
                claim,
                through,
                insured_name: Some(masks::name(&clear.name)),
            });
        }
    }
    Ok((seen, more))
}

/// How somebody stands to another's claim.
#[derive(Debug, Clone, Copy)]
struct Stands {
    died: bool,
    child: bool,
    /// They concluded the policy.
    holds: bool,
    /// They and the insured are of one household.
    at_home: bool,
    /// They are named to benefit.
    benefits: bool,
    /// Somebody is named to benefit.
    others_benefit: bool,
}

impl Stands {
    fn through(self) -> Option<ClaimThrough> {
        match self {
            Stands {
                died: true,
                benefits: true,
                ..
            } => Some(ClaimThrough::Beneficiary),
            // Nobody was named: it goes to the heirs, and the holder at home is the one of them we know.
            Stands {
                died: true,
                others_benefit: false,
                holds: true,
                at_home: true,
                ..
            } => Some(ClaimThrough::HolderForHeirs),
            Stands { died: true, .. } => None,
            Stands {
                child: true,
                holds: true,
                at_home: true,
                ..
            } => Some(ClaimThrough::HolderForChild),
            Stands { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every way to stand to another's claim, and the few that show it.
    #[test]
    fn the_contract_alone_puts_somebody_in_anothers_place() {
        let mut shown = 0;
        for bits in 0..64_u32 {
            let bit = |n: u32| bits & (1 << n) != 0;
            let stands = Stands {
                died: bit(0),
                child: bit(1),
                holds: bit(2),
                at_home: bit(3),
                benefits: bit(4),
                others_benefit: bit(5) || bit(4),
            };
            let through = stands.through();
            shown += u32::from(through.is_some());
            match through {
                Some(ClaimThrough::Beneficiary) => assert!(stands.died && stands.benefits),
                Some(ClaimThrough::HolderForHeirs) => {
                    assert!(
                        stands.died && stands.holds && stands.at_home && !stands.others_benefit
                    );
                }
                Some(ClaimThrough::HolderForChild) => {
                    assert!(!stands.died && stands.child && stands.holds && stands.at_home);
                }
                Some(ClaimThrough::Insured) => unreachable!("it is another's"),
                None => assert!(!stands.benefits || !stands.died),
            }
            // Who is grown up and alive is told of by their own receipt alone.
            assert!(stands.died || stands.child || through.is_none());
        }
        assert_eq!(shown, 22);
    }
}
