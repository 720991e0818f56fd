//! On whose account a call goes.

use base::{AppKeyId, JobId, TenantId};

use crate::{Ask, limit::Priority};

/// On whose account a call goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Whose usage it is.
    pub tenant: TenantId,
    /// With which application key it is asked, when with one.
    pub key: Option<AppKeyId>,
    /// Who asks, as the audit log writes actors.
    pub caller: Option<String>,
    /// What it is for, in a word.
    pub operation: String,
    /// The task of the application that it belongs to, when it does.
    pub task: Option<String>,
    /// The job that asks, when one does.
    pub job: Option<JobId>,
    /// How soon its turn comes when others wait too.
    pub priority: Priority,
}

impl Account {
    pub(crate) fn of(ask: &Ask) -> Self {
        Self {
            tenant: ask.tenant,
            key: None,
            caller: ask.user.clone(),
            operation: ask.operation.clone(),
            task: Some(ask.operation.clone()),
            job: ask.job,
            // A person waits for what no job asks for.
            priority: if ask.job.is_some() { Priority::Low } else { Priority::Normal },
        }
    }
}
