//! What people say of themselves, and their picture. It decides nothing about what they may do.

use std::fmt;

use base::{Permission, Timestamp, UserId};
use store::{Db, Tx, audit, params};

use crate::{
    Identity,
    caller::{Caller, Refused},
    row,
    user::audit_tenant,
};

/// The most characters that somebody says of themselves.
pub const ABOUT_MAX: usize = 2_000;
/// The largest picture, in bytes: 5 MB.
pub const PICTURE_BYTES_MAX: usize = 5 * 1024 * 1024;

/// What somebody says of themselves.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Profile {
    /// In their own words; may be empty.
    pub about: String,
    /// Since when they have the picture they have.
    pub picture_at: Option<Timestamp>,
}

/// A picture of somebody.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    /// Its media type: `image/png`.
    pub media_type: String,
    /// The file.
    pub bytes: Vec<u8>,
}

/// Why a profile was not changed.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// Too many words.
    #[error("what you say of yourself may have at most {ABOUT_MAX} characters")]
    TooLong,
    /// Too large a picture.
    #[error("a picture may have at most {PICTURE_BYTES_MAX} bytes")]
    TooLarge,
    /// Nobody's to change.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The database did not answer.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl fmt::Debug for Profile {
    /// Without their words, so that they cannot slip into a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Profile").field("picture_at", &self.picture_at).finish_non_exhaustive()
    }
}

impl fmt::Debug for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a picture of {} bytes, {}", self.bytes.len(), self.media_type)
    }
}

/// The profile of a user; an empty one for who never said anything.
pub fn get(db: &Db, user: UserId) -> Result<Profile, store::Error> {
    let Some(found) = db.first(PROFILE, &params![user])? else { return Ok(Profile::default()) };
    let has_picture = found.get::<Option<String>>("picture_type")?.is_some();
    let updated_at: Timestamp = found.get("updated_at")?;
    Ok(Profile { about: found.get("about")?, picture_at: has_picture.then_some(updated_at) })
}

/// The picture of a user.
pub fn picture(db: &Db, user: UserId) -> Result<Option<Picture>, store::Error> {
    let found = db.first(PICTURE, &params![user])?;
    found
        .map(|it| Ok(Picture { media_type: it.get("picture_type")?, bytes: it.get("picture")? }))
        .transpose()
}

/// Says something of the caller, in place of what they said before.
///
/// # Errors
/// [`ProfileError::TooLong`]; programs have no profile.
pub async fn set_about(
    identity: &Identity,
    caller: &Caller,
    about: &str,
) -> Result<(), ProfileError> {
    let about = row::storable(about.trim());
    if about.chars().count() > ABOUT_MAX {
        return Err(ProfileError::TooLong);
    }
    change(identity, caller, "what they say of themselves", move |tx, user, now| {
        tx.execute(SET_ABOUT, &params![user, about, now]).map(drop)
    })
    .await
}

/// Gives the caller another picture, or none. That it is one, the caller of this has made sure.
///
/// # Errors
/// [`ProfileError::TooLarge`]; programs have no profile.
pub async fn set_picture(
    identity: &Identity,
    caller: &Caller,
    picture: Option<Picture>,
) -> Result<(), ProfileError> {
    if picture.as_ref().is_some_and(|it| it.bytes.len() > PICTURE_BYTES_MAX) {
        return Err(ProfileError::TooLarge);
    }
    change(identity, caller, "their picture", move |tx, user, now| {
        let (bytes, media_type) = picture.map(|it| (it.bytes, it.media_type)).unzip();
        tx.execute(SET_PICTURE, &params![user, bytes, media_type, now]).map(drop)
    })
    .await
}

async fn change(
    identity: &Identity,
    caller: &Caller,
    what: &'static str,
    write: impl FnOnce(&Tx, UserId, Timestamp) -> Result<(), store::Error> + Send + 'static,
) -> Result<(), ProfileError> {
    caller.may(Permission::OwnAccount)?;
    let user = caller.user().ok_or(Refused::NotSignedIn)?;
    let (now, tenant) = (identity.now(), audit_tenant(caller.reach));
    identity
        .store()
        .write(&caller.actor, now, move |tx| {
            write(tx, user, now)?;
            let summary = format!("User {user} changed {what}");
            let subject = format!("users/{user}");
            tx.audit(audit::Entry::new(tenant, "profile_changed", subject, summary));
            Ok::<_, ProfileError>(())
        })
        .await
}

const PROFILE: &str = "SELECT about, picture_type, updated_at FROM profiles WHERE user_id = $1";

const PICTURE: &str = "
    SELECT picture, picture_type FROM profiles
     WHERE user_id = $1 AND picture IS NOT NULL AND picture_type IS NOT NULL";

const SET_ABOUT: &str = "
    INSERT INTO profiles (user_id, about, updated_at) VALUES ($1, $2, $3)
    ON CONFLICT (user_id) DO UPDATE SET about = excluded.about, updated_at = excluded.updated_at";

const SET_PICTURE: &str = "
    INSERT INTO profiles (user_id, about, picture, picture_type, updated_at)
    VALUES ($1, '', $2, $3, $4)
    ON CONFLICT (user_id) DO UPDATE
       SET picture = excluded.picture, picture_type = excluded.picture_type,
           updated_at = excluded.updated_at";
