//! Finding records by words, in the active versions of a tenant or in one version.
//!
//! A search keeps to its tenant before anything is ranked: a tenant that holds one row in a hundred
//! gets as many results as any other. The databases rank in their own ways (BM25 in SQLite, cover
//! density in PostgreSQL), so a score says how near a result is to the best one and nothing more.
//!
//! Start at [`by_words`] and [`by_meaning`]. Two rankings are merged with [`rank_fusion`] and read with
//! [`load`].

use std::collections::{HashMap, HashSet};

use base::{RecordId, TenantId, VersionId};
use identity::Reach;
use serde_json::{Value as Json, json};
use store::{Db, Dialect, Row, Value};

use crate::{
    indexes::text,
    record::{
        self, Bindings, COLUMNS, CollectionKit, Invalid, Kits, Place, Record, RecordError,
        filter_clause, object, since_clause, store_code,
    },
    vector::near::{Near, Nearest},
    version::{self, VersionError},
    words::{self, Need},
};

/// Beyond this many active versions a search names its tenant instead of each of them.
const VERSIONS_MAX: usize = 64;

/// Vectors read at once: of 3,072 numbers they are 12 MB.
const VECTORS_AT_ONCE: usize = 1_000;

/// What is looked for, and where.
#[derive(Debug, Clone)]
pub struct Search {
    /// In this tenant; wherever the caller reaches when left out.
    pub tenant: Option<TenantId>,
    /// Within this record.
    pub record: Option<RecordId>,
    /// Within this version, active or not; in all active ones when left out.
    pub version: Option<VersionId>,
    /// Declared filters of the collection, or of the one that holds it.
    pub filters: Vec<(String, Json)>,
    /// Only those with this day or a later one in a field.
    pub since: Option<(String, jiff::civil::Date)>,
    /// The most results.
    pub limit: u32,
}

impl Search {
    /// Everywhere in a tenant.
    pub fn of(tenant: TenantId) -> Self {
        let (record, version, since, filters) = (None, None, None, Vec::new());
        Self { tenant: Some(tenant), record, version, filters, since, limit: 20 }
    }
}

/// What is looked for as its vector says it.
#[derive(Debug, Clone, Copy)]
pub struct Meant<'a> {
    /// The model that made it, as `provider/model`.
    pub model: &'a str,
    /// The vector.
    pub vector: &'a [f32],
    /// The most results.
    pub most: usize,
}

/// A record that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// The record.
    pub record: Record,
    /// From just over 0 to 1: over 0.5 when every word is in it.
    pub score: f64,
    /// What people call it.
    pub title: Option<String>,
    /// What people call the record that holds it.
    pub parent_title: Option<String>,
}

/// Why a search was refused.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// What was asked for does not make sense.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// What is wrong is with the record or the tenant.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// What is wrong is with the version.
    #[error(transparent)]
    Version(#[from] VersionError),
    /// The database did not take it.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl SearchError {
    /// The stable code.
    pub fn code(&self) -> &str {
        match self {
            Self::Invalid(invalid) => &invalid.code,
            Self::Record(error) => error.code(),
            Self::Version(error) => error.code(),
            Self::Store(error) => store_code(error),
        }
    }
}

/// The records in which the words of `query` are, the best first. Records with every word come
/// first; when they are fewer than asked for, those with some of the words fill up.
///
/// # Errors
/// [`SearchError::Invalid`] for a collection that is not searched, a query without words or an
/// undeclared filter; [`RecordError::TenantForbidden`], [`RecordError::NotFound`],
/// [`VersionError::NotFound`] for what the caller does not reach.
pub fn by_words(
    db: &Db,
    kits: &Kits,
    kit: &CollectionKit,
    reach: Reach,
    search: &Search,
    query: &str,
) -> Result<Vec<Hit>, SearchError> {
    if kit.spec.search.is_empty() {
        let fault =
            Invalid::input("/collection", format!("`{}` is not searched by words", kit.name));
        return Err(fault.hint("declare its fields under `search` in app.yaml").into());
    }
    let asked = words::of_query(query);
    if asked.is_empty() {
        return Err(Invalid::input("/query", "has no word in it").into());
    }
    let Some(place) = place(db, kits, kit, reach, search)? else { return Ok(Vec::new()) };
    let with_all = ranked(db, kits, kit, &place, &asked, Need::All, search.limit)?;
    let missing = (search.limit as usize).saturating_sub(with_all.len());
    let with_some = match missing > 0 && asked.len() > 1 {
        // Those with all words are among those with some, at most as many as were found.
        true => ranked(db, kits, kit, &place, &asked, Need::Any, search.limit)?,
        false => Vec::new(),
    };
    let known: HashSet<RecordId> = with_all.iter().map(|it| it.record.id).collect();
    let mut hits = scaled(with_all, 0.5);
    let rest = with_some.into_iter().filter(|it| !known.contains(&it.record.id));
    hits.extend(scaled(rest.take(missing).collect(), 0.0));
    Ok(hits)
}

/// The records whose vectors lie nearest to what is meant, the nearest first. Only those that the search
/// allows are compared, so that a narrow search finds as many as a wide one.
///
/// # Errors
/// As [`by_words`].
pub fn by_meaning(
    db: &Db,
    kits: &Kits,
    kit: &CollectionKit,
    reach: Reach,
    search: &Search,
    meant: Meant<'_>,
) -> Result<Vec<Near>, SearchError> {
    let mut nearest = Nearest::to(meant.vector, meant.most);
    let Some(place) = place(db, kits, kit, reach, search)? else { return Ok(Vec::new()) };
    let Some(tenant) = place.tenant else { return Ok(Vec::new()) };
    let versions = match (&kit.place, search.version) {
        (_, Some(version)) => vec![Some(version)],
        (Place::Version(parent), None) => {
            active_versions(db, parent, &place, None)?.into_iter().map(Some).collect()
        }
        (Place::Tenant | Place::Parent(_), None) => vec![None],
    };
    for version in versions {
        let mut after: Option<RecordId> = None;
        loop {
            let mut bind = Bindings::default();
            let mut wheres = vec![
                format!("v.tenant = {}", bind.put(tenant)),
                format!("v.model = {}", bind.put(meant.model)),
                format!("v.dimensions = {}", bind.put(meant.vector.len() as i64)),
                "r.id = v.record".to_owned(),
            ];
            wheres.push(match version {
                Some(version) => format!("v.version = {}", bind.put(version)),
                None => "v.version IS NULL".to_owned(),
            });
            wheres.extend(after.map(|it| format!("v.record > {}", bind.put(it))));
            wheres.extend(place.conditions(db.dialect(), kits, kit, &mut bind));
            let rows = vectors(db, &wheres, &bind.0)?;
            for row in &rows {
                nearest.see(row.get("record")?, &row.get::<Vec<u8>>("vector")?);
            }
            match rows.last() {
                Some(last) if rows.len() == VECTORS_AT_ONCE => after = Some(last.get("record")?),
                _ => break,
            }
        }
    }
    Ok(nearest.into_vec())
}

/// The cross join keeps the vectors outermost: they come in the order of their records, and reading
/// stops at the limit.
fn vectors(db: &Db, wheres: &[String], values: &[Value]) -> Result<Vec<Row>, store::Error> {
    let sql = format!(
        "SELECT v.record, v.vector
           FROM record_vectors v
          CROSS JOIN records r
           LEFT JOIN records p ON p.id = r.parent
          WHERE {}
          ORDER BY v.record
          LIMIT {VECTORS_AT_ONCE}",
        wheres.join(" AND "),
    );
    db.query(sql.as_str(), values)
}

/// Reads the records that another ranking found, in its order: only those that the search allows.
///
/// # Errors
/// As [`by_words`].
pub fn load(
    db: &Db,
    kits: &Kits,
    kit: &CollectionKit,
    reach: Reach,
    search: &Search,
    ranking: &[(RecordId, f64)],
) -> Result<Vec<Hit>, SearchError> {
    let Some(place) = place(db, kits, kit, reach, search)? else { return Ok(Vec::new()) };
    let mut found: HashMap<RecordId, Hit> = HashMap::new();
    for chunk in ranking.chunks(200) {
        let mut bind = Bindings::default();
        let ids: Vec<String> = chunk.iter().map(|(id, _)| bind.put(*id)).collect();
        let mut wheres = vec![format!("r.id IN ({})", ids.join(", "))];
        wheres.extend(place.conditions(db.dialect(), kits, kit, &mut bind));
        let sql = format!(
            "SELECT {COLUMNS}, p.data AS parent_data, CAST(0 AS DOUBLE PRECISION) AS nearness
               FROM records r
               LEFT JOIN records p ON p.id = r.parent
               LEFT JOIN versions v ON v.id = r.active_version
              WHERE {}",
            wheres.join(" AND "),
        );
        for row in db.query(sql.as_str(), &bind.0)? {
            let hit = Hit::read(&row, kits, kit)?;
            found.insert(hit.record.id, hit);
        }
    }
    let hits = ranking
        .iter()
        .filter_map(|(id, score)| found.remove(id).map(|hit| Hit { score: *score, ..hit }));
    Ok(hits.take(search.limit as usize).collect())
}

/// Merges rankings, each the best first: reciprocal rank fusion with k = 60. Scores are scaled so
/// that a record that is first in all of them has 1.
pub fn rank_fusion(rankings: &[&[RecordId]]) -> Vec<(RecordId, f64)> {
    const K: f64 = 60.0;
    let mut scores: HashMap<RecordId, f64> = HashMap::new();
    for ranking in rankings {
        let mut seen = HashSet::new();
        for (at, id) in ranking.iter().filter(|it| seen.insert(**it)).enumerate() {
            *scores.entry(*id).or_default() += 1.0 / (K + 1.0 + at as f64);
        }
    }
    let best = rankings.len() as f64 / (K + 1.0);
    let mut fused: Vec<(RecordId, f64)> =
        scores.into_iter().map(|(id, score)| (id, score / best)).collect();
    fused.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    fused
}

/// A hit as the server hands it out.
pub fn view(hit: &Hit) -> Json {
    json!({
        "item": record::view(&hit.record, None),
        "score": hit.score,
        "version": hit.record.version,
        "parent": hit.record.parent,
        "title": hit.title,
        "parent_title": hit.parent_title,
    })
}

/// Where a search may look.
struct Scope {
    tenant: Option<TenantId>,
    search: Search,
    /// Tokens that stand beside the words of every record looked for; empty when there are too many.
    tokens: Vec<String>,
}

/// Where this search may look; none when there is nothing there.
fn place(
    db: &Db,
    kits: &Kits,
    kit: &CollectionKit,
    reach: Reach,
    search: &Search,
) -> Result<Option<Scope>, SearchError> {
    let parent = kits.parent_of(kit);
    for (field, _) in &search.filters {
        let known = |kit: &CollectionKit| kit.spec.filters.contains(field);
        if !known(kit) && !parent.is_some_and(known) {
            let mut names = kit.spec.filters.clone();
            names.extend(parent.into_iter().flat_map(|it| it.spec.filters.clone()));
            let fault = Invalid::input(&format!("/filters/{field}"), "is not a field to narrow by");
            return Err(fault.hint(format!("one of: {}", names.join(", "))).into());
        }
    }
    let tenant = match (search.tenant, reach) {
        _ if kit.spec.shared => Some(TenantId::DEFAULT),
        (Some(tenant), Reach::Tenant(own)) if tenant != own => {
            return Err(RecordError::TenantForbidden(tenant).into());
        }
        (Some(tenant), _) | (None, Reach::Tenant(tenant)) => Some(tenant),
        (None, Reach::All) => None,
    };
    if let Some(id) = search.record {
        record::get(db, reach, id, kit.parent())?;
    }
    if let Some(id) = search.version {
        version::get(db, reach, id)?;
    }
    let mut scope = Scope { tenant, search: search.clone(), tokens: Vec::new() };
    scope.tokens = match (&kit.place, search.version) {
        (_, Some(version)) => vec![words::version_token(version)],
        (Place::Version(parent), None) => {
            let active = active_versions(db, parent, &scope, Some(VERSIONS_MAX + 1))?;
            if active.is_empty() {
                return Ok(None);
            }
            match active.len() <= VERSIONS_MAX {
                true => active.into_iter().map(words::version_token).collect(),
                false => scope.collection_token(kit),
            }
        }
        (Place::Tenant | Place::Parent(_), None) => scope.collection_token(kit),
    };
    Ok(Some(scope))
}

/// The active versions in which a search may look, at most so many.
fn active_versions(
    db: &Db,
    parent: &str,
    scope: &Scope,
    most: Option<usize>,
) -> Result<Vec<VersionId>, store::Error> {
    let mut bind = Bindings::default();
    let mut wheres = vec![
        format!("collection = {}", text(parent)),
        "version IS NULL AND active_version IS NOT NULL AND deleted_at IS NULL".to_owned(),
    ];
    wheres.extend(scope.tenant.map(|it| format!("tenant = {}", bind.put(it))));
    wheres.extend(scope.search.record.map(|it| format!("id = {}", bind.put(it))));
    let limit = most.map(|it| format!(" LIMIT {it}")).unwrap_or_default();
    let sql = format!("SELECT active_version FROM records WHERE {}{limit}", wheres.join(" AND "));
    db.query(sql.as_str(), &bind.0)?.iter().map(|row| row.get("active_version")).collect()
}

impl Scope {
    fn collection_token(&self, kit: &CollectionKit) -> Vec<String> {
        self.tenant.map(|it| words::collection_token(it, &kit.name)).into_iter().collect()
    }

    /// The conditions on a record `r` and the record `p` that holds it.
    fn conditions(
        &self,
        dialect: Dialect,
        kits: &Kits,
        kit: &CollectionKit,
        bind: &mut Bindings,
    ) -> Vec<String> {
        let mut all =
            vec![format!("r.collection = {}", text(&kit.name)), "r.deleted_at IS NULL".to_owned()];
        all.extend(self.tenant.map(|it| format!("r.tenant = {}", bind.put(it))));
        all.extend(self.search.record.map(|it| format!("r.parent = {}", bind.put(it))));
        match (self.search.version, &kit.place) {
            (Some(version), _) => all.push(format!("r.version = {}", bind.put(version))),
            (None, Place::Version(_)) => {
                all.push("r.version = p.active_version AND p.deleted_at IS NULL".to_owned());
            }
            (None, Place::Tenant | Place::Parent(_)) => {}
        }
        for (field, value) in &self.search.filters {
            let (kit, table) = match kits.parent_of(kit) {
                Some(parent) if !kit.spec.filters.contains(field) => (parent, "p"),
                _ => (kit, "r"),
            };
            all.push(filter_clause(dialect, kit, table, field, value, bind));
        }
        if let Some((field, day)) = &self.search.since {
            all.push(since_clause(dialect, field, *day, bind));
        }
        all
    }
}

fn ranked(
    db: &Db,
    kits: &Kits,
    kit: &CollectionKit,
    scope: &Scope,
    asked: &[String],
    need: Need,
    limit: u32,
) -> Result<Vec<Hit>, SearchError> {
    let mut bind = Bindings::default();
    let sql = match db.dialect() {
        Dialect::Sqlite => {
            let Some(query) = words::fts5(asked, &scope.tokens, need) else {
                return Ok(Vec::new());
            };
            let query = bind.put(query);
            let wheres = scope.conditions(Dialect::Sqlite, kits, kit, &mut bind);
            // The cross join keeps the words outermost: they come in the order of their rank, and
            // reading stops at the limit. The scope tokens weigh nothing.
            format!(
                "SELECT {COLUMNS}, p.data AS parent_data, -record_words.rank AS nearness
                   FROM record_words
                  CROSS JOIN records r ON r.seq = record_words.rowid
                   LEFT JOIN records p ON p.id = r.parent
                   LEFT JOIN versions v ON v.id = r.active_version
                  WHERE record_words MATCH {query}
                    AND record_words.rank MATCH 'bm25(1.0, 0.0)'
                    AND {wheres}
                  ORDER BY record_words.rank
                  LIMIT {limit}",
                wheres = wheres.join(" AND "),
                limit = bind.put(limit),
            )
        }
        Dialect::Postgres => {
            let Some((query, rank)) = words::tsquery(asked, &scope.tokens, need) else {
                return Ok(Vec::new());
            };
            let (query, rank) = (bind.put(query), bind.put(rank));
            let wheres = scope.conditions(Dialect::Postgres, kits, kit, &mut bind);
            format!(
                "SELECT {COLUMNS}, p.data AS parent_data,
                        CAST(ts_rank_cd(r.words, CAST({rank} AS tsquery), 1) AS DOUBLE PRECISION) AS nearness
                   FROM records r
                   LEFT JOIN records p ON p.id = r.parent
                   LEFT JOIN versions v ON v.id = r.active_version
                  WHERE r.words @@ CAST({query} AS tsquery)
                    AND {wheres}
                  ORDER BY nearness DESC, r.id
                  LIMIT {limit}",
                wheres = wheres.join(" AND "),
                limit = bind.put(limit),
            )
        }
    };
    db.query(sql.as_str(), &bind.0)?.iter().map(|row| Hit::read(row, kits, kit)).collect()
}

/// Brings what the databases rank by into (`floor`, `floor` + 0.5], the best at its end.
fn scaled(mut hits: Vec<Hit>, floor: f64) -> Vec<Hit> {
    let best = hits.first().map_or(0.0, |it| it.score);
    for hit in &mut hits {
        let share = if best > 0.0 { (hit.score / best).clamp(0.001, 1.0) } else { 1.0 };
        hit.score = floor + share / 2.0;
    }
    hits
}

impl Hit {
    fn read(row: &Row, kits: &Kits, kit: &CollectionKit) -> Result<Self, SearchError> {
        let record = Record::read(row)?;
        let parent_title = match (kits.parent_of(kit), record.parent) {
            (Some(parent), Some(_)) => parent.title(&object(row, "parent_data")?),
            _ => None,
        };
        let (score, title) = (row.get("nearness")?, kit.title(&record.data));
        Ok(Self { record, score, title, parent_title })
    }
}

#[cfg(test)]
mod tests;
