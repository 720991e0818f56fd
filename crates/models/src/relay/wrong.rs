//! How an attempt went wrong, and why a call got no answer in the end: what it means for what is
//! done next, for the ledger, for whoever asked.

use std::time::Duration;

use super::{cache, client::Failure, course::Miss};
use crate::{
    ModelError,
    dialect::{Class, Complaint, Unreadable, Unsupported},
    face::FaceError,
    ledger::BudgetError,
    limit::Overloaded,
    local::LocalError,
    usage::Outcome,
};

/// How one attempt went wrong.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Wrong {
    /// Between two sockets.
    Failed(Failure),
    /// The provider refused.
    Refused { status: u16, complaint: Complaint },
    /// The provider sent an error with a status of success.
    Complained(Complaint),
    /// What came is no answer of the dialect.
    Unreadable(&'static str),
}

/// Why a call got no answer.
#[derive(Debug, Clone)]
pub(crate) enum Missed {
    /// There is no provider.
    NotConfigured,
    /// A policy does not allow the model.
    NotAllowed(String),
    /// No provider that was asked gave an answer; this is how the first of them went wrong.
    Wrong {
        provider: String,
        wrong: Box<Wrong>,
        retry_after: Option<Duration>,
        /// How long the attempt might take.
        limit: Duration,
    },
    /// The provider failed several times and is left alone for a while.
    LeftAlone { provider: String, retry_after: Duration },
    /// Too many ask at this moment.
    NoRoom { provider: String, why: Overloaded },
    /// The request cannot be read.
    Unreadable(FaceError),
    /// The request has something that the provider cannot be told.
    Unsupported(Unsupported),
    /// The provider makes no embeddings.
    NoEmbeddings { provider: String },
    /// The model of this process cannot be used as it is.
    NotReady { provider: String, why: LocalError },
    /// The budget is used up, or what is left of it is held.
    Budget { why: BudgetError, retry_after: Duration },
    /// What is used could not be written down.
    LedgerFull { retry_after: Duration },
    /// It took too long, all attempts together.
    Late { after: Duration },
}

impl Wrong {
    /// What it means for what is done next.
    pub(crate) fn miss(&self) -> Miss {
        let none =
            Miss { class: Class::Broken, status: None, retry_after: None, should_retry: None };
        match self {
            Self::Failed(Failure::Timeout) => Miss { class: Class::Timeout, ..none },
            Self::Failed(_) | Self::Unreadable(_) => none,
            Self::Refused { status, complaint } => Miss {
                class: complaint.class,
                status: Some(*status),
                retry_after: complaint.retry_after,
                should_retry: complaint.should_retry,
            },
            Self::Complained(complaint) => Miss {
                class: complaint.class,
                // The status it would have had.
                status: match complaint.class {
                    Class::RateLimited => Some(429),
                    Class::Overloaded => Some(503),
                    _ => None,
                },
                retry_after: complaint.retry_after,
                should_retry: complaint.should_retry,
            },
        }
    }

    /// What the ledger calls it.
    pub(crate) fn outcome(&self) -> Outcome {
        match self {
            Self::Failed(Failure::Timeout) => Outcome::Timeout,
            Self::Failed(Failure::TooLarge { .. }) | Self::Complained(_) | Self::Unreadable(_) => {
                Outcome::Unreadable
            }
            Self::Failed(_) => Outcome::HungUp,
            Self::Refused { complaint, .. } if complaint.class == Class::RateLimited => {
                Outcome::RateLimited
            }
            Self::Refused { status: 500.., .. } => Outcome::Unavailable,
            // Too busy, whatever number it says so with.
            Self::Refused { complaint, .. } if complaint.class == Class::Overloaded => {
                Outcome::Unavailable
            }
            Self::Refused { .. } => Outcome::Refused,
        }
    }

    /// What it says about the provider.
    pub(crate) fn says(&self) -> Says {
        match self {
            Self::Failed(_) | Self::Unreadable(_) => Says::Failing,
            Self::Refused { status: 300..400, .. } => Says::TurnedAway,
            Self::Refused { complaint, .. } | Self::Complained(complaint) => {
                match complaint.class {
                    it if it.is_failure() => Says::Failing,
                    Class::Unauthorized | Class::RateLimited | Class::OutOfQuota => {
                        Says::TurnedAway
                    }
                    _ => Says::Answering,
                }
            }
        }
    }

    /// Is it a refusal of one of these fields?
    fn is_about(&self, fields: &[&str]) -> bool {
        let (Self::Refused { complaint, .. } | Self::Complained(complaint)) = self else {
            return false;
        };
        // Anthropic names the field at the beginning of what it says.
        let named = complaint.param.as_deref().unwrap_or(&complaint.message);
        let field = named.split(['.', '[', ':', ' ']).next().unwrap_or_default();
        fields.contains(&field)
    }

    /// In words of ours only, fit for a log: what providers say may quote the question.
    pub(crate) fn own_words(&self) -> String {
        match self {
            Self::Refused { status, .. } => format!("status {status}"),
            Self::Complained(_) => "it sent an error as its answer".into(),
            Self::Failed(_) | Self::Unreadable(_) => self.words(),
        }
    }

    /// In words that hold no secret, those of the provider included.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Failed(failure) => failure.words(),
            Self::Refused { status, complaint } if complaint.message.is_empty() => {
                format!("status {status}")
            }
            Self::Refused { status, complaint } => {
                format!("status {status}: {}", complaint.message)
            }
            Self::Complained(it) => format!("it sent an error as its answer: {}", it.message),
            Self::Unreadable(what) => format!("its answer does not follow its dialect: {what}"),
        }
    }
}

/// What an attempt that went wrong says about the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Says {
    /// It answers; this request was wrong.
    Answering,
    /// It answers, but not to us or not now.
    TurnedAway,
    /// It fails.
    Failing,
}

impl From<Unreadable> for Wrong {
    fn from(why: Unreadable) -> Self {
        match why {
            Unreadable::Complaint(complaint) => Self::Complained(complaint),
            Unreadable::Shape(what) => Self::Unreadable(what),
        }
    }
}

impl Missed {
    /// When to try again, when that is known.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Wrong { retry_after, .. } => *retry_after,
            Self::NoRoom { why, .. } => Some(why.retry_after),
            // Waiting does not make it smaller.
            Self::Budget { why: BudgetError::Over(over), .. } if over.is_hopeless => None,
            Self::LeftAlone { retry_after, .. }
            | Self::Budget { retry_after, .. }
            | Self::LedgerFull { retry_after } => Some(*retry_after),
            _ => None,
        }
    }

    /// May the same be answered later, without anybody changing anything?
    fn is_temporary(&self) -> bool {
        match self {
            Self::Wrong { wrong, .. } => {
                let class = wrong.miss().class;
                class.is_replayable()
            }
            Self::LeftAlone { .. } | Self::NoRoom { .. } | Self::Late { .. } => true,
            _ => false,
        }
    }

    /// Is it of no use to try again soon, although the status says otherwise?
    pub(crate) fn is_for_long(&self) -> bool {
        match self {
            Self::Budget { why: BudgetError::Over(over), .. } => !over.is_only_held,
            Self::NotReady { .. } => true,
            _ => false,
        }
    }

    /// Is it told to others who ask the same at the same moment, after so many attempts? What is
    /// about who asks (their budget, their limits, what they say of themselves) is not. Where
    /// providers were asked and did not answer, it is: each would only ask them again.
    pub(crate) fn is_for_all(&self, attempts: u32) -> bool {
        match self {
            Self::Wrong { wrong, .. } => !wrong.is_about(&cache::BESIDE),
            Self::LeftAlone { .. } => true,
            Self::NoRoom { .. } | Self::Late { .. } => attempts > 0,
            _ => false,
        }
    }

    /// Which of two is told: the first, unless only the second goes away by waiting. Who waits,
    /// waits for the one that is ready first.
    pub(crate) fn or(self, other: Self) -> Self {
        let wait = match (self.is_temporary(), other.is_temporary()) {
            (true, true) => match (self.retry_after(), other.retry_after()) {
                (Some(one), Some(other)) => Some(one.min(other)),
                (one, other) => one.or(other),
            },
            (false, true) => return other,
            _ => return self,
        };
        match self {
            Self::Wrong { provider, wrong, limit, .. } => {
                Self::Wrong { provider, wrong, limit, retry_after: wait }
            }
            Self::NoRoom { provider, why } => {
                let retry_after = wait.unwrap_or(why.retry_after);
                Self::NoRoom { provider, why: Overloaded { retry_after, ..why } }
            }
            Self::LeftAlone { provider, retry_after } => {
                Self::LeftAlone { provider, retry_after: wait.unwrap_or(retry_after) }
            }
            other => other,
        }
    }
}

/// What the old door says of it.
impl From<Missed> for ModelError {
    fn from(missed: Missed) -> Self {
        let retry_after = missed.retry_after();
        match missed {
            Missed::NotConfigured => Self::NotConfigured,
            Missed::NotAllowed(model) => Self::NotAllowed { model },
            Missed::LeftAlone { provider, .. } => Self::Unavailable {
                provider,
                why: "it failed several times in a row and is left alone for a while".into(),
                retry_after,
            },
            Missed::NoRoom { provider, .. } => Self::RateLimited { provider, retry_after },
            Missed::Unreadable(why) => {
                Self::Refused { provider: "mainstay".into(), status: 400, message: why.to_string() }
            }
            Missed::Unsupported(why) => {
                Self::Refused { provider: why.kind.into(), status: 400, message: why.to_string() }
            }
            Missed::NoEmbeddings { provider } => {
                Self::Refused { provider, status: 400, message: "it makes no embeddings".into() }
            }
            Missed::NotReady { provider, why } => Self::NotReady { provider, why: why.to_string() },
            Missed::Budget { why: why @ BudgetError::Unknown { .. }, .. } => {
                Self::Unavailable { provider: "mainstay".into(), why: why.to_string(), retry_after }
            }
            // Room comes back when requests under way are over, as in a queue that is full.
            Missed::Budget { why: BudgetError::Over(over), .. } if over.is_only_held => {
                Self::RateLimited { provider: "mainstay".into(), retry_after }
            }
            Missed::Budget { why, .. } => Self::OverBudget { why: why.to_string(), retry_after },
            Missed::LedgerFull { .. } => Self::Unavailable {
                provider: "mainstay".into(),
                why: "what is used cannot be written down: the journal of the ledger is full"
                    .into(),
                retry_after,
            },
            Missed::Late { after } => Self::Timeout { provider: "mainstay".into(), after },
            Missed::Wrong { provider, wrong, limit, .. } => match *wrong {
                Wrong::Failed(Failure::Timeout) => Self::Timeout { provider, after: limit },
                wrong => of_wrong(provider, wrong, retry_after),
            },
        }
    }
}

fn of_wrong(provider: String, wrong: Wrong, retry_after: Option<Duration>) -> ModelError {
    let why = wrong.words();
    match wrong {
        Wrong::Refused { complaint, .. } if complaint.class == Class::RateLimited => {
            ModelError::RateLimited { provider, retry_after }
        }
        Wrong::Refused { status: 500.., .. } => {
            ModelError::Unavailable { provider, why, retry_after }
        }
        Wrong::Refused { complaint, .. } if complaint.class == Class::Overloaded => {
            ModelError::Unavailable { provider, why, retry_after }
        }
        Wrong::Refused { status, complaint } => {
            let message = Some(complaint.message).filter(|it| !it.is_empty());
            let message = message.unwrap_or_else(|| "no reason given".into());
            ModelError::Refused { provider, status, message }
        }
        Wrong::Failed(_) | Wrong::Complained(_) | Wrong::Unreadable(_) => {
            ModelError::Unavailable { provider, why, retry_after }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ledger::OverBudget, money::NanoUsd};

    fn refused(status: u16, class: Class, retry_after: Option<u64>) -> Missed {
        let complaint = Complaint { class, ..Complaint::default() };
        Missed::Wrong {
            provider: status.to_string(),
            wrong: Box::new(Wrong::Refused { status, complaint }),
            retry_after: retry_after.map(Duration::from_secs),
            limit: Duration::from_secs(60),
        }
    }

    #[test]
    fn what_is_about_who_asks_is_told_to_nobody_else() {
        let told = |complaint: Complaint| {
            let wrong = Box::new(Wrong::Refused { status: 400, complaint });
            let limit = Duration::from_secs(60);
            Missed::Wrong { provider: "p".into(), wrong, retry_after: None, limit }
        };
        let about =
            |param: &str| told(Complaint { param: Some(param.into()), ..Complaint::default() });
        let says =
            |message: &str| told(Complaint { message: message.into(), ..Complaint::default() });
        assert!(!says("metadata.user_id: String should have at most 256 characters").is_for_all(1));
        assert!(says("messages.0.content: Field required").is_for_all(1));
        for param in ["user", "metadata.batch", "metadata[0]", "stream_options"] {
            assert!(!about(param).is_for_all(1), "{param}");
        }
        for param in ["", "messages[0].user", "temperature"] {
            assert!(about(param).is_for_all(1), "{param}");
        }
        assert!(refused(503, Class::Overloaded, None).is_for_all(1));
        assert!(Missed::Late { after: Duration::ZERO }.is_for_all(1));
        assert!(!Missed::Late { after: Duration::ZERO }.is_for_all(0), "it never came to anybody");
        assert!(!Missed::LedgerFull { retry_after: Duration::ZERO }.is_for_all(1));
    }

    fn over_budget(is_only_held: bool) -> Missed {
        let now = base::Timestamp::UNIX_EPOCH;
        let one = OverBudget::of_one_request(NanoUsd(1_000), NanoUsd(100), now);
        let over = OverBudget { is_of_one_request: false, is_hopeless: false, is_only_held, ..one };
        let why = BudgetError::Over(Box::new(over));
        Missed::Budget { why, retry_after: Duration::from_secs(2) }
    }

    #[test]
    fn a_budget_that_is_only_held_is_worth_another_try_and_one_that_is_used_up_is_not() {
        assert!(!over_budget(true).is_for_long());
        assert!(over_budget(false).is_for_long());
        assert!(ModelError::from(over_budget(true)).is_temporary());
        assert!(!ModelError::from(over_budget(false)).is_temporary());
        let wait = Some(Duration::from_secs(2));
        assert_eq!(ModelError::from(over_budget(true)).retry_after(), wait);
    }

    #[track_caller]
    fn check(first: Missed, second: Missed, provider: &str, wait: Option<u64>) {
        let told = first.or(second);
        assert_eq!(told.retry_after(), wait.map(Duration::from_secs));
        assert!(matches!(told, Missed::Wrong { provider: it, .. } if it == provider));
    }

    #[test]
    fn the_first_is_told_unless_only_the_second_goes_away_by_waiting() {
        let (limited, poor) = (Class::RateLimited, Class::OutOfQuota);
        check(refused(1, limited, Some(9)), refused(2, limited, Some(3)), "1", Some(3));
        check(refused(1, limited, None), refused(2, limited, Some(3)), "1", Some(3));
        check(refused(1, poor, None), refused(2, limited, Some(3)), "2", Some(3));
        check(refused(1, limited, Some(9)), refused(2, poor, None), "1", Some(9));
        check(refused(1, poor, None), refused(2, Class::Unauthorized, None), "1", None);
    }
}
