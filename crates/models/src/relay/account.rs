//! On whose account a call goes.

use base::{AppKeyId, JobId, TenantId};

use super::{
    Asks,
    policy::{self, Concerned, Rules},
};
use crate::{Ask, Models, Settings, ledger::spent::Scope, limit::Priority, settings::Disconnect};

/// On whose account a call goes. Of a caller from outside see [`Models::account`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Whose usage it is.
    pub tenant: TenantId,
    /// With which application key it is asked, when with one.
    pub key: Option<AppKeyId>,
    /// Who asks, as the audit log writes actors.
    pub caller: Option<String>,
    /// What it is for, in a word: for those who read the ledger.
    pub operation: String,
    /// The task of the application that it belongs to, when it does: budgets look at it.
    pub task: Option<String>,
    /// The job that asks, when one does.
    pub job: Option<JobId>,
    /// How soon its turn comes when others wait too.
    pub priority: Priority,
}

/// Who calls from outside, and what they say about their call themselves.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Whose usage it is.
    pub tenant: TenantId,
    /// With which application key it is asked, when with one.
    pub key: Option<AppKeyId>,
    /// Who asks, as the audit log writes actors.
    pub name: String,
    /// They may come before others: who manages the models.
    pub may_hurry: bool,
    /// What it is for, as they say.
    pub operation: Option<String>,
    /// The task that it belongs to, as they say.
    pub task: Option<String>,
    /// The application declares this task.
    pub is_task_declared: bool,
    /// The job that asks, as they say.
    pub job: Option<JobId>,
    /// How soon they wish their turn.
    pub priority: Option<Priority>,
}

impl Models {
    /// On whose account a call from outside goes. What callers say of themselves frees them from
    /// nothing: the task that a policy binds them to counts, else the one they name, if it is one
    /// that is declared or has a budget of its own (any other name is what the call is *for*, and
    /// nothing more); and a wish for a turn is heard when it is for a later one.
    pub fn account(&self, caller: Caller, asks: Asks) -> Account {
        let concerned = Concerned {
            tenant: caller.tenant,
            caller: Some(&caller.name),
            operation: asks.operation(),
        };
        let rules = policy::rules(&self.0.settings.policies, concerned).0;
        let is_known = |it: &String| caller.is_task_declared || self.has_budget(it);
        let (named, unknown) = match caller.task {
            Some(task) if is_known(&task) => (Some(task), None),
            other => (None, other),
        };
        let priority = match caller.priority.filter(|_| caller.may_hurry) {
            Some(wished) => wished,
            None => policy::priority(rules.priority, caller.priority),
        };
        Account {
            tenant: caller.tenant,
            key: caller.key,
            caller: Some(caller.name),
            operation: caller.operation.or(unknown).unwrap_or_else(|| asks.operation().to_owned()),
            task: rules.task.or(named),
            job: caller.job,
            priority,
        }
    }

    /// Has this task a budget that names it?
    fn has_budget(&self, task: &str) -> bool {
        let funds = self.budgets().funds();
        let is_its = |it: &crate::ledger::Budget| {
            it.scope == Scope::Task && it.matches.as_deref() == Some(task)
        };
        funds.iter().any(|it| is_its(&it.budget))
    }

    /// On whose account a question of the house itself goes.
    pub(crate) fn account_of(&self, ask: &Ask) -> Account {
        let rules = of_policies(&self.0.settings, ask.tenant, ask.user.as_deref(), &ask.operation);
        // A person waits for what no job asks for.
        let wished = ask.job.map(|_| Priority::Low);
        Account {
            tenant: ask.tenant,
            key: None,
            caller: ask.user.clone(),
            operation: ask.operation.clone(),
            task: Some(ask.operation.clone()),
            job: ask.job,
            priority: policy::priority(rules.priority, wished),
        }
    }

    /// What happens to this call when its caller is gone.
    pub(super) fn on_disconnect(&self, account: &Account, asks: Asks) -> Disconnect {
        let settings = &self.0.settings;
        let caller = account.caller.as_deref();
        let rules = of_policies(settings, account.tenant, caller, asks.operation());
        rules.on_disconnect.unwrap_or(settings.relay.on_disconnect)
    }
}

fn of_policies(
    settings: &Settings,
    tenant: TenantId,
    caller: Option<&str>,
    operation: &str,
) -> Rules {
    policy::rules(&settings.policies, Concerned { tenant, caller, operation }).0
}
