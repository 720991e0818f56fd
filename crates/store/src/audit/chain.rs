//! How a row is bound to the one before it, and how rows are added at a commit.

use std::{collections::BTreeMap, collections::btree_map, fmt::Write};

use base::TenantId;
use sha2::{Digest, Sha256};

use super::Entry;
use crate::{Dialect, Error, Sql, Tx, Value, params};

/// The columns of `audit_log` that are hashed, in the order of the hash. New columns go to the end
/// and need a new [`FORMAT`].
pub(super) const FIELDS: [&str; 15] = [
    "tenant",
    "seq",
    "at",
    "actor",
    "address",
    "request_id",
    "action",
    "subject",
    "record",
    "version",
    "summary",
    "before",
    "after",
    "why",
    "tokens_used",
];

const COLUMNS: &[&str] = &[
    "tenant",
    "seq",
    "at",
    "actor",
    "address",
    "request_id",
    "action",
    "subject",
    "record",
    "version",
    "summary",
    "before",
    "after",
    "why",
    "tokens_used",
    "prev_hash",
    "hash",
];

/// What is hashed first, so that no other data has the same hash.
const FORMAT: &[u8] = b"mainstay audit row 1";

/// The hash before the first row.
pub(super) const START: &str = "";

/// The hash of a row: SHA-256 over the fields, each with its kind and its length, and the hash of
/// the row before.
pub(super) fn hash<'a>(fields: impl IntoIterator<Item = &'a Value>, prev_hash: &str) -> String {
    let mut digest = Sha256::new();
    let mut part = |kind: u8, bytes: &[u8]| {
        digest.update([kind]);
        digest.update((bytes.len() as u64).to_be_bytes());
        digest.update(bytes);
    };
    part(b'f', FORMAT);
    for field in fields {
        match field {
            Value::Null => part(b'n', &[]),
            Value::Int(number) => part(b'i', &number.to_be_bytes()),
            Value::Real(number) => part(b'r', &number.to_be_bytes()),
            Value::Text(text) => part(b't', text.as_bytes()),
            Value::Blob(bytes) => part(b'b', bytes),
        }
    }
    part(b'p', prev_hash.as_bytes());
    let mut text = String::with_capacity(64);
    for byte in digest.finalize() {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// PostgreSQL: makes the row if need be, and locks it until the end of the transaction.
/// SQLite: there is one writer, and the group's lock is held already.
const LOCK_HEAD: Sql<'_> = Sql {
    sqlite: "SELECT seq, hash FROM audit_heads WHERE tenant = $1",
    postgres: "
        INSERT INTO audit_heads (tenant, seq, hash) VALUES ($1, 0, '')
        ON CONFLICT (tenant) DO UPDATE SET seq = audit_heads.seq
        RETURNING seq, hash",
};

const SET_HEAD: &str = "
    INSERT INTO audit_heads (tenant, seq, hash) VALUES ($1, $2, $3)
    ON CONFLICT (tenant) DO UPDATE SET seq = excluded.seq, hash = excluded.hash";

const APPEND: &str = "
    INSERT INTO audit_log (tenant, seq, at, actor, address, request_id, action, subject, record,
                           version, summary, before, after, why, tokens_used, prev_hash, hash)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)";

/// The ends of the chains that a commit makes longer. On SQLite all members of a group share one:
/// the file's write lock is held for all of it, so nobody else moves them.
#[derive(Default)]
pub(crate) struct Heads(BTreeMap<TenantId, Head>);

#[derive(Clone)]
struct Head {
    seq: i64,
    hash: String,
}

impl Heads {
    /// Adds rows to the ends of their chains. When it fails, the heads are as before.
    pub(crate) fn append(&mut self, tx: &Tx, entries: Vec<Entry>) -> Result<(), Error> {
        let (Some(act), false) = (tx.act(), entries.is_empty()) else { return Ok(()) };
        let mut moved: BTreeMap<TenantId, Head> = BTreeMap::new();
        // In the order of the tenants, so that two commits never wait for each other in a ring.
        let tenants: std::collections::BTreeSet<TenantId> =
            entries.iter().map(|it| it.tenant).collect();
        for tenant in tenants {
            let head = match self.0.get(&tenant) {
                Some(head) => head.clone(),
                None => load(tx, tenant)?,
            };
            moved.insert(tenant, head);
        }
        let actor = act.actor.to_string();
        let address = act.actor.address.map(|it| it.to_string());
        let mut rows = Vec::with_capacity(entries.len());
        for entry in entries {
            let btree_map::Entry::Occupied(mut head) = moved.entry(entry.tenant) else {
                unreachable!("the heads of all tenants were loaded above")
            };
            let head = head.get_mut();
            head.seq += 1;
            let mut row: Vec<Value> = Vec::with_capacity(COLUMNS.len());
            row.extend(params![
                entry.tenant,
                head.seq,
                act.now,
                actor.as_str(),
                &address,
                &act.actor.request_id,
                entry.action,
                entry.subject,
                entry.record,
                entry.version,
                entry.summary,
                entry.before,
                entry.after,
                entry.why,
                entry.tokens_used,
            ]);
            let next = hash(&row, &head.hash);
            let prev = std::mem::replace(&mut head.hash, next);
            row.extend(params![prev, head.hash.as_str()]);
            rows.push(row);
        }
        if rows.len() == 1 || tx.dialect() == Dialect::Sqlite {
            for row in &rows {
                tx.execute(APPEND, row)?;
            }
        } else {
            tx.insert_many("audit_log", COLUMNS, rows)?;
        }
        self.0.append(&mut moved);
        Ok(())
    }

    /// Writes the heads down: the last thing before the commit.
    pub(crate) fn write(&self, tx: &Tx) -> Result<(), Error> {
        for (tenant, head) in &self.0 {
            tx.execute(SET_HEAD, &params![tenant, head.seq, head.hash.as_str()])?;
        }
        Ok(())
    }
}

fn load(tx: &Tx, tenant: TenantId) -> Result<Head, Error> {
    match tx.first(LOCK_HEAD, &params![tenant])? {
        Some(row) => Ok(Head { seq: row.get("seq")?, hash: row.get("hash")? }),
        None => Ok(Head { seq: 0, hash: START.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moving_a_letter_to_the_next_field_changes_the_hash() {
        let one = hash(&params!["ab", "c"], START);
        assert_ne!(one, hash(&params!["a", "bc"], START));
        assert_ne!(one, hash(&params!["ab", "c", Value::Null], START));
        assert_ne!(one, hash(&params!["ab", "c"], &one));
    }

    #[test]
    fn the_hash_of_a_row_stays_what_it_was() {
        let row = params!["t", 1, Value::Null];
        assert_eq!(
            hash(&row, START),
            "53dea09bff593264e913dc3ca48fa4acb57c0eccd704b93eabc462cb53855aff"
        );
    }
}
