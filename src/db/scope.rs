//! The filter of a list by where the caller works.

/// `in_scope!(table, &scope)`: rows of the caller's areas. One area, the usual case, is
/// one equality and so one index range. The table has `county`, `town` and `village`.
///
/// A third argument names the query source, when the table is part of a join.
#[macro_export]
macro_rules! in_scope {
    ($table:ident, $scope:expr) => {
        $crate::in_scope!($table, $scope, $crate::db::schema::$table::table)
    };
    ($table:ident, $scope:expr, $source:ty) => {{
        #[allow(unused_imports)]
        use diesel::prelude::*;
        use diesel::sql_types::{Bool, Nullable};
        use $crate::db::schema::$table as t;
        type Filter =
            Box<dyn BoxableExpression<$source, $crate::db::MultiBackend, SqlType = Nullable<Bool>>>;
        let scope: &$crate::auth::rights::Scope = $scope;
        let mut filter: Option<Filter> = None;
        let mut add = |one: Filter| {
            filter = Some(match filter.take() {
                None => one,
                Some(others) => Box::new(others.or(one)),
            });
        };
        for id in &scope.counties {
            add(Box::new(t::county.nullable().eq(*id)));
        }
        for id in &scope.towns {
            add(Box::new(t::town.nullable().eq(*id)));
        }
        for id in &scope.villages {
            add(Box::new(t::village.nullable().eq(*id)));
        }
        filter.unwrap_or_else(|| Box::new(t::id.nullable().eq($crate::db::Uid::NIL)))
    }};
}

/// The same, plus what the caller registered or is assigned to (`registered_by`, `assignee`) where they
/// work: somebody who moved out of a worker's area is no longer theirs, whoever registered them.
#[macro_export]
macro_rules! in_scope_or_own {
    ($table:ident, $scope:expr) => {
        $crate::in_scope_or_own!($table, $scope, $crate::db::schema::$table::table)
    };
    ($table:ident, $scope:expr, $source:ty) => {{
        #[allow(unused_imports)]
        use diesel::prelude::*;
        use diesel::sql_types::{Bool, Nullable};
        use $crate::db::schema::$table as t;
        type Filter =
            Box<dyn BoxableExpression<$source, $crate::db::MultiBackend, SqlType = Nullable<Bool>>>;
        let scope: &$crate::auth::rights::Scope = $scope;
        let areas: Filter = $crate::in_scope!($table, scope, $source);
        let filter: Filter = match (scope.own, scope.user) {
            (true, Some(user)) => {
                let worked = scope.clone().shared();
                let there: Filter = $crate::in_scope!($table, &worked, $source);
                let own: Filter = Box::new(
                    t::registered_by
                        .nullable()
                        .eq(user)
                        .or(t::assignee.nullable().eq(user))
                        .and(there),
                );
                if scope.counties.is_empty() && scope.towns.is_empty() && scope.villages.is_empty()
                {
                    own
                } else {
                    Box::new(areas.or(own))
                }
            }
            _ => areas,
        };
        filter
    }};
}
