//! Erasing a person: counted first, then done for good.

use std::time::Duration;

use base::Permission;
use identity::{Caller, user};
use tokio::time::Instant;
use work::{EnqueueError, Job, State};

use crate::{
    engine::Engine,
    error::EngineError,
    person::{
        self, Counts, Erasure, Wish,
        erase::{self, Payload},
    },
};

impl Engine {
    /// What erasing somebody would remove. Nothing is changed.
    ///
    /// # Errors
    /// [`EngineError::User`] for somebody who is not there, or whom the caller may not erase.
    pub async fn person_counts(&self, caller: &Caller, wish: Wish) -> Result<Counts, EngineError> {
        caller.may(Permission::EraseRecords).map_err(EngineError::NotAllowed)?;
        let (caller, Wish { user, shared }) = (caller.clone(), wish);
        let collections = person::collections(self.folder());
        let of_answers = person::answers::collections(self.folder());
        let has_documents = self.knowledge().is_some();
        self.store()
            .read_long(move |db| {
                let having = user::having(db, &caller, user)?;
                let mut sum =
                    Counts { sessions: having.sessions, keys: having.keys, ..Counts::default() };
                for owner in &having.owners {
                    let theirs =
                        person::count(db, owner, &collections, &of_answers, has_documents, shared)?;
                    sum = sum.and(theirs);
                }
                Ok::<_, EngineError>(sum)
            })
            .await
    }

    /// Erases somebody: they can sign in no more when this returns, and a job removes what was theirs. The
    /// job is waited for at most so long. Call [`identity::Identity::forget_callers`] afterwards, also when
    /// this fails.
    ///
    /// # Errors
    /// As [`Engine::person_counts`].
    pub async fn person_erase(
        &self,
        caller: &Caller,
        wish: Wish,
        wait: Duration,
    ) -> Result<Erasure, EngineError> {
        caller.may(Permission::EraseRecords).map_err(EngineError::NotAllowed)?;
        let until = Instant::now() + wait;
        let mut changes = work::events();
        let (asking, now) = (caller.clone(), self.now());
        let write = move |tx: &store::Tx| {
            let having = user::erase(tx, &asking, wish.user)?;
            let payload = Payload {
                user: wish.user,
                owners: having.owners,
                shared: wish.shared,
                gone: Counts { sessions: having.sessions, keys: having.keys, ..Counts::default() },
                first: None,
            };
            let by = asking.actor.to_string();
            let first = erase::enqueue(tx, &payload, having.tenant, &by, now).map_err(refused)?;
            Ok::<_, EngineError>((having.tenant, first))
        };
        let (tenant, job) = self.store().write(&caller.actor, now, write).await?;
        let ended = self.end_of(tenant, job, &mut changes, until).await?;
        Ok(Erasure { user: wish.user, job, removed: ended.as_ref().and_then(removed) })
    }
}

/// What a job that ended well has removed.
fn removed(job: &Job) -> Option<Counts> {
    let told = job.result.as_ref().filter(|_| job.state == State::Completed)?;
    serde_json::from_value(told.get("removed")?.clone()).ok()
}

fn refused(error: EnqueueError) -> EngineError {
    match error {
        EnqueueError::Busy { job } => EngineError::AtWork { job },
        EnqueueError::Store(error) => error.into(),
    }
}
