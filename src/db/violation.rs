//! One reading of both backends' constraint errors.

use diesel::result::{DatabaseErrorKind, Error};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Violation {
    /// A unique key of this table holds the value already.
    Unique {
        table: String,
    },
    /// A row points at one that does not exist.
    ForeignKey,
    Check,
}

/// Which constraint an error broke, if it broke one.
///
/// PostgreSQL names the table; SQLite says `UNIQUE constraint failed: users.login`.
pub fn violation(e: &Error) -> Option<Violation> {
    let Error::DatabaseError(kind, info) = e else {
        return None;
    };
    match kind {
        DatabaseErrorKind::UniqueViolation => {
            let table = info.table_name().map(str::to_owned).or_else(|| {
                let columns = info.message().rsplit(": ").next()?;
                columns.split('.').next().map(str::to_owned)
            });
            Some(Violation::Unique {
                table: table.unwrap_or_default(),
            })
        }
        DatabaseErrorKind::ForeignKeyViolation => Some(Violation::ForeignKey),
        DatabaseErrorKind::CheckViolation => Some(Violation::Check),
        _ => None,
    }
}
