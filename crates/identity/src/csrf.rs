//! Tokens against cross-site request forgery (CSRF): what a page says beside the session that its browser sends by
//! itself, and what a page of another site cannot know.
//!
//! A token names the session it was given out to and when it ends, signed by the key ring; nothing is kept of it. It is
//! no access token, and no access token is one: each names another issuer.

use base::{Secret, SessionId};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::{Identity, jwt};

/// What a token of this system says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proof {
    /// The session it was given out to.
    pub session: SessionId,
    /// Whether its time is over.
    pub is_expired: bool,
}

/// Why a token says nothing.
#[derive(Debug, thiserror::Error)]
pub enum CsrfError {
    /// Not a token of this system, or changed on the way.
    #[error("the CSRF token is not valid")]
    Invalid,
    /// The database did not answer.
    #[error(transparent)]
    Store(#[from] store::Error),
}

#[derive(Serialize, Deserialize)]
struct Claims {
    sid: SessionId,
    exp: i64,
    iss: String,
}

/// A token for a session, good for so long.
pub async fn issue(
    identity: &Identity,
    session: SessionId,
    lasts: SignedDuration,
) -> Result<Secret<String>, store::Error> {
    let now = identity.now();
    let ring = identity.ring().current(identity.store(), None, now).await?;
    let claims = Claims { sid: session, exp: (now + lasts).as_second(), iss: issuer(identity) };
    Ok(Secret::new(jwt::sign(ring.newest(), &claims)))
}

/// What a token says.
///
/// # Errors
/// [`CsrfError::Invalid`] for whatever [`issue`] has not made.
pub async fn read(identity: &Identity, token: &Secret<String>) -> Result<Proof, CsrfError> {
    let (now, token) = (identity.now(), token.reveal());
    let kid = jwt::kid(token).map_err(|_| CsrfError::Invalid)?;
    let ring = identity.ring().current(identity.store(), Some(&kid), now).await?;
    let read = jwt::claims::<Claims>(&ring, token, &issuer(identity), &["exp", "iss"]);
    let claims = read.map_err(|_| CsrfError::Invalid)?;
    Ok(Proof { session: claims.sid, is_expired: now.as_second() >= claims.exp })
}

fn issuer(identity: &Identity) -> String {
    format!("{} csrf", identity.settings().issuer)
}
