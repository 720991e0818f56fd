//! Proposals: changes that somebody, a model or the rules, suggests for the records of a version.
//!
//! A proposal is decided once. Accepting records the decision; [`apply`] then makes one new version
//! of all accepted changes. Nothing here asks a model.
//!
//! Start at [`insert`], [`decide`] and [`apply`]; [`list()`] and [`get`] read.

mod apply;
mod decide;

#[cfg(test)]
mod tests;

use base::{Page, PageRequest, ProposalId, RecordId, TenantId, Timestamp, VersionId};
use identity::Reach;
use serde_json::{Value as Json, json};
use store::{Db, Row, Tx, params};

pub use apply::{Applied, Conflict, Plan, Suggested, apply, plan};
pub use decide::{Decided, Decision, decide, decide_all};

use crate::{
    field::{self, Data},
    record::{Act, Bindings, Invalid, Kits, RecordError, store_code},
    version::{self, VersionError},
};

/// A suggested change.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    /// Its id.
    pub id: ProposalId,
    /// Whose it is.
    pub tenant: TenantId,
    /// The record whose version was looked at.
    pub parent: RecordId,
    /// The version that was looked at.
    pub version: VersionId,
    /// The record in that version it speaks of; none when it speaks of the whole.
    pub record: Option<RecordId>,
    /// The lineage of that record, by which it is found in later versions.
    pub lineage: Option<RecordId>,
    /// One of the categories its task declares.
    pub category: String,
    /// What it suggests, in words.
    pub suggestion: String,
    /// `{current, suggested, confidence}`; see [`Suggested`].
    pub change: Option<Json>,
    /// Whether it was decided.
    pub status: Status,
    /// `rules`, or `provider/model`.
    pub produced_by: String,
    /// Who decided.
    pub decided_by: Option<String>,
    /// When it was decided.
    pub decided_at: Option<Timestamp>,
    /// What they said about it: their notes, or the reason of a refusal.
    pub notes: Option<String>,
    /// Words for the next time, of a refusal.
    pub feedback: Option<String>,
    /// The version its change came into.
    pub applied_version: Option<VersionId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// What the record it speaks of holds.
    pub subject: Option<Data>,
}

/// Whether a proposal was decided, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It waits.
    Pending,
    /// It was taken.
    Accepted,
    /// It was refused, with a reason.
    Rejected,
    /// It was put aside, without one.
    Dismissed,
}

impl Status {
    const ALL: [Self; 4] = [Self::Pending, Self::Accepted, Self::Rejected, Self::Dismissed];

    /// Its name in tables, answers and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Dismissed => "dismissed",
        }
    }
}

impl std::str::FromStr for Status {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::ALL.into_iter().find(|it| it.name() == text).ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            Invalid::input("/status", format!("`{text}` is not a status"))
                .hint(format!("one of: {names}"))
        })
    }
}

/// Why an act on a proposal was refused.
#[derive(Debug, thiserror::Error)]
pub enum ProposalError {
    /// There is none, or it is another tenant's.
    #[error("proposal {0} does not exist")]
    NotFound(ProposalId),
    /// Somebody decided before.
    #[error("proposal {id} was {} already", status.name())]
    Decided {
        /// Which one.
        id: ProposalId,
        /// How it was decided.
        status: Status,
    },
    /// It is still to be decided, or was refused: only accepted ones are applied.
    #[error("proposal {id} is {}; only accepted ones are applied", status.name())]
    NotAccepted {
        /// Which one.
        id: ProposalId,
        /// Its state.
        status: Status,
    },
    /// What is wrong is with the version.
    #[error(transparent)]
    Version(#[from] VersionError),
    /// The database did not take it.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl From<RecordError> for ProposalError {
    fn from(error: RecordError) -> Self {
        Self::Version(error.into())
    }
}

impl ProposalError {
    /// The stable code.
    pub fn code(&self) -> &str {
        match self {
            Self::NotFound(_) => "proposal_not_found",
            Self::Decided { .. } => "proposal_decided",
            Self::NotAccepted { .. } => "conflict",
            Self::Version(error) => error.code(),
            Self::Store(error) => store_code(error),
        }
    }

    /// What stands behind the code in `code.detail`.
    pub fn detail(&self) -> Option<&str> {
        match self {
            Self::Version(error) => error.detail(),
            _ => None,
        }
    }
}

/// A proposal to be made.
#[derive(Debug, Clone)]
pub struct NewProposal {
    /// The record of the version it speaks of; none for the whole.
    pub record: Option<RecordId>,
    /// One of the categories its task declares.
    pub category: String,
    /// What it suggests, in words.
    pub suggestion: String,
    /// `{current, suggested, confidence}`.
    pub change: Option<Json>,
}

/// Keeps proposals for a version. Those that speak of a record that is not in it are left out; says
/// how many were kept. Needs no audit entry of its own: the task that made them has one.
///
/// # Errors
/// [`VersionError::NotFound`].
pub fn insert(
    tx: &Tx,
    act: &Act,
    version: VersionId,
    produced_by: &str,
    proposals: Vec<NewProposal>,
) -> Result<u64, ProposalError> {
    const COLUMNS: &[&str] = &[
        "id",
        "tenant",
        "record_parent",
        "version",
        "record",
        "lineage",
        "category",
        "suggestion",
        "change",
        "status",
        "produced_by",
        "created_at",
        "updated_at",
    ];
    let version = version::get(tx, act.reach, version)?;
    let asked: Vec<RecordId> = proposals.iter().filter_map(|it| it.record).collect();
    let lineages = lineages(tx, version.id, &asked)?;
    let mut rows = Vec::with_capacity(proposals.len());
    for it in proposals {
        let lineage = match it.record {
            None => None,
            Some(id) => match lineages.get(&id) {
                Some(lineage) => Some(*lineage),
                None => continue,
            },
        };
        rows.push(
            params![
                ProposalId::generate(),
                version.tenant,
                version.record,
                version.id,
                it.record,
                lineage,
                it.category,
                it.suggestion,
                it.change,
                Status::Pending.name(),
                produced_by,
                act.now,
                act.now
            ]
            .to_vec(),
        );
    }
    Ok(tx.insert_many("proposals", COLUMNS, rows)?)
}

fn lineages(
    db: &Db,
    version: VersionId,
    ids: &[RecordId],
) -> Result<std::collections::HashMap<RecordId, RecordId>, store::Error> {
    let mut found = std::collections::HashMap::new();
    for chunk in ids.chunks(100) {
        let mut bind = Bindings::default();
        let places: Vec<String> = chunk.iter().map(|it| bind.put(*it)).collect();
        let sql = format!(
            "SELECT id, lineage FROM records WHERE id IN ({}) AND version = {}",
            places.join(", "),
            bind.put(version),
        );
        for row in db.query(sql.as_str(), &bind.0)? {
            found.insert(row.get("id")?, row.get("lineage")?);
        }
    }
    Ok(found)
}

const COLUMNS: &str = "
       p.id, p.tenant, p.record_parent, p.version, p.record, p.lineage, p.category, p.suggestion,
       p.change, p.status, p.produced_by, p.decided_by, p.decided_at, p.notes, p.feedback,
       p.applied_version, p.created_at, p.updated_at, s.data AS subject";

/// The proposal with this id.
///
/// # Errors
/// [`ProposalError::NotFound`] also for another tenant's.
pub fn get(db: &Db, reach: Reach, id: ProposalId) -> Result<Proposal, ProposalError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM proposals p LEFT JOIN records s ON s.id = p.record WHERE p.id = $1"
    );
    let row = db.first(sql.as_str(), &params![id])?.ok_or(ProposalError::NotFound(id))?;
    let proposal = Proposal::read(&row)?;
    match reach == Reach::All || reach == Reach::Tenant(proposal.tenant) {
        true => Ok(proposal),
        false => Err(ProposalError::NotFound(id)),
    }
}

/// Which proposals of a version are listed.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only these.
    pub status: Option<Status>,
    /// Only of this category.
    pub category: Option<String>,
    /// Whether to count the whole list.
    pub count: bool,
}

/// One page of the proposals of a version, in the order in which they were made.
///
/// # Errors
/// [`VersionError::NotFound`].
pub fn list(
    db: &Db,
    reach: Reach,
    version: VersionId,
    filter: &Filter,
    page: &PageRequest,
) -> Result<Page<Proposal>, ProposalError> {
    version::get(db, reach, version)?;
    let mut bind = Bindings::default();
    let mut wheres = vec![format!("p.version = {}", bind.put(version))];
    if let Some(status) = filter.status {
        wheres.push(format!("p.status = {}", bind.put(status.name())));
    }
    if let Some(category) = &filter.category {
        wheres.push(format!("p.category = {}", bind.put(category)));
    }
    let total = match filter.count {
        false => None,
        true => {
            let wheres = wheres.join(" AND ");
            let sql = format!("SELECT count(*) AS total FROM proposals p WHERE {wheres}");
            Some(db.one(sql.as_str(), &bind.0)?.get::<i64>("total")?.unsigned_abs())
        }
    };
    let (sign, order) = if page.is_backwards() { ('<', " DESC") } else { ('>', "") };
    if let Some(cursor) = &page.cursor {
        let at = cursor.key.first().and_then(Json::as_i64).unwrap_or_default();
        let id = cursor.key.get(1).and_then(Json::as_str).unwrap_or_default();
        let (at, id) = (bind.put(at), bind.put(id));
        wheres.push(format!("(p.created_at, p.id) {sign} ({at}, {id})"));
    }
    let limit = bind.put(i64::from(page.limit) + 1);
    let sql = format!(
        "SELECT {COLUMNS}
           FROM proposals p
           LEFT JOIN records s ON s.id = p.record
          WHERE {}
          ORDER BY p.created_at{order}, p.id{order}
          LIMIT {limit}",
        wheres.join(" AND "),
    );
    let rows = db.query(sql.as_str(), &bind.0)?;
    let proposals = rows.iter().map(Proposal::read).collect::<Result<Vec<_>, _>>()?;
    let mut page =
        Page::of(proposals, page, |it| vec![json!(it.created_at.as_microsecond()), json!(it.id)]);
    page.total = total;
    Ok(page)
}

/// The last refused proposals of a record with the words that were given, the newest first: they
/// go into later questions.
///
/// # Errors
/// [`ProposalError::Store`].
pub fn rejections(
    db: &Db,
    tenant: TenantId,
    parent: RecordId,
    limit: u32,
) -> Result<Vec<Proposal>, ProposalError> {
    let sql = format!(
        "SELECT {COLUMNS}
           FROM proposals p
           LEFT JOIN records s ON s.id = p.record
          WHERE p.record_parent = $1 AND p.tenant = $2 AND p.status = 'rejected'
          ORDER BY p.decided_at DESC, p.id DESC
          LIMIT $3"
    );
    let rows = db.query(sql.as_str(), &params![parent, tenant, limit])?;
    Ok(rows.iter().map(Proposal::read).collect::<Result<Vec<_>, _>>()?)
}

/// The proposal as the server hands it out. `subject` is the title and the columns of the record it
/// speaks of.
pub fn view(proposal: &Proposal, kits: &Kits, parent_collection: &str) -> Json {
    let kit = kits.get(parent_collection).and_then(|it| kits.children_of(it));
    let subject = proposal.subject.as_ref().zip(kit).map(|(data, kit)| {
        let mut short = Data::new();
        for path in &kit.spec.columns {
            if let Some(value) = field::get(data, path) {
                field::set(&mut short, path, value.clone());
            }
        }
        json!({"title": kit.title(data), "data": short})
    });
    json!({
        "id": proposal.id,
        "tenant": proposal.tenant,
        "version": proposal.version,
        "parent": proposal.parent,
        "record": proposal.record,
        "category": proposal.category,
        "suggestion": proposal.suggestion,
        "change": proposal.change,
        "status": proposal.status.name(),
        "produced_by": proposal.produced_by,
        "decided_by": proposal.decided_by,
        "decided_at": proposal.decided_at,
        "notes": proposal.notes,
        "feedback": proposal.feedback,
        "applied_version": proposal.applied_version,
        "created_at": proposal.created_at,
        "updated_at": proposal.updated_at,
        "subject": subject,
    })
}

impl Proposal {
    fn read(row: &Row) -> Result<Self, store::Error> {
        let status: String = row.get("status")?;
        let status = status.parse().map_err(|_| store::Error::Column {
            column: "status".to_owned(),
            what: "expected a known name, found another".to_owned(),
        })?;
        let subject: Option<Json> = row.get("subject")?;
        Ok(Self {
            id: row.get("id")?,
            tenant: row.get("tenant")?,
            parent: row.get("record_parent")?,
            version: row.get("version")?,
            record: row.get("record")?,
            lineage: row.get("lineage")?,
            category: row.get("category")?,
            suggestion: row.get("suggestion")?,
            change: row.get("change")?,
            status,
            produced_by: row.get("produced_by")?,
            decided_by: row.get("decided_by")?,
            decided_at: row.get("decided_at")?,
            notes: row.get("notes")?,
            feedback: row.get("feedback")?,
            applied_version: row.get("applied_version")?,
            created_at: row.get("created_at")?,
            updated_at: row.get("updated_at")?,
            subject: match subject {
                Some(Json::Object(data)) => Some(data),
                _ => None,
            },
        })
    }
}
