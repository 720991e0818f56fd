//! Why the engine refused, in one type: what the acts of its parts say, under their stable codes.

use std::time::Duration;

use base::{JobId, RecordId, RunId, TenantId};
use identity::{Refused, user::UserError};
use models::ModelError;
use sources::{LookupError, SourceError};
use work::{EnqueueError, FenceError};

use crate::{
    archive::ArchiveError,
    assistant::AssistantError,
    configuration::ConfigurationError,
    progress::ProgressError,
    proposal::ProposalError,
    question::QuestionError,
    record::{Invalid, RecordError, store_code},
    report::ReportError,
    schema::Fault,
    search::SearchError,
    table::TableError,
    task::TaskError,
    version::VersionError,
    webhook::WebhookError,
};

/// Why the engine refused.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// About a record.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// About a version.
    #[error(transparent)]
    Version(#[from] VersionError),
    /// About a proposal.
    #[error(transparent)]
    Proposal(#[from] ProposalError),
    /// About a search.
    #[error(transparent)]
    Search(#[from] SearchError),
    /// About a list.
    #[error(transparent)]
    Table(#[from] TableError),
    /// About a task.
    #[error(transparent)]
    Task(#[from] TaskError),
    /// About a webhook.
    #[error(transparent)]
    Webhook(#[from] WebhookError),
    /// About a chat or what belongs to it.
    #[error(transparent)]
    Assistant(#[from] AssistantError),
    /// About an archive.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// About questions over data.
    #[error(transparent)]
    Question(#[from] QuestionError),
    /// About progress.
    #[error(transparent)]
    Progress(#[from] ProgressError),
    /// About a report.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// About the documents of the configuration.
    #[error(transparent)]
    Configuration(#[from] ConfigurationError),
    /// About a source.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// About what is looked up while somebody waits.
    #[error(transparent)]
    Lookup(#[from] LookupError),
    /// No model answered.
    #[error(transparent)]
    Model(ModelError),
    /// A run ended without a word about how.
    #[error("run {0} ended without a word; ask again")]
    Lost(RunId),
    /// What the caller gave does not fit.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// There is no such tenant.
    #[error("tenant {0} does not exist")]
    NoSuchTenant(TenantId),
    /// The tenant is not the caller's.
    #[error("this caller may not act in tenant {0}")]
    TenantForbidden(TenantId),
    /// The application has no such thing.
    #[error("there is no {kind} `{name}`")]
    NoSuch {
        /// What kind of thing.
        kind: &'static str,
        /// What was asked for.
        name: String,
    },
    /// A job works on the record already.
    #[error("job {job} works on record {record}; wait for it, or cancel it")]
    Locked {
        /// The record.
        record: RecordId,
        /// The job.
        job: JobId,
    },
    /// A job is at the same thing already.
    #[error("job {job} is at it; wait for it, or cancel it")]
    AtWork {
        /// The job.
        job: JobId,
    },
    /// There is no such schedule.
    #[error("there is no schedule `{0}`")]
    NoSuchSchedule(String),
    /// The last run of a schedule is at it still.
    #[error("the last run of `{0}` is at it still; wait for its job, or cancel it")]
    ScheduleBusy(String),
    /// The caller lacks a permission for what they ask for in particular.
    #[error(transparent)]
    NotAllowed(Refused),
    /// About the people who sign in.
    #[error(transparent)]
    User(#[from] UserError),
    /// A result is not there yet.
    #[error("result {0} is still being made")]
    NotReady(RecordId),
    /// A result took longer than somebody waits for it. It goes on being made.
    #[error("result {result} is not there after {after_s} s; it is still being made")]
    Late {
        /// The result.
        result: RecordId,
        /// How long it was waited for.
        after_s: u64,
    },
    /// A result could not be made.
    #[error("result {result} could not be made: {message}")]
    Spoiled {
        /// The result.
        result: RecordId,
        /// Why, for programs.
        code: String,
        /// Why, for people.
        message: String,
    },
    /// There is nothing to work on.
    #[error("{0}")]
    NothingToDo(&'static str),
    /// What the application declares does not work.
    #[error("{0}")]
    Misconfigured(String),
    /// Other workers have the job now.
    #[error(transparent)]
    Fence(#[from] FenceError),
    /// The database did not take it.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl EngineError {
    /// The stable code, without its detail.
    pub fn code(&self) -> &str {
        match self {
            Self::Record(error) => error.code(),
            Self::Version(error) => error.code(),
            Self::Proposal(error) => error.code(),
            Self::Search(error) => error.code(),
            Self::Table(error) => error.code(),
            Self::Task(error) => task_code(error),
            Self::Assistant(error) => error.code(),
            Self::Archive(error) => error.code(),
            Self::Question(error) => error.code(),
            Self::Progress(error) => error.code(),
            Self::Report(error) => error.code(),
            Self::Configuration(error) => error.code(),
            Self::Source(error) => source_code(error),
            Self::Lookup(error) => lookup_code(error),
            Self::Model(error) => model_code(error),
            Self::Lost(_) => "interrupted",
            Self::Webhook(WebhookError::NotFound(_)) => "not_found",
            Self::Webhook(WebhookError::Store(error)) | Self::Store(error) => store_code(error),
            Self::Webhook(WebhookError::Busy { .. }) => "conflict",
            Self::Webhook(_) => "invalid_input",
            Self::Invalid(invalid) => &invalid.code,
            Self::NoSuchTenant(_) => "tenant_not_found",
            Self::TenantForbidden(_) => "tenant_forbidden",
            Self::NoSuch { .. } => "not_found",
            Self::Locked { .. } => "record_locked",
            Self::AtWork { .. } | Self::ScheduleBusy(_) => "job_busy",
            Self::NoSuchSchedule(_) => "schedule_not_found",
            Self::NotAllowed(_) => "permission_missing",
            Self::User(error) => user_code(error),
            Self::NotReady(_) => "not_ready",
            Self::Late { .. } => "deadline_passed",
            Self::Spoiled { code, .. } => code,
            Self::NothingToDo(_) => "nothing_to_do",
            Self::Misconfigured(_) => "misconfigured",
            Self::Fence(_) => "job_failed",
        }
    }

    /// What stands behind the code in `code.detail`.
    pub fn detail(&self) -> Option<&str> {
        match self {
            Self::Record(error) => error.detail(),
            Self::Version(error) => error.detail(),
            Self::Proposal(error) => error.detail(),
            Self::NotAllowed(Refused::Permission { needed }) => Some(needed.name()),
            Self::Progress(ProgressError::NotYours) => Some("progress"),
            Self::Report(ReportError::NotYours(_)) => Some("reports"),
            Self::Invalid(invalid)
            | Self::Assistant(AssistantError::Invalid(invalid))
            | Self::Configuration(ConfigurationError::Invalid(invalid))
            | Self::Question(QuestionError::Invalid(invalid)) => invalid.first_field(),
            _ => None,
        }
    }

    /// Each fault of what the caller gave.
    pub fn faults(&self) -> Vec<Fault> {
        match self {
            Self::Record(error) | Self::Version(VersionError::Record(error)) => error.faults(),
            Self::Invalid(invalid)
            | Self::Search(SearchError::Invalid(invalid))
            | Self::Assistant(AssistantError::Invalid(invalid))
            | Self::Configuration(ConfigurationError::Invalid(invalid))
            | Self::Question(QuestionError::Invalid(invalid)) => invalid.faults.clone(),
            Self::Webhook(error @ WebhookError::Address(_)) => vec![fault("/url", error)],
            Self::Webhook(
                error @ (WebhookError::UnknownEvent { .. } | WebhookError::NoEvents { .. }),
            ) => {
                vec![fault("/events", error)]
            }
            _ => Vec::new(),
        }
    }

    /// When to try again, when that is known.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Task(TaskError::Model(error)) | Self::Model(error) => error.retry_after(),
            _ => self.store()?.retry_after(),
        }
    }

    /// May the same succeed later, without anybody changing anything?
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Task(TaskError::Model(error)) | Self::Model(error) => error.is_temporary(),
            Self::Task(TaskError::Interrupted) => true,
            Self::Archive(error) => error.is_temporary(),
            _ => self
                .store()
                .is_some_and(|it| it.is_unavailable() || matches!(it, store::Error::Full)),
        }
    }

    fn store(&self) -> Option<&store::Error> {
        match self {
            Self::Store(error)
            | Self::Record(RecordError::Store(error))
            | Self::Version(
                VersionError::Store(error) | VersionError::Record(RecordError::Store(error)),
            )
            | Self::Proposal(ProposalError::Store(error))
            | Self::Search(SearchError::Store(error))
            | Self::Assistant(AssistantError::Store(error))
            | Self::Question(QuestionError::Store(error))
            | Self::Progress(ProgressError::Store(error))
            | Self::Configuration(ConfigurationError::Store(error))
            | Self::Source(SourceError::Store(error))
            | Self::Lookup(LookupError::Store(error))
            | Self::Archive(ArchiveError::Store(error))
            | Self::User(UserError::Store(error))
            | Self::Webhook(WebhookError::Store(error)) => Some(error),
            _ => None,
        }
    }

    /// What enqueueing refused, about this record.
    pub(crate) fn enqueue(record: RecordId) -> impl Fn(EnqueueError) -> Self {
        move |error| match error {
            EnqueueError::Busy { job } => Self::Locked { record, job },
            EnqueueError::Store(error) => Self::Store(error),
        }
    }
}

fn fault(field: &str, error: &WebhookError) -> Fault {
    Fault { pointer: field.to_owned(), message: error.to_string(), hint: None }
}

fn source_code(error: &SourceError) -> &'static str {
    match error {
        SourceError::NoSuch(_) => "source_not_found",
        SourceError::Disabled(_) => "conflict",
        SourceError::Busy { .. } => "job_busy",
        SourceError::NoSuchRun(_) => "job_not_found",
        SourceError::NotFromSource(_) => "not_found",
        SourceError::Refused(_) => "invalid_input",
        SourceError::Store(error) => store_code(error),
    }
}

fn lookup_code(error: &LookupError) -> &'static str {
    match error {
        LookupError::NoSuch(_) => "not_found",
        LookupError::Unanswered { .. } => "external_service",
        LookupError::Misconfigured { .. } => "misconfigured",
        LookupError::Store(error) => store_code(error),
    }
}

fn user_code(error: &UserError) -> &'static str {
    match error {
        UserError::NoSuchUser(_) => "user_not_found",
        UserError::NoSuchTenant(_) => "tenant_not_found",
        UserError::EmailTaken | UserError::UsernameTaken => "not_unique",
        UserError::Changed { .. } => "stale",
        UserError::Overreach(_) => "permission_missing",
        UserError::TooManyAttempts { .. } => "rate_limited",
        UserError::Store(error) => store_code(error),
        // What is left is about something that was typed in.
        _ => "invalid_input",
    }
}

fn task_code(error: &TaskError) -> &'static str {
    match error {
        TaskError::Model(error) => model_code(error),
        TaskError::Template { .. } | TaskError::Fallback { .. } | TaskError::Computed { .. } => {
            "misconfigured"
        }
        TaskError::Interrupted => "unavailable",
    }
}

/// The stable code of a model that did not answer.
pub(crate) fn model_code(error: &ModelError) -> &'static str {
    match error {
        ModelError::NotConfigured
        | ModelError::NotReady { .. }
        | ModelError::Unavailable { .. } => "model_unavailable",
        ModelError::Timeout { .. } => "model_timeout",
        ModelError::RateLimited { .. } => "model_rate_limited",
        ModelError::Refused { .. } | ModelError::Unusable { .. } => "model_error",
        ModelError::OverBudget { .. } => "quota_exceeded",
        ModelError::InvalidSchema { .. } | ModelError::NotAllowed { .. } => "misconfigured",
    }
}
