//! Reading records page by page: within a tenant, a parent or a version; narrowed by declared fields
//! and by words; newest first, in their places, or by a declared field.
//!
//! Each page is one statement over an index that starts with where the records lie and ends with
//! the order they are read in, so that a far page costs what the first one costs.

use std::str::FromStr;

use base::{Cursor, Page, PageRequest, RecordId, TenantId, VersionId};
use identity::Reach;
use serde_json::{Value as Json, json};
use store::{Db, Dialect, Value};

use super::{
    COLUMNS, CollectionKit, Invalid, Place, Record, RecordError, find, living,
    narrow::{self, NEAR, Near},
};
use crate::{
    indexes::{expression, text},
    version::{self, VersionError},
    words::{self, Need},
};

/// Which records are listed.
#[derive(Debug, Clone)]
pub struct List {
    /// Where they lie.
    pub within: Within,
    /// Declared field → the value it must have; null finds those without one. With a word behind the field
    /// ([`super::Condition`]) it is held against the value in another way.
    pub filters: Vec<(String, Json)>,
    /// Words that must be in them; the last may be the beginning of one.
    pub search: Option<String>,
    /// Only those that this actor made, as the audit log spells it: of private ones, all that somebody sees.
    pub made_by: Option<String>,
    /// Deleted ones too.
    pub with_deleted: bool,
    /// In which order; none is the one that suits the collection.
    pub sort: Option<Sort>,
    /// Whether to count the whole list.
    pub count: bool,
}

/// Where listed records lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Within {
    /// Wherever the caller reaches.
    Reach,
    /// In this tenant. Shared collections lie in all of them.
    Tenant(TenantId),
    /// In this record; of what it keeps in versions, in the active one.
    Parent(RecordId),
    /// In this version.
    Version(VersionId),
}

/// The order of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sort {
    /// The last made first: what collections outside of others have by themselves.
    Newest,
    /// The first made first.
    Oldest,
    /// By their places: what records within others have by themselves.
    Position,
    /// By a field that the collection declares under `sorts`; what has none comes first.
    Field {
        /// The field.
        name: String,
        /// The last one first.
        falls: bool,
    },
}

impl Sort {
    /// Does it begin with the last?
    fn falls(&self) -> bool {
        matches!(self, Self::Newest | Self::Field { falls: true, .. })
    }
}

impl List {
    /// All living records that lie here.
    pub fn within(within: Within) -> Self {
        let (filters, search, made_by, sort) = (Vec::new(), None, None, None);
        Self { within, filters, search, made_by, with_deleted: false, sort, count: false }
    }
}

impl FromStr for Sort {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        match text {
            "-created_at" | "newest" => Ok(Self::Newest),
            "created_at" | "oldest" => Ok(Self::Oldest),
            "position" => Ok(Self::Position),
            other => {
                let name = other.strip_prefix('-').unwrap_or(other);
                let is_name = |it: char| it.is_ascii_alphanumeric() || matches!(it, '_' | '.');
                if name.is_empty() || !name.chars().all(is_name) {
                    return Err(no_order(other, &[]));
                }
                Ok(Self::Field { name: name.to_owned(), falls: other.starts_with('-') })
            }
        }
    }
}

/// One page of the records of a collection.
///
/// # Errors
/// [`RecordError::Invalid`] for a field or an order that is not declared, or a cursor of another order;
/// [`RecordError::NotFound`] for a parent the caller does not reach;
/// [`RecordError::TenantForbidden`].
pub fn list(
    db: &Db,
    kit: &CollectionKit,
    reach: Reach,
    list: &List,
    page: &PageRequest,
) -> Result<Page<Record>, RecordError> {
    let mut bind = Bindings::default();
    let mut wheres = vec![format!("r.collection = {}", text(&kit.name))];
    wheres.extend(within(db, kit, reach, list.within, &mut bind)?);
    if let Some(actor) = &list.made_by {
        wheres.push(format!("r.created_by = {}", bind.put(actor.as_str())));
    }
    if !list.with_deleted {
        wheres.push("r.deleted_at IS NULL".to_owned());
    }
    for (name, value) in list.filters.iter().filter(|it| !NEAR.contains(&it.0.as_str())) {
        wheres.push(narrow::clause(db.dialect(), kit, name, value, &mut bind)?);
    }
    let asked = list.search.as_deref().map(words::of_query).unwrap_or_default();
    if !asked.is_empty() {
        wheres.extend(search_clauses(db.dialect(), kit, list.within, reach, &asked, &mut bind));
    }
    if let Some(place) = Near::read(kit, &list.filters)? {
        // The last one: only what fits everything else is measured.
        let clause = narrow::near(db, kit, place, &wheres, &mut bind)?;
        wheres.push(clause);
    }

    let total = match list.count {
        false => None,
        true => {
            let sql =
                format!("SELECT count(*) AS total FROM records r WHERE {}", wheres.join(" AND "));
            Some(db.one(sql.as_str(), &bind.0)?.get::<i64>("total")?.unsigned_abs())
        }
    };

    let sort = sort_of(kit, list.sort.as_ref())?;
    let key = match &sort {
        Sort::Position => "r.position".to_owned(),
        Sort::Newest | Sort::Oldest => "r.created_at".to_owned(),
        Sort::Field { name, .. } => {
            format!("COALESCE({}, '')", expression(db.dialect(), "r", name))
        }
    };
    let falls = sort.falls() != page.is_backwards();
    if let Some(cursor) = &page.cursor {
        let (place, id) = cursor_key(cursor, &sort)?;
        let sign = if falls { '<' } else { '>' };
        let place = match place {
            Edge::Number(number) => bind.put(number),
            Edge::Text(text) => bind.put(text),
        };
        wheres.push(format!("({key}, r.id) {sign} ({place}, {})", bind.put(id)));
    }
    let order = if falls { " DESC" } else { "" };
    let limit = bind.put(i64::from(page.limit) + 1);
    let sql = format!(
        "SELECT {COLUMNS}, {key} AS sort_key
           FROM records r
           LEFT JOIN versions v ON v.id = r.active_version
          WHERE {wheres}
          ORDER BY {key}{order}, r.id{order}
          LIMIT {limit}",
        wheres = wheres.join(" AND "),
    );
    let rows = db.query(sql.as_str(), &bind.0)?;
    let read = |row: &store::Row| {
        let edge = match &sort {
            Sort::Field { .. } => Json::String(row.get("sort_key")?),
            _ => Json::from(row.get::<i64>("sort_key")?),
        };
        Ok::<(Record, Json), RecordError>((Record::read(row)?, edge))
    };
    let records = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let page = Page::of(records, page, |it| vec![it.1.clone(), json!(it.0.id)]);
    let mut page = page.map(|it| it.0);
    page.total = total;
    Ok(page)
}

/// The order that is asked for, else the collection's own, else the one that suits where it lies.
fn sort_of(kit: &CollectionKit, asked: Option<&Sort>) -> Result<Sort, Invalid> {
    if let Some(asked) = asked {
        if let Sort::Field { name, .. } = asked
            && !kit.spec.sorts.contains(name)
        {
            return Err(no_order(name, &kit.spec.sorts));
        }
        return Ok(asked.clone());
    }
    if let Some(own) = &kit.spec.order {
        return own.parse();
    }
    Ok(match kit.place {
        Place::Tenant => Sort::Newest,
        Place::Parent(_) | Place::Version(_) => Sort::Position,
    })
}

fn no_order(name: &str, sorts: &[String]) -> Invalid {
    let known = ["-created_at", "created_at", "position"].into_iter();
    let known: Vec<&str> = known.chain(sorts.iter().map(String::as_str)).collect();
    Invalid::input("/sort", format!("`{name}` is not an order"))
        .hint(format!("one of: {}", known.join(", ")))
}

/// What is read of a collection kept in versions when no version is named.
const IN_ACTIVE: &str = "EXISTS (SELECT 1 FROM records p WHERE p.id = r.parent \
                                    AND p.active_version = r.version AND p.deleted_at IS NULL)";

/// Where the records lie, as conditions; and whether the caller reaches that place at all.
fn within(
    db: &Db,
    kit: &CollectionKit,
    reach: Reach,
    within: Within,
    bind: &mut Bindings,
) -> Result<Vec<String>, RecordError> {
    let place = if kit.is_in_versions() { IN_ACTIVE } else { "r.version IS NULL" };
    match within {
        Within::Reach | Within::Tenant(_) if kit.spec.shared => {
            Ok(vec![format!("r.tenant = {}", bind.put(TenantId::DEFAULT)), place.to_owned()])
        }
        Within::Reach => match reach {
            Reach::All => Ok(vec![place.to_owned()]),
            Reach::Tenant(tenant) => self::within(db, kit, reach, Within::Tenant(tenant), bind),
        },
        Within::Tenant(tenant) => {
            if reach != Reach::All && reach != Reach::Tenant(tenant) {
                return Err(RecordError::TenantForbidden(tenant));
            }
            Ok(vec![format!("r.tenant = {}", bind.put(tenant)), place.to_owned()])
        }
        Within::Parent(parent) => {
            let parent = living(find(db, reach, parent, kit.parent())?)?;
            match (kit.is_in_versions(), parent.active_version) {
                (false, _) => {
                    Ok(vec![format!("r.parent = {}", bind.put(parent.id)), place.to_owned()])
                }
                (true, Some(active)) => Ok(vec![format!("r.version = {}", bind.put(active.id))]),
                (true, None) => Ok(vec!["1 = 0".to_owned()]),
            }
        }
        Within::Version(version) => {
            version::get(db, reach, version).map_err(|error| match error {
                VersionError::Store(error) => RecordError::Store(error),
                VersionError::Record(error) => error,
                _ => RecordError::NoSuchVersion(version),
            })?;
            Ok(vec![format!("r.version = {}", bind.put(version))])
        }
    }
}

/// The condition that a declared field has this value, written as its index is.
pub(crate) fn filter_clause(
    dialect: Dialect,
    kit: &CollectionKit,
    table: &str,
    field: &str,
    value: &Json,
    bind: &mut Bindings,
) -> String {
    let field_sql = expression(dialect, table, field);
    match kit.filter_text(dialect, field, value) {
        None => format!("{field_sql} IS NULL"),
        Some(value) => format!("{field_sql} = {}", bind.put(value)),
    }
}

fn search_clauses(
    dialect: Dialect,
    kit: &CollectionKit,
    within: Within,
    reach: Reach,
    asked: &[String],
    bind: &mut Bindings,
) -> Vec<String> {
    if kit.spec.search.is_empty() {
        return title_clauses(dialect, kit, asked, bind);
    }
    let scope: Vec<String> = match (within, reach) {
        _ if kit.spec.shared => vec![words::collection_token(TenantId::DEFAULT, &kit.name)],
        (Within::Version(version), _) => vec![words::version_token(version)],
        (Within::Tenant(tenant), _) | (_, Reach::Tenant(tenant)) => {
            vec![words::collection_token(tenant, &kit.name)]
        }
        (Within::Reach | Within::Parent(_), Reach::All) => Vec::new(),
    };
    let clause = match dialect {
        Dialect::Sqlite => words::fts5(asked, &scope, Need::All).map(|query| {
            let query = bind.put(query);
            format!("r.seq IN (SELECT rowid FROM record_words WHERE record_words MATCH {query})")
        }),
        Dialect::Postgres => words::tsquery(asked, &scope, Need::All)
            .map(|(query, _)| format!("r.words @@ CAST({} AS tsquery)", bind.put(query))),
    };
    clause.into_iter().collect()
}

/// Collections without declared words are searched in their titles, row by row: they are small.
fn title_clauses(
    dialect: Dialect,
    kit: &CollectionKit,
    asked: &[String],
    bind: &mut Bindings,
) -> Vec<String> {
    let title = expression(dialect, "r", &kit.spec.title);
    // The words hold letters and digits only: nothing in them needs an escape.
    asked.iter().map(|it| format!("lower({title}) LIKE {}", bind.put(format!("%{it}%")))).collect()
}

/// Where a page ends: what its last record is ordered by.
enum Edge {
    Number(i64),
    Text(String),
}

fn cursor_key(cursor: &Cursor, sort: &Sort) -> Result<(Edge, RecordId), Invalid> {
    let wrong = || {
        Invalid::input("/cursor", "is not a cursor of this list")
            .hint("start again without a cursor")
    };
    let [edge, id] = cursor.key.as_slice() else { return Err(wrong()) };
    let id = id.as_str().and_then(|it| it.parse().ok()).ok_or_else(wrong)?;
    if let Sort::Field { .. } = sort {
        let text = edge.as_str().ok_or_else(wrong)?;
        return Ok((Edge::Text(text.to_owned()), id));
    }
    let number = edge.as_i64().ok_or_else(wrong)?;
    // A place is small, a time is microseconds since 1970: one is never mistaken for the other.
    let is_time = number > 1_000_000_000_000;
    if is_time == (*sort == Sort::Position) { Err(wrong()) } else { Ok((Edge::Number(number), id)) }
}

/// The parameters of a statement that is put together.
#[derive(Debug, Default)]
pub(crate) struct Bindings(pub(crate) Vec<Value>);

impl Bindings {
    /// Takes a parameter in and gives its name in the statement.
    pub(crate) fn put(&mut self, value: impl Into<Value>) -> String {
        self.0.push(value.into());
        format!("${}", self.0.len())
    }
}
