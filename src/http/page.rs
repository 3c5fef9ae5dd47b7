//! Keyset pages over ids, with cursors that only the caller they were given to can use.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::text::Limit;
use crate::crypto::{MacPurpose, Vault};
use crate::db::Uid;
use crate::error::{AppError, AppResult, Code};

/// Which part of a list to answer.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageParams {
    /// How many records at most.
    #[serde(default)]
    #[param(value_type = Option<i64>, minimum = 1, maximum = 200, default = 50, example = 50)]
    pub limit: Option<Limit>,
    /// `next_cursor` of the page before.
    #[serde(default)]
    #[param(value_type = Option<String>, max_length = 200, pattern = r"^[A-Za-z0-9_\-]+$", example = "AQGajF58AHAAgABaHwwOmxGqYX0")]
    pub cursor: Option<String>,
}

/// How many records a page holds when the caller does not say.
pub const DEFAULT_LIMIT: i64 = 50;

/// A position in one caller's list: the records after this id.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    pub limit: i64,
    pub after: Option<Uid>,
}

/// Ties a cursor to who asked and for what.
pub struct Bound<'a> {
    pub vault: &'a Vault,
    pub user: Uid,
    /// The operation's id and its filters.
    pub list: String,
}

const VERSION: u8 = 1;
const TAG: usize = 16;

impl Bound<'_> {
    pub fn open(&self, limit: Option<Limit>, cursor: Option<&str>) -> AppResult<Page> {
        let after = match cursor {
            None => None,
            Some(text) => Some(
                self.decode(text)
                    .ok_or_else(|| AppError::of(Code::CursorInvalid))?,
            ),
        };
        Ok(Page {
            limit: limit.map_or(DEFAULT_LIMIT, |l| l.0),
            after,
        })
    }

    /// The same for a list whose order is not that of ids: the position is the list's own.
    pub fn open_at(
        &self,
        limit: Option<Limit>,
        cursor: Option<&str>,
    ) -> AppResult<(i64, Option<Vec<u8>>)> {
        let position = cursor
            .map(|text| {
                self.decode_at(text)
                    .ok_or_else(|| AppError::of(Code::CursorInvalid))
            })
            .transpose()?;
        Ok((limit.map_or(DEFAULT_LIMIT, |l| l.0), position))
    }

    pub fn encode(&self, last: Uid) -> String {
        self.encode_at(last.as_bytes())
    }

    pub fn encode_at(&self, position: &[u8]) -> String {
        let mut bytes = vec![VERSION];
        bytes.extend_from_slice(position);
        let tag = self.vault.mac(MacPurpose::Cursor, &self.parts(&bytes));
        bytes.extend_from_slice(&tag[..TAG]);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    fn decode(&self, text: &str) -> Option<Uid> {
        let position = self.decode_at(text)?;
        uuid::Uuid::from_slice(&position).ok().map(Uid)
    }

    fn decode_at(&self, text: &str) -> Option<Vec<u8>> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        if bytes.len() < 1 + TAG || bytes[0] != VERSION {
            return None;
        }
        let (signed, tag) = bytes.split_at(bytes.len() - TAG);
        let genuine = self
            .vault
            .verify_mac(MacPurpose::Cursor, &self.parts(signed), tag);
        genuine.then(|| signed[1..].to_vec())
    }

    fn parts<'b>(&'b self, position: &'b [u8]) -> [&'b [u8]; 3] {
        [self.user.as_bytes(), self.list.as_bytes(), position]
    }

    /// Cuts the one row too many that says there is a next page.
    pub fn finish<R, T>(
        &self,
        page: Page,
        mut rows: Vec<R>,
        id: impl Fn(&R) -> Uid,
        mut show: impl FnMut(R) -> AppResult<T>,
    ) -> AppResult<(Vec<T>, Option<String>)> {
        let more = rows.len() as i64 > page.limit;
        rows.truncate(page.limit as usize);
        let next = if more {
            rows.last().map(|r| self.encode(id(r)))
        } else {
            None
        };
        let items = rows
            .into_iter()
            .map(&mut show)
            .collect::<AppResult<Vec<T>>>()?;
        Ok((items, next))
    }
}

/// Declares the page type of a list: `page_of! { /// doc ResidentPage of Resident }`.
#[macro_export]
macro_rules! page_of {
    ($(#[$meta:meta])* $name:ident of $item:ty) => {
        $(#[$meta])*
        #[derive(Debug, serde::Serialize, utoipa::ToSchema)]
        pub struct $name {
            /// The records of this page, newest first.
            #[schema(max_items = 200)]
            pub items: Vec<$item>,
            /// Where the next page starts; null on the last one.
            pub next_cursor: Option<$crate::http::page::Cursor>,
        }
    };
}

/// An opaque position in a list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(transparent)]
#[schema(
    max_length = 200,
    min_length = 1,
    pattern = r"^[A-Za-z0-9_\-]+$",
    example = "AQGajF58AHAAgABaHwwOmxGqYX0"
)]
pub struct Cursor(pub String);
