//! Each room's errors as problems: one `From` for each of its enums, and nothing decided elsewhere.
//!
//! Rooms say what happened in their own words; those words are for people and hold no secrets. What
//! the database or a provider said goes to the log as the cause.

use std::time::Duration;

use apps::{
    archive::ArchiveError, assistant::AssistantError, configuration::ConfigurationError,
    error::EngineError, progress::ProgressError, proposal::ProposalError, question::QuestionError,
    record::RecordError, schema, search::SearchError, version::VersionError, webhook::WebhookError,
};
use identity::{
    AuthError, Refused,
    access::Overreach,
    google::GoogleError,
    key::KeyError,
    profile::ProfileError,
    session::SessionError,
    sign_in::{LoginError, RefreshError},
    tenant::TenantError,
    user::UserError,
};
use knowledge::{
    document::{DocumentError, upload::UploadError},
    web::PageError,
};
use models::ledger::budget::table::BudgetSetError;
use work::{CancelError, RetryError};

use super::{Fault, Problem, look_up};

impl From<store::Error> for Problem {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::Unavailable { retry_after, .. } => {
                Self::new("database_unavailable", "The database does not answer at this moment.")
                    .hint("nothing was changed; send the same request again")
                    .retry_after(retry_after)
                    .caused_by(error)
            }
            store::Error::BlobsAway { retry_after, .. } => Self::new(
                "unavailable",
                "The place where files are kept does not answer at this moment.",
            )
            .hint("nothing was changed; send the same request again")
            .retry_after(retry_after)
            .caused_by(error),
            store::Error::BlobDamaged { .. } => Self::new(
                "dependency_failed",
                "The file is not what was put in: where it is kept, it is damaged or missing.",
            )
            .hint("put the same file in again")
            .caused_by(error),
            store::Error::Full => Self::new(
                "storage_full",
                "The disk of the database takes nothing more, so nothing was changed.",
            )
            .hint("reading goes on; send the same request again when there is space")
            .caused_by(error),
            other => Self::new("database_error", "The database failed; the log says why.")
                .caused_by(other),
        }
    }
}

impl From<AuthError> for Problem {
    fn from(error: AuthError) -> Self {
        let detail = sentence(&error);
        match error {
            AuthError::KeyMissing => Self::new("key_missing", detail),
            AuthError::KeyMalformed | AuthError::KeyInvalid => Self::new("key_invalid", detail),
            AuthError::KeyExpired => Self::new("key_expired", detail),
            AuthError::KeyRevoked => Self::new("key_revoked", detail),
            AuthError::TokenInvalid => Self::new("token_invalid", detail),
            AuthError::TokenExpired => Self::new("token_expired", detail),
            AuthError::SessionEnded => Self::new("session_ended", detail),
            AuthError::Store(error) => error.into(),
        }
    }
}

impl From<Refused> for Problem {
    fn from(error: Refused) -> Self {
        let detail = sentence(&error);
        match error {
            Refused::NotSignedIn => {
                Self::new("key_missing", detail).hint("send `Authorization: Bearer <token or key>`")
            }
            Refused::Permission { needed } => {
                Self::new("permission_missing", detail).about(needed.name())
            }
            Refused::Tenant { .. } => Self::new("tenant_forbidden", detail),
        }
    }
}

impl From<Overreach> for Problem {
    fn from(error: Overreach) -> Self {
        match error {
            Overreach::Refused(refused) => refused.into(),
            other => Self::new("forbidden", sentence(&other)),
        }
    }
}

impl From<LoginError> for Problem {
    fn from(error: LoginError) -> Self {
        let detail = sentence(&error);
        match error {
            LoginError::WrongCredentials => Self::new("wrong_credentials", detail),
            LoginError::Disabled => Self::new("forbidden", detail),
            LoginError::TooManyAttempts { retry_after } => {
                Self::new("rate_limited", detail).retry_after(retry_after)
            }
            LoginError::Store(error) => error.into(),
        }
    }
}

impl From<GoogleError> for Problem {
    fn from(error: GoogleError) -> Self {
        let detail = sentence(&error);
        match error {
            GoogleError::NotSetUp => Self::new("not_found", detail),
            GoogleError::Invalid => Self::new("token_invalid", detail),
            GoogleError::Expired => Self::new("token_expired", detail),
            GoogleError::Unverified => Self::new("forbidden", detail),
            GoogleError::KeysAway => Self::new("unavailable", detail),
            GoogleError::Taken => Self::new("not_unique", detail).about("users"),
            GoogleError::Unknown => Self::new("sign_up_disabled", detail),
            GoogleError::Login(error) => error.into(),
            GoogleError::User(error) => error.into(),
        }
    }
}

impl From<ProfileError> for Problem {
    fn from(error: ProfileError) -> Self {
        let detail = sentence(&error);
        match error {
            ProfileError::TooLong => {
                Self::faults("invalid_input", vec![Fault::new("/about", bare(&detail))])
            }
            ProfileError::TooLarge => Self::new("file_too_large", detail),
            ProfileError::Refused(error) => error.into(),
            ProfileError::Store(error) => error.into(),
        }
    }
}

impl From<RefreshError> for Problem {
    fn from(error: RefreshError) -> Self {
        let detail = sentence(&error);
        match error {
            RefreshError::Invalid => Self::new("token_invalid", detail),
            RefreshError::Expired => Self::new("token_expired", detail),
            RefreshError::Reused | RefreshError::SessionEnded => Self::new("session_ended", detail),
            RefreshError::Store(error) => error.into(),
        }
    }
}

impl From<SessionError> for Problem {
    fn from(error: SessionError) -> Self {
        let detail = sentence(&error);
        match error {
            SessionError::NoSuchSession(_) => Self::new("session_not_found", detail),
            SessionError::NoSuchUser(_) => Self::new("user_not_found", detail),
            SessionError::NotSignedIn => Self::new("forbidden", detail),
            SessionError::Overreach(error) => error.into(),
            SessionError::Store(error) => error.into(),
        }
    }
}

impl From<UserError> for Problem {
    fn from(error: UserError) -> Self {
        let detail = sentence(&error);
        let fault =
            |field: &str| Self::faults("invalid_input", vec![Fault::new(field, bare(&detail))]);
        match error {
            UserError::NoSuchUser(_) => Self::new("user_not_found", detail),
            UserError::NoSuchTenant(_) => Self::new("tenant_not_found", detail),
            UserError::EmailTaken | UserError::UsernameTaken => {
                Self::new("not_unique", detail).about("users")
            }
            UserError::InvalidEmail => fault("/email"),
            UserError::InvalidUsername | UserError::NoUsernames => fault("/username"),
            UserError::InvalidName => fault("/name"),
            UserError::Unacceptable(_) => fault("/password"),
            UserError::WrongPassword => fault("/current_password"),
            UserError::Changed { .. } => Self::new("stale", detail),
            UserError::Overreach(error) => error.into(),
            UserError::TooManyAttempts { retry_after } => {
                Self::new("rate_limited", detail).retry_after(retry_after)
            }
            UserError::Store(error) => error.into(),
        }
    }
}

impl From<KeyError> for Problem {
    fn from(error: KeyError) -> Self {
        let detail = sentence(&error);
        let fault =
            |field: &str| Self::faults("invalid_input", vec![Fault::new(field, bare(&detail))]);
        match error {
            KeyError::NoSuchKey(_) => Self::new("key_not_found", detail),
            KeyError::NoSuchTenant(_) => Self::new("tenant_not_found", detail),
            KeyError::NoSuchUser(_) => fault("/user"),
            KeyError::Ended(_) => Self::new("conflict", detail),
            KeyError::InvalidName => fault("/name"),
            KeyError::NoScopes => fault("/scopes"),
            KeyError::ExpiresInThePast => fault("/expires_at"),
            KeyError::Overreach(error) => error.into(),
            KeyError::Store(error) => error.into(),
        }
    }
}

impl From<TenantError> for Problem {
    fn from(error: TenantError) -> Self {
        let detail = sentence(&error);
        let fault =
            |field: &str| Self::faults("invalid_input", vec![Fault::new(field, bare(&detail))]);
        match error {
            TenantError::NoSuchTenant(_) => Self::new("tenant_not_found", detail),
            TenantError::Deleted(_) => Self::new("deleted", detail).about("tenants"),
            TenantError::NameTaken(_)
            | TenantError::SlugTaken(_)
            | TenantError::FieldTaken { .. } => Self::new("not_unique", detail).about("tenants"),
            TenantError::InvalidName => fault("/name"),
            TenantError::InvalidSlug => fault("/slug"),
            TenantError::Changed { .. } => Self::new("stale", detail),
            TenantError::NotDeleted(_) | TenantError::IsDefault => Self::new("conflict", detail),
            TenantError::Store(error) => error.into(),
        }
    }
}

impl From<BudgetSetError> for Problem {
    fn from(error: BudgetSetError) -> Self {
        match error {
            BudgetSetError::Invalid { field, message } => {
                Self::faults("invalid_input", vec![Fault::new(format!("/{field}"), message)])
            }
            BudgetSetError::NoSuchBudget(name) => {
                Self::new("budget_not_found", format!("No budget `{name}` was set."))
                    .hint("budgets of the settings are changed in config/llm.yaml")
            }
            BudgetSetError::Store(error) => error.into(),
        }
    }
}

impl From<CancelError> for Problem {
    fn from(error: CancelError) -> Self {
        let detail = sentence(&error);
        match error {
            CancelError::NoSuchJob(_) => Self::new("job_not_found", detail),
            CancelError::Finished { .. } => Self::new("job_state", detail),
            CancelError::Store(error) => error.into(),
        }
    }
}

impl From<RetryError> for Problem {
    fn from(error: RetryError) -> Self {
        let detail = sentence(&error);
        match error {
            RetryError::NoSuchJob(_) => Self::new("job_not_found", detail),
            RetryError::NotFailed { .. } => Self::new("job_state", detail),
            RetryError::Store(error) => error.into(),
        }
    }
}

impl From<RecordError> for Problem {
    fn from(error: RecordError) -> Self {
        if let RecordError::Store(error) = error {
            return error.into();
        }
        let faults = error.faults();
        coded(error.code(), error.detail(), sentence(&error), &faults, None)
    }
}

impl From<VersionError> for Problem {
    fn from(error: VersionError) -> Self {
        match error {
            VersionError::Store(error) => error.into(),
            VersionError::Record(error) => error.into(),
            other => coded(other.code(), other.detail(), sentence(&other), &[], None),
        }
    }
}

impl From<apps::tenant::TenantError> for Problem {
    fn from(error: apps::tenant::TenantError) -> Self {
        match error {
            apps::tenant::TenantError::Identity(error) => error.into(),
            apps::tenant::TenantError::Record(error) => error.into(),
            apps::tenant::TenantError::Store(error) => error.into(),
        }
    }
}

impl From<ProposalError> for Problem {
    fn from(error: ProposalError) -> Self {
        match error {
            ProposalError::Store(error) => error.into(),
            ProposalError::Version(error) => error.into(),
            other => coded(other.code(), other.detail(), sentence(&other), &[], None),
        }
    }
}

impl From<EngineError> for Problem {
    fn from(error: EngineError) -> Self {
        let error = match error {
            EngineError::Store(error)
            | EngineError::Record(RecordError::Store(error))
            | EngineError::Version(
                VersionError::Store(error) | VersionError::Record(RecordError::Store(error)),
            )
            | EngineError::Search(SearchError::Store(error))
            | EngineError::Archive(ArchiveError::Store(error))
            | EngineError::Assistant(AssistantError::Store(error))
            | EngineError::Question(QuestionError::Store(error))
            | EngineError::Progress(ProgressError::Store(error))
            | EngineError::Configuration(ConfigurationError::Store(error))
            | EngineError::Webhook(WebhookError::Store(error)) => return error.into(),
            EngineError::Proposal(error) => return error.into(),
            EngineError::User(error) => return error.into(),
            EngineError::Late { result, .. } => {
                // The caller is told by whom to ask again, in a form that programs read too.
                let named = Fault::new("/result", result.to_string())
                    .hint("ask for this result again, or watch it");
                return Self::new("deadline_passed", sentence(&error))
                    .with_faults(vec![named])
                    .header("location", format!("/api/results/{result}"))
                    .retry_after(Duration::from_secs(1));
            }
            other => other,
        };
        let (faults, wait) = (error.faults(), error.retry_after());
        let problem = coded(error.code(), error.detail(), sentence(&error), &faults, wait);
        // What failed inside is for the log; the caller is told that it failed.
        if problem.status() >= 500 && problem.code() != "model_unavailable" {
            let told = Problem::new(problem.code(), format!("{}.", look_up(problem.code()).title));
            return match wait {
                Some(wait) => told.retry_after(wait),
                None => told,
            }
            .caused_by(error);
        }
        problem
    }
}

impl From<DocumentError> for Problem {
    fn from(error: DocumentError) -> Self {
        let detail = sentence(&error);
        match error {
            DocumentError::NoSuch(_) => Self::new("document_not_found", detail),
            DocumentError::NotYours(_) => Self::new("forbidden", detail),
            DocumentError::State { .. } | DocumentError::CannotGoOn { .. } => {
                Self::new("document_state", detail)
            }
            DocumentError::Invalid { field, why } => {
                Self::faults("invalid_input", vec![Fault::new(format!("/{field}"), why)])
            }
            DocumentError::Store(error) => error.into(),
        }
    }
}

impl From<UploadError> for Problem {
    fn from(error: UploadError) -> Self {
        let error = match error {
            UploadError::Document(error) => return error.into(),
            other => other,
        };
        Self::new(look_up(error.code()).code, sentence(&error))
    }
}

impl From<PageError> for Problem {
    fn from(error: PageError) -> Self {
        match error {
            PageError::Upload(error) => error.into(),
            PageError::Address(_) => {
                let fault = Fault::new("/url", bare(&sentence(&error)));
                Self::new("page_refused", sentence(&error)).with_faults(vec![fault])
            }
            other => Self::new(look_up(other.code()).code, sentence(&other)),
        }
    }
}

impl From<knowledge::search::SearchError> for Problem {
    fn from(error: knowledge::search::SearchError) -> Self {
        Self::new(look_up(error.code()).code, "The documents could not be searched.")
            .caused_by(error)
    }
}

/// A problem out of a room that knows the stable codes itself.
fn coded(
    code: &str,
    about: Option<&str>,
    detail: String,
    faults: &[schema::Fault],
    wait: Option<Duration>,
) -> Problem {
    let known = look_up(code);
    // A code of the application's own for a document that does not fit is one of its catalogue.
    let code = if known.code == code { known.code } else { "invalid_document" };
    let faults: Vec<Fault> = faults
        .iter()
        .map(|it| Fault {
            field: it.pointer.clone(),
            message: it.message.clone(),
            hint: it.hint.clone(),
        })
        .collect();
    let mut problem = match (code, faults.is_empty()) {
        ("invalid_input", false) => Problem::faults(code, faults),
        _ => Problem::new(code, detail).with_faults(faults),
    };
    if let (Some(about), false) = (about, code == "invalid_input") {
        problem = problem.about(about);
    }
    match wait {
        Some(wait) => problem.retry_after(wait),
        None => problem,
    }
}

/// The error's own words as a sentence.
fn sentence(error: &dyn std::error::Error) -> String {
    let text = error.to_string();
    let mut letters = text.chars();
    let first = letters.next().map(|it| it.to_uppercase().to_string()).unwrap_or_default();
    let stop = if text.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{}{stop}", letters.as_str())
}

fn bare(sentence: &str) -> String {
    sentence.trim_end_matches('.').to_owned()
}
