//! Documents that nobody is at any more: found, and ended with the reason.
//!
//! A document's job may end without it: cancelled by a person, removed, of a kind that nobody does.
//! Whatever it was, the document does not stay as if somebody were at it.

use base::{Actor, DocumentId, JobId, TenantId, Timestamp};
use serde_json::json;
use store::{Db, Error, Tx, audit, params};
use tracing::warn;
use work::Job;

use crate::{Knowledge, document::Reason, metric};

/// Documents that are looked at each time; the next time goes on behind them.
const LOOKED_AT: i64 = 200;

/// A document that somebody should be at.
struct Open {
    id: DocumentId,
    tenant: TenantId,
    job: JobId,
    queued_at: Timestamp,
}

/// What is wrong with it.
enum Wrong {
    /// Its job has ended, or is gone.
    Left(Reason),
    /// It takes longer than it may.
    Late,
}

impl Knowledge {
    /// Looks at some of the open documents and ends those that nobody is at; says how many.
    pub(crate) async fn tend_documents(&self, now: Timestamp) -> Result<usize, Error> {
        let (after, deadline) = (self.last_tended(), self.settings().ingest.deadline);
        let seen = self
            .store()
            .read(move |db| {
                let open = open(db, after)?;
                // Behind the last of all comes the first again.
                let is_end = (open.len() as i64) < LOOKED_AT;
                let last = open.last().map(|it| it.id).filter(|_| !is_end);
                let mut wrong = Vec::new();
                for it in open {
                    let is_late = now.duration_since(it.queued_at) > deadline;
                    match work::get(db, None, it.job)? {
                        Some(job) if !job.state.is_finished() && !is_late => {}
                        Some(job) if !job.state.is_finished() => wrong.push((it, Wrong::Late)),
                        job => wrong.push((it, Wrong::Left(left(job.as_ref())))),
                    }
                }
                Ok::<_, Error>((last, wrong))
            })
            .await?;
        let (last, wrong) = seen;
        self.set_last_tended(last);
        let count = wrong.len();
        for (document, wrong) in wrong {
            match wrong {
                Wrong::Left(reason) => self.end(document, reason, now).await?,
                Wrong::Late => self.end_late(document, now).await?,
            }
        }
        Ok(count)
    }

    async fn end(&self, document: Open, reason: Reason, now: Timestamp) -> Result<(), Error> {
        let told = reason.clone();
        let ended = self
            .store()
            .bookkeep("end a document that nobody is at", move |tx| {
                fail(tx, document.id, document.job, &reason, now)
            })
            .await?;
        tell(ended, document.id, &told);
        Ok(())
    }

    /// Its job is stopped too, which is an act of the house.
    async fn end_late(&self, document: Open, now: Timestamp) -> Result<(), Error> {
        let reason = Reason::new(
            "deadline",
            "it was not ready in time; have it go on when it is quieter, or ask who runs the workers",
        );
        let told = reason.clone();
        let Open { id, tenant, job, .. } = document;
        let ended = self
            .store()
            .write(&Actor::house(), now, move |tx| {
                // The job first: whoever is at it takes the rows in this order too.
                if let Err(work::CancelError::Store(error)) = work::cancel(tx, None, job, now) {
                    return Err(error);
                }
                if !fail(tx, id, job, &reason, now)? {
                    return Ok(false);
                }
                let subject = format!("documents/{id}");
                let summary = "Gave a document up that was not ready in time";
                let entry = audit::Entry::new(tenant, "document_failed", subject, summary);
                tx.audit(entry.after(json!({"reason": reason.code})));
                Ok(true)
            })
            .await?;
        tell(ended, id, &told);
        Ok(())
    }
}

fn tell(ended: bool, id: DocumentId, reason: &Reason) {
    if ended {
        let code = reason.code.as_str();
        metric::DOCUMENTS.increment(&[code]);
        warn!(document.id = %id, reason = code, "Nobody was at document {id}: {code}");
    }
}

fn open(db: &Db, after: Option<DocumentId>) -> Result<Vec<Open>, Error> {
    let rows = db.query(
        "SELECT id, tenant, job, queued_at FROM knowledge_documents
          WHERE state IN ('pending', 'extracting', 'embedding')
            AND (CAST($1 AS TEXT) IS NULL OR id > $1)
          ORDER BY id LIMIT $2",
        &params![after, LOOKED_AT],
    )?;
    rows.iter()
        .map(|it| {
            Ok(Open {
                id: it.get("id")?,
                tenant: it.get("tenant")?,
                job: it.get("job")?,
                queued_at: it.get("queued_at")?,
            })
        })
        .collect()
}

/// Ends a document that this job had, unless it has ended already; says whether.
pub(crate) fn fail(
    tx: &Tx,
    id: DocumentId,
    job: JobId,
    reason: &Reason,
    now: Timestamp,
) -> Result<bool, Error> {
    let failed = tx.execute(
        "UPDATE knowledge_documents
            SET state = 'failed', reason_code = $3, reason = $4, updated_at = $5
          WHERE id = $1 AND job = $2 AND state IN ('pending', 'extracting', 'embedding')",
        &params![id, job, reason.code.as_str(), reason.message.as_str(), now],
    )?;
    Ok(failed > 0)
}

/// Why a document failed whose job ended so; none when the job did what it should.
pub(crate) fn reason_of(job: &Job) -> Option<Reason> {
    match job.state {
        work::State::Failed => {
            let error = job.error.as_ref();
            let code = error.map_or("failed", |it| &it.code);
            let message = error.map_or("its job failed", |it| &it.message);
            Some(Reason::new(code, message))
        }
        work::State::Cancelled => {
            let message = "its job was cancelled; have it go on when it is wanted";
            Some(Reason::new("cancelled", message))
        }
        _ => None,
    }
}

/// Why nobody is at a document: its job ended, or there is none.
fn left(job: Option<&Job>) -> Reason {
    let lost = || Reason::new("job_lost", "its job is not there any more; have it go on");
    match job {
        Some(job) => reason_of(job).unwrap_or_else(lost),
        None => lost(),
    }
}
