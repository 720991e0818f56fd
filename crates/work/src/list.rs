//! Looking at jobs: one, a page of them, how many.
//!
//! Lists are newest first. Every function says whose jobs it shows: a tenant's, or all.

use base::{Cursor, JobId, Page, PageRequest, RecordId, TenantId, Timestamp};
use store::{Db, Error, Value, params};

use crate::{Job, State};

/// Which jobs to show. Nothing set shows all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of this tenant.
    pub tenant: Option<TenantId>,
    /// In this state.
    pub state: Option<State>,
    /// Of this kind.
    pub kind: Option<String>,
    /// About this record.
    pub subject: Option<RecordId>,
    /// The dead letters, or all others.
    pub dead: Option<bool>,
}

/// How many jobs there are, by state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Waiting, also those whose time has not come.
    pub pending: u64,
    /// Being done.
    pub running: u64,
    /// Done.
    pub completed: u64,
    /// Given up, dead letters among them.
    pub failed: u64,
    /// Not wanted any more.
    pub cancelled: u64,
    /// Failed with their attempts spent.
    pub dead: u64,
}

/// One job, of `tenant` or of anybody when `tenant` is none.
pub fn get(db: &Db, tenant: Option<TenantId>, id: JobId) -> Result<Option<Job>, Error> {
    db.first(GET, &params![id, tenant])?.as_ref().map(Job::read).transpose()
}

/// Who is at a record, in short.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AtWork {
    /// The job.
    pub id: JobId,
    /// Who wanted it.
    pub created_by: String,
    /// When it was wanted.
    pub created_at: Timestamp,
}

/// The newest job about a record that has not ended. It is asked at each look at the record, so
/// nothing else of the job is read: its result may be long.
pub fn at_work(db: &Db, tenant: TenantId, record: RecordId) -> Result<Option<AtWork>, Error> {
    let row = db.first(AT_WORK, &params![tenant, record])?;
    row.map(|it| {
        Ok(AtWork {
            id: it.get("id")?,
            created_by: it.get("created_by")?,
            created_at: it.get("created_at")?,
        })
    })
    .transpose()
}

/// When a job with this lock was wanted last, as far back as jobs are kept.
pub fn wanted_last(db: &Db, tenant: TenantId, lock: &str) -> Result<Option<Timestamp>, Error> {
    db.one(WANTED_LAST, &params![tenant, lock])?.get("last")
}

/// A page of jobs, newest first.
pub fn list(db: &Db, filter: &Filter, page: &PageRequest) -> Result<Page<Job>, Error> {
    let backwards = page.is_backwards();
    let sql = match (filter.subject, filter.tenant, backwards) {
        (Some(_), _, false) => OF_SUBJECT,
        (Some(_), _, true) => OF_SUBJECT_BACKWARDS,
        (None, Some(_), false) => OF_TENANT,
        (None, Some(_), true) => OF_TENANT_BACKWARDS,
        (None, None, false) => OF_ALL,
        (None, None, true) => OF_ALL_BACKWARDS,
    };
    let mut params = filter.params().to_vec();
    params.push(edge(page.cursor.as_ref()).into());
    params.push(Value::from(i64::from(page.limit) + 1));
    let rows = db.query(sql, &params)?;
    let jobs = rows.iter().map(Job::read).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::of(jobs, page, |it| vec![it.id.to_string().into()]))
}

/// How many jobs the whole list has.
pub fn count(db: &Db, filter: &Filter) -> Result<u64, Error> {
    let count: i64 = db.one(COUNT, &filter.params())?.get("count")?;
    Ok(count.unsigned_abs())
}

/// How many jobs there are, of all tenants.
pub fn counts(db: &Db) -> Result<Counts, Error> {
    let mut counts = Counts::default();
    for row in db.query(COUNTS, &[])? {
        let count = row.get::<i64>("count")?.unsigned_abs();
        let state: String = row.get("state")?;
        if row.get::<bool>("dead")? {
            counts.dead += count;
        }
        match state.parse().expect("the table only takes the states that there are") {
            State::Pending => counts.pending += count,
            State::Running => counts.running += count,
            State::Completed => counts.completed += count,
            State::Failed => counts.failed += count,
            State::Cancelled => counts.cancelled += count,
        }
    }
    Ok(counts)
}

impl Filter {
    fn params(&self) -> [Value; 5] {
        params![
            self.tenant,
            self.state.map(State::name),
            self.kind.as_deref(),
            self.subject,
            self.dead
        ]
    }
}

/// The id that a page starts from. Without a cursor it is one that sorts behind every id, in any
/// collation: ids are made of digits, `a` to `f`, and dashes.
fn edge(cursor: Option<&Cursor>) -> String {
    let id = cursor.and_then(|it| it.key.first()?.as_str().map(str::to_owned));
    id.unwrap_or_else(|| "g".to_owned())
}

const AT_WORK: &str = "
    SELECT id, created_by, created_at
      FROM jobs
     WHERE subject = $2 AND tenant = $1 AND state IN ('pending', 'running')
     ORDER BY id DESC
     LIMIT 1";

const WANTED_LAST: &str = "
    SELECT max(created_at) AS last
      FROM jobs
     WHERE tenant = $1 AND lock_key = $2";

const GET: &str = "SELECT * FROM jobs WHERE id = $1 AND (tenant = $2 OR CAST($2 AS TEXT) IS NULL)";

const COUNTS: &str = "SELECT state, dead, COUNT(*) AS count FROM jobs GROUP BY state, dead";

/// The conditions on $1 to $5 that every list shares. The first argument, which adds nothing to
/// what is found, names the column whose index the list walks along.
macro_rules! matching {
    ($select:literal, $along:literal) => {
        concat!(
            $select,
            " FROM jobs WHERE ",
            $along,
            "   AND (tenant = $1 OR CAST($1 AS TEXT) IS NULL)
                AND (state = $2 OR CAST($2 AS TEXT) IS NULL)
                AND (kind = $3 OR CAST($3 AS TEXT) IS NULL)
                AND (subject = $4 OR CAST($4 AS TEXT) IS NULL)
                AND (dead = $5 OR CAST($5 AS BIGINT) IS NULL)"
        )
    };
}

macro_rules! page {
    ($along:literal) => {
        concat!(matching!("SELECT *", $along), " AND id < $6 ORDER BY id DESC LIMIT $7")
    };
    ($along:literal, backwards) => {
        concat!(matching!("SELECT *", $along), " AND id > $6 ORDER BY id LIMIT $7")
    };
}

const OF_ALL: &str = page!("1 = 1");
const OF_ALL_BACKWARDS: &str = page!("1 = 1", backwards);
const OF_TENANT: &str = page!("tenant = $1");
const OF_TENANT_BACKWARDS: &str = page!("tenant = $1", backwards);
const OF_SUBJECT: &str = page!("subject = $4");
const OF_SUBJECT_BACKWARDS: &str = page!("subject = $4", backwards);
const COUNT: &str = matching!("SELECT COUNT(*) AS count", "1 = 1");
