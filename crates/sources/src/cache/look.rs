//! Looking at what is kept, and clearing all of it or some.

use base::{TenantId, Timestamp};
use serde::Serialize;
use serde_json::json;
use store::{Db, Error, Row, Tx, audit, params};

use super::{Kind, fits};

/// The most entries that are shown at a time.
const SHOWN_MAX: u32 = 200;

/// Which entries are meant. Nothing set means all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Which {
    /// Of this kind.
    pub kind: Option<Kind>,
    /// Whose name fits: `*` is anything.
    pub pattern: Option<String>,
    /// With this tag: a source, a step, a host.
    pub tag: Option<String>,
}

/// What is kept of one kind, and of what use it was.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct KindView {
    /// The kind.
    pub kind: Kind,
    /// How many entries.
    pub entries: u64,
    /// How large they are together.
    pub size_bytes: u64,
    /// Those past their time, which are removed within the hour.
    pub expired: u64,
    /// The oldest.
    pub oldest_at: Option<Timestamp>,
    /// The newest.
    pub newest_at: Option<Timestamp>,
    /// Finds.
    pub hits: u64,
    /// Times that nothing was there.
    pub misses: u64,
    /// Times that what was there was too old.
    pub stale: u64,
    /// Times that what was there no longer held: another description, another count of rows.
    pub invalid: u64,
    /// Times that a run was told to pass over it.
    pub forced: u64,
    /// Finds of all times that something was looked for.
    pub hit_rate: Option<f64>,
    /// Finds of all times that something was there and was checked.
    pub valid_rate: Option<f64>,
}

/// An entry, without what it holds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EntryView {
    /// Its kind.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its tags.
    pub tags: Vec<String>,
    /// How large it is.
    pub size_bytes: u64,
    /// How many rows the document had.
    pub row_count: Option<u64>,
    /// When it was kept.
    pub created_at: Timestamp,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

/// What is kept, by kind.
pub fn kinds(db: &Db, now: Timestamp) -> Result<Vec<KindView>, Error> {
    let mut all = Vec::new();
    for kind in Kind::ALL {
        let sums = db.one(SUMS, &params![kind.name(), now])?;
        let uses = db.first(USES, &params![kind.name()])?;
        let use_of = |column: &str| uses.as_ref().map_or(Ok(0), |it| it.get::<u64>(column));
        let (hits, misses, stale, invalid, forced) = (
            use_of("hits")?,
            use_of("misses")?,
            use_of("stale")?,
            use_of("invalid")?,
            use_of("forced")?,
        );
        let rate = |of: u64| (of > 0).then(|| hits as f64 / of as f64);
        all.push(KindView {
            kind,
            entries: sums.get("entries")?,
            size_bytes: sums.get::<Option<u64>>("size_bytes")?.unwrap_or_default(),
            expired: sums.get::<Option<u64>>("expired")?.unwrap_or_default(),
            oldest_at: sums.get("oldest_at")?,
            newest_at: sums.get("newest_at")?,
            hits,
            misses,
            stale,
            invalid,
            forced,
            hit_rate: rate(hits + misses + stale + invalid + forced),
            valid_rate: rate(hits + stale + invalid),
        });
    }
    Ok(all)
}

/// The newest entries that are meant.
pub fn entries(db: &Db, which: &Which, limit: u32) -> Result<Vec<EntryView>, Error> {
    let limit = limit.clamp(1, SHOWN_MAX);
    let rows = db
        .query(LIST, &params![which.kind.map(Kind::name), which.like(), which.tag_like(), limit])?;
    let entries = rows.iter().map(EntryView::read).collect::<Result<Vec<_>, _>>()?;
    Ok(entries.into_iter().filter(|it| which.fits(&it.name)).collect())
}

/// Removes the entries that are meant; says how many. An act with an audit row.
pub fn clear(tx: &Tx, which: &Which) -> Result<u64, Error> {
    let removed =
        tx.execute(CLEAR, &params![which.kind.map(Kind::name), which.like(), which.tag_like()])?;
    let after = json!({
        "kind": which.kind, "pattern": which.pattern, "tag": which.tag, "removed": removed,
    });
    let summary = format!("Removed {removed} entries of the caches of sources");
    let entry =
        audit::Entry::new(TenantId::DEFAULT, "source_cache_cleared", "sources/cache", summary);
    tx.audit(entry.after(after));
    Ok(removed)
}

impl Which {
    /// The pattern in the words of the database.
    fn like(&self) -> Option<String> {
        self.pattern.as_deref().map(|it| escaped(it).replace('*', "%"))
    }

    fn tag_like(&self) -> Option<String> {
        self.tag.as_deref().map(|it| format!("% {} %", escaped(it.trim())))
    }

    /// LIKE takes no notice of case in SQLite.
    fn fits(&self, name: &str) -> bool {
        self.pattern.as_deref().is_none_or(|it| fits(it, name))
    }
}

impl EntryView {
    fn read(row: &Row) -> Result<Self, Error> {
        let tags: String = row.get("tags")?;
        Ok(Self {
            kind: row.get("kind")?,
            name: row.get("entry")?,
            tags: tags.split_whitespace().map(str::to_owned).collect(),
            size_bytes: row.get("size_bytes")?,
            row_count: row.get("row_count")?,
            created_at: row.get("created_at")?,
            expires_at: row.get("expires_at")?,
        })
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', r"\\").replace('%', r"\%").replace('_', r"\_")
}

const SUMS: &str = r"
    SELECT COUNT(*) AS entries, CAST(SUM(size_bytes) AS BIGINT) AS size_bytes,
           CAST(SUM(CASE WHEN expires_at <= $2 THEN 1 ELSE 0 END) AS BIGINT) AS expired,
           MIN(created_at) AS oldest_at, MAX(created_at) AS newest_at
      FROM source_cache
     WHERE kind = $1";

const USES: &str =
    "SELECT hits, misses, stale, invalid, forced FROM source_cache_uses WHERE kind = $1";

const LIST: &str = r"
    SELECT kind, entry, tags, size_bytes, row_count, created_at, expires_at
      FROM source_cache
     WHERE (kind = $1 OR CAST($1 AS TEXT) IS NULL)
       AND (CAST($2 AS TEXT) IS NULL OR entry LIKE $2 ESCAPE '\')
       AND (CAST($3 AS TEXT) IS NULL OR tags LIKE $3 ESCAPE '\')
     ORDER BY created_at DESC, entry
     LIMIT $4";

const CLEAR: &str = r"
    DELETE FROM source_cache
     WHERE (kind = $1 OR CAST($1 AS TEXT) IS NULL)
       AND (CAST($2 AS TEXT) IS NULL OR entry LIKE $2 ESCAPE '\')
       AND (CAST($3 AS TEXT) IS NULL OR tags LIKE $3 ESCAPE '\')";
