//! A house with people in it, and a clock that the test moves.

use std::net::IpAddr;

use base::{Actor, Clock, Role, Secret, TenantId};
use identity::{
    AuthError, Caller, Credential, Identity, Reach, Settings,
    session::SessionError,
    settings::PasswordCost,
    sign_in::{self, LoginError, Origin, RefreshError, Tokens},
    tenant::{self, Tenant, TenantError},
    user::{self, NewPassword, User},
};
use jiff::SignedDuration;
use serde_json::json;
use store::{Store, Tx, params};
use testkit::Database;

pub(crate) const PASSWORD: &str = "correct horse battery";

/// As cheap as argon2id gets, because no test here is about its price.
pub(crate) const CHEAP: PasswordCost =
    PasswordCost { memory_kib: 64, passes: 1, lanes: 1, at_once: 2 };

pub(crate) struct House {
    pub(crate) identity: Identity,
    pub(crate) store: Store,
    pub(crate) clock: Clock,
}

impl House {
    pub(crate) async fn open(db: &Database) -> Self {
        Self::open_with(db, |_| ()).await
    }

    pub(crate) async fn open_with(db: &Database, change: impl FnOnce(&mut Settings)) -> Self {
        let store = db.migrated(&[identity::MIGRATIONS]).await;
        let clock = testkit::clock();
        let identity = neighbour(&store, &clock, change).await;
        Self { identity, store, clock }
    }

    pub(crate) fn later(&self, by: SignedDuration) {
        self.clock.advance(by);
    }

    pub(crate) async fn tenant(&self, name: &str) -> Tenant {
        let new = tenant::New { name: name.to_owned(), slug: None, data: json!({}) };
        self.in_tenants(move |tx| tenant::create(tx, new)).await.unwrap()
    }

    pub(crate) async fn in_tenants<T: Send + 'static>(
        &self,
        f: impl FnOnce(&Tx) -> Result<T, TenantError> + Send + 'static,
    ) -> Result<T, TenantError> {
        let done = self.store.write(&Actor::operator(), self.clock.now(), f).await;
        self.identity.forget_callers();
        done
    }

    pub(crate) async fn user(&self, email: &str, role: Role, reach: Reach) -> User {
        user::create(&self.identity, &Caller::operator(), new_user(email, role, reach))
            .await
            .unwrap()
    }

    pub(crate) async fn login(&self, email: &str, password: &str) -> Result<Tokens, LoginError> {
        sign_in::login(&self.identity, email, secret(password), origin()).await
    }

    pub(crate) async fn refresh(&self, token: &Secret<String>) -> Result<Tokens, RefreshError> {
        sign_in::refresh(&self.identity, token, origin()).await
    }

    /// Creates a user, signs them in, and gives them as a caller.
    pub(crate) async fn person(&self, email: &str, role: Role, reach: Reach) -> Caller {
        self.user(email, role, reach).await;
        let tokens = self.login(email, PASSWORD).await.unwrap();
        self.caller(&tokens.access_token).await.unwrap()
    }

    pub(crate) async fn caller(&self, text: &Secret<String>) -> Result<Caller, AuthError> {
        called_by(&self.identity, text).await
    }

    /// The stable code of the refusal; `ok` when there is none.
    pub(crate) async fn answer_to(&self, text: &Secret<String>) -> &'static str {
        self.caller(text).await.map_or_else(|it| it.code(), |_| "ok")
    }

    /// Everything that a table holds, as text.
    pub(crate) async fn raw(&self, table: &'static str) -> String {
        let sql = format!("SELECT * FROM {table}");
        let rows = self.store.read(move |db| db.query(&sql, &params![])).await.unwrap();
        format!("{rows:?}")
    }

    /// The actions in the audit log, oldest first.
    pub(crate) async fn actions(&self) -> Vec<String> {
        let read = |db: &store::Db| {
            let rows = db.query("SELECT action FROM audit_log ORDER BY at, seq", &params![])?;
            rows.iter().map(|it| it.get("action")).collect::<Result<Vec<String>, store::Error>>()
        };
        self.store.read(read).await.unwrap()
    }
}

/// Another process on the same database.
pub(crate) async fn neighbour(
    store: &Store,
    clock: &Clock,
    change: impl FnOnce(&mut Settings),
) -> Identity {
    let mut settings =
        Settings { sign_ins_per_minute: 100, password: CHEAP, ..Settings::default() };
    change(&mut settings);
    Identity::open(store.clone(), clock.clone(), settings).await.unwrap()
}

pub(crate) async fn called_by(
    identity: &Identity,
    text: &Secret<String>,
) -> Result<Caller, AuthError> {
    identity.authenticate(&Credential::Bearer(text.clone()), None, Some("req-1")).await
}

pub(crate) fn new_user(email: &str, role: Role, reach: Reach) -> user::New {
    user::New {
        email: secret(email),
        username: None,
        name: "Ann".into(),
        password: NewPassword::Plain(secret(PASSWORD)),
        role,
        reach,
    }
}

pub(crate) fn secret(text: &str) -> Secret<String> {
    Secret::new(text.to_owned())
}

pub(crate) fn origin() -> Origin {
    Origin {
        address: Some(IpAddr::from([10, 0, 0, 1])),
        user_agent: Some("test".into()),
        request_id: None,
    }
}

pub(crate) fn minutes(count: i64) -> SignedDuration {
    SignedDuration::from_mins(count)
}

pub(crate) fn days(count: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * count)
}

pub(crate) fn is_overreach(error: &SessionError) -> bool {
    matches!(error, SessionError::Overreach(_))
}

pub(crate) const HERE: Reach = Reach::Tenant(TenantId::DEFAULT);
