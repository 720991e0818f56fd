//! Signing in with Google: somebody brings an ID token that Google made for this application, and is
//! the user whom that Google account was linked to, or a new one.
//!
//! A token counts when Google signed it (its public keys are fetched and kept for an hour), for one of
//! the client ids of the settings, not too long ago, for an account whose e-mail address Google has
//! verified. An address that a user with a password has already is refused: whoever made that account
//! first might have been anybody, so nobody takes it over, and nobody shares it without knowing.
//!
//! Whose keys count and for which client ids a token may be decides who comes in as whom, so only the operator says it:
//! `Settings::keep_to`. Start at [`sign_in`].

use std::time::Duration;

use base::{Role, Secret, Timestamp, UserId};
use jiff::SignedDuration;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header, jwk::JwkSet};
use outside::connection;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value as Json;
use store::{Db, params};
use tokio::sync::Mutex;
use tracing::warn;

use crate::{
    Identity, Reach,
    caller::Caller,
    limit::{Keys, Limited},
    row,
    settings::{InvalidSetting, SignInBy},
    sign_in::{self, LoginError, Origin, Tokens},
    user::{self, NewPassword, UserError},
};

/// Signing in with Google.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The client ids of this application, as Google's console shows them. Also `GOOGLE_CLIENT_ID`. A change while the
    /// application runs takes some away, and adds none that the file does not name.
    pub client_ids: Vec<String>,
    /// Where Google's public keys are. Only the file says it: no change while the application runs does.
    pub keys_url: String,
    /// What a change of the document said that is not its to say.
    #[serde(skip)]
    pub held_back: Vec<InvalidSetting>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            client_ids: Vec::new(),
            keys_url: "https://www.googleapis.com/oauth2/v3/certs".into(),
            held_back: Vec::new(),
        }
    }
}

impl Settings {
    /// Takes out of a document that was changed while the application ran what only the operator may say, whose own
    /// words are in `file`. Who names the keys can sign tokens for everybody, and who names a client id can bring
    /// tokens that Google made for another application of theirs.
    pub(crate) fn keep_to(&mut self, file: Self) {
        let mut say = |field, fault: String| self.held_back.push(InvalidSetting { field, fault });
        if self.keys_url != file.keys_url {
            say("google.keys_url", format!("{NOT_ITS_TO_SAY}: {} counts", file.keys_url));
            self.keys_url = file.keys_url;
        }
        let (known, unknown): (Vec<_>, Vec<_>) = std::mem::take(&mut self.client_ids)
            .into_iter()
            .partition(|it| file.client_ids.contains(it));
        if !unknown.is_empty() {
            let way = "have them named there or in GOOGLE_CLIENT_ID";
            say(
                "google.client_ids",
                format!("{NOT_ITS_TO_SAY}: {} do not count; {way}", unknown.join(", ")),
            );
        }
        self.client_ids = known;
    }
}

/// What is said of a setting, as the rest of a sentence that begins with it.
const NOT_ITS_TO_SAY: &str = "decides who comes in as whom, so the operator says it in the file, and no change while \
     the application runs does";

/// Why somebody was not let in by Google's word.
#[derive(Debug, thiserror::Error)]
pub enum GoogleError {
    /// Nobody set it up.
    #[error("signing in with Google is not set up here; the operator gives GOOGLE_CLIENT_ID")]
    NotSetUp,
    /// It is no token of Google's for this application.
    #[error("that is no ID token that Google made for this application")]
    Invalid,
    /// It was, some time ago.
    #[error("the ID token has expired; sign in with Google again")]
    Expired,
    /// Google does not know whether the e-mail address is theirs.
    #[error("Google has not verified the e-mail address of this account")]
    Unverified,
    /// Google's keys cannot be fetched.
    #[error("Google's keys cannot be fetched at the moment")]
    KeysAway,
    /// A user with a password has this address.
    #[error("a user with this e-mail address signs in with a password; do the same")]
    Taken,
    /// There is no such user, and visitors cannot make accounts.
    #[error("nobody here has this Google account; ask an administrator for an account")]
    Unknown,
    /// Letting them in failed as letting anybody in may.
    #[error(transparent)]
    Login(#[from] LoginError),
    /// A user could not be made of it.
    #[error(transparent)]
    User(#[from] UserError),
}

impl From<store::Error> for GoogleError {
    fn from(error: store::Error) -> Self {
        Self::Login(LoginError::Store(error))
    }
}

impl From<Limited> for GoogleError {
    fn from(limited: Limited) -> Self {
        Self::Login(LoginError::TooManyAttempts { retry_after: limited.retry_after })
    }
}

/// What accounts are made of, for those who come for the first time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AsNew {
    /// What they may do.
    pub role: Role,
    /// Where.
    pub reach: Reach,
}

/// Google, as this house knows it.
pub(crate) struct Google {
    settings: Settings,
    keys: Mutex<Option<Kept>>,
}

struct Kept {
    keys: JwkSet,
    fetched_at: Timestamp,
}

/// Whom a token is about.
#[derive(Clone, PartialEq, Eq)]
struct Person {
    subject: String,
    email: String,
    name: String,
}

/// As both ways in which Google writes its name.
const ISSUERS: [&str; 2] = ["https://accounts.google.com", "accounts.google.com"];
/// The issuer, as a linked account has it.
const ISSUER: &str = ISSUERS[0];
/// Keys are good for so long.
const FRESH_FOR: SignedDuration = SignedDuration::from_hours(1);
/// For a key that is not known they are fetched again, but not more often than this.
const FETCHED_EVERY: SignedDuration = SignedDuration::from_mins(1);
/// Clocks may differ by so much.
const SKEW_S: i64 = 60;
const FETCH_TIME_MAX: Duration = Duration::from_secs(5);
const KEYS_BYTES_MAX: usize = 256 * 1024;
const TOKEN_BYTES_MAX: usize = 16 * 1024;

/// Lets in whom Google vouches for. `as_new`: what a new user becomes; none: only linked ones come in.
///
/// # Errors
/// [`GoogleError`] says what is wrong with the token, the account, or the way to Google.
pub async fn sign_in(
    identity: &Identity,
    token: &Secret<String>,
    as_new: Option<AsNew>,
    origin: Origin,
) -> Result<Tokens, GoogleError> {
    let google = identity.google().ok_or(GoogleError::NotSetUp)?;
    let now = identity.now();
    identity.limit().admit(&Keys::of_address(origin.address), now)?;
    let person = google.person(token.reveal(), now).await?;
    let (subject, email) = (person.subject.clone(), person.email.clone());
    let (linked, is_taken) = identity
        .store()
        .read(move |db| {
            Ok::<_, store::Error>((linked(db, &subject)?, user::by_email(db, &email)?.is_some()))
        })
        .await?;
    let user = match (linked, is_taken, as_new) {
        (Some(user), _, _) => user,
        (None, true, _) => return Err(GoogleError::Taken),
        (None, false, None) => return Err(GoogleError::Unknown),
        (None, false, Some(as_new)) => make(identity, person, as_new, &origin).await?,
    };
    Ok(sign_in::let_in(identity, user, origin, "Signed in with Google").await?)
}

/// Makes a user whom no password lets in, linked to the Google account.
async fn make(
    identity: &Identity,
    person: Person,
    as_new: AsNew,
    origin: &Origin,
) -> Result<UserId, GoogleError> {
    let now = identity.now();
    let hash = identity.hasher().nobody();
    let mut caller = Caller::house();
    caller.actor = origin.actor();
    let new = user::New {
        email: Secret::new(person.email),
        username: None,
        name: person.name,
        password: NewPassword::Hashed(Secret::new(hash.clone())),
        role: as_new.role,
        reach: as_new.reach,
    };
    let actor = caller.actor.clone();
    let made = identity.store().write(&actor, now, move |tx| {
        tx.hold("users")?;
        // The same account may come in twice at the same moment.
        if let Some(user) = linked(tx, &person.subject)? {
            return Ok(user);
        }
        // Who comes from Google has an address, and needs no other name.
        let user = user::insert(tx, &caller, SignInBy::Email, new, hash, now)?;
        tx.execute(LINK, &params![ISSUER, &person.subject, user.id, now])?;
        Ok::<_, UserError>(user.id)
    });
    match made.await {
        Err(UserError::EmailTaken) => Err(GoogleError::Taken),
        other => Ok(other?),
    }
}

fn linked(db: &Db, subject: &str) -> Result<Option<UserId>, store::Error> {
    let found = db.first(LINKED, &params![ISSUER, subject])?;
    found.map(|it| it.get("user_id")).transpose()
}

impl Google {
    /// As the settings have it; none when no client id is given.
    pub(crate) fn of(settings: &Settings) -> Option<Self> {
        let is_set_up = !settings.client_ids.is_empty();
        is_set_up.then(|| Self { settings: settings.clone(), keys: Mutex::new(None) })
    }

    /// Whom a token is about.
    async fn person(&self, token: &str, now: Timestamp) -> Result<Person, GoogleError> {
        let kid = kid(token)?;
        let mut kept = self.keys.lock().await;
        let age = kept.as_ref().map(|it| now.duration_since(it.fetched_at));
        let is_known = kept.as_ref().is_some_and(|it| it.keys.find(&kid).is_some());
        let is_due = match age {
            None => true,
            Some(age) if is_known => age > FRESH_FOR,
            Some(age) => age > FETCHED_EVERY,
        };
        if is_due {
            match self.fetch().await {
                Ok(keys) => *kept = Some(Kept { keys, fetched_at: now }),
                // Keys that were good an hour ago are better than nobody coming in.
                Err(why) if is_known => warn!(reason = why, "Could not renew Google's keys"),
                Err(why) => {
                    warn!(reason = why, "Could not fetch Google's keys");
                    return Err(GoogleError::KeysAway);
                }
            }
        }
        let keys = kept.as_ref().ok_or(GoogleError::KeysAway)?;
        read(token, &kid, &keys.keys, &self.settings.client_ids, now)
    }

    async fn fetch(&self) -> Result<JwkSet, &'static str> {
        let client = connection::client(|it| it.timeout(FETCH_TIME_MAX))
            .map_err(|_| "no client could be made")?;
        let sent = client.get(&self.settings.keys_url).send().await;
        let mut answer = sent.map_err(|_| "they were not answered")?;
        if !answer.status().is_success() {
            return Err("they were refused");
        }
        let mut body = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(|_| "they broke off")? {
            if body.len() + piece.len() > KEYS_BYTES_MAX {
                return Err("they are too large");
            }
            body.extend_from_slice(&piece);
        }
        serde_json::from_slice(&body).map_err(|_| "they are no keys")
    }
}

/// What Google says in a token, as far as it matters here.
#[derive(Deserialize)]
struct Claims {
    sub: String,
    exp: i64,
    iat: Option<i64>,
    email: Option<String>,
    #[serde(default)]
    email_verified: Json,
    name: Option<String>,
}

/// The id of the key that a token says it was signed with. Nothing is verified yet.
fn kid(token: &str) -> Result<String, GoogleError> {
    if token.len() > TOKEN_BYTES_MAX {
        return Err(GoogleError::Invalid);
    }
    let header = decode_header(token).map_err(|_| GoogleError::Invalid)?;
    match (header.alg, header.kid) {
        (Algorithm::RS256, Some(kid)) => Ok(kid),
        _ => Err(GoogleError::Invalid),
    }
}

/// What a token says, once its signature, issuer, audience and time are found in order.
fn read(
    token: &str,
    kid: &str,
    keys: &JwkSet,
    client_ids: &[String],
    now: Timestamp,
) -> Result<Person, GoogleError> {
    let invalid = |_| GoogleError::Invalid;
    let key = keys.find(kid).ok_or(GoogleError::Invalid)?;
    let key = DecodingKey::from_jwk(key).map_err(invalid)?;
    let mut rules = Validation::new(Algorithm::RS256);
    rules.set_issuer(&ISSUERS);
    rules.set_audience(client_ids);
    rules.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    // The library would ask the clock of the machine; time is compared below, with the time given.
    rules.validate_exp = false;
    let claims = decode::<Claims>(token, &key, &rules).map_err(invalid)?.claims;
    let seconds = now.as_second();
    if seconds >= claims.exp.saturating_add(SKEW_S) {
        return Err(GoogleError::Expired);
    }
    if claims.iat.is_some_and(|it| it > seconds + SKEW_S) || claims.sub.is_empty() {
        return Err(GoogleError::Invalid);
    }
    let is_verified = claims.email_verified == true || claims.email_verified == "true";
    let email = claims.email.filter(|_| is_verified).ok_or(GoogleError::Unverified)?;
    let name = row::storable(claims.name.unwrap_or_default().trim());
    let name = name.chars().filter(|it| !it.is_control()).take(255).collect();
    Ok(Person { subject: claims.sub, email, name })
}

const LINKED: &str = "SELECT user_id FROM outside_accounts WHERE issuer = $1 AND subject = $2";

const LINK: &str = "
    INSERT INTO outside_accounts (issuer, subject, user_id, created_at) VALUES ($1, $2, $3, $4)";

#[cfg(test)]
mod tests;
