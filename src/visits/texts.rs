//! Sealing what people typed about a visit: under the household's own key where there is
//! one, so that erasing a household erases it, else under the installation's.

use uuid::Uuid;

use crate::crypto::{DataKey, Vault};
use crate::db::{DbConn, Uid};
use crate::error::{AppError, AppResult};
use crate::households;

/// The wrapped keys of those of these households that were not erased, each once.
pub fn keys(
    c: &mut DbConn,
    households: impl Iterator<Item = Uid>,
) -> AppResult<Vec<(Uid, Vec<u8>)>> {
    let mut ids: Vec<Uid> = households.collect();
    ids.sort_unstable();
    ids.dedup();
    households::store::data_keys(c, &ids)
}

/// What seals the texts of one visit and of its follow-ups.
pub enum Sealer<'a> {
    House(&'a Vault),
    Household(DataKey),
    /// The household was erased, and its key with it: nothing can be read any more.
    Erased,
}

impl<'a> Sealer<'a> {
    /// The sealer for what concerns this household, or no household.
    pub fn of(c: &mut DbConn, vault: &'a Vault, household: Option<Uid>) -> AppResult<Sealer<'a>> {
        let keys = households::store::data_keys(c, household.as_slice())?;
        Sealer::among(vault, household, &keys)
    }

    /// The same with the wrapped keys at hand.
    pub fn among(
        vault: &'a Vault,
        household: Option<Uid>,
        keys: &[(Uid, Vec<u8>)],
    ) -> AppResult<Sealer<'a>> {
        let Some(household) = household else {
            return Ok(Sealer::House(vault));
        };
        match keys.iter().find(|(id, _)| *id == household) {
            None => Ok(Sealer::Erased),
            Some((_, wrapped)) => vault
                .open_data_key(household.0, wrapped)
                .map(Sealer::Household)
                .map_err(AppError::internal),
        }
    }

    pub fn seal(&self, column: &'static str, id: Uid, text: &str) -> AppResult<Vec<u8>> {
        let id: Uuid = id.0;
        match self {
            Sealer::House(vault) => vault.seal(column, id, text).map_err(AppError::internal),
            Sealer::Household(key) => key.seal(column, id, text).map_err(AppError::internal),
            Sealer::Erased => Err(AppError::not_found()),
        }
    }

    pub fn seal_some(
        &self,
        column: &'static str,
        id: Uid,
        text: Option<&str>,
    ) -> AppResult<Option<Vec<u8>>> {
        text.map(|t| self.seal(column, id, t)).transpose()
    }

    /// The text, unless its household was erased.
    pub fn open(&self, column: &'static str, id: Uid, sealed: &[u8]) -> AppResult<Option<String>> {
        match self {
            Sealer::House(vault) => vault
                .open_sealed(column, id.0, sealed)
                .map(Some)
                .map_err(AppError::internal),
            Sealer::Household(key) => key
                .open(column, id.0, sealed)
                .map(Some)
                .map_err(AppError::internal),
            Sealer::Erased => Ok(None),
        }
    }

    pub fn open_some(
        &self,
        column: &'static str,
        id: Uid,
        sealed: Option<&[u8]>,
    ) -> AppResult<Option<String>> {
        match sealed {
            None => Ok(None),
            Some(sealed) => self.open(column, id, sealed),
        }
    }
}

pub const NEEDS: &str = "visits.needs_note";
pub const RETURN: &str = "visits.return_note";
pub const OPINION: &str = "visit_opinions.opinion";
pub const TASK: &str = "follow_ups.task";
pub const OUTCOME: &str = "follow_ups.outcome_note";
pub const EVIDENCE: &str = "home_possessions.note";
