//! Signing in with a password, and staying signed in.
//!
//! A sign-in makes a session and two tokens: a short access token that says who is calling, and a
//! refresh token that is good once, for the next pair. A refresh token used twice means that somebody
//! has a copy, so the session ends. Wrong password and unknown account cannot be told apart, neither
//! by the answer nor by the time it takes. Start at [`login`] and [`refresh()`].

mod draft;
mod refresh;

use std::{net::IpAddr, time::Duration};

use base::{
    Actor, Role, Secret, SessionId, TenantId, Timestamp, UserId, actor::Who, metric::Counter,
};
use serde_json::json;
use store::{Row, Sql, Tx, audit, params};
use tracing::info;

use crate::{
    Identity,
    limit::{Guessed, Keys},
    password::{self, Busy, Verdict},
    refusal::{self, Refusal},
    row, session, user,
};
use draft::{Draft, Kept};

pub use refresh::{RefreshError, refresh, refresh_in};

static SIGN_INS: Counter =
    Counter::new("sign_ins_total", "Sign-ins tried, by outcome.", &["outcome"]);

/// Where a request to sign in comes from.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    /// The network address.
    pub address: Option<IpAddr>,
    /// What the program calls itself; cut to 256 characters.
    pub user_agent: Option<String>,
    /// The request.
    pub request_id: Option<String>,
}

/// What somebody gets who signed in.
#[derive(Debug, Clone)]
pub struct Tokens {
    /// Says who is calling, for a short time.
    pub access_token: Secret<String>,
    /// Good once, for the next pair of tokens.
    pub refresh_token: Secret<String>,
    /// How long the access token is good for.
    pub expires_in: Duration,
    /// How long the refresh token is good for.
    pub refresh_expires_in: Duration,
    /// Who signed in.
    pub user: UserId,
    /// The session.
    pub session: SessionId,
}

/// Why somebody was not let in.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// No such account, or not its password: nobody is told which.
    #[error("the name, the e-mail address or the password is wrong")]
    WrongCredentials,
    /// The password was right, but the account or its tenant is closed.
    #[error("this account is disabled; ask an administrator")]
    Disabled,
    /// Too many tries, from this address or at this account, or everywhere at once.
    #[error("too many sign-ins; try again in {} s", .retry_after.as_secs_f64().ceil())]
    TooManyAttempts {
        /// When to try again.
        retry_after: Duration,
    },
    /// The database did not answer.
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// Signs somebody in, by their e-mail address or by their name.
///
/// # Errors
/// [`LoginError`]; every refusal is audited, those for too many tries once a minute.
pub async fn login(
    identity: &Identity,
    whom: &str,
    password: Secret<String>,
    origin: Origin,
) -> Result<Tokens, LoginError> {
    let answer = try_login(identity, whom, password, origin).await;
    count(&answer);
    answer
}

fn count<T>(answer: &Result<T, LoginError>) {
    SIGN_INS.increment(&[match answer {
        Ok(_) => "ok",
        Err(LoginError::WrongCredentials) => "wrong_credentials",
        Err(LoginError::Disabled) => "disabled",
        Err(LoginError::TooManyAttempts { .. }) => "too_many_attempts",
        Err(LoginError::Store(_)) => "error",
    }]);
}

async fn try_login(
    identity: &Identity,
    whom: &str,
    password: Secret<String>,
    origin: Origin,
) -> Result<Tokens, LoginError> {
    let now = identity.now();
    let account = user::lowered(whom);
    let keys = Keys::of(origin.address, &account);
    if let Err(limited) = identity.limit().admit(&keys, now) {
        if limited.is_news {
            refusal::note_too_many(identity, &origin).await?;
        }
        return Err(LoginError::TooManyAttempts { retry_after: limited.retry_after });
    }

    let asked = account.clone();
    let found = identity
        .store()
        .read(move |db| {
            // A name has no `@` in it, and an address is none without.
            let sql = if asked.contains('@') { ACCOUNT_BY_EMAIL } else { ACCOUNT_BY_NAME };
            db.first(sql, &params![asked])?.map(|it| Account::read(&it)).transpose()
        })
        .await?;
    let guessed = Guessed::of(origin.address, &account);
    let refuse = async |found: Option<&Account>, why, answer| {
        let account = found.map(|it| (it.id, it.tenant()));
        let (keys, guessed, refusal) = (keys.clone(), guessed.clone(), Refusal { account, why });
        refusal::refuse(identity, &origin, keys, guessed, refusal, answer).await
    };
    let known = found.as_ref().map(|it| it.password_hash.clone());
    let verdict = if password.reveal().chars().count() > password::LENGTH_MAX {
        Verdict::Wrong
    } else {
        identity.hasher().verify(password.clone(), known).await?
    };
    let account = match (found, verdict) {
        (Some(account), Verdict::Right | Verdict::RightButOutdated) => account,
        (found, _) => {
            let answer = LoginError::WrongCredentials;
            return Err(refuse(found.as_ref(), "wrong credentials", answer).await?);
        }
    };
    if account.is_closed {
        let answer = LoginError::Disabled;
        return Err(refuse(Some(&account), "the account is disabled", answer).await?);
    }
    let upgrade = match verdict {
        Verdict::RightButOutdated => Some(identity.hasher().hash(password).await?),
        _ => None,
    };

    let draft = Draft::of(identity, account.id, SessionId::generate(), now, None).await?;
    let actor = Actor {
        who: Who::User(account.id),
        address: origin.address,
        request_id: origin.request_id.clone(),
    };
    let (kept, session) = (draft.kept(), draft.session);
    let (tried, guesses, from) = (keys.clone(), guessed.clone(), origin.clone());
    let settings = identity.settings().clone();
    let outcome = identity
        .store()
        .write(&actor, now, move |tx| {
            refusal::hold(tx, &tried, &guesses)?;
            let over = refusal::over_limit(tx, &tried, &guesses, &settings, now)?;
            if let Some(retry_after) = over {
                return Ok(Outcome::TooMany(retry_after));
            }
            // Between the check of the password and this moment it may have been changed, or the
            // account closed: then nobody may come in on the old one.
            let current = tx.first(ACCOUNT_LOCKED, &params![account.id])?;
            let is_same = match current {
                Some(row) => {
                    row.get::<String>("password_hash")? == account.password_hash
                        && row.get::<Option<Timestamp>>("disabled_at")?.is_none()
                }
                None => false,
            };
            if !is_same {
                return Ok(Outcome::Changed);
            }
            refusal::forget_guesses(tx, &guesses)?;
            tx.execute(SIGNED_IN, &params![account.id, now, upgrade])?;
            let begun = Begun { session, user: account.id, origin: from, now };
            let ended = begun.keep(tx, &kept, settings.sessions_max)?;
            tx.audit(
                audit::Entry::new(
                    account.tenant(),
                    "signed_in",
                    format!("users/{}", account.id),
                    "Signed in".to_owned(),
                )
                .after(json!({"session": session})),
            );
            Ok::<_, store::Error>(Outcome::In { ended })
        })
        .await?;
    match outcome {
        Outcome::In { ended: 0 } => {}
        Outcome::In { .. } => identity.forget_callers(),
        Outcome::Changed => return Err(LoginError::WrongCredentials),
        Outcome::TooMany(retry_after) => {
            refusal::note_too_many(identity, &origin).await?;
            return Err(LoginError::TooManyAttempts { retry_after });
        }
    }
    let user = draft.user;
    info!(user.id = %user, session.id = %session, "User {user} signed in");
    Ok(draft.tokens())
}

/// Lets somebody in for whom somebody else vouches, or who has just made their account: no password is asked
/// for, and no try is counted. `how` is what the audit log says.
///
/// # Errors
/// [`LoginError::Disabled`]; [`LoginError::WrongCredentials`] when the user is gone.
pub(crate) async fn let_in(
    identity: &Identity,
    user: UserId,
    origin: Origin,
    how: &'static str,
) -> Result<Tokens, LoginError> {
    let now = identity.now();
    let draft = Draft::of(identity, user, SessionId::generate(), now, None).await?;
    let actor = Actor {
        who: Who::User(user),
        address: origin.address,
        request_id: origin.request_id.clone(),
    };
    let begun = Begun { session: draft.session, user, origin, now };
    let kept = draft.kept();
    let most = identity.settings().sessions_max;
    let is_in = identity.store().write(&actor, now, move |tx| {
        let account = tx.first(ACCOUNT_BY_ID, &params![user])?;
        let account = account.map(|it| Account::read(&it)).transpose()?;
        let account = account.ok_or(LoginError::WrongCredentials)?;
        if account.is_closed {
            return Err(LoginError::Disabled);
        }
        // Who is erased at this very moment is waited for here, and is gone then.
        if tx.execute(SIGNED_IN, &params![user, now, None::<String>])? == 0 {
            return Err(LoginError::WrongCredentials);
        }
        let ended = begun.keep(tx, &kept, most)?;
        let entry = audit::Entry::new(account.tenant(), "signed_in", format!("users/{user}"), how);
        tx.audit(entry.after(json!({"session": begun.session})));
        Ok::<_, LoginError>(ended)
    });
    let is_in = is_in.await;
    count(&is_in);
    if is_in? > 0 {
        identity.forget_callers();
    }
    info!(user.id = %user, "User {user} signed in without being asked for a password");
    Ok(draft.tokens())
}

impl Origin {
    /// Somebody who is not, or not any more, known: the house writes it down for them.
    pub(crate) fn actor(&self) -> Actor {
        Actor { who: Who::House, address: self.address, request_id: self.request_id.clone() }
    }
}

impl From<Busy> for LoginError {
    fn from(busy: Busy) -> Self {
        Self::TooManyAttempts { retry_after: busy.retry_after }
    }
}

/// How the transaction of a sign-in with the right password ends.
enum Outcome {
    In {
        /// So many older sessions ended for this one.
        ended: u64,
    },
    /// The account is not as it was when the password was checked.
    Changed,
    /// It was a guess too many.
    TooMany(Duration),
}

/// A session that begins.
struct Begun {
    session: SessionId,
    user: UserId,
    origin: Origin,
    now: Timestamp,
}

impl Begun {
    /// Writes it down with its first tokens, and ends the oldest ones when there would be too many. Returns how many
    /// ended.
    fn keep(&self, tx: &Tx, kept: &Kept, most: Option<u32>) -> Result<u64, store::Error> {
        let address = self.origin.address.map(|it| it.to_string());
        let user_agent = self.origin.user_agent.as_deref().map(tidy);
        let values = params![
            self.session,
            self.user,
            address,
            user_agent,
            &kept.kid,
            self.now,
            kept.session_ends
        ];
        kept.add(tx)?;
        let Some(most) = most else { return tx.execute(ADD_SESSION, &values).map(|_| 0) };
        // Two that begin at the same moment must see each other.
        tx.hold(&format!("sessions {}", self.user))?;
        tx.execute(ADD_SESSION, &values)?;
        session::end_oldest(tx, self.user, self.session, most, self.now)
    }
}

/// The account somebody tries to sign in to.
struct Account {
    id: UserId,
    tenant: Option<TenantId>,
    password_hash: String,
    is_closed: bool,
}

impl Account {
    fn read(row: &Row) -> Result<Self, store::Error> {
        // An unknown role is found out here, and not by whoever trusts the session later.
        let _: Role = row::named(row, "role")?;
        Ok(Self {
            id: row.get("id")?,
            tenant: row.get("tenant_id")?,
            password_hash: row.get("password_hash")?,
            is_closed: row.get::<Option<Timestamp>>("disabled_at")?.is_some()
                || row.get::<Option<Timestamp>>("tenant_deleted_at")?.is_some(),
        })
    }

    fn tenant(&self) -> TenantId {
        self.tenant.unwrap_or(TenantId::DEFAULT)
    }
}

/// What a program says about itself, without what would spoil a table or a log.
fn tidy(user_agent: &str) -> String {
    user_agent.chars().filter(|it| !it.is_control()).take(256).collect()
}

const ACCOUNT_BY_EMAIL: &str = "
    SELECT users.id, users.tenant_id, users.role, users.password_hash, users.disabled_at,
           tenants.deleted_at AS tenant_deleted_at
      FROM users
      LEFT JOIN tenants ON tenants.id = users.tenant_id
     WHERE users.email_lower = $1 AND users.email_lower <> ''";

const ACCOUNT_BY_NAME: &str = "
    SELECT users.id, users.tenant_id, users.role, users.password_hash, users.disabled_at,
           tenants.deleted_at AS tenant_deleted_at
      FROM users
      LEFT JOIN tenants ON tenants.id = users.tenant_id
     WHERE users.username_lower = $1 AND users.username_lower <> ''";

const ACCOUNT_BY_ID: &str = "
    SELECT users.id, users.tenant_id, users.role, users.password_hash, users.disabled_at,
           tenants.deleted_at AS tenant_deleted_at
      FROM users
      LEFT JOIN tenants ON tenants.id = users.tenant_id
     WHERE users.id = $1";

/// On PostgreSQL the row is held, so that a change of password waits for this sign-in, and then
/// ends its session too.
const ACCOUNT_LOCKED: Sql<'static> = Sql {
    sqlite: "SELECT password_hash, disabled_at FROM users WHERE id = $1",
    postgres: "SELECT password_hash, disabled_at FROM users WHERE id = $1 FOR UPDATE",
};

const SIGNED_IN: &str = "
    UPDATE users
       SET last_login_at = $2, password_hash = coalesce($3, password_hash)
     WHERE id = $1";

const ADD_SESSION: &str = "
    INSERT INTO sessions (id, user_id, address, user_agent, signing_kid,
                          created_at, last_used_at, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6, $6, $7)";
