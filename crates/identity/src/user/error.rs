//! Why a user was not created, changed or erased: what whoever asked can do next.
//!
//! Which status and code each of these has is said in the room of the server, and nothing of a password, a name or an
//! address is in any of them. Start at [`UserError`].

use base::{TenantId, UserId};

use super::given::{EMAIL_MAX, NAME_MAX, USERNAME};
use crate::{
    access::Overreach,
    caller::Refused,
    limit::Limited,
    password::{Busy, Unacceptable, former::FormerError},
};

/// Why a user was not created or changed.
#[derive(Debug, thiserror::Error)]
pub enum UserError {
    /// There is no such user.
    #[error("user {0} does not exist")]
    NoSuchUser(UserId),
    /// There is no such tenant, or it is deleted.
    #[error("tenant {0} does not exist")]
    NoSuchTenant(TenantId),
    /// Another user has this address.
    #[error("another user has this e-mail address")]
    EmailTaken,
    /// Another user has this name.
    #[error("another user signs in by this name")]
    UsernameTaken,
    /// Not a name to sign in by.
    #[error(
        "a name to sign in by has {} to {} letters (a to z), digits, `_` and `-`",
        USERNAME.start(), USERNAME.end()
    )]
    InvalidUsername,
    /// Names are of no use where nobody signs in by one.
    #[error("people sign in by their e-mail address here, not by a name")]
    NoUsernames,
    /// Not an address.
    #[error("that is not an e-mail address: expected name@host, at most {EMAIL_MAX} characters")]
    InvalidEmail,
    /// Not a name.
    #[error("a name has at most {NAME_MAX} characters, and no control characters")]
    InvalidName,
    /// Not a password to have.
    #[error(transparent)]
    Unacceptable(#[from] Unacceptable),
    /// The current password, asked for before it is changed, is another one.
    #[error("the current password is wrong")]
    WrongPassword,
    /// Somebody else changed the user in between.
    #[error("the user was changed meanwhile: it is at revision {current}; read it again")]
    Changed {
        /// The revision it has.
        current: i64,
    },
    /// Not theirs to give.
    #[error(transparent)]
    Overreach(#[from] Overreach),
    /// Too many passwords at once, or too many tries at this one.
    #[error("too many attempts; try again in {} s", .retry_after.as_secs_f64().ceil())]
    TooManyAttempts {
        /// When to try again.
        retry_after: std::time::Duration,
    },
    /// The database did not answer.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl From<Refused> for UserError {
    fn from(refused: Refused) -> Self {
        Self::Overreach(refused.into())
    }
}

impl From<Busy> for UserError {
    fn from(busy: Busy) -> Self {
        Self::TooManyAttempts { retry_after: busy.retry_after }
    }
}

impl From<FormerError> for UserError {
    fn from(error: FormerError) -> Self {
        match error {
            FormerError::Unacceptable(error) => error.into(),
            FormerError::Busy(error) => error.into(),
            FormerError::Store(error) => error.into(),
        }
    }
}

impl From<Limited> for UserError {
    fn from(limited: Limited) -> Self {
        Self::TooManyAttempts { retry_after: limited.retry_after }
    }
}
