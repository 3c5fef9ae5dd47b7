//! Channels, and bindings that were asked for.

use diesel::prelude::*;

use crate::db::schema::channel_bindings;
use crate::db::{Micros, Uid};
use crate::text_enum;

text_enum! {
    /// A channel that reaches a member's account: `wecom` is WeCom (企业微信).
    ChannelName { WeCom = "wecom" }
}

/// A binding that was asked for and has not been made; one a user and channel.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = channel_bindings, treat_none_as_default_value = false)]
pub struct BindingRow {
    pub user_id: Uid,
    pub channel: ChannelName,
    /// Of the state with which its member comes back.
    pub state_hash: Vec<u8>,
    pub made_at: Micros,
    pub expires_at: Micros,
}
