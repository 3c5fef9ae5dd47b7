//! The pull cursor: opaque to phones, authenticated, bound to its user.
//!
//! It holds all that a pull needs to go on: how far the phone is in the feed, for which assignments, and which
//! walks are under way. Nothing of it rests on the server, so any node answers any phone, also after a restore.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::feed::Kind;
use crate::auth::policy::Role;
use crate::crypto::{MacPurpose, Vault};
use crate::db::Uid;

/// Longest cursor given out, as text: of 40 assignments and as many walks over all of them.
pub const MAX_CURSOR: usize = 4096;
const VERSION: u8 = 1;
const TAG: usize = 16;

/// One assignment of the phone's user, as far as pulls go by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope {
    pub role: Role,
    pub area: Uid,
}

/// Going through what the feed holds already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Walk {
    pub purpose: Purpose,
    /// How far it is: rows below this position are still to come, of what ended those above it. Below zero:
    /// what had no position, in the order of its making. Of reference data the number of items given.
    pub at: i64,
    pub scopes: Vec<Scope>,
}

/// What a walk is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Areas and catalogues.
    Reference,
    /// The first pull.
    First,
    /// What a new assignment shows.
    Grown,
    /// What an ended assignment showed, where the areas cannot be purged as a whole.
    Revoked,
    /// What an ended assignment showed that is in no area.
    Unplaced,
}

/// Where a phone is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// The feed's lineage when this was given out.
    pub lineage: Uid,
    /// The day it was given out, counted from 1970.
    pub day: u32,
    /// The phone has everything up to here, but for what walks still bring.
    pub pos: i64,
    /// Which areas and catalogues it has.
    pub reference: u32,
    /// The kinds it holds, a bit for each in the order of `Kind::ALL`; all bits: every kind, later ones too.
    pub kinds: u32,
    pub scopes: Vec<Scope>,
    pub walks: Vec<Walk>,
}

impl State {
    pub fn holds(&self, kind: Kind) -> bool {
        self.kinds & bit(kind) != 0
    }

    pub fn encode(&self, vault: &Vault, user: Uid) -> String {
        let mut out = vec![VERSION];
        out.extend_from_slice(self.lineage.as_bytes());
        out.extend_from_slice(&self.day.to_be_bytes());
        out.extend_from_slice(&self.pos.to_be_bytes());
        out.extend_from_slice(&self.reference.to_be_bytes());
        out.extend_from_slice(&self.kinds.to_be_bytes());
        put_scopes(&mut out, &self.scopes);
        out.push(self.walks.len() as u8);
        for walk in &self.walks {
            out.push(walk.purpose.byte());
            out.extend_from_slice(&walk.at.to_be_bytes());
            put_scopes(&mut out, &walk.scopes);
        }
        let tag = vault.mac(MacPurpose::Cursor, &parts(&user, &out));
        out.extend_from_slice(&tag[..TAG]);
        URL_SAFE_NO_PAD.encode(out)
    }

    /// `None` for what was not given to this user by this server.
    pub fn decode(vault: &Vault, user: Uid, text: &str) -> Option<State> {
        if text.len() > MAX_CURSOR {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (signed, tag) = bytes.split_at_checked(bytes.len().checked_sub(TAG)?)?;
        if !vault.verify_mac(MacPurpose::Cursor, &parts(&user, signed), tag) {
            return None;
        }
        let mut from = Reader(signed);
        if from.byte()? != VERSION {
            return None;
        }
        let state = State {
            lineage: from.uid()?,
            day: u32::from_be_bytes(from.take()?),
            pos: from.number()?,
            reference: u32::from_be_bytes(from.take()?),
            kinds: u32::from_be_bytes(from.take()?),
            scopes: from.scopes()?,
            walks: (0..from.byte()?)
                .map(|_| {
                    Some(Walk {
                        purpose: Purpose::of(from.byte()?)?,
                        at: from.number()?,
                        scopes: from.scopes()?,
                    })
                })
                .collect::<Option<_>>()?,
        };
        from.0.is_empty().then_some(state)
    }
}

pub fn bit(kind: Kind) -> u32 {
    let at = Kind::ALL.iter().position(|k| *k == kind);
    at.map_or(0, |at| 1 << at)
}

fn parts<'a>(user: &'a Uid, signed: &'a [u8]) -> [&'a [u8]; 3] {
    [user.as_bytes(), b"sync_pull", signed]
}

fn put_scopes(out: &mut Vec<u8>, scopes: &[Scope]) {
    // Assignments are bounded where they are made; what would not fit is found grown again, which is safe.
    let scopes = &scopes[..scopes.len().min(255)];
    out.push(scopes.len() as u8);
    for scope in scopes {
        let role = Role::ALL.iter().position(|r| *r == scope.role);
        out.push(role.unwrap_or(0) as u8);
        out.extend_from_slice(scope.area.as_bytes());
    }
}

impl Purpose {
    fn of(byte: u8) -> Option<Purpose> {
        Purpose::ALL.into_iter().find(|p| p.byte() == byte)
    }
    const ALL: [Purpose; 5] = [
        Purpose::Reference,
        Purpose::First,
        Purpose::Grown,
        Purpose::Revoked,
        Purpose::Unplaced,
    ];
    /// How it stands in a cursor, for good.
    fn byte(self) -> u8 {
        match self {
            Purpose::Reference => 0,
            Purpose::First => 1,
            Purpose::Grown => 2,
            Purpose::Revoked => 3,
            Purpose::Unplaced => 4,
        }
    }
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (first, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*first)
    }
    fn byte(&mut self) -> Option<u8> {
        self.take::<1>().map(|[b]| b)
    }
    fn number(&mut self) -> Option<i64> {
        self.take().map(i64::from_be_bytes)
    }
    fn uid(&mut self) -> Option<Uid> {
        self.take().map(|b| Uid(uuid::Uuid::from_bytes(b)))
    }
    fn scopes(&mut self) -> Option<Vec<Scope>> {
        (0..self.byte()?)
            .map(|_| {
                let role = *Role::ALL.get(usize::from(self.byte()?))?;
                Some(Scope {
                    role,
                    area: self.uid()?,
                })
            })
            .collect()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn vault() -> Vault {
        let dir = tempfile::tempdir().unwrap();
        Vault::create(&dir.path().join("keys")).unwrap()
    }

    fn uid() -> impl Strategy<Value = Uid> {
        any::<u128>().prop_map(|n| Uid(uuid::Uuid::from_u128(n)))
    }
    fn scopes() -> impl Strategy<Value = Vec<Scope>> {
        let one = (proptest::sample::select(Role::ALL), uid());
        proptest::collection::vec(one.prop_map(|(role, area)| Scope { role, area }), 0..6)
    }
    fn state() -> impl Strategy<Value = State> {
        let purpose = proptest::sample::select(Purpose::ALL.to_vec());
        let walk = (purpose, any::<i64>(), scopes());
        let walks = proptest::collection::vec(
            walk.prop_map(|(purpose, at, scopes)| Walk {
                purpose,
                at,
                scopes,
            }),
            0..4,
        );
        let numbers = (any::<u32>(), any::<i64>(), any::<u32>(), any::<u32>());
        (uid(), numbers, scopes(), walks).prop_map(
            |(lineage, (day, pos, reference, kinds), scopes, walks)| State {
                lineage,
                day,
                pos,
                reference,
                kinds,
                scopes,
                walks,
            },
        )
    }

    #[test]
    fn a_cursor_is_read_back_by_its_user_alone_and_not_with_a_bit_altered() {
        let (vault, other) = (vault(), vault());
        proptest!(|(state in state(), user in uid(), another in uid(), at in any::<prop::sample::Index>(), bit in 0..8u32)| {
            let text = state.encode(&vault, user);
            prop_assert_eq!(State::decode(&vault, user, &text), Some(state.clone()));
            prop_assert!(user == another || State::decode(&vault, another, &text).is_none());
            prop_assert!(State::decode(&other, user, &text).is_none(), "another server's");
            let mut bytes = URL_SAFE_NO_PAD.decode(&text).unwrap();
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            prop_assert!(State::decode(&vault, user, &URL_SAFE_NO_PAD.encode(bytes)).is_none());
            prop_assert!(State::decode(&vault, user, &text[..text.len() - 2]).is_none());
        });
    }

    #[test]
    fn the_longest_cursor_fits() {
        let scopes: Vec<Scope> = (0..40u128)
            .map(|n| Scope {
                role: Role::Coordinator,
                area: Uid(uuid::Uuid::from_u128(n)),
            })
            .collect();
        let walk = |purpose| Walk {
            purpose,
            at: 1,
            scopes: scopes.clone(),
        };
        let state = State {
            lineage: Uid::NIL,
            day: 1,
            pos: 1,
            reference: 1,
            kinds: u32::MAX,
            scopes: scopes.clone(),
            walks: vec![walk(Purpose::Reference), walk(Purpose::First)],
        };
        let text = state.encode(&vault(), Uid::NIL);
        assert!(text.len() <= MAX_CURSOR, "{}", text.len());
    }
}
