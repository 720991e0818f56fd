//! Users: people who sign in with a password, and an e-mail address or a name.
//!
//! A user has a role, and reaches one tenant or all. Who may make whom is decided in
//! [`crate::access`]. An e-mail address, and a name to sign in by, are compared without regard to case, and are never
//! written into a log line or an audit row. Start at [`create`] and [`update`]; [`erase`] is the end of one.

use std::fmt;

use base::{Permission, Role, Secret, SessionId, TenantId, Timestamp, UserId};
use serde_json::{Value as Json, json};
use store::{Db, Tx, audit};
use tracing::info;

use crate::{
    Identity,
    access::{self, Overreach, Standing},
    caller::{Caller, Reach, Refused},
    limit::Keys,
    password::{self, Verdict, former},
    refusal, row, session,
    settings::SignInBy,
    sign_in::{self, LoginError, Origin, Tokens},
    tenant,
};

mod erase;
mod error;
mod given;
mod rows;

use self::given::{tidy_email, tidy_name, tidy_username};

pub use erase::{Having, erase, having};
pub use error::UserError;
pub use rows::{Filter, by_email, by_sign_in, by_username, get, list};

/// What the first administrator signs in by, where people do so by a name.
const FIRST_USERNAME: &str = "admin";

/// Somebody who can sign in.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    /// Their id.
    pub id: UserId,
    /// Their e-mail address, as it was given; may be empty for who signs in by a name.
    pub email: String,
    /// The name they sign in by, as it was given; empty for who signs in by an e-mail address.
    pub username: String,
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
    /// Their e-mail address; may be empty for who signs in by a name.
    pub email: Secret<String>,
    /// The name they sign in by, where people do so by a name.
    pub username: Option<String>,
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
    /// The name they sign in by.
    pub username: Option<String>,
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
            let drawn = password::generate(&identity.settings().password_rules);
            (drawn.clone(), Some(drawn))
        }
    };
    let by = identity.settings().sign_in;
    let new = New {
        email: Secret::new(email.to_owned()),
        username: (by == SignInBy::Username).then(|| FIRST_USERNAME.to_owned()),
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
                insert(tx, &caller, by, new, hash, now).map(Some)
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
    let (now, asking, by) = (identity.now(), caller.clone(), identity.settings().sign_in);
    let created = identity
        .store()
        .write(&caller.actor, now, move |tx| {
            tx.hold("users")?;
            insert(tx, &asking, by, new, hash, now)
        })
        .await?;
    info!(user.id = %created.id, role = %created.role, "Created user {}", created.id);
    Ok(created)
}

/// Creates a user who asked for it themselves, and whom nobody knows, and lets them in. Held to the same rates
/// as sign-ins, because each costs as much: it is one of them, asked for before anything is written. The caller
/// decides that visitors may, and as what.
///
/// # Errors
/// As [`create`]; [`UserError::TooManyAttempts`], and then there is no account.
pub async fn sign_up(identity: &Identity, new: New, origin: Origin) -> Result<Tokens, UserError> {
    let now = identity.now();
    let asked = new.username.as_deref().unwrap_or(new.email.reveal());
    let keys = Keys::of(origin.address, &lowered(asked));
    identity.limit().admit(&keys, now)?;
    let mut caller = Caller::house();
    caller.actor.address = origin.address;
    caller.actor.request_id = origin.request_id.clone();
    let user = create(identity, &caller, new).await?.id;
    let signed_in = sign_in::let_in(identity, user, origin, "Signed in").await;
    signed_in.map_err(|error| match error {
        LoginError::Store(error) => error.into(),
        // Somebody was quicker to take them out again.
        _ => UserError::NoSuchUser(user),
    })
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
            password::check(&identity.settings().password_rules, password)?;
            // Whether they had it before is for nobody but themselves to learn: whoever sets another's would
            // be told, one try after the other, which passwords were theirs.
            Some(identity.hasher().hash(password.clone()).await?)
        }
        None => None,
    };
    let (now, asking, by) = (identity.now(), caller.clone(), identity.settings().sign_in);
    let last = identity.settings().password_rules.last;
    let changed = identity
        .store()
        .write(&caller.actor, now, move |tx| {
            tx.hold("users")?;
            let before = get(tx, id)?.ok_or(UserError::NoSuchUser(id))?;
            allow(&asking, &before, &change)?;
            if expected.is_some_and(|it| it != before.revision) {
                return Err(UserError::Changed { current: before.revision });
            }
            let after = before.with(&change, by, now)?;
            check_tenant(tx, before.reach, after.reach)?;
            if hash.is_some() {
                former::keep(tx, id, last, now)?;
            }
            rows::save(tx, &after, hash.as_deref())?;
            // After the user's row, as a sign-in goes: else each would wait for what the other holds.
            if hash.is_some() || change.disabled == Some(false) {
                refusal::unlock(tx, &before)?;
            }
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
    password::check(&identity.settings().password_rules, &wanted)?;
    let now = identity.now();
    // Whoever found an open session shall not be able to try passwords without end.
    identity.limit().admit(&Keys::of(None, &id.to_string()), now)?;
    let kept = identity.store().read(move |db| rows::password_hash(db, id)).await?;
    let kept = kept.ok_or(UserError::NoSuchUser(id))?;
    if identity.hasher().verify(current, Some(kept.clone())).await? == Verdict::Wrong {
        return Err(UserError::WrongPassword);
    }
    former::refuse_known(identity, id, &wanted).await?;
    let hash = identity.hasher().hash(wanted).await?;
    let last = identity.settings().password_rules.last;
    let (except, tenant) = (caller.session, audit_tenant(caller.reach));
    identity
        .store()
        .write(&caller.actor, now, move |tx| {
            tx.hold("users")?;
            let user = get(tx, id)?.ok_or(UserError::NoSuchUser(id))?;
            if rows::password_hash(tx, id)?.as_ref() != Some(&kept) {
                return Err(UserError::WrongPassword);
            }
            former::keep(tx, id, last, now)?;
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

/// An e-mail address, or a name to sign in by, as it is compared.
pub(crate) fn lowered(whom: &str) -> String {
    row::storable(whom.trim()).to_lowercase()
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

    fn with(&self, change: &Change, by: SignInBy, now: Timestamp) -> Result<Self, UserError> {
        let username = match &change.username {
            Some(wanted) => tidy_username(wanted, by)?,
            None => self.username.clone(),
        };
        Ok(Self {
            username,
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
            (self.username.is_some(), "the name to sign in by"),
            (self.role.is_some(), "role"),
            (self.reach.is_some(), "tenant"),
            (self.disabled == Some(true), "disabled"),
            (self.disabled == Some(false), "enabled"),
            (self.password.is_some(), "password"),
        ];
        parts.into_iter().filter(|it| it.0).map(|it| it.1).collect()
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
        change.username.as_ref().map(|_| access::Change::Access),
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
            password::check(&identity.settings().password_rules, password)?;
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
    by: SignInBy,
    new: New,
    hash: String,
    now: Timestamp,
) -> Result<User, UserError> {
    let (email, username) = match (by, &new.username) {
        (_, Some(wanted)) => {
            let email = new.email.reveal().trim();
            let email = if email.is_empty() { Ok(String::new()) } else { tidy_email(email) };
            (email?, tidy_username(wanted, by)?)
        }
        (SignInBy::Email, None) => (tidy_email(new.email.reveal())?, String::new()),
        (SignInBy::Username, None) => return Err(UserError::InvalidUsername),
    };
    let user = User {
        id: UserId::generate(),
        email,
        username,
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
    if by_username(tx, &user.username)?.is_some() {
        return Err(UserError::UsernameTaken);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_printed_without_their_address() {
        let user = User {
            id: UserId::generate(),
            email: "ann@example.com".into(),
            username: "ann-example".into(),
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
