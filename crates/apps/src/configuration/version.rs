//! The versions of documents: what each was changed to while the application ran, by whom, when and why.
//!
//! A version is never changed. Which one is in force is a pointer beside them ([`heads`]); a text that was
//! refused is kept as a version too, and never pointed at. Every change moves one number ([`generation`]) in
//! its own transaction, by which processes notice it.

use base::{Page, PageRequest, Timestamp};
use serde_json::Value as Json;
use store::{Db, Row, Tx, params};

/// So many versions of a document are kept, refused ones among it; the one in force always is.
pub const KEPT: i64 = 100;

/// The number that stands for the file itself.
pub const FILE: i64 = 0;

/// The name under which every change of any document is told.
pub const MARK: &str = "configuration";

/// How a version came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Somebody wrote it.
    Set,
    /// Somebody went back to it.
    Revert,
    /// It came out of a file with several.
    Import,
}

/// The version of a document that was put in force last.
#[derive(Clone, PartialEq, Eq)]
pub struct Head {
    /// The document.
    pub config: String,
    /// Its number.
    pub number: i64,
    /// Its text.
    pub content: String,
    /// The checksum of the file that it was made upon; none when there was no file.
    pub base: Option<String>,
}

/// One version.
#[derive(Clone, PartialEq)]
pub struct Version {
    /// The document.
    pub config: String,
    /// Counts from 1 for each document.
    pub number: i64,
    /// Its text; none when it stands for a file that is not there.
    pub content: Option<String>,
    /// What was in force before.
    pub old_content: Option<String>,
    /// The checksum of the file that it was made upon.
    pub base: Option<String>,
    /// How it came about.
    pub origin: Origin,
    /// Why.
    pub reason: String,
    /// Nothing was wrong with it.
    pub is_valid: bool,
    /// What was found, warnings too.
    pub faults: Json,
    /// Who, as the audit log writes actors.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
}

impl Origin {
    /// The name in the table.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Set => "set",
            Self::Revert => "revert",
            Self::Import => "import",
        }
    }
}

/// Shows which one it is, never its text.
impl std::fmt::Debug for Head {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Head({} {})", self.config, self.number)
    }
}

/// Shows which one it is, never its text.
impl std::fmt::Debug for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Version({} {})", self.config, self.number)
    }
}

/// How often anything was changed. It never shrinks.
pub fn generation(db: &Db) -> Result<i64, store::Error> {
    store::mark::sum(db, &[MARK.to_owned()], None)
}

/// The versions that were put in force last, by document.
pub fn heads(db: &Db) -> Result<Vec<Head>, store::Error> {
    let rows = db.query(
        "SELECT v.config, v.number, v.content, v.base
           FROM configuration_heads h
           JOIN configuration_versions v ON v.config = h.config AND v.number = h.number
          WHERE v.content IS NOT NULL
          ORDER BY v.config",
        &[],
    )?;
    let head = |row: &Row| {
        Ok::<_, store::Error>(Head {
            config: row.get("config")?,
            number: row.get("number")?,
            content: row.get("content")?,
            base: row.get("base")?,
        })
    };
    rows.iter().map(head).collect()
}

/// The number of the newest version of a document, refused ones among it; 0 when there is none.
pub fn newest(db: &Db, config: &str) -> Result<i64, store::Error> {
    let sql = "SELECT CAST(COALESCE(max(number), 0) AS BIGINT) AS number
                 FROM configuration_versions WHERE config = $1";
    db.one(sql, &params![config])?.get("number")
}

/// A version of a document.
pub fn get(db: &Db, config: &str, number: i64) -> Result<Option<Version>, store::Error> {
    let sql = "SELECT * FROM configuration_versions WHERE config = $1 AND number = $2";
    db.first(sql, &params![config, number])?.as_ref().map(read).transpose()
}

/// The versions of a document, the newest first.
pub fn list(db: &Db, config: &str, page: &PageRequest) -> Result<Page<Version>, store::Error> {
    let at = page.cursor.as_ref().map(|it| it.key.first().and_then(Json::as_i64).unwrap_or(0));
    let rows = db.query(
        if page.is_backwards() {
            "SELECT * FROM configuration_versions WHERE config = $1 AND number > $2
              ORDER BY number LIMIT $3"
        } else {
            "SELECT * FROM configuration_versions WHERE config = $1 AND number < $2
              ORDER BY number DESC LIMIT $3"
        },
        &params![config, at.unwrap_or(i64::MAX), i64::from(page.limit) + 1],
    )?;
    let found = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::of(found, page, |it| vec![it.number.into()]))
}

/// How many versions of a document are kept.
pub fn count(db: &Db, config: &str) -> Result<u64, store::Error> {
    let sql = "SELECT count(*) AS total FROM configuration_versions WHERE config = $1";
    db.one(sql, &params![config])?.get("total")
}

/// Writes a version down, and lets go of those that are one too many. Whoever calls holds [`MARK`].
pub(crate) fn add(tx: &Tx, it: &Version) -> Result<(), store::Error> {
    tx.execute(
        "INSERT INTO configuration_versions (config, number, content, old_content, base, origin, reason,
                                             is_valid, faults, created_by, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        &params![
            &it.config,
            it.number,
            &it.content,
            &it.old_content,
            &it.base,
            it.origin.name(),
            &it.reason,
            it.is_valid,
            &it.faults,
            &it.created_by,
            it.created_at
        ],
    )?;
    Ok(())
}

/// Lets go of the oldest versions of a document, never of the one in force.
pub(crate) fn prune(tx: &Tx, config: &str, newest: i64) -> Result<u64, store::Error> {
    tx.execute(
        "DELETE FROM configuration_versions
          WHERE config = $1 AND number <= $2
            AND number NOT IN (SELECT number FROM configuration_heads WHERE config = $1)",
        &params![config, newest - KEPT],
    )
}

/// Puts a version of a document in force; without one, its file.
pub(crate) fn point(tx: &Tx, config: &str, number: Option<i64>) -> Result<(), store::Error> {
    match number {
        Some(number) => tx.execute(
            "INSERT INTO configuration_heads (config, number) VALUES ($1, $2)
             ON CONFLICT (config) DO UPDATE SET number = excluded.number",
            &params![config, number],
        )?,
        None => {
            tx.execute("DELETE FROM configuration_heads WHERE config = $1", &params![config])?
        }
    };
    Ok(())
}

fn read(row: &Row) -> Result<Version, store::Error> {
    let origin: String = row.get("origin")?;
    let origin =
        [Origin::Set, Origin::Revert, Origin::Import].into_iter().find(|it| it.name() == origin);
    let unknown = || store::Error::Constraint { what: "an unknown origin of a version".into() };
    Ok(Version {
        config: row.get("config")?,
        number: row.get("number")?,
        content: row.get("content")?,
        old_content: row.get("old_content")?,
        base: row.get("base")?,
        origin: origin.ok_or_else(unknown)?,
        reason: row.get("reason")?,
        is_valid: row.get("is_valid")?,
        faults: row.get("faults")?,
        created_by: row.get("created_by")?,
        created_at: row.get("created_at")?,
    })
}
