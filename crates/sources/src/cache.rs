//! What was fetched, made, compared and answered a short while ago, so that it need not be again.
//!
//! Entries lie in the database, shared by all processes. One counts only while it is young enough, was
//! made by the description as it is, and, of pages, while what is read has as many rows as the page
//! counts; a run can be told to pass over all of them or some. Nothing here is needed: it can be
//! cleared at any time.
//!
//! Start at [`Kind`]; looking and clearing is in [`look`].

pub mod look;

use std::{fmt, str::FromStr};

use base::Timestamp;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use store::{Db, Error, Tx, params};

use crate::{description::CacheSpans, metric};

/// What kinds of things are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Pages as they came.
    Html,
    /// Records made of a page.
    Structured,
    /// What was found equal to its record.
    Comparison,
    /// Answers of others.
    Answer,
}

/// An entry.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its kind.
    pub kind: Kind,
    /// Its name: `aerc/rides/5f3c…`.
    pub name: String,
    /// Words by which it is forced and cleared.
    pub tags: Vec<String>,
    /// What it holds.
    pub body: Json,
    /// How many rows the document had.
    pub row_count: Option<u64>,
    /// The description that it was made by.
    pub shape: String,
}

/// What a run passes over although it is there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refresh {
    /// Everything.
    #[serde(default)]
    pub all: bool,
    /// Entries whose name fits: `*` is anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// Entries with this tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
}

/// How often the cache was of use in a run; added up in the database at its end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Uses([Use; 4]);

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Use {
    hits: u64,
    misses: u64,
    stale: u64,
    invalid: u64,
    forced: u64,
}

/// What came of looking for an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Hit,
    Miss,
    Stale,
    Invalid,
    Forced,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Html, Self::Structured, Self::Comparison, Self::Answer];

    /// The name used in rows, answers and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Structured => "structured",
            Self::Comparison => "comparison",
            Self::Answer => "answer",
        }
    }

    /// How long entries of this kind are good.
    pub fn span(self, spans: &CacheSpans) -> SignedDuration {
        match self {
            Self::Html => spans.html,
            Self::Structured => spans.structured,
            Self::Comparison => spans.comparison,
            Self::Answer => spans.answer,
        }
    }

    fn at(self) -> usize {
        match self {
            Self::Html => 0,
            Self::Structured => 1,
            Self::Comparison => 2,
            Self::Answer => 3,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// No kind of things that are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is none of html, structured, comparison, answer")]
pub struct UnknownKind;

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|it| it.name() == text).ok_or(UnknownKind)
    }
}

impl Refresh {
    /// Is nothing passed over?
    pub fn is_nothing(&self) -> bool {
        !self.all && self.pattern.is_none() && self.tag.is_none()
    }

    /// Is this one passed over?
    pub fn covers(&self, name: &str, tags: &[String]) -> bool {
        self.all
            || self.pattern.as_deref().is_some_and(|it| fits(it, name))
            || self.tag.as_ref().is_some_and(|it| tags.contains(it))
    }
}

impl Outcome {
    const fn name(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Miss => "miss",
            Self::Stale => "stale",
            Self::Invalid => "invalid",
            Self::Forced => "forced",
        }
    }
}

impl Uses {
    pub(crate) fn note(&mut self, kind: Kind, outcome: Outcome) {
        metric::CACHE.increment(&[kind.name(), outcome.name()]);
        let uses = &mut self.0[kind.at()];
        match outcome {
            Outcome::Hit => uses.hits += 1,
            Outcome::Miss => uses.misses += 1,
            Outcome::Stale => uses.stale += 1,
            Outcome::Invalid => uses.invalid += 1,
            Outcome::Forced => uses.forced += 1,
        }
    }

    /// Finds of all kinds.
    pub(crate) fn hits(&self) -> u64 {
        self.0.iter().map(|it| it.hits).sum()
    }

    /// Adds them up in the database, and forgets them here.
    pub(crate) fn save(&mut self, tx: &Tx) -> Result<(), Error> {
        for kind in Kind::ALL {
            let it = std::mem::take(&mut self.0[kind.at()]);
            if it == Use::default() {
                continue;
            }
            tx.execute(
                ADD_USES,
                &params![kind.name(), it.hits, it.misses, it.stale, it.invalid, it.forced],
            )?;
        }
        Ok(())
    }
}

/// The name of an entry: what people read, and a hash of all that it hangs on.
pub(crate) fn name(readable: &str, of: &Json) -> String {
    let hash = hex::encode(&Sha256::digest(of.to_string().as_bytes())[..12]);
    format!("{readable}/{hash}")
}

/// The entry of this name, if it is young enough and of this description. Says what came of looking.
pub(crate) fn get(
    db: &Db,
    kind: Kind,
    name: &str,
    shape: &str,
    now: Timestamp,
) -> Result<(Option<Entry>, Outcome), Error> {
    let Some(row) = db.first(GET, &params![kind.name(), name])? else {
        return Ok((None, Outcome::Miss));
    };
    if row.get::<Timestamp>("expires_at")? <= now {
        return Ok((None, Outcome::Stale));
    }
    let made_by: String = row.get("shape")?;
    if made_by != shape {
        return Ok((None, Outcome::Invalid));
    }
    let tags: String = row.get("tags")?;
    let entry = Entry {
        kind,
        name: name.to_owned(),
        tags: tags.split_whitespace().map(str::to_owned).collect(),
        body: row.get("body")?,
        row_count: row.get("row_count")?,
        shape: made_by,
    };
    Ok((Some(entry), Outcome::Hit))
}

/// Keeps an entry in place of one of the same name.
pub(crate) fn put(
    tx: &Tx,
    entry: &Entry,
    good_for: SignedDuration,
    now: Timestamp,
) -> Result<(), Error> {
    let body = entry.body.to_string();
    let tags = format!(" {} ", entry.tags.join(" "));
    let size = body.len();
    tx.execute(
        PUT,
        &params![
            entry.kind.name(),
            entry.name.as_str(),
            tags,
            body,
            size,
            entry.row_count,
            entry.shape.as_str(),
            now,
            now + good_for
        ],
    )?;
    Ok(())
}

/// Leaves only so many of the newest entries of a kind.
pub(crate) fn prune(tx: &Tx, kind: Kind, most: u32) -> Result<u64, Error> {
    tx.execute(PRUNE, &params![kind.name(), most])
}

/// Removes what is past its time.
pub(crate) fn sweep(tx: &Tx, now: Timestamp) -> Result<u64, Error> {
    tx.execute("DELETE FROM source_cache WHERE expires_at <= $1", &params![now])
}

/// Does a name fit a pattern, in which `*` is anything?
pub(crate) fn fits(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = name.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let mut last = None;
    for part in parts {
        if let Some(before) = last.replace(part) {
            match rest.find(before) {
                Some(at) => rest = &rest[at + before.len()..],
                None => return false,
            }
        }
    }
    last.map_or(rest.is_empty(), |it| rest.ends_with(it))
}

const GET: &str = "
    SELECT tags, body, row_count, shape, expires_at
      FROM source_cache
     WHERE kind = $1 AND entry = $2";

const PUT: &str = "
    INSERT INTO source_cache (kind, entry, tags, body, size_bytes, row_count, shape, created_at, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT (kind, entry) DO UPDATE
       SET tags = excluded.tags, body = excluded.body, size_bytes = excluded.size_bytes,
           row_count = excluded.row_count, shape = excluded.shape,
           created_at = excluded.created_at, expires_at = excluded.expires_at";

const PRUNE: &str = "
    DELETE FROM source_cache
     WHERE kind = $1
       AND entry NOT IN (SELECT entry FROM source_cache WHERE kind = $1
                          ORDER BY created_at DESC, entry LIMIT $2)";

const ADD_USES: &str = "
    INSERT INTO source_cache_uses (kind, hits, misses, stale, invalid, forced)
    VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (kind) DO UPDATE
       SET hits = source_cache_uses.hits + excluded.hits,
           misses = source_cache_uses.misses + excluded.misses,
           stale = source_cache_uses.stale + excluded.stale,
           invalid = source_cache_uses.invalid + excluded.invalid,
           forced = source_cache_uses.forced + excluded.forced";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_anything() {
        for (pattern, name, expected) in [
            ("aerc/*", "aerc/rides/5f", true),
            ("*/rides/*", "aerc/rides/5f", true),
            ("aerc/rides/5f", "aerc/rides/5f", true),
            ("aerc", "aerc/rides/5f", false),
            ("*5f", "aerc/rides/5f", true),
            ("*", "", true),
        ] {
            assert_eq!(fits(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn a_run_passes_over_what_it_is_told_to() {
        let tags = ["aerc".to_owned(), "rides".to_owned()];
        let tag = Refresh { tag: Some("rides".into()), ..Refresh::default() };
        assert!(tag.covers("x", &tags) && !tag.covers("x", &[]));
        let pattern = Refresh { pattern: Some("aerc/*".into()), ..Refresh::default() };
        assert!(pattern.covers("aerc/a", &[]) && !pattern.covers("other/a", &[]));
        assert!(Refresh { all: true, ..Refresh::default() }.covers("x", &[]));
        assert!(Refresh::default().is_nothing() && !Refresh::default().covers("x", &tags));
    }

    #[test]
    fn the_name_of_an_entry_hangs_on_all_that_it_was_made_of() {
        let one = name("aerc/rides", &serde_json::json!({"form": {"season[]": ["63"]}}));
        let other = name("aerc/rides", &serde_json::json!({"form": {"season[]": ["64"]}}));
        assert!(one.starts_with("aerc/rides/") && one != other);
    }
}
