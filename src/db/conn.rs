//! One connection type over both databases.
//!
//! `DbConn` runs almost every Diesel query as it stands. Where the two backends
//! speak differently the query is written inside [`each_backend!`], which
//! compiles one body against each concrete connection.

use diesel::pg::PgConnection;
use diesel::sqlite::SqliteConnection;

#[derive(diesel::MultiConnection)]
pub enum DbConn {
    Pg(PgConnection),
    Sqlite(SqliteConnection),
}

impl DbConn {
    pub fn is_sqlite(&self) -> bool {
        matches!(self, DbConn::Sqlite(_))
    }
}

/// Runs one body against whichever concrete connection `$conn` holds: for
/// `on_conflict`, batch inserts from slices and `as_returning`, which the
/// multi-backend cannot express.
#[macro_export]
macro_rules! each_backend {
    ($conn:expr, |$c:ident| $body:expr) => {
        match $conn {
            $crate::db::DbConn::Pg($c) => $body,
            $crate::db::DbConn::Sqlite($c) => $body,
        }
    };
}

/// Loads the first row of a query and, on PostgreSQL, locks it until the
/// transaction ends. SQLite has one writer, so nothing needs locking there.
#[macro_export]
macro_rules! first_locked {
    ($conn:expr, $query:expr) => {
        match $conn {
            $crate::db::DbConn::Pg(c) => $query.for_update().first(c),
            $crate::db::DbConn::Sqlite(c) => $query.first(c),
        }
    };
}

/// The same, keeping the row from being changed while others may keep it so as well.
#[macro_export]
macro_rules! first_kept {
    ($conn:expr, $query:expr) => {
        match $conn {
            $crate::db::DbConn::Pg(c) => $query.for_share().first(c),
            $crate::db::DbConn::Sqlite(c) => $query.first(c),
        }
    };
}

/// Loads all rows of a query and, on PostgreSQL, locks them until the transaction ends.
#[macro_export]
macro_rules! all_locked {
    ($conn:expr, $query:expr) => {
        match $conn {
            $crate::db::DbConn::Pg(c) => $query.for_update().load(c),
            $crate::db::DbConn::Sqlite(c) => $query.load(c),
        }
    };
}
