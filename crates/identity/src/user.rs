//! Users: people who sign in with an e-mail address and a password.
//!
//! A user has a role, and reaches one tenant or all. Who may make whom is decided in
//! [`crate::access`]. An e-mail address is compared without regard to case, and is never written into
//! a log line or an audit row. Start at [`create`] and [`update`].

use std::fmt;

use base::{Permission, Role, Secret, SessionId, TenantId, Timestamp, UserId};
use serde_json::{Value as Json, json};
use store::{Db, Tx, audit};
use tracing::info;

use crate::{
    Identity,
    access::{self, Overreach, Standing},
    caller::{Caller, Reach, Refused},
    limit::{Keys, Limited},
    password::{self, Busy, Unacceptable, Verdict},
    row, session,
    sign_in::Origin,
    tenant,
};

mod rows;

pub use rows::{Filter, by_email, get, list};

/// The most characters of an e-mail address.
const EMAIL_MAX: usize = 254;
/// The most characters of a name.
const NAME_MAX: usize = 255;

/// Somebody who can sign in.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    /// Their id.
    pub id: UserId,
    /// Their e-mail address, as it was given.
    pub email: String,
    /// What they are called; may be empty.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Where.
    pub reach: Reach,
    /// Since when they cannot sign in.
    pub disabled_at: Option<Timestamp>,
    /// When they last signed in.
    pub last_login_at: Option<Timestamp>,
    /// Counts the changes, for those who want to change what they saw and nothing else.
    pub revision: i64,
    /// When they were created.
    pub created_at: Timestamp,
    /// When they were last changed.
    pub updated_at: Timestamp,
}

/// A user to be.
#[derive(Debug, Clone)]
pub struct New {
    /// Their e-mail address.
    pub email: Secret<String>,
    /// What they are called; may be empty.
    pub name: String,
    /// Their password.
    pub password: NewPassword,
    /// What they may do.
    pub role: Role,
    /// Where.
    pub reach: Reach,
}

/// How a new user's password is given.
#[derive(Debug, Clone)]
pub enum NewPassword {
    /// As they will type it.
    Plain(Secret<String>),
    /// As the hash an older store kept: argon2id, or bcrypt.
    Hashed(Secret<String>),
}

/// What shall be different about a user; what is none stays.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// What they are called.
    pub name: Option<String>,
    /// What they may do.
    pub role: Option<Role>,
    /// Where.
    pub reach: Option<Reach>,
    /// Whether they are kept from signing in. Their sessions end.
    pub disabled: Option<bool>,
    /// Their password. Their sessions end.
    pub password: Option<Secret<String>>,
}

/// The first administrator, just created.
#[derive(Debug)]
pub struct FirstAdministrator {
    /// Who.
    pub user: UserId,
    /// The password that was made up for them, to be shown once; none when it was given.
    pub generated: Option<Secret<String>>,
}

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

/// Creates the owner of a house that has no users yet. None when there is any user.
///
/// Without a password one is made up, and returned to be shown once.
pub async fn first_administrator(
    identity: &Identity,
    email: &str,
    password: Option<Secret<String>>,
) -> Result<Option<FirstAdministrator>, UserError> {
    if !identity.store().read(rows::is_empty).await? {
        return Ok(None);
    }
    let (password, generated) = match password {
        Some(given) => (given, None),
        None => {
            let drawn = password::generate();
            (drawn.clone(), Some(drawn))
        }
    };
    let new = New {
        email: Secret::new(email.to_owned()),
        name: "Administrator".into(),
        password: NewPassword::Plain(password),
        role: Role::Owner,
        reach: Reach::All,
    };
    let (now, caller) = (identity.now(), Caller::house());
    let hash = hash_of(identity, &new.password).await?;
    let created = identity
        .store()
        .write(&caller.actor.clone(), now, move |tx| {
            // Two replicas that start together shall not both believe that they were the first.
            tx.hold("users")?;
            if rows::is_empty(tx)? {
                insert(tx, &caller, new, hash, now).map(Some)
            } else {
                Ok(None)
            }
        })
        .await?;
    Ok(created.map(|it| FirstAdministrator { user: it.id, generated }))
}

/// Creates a user.
pub async fn create(identity: &Identity, caller: &Caller, new: New) -> Result<User, UserError> {
    access::to_create_user(caller, Standing { role: new.role, reach: new.reach })?;
    let hash = hash_of(identity, &new.password).await?;
    let (now, asking) = (identity.now(), caller.clone());
    let created = identity
        .store()
        .write(&caller.actor, now, move |tx| {
            tx.hold("users")?;
            insert(tx, &asking, new, hash, now)
        })
        .await?;
    info!(user.id = %created.id, role = %created.role, "Created user {}", created.id);
    Ok(created)
}

/// Creates a user who asked for it themselves, and whom nobody knows. Held to the same rates as
/// sign-ins, because each costs as much. The caller decides that visitors may, and as what.
///
/// # Errors
/// As [`create`]; [`UserError::TooManyAttempts`].
pub async fn sign_up(identity: &Identity, new: New, origin: Origin) -> Result<User, UserError> {
    let now = identity.now();
    let keys = Keys::of(origin.address, &lowered(new.email.reveal()));
    identity.limit().admit(&keys, now)?;
    let mut caller = Caller::house();
    caller.actor.address = origin.address;
    caller.actor.request_id = origin.request_id;
    create(identity, &caller, new).await
}

/// Changes a user, if it is still at `expected` where that is given.
///
/// A new password, a new role or reach, and disabling end the user's sessions.
pub async fn update(
    identity: &Identity,
    caller: &Caller,
    id: UserId,
    change: Change,
    expected: Option<i64>,
) -> Result<User, UserError> {
    let hash = match &change.password {
        Some(password) => {
            // Hashing costs: nobody gets it done for a change they may not make.
            let before = identity.store().read(move |db| get(db, id)).await?;
            allow(caller, &before.ok_or(UserError::NoSuchUser(id))?, &change)?;
            password::check(password)?;
            Some(identity.hasher().hash(password.clone()).await?)
        }
        None => None,
    };
    let (now, asking) = (identity.now(), caller.clone());
    let changed = identity
        .store()
        .write(&caller.actor, now, move |tx| {
            tx.hold("users")?;
            let before = get(tx, id)?.ok_or(UserError::NoSuchUser(id))?;
            allow(&asking, &before, &change)?;
            if expected.is_some_and(|it| it != before.revision) {
                return Err(UserError::Changed { current: before.revision });
            }
            let after = before.with(&change, now)?;
            check_tenant(tx, before.reach, after.reach)?;
            rows::save(tx, &after, hash.as_deref())?;
            let is_moved = before.standing() != after.standing();
            if hash.is_some() || is_moved || after.disabled_at.is_some() {
                session::end_all(tx, id, None, "user_changed", now)?;
            }
            let mut entry = audit::Entry::new(
                audit_tenant(after.reach),
                "user_updated",
                format!("users/{id}"),
                format!("Changed user {id}: {}", change.words().join(", ")),
            );
            if before.facts() != after.facts() {
                entry = entry.before(before.facts()).after(after.facts());
            }
            tx.audit(entry);
            Ok::<_, UserError>(after)
        })
        .await?;
    identity.forget_callers();
    Ok(changed)
}

/// Changes the caller's own password, once they prove that they know the current one. Their other
/// sessions end.
pub async fn change_password(
    identity: &Identity,
    caller: &Caller,
    current: Secret<String>,
    wanted: Secret<String>,
) -> Result<(), UserError> {
    caller.may(Permission::OwnAccount)?;
    let id = caller.user().ok_or(Refused::NotSignedIn)?;
    password::check(&wanted)?;
    let now = identity.now();
    // Whoever found an open session shall not be able to try passwords without end.
    identity.limit().admit(&Keys::of(None, &id.to_string()), now)?;
    let kept = identity.store().read(move |db| rows::password_hash(db, id)).await?;
    let kept = kept.ok_or(UserError::NoSuchUser(id))?;
    if identity.hasher().verify(current, Some(kept.clone())).await? == Verdict::Wrong {
        return Err(UserError::WrongPassword);
    }
    let hash = identity.hasher().hash(wanted).await?;
    let (except, tenant) = (caller.session, audit_tenant(caller.reach));
    identity
        .store()
        .write(&caller.actor, now, move |tx| {
            tx.hold("users")?;
            let user = get(tx, id)?.ok_or(UserError::NoSuchUser(id))?;
            if rows::password_hash(tx, id)?.as_ref() != Some(&kept) {
                return Err(UserError::WrongPassword);
            }
            let user = User { revision: user.revision + 1, updated_at: now, ..user };
            rows::save(tx, &user, Some(&hash))?;
            end_others(tx, id, except, now)?;
            tx.audit(audit::Entry::new(
                tenant,
                "password_changed",
                format!("users/{id}"),
                format!("User {id} changed their password"),
            ));
            Ok::<_, UserError>(())
        })
        .await?;
    identity.forget_callers();
    Ok(())
}

/// An e-mail address as it is compared.
pub(crate) fn lowered(email: &str) -> String {
    row::storable(email.trim()).to_lowercase()
}

/// The tenant whose audit log tells what happens to somebody who stands there.
pub(crate) fn audit_tenant(reach: Reach) -> TenantId {
    reach.tenant().unwrap_or(TenantId::DEFAULT)
}

impl User {
    /// What they are and where.
    pub fn standing(&self) -> Standing {
        Standing { role: self.role, reach: self.reach }
    }

    fn with(&self, change: &Change, now: Timestamp) -> Result<Self, UserError> {
        Ok(Self {
            name: change.name.as_deref().map_or(Ok(self.name.clone()), tidy_name)?,
            role: change.role.unwrap_or(self.role),
            reach: change.reach.unwrap_or(self.reach),
            disabled_at: match change.disabled {
                Some(true) => self.disabled_at.or(Some(now)),
                Some(false) => None,
                None => self.disabled_at,
            },
            revision: self.revision + 1,
            updated_at: now,
            ..self.clone()
        })
    }

    /// What the audit log is told: neither address nor name, which would outlive the user there.
    fn facts(&self) -> Json {
        json!({
            "role": self.role,
            "tenant": self.reach.tenant(),
            "disabled": self.disabled_at.is_some(),
        })
    }
}

impl fmt::Debug for User {
    /// Without the e-mail address, so that it cannot slip into a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User")
            .field("id", &self.id)
            .field("role", &self.role)
            .field("reach", &self.reach)
            .field("disabled_at", &self.disabled_at)
            .field("revision", &self.revision)
            .finish_non_exhaustive()
    }
}

impl Change {
    /// What changes, in words for the audit log.
    fn words(&self) -> Vec<&'static str> {
        let parts = [
            (self.name.is_some(), "name"),
            (self.role.is_some(), "role"),
            (self.reach.is_some(), "tenant"),
            (self.disabled == Some(true), "disabled"),
            (self.disabled == Some(false), "enabled"),
            (self.password.is_some(), "password"),
        ];
        parts.into_iter().filter(|it| it.0).map(|it| it.1).collect()
    }
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

impl From<Limited> for UserError {
    fn from(limited: Limited) -> Self {
        Self::TooManyAttempts { retry_after: limited.retry_after }
    }
}

/// Each part of the change must be allowed by itself.
fn allow(caller: &Caller, user: &User, change: &Change) -> Result<(), Overreach> {
    let current = user.standing();
    let wanted = Standing {
        role: change.role.unwrap_or(current.role),
        reach: change.reach.unwrap_or(current.reach),
    };
    let is_moved = change.role.is_some() || change.reach.is_some();
    let parts = [
        is_moved.then_some(access::Change::Standing(wanted)),
        change.disabled.map(|_| access::Change::Access),
        change.password.as_ref().map(|_| access::Change::Password),
        // A change of nothing is held to the same rule as a change of the name.
        Some(access::Change::Name),
    ];
    parts
        .into_iter()
        .flatten()
        .try_for_each(|part| access::to_change_user(caller, user.id, current, part))
}

async fn hash_of(identity: &Identity, password: &NewPassword) -> Result<String, UserError> {
    match password {
        NewPassword::Plain(password) => {
            password::check(password)?;
            Ok(identity.hasher().hash(password.clone()).await?)
        }
        NewPassword::Hashed(hash) => {
            password::check_hash(hash.reveal())?;
            Ok(hash.reveal().clone())
        }
    }
}

/// Writes a new user, whose password is kept as `hash`. Hold `users` before.
pub(crate) fn insert(
    tx: &Tx,
    caller: &Caller,
    new: New,
    hash: String,
    now: Timestamp,
) -> Result<User, UserError> {
    let user = User {
        id: UserId::generate(),
        email: tidy_email(new.email.reveal())?,
        name: tidy_name(&new.name)?,
        role: new.role,
        reach: new.reach,
        disabled_at: None,
        last_login_at: None,
        revision: 1,
        created_at: now,
        updated_at: now,
    };
    access::to_create_user(caller, user.standing())?;
    check_tenant(tx, Reach::All, user.reach)?;
    if by_email(tx, &user.email)?.is_some() {
        return Err(UserError::EmailTaken);
    }
    rows::add(tx, &user, &hash)?;
    tx.audit(
        audit::Entry::new(
            audit_tenant(user.reach),
            "user_created",
            format!("users/{}", user.id),
            format!("Created user {} as {}", user.id, user.role),
        )
        .after(user.facts()),
    );
    Ok(user)
}

fn end_others(
    tx: &Tx,
    id: UserId,
    except: Option<SessionId>,
    now: Timestamp,
) -> Result<(), store::Error> {
    session::end_all(tx, id, except, "password_changed", now)?;
    Ok(())
}

/// A user is put only into a tenant that lives. One who stays where they were is left alone.
fn check_tenant(db: &Db, before: Reach, after: Reach) -> Result<(), UserError> {
    match after {
        Reach::Tenant(id) if before != after && !tenant::lives(db, id)? => {
            Err(UserError::NoSuchTenant(id))
        }
        _ => Ok(()),
    }
}

fn tidy_email(email: &str) -> Result<String, UserError> {
    let email = email.trim();
    let is_whole = |it: &str| !it.is_empty() && !it.contains('@');
    let is_plain = !email.chars().any(|it| it.is_whitespace() || it.is_control());
    match email.split_once('@') {
        Some((name, host))
            if is_whole(name) && is_whole(host) && is_plain && email.len() <= EMAIL_MAX =>
        {
            Ok(email.to_owned())
        }
        _ => Err(UserError::InvalidEmail),
    }
}

fn tidy_name(name: &str) -> Result<String, UserError> {
    let name = name.trim();
    if name.chars().count() > NAME_MAX || name.chars().any(char::is_control) {
        return Err(UserError::InvalidName);
    }
    Ok(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_name_and_a_host() {
        assert_eq!(tidy_email(" Ann@Example.com ").unwrap(), "Ann@Example.com");
        assert_eq!(tidy_email("admin@localhost").unwrap(), "admin@localhost");
        for wrong in ["", "ann", "@host", "ann@", "a@b@c", "a b@c", "a\n@b"] {
            assert!(matches!(tidy_email(wrong), Err(UserError::InvalidEmail)), "{wrong:?}");
        }
        assert!(tidy_email(&format!("{}@x", "a".repeat(300))).is_err());
    }

    #[test]
    fn a_user_is_printed_without_their_address() {
        let user = User {
            id: UserId::generate(),
            email: "ann@example.com".into(),
            name: "Ann".into(),
            role: Role::Viewer,
            reach: Reach::All,
            disabled_at: None,
            last_login_at: None,
            revision: 1,
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
        };
        assert!(!format!("{user:?}").contains("example"));
    }
}
