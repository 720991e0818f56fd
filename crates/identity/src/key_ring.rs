//! The keys that sign access tokens. The newest signs; all that are not retired verify, so that a
//! rotation signs nobody out.
//!
//! The first key is made of the secret that the settings give (it is then never written to the
//! database) or drawn. A key is retired when no living session was last signed by it. Start at
//! [`tend`], which does both when they are due, and at [`rotate`] for what is done by hand.

use std::sync::{Arc, PoisonError, RwLock};

use base::{Actor, Secret, TenantId, Timestamp};
use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::SignedDuration;
use jsonwebtoken::{DecodingKey, EncodingKey};
use sha2::{Digest, Sha256};
use store::{Db, Store, Tx, audit, params};
use tracing::{info, warn};

use crate::{Identity, row::unreadable, token};

/// How long the ring in memory is taken for the one in the database, which another process may
/// have rotated.
const GOOD_FOR: SignedDuration = SignedDuration::from_secs(30);

/// A token with an unknown key id makes the ring be read again, but no more often than this.
const READ_AGAIN_AFTER: SignedDuration = SignedDuration::from_secs(2);

/// What RFC 7518 asks of a secret for HS256.
const SECRET_BYTES_MIN: usize = 32;

/// A signing key as people may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningKey {
    /// Its id, as tokens name it.
    pub kid: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stopped verifying.
    pub retired_at: Option<Timestamp>,
    /// How many living sessions were last signed by it.
    pub sessions: u64,
}

/// Makes a new key and signs with it from now on. Tokens of the older keys stay valid. Returns the
/// id of the new key.
pub async fn rotate(identity: &Identity, actor: &Actor) -> Result<String, store::Error> {
    let now = identity.now();
    let kid = identity
        .store()
        .write(actor, now, move |tx| {
            tx.hold("signing_keys")?;
            let newest = signing_since(tx)?;
            sign_anew(tx, newest, now)
        })
        .await?;
    identity.ring().read(identity.store(), now).await?;
    info!(signing_key.id = %kid, "Signs access tokens with the new key {kid}");
    Ok(kid)
}

/// Has another key sign when the one that signs is older than the settings want, and retires those that nobody needs. A
/// duty: it may run in several processes at once, and one of them rotates. Returns the id of a new key.
pub async fn tend(identity: &Identity, actor: &Actor) -> Result<Option<String>, store::Error> {
    let (now, most) = (identity.now(), identity.settings().signing_key_max_age);
    let grace = grace(identity);
    let is_old = move |since: Option<Timestamp>| {
        since.zip(most).is_some_and(|(since, most)| now.duration_since(since) >= most)
    };
    let given = identity.ring().given.clone();
    let (is_due, is_unused) = identity
        .store()
        .read(move |db| {
            let known = known(db, given.as_ref())?;
            let is_unused = !unused(&list(db, now)?, &known, now, grace).is_empty();
            Ok::<_, store::Error>((is_old(signing_since(db)?), is_unused))
        })
        .await?;
    let mut rotated = None;
    if is_due {
        let made = identity.store().write(actor, now, move |tx| {
            tx.hold("signing_keys")?;
            let newest = signing_since(tx)?;
            // Somebody else may have been first.
            is_old(newest).then(|| sign_anew(tx, newest, now)).transpose()
        });
        rotated = made.await?;
        identity.ring().read(identity.store(), now).await?;
    }
    if let Some(kid) = &rotated {
        info!(signing_key.id = %kid, "Signs access tokens with the new key {kid}: the last one was old");
    }
    if is_unused {
        retire_unused(identity, actor).await?;
    }
    Ok(rotated)
}

/// Retires the keys that no living session needs any more, and forgets their secrets. The newest
/// is never among them. Returns the ids of the retired ones.
pub async fn retire_unused(
    identity: &Identity,
    actor: &Actor,
) -> Result<Vec<String>, store::Error> {
    let now = identity.now();
    let grace = grace(identity);
    let given = identity.ring().given.clone();
    let retired = identity
        .store()
        .write(actor, now, move |tx| {
            tx.hold("signing_keys")?;
            let known = known(tx, given.as_ref())?;
            let retired = unused(&list(tx, now)?, &known, now, grace);
            for kid in &retired {
                tx.execute(RETIRE, &params![kid, now])?;
                tx.audit(entry("signing_key_retired", kid, "Retired a signing key nobody needs"));
            }
            Ok::<_, store::Error>(retired)
        })
        .await?;
    identity.ring().read(identity.store(), now).await?;
    Ok(retired)
}

/// All keys, oldest first, the retired ones too.
pub fn list(db: &Db, now: Timestamp) -> Result<Vec<SigningKey>, store::Error> {
    let rows = db.query(ALL, &params![now])?;
    rows.iter()
        .map(|row| {
            Ok(SigningKey {
                kid: row.get("kid")?,
                created_at: row.get("created_at")?,
                retired_at: row.get("retired_at")?,
                sessions: row.get::<i64>("sessions")?.unsigned_abs(),
            })
        })
        .collect()
}

/// When the key was made that signs; none where nothing can sign, so that nobody can sign in.
pub fn signing_since(db: &Db) -> Result<Option<Timestamp>, store::Error> {
    db.first(NEWEST, &params![])?.map(|it| it.get("created_at")).transpose()
}

/// Adds a key that signs from now on; `newest` is when the last one was made.
fn sign_anew(tx: &Tx, newest: Option<Timestamp>, now: Timestamp) -> Result<String, store::Error> {
    // Two keys of one microsecond would leave open which of them is the newest.
    let after = newest.map_or(now, |it| it + SignedDuration::from_micros(1));
    let kid = add_drawn(tx, now.max(after))?;
    tx.audit(entry("signing_key_rotated", &kid, "Signs access tokens with a new key"));
    Ok(kid)
}

/// For how long a key must verify after it was replaced: a token signed just before, or by a process that had not heard
/// of it yet, is good for its whole time.
fn grace(identity: &Identity) -> SignedDuration {
    identity.settings().access_ttl + GOOD_FOR
}

/// The ids of the keys whose secret this process has.
fn known(db: &Db, given: Option<&Secret<String>>) -> Result<Vec<String>, store::Error> {
    Ok(keys(db, given)?.into_iter().map(|it| it.kid).collect())
}

/// Which keys can go: those that a newer one replaced at least `grace` ago and that no session
/// needs. `keys` are oldest first. A key whose secret is not `known` here, of settings that are gone, signs nothing: it
/// has replaced none, and stays.
fn unused(
    keys: &[SigningKey],
    known: &[String],
    now: Timestamp,
    grace: SignedDuration,
) -> Vec<String> {
    let living: Vec<_> =
        keys.iter().filter(|it| it.retired_at.is_none() && known.contains(&it.kid)).collect();
    living
        .windows(2)
        .filter(|pair| pair[0].sessions == 0 && now.duration_since(pair[1].created_at) >= grace)
        .map(|pair| pair[0].kid.clone())
        .collect()
}

/// A key with its secret.
#[derive(Clone)]
pub(crate) struct Key {
    pub(crate) kid: String,
    pub(crate) encoding: EncodingKey,
    pub(crate) decoding: DecodingKey,
}

impl Key {
    pub(crate) fn new(secret: &[u8]) -> Self {
        Self {
            kid: kid_of(secret),
            encoding: EncodingKey::from_secret(secret),
            decoding: DecodingKey::from_secret(secret),
        }
    }
}

/// The keys that verify, as they were at one moment; the newest is the last.
pub(crate) struct Ring {
    keys: Vec<Key>,
    read_at: Timestamp,
}

impl Ring {
    pub(crate) fn new(keys: Vec<Key>, read_at: Timestamp) -> Self {
        Self { keys, read_at }
    }

    pub(crate) fn key(&self, kid: &str) -> Option<&Key> {
        self.keys.iter().find(|it| it.kid == kid)
    }

    /// The key that signs.
    pub(crate) fn newest(&self) -> &Key {
        self.keys.last().expect("a ring is never kept without a key")
    }
}

/// The ring of this process: what the database holds, plus the secret of the settings.
pub(crate) struct KeyRing {
    given: Option<Secret<String>>,
    current: RwLock<Arc<Ring>>,
}

impl KeyRing {
    /// Reads the ring, and makes the first key if there is none.
    pub(crate) async fn open(
        store: &Store,
        given: Option<Secret<String>>,
        now: Timestamp,
    ) -> Result<Self, store::Error> {
        if given.as_ref().is_some_and(|it| it.reveal().len() < SECRET_BYTES_MIN) {
            warn!("JWT_SECRET_KEY has fewer than {SECRET_BYTES_MIN} bytes; give it a longer one");
        }
        let ring = Self { given, current: RwLock::new(Arc::new(Ring::new(Vec::new(), now))) };
        let given = ring.given.clone();
        let is_complete = store
            .read(move |db| {
                Ok::<_, store::Error>(
                    is_given_known(db, given.as_ref())? && !keys(db, given.as_ref())?.is_empty(),
                )
            })
            .await?;
        if !is_complete {
            let given = ring.given.clone();
            store.write(&Actor::house(), now, move |tx| complete(tx, given.as_ref(), now)).await?;
        }
        ring.read(store, now).await?;
        Ok(ring)
    }

    /// The ring now, read again when it is old, or when it does not know the key that is wanted.
    pub(crate) async fn current(
        &self,
        store: &Store,
        wanted: Option<&str>,
        now: Timestamp,
    ) -> Result<Arc<Ring>, store::Error> {
        let ring = self.current.read().unwrap_or_else(PoisonError::into_inner).clone();
        let age = now.duration_since(ring.read_at);
        let is_missing = wanted.is_some_and(|kid| ring.key(kid).is_none());
        if age >= GOOD_FOR || (is_missing && age >= READ_AGAIN_AFTER) {
            self.read(store, now).await
        } else {
            Ok(ring)
        }
    }

    async fn read(&self, store: &Store, now: Timestamp) -> Result<Arc<Ring>, store::Error> {
        let given = self.given.clone();
        let keys = store.read(move |db| keys(db, given.as_ref())).await?;
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        // Somebody who empties the table by hand shall not take the last key from a running server.
        let keys = if keys.is_empty() { current.keys.clone() } else { keys };
        *current = Arc::new(Ring::new(keys, now));
        Ok(current.clone())
    }
}

/// Adds what is missing: the key of the settings, or else a first drawn one.
fn complete(tx: &Tx, given: Option<&Secret<String>>, now: Timestamp) -> Result<(), store::Error> {
    tx.hold("signing_keys")?;
    if let Some(secret) = given
        && !is_given_known(tx, given)?
    {
        let kid = kid_of(secret.reveal().as_bytes());
        tx.execute(ADD, &params![&kid, None::<String>, now])?;
        tx.audit(entry("signing_key_added", &kid, "Took the signing key of the settings"));
    }
    if keys(tx, given)?.is_empty() {
        let kid = add_drawn(tx, now)?;
        tx.audit(entry("signing_key_added", &kid, "Drew a signing key"));
    }
    Ok(())
}

fn add_drawn(tx: &Tx, created_at: Timestamp) -> Result<String, store::Error> {
    let secret = token::draw();
    let kid = kid_of(&secret);
    tx.execute(ADD, &params![&kid, STANDARD.encode(secret), created_at])?;
    Ok(kid)
}

/// Was the key of the settings, if there is one, ever added? A retired one is known too.
fn is_given_known(db: &Db, given: Option<&Secret<String>>) -> Result<bool, store::Error> {
    match given {
        Some(secret) => {
            let kid = kid_of(secret.reveal().as_bytes());
            Ok(db.first("SELECT kid FROM signing_keys WHERE kid = $1", &params![kid])?.is_some())
        }
        None => Ok(true),
    }
}

/// The keys that verify and whose secret is known, oldest first. A key that an earlier setting
/// gave, and that this one does not, is left out.
fn keys(db: &Db, given: Option<&Secret<String>>) -> Result<Vec<Key>, store::Error> {
    let mut keys = Vec::new();
    for row in db.query(VERIFYING, &params![])? {
        let kid = row.get::<String>("kid")?;
        match row.get::<Option<String>>("secret")? {
            Some(text) => {
                let secret = STANDARD.decode(text).map_err(|why| unreadable("secret", &why))?;
                keys.push(Key::new(&secret));
            }
            None => keys.extend(
                given.map(|it| Key::new(it.reveal().as_bytes())).filter(|it| it.kid == kid),
            ),
        }
    }
    Ok(keys)
}

/// The id of a key: the same in every process that is given the same secret.
fn kid_of(secret: &[u8]) -> String {
    let digest =
        Sha256::new().chain_update(b"mainstay signing key\0").chain_update(secret).finalize();
    hex::encode(&digest[..8])
}

fn entry(action: &'static str, kid: &str, summary: &str) -> audit::Entry {
    audit::Entry::new(TenantId::DEFAULT, action, format!("signing_keys/{kid}"), summary.to_owned())
}

const ADD: &str = "INSERT INTO signing_keys (kid, secret, created_at) VALUES ($1, $2, $3)";

const RETIRE: &str = "UPDATE signing_keys SET retired_at = $2, secret = NULL WHERE kid = $1";

const NEWEST: &str = "SELECT created_at FROM signing_keys ORDER BY created_at DESC LIMIT 1";

const VERIFYING: &str = "
    SELECT kid, secret
      FROM signing_keys
     WHERE retired_at IS NULL
     ORDER BY created_at, kid";

/// The sessions are gone through once, however many keys there are: nothing finds those of one key.
const ALL: &str = "
    SELECT kid, created_at, retired_at, COALESCE(living.total, 0) AS sessions
      FROM signing_keys
      LEFT JOIN (SELECT signing_kid, count(*) AS total
                   FROM sessions
                  WHERE ended_at IS NULL AND expires_at > $1
                  GROUP BY signing_kid) living ON living.signing_kid = kid
     ORDER BY created_at, kid";

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        base::clock::from_micros(minutes * 60_000_000)
    }

    fn key(kid: &str, created: i64, sessions: u64) -> SigningKey {
        SigningKey { kid: kid.into(), created_at: at(created), retired_at: None, sessions }
    }

    #[track_caller]
    fn check(keys: &[SigningKey], now: i64, expected: &[&str]) {
        let known: Vec<_> = keys.iter().map(|it| it.kid.clone()).collect();
        assert_eq!(unused(keys, &known, at(now), SignedDuration::from_mins(15)), expected);
    }

    #[test]
    fn a_key_whose_secret_nobody_has_any_more_takes_nobodys_place() {
        let keys = [key("drawn", 0, 0), key("given_once", 1, 0)];
        let known = ["drawn".to_owned()];
        let none = Vec::<String>::new();
        assert_eq!(unused(&keys, &known, at(10_000), SignedDuration::from_mins(15)), none);
    }

    #[test]
    fn the_newest_key_stays_even_when_no_session_needs_it() {
        check(&[key("a", 0, 0)], 10_000, &[]);
    }

    #[test]
    fn an_old_key_goes_when_its_last_session_has_ended() {
        check(&[key("a", 0, 1), key("b", 10, 0)], 10_000, &[]);
        check(&[key("a", 0, 0), key("b", 10, 0)], 10_000, &["a"]);
    }

    #[test]
    fn a_key_just_replaced_stays_as_long_as_a_token_lives() {
        check(&[key("a", 0, 0), key("b", 10, 0)], 24, &[]);
        check(&[key("a", 0, 0), key("b", 10, 0)], 25, &["a"]);
    }

    #[test]
    fn the_id_of_a_key_tells_nothing_but_which_it_is() {
        assert_eq!(kid_of(b"one"), kid_of(b"one"));
        assert_ne!(kid_of(b"one"), kid_of(b"two"));
        assert_eq!(kid_of(b"one").len(), 16);
    }
}
