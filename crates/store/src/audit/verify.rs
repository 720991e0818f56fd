//! Is the audit log as it was written? Every row is read again and hashed again.

use std::fmt;

use super::chain::{FIELDS, START, hash};
use crate::{Db, Error, Row, Value, params};

/// Rows read at once: what is held in memory.
const BATCH: i64 = 500;

/// What the check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// One per tenant, in the order of the tenants.
    pub chains: Vec<Chain>,
    /// All rows.
    pub rows: u64,
}

impl Report {
    /// Is every chain whole?
    pub fn is_whole(&self) -> bool {
        self.chains.iter().all(|it| it.broken.is_none())
    }
}

/// The chain of one tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// The tenant, as the rows spell it.
    pub tenant: String,
    /// How many rows it has.
    pub rows: u64,
    /// The hash of its last row: kept elsewhere, it proves later that nothing was rewritten.
    pub head: String,
    /// The first fault, if there is one. What comes after it proves nothing.
    pub broken: Option<Broken>,
}

/// The first fault of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Broken {
    /// At which place of the chain.
    pub seq: i64,
    /// What is wrong there.
    pub damage: Damage,
}

/// What can be wrong with a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Damage {
    /// The row does not match its hash: one of its fields was changed.
    Changed,
    /// The row is not there, although later ones are.
    Missing,
    /// The row does not follow the one before it: one of them was rewritten, hash and all.
    Unlinked,
    /// Rows from here on were removed from the end.
    TailMissing,
    /// The head does not know the row: rows were added, or the head was changed or removed.
    HeadDiffers,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seq = self.seq;
        match self.damage {
            Damage::Changed => write!(f, "row {seq} was changed"),
            Damage::Missing => write!(f, "row {seq} was removed"),
            Damage::Unlinked => write!(f, "row {seq} does not follow the row before it"),
            Damage::TailMissing => write!(f, "the rows from {seq} on were removed"),
            Damage::HeadDiffers => write!(f, "the head of the chain does not match row {seq}"),
        }
    }
}

const NEXT: &str = "
    SELECT tenant, seq, at, actor, address, request_id, action, subject, record, version, summary,
           before, after, why, tokens_used, prev_hash, hash
      FROM audit_log
     WHERE (tenant, seq) > ($1, $2)
     ORDER BY tenant, seq
     LIMIT $3";

const HEAD: &str = "SELECT seq, hash FROM audit_heads WHERE tenant = $1";

const HEADS_WITHOUT_ROWS: &str = "
    SELECT tenant FROM audit_heads AS head
     WHERE seq > 0 AND NOT EXISTS (SELECT 1 FROM audit_log WHERE audit_log.tenant = head.tenant)
     ORDER BY tenant";

/// Reads every chain from its start, in batches.
pub fn verify(db: &Db) -> Result<Report, Error> {
    let mut report = Report { chains: Vec::new(), rows: 0 };
    let mut walk: Option<Walk> = None;
    let mut after = (String::new(), i64::MIN);
    loop {
        let rows = db.query(NEXT, &params![after.0.as_str(), after.1, BATCH])?;
        let Some(last) = rows.last() else { break };
        after = (last.get("tenant")?, last.get("seq")?);
        for row in &rows {
            let tenant: String = row.get("tenant")?;
            if walk.as_ref().is_some_and(|it| it.tenant != tenant)
                && let Some(done) = walk.take()
            {
                report.chains.push(done.end(db)?);
            }
            walk.get_or_insert_with(|| Walk::of(tenant)).step(row)?;
            report.rows += 1;
        }
    }
    if let Some(done) = walk {
        report.chains.push(done.end(db)?);
    }
    for row in db.query(HEADS_WITHOUT_ROWS, &[])? {
        report.chains.push(Walk::of(row.get("tenant")?).end(db)?);
    }
    report.chains.sort_by(|a, b| a.tenant.cmp(&b.tenant));
    Ok(report)
}

/// How far a chain has been followed.
struct Walk {
    tenant: String,
    rows: u64,
    seq: i64,
    hash: String,
    broken: Option<Broken>,
}

impl Walk {
    fn of(tenant: String) -> Self {
        Self { tenant, rows: 0, seq: 0, hash: START.to_owned(), broken: None }
    }

    fn step(&mut self, row: &Row) -> Result<(), Error> {
        let seq: i64 = row.get("seq")?;
        let prev: String = row.get("prev_hash")?;
        let stored: String = row.get("hash")?;
        let fields = FIELDS.iter().map(|it| row.value(it)).collect::<Result<Vec<&Value>, _>>()?;
        let damage = if seq != self.seq + 1 {
            Some(Broken { seq: self.seq + 1, damage: Damage::Missing })
        } else if hash(fields, &prev) != stored {
            Some(Broken { seq, damage: Damage::Changed })
        } else if prev != self.hash {
            Some(Broken { seq, damage: Damage::Unlinked })
        } else {
            None
        };
        self.broken = self.broken.or(damage);
        self.rows += 1;
        self.seq = seq;
        self.hash = stored;
        Ok(())
    }

    /// Compares the last row with the head.
    fn end(self, db: &Db) -> Result<Chain, Error> {
        let damage = match db.first(HEAD, &params![self.tenant.as_str()])? {
            None => Some(Broken { seq: self.seq, damage: Damage::HeadDiffers }),
            Some(head) => {
                let (seq, hash): (i64, String) = (head.get("seq")?, head.get("hash")?);
                if seq > self.seq {
                    Some(Broken { seq: self.seq + 1, damage: Damage::TailMissing })
                } else if seq < self.seq || hash != self.hash {
                    Some(Broken { seq: self.seq, damage: Damage::HeadDiffers })
                } else {
                    None
                }
            }
        };
        Ok(Chain {
            tenant: self.tenant,
            rows: self.rows,
            head: self.hash,
            broken: self.broken.or(damage),
        })
    }
}
