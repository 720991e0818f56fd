//! Tenants: whose data it is. Client, organisation, workspace are only what applications call them.
//!
//! Names and slugs are unique among the living. Deleting is soft: everything stays for thirty days
//! and can come back; [`erase`] is what makes it final. The rows that other rooms keep for a tenant
//! are theirs to erase, in the same transaction.
//!
//! All of these work inside a transaction of the caller, so that an application can create what
//! belongs to a new tenant along with it. Start at [`create`].

mod unique;

use base::{Page, PageRequest, TenantId, Timestamp};
use serde_json::{Value as Json, json};
use store::{Db, Row, Tx, audit, params};

use crate::{row, slug};

pub use unique::check_unique;

/// The most characters of a name.
pub const NAME_MAX: usize = 255;

/// Somebody whose data is kept apart from everybody else's.
#[derive(Debug, Clone, PartialEq)]
pub struct Tenant {
    /// Its id.
    pub id: TenantId,
    /// Its name in addresses.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// What else the application declares about it; an object.
    pub data: Json,
    /// Counts the changes, for those who want to change what they saw and nothing else.
    pub revision: i64,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// When it was deleted; it can still come back.
    pub deleted_at: Option<Timestamp>,
}

/// A tenant to be.
#[derive(Debug, Clone)]
pub struct New {
    /// Its name.
    pub name: String,
    /// Its name in addresses; made of the name when there is none.
    pub slug: Option<String>,
    /// What else the application declares about it; an object.
    pub data: Json,
}

/// What shall be different about a tenant; what is none stays.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// Its name. The slug stays, because addresses shall stay.
    pub name: Option<String>,
    /// Its name in addresses.
    pub slug: Option<String>,
    /// What else the application declares about it, whole.
    pub data: Option<Json>,
}

/// Which tenants are listed.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only this one, for a caller who reaches no other.
    pub only: Option<TenantId>,
    /// Only those with this in their name or slug.
    pub search: Option<String>,
    /// Also the deleted ones.
    pub include_deleted: bool,
}

/// Why a tenant was not created, changed, deleted or restored.
#[derive(Debug, thiserror::Error)]
pub enum TenantError {
    /// There is no such tenant.
    #[error("tenant {0} does not exist")]
    NoSuchTenant(TenantId),
    /// It is deleted.
    #[error("tenant {0} is deleted; restore it first")]
    Deleted(TenantId),
    /// It is not deleted.
    #[error("tenant {0} is not deleted")]
    NotDeleted(TenantId),
    /// A living tenant has this name.
    #[error("a tenant named `{0}` exists already")]
    NameTaken(String),
    /// A living tenant has this slug.
    #[error("a tenant with the slug `{0}` exists already")]
    SlugTaken(String),
    /// A living tenant has this in a field that tells tenants apart.
    #[error("a tenant whose `{field}` is `{value}` exists already")]
    FieldTaken {
        /// The field.
        field: String,
        /// What it holds.
        value: String,
    },
    /// Not a name.
    #[error("a name has 1 to {NAME_MAX} characters, and no control characters")]
    InvalidName,
    /// Not a slug.
    #[error(
        "a slug has 1 to {} lower-case letters, digits and single hyphens between them",
        slug::LENGTH_MAX
    )]
    InvalidSlug,
    /// Somebody else changed it in between.
    #[error("the tenant was changed meanwhile: it is at revision {current}; read it again")]
    Changed {
        /// The revision it has.
        current: i64,
    },
    /// The house itself lives in the default tenant.
    #[error("the default tenant cannot be deleted")]
    IsDefault,
    /// The database did not answer.
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// Creates a tenant.
///
/// # Errors
/// [`TenantError::NameTaken`]; [`TenantError::SlugTaken`] only for a slug that was given, because one
/// made of the name is numbered.
pub fn create(tx: &Tx, new: New) -> Result<Tenant, TenantError> {
    insert(tx, TenantId::generate(), new)
}

/// The tenant of an application that has only one: created when it is not there yet.
pub fn ensure_default(tx: &Tx, name: &str, slug: &str) -> Result<Tenant, TenantError> {
    tx.hold(HOLD)?;
    match get(tx, TenantId::DEFAULT)? {
        Some(tenant) => Ok(tenant),
        None => {
            let slug = Some(slug::of(slug));
            insert(tx, TenantId::DEFAULT, New { name: name.to_owned(), slug, data: json!({}) })
        }
    }
}

/// The tenant with this id, deleted or not.
pub fn get(db: &Db, id: TenantId) -> Result<Option<Tenant>, store::Error> {
    db.first(BY_ID, &params![id])?.as_ref().map(Tenant::read).transpose()
}

/// The living tenant that somebody means: by its id, its slug or its name, in this order.
pub fn find(db: &Db, text: &str) -> Result<Option<Tenant>, store::Error> {
    if let Ok(id) = text.parse::<TenantId>()
        && let Some(tenant) = get(db, id)?.filter(|it| it.deleted_at.is_none())
    {
        return Ok(Some(tenant));
    }
    db.first(BY_SLUG_OR_NAME, &params![row::storable(text)])?.as_ref().map(Tenant::read).transpose()
}

/// A page of tenants, oldest first, with the count of all that match.
pub fn list(db: &Db, filter: &Filter, request: &PageRequest) -> Result<Page<Tenant>, store::Error> {
    let search = filter.search.as_deref().map(row::pattern);
    let (at, id) = row::edge(request);
    let limit = i64::from(request.limit) + 1;
    let sql = if request.is_backwards() { PAGE_BACKWARDS } else { PAGE };
    let values = params![at, id, limit, filter.only, filter.include_deleted, &search];
    let tenants =
        db.query(sql, &values)?.iter().map(Tenant::read).collect::<Result<Vec<_>, _>>()?;
    let values = params![filter.only, filter.include_deleted, search];
    let total = db.one(COUNT, &values)?.get::<i64>("total")?;
    let mut page = Page::of(tenants, request, |it| row::key(it.created_at, it.id));
    page.total = Some(total.unsigned_abs());
    Ok(page)
}

/// Changes a living tenant, if it is still at `expected` where that is given.
pub fn update(
    tx: &Tx,
    id: TenantId,
    change: Change,
    expected: Option<i64>,
) -> Result<Tenant, TenantError> {
    tx.hold(HOLD)?;
    let before = living(tx, id, expected)?;
    let after = Tenant {
        name: change.name.as_deref().map_or(Ok(before.name.clone()), tidy_name)?,
        slug: change.slug.map_or(Ok(before.slug.clone()), valid_slug)?,
        data: change.data.unwrap_or_else(|| before.data.clone()),
        revision: before.revision + 1,
        updated_at: tx.now(),
        ..before
    };
    check_free(tx, &after)?;
    let values =
        params![id, &after.name, &after.slug, &after.data, after.revision, after.updated_at];
    tx.execute(SAVE, &values).map_err(|it| taken(it, &after))?;
    let summary = format!("Changed tenant `{}`", after.name);
    tx.audit(after.entry("tenant_updated", summary).before(before.facts()).after(after.facts()));
    Ok(after)
}

/// Deletes a tenant, so that it can still be restored. Its users and keys are locked out meanwhile:
/// call [`crate::Identity::forget_callers`] after the commit.
pub fn delete(tx: &Tx, id: TenantId, expected: Option<i64>) -> Result<Tenant, TenantError> {
    if id == TenantId::DEFAULT {
        return Err(TenantError::IsDefault);
    }
    tx.hold(HOLD)?;
    let before = living(tx, id, expected)?;
    let now = tx.now();
    let revision = before.revision + 1;
    let after = Tenant { deleted_at: Some(now), updated_at: now, revision, ..before };
    tx.execute(SET_DELETED, &params![id, after.deleted_at, &after.slug, revision, now])?;
    tx.audit(after.entry("tenant_deleted", format!("Deleted tenant `{}`", after.name)));
    Ok(after)
}

/// Brings a deleted tenant back. If its slug was given away meanwhile, it gets a numbered one.
///
/// # Errors
/// [`TenantError::NameTaken`] when a living tenant has its name by now.
pub fn restore(tx: &Tx, id: TenantId) -> Result<Tenant, TenantError> {
    tx.hold(HOLD)?;
    let before = get(tx, id)?.ok_or(TenantError::NoSuchTenant(id))?;
    if before.deleted_at.is_none() {
        return Err(TenantError::NotDeleted(id));
    }
    let now = tx.now();
    let slug = free_slug(tx, &before.slug)?;
    let revision = before.revision + 1;
    let after = Tenant { slug, deleted_at: None, updated_at: now, revision, ..before };
    check_free(tx, &after)?;
    let values = params![id, after.deleted_at, &after.slug, revision, now];
    tx.execute(SET_DELETED, &values).map_err(|it| taken(it, &after))?;
    let summary = format!("Restored tenant `{}`", after.name);
    tx.audit(after.entry("tenant_restored", summary).after(after.facts()));
    Ok(after)
}

/// The tenants that live, the oldest first.
pub fn ids(db: &Db) -> Result<Vec<TenantId>, store::Error> {
    db.query(LIVING, &[])?.iter().map(|it| it.get("id")).collect()
}

/// The tenants that were deleted before this time, to be erased now; longest deleted first.
pub fn expired(db: &Db, before: Timestamp) -> Result<Vec<TenantId>, store::Error> {
    db.query(EXPIRED, &params![before])?.iter().map(|it| it.get("id")).collect()
}

/// Is this still one of the [`expired`] ones? Nobody brings it back before the transaction ends.
pub fn is_expired(tx: &Tx, id: TenantId, before: Timestamp) -> Result<bool, store::Error> {
    tx.hold(HOLD)?;
    Ok(get(tx, id)?.and_then(|it| it.deleted_at).is_some_and(|it| it < before))
}

/// Removes a tenant with its keys, users and their sessions, for good. Its audit log stays, as it
/// outlives what it speaks of. Call [`crate::Identity::forget_callers`] after the commit.
pub fn erase(tx: &Tx, id: TenantId) -> Result<(), TenantError> {
    if id == TenantId::DEFAULT {
        return Err(TenantError::IsDefault);
    }
    tx.hold(HOLD)?;
    let tenant = get(tx, id)?.ok_or(TenantError::NoSuchTenant(id))?;
    for (sql, _) in ERASE {
        tx.execute(*sql, &params![id])?;
    }
    let what = ERASE.iter().map(|it| it.1).collect::<Vec<_>>().join(", ");
    tx.audit(tenant.entry("tenant_erased", format!("Erased tenant {id}: {what}")));
    Ok(())
}

/// Is there a living tenant of this id? The default one needs no row.
pub(crate) fn lives(db: &Db, id: TenantId) -> Result<bool, store::Error> {
    if id == TenantId::DEFAULT {
        return Ok(true);
    }
    Ok(get(db, id)?.is_some_and(|it| it.deleted_at.is_none()))
}

impl Tenant {
    fn facts(&self) -> Json {
        json!({"name": self.name, "slug": self.slug, "data": self.data})
    }

    fn entry(&self, action: &'static str, summary: String) -> audit::Entry {
        audit::Entry::new(self.id, action, format!("tenants/{}", self.id), summary)
    }

    fn read(row: &Row) -> Result<Self, store::Error> {
        Ok(Self {
            id: row.get("id")?,
            slug: row.get("slug")?,
            name: row.get("name")?,
            data: row.get("data")?,
            revision: row.get("revision")?,
            created_at: row.get("created_at")?,
            updated_at: row.get("updated_at")?,
            deleted_at: row.get("deleted_at")?,
        })
    }
}

/// Whoever looks for a free name holds this until it is taken.
const HOLD: &str = "tenants";

fn insert(tx: &Tx, id: TenantId, new: New) -> Result<Tenant, TenantError> {
    tx.hold(HOLD)?;
    let name = tidy_name(&new.name)?;
    let slug = match new.slug {
        Some(slug) => valid_slug(slug)?,
        None => free_slug(tx, &slug::of(&name))?,
    };
    let now = tx.now();
    let tenant = Tenant {
        id,
        slug,
        name,
        data: new.data,
        revision: 1,
        created_at: now,
        updated_at: now,
        deleted_at: None,
    };
    check_free(tx, &tenant)?;
    let values = params![id, &tenant.slug, &tenant.name, &tenant.data, now];
    tx.execute(ADD, &values).map_err(|it| taken(it, &tenant))?;
    let summary = format!("Created tenant `{}`", tenant.name);
    tx.audit(tenant.entry("tenant_created", summary).after(tenant.facts()));
    Ok(tenant)
}

fn living(tx: &Tx, id: TenantId, expected: Option<i64>) -> Result<Tenant, TenantError> {
    let tenant = get(tx, id)?.ok_or(TenantError::NoSuchTenant(id))?;
    if tenant.deleted_at.is_some() {
        return Err(TenantError::Deleted(id));
    }
    if expected.is_some_and(|it| it != tenant.revision) {
        return Err(TenantError::Changed { current: tenant.revision });
    }
    Ok(tenant)
}

/// Asked before writing, because a refused write would spoil the whole transaction on PostgreSQL.
fn check_free(tx: &Tx, tenant: &Tenant) -> Result<(), TenantError> {
    if tx.first(OTHER_NAMED, &params![&tenant.name, tenant.id])?.is_some() {
        return Err(TenantError::NameTaken(tenant.name.clone()));
    }
    if tx.first(OTHER_SLUG, &params![&tenant.slug, tenant.id])?.is_some() {
        return Err(TenantError::SlugTaken(tenant.slug.clone()));
    }
    Ok(())
}

fn taken(error: store::Error, tenant: &Tenant) -> TenantError {
    if error.violates("tenants_name") {
        TenantError::NameTaken(tenant.name.clone())
    } else if error.violates("tenants_slug") {
        TenantError::SlugTaken(tenant.slug.clone())
    } else {
        error.into()
    }
}

fn free_slug(tx: &Tx, wanted: &str) -> Result<String, store::Error> {
    // A number may cost the end of a long slug, so the common beginning is looked for.
    let head = wanted.get(..wanted.len().min(slug::LENGTH_MAX - 20)).unwrap_or(wanted);
    let pattern = format!("{}%", head.trim_end_matches('-'));
    let rows = tx.query(SLUGS_LIKE, &params![pattern])?;
    let taken = rows
        .iter()
        .map(|it| it.get::<String>("slug"))
        .collect::<Result<std::collections::HashSet<_>, _>>()?;
    Ok(slug::numbered(wanted, |it| taken.contains(it)))
}

fn valid_slug(slug: String) -> Result<String, TenantError> {
    if slug::is_valid(&slug) { Ok(slug) } else { Err(TenantError::InvalidSlug) }
}

fn tidy_name(name: &str) -> Result<String, TenantError> {
    let name = name.trim();
    let length = name.chars().count();
    if !(1..=NAME_MAX).contains(&length) || name.chars().any(char::is_control) {
        return Err(TenantError::InvalidName);
    }
    Ok(name.to_owned())
}

macro_rules! tenants {
    ($rest:literal) => {
        concat!(
            "
    SELECT id, slug, name, data, revision, created_at, updated_at, deleted_at
      FROM tenants",
            $rest
        )
    };
}

const BY_ID: &str = tenants!("\n     WHERE id = $1");

const BY_SLUG_OR_NAME: &str = tenants!(
    "
     WHERE deleted_at IS NULL AND (slug = $1 OR name = $1)
     ORDER BY CASE WHEN slug = $1 THEN 0 ELSE 1 END
     LIMIT 1"
);

const PAGE: &str = tenants!(
    "
     WHERE (created_at, id) > ($1, $2)
       AND (CAST($4 AS TEXT) IS NULL OR id = $4)
       AND (CAST($5 AS BIGINT) = 1 OR deleted_at IS NULL)
       AND (CAST($6 AS TEXT) IS NULL OR lower(name) LIKE $6 ESCAPE '\\' OR slug LIKE $6 ESCAPE '\\')
     ORDER BY created_at, id
     LIMIT $3"
);

const PAGE_BACKWARDS: &str = tenants!(
    "
     WHERE (created_at, id) < ($1, $2)
       AND (CAST($4 AS TEXT) IS NULL OR id = $4)
       AND (CAST($5 AS BIGINT) = 1 OR deleted_at IS NULL)
       AND (CAST($6 AS TEXT) IS NULL OR lower(name) LIKE $6 ESCAPE '\\' OR slug LIKE $6 ESCAPE '\\')
     ORDER BY created_at DESC, id DESC
     LIMIT $3"
);

const COUNT: &str = "
    SELECT count(*) AS total
      FROM tenants
     WHERE (CAST($1 AS TEXT) IS NULL OR id = $1)
       AND (CAST($2 AS BIGINT) = 1 OR deleted_at IS NULL)
       AND (CAST($3 AS TEXT) IS NULL OR lower(name) LIKE $3 ESCAPE '\\' OR slug LIKE $3 ESCAPE '\\')";

const LIVING: &str = "SELECT id FROM tenants WHERE deleted_at IS NULL ORDER BY created_at, id";

const EXPIRED: &str = "SELECT id FROM tenants WHERE deleted_at < $1 ORDER BY deleted_at, id";

const OTHER_NAMED: &str =
    "SELECT id FROM tenants WHERE name = $1 AND id <> $2 AND deleted_at IS NULL";

const OTHER_SLUG: &str =
    "SELECT id FROM tenants WHERE slug = $1 AND id <> $2 AND deleted_at IS NULL";

const SLUGS_LIKE: &str = "SELECT slug FROM tenants WHERE slug LIKE $1 AND deleted_at IS NULL";

const ADD: &str = "
    INSERT INTO tenants (id, slug, name, data, revision, created_at, updated_at)
    VALUES ($1, $2, $3, $4, 1, $5, $5)";

const SAVE: &str = "
    UPDATE tenants
       SET name = $2, slug = $3, data = $4, revision = $5, updated_at = $6
     WHERE id = $1";

const SET_DELETED: &str = "
    UPDATE tenants
       SET deleted_at = $2, slug = $3, revision = $4, updated_at = $5
     WHERE id = $1";

/// What belongs to a tenant in this room, in an order that leaves nothing behind, with its name.
const ERASE: &[(&str, &str)] = &[
    (
        "DELETE FROM refresh_tokens
          WHERE session_id IN (SELECT sessions.id
                                 FROM sessions
                                 JOIN users ON users.id = sessions.user_id
                                WHERE users.tenant_id = $1)",
        "refresh tokens",
    ),
    (
        "DELETE FROM access_tokens
          WHERE session_id IN (SELECT sessions.id
                                 FROM sessions
                                 JOIN users ON users.id = sessions.user_id
                                WHERE users.tenant_id = $1)",
        "access tokens",
    ),
    (
        "DELETE FROM sessions WHERE user_id IN (SELECT id FROM users WHERE tenant_id = $1)",
        "sessions",
    ),
    (
        "DELETE FROM profiles WHERE user_id IN (SELECT id FROM users WHERE tenant_id = $1)",
        "profiles",
    ),
    (
        "DELETE FROM outside_accounts
          WHERE user_id IN (SELECT id FROM users WHERE tenant_id = $1)",
        "accounts elsewhere",
    ),
    (
        "DELETE FROM former_passwords
          WHERE user_id IN (SELECT id FROM users WHERE tenant_id = $1)",
        "former passwords",
    ),
    ("DELETE FROM app_keys WHERE tenant_id = $1", "keys"),
    ("DELETE FROM users WHERE tenant_id = $1", "users"),
    ("DELETE FROM tenants WHERE id = $1", "the tenant"),
];
