//! Migrations, embedded: one set a backend, the same names in both.

use diesel::migration::{Migration, MigrationSource};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::DbConn;

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// Applies what is missing and answers the names applied.
///
/// On PostgreSQL an advisory lock keeps two nodes that start together from
/// migrating at once.
pub fn run(c: &mut DbConn) -> Result<Vec<String>, String> {
    match c {
        DbConn::Sqlite(c) => apply(c, SQLITE),
        DbConn::Pg(c) => {
            use diesel::connection::SimpleConnection;
            c.batch_execute("SET statement_timeout=0; SELECT pg_advisory_lock(7237041)")
                .map_err(|e| e.to_string())?;
            let result = apply(c, POSTGRES);
            c.batch_execute("SELECT pg_advisory_unlock(7237041); SET statement_timeout='15s'")
                .map_err(|e| e.to_string())?;
            result
        }
    }
}

/// The names not yet applied.
pub fn pending(c: &mut DbConn) -> Result<Vec<String>, String> {
    match c {
        DbConn::Sqlite(c) => names(c.pending_migrations(SQLITE)),
        DbConn::Pg(c) => names(c.pending_migrations(POSTGRES)),
    }
}

/// How many are not yet applied, asked in a read-only snapshot: diesel's own question makes its table
/// where there is none.
pub fn pending_count(c: &mut DbConn) -> Result<usize, String> {
    use diesel::prelude::*;
    use diesel::sql_types::Text;
    #[derive(QueryableByName)]
    struct Applied {
        #[diesel(sql_type = Text)]
        version: String,
    }
    let ours: Vec<String> = match c {
        DbConn::Sqlite(_) => versions::<diesel::sqlite::Sqlite>(&SQLITE),
        DbConn::Pg(_) => versions::<diesel::pg::Pg>(&POSTGRES),
    }?;
    let applied: Vec<Applied> = diesel::sql_query("SELECT version FROM __diesel_schema_migrations")
        .load(c)
        .map_err(|e| e.to_string())?;
    let missing = |v: &&String| !applied.iter().any(|a| a.version == **v);
    Ok(ours.iter().filter(missing).count())
}

fn versions<DB: diesel::backend::Backend>(
    source: &EmbeddedMigrations,
) -> Result<Vec<String>, String> {
    let all: Vec<Box<dyn Migration<DB>>> = source.migrations().map_err(|e| e.to_string())?;
    Ok(all.iter().map(|m| m.name().version().to_string()).collect())
}

fn apply<C, DB>(c: &mut C, source: EmbeddedMigrations) -> Result<Vec<String>, String>
where
    C: MigrationHarness<DB>,
    DB: diesel::backend::Backend,
    EmbeddedMigrations: MigrationSource<DB>,
{
    let done = c
        .run_pending_migrations(source)
        .map_err(|e| format!("a migration failed: {e}"))?;
    Ok(done.iter().map(|v| v.to_string()).collect())
}

fn names<DB: diesel::backend::Backend>(
    found: diesel::migration::Result<Vec<Box<dyn Migration<DB>>>>,
) -> Result<Vec<String>, String> {
    let found = found.map_err(|e| format!("cannot read the list of migrations: {e}"))?;
    Ok(found.iter().map(|m| m.name().to_string()).collect())
}
