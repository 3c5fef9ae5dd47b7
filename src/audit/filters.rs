//! What somebody looks for in the audit: the same words for the list and for the export.

use super::store::Filters;
use crate::auth::Action;
use crate::auth::policy::Role;
use crate::db::{Micros, Uid};
use crate::http::text::FactWord;

/// Declares the query of an operation on the audit: the filters, and what the operation has beside them. (serde
/// cannot flatten one struct into another and refuse unknown keys.)
macro_rules! audit_query {
    ($(#[$meta:meta])* $name:ident { $($(#[$own:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$meta])*
        #[derive(Debug, serde::Deserialize, utoipa::IntoParams)]
        #[serde(deny_unknown_fields)]
        #[into_params(parameter_in = Query)]
        pub struct $name {
            /// What was done to this record.
            #[param(value_type = Option<String>, format = "uuid", max_length = 36, example = "019a8c5e-7c00-7000-8000-5a1f0c3e9b11")]
            record_id: Option<$crate::db::Uid>,
            /// What this user did.
            #[param(value_type = Option<String>, format = "uuid", max_length = 36, example = "019a8c5e-7c00-7000-8000-5a1f0c3e9b11")]
            actor_id: Option<$crate::db::Uid>,
            /// Only this action.
            #[param(inline, value_type = Option<$crate::auth::Action>, example = "resident.reveal")]
            action: Option<$crate::auth::Action>,
            /// Only records of this kind.
            #[param(value_type = Option<String>, min_length = 1, max_length = 80, pattern = "^[A-Za-z0-9_.-]+$", example = "resident")]
            kind: Option<$crate::http::text::FactWord>,
            /// Only what was done for this reason.
            #[param(value_type = Option<String>, min_length = 1, max_length = 80, pattern = "^[A-Za-z0-9_.-]+$", example = "home_visit")]
            reason: Option<$crate::http::text::FactWord>,
            /// Only what was done under this role.
            #[param(inline, value_type = Option<$crate::auth::policy::Role>, example = "coordinator")]
            role: Option<$crate::auth::policy::Role>,
            /// At this instant or later.
            #[param(value_type = Option<String>, format = "date-time", max_length = 35, example = "2026-05-01T00:00:00Z")]
            from: Option<$crate::db::Micros>,
            /// Before this instant.
            #[param(value_type = Option<String>, format = "date-time", max_length = 35, example = "2026-06-01T00:00:00Z")]
            until: Option<$crate::db::Micros>,
            $($(#[$own])* $field: $type,)*
        }
        impl $name {
            fn filters(&self) -> $crate::audit::store::Filters {
                $crate::audit::filters::of(
                    (self.record_id, self.actor_id),
                    (self.action, self.kind.clone(), self.reason.clone(), self.role),
                    (self.from, self.until),
                )
            }
        }
    };
}
pub(super) use audit_query;

type Words = (
    Option<Action>,
    Option<FactWord>,
    Option<FactWord>,
    Option<Role>,
);

pub(super) fn of(
    (record, actor): (Option<Uid>, Option<Uid>),
    (action, kind, reason, role): Words,
    (from, until): (Option<Micros>, Option<Micros>),
) -> Filters {
    Filters {
        record,
        actor,
        action,
        kind: kind.map(|k| k.as_str().to_owned()),
        reason: reason.map(|r| r.as_str().to_owned()),
        role,
        from,
        until,
    }
}
