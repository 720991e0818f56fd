//! Refusals in the words of the caller, with what the gateway knows beside them.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Map, Value as Json, json};

use super::{
    Words,
    wrong::{Missed, Wrong},
};
use crate::{
    dialect::{Class, Complaint},
    face::{ErrorBody, Face},
    ledger::BudgetError,
};

/// A refusal of the house: no key, too much, no such path.
#[derive(Debug, Clone)]
pub struct Refused {
    /// The HTTP status.
    pub status: u16,
    /// The house's own code.
    pub code: &'static str,
    /// What happened and the way out.
    pub message: String,
    /// The field that is at fault.
    pub param: Option<String>,
    /// The id of the request.
    pub request_id: String,
    /// When to try again.
    pub retry_after: Option<Duration>,
}

/// The body of a refusal of the house in these words.
pub fn refusal(words: Words, refused: &Refused) -> Bytes {
    let class = match refused.status {
        401 | 403 => Class::Unauthorized,
        402 => Class::OutOfQuota,
        429 => Class::RateLimited,
        503 => Class::Overloaded,
        504 => Class::Timeout,
        500.. => Class::Broken,
        _ => Class::Invalid,
    };
    // Where a dialect has a word of its own for a status.
    let kind = match (words, refused.status) {
        (_, 403) => Some("permission_error"),
        (Words::Anthropic, 404) => Some("not_found_error"),
        (Words::Anthropic, 413) => Some("request_too_large"),
        _ => None,
    };
    words.face().error(&ErrorBody {
        status: refused.status,
        kind: kind.map(str::to_owned),
        code: Some(refused.code.to_owned()),
        param: refused.param.clone(),
        request_id: Some(refused.request_id.clone()),
        retry_after: refused.retry_after,
        ..ErrorBody::new(class, refused.message.clone())
    })
}

/// What a caller is told when nobody answered.
pub(crate) fn told(missed: &Missed, face: &dyn Face, attempts: u32) -> ErrorBody {
    let mut error = match missed {
        Missed::NotConfigured => ErrorBody {
            status: 503,
            code: Some("no_model_configured".into()),
            ..ErrorBody::new(
                Class::Broken,
                "No model is configured here; whoever runs this gateway has to name a provider.",
            )
        },
        Missed::NotAllowed(model) => ErrorBody {
            status: 403,
            kind: Some("permission_error".into()),
            code: Some("model_not_allowed".into()),
            param: Some("model".into()),
            ..ErrorBody::new(
                Class::Unauthorized,
                format!("The model `{}` may not be used with this key.", shown(model)),
            )
        },
        Missed::Wrong { wrong, .. } => of_wrong(wrong, face),
        Missed::LeftAlone { .. } => of_class(
            face,
            Class::Overloaded,
            "provider_left_alone",
            "The provider failed several times and is left alone for a while.".into(),
        ),
        Missed::NoRoom { why, .. } => ErrorBody {
            status: 429,
            code: Some("too_many_requests".into()),
            ..ErrorBody::new(Class::RateLimited, sentence(&why.to_string()))
        },
        Missed::Unreadable(why) => why.body(),
        Missed::Unsupported(why) => ErrorBody {
            code: Some("unsupported_parameter".into()),
            param: Some(why.field.into()),
            ..ErrorBody::new(Class::Invalid, why.to_string())
        },
        Missed::NoEmbeddings { .. } => ErrorBody {
            code: Some("unsupported_parameter".into()),
            param: Some("model".into()),
            ..ErrorBody::new(Class::Invalid, "This provider makes no embeddings.")
        },
        Missed::NotReady { why, .. } => ErrorBody {
            status: 503,
            code: Some("model_not_ready".into()),
            param: Some("model".into()),
            ..ErrorBody::new(Class::Broken, sentence(&why.to_string()))
        },
        Missed::Budget { why: BudgetError::Over(why), .. } if why.is_hopeless => ErrorBody {
            status: 429,
            code: Some("request_over_budget".into()),
            ..ErrorBody::new(Class::OutOfQuota, sentence(&why.to_string()))
        },
        Missed::Budget { why: BudgetError::Over(why), .. } if why.is_only_held => ErrorBody {
            status: 429,
            code: Some("budget_held".into()),
            ..ErrorBody::new(Class::RateLimited, sentence(&why.to_string()))
        },
        Missed::Budget { why: why @ BudgetError::Over(_), .. } => ErrorBody {
            status: 429,
            code: Some("budget_exceeded".into()),
            ..ErrorBody::new(Class::OutOfQuota, sentence(&why.to_string()))
        },
        Missed::Budget { why: why @ BudgetError::Unknown { .. }, .. } => ErrorBody {
            status: 503,
            code: Some("budget_unknown".into()),
            ..ErrorBody::new(Class::Overloaded, sentence(&why.to_string()))
        },
        Missed::LedgerFull { .. } => of_class(
            face,
            Class::Overloaded,
            "ledger_full",
            "What is used cannot be written down at this moment.".into(),
        ),
        Missed::Late { after } => of_class(
            face,
            Class::Timeout,
            "deadline",
            format!("No answer began within {} s, all attempts together.", after.as_secs()),
        ),
    };
    error.retry_after = missed.retry_after();
    let upstream = error.gateway.take().unwrap_or_default();
    error.gateway = Some(beside(missed, attempts).into_iter().chain(upstream).collect());
    error
}

/// What a caller is told whose session or key has ended while they were answered.
pub(crate) fn turned_out() -> ErrorBody {
    ErrorBody {
        code: Some("session_ended".into()),
        ..ErrorBody::new(
            Class::Unauthorized,
            "The session or the key that this was asked with has ended, and the answer with it.",
        )
    }
}

pub(crate) fn of_wrong(wrong: &Wrong, face: &dyn Face) -> ErrorBody {
    match wrong {
        // It is not the caller's key that is wrong: a 401 would send them looking for it.
        Wrong::Refused { complaint, .. } | Wrong::Complained(complaint)
            if complaint.class == Class::Unauthorized =>
        {
            let told = "The provider does not let this gateway in; whoever runs it has to look at \
                        its key for the provider.";
            let mut error = of_class(face, Class::Broken, "provider_unauthorized", told.into());
            error.status = 502;
            let upstream = upstream(wrong.miss().status, complaint);
            error.gateway = Some(Map::from_iter([("upstream".to_owned(), upstream)]));
            error
        }
        Wrong::Refused { status, complaint } => {
            let mut error = ErrorBody::of(complaint);
            if error.message.is_empty() {
                error.message = format!("The provider refused with status {status}.");
            }
            // The provider's own number, but for the one that each dialect has its own for.
            let is_theirs = (400..600).contains(status) && complaint.class != Class::Overloaded;
            error.status = if is_theirs { *status } else { face.status(complaint.class) };
            error
        }
        Wrong::Complained(complaint) => {
            ErrorBody { status: face.status(complaint.class), ..ErrorBody::of(complaint) }
        }
        Wrong::Failed(super::client::Failure::Timeout) => {
            of_class(face, Class::Timeout, "provider_timeout", "The provider took too long.".into())
        }
        Wrong::Failed(_) | Wrong::Unreadable(_) => {
            let words = wrong.words();
            of_class(
                face,
                Class::Broken,
                "provider_failed",
                format!("The provider failed: {words}."),
            )
        }
    }
}

/// What a provider said, for those who look beside the error.
fn upstream(status: Option<u16>, complaint: &Complaint) -> Json {
    json!({
        "status": status, "type": complaint.kind, "code": complaint.code,
        "message": complaint.message,
    })
}

fn of_class(face: &dyn Face, class: Class, code: &str, message: String) -> ErrorBody {
    ErrorBody {
        status: face.status(class),
        code: Some(code.to_owned()),
        ..ErrorBody::new(class, message)
    }
}

fn beside(missed: &Missed, attempts: u32) -> Map<String, Json> {
    let mut beside = Map::new();
    let provider = match missed {
        Missed::Wrong { provider, .. }
        | Missed::LeftAlone { provider, .. }
        | Missed::NoRoom { provider, .. }
        | Missed::NoEmbeddings { provider }
        | Missed::NotReady { provider, .. } => Some(provider.as_str()),
        _ => None,
    };
    if let Some(provider) = provider {
        beside.insert("provider".into(), provider.into());
    }
    if attempts > 0 {
        beside.insert("attempts".into(), json!(attempts));
    }
    beside
}

/// A name that a caller made up, fit to be shown.
fn shown(name: &str) -> String {
    name.chars().filter(|it| !it.is_control()).take(100).collect()
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|it| it.to_uppercase().collect::<String>()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}
