//! Backups of a server of this process, made as an operator makes them while it runs.

use std::path::{Path, PathBuf};
use std::process::Command;

use diesel::connection::SimpleConnection;

use crate::support::*;
use qianshou::db::Target as Database;

pub struct Copy {
    backend: Backend,
    file: PathBuf,
}

pub fn make(app: &TestApp) -> Copy {
    let file = scratch().join(format!("backup{}", make::unique()));
    match &app.target {
        Database::Sqlite(_) => {
            let sql = format!("VACUUM INTO '{}'", file.display());
            app.connection().batch_execute(&sql).unwrap();
        }
        Database::Postgres(url) => {
            program("pg_dump", &["--format=custom", url, "--file"], &file);
        }
    }
    Copy {
        backend: app.backend,
        file,
    }
}

/// A database with what the copy holds; answers its URL.
pub fn open(copy: Copy) -> String {
    match copy.backend {
        Backend::Sqlite => format!("sqlite:{}", copy.file.display()),
        Backend::Postgres => {
            let url = postgres::cluster().unwrap().empty_database();
            program("pg_restore", &["--no-owner", "--dbname", &url], &copy.file);
            url
        }
    }
}

fn program(name: &str, arguments: &[&str], file: &Path) {
    let done = Command::new(cluster::binaries().unwrap().join(name))
        .args(arguments)
        .arg(file)
        .status()
        .unwrap();
    assert!(done.success(), "{name}");
}
