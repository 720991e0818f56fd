//! Versions: numbered, immutable snapshots of what lies in a record, of which exactly one is active.
//!
//! A version is built out of sight, in as many transactions as it takes, then finished; from then on
//! nothing in it changes. Which one is active is a pointer in the record, so it is one by
//! construction, and moving it is a single statement.
//!
//! Start at [`begin`], [`add`] and [`finish`], which make one; [`activate`] and [`revert`] choose one;
//! [`get`] and [`list()`] read them. What is in a version is read by [`crate::record::list()`].

mod choose;
mod make;

#[cfg(test)]
mod tests;

use base::{JobId, Page, PageRequest, RecordId, TenantId, Timestamp, VersionId};
use identity::Reach;
use serde_json::{Value as Json, json};
use store::{Db, Row, params};

pub(crate) use choose::settle;
pub use choose::{Activated, Target, activate, delete, revert, target};
pub(crate) use make::remove_records;
pub use make::{
    Contents, NewChild, NewVersion, Outcome, add, begin, complete, copy, copy_some, discard, finish,
};

use crate::record::{Bindings, Record, RecordError, VersionHead, find, living, store_code};

/// A snapshot of a record and its children.
#[derive(Debug, Clone, PartialEq)]
pub struct Version {
    /// Its id.
    pub id: VersionId,
    /// Whose it is.
    pub tenant: TenantId,
    /// The record it is a version of.
    pub record: RecordId,
    /// From 1, rising; never given out twice.
    pub number: i64,
    /// What people call it.
    pub label: String,
    /// What people say about it.
    pub notes: Option<String>,
    /// How far it is.
    pub state: State,
    /// What it came from.
    pub origin: Origin,
    /// The task that made it.
    pub task: Option<String>,
    /// The job that makes or made it.
    pub job: Option<JobId>,
    /// What it was made with: the rule used, the caller's words.
    pub inputs: Option<Json>,
    /// Two or three sentences about it.
    pub summary: Option<String>,
    /// Anything the task said about the whole.
    pub details: Option<Json>,
    /// What the task was unsure of.
    pub warnings: Option<Json>,
    /// Which prompt was used.
    pub prompt_version: Option<String>,
    /// `rules`, or `provider/model`.
    pub produced_by: Option<String>,
    /// The version it was made from.
    pub based_on: Option<VersionId>,
    /// How many records are in it; 0 while it is built.
    pub record_count: i64,
    /// Is it the active one?
    pub is_active: bool,
    /// Who made it.
    pub created_by: String,
    /// When it was begun.
    pub created_at: Timestamp,
}

/// How far a version is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Records are being added.
    Building,
    /// Nothing in it changes any more.
    Ready,
}

/// What a version came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A list that was read in.
    Import,
    /// A list of changes.
    Change,
    /// A task.
    Task,
    /// Accepted proposals.
    Proposals,
    /// An older version.
    Revert,
}

impl State {
    /// Its name in tables and answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Building => "building",
            Self::Ready => "ready",
        }
    }

    fn read(name: &str) -> Option<Self> {
        [Self::Building, Self::Ready].into_iter().find(|it| it.name() == name)
    }
}

impl Origin {
    const ALL: [Self; 5] = [Self::Import, Self::Change, Self::Task, Self::Proposals, Self::Revert];

    /// Its name in tables and answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Import => "import",
            Self::Change => "change",
            Self::Task => "task",
            Self::Proposals => "proposals",
            Self::Revert => "revert",
        }
    }

    fn read(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }
}

/// Why an act on a version was refused.
#[derive(Debug, thiserror::Error)]
pub enum VersionError {
    /// There is none, or it is another tenant's, or of another record.
    #[error("version {0} does not exist")]
    NotFound(VersionId),
    /// The record has no version of this number.
    #[error("there is no version {0}")]
    NoSuchNumber(i64),
    /// The collection keeps no versions.
    #[error("records of `{0}` have no versions")]
    NotVersioned(String),
    /// No version is active yet.
    #[error("record {0} has no active version")]
    NoActive(RecordId),
    /// The active version stays while it is active.
    #[error("version {0} is the active one; activate another first")]
    Active(VersionId),
    /// Going back to where one is changes nothing.
    #[error("version {0} is the active one already")]
    Same(VersionId),
    /// It is still built.
    #[error("version {0} is still being built")]
    Building(VersionId),
    /// It was finished: nothing is added to it any more.
    #[error("version {0} is finished; nothing is added to it any more")]
    Finished(VersionId),
    /// Its number was given to another at the same moment.
    #[error("another version was given this number at the same moment; try again")]
    Number,
    /// The versions are not of the same record.
    #[error("versions {0} and {1} are of different records and cannot be compared")]
    DifferentRecords(VersionId, VersionId),
    /// Two of the records share what must differ.
    #[error("two records of `{collection}` in this version have the same {}", fields.join(" and "))]
    NotUnique {
        /// The collection of the children.
        collection: String,
        /// The fields that must differ together.
        fields: Vec<String>,
    },
    /// What is wrong is with the record.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The database did not take it.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl VersionError {
    /// The stable code.
    pub fn code(&self) -> &str {
        match self {
            Self::NotFound(_) | Self::NoSuchNumber(_) => "version_not_found",
            Self::NotVersioned(_) | Self::DifferentRecords(..) => "invalid_input",
            Self::NoActive(_) => "no_active_version",
            Self::Active(_) => "version_active",
            Self::Same(_) => "same_version",
            Self::Building(_) | Self::Finished(_) => "version_state",
            Self::Number => "version_conflict",
            Self::NotUnique { .. } => "not_unique",
            Self::Record(error) => error.code(),
            Self::Store(error) => store_code(error),
        }
    }

    /// What stands behind the code in `code.detail`.
    pub fn detail(&self) -> Option<&str> {
        match self {
            Self::NotUnique { collection, .. } => Some(collection),
            Self::Record(error) => error.detail(),
            _ => None,
        }
    }
}

const GET: &str = "
    SELECT v.id, v.tenant, v.record, v.number, v.label, v.notes, v.state, v.origin, v.task, v.job,
           v.inputs, v.summary, v.details, v.warnings, v.prompt_version, v.produced_by, v.based_on,
           v.record_count, v.created_by, v.created_at,
           r.active_version, r.collection, r.deleted_at AS record_deleted_at
      FROM versions v
      JOIN records r ON r.id = v.record
     WHERE v.id = $1 AND v.deleted_at IS NULL";

/// The version with this id.
///
/// # Errors
/// [`VersionError::NotFound`] also for another tenant's; [`RecordError::Deleted`] when its record is.
pub fn get(db: &Db, reach: Reach, id: VersionId) -> Result<Version, VersionError> {
    let row = db.first(GET, &params![id])?.ok_or(VersionError::NotFound(id))?;
    let version = Version::read(&row)?;
    if reach != Reach::All && reach != Reach::Tenant(version.tenant) {
        return Err(VersionError::NotFound(id));
    }
    if row.get::<Option<Timestamp>>("record_deleted_at")?.is_some() {
        let collection = row.get("collection")?;
        return Err(RecordError::Deleted { id: version.record, collection }.into());
    }
    Ok(version)
}

/// The active version of a record.
///
/// # Errors
/// [`VersionError::NoActive`]; [`RecordError::NotFound`] and [`RecordError::Deleted`].
pub fn active(db: &Db, reach: Reach, record: RecordId) -> Result<Version, VersionError> {
    let found = living(find(db, reach, record, None)?)?;
    let head = found.active_version.ok_or(VersionError::NoActive(record))?;
    get(db, reach, head.id)
}

/// The versions of a record, the newest first; those still built among them.
///
/// # Errors
/// [`RecordError::NotFound`] and [`RecordError::Deleted`] of the record.
pub fn list(
    db: &Db,
    reach: Reach,
    record: RecordId,
    count: bool,
    page: &PageRequest,
) -> Result<Page<Version>, VersionError> {
    living(find(db, reach, record, None)?)?;
    let total = match count {
        false => None,
        true => {
            let sql =
                "SELECT count(*) AS total FROM versions WHERE record = $1 AND deleted_at IS NULL";
            Some(db.one(sql, &params![record])?.get::<i64>("total")?.unsigned_abs())
        }
    };
    let mut bind = Bindings::default();
    let mut wheres = vec![format!("v.record = {}", bind.put(record))];
    let (sign, order) = if page.is_backwards() { ('>', "") } else { ('<', " DESC") };
    if let Some(cursor) = &page.cursor {
        let number = cursor.key.first().and_then(Json::as_i64).unwrap_or_default();
        wheres.push(format!("v.number {sign} {}", bind.put(number)));
    }
    let limit = bind.put(i64::from(page.limit) + 1);
    let sql = format!(
        "SELECT v.id, v.tenant, v.record, v.number, v.label, v.notes, v.state, v.origin, v.task,
                v.job, v.inputs, v.summary, v.details, v.warnings, v.prompt_version, v.produced_by,
                v.based_on, v.record_count, v.created_by, v.created_at, r.active_version
           FROM versions v
           JOIN records r ON r.id = v.record
          WHERE {} AND v.deleted_at IS NULL
          ORDER BY v.number{order}
          LIMIT {limit}",
        wheres.join(" AND "),
    );
    let rows = db.query(sql.as_str(), &bind.0)?;
    let versions = rows.iter().map(Version::read).collect::<Result<Vec<_>, _>>()?;
    let mut page = Page::of(versions, page, |it| vec![json!(it.number)]);
    page.total = total;
    Ok(page)
}

/// The version as the server hands it out.
pub fn view(version: &Version) -> Json {
    json!({
        "id": version.id,
        "tenant": version.tenant,
        "record": version.record,
        "number": version.number,
        "label": version.label,
        "notes": version.notes,
        "state": version.state.name(),
        "origin": version.origin.name(),
        "task": version.task,
        "inputs": version.inputs,
        "summary": version.summary,
        "details": version.details,
        "warnings": version.warnings,
        "prompt_version": version.prompt_version,
        "produced_by": version.produced_by,
        "based_on": version.based_on,
        "record_count": version.record_count,
        "is_active": version.is_active,
        "created_by": version.created_by,
        "created_at": version.created_at,
    })
}

impl Version {
    /// The version in short.
    pub fn head(&self) -> VersionHead {
        VersionHead {
            id: self.id,
            number: self.number,
            label: self.label.clone(),
            created_at: self.created_at,
        }
    }

    fn read(row: &Row) -> Result<Self, store::Error> {
        let id: VersionId = row.get("id")?;
        let active: Option<VersionId> = row.get("active_version")?;
        let unknown = |column: &str| store::Error::Column {
            column: column.to_owned(),
            what: "expected a known name, found another".to_owned(),
        };
        Ok(Self {
            id,
            tenant: row.get("tenant")?,
            record: row.get("record")?,
            number: row.get("number")?,
            label: row.get("label")?,
            notes: row.get("notes")?,
            state: State::read(&row.get::<String>("state")?).ok_or_else(|| unknown("state"))?,
            origin: Origin::read(&row.get::<String>("origin")?).ok_or_else(|| unknown("origin"))?,
            task: row.get("task")?,
            job: row.get("job")?,
            inputs: row.get("inputs")?,
            summary: row.get("summary")?,
            details: row.get("details")?,
            warnings: row.get("warnings")?,
            prompt_version: row.get("prompt_version")?,
            produced_by: row.get("produced_by")?,
            based_on: row.get("based_on")?,
            record_count: row.get("record_count")?,
            is_active: active == Some(id),
            created_by: row.get("created_by")?,
            created_at: row.get("created_at")?,
        })
    }
}

/// All records of a version, in their places. A version holds at most what one import may bring.
///
/// # Errors
/// [`VersionError::Store`].
pub fn records(db: &Db, version: VersionId) -> Result<Vec<Record>, VersionError> {
    const ALL: &str = "
    SELECT r.id, r.tenant, r.collection, r.parent, r.version, r.lineage, r.position, r.data, r.revision,
           r.active_version, NULL AS active_number, NULL AS active_label, NULL AS active_created_at,
           r.created_at, r.updated_at, r.deleted_at, r.created_by
      FROM records r
     WHERE r.version = $1
     ORDER BY r.position, r.id";
    let rows = db.query(ALL, &params![version])?;
    Ok(rows.iter().map(Record::read).collect::<Result<Vec<_>, _>>()?)
}
