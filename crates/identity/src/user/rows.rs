//! The table of users: what is read from it and written to it.

use base::{Page, PageRequest, TenantId, UserId};
use store::{Db, Row, Tx, params};

use super::{User, UserError, lowered};
use crate::row;

/// Which users are listed.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only those of this tenant; none is all users.
    pub tenant: Option<TenantId>,
    /// Only those with this in their name, the name they sign in by, or their e-mail address.
    pub search: Option<String>,
}

/// The user with this id.
pub fn get(db: &Db, id: UserId) -> Result<Option<User>, store::Error> {
    db.first(BY_ID, &params![id])?.as_ref().map(User::read).transpose()
}

/// The user with this e-mail address, whatever its case.
pub fn by_email(db: &Db, email: &str) -> Result<Option<User>, store::Error> {
    db.first(BY_EMAIL, &params![lowered(email)])?.as_ref().map(User::read).transpose()
}

/// The user who signs in by this name, whatever its case.
pub fn by_username(db: &Db, username: &str) -> Result<Option<User>, store::Error> {
    db.first(BY_USERNAME, &params![lowered(username)])?.as_ref().map(User::read).transpose()
}

/// The user who signs in by this: a name, or an e-mail address.
pub fn by_sign_in(db: &Db, whom: &str) -> Result<Option<User>, store::Error> {
    if whom.contains('@') { by_email(db, whom) } else { by_username(db, whom) }
}

/// A page of users, oldest first, with the count of all that match.
pub fn list(db: &Db, filter: &Filter, request: &PageRequest) -> Result<Page<User>, store::Error> {
    let search = filter.search.as_deref().map(row::pattern);
    let (at, id) = row::edge(request);
    let limit = i64::from(request.limit) + 1;
    let sql = if request.is_backwards() { PAGE_BACKWARDS } else { PAGE };
    let rows = db.query(sql, &params![at, id, limit, filter.tenant, &search])?;
    let users = rows.iter().map(User::read).collect::<Result<Vec<_>, _>>()?;
    let total = db.one(COUNT, &params![filter.tenant, search])?.get::<i64>("total")?;
    let mut page = Page::of(users, request, |it| row::key(it.created_at, it.id));
    page.total = Some(total.unsigned_abs());
    Ok(page)
}

/// Is there no user at all?
pub(super) fn is_empty(db: &Db) -> Result<bool, store::Error> {
    Ok(db.first(ANY, &params![])?.is_none())
}

/// What is kept of a user's password.
pub(super) fn password_hash(db: &Db, id: UserId) -> Result<Option<String>, store::Error> {
    let row = db.first("SELECT password_hash FROM users WHERE id = $1", &params![id])?;
    row.map(|it| it.get("password_hash")).transpose()
}

/// Writes a new user.
pub(super) fn add(tx: &Tx, user: &User, password_hash: &str) -> Result<(), UserError> {
    let values = params![
        user.id,
        &user.email,
        lowered(&user.email),
        &user.name,
        user.role.name(),
        user.reach.tenant(),
        password_hash,
        user.created_at,
        &user.username,
        lowered(&user.username)
    ];
    tx.execute(ADD, &values).map_err(taken)?;
    Ok(())
}

fn taken(error: store::Error) -> UserError {
    match error {
        it if it.violates("users_email_lower") => UserError::EmailTaken,
        it if it.violates("users_username_lower") => UserError::UsernameTaken,
        other => other.into(),
    }
}

/// Writes a changed user; the password only where there is a new one.
pub(super) fn save(tx: &Tx, user: &User, password_hash: Option<&str>) -> Result<(), UserError> {
    let values = params![
        user.id,
        &user.name,
        user.role.name(),
        user.reach.tenant(),
        user.disabled_at,
        password_hash,
        user.revision,
        user.updated_at,
        &user.username,
        lowered(&user.username)
    ];
    tx.execute(SAVE, &values).map_err(taken)?;
    Ok(())
}

impl User {
    fn read(row: &Row) -> Result<Self, store::Error> {
        Ok(Self {
            id: row.get("id")?,
            email: row.get("email")?,
            username: row.get("username")?,
            name: row.get("name")?,
            role: row::named(row, "role")?,
            reach: row::reach(row, "tenant_id")?,
            disabled_at: row.get("disabled_at")?,
            last_login_at: row.get("last_login_at")?,
            revision: row.get("revision")?,
            created_at: row.get("created_at")?,
            updated_at: row.get("updated_at")?,
        })
    }
}

macro_rules! users {
    ($rest:literal) => {
        concat!(
            "
    SELECT id, email, username, name, role, tenant_id, disabled_at, last_login_at, revision,
           created_at, updated_at
      FROM users",
            $rest
        )
    };
}

const ANY: &str = "SELECT id FROM users LIMIT 1";

const BY_ID: &str = users!("\n     WHERE id = $1");

const BY_EMAIL: &str = users!("\n     WHERE email_lower = $1 AND email_lower <> ''");

const BY_USERNAME: &str = users!("\n     WHERE username_lower = $1 AND username_lower <> ''");

const PAGE: &str = users!(
    "
     WHERE (created_at, id) > ($1, $2)
       AND (CAST($4 AS TEXT) IS NULL OR tenant_id = $4)
       AND (CAST($5 AS TEXT) IS NULL OR email_lower LIKE $5 ESCAPE '\\' OR username_lower LIKE $5 ESCAPE '\\'
            OR lower(name) LIKE $5 ESCAPE '\\')
     ORDER BY created_at, id
     LIMIT $3"
);

const PAGE_BACKWARDS: &str = users!(
    "
     WHERE (created_at, id) < ($1, $2)
       AND (CAST($4 AS TEXT) IS NULL OR tenant_id = $4)
       AND (CAST($5 AS TEXT) IS NULL OR email_lower LIKE $5 ESCAPE '\\' OR username_lower LIKE $5 ESCAPE '\\'
            OR lower(name) LIKE $5 ESCAPE '\\')
     ORDER BY created_at DESC, id DESC
     LIMIT $3"
);

const COUNT: &str = "
    SELECT count(*) AS total
      FROM users
     WHERE (CAST($1 AS TEXT) IS NULL OR tenant_id = $1)
       AND (CAST($2 AS TEXT) IS NULL OR email_lower LIKE $2 ESCAPE '\\' OR username_lower LIKE $2 ESCAPE '\\'
            OR lower(name) LIKE $2 ESCAPE '\\')";

const ADD: &str = "
    INSERT INTO users (id, email, email_lower, name, role, tenant_id, password_hash,
                       revision, created_at, updated_at, username, username_lower)
    VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8, $8, $9, $10)";

const SAVE: &str = "
    UPDATE users
       SET name = $2, role = $3, tenant_id = $4, disabled_at = $5,
           password_hash = coalesce($6, password_hash), revision = $7, updated_at = $8,
           username = $9, username_lower = $10
     WHERE id = $1";
