//! Brings the tables to where the program needs them, and back.
//!
//! Each migration is one transaction under a lock, so two processes that start together do it once.
//! Its text is remembered by checksum: one that was changed after it ran is found. Before SQLite
//! tables that hold something are changed, the file is copied next to itself
//! (`app.db.before-20261101_000000_audit`); going back needs the copy only when `down` cannot help.
//!
//! Start at [`up`] and [`check`].

use std::{collections::BTreeMap, path::PathBuf};

use base::{Actor, Timestamp};
use sha2::{Digest, Sha256};
use tracing::info;

use crate::{Db, Dialect, Error, Sql, Store, Tx, params};

/// One step of the tables, forth and back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Migration {
    /// `YYYYMMDD_HHMMSS_what`: the order of the names is the order of the steps.
    pub name: &'static str,
    /// The script that takes the step.
    pub up: Sql<'static>,
    /// The script that takes it back.
    pub down: Sql<'static>,
}

/// Where one migration stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub state: State,
}

/// Where a migration can stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It ran.
    Applied {
        /// When.
        at: Timestamp,
        /// Who started it.
        by: String,
    },
    /// It did not run yet.
    Pending,
    /// It ran with another text than the program has now.
    Changed,
    /// It ran, and this program does not know it.
    Unknown,
}

/// Why migrations did not run.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// Two have the same name, or a name is not `YYYYMMDD_HHMMSS_what`.
    #[error("`{name}` is no name for a migration: {why}")]
    Name {
        /// The name.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The database was not made by this program's migrations.
    #[error(
        "the database holds migrations that this program does not have, or has otherwise: {}; \
         use the program that ran them, or restore a backup; `mainstay migrate status` shows them", names.join(", ")
    )]
    Foreign {
        /// Their names.
        names: Vec<String>,
    },
    /// A script failed. Nothing of it was kept; those before it were.
    #[error("migration `{name}` failed, and nothing of it was kept")]
    Script {
        /// Its name.
        name: String,
        /// What the database said.
        #[source]
        source: Error,
    },
    /// The file could not be copied first, so nothing was changed.
    #[error("cannot copy the database to `{path}` before changing it; nothing was changed")]
    Backup {
        /// Where the copy should have gone.
        path: PathBuf,
        /// What went wrong.
        #[source]
        source: Error,
    },
    /// The database did not answer.
    #[error("cannot read which migrations ran")]
    Store(#[from] Error),
}

/// Why the program cannot serve this database.
#[derive(Debug, thiserror::Error)]
pub enum Mismatch {
    /// Migrations are pending, changed, or unknown.
    #[error("{}", differs(pending, changed, unknown))]
    Differs {
        /// Those that did not run yet.
        pending: Vec<String>,
        /// Those that ran with another text.
        changed: Vec<String>,
        /// Those that this program does not know.
        unknown: Vec<String>,
    },
    /// A migration has no valid name.
    #[error(transparent)]
    Invalid(MigrateError),
    /// The database did not answer.
    #[error("cannot read which migrations ran")]
    Store(#[from] Error),
}

fn differs(pending: &[String], changed: &[String], unknown: &[String]) -> String {
    let mut parts = Vec::new();
    if !unknown.is_empty() {
        parts.push(format!(
            "the database is newer than this program, which does not know {}: \
             use the newer program, or restore a backup made before it",
            unknown.join(", ")
        ));
    }
    if !changed.is_empty() {
        parts.push(format!(
            "{} ran with another text than this program has: use the program that ran it, \
             and see `mainstay migrate status`",
            changed.join(", ")
        ));
    }
    if !pending.is_empty() {
        parts.push(format!("the database lacks {}: run `mainstay migrate up`", pending.join(", ")));
    }
    parts.join("; ")
}

/// Runs what is pending, in the order of the names; says which. In the name of the house.
pub async fn up(
    store: &Store,
    migrations: &[Migration],
    now: Timestamp,
) -> Result<Vec<&'static str>, MigrateError> {
    up_by(store, migrations, &Actor::house(), now).await
}

/// Runs what is pending, in the name of `actor`.
pub async fn up_by(
    store: &Store,
    migrations: &[Migration],
    actor: &Actor,
    now: Timestamp,
) -> Result<Vec<&'static str>, MigrateError> {
    let migrations = sorted(migrations)?;
    refuse_foreign(store, &migrations).await?;
    let pending = pending(store, &migrations).await?;
    let Some(first) = pending.first() else { return Ok(Vec::new()) };
    if pending.len() < migrations.len() {
        back_up(store, first.name).await?;
    }
    let mut done = Vec::new();
    for migration in pending {
        let by = actor.to_string();
        let ran = store.bookkeep("migrate up", move |tx| take(tx, migration, &by, now)).await;
        let name = migration.name;
        if ran.map_err(|source| MigrateError::Script { name: name.into(), source })? {
            info!(migration.name = name, "Ran migration {name}");
            done.push(name);
        }
    }
    Ok(done)
}

/// Takes back the last `steps` migrations, the newest first; says which.
pub async fn down(
    store: &Store,
    migrations: &[Migration],
    steps: usize,
) -> Result<Vec<&'static str>, MigrateError> {
    let migrations = sorted(migrations)?;
    refuse_foreign(store, &migrations).await?;
    let applied = store.read(applied).await?;
    let back: Vec<Migration> = migrations
        .iter()
        .rev()
        .filter(|it| applied.contains_key(it.name))
        .take(steps)
        .copied()
        .collect();
    let Some(first) = back.first() else { return Ok(Vec::new()) };
    back_up(store, first.name).await?;
    let mut done = Vec::new();
    for migration in back {
        let ran = store.bookkeep("migrate down", move |tx| take_back(tx, migration)).await;
        let name = migration.name;
        if ran.map_err(|source| MigrateError::Script { name: name.into(), source })? {
            info!(migration.name = name, "Took back migration {name}");
            done.push(name);
        }
    }
    Ok(done)
}

/// Where every migration stands, known or not, in the order of the names.
pub async fn status(store: &Store, migrations: &[Migration]) -> Result<Vec<Status>, MigrateError> {
    let migrations = sorted(migrations)?;
    let mut applied = store.read(applied).await?;
    let dialect = store.dialect();
    let mut list: Vec<Status> = migrations
        .iter()
        .map(|it| {
            let state = match applied.remove(it.name) {
                None => State::Pending,
                Some(row) if row.checksum != checksum(it.up.of(dialect)) => State::Changed,
                Some(row) => State::Applied { at: row.at, by: row.by },
            };
            Status { name: it.name.to_owned(), state }
        })
        .collect();
    list.extend(applied.into_keys().map(|name| Status { name, state: State::Unknown }));
    list.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(list)
}

/// Is the database exactly where this program needs it?
pub async fn check(store: &Store, migrations: &[Migration]) -> Result<(), Mismatch> {
    let list = status(store, migrations).await.map_err(|it| match it {
        MigrateError::Store(error) => Mismatch::Store(error),
        other => Mismatch::Invalid(other),
    })?;
    let those = |state: &State| -> Vec<String> {
        list.iter().filter(|it| it.state == *state).map(|it| it.name.clone()).collect()
    };
    let (pending, changed, unknown) =
        (those(&State::Pending), those(&State::Changed), those(&State::Unknown));
    if pending.is_empty() && changed.is_empty() && unknown.is_empty() {
        Ok(())
    } else {
        Err(Mismatch::Differs { pending, changed, unknown })
    }
}

struct Applied {
    checksum: String,
    at: Timestamp,
    by: String,
}

const HAS_TABLE: Sql<'_> = Sql {
    sqlite: "SELECT 1 AS one FROM sqlite_master WHERE type = 'table' AND name = 'schema_migrations'",
    postgres: "SELECT 1 AS one FROM pg_tables
                WHERE tablename = 'schema_migrations' AND schemaname = current_schema()",
};

const TABLE: Sql<'_> = Sql::same(
    "CREATE TABLE IF NOT EXISTS schema_migrations (
         name       TEXT NOT NULL PRIMARY KEY,
         checksum   TEXT NOT NULL,
         applied_at BIGINT NOT NULL,
         actor      TEXT NOT NULL
     )",
);

const ADD: &str =
    "INSERT INTO schema_migrations (name, checksum, applied_at, actor) VALUES ($1, $2, $3, $4)";

const LOCK: &str = "schema_migrations";

fn applied(db: &Db) -> Result<BTreeMap<String, Applied>, Error> {
    if db.first(HAS_TABLE, &[])?.is_none() {
        return Ok(BTreeMap::new());
    }
    let rows = db.query("SELECT name, checksum, applied_at, actor FROM schema_migrations", &[])?;
    let read = |row: &crate::Row| {
        let applied = Applied {
            checksum: row.get("checksum")?,
            at: row.get("applied_at")?,
            by: row.get("actor")?,
        };
        Ok((row.get("name")?, applied))
    };
    rows.iter().map(read).collect()
}

/// Runs one migration, unless another process did so meanwhile.
fn take(tx: &Tx, migration: Migration, by: &str, now: Timestamp) -> Result<bool, Error> {
    tx.hold(LOCK)?;
    tx.batch(TABLE)?;
    if applied(tx)?.contains_key(migration.name) {
        return Ok(false);
    }
    tx.batch(migration.up)?;
    let checksum = checksum(migration.up.of(tx.dialect()));
    tx.execute(ADD, &params![migration.name, checksum, now, by])?;
    Ok(true)
}

fn take_back(tx: &Tx, migration: Migration) -> Result<bool, Error> {
    tx.hold(LOCK)?;
    if !applied(tx)?.contains_key(migration.name) {
        return Ok(false);
    }
    tx.batch(migration.down)?;
    tx.execute("DELETE FROM schema_migrations WHERE name = $1", &params![migration.name])?;
    Ok(true)
}

async fn pending(store: &Store, migrations: &[Migration]) -> Result<Vec<Migration>, Error> {
    let applied = store.read(applied).await?;
    Ok(migrations.iter().filter(|it| !applied.contains_key(it.name)).copied().collect())
}

async fn refuse_foreign(store: &Store, migrations: &[Migration]) -> Result<(), MigrateError> {
    let list = status(store, migrations).await?;
    let is_foreign = |it: &Status| matches!(it.state, State::Changed | State::Unknown);
    let names: Vec<String> = list.into_iter().filter(is_foreign).map(|it| it.name).collect();
    if names.is_empty() { Ok(()) } else { Err(MigrateError::Foreign { names }) }
}

fn sorted(migrations: &[Migration]) -> Result<Vec<Migration>, MigrateError> {
    let mut sorted = migrations.to_vec();
    sorted.sort_by_key(|it| it.name);
    let refused = |name: &str, why| MigrateError::Name { name: name.to_owned(), why };
    if let Some(it) = sorted.iter().find(|it| !is_name(it.name)) {
        return Err(refused(it.name, "expected YYYYMMDD_HHMMSS_what, in small letters"));
    }
    if let Some(pair) = sorted.windows(2).find(|it| it[0].name == it[1].name) {
        return Err(refused(pair[0].name, "there are two of this name"));
    }
    Ok(sorted)
}

fn is_name(name: &str) -> bool {
    let mut parts = name.splitn(3, '_');
    let mut digits = |count| {
        parts.next().is_some_and(|it| it.len() == count && it.bytes().all(|it| it.is_ascii_digit()))
    };
    let has_time = digits(8) && digits(6);
    let is_letter = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'_';
    has_time && parts.next().is_some_and(|it| !it.is_empty() && it.bytes().all(is_letter))
}

fn checksum(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

/// Copies a SQLite file next to itself. PostgreSQL has backups of its own.
async fn back_up(store: &Store, name: &str) -> Result<(), MigrateError> {
    let (Some(file), Dialect::Sqlite) = (store.file(), store.dialect()) else { return Ok(()) };
    let mut copy = file.clone().into_os_string();
    copy.push(format!(".before-{name}"));
    let copy = PathBuf::from(copy);
    let (target, path) = (copy.clone(), copy.clone());
    let copied = tokio::task::spawn_blocking(move || crate::sqlite::copy(&file, &target)).await;
    match copied {
        Ok(Ok(())) => {
            let path = path.display();
            info!(backup.path = %path, "Copied the database to {path} before changing its tables");
            Ok(())
        }
        Ok(Err(source)) => Err(MigrateError::Backup { path, source }),
        Err(it) => Err(MigrateError::Backup { path, source: Error::failed_by("copying", it) }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_when_and_what() {
        for name in ["20261101_000000_audit", "20261231_235959_a_b2"] {
            assert!(is_name(name), "{name}");
        }
        for name in ["audit", "2026_000000_a", "20261101_000000_", "20261101_000000_Audit", ""] {
            assert!(!is_name(name), "{name}");
        }
    }
}
