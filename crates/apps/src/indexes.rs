//! Indexes that an application's description asks for: `unique` and `filters` become real ones.
//!
//! They lie over expressions of `records.data`, hold living records of one collection only, and start
//! with the scope of that collection: the version, the parent or the tenant. [`reconcile`] makes the
//! missing ones and drops those no longer declared; it touches no index that it did not make.
//!
//! Start at [`reconcile`]. A query finds its index only when it writes the field as [`expression`]
//! does and names the collection as a literal ([`text`]).

use std::collections::BTreeMap;

use base::{RecordId, TenantId};
use sha2::{Digest, Sha256};
use store::{Dialect, Tx, audit, params};

use crate::record::{CollectionKit, Kits, Place};

/// Why the declared indexes could not be made.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// Living records break a rule that was declared after them.
    #[error(
        "collection `{collection}` declares unique [{}], but records share these values already: {}; \
         change or delete them, or take the rule out of app.yaml",
        fields.join(", "),
        repeats.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    )]
    NotUnique {
        /// The collection.
        collection: String,
        /// The fields declared unique together.
        fields: Vec<String>,
        /// The first of the repeats, at most five.
        repeats: Vec<Repeat>,
    },
    /// Two declared indexes would have the same name.
    #[error(
        "the declared indexes over {first} and over {second} would both be called `{name}`; \
         rename a collection or a field"
    )]
    SameName {
        /// The name.
        name: String,
        /// One of them: collection and fields.
        first: String,
        /// The other.
        second: String,
    },
    /// The database did not take it.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl IndexError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotUnique { .. } | Self::SameName { .. } => "misconfigured",
            Self::Store(error) => crate::record::store_code(error),
        }
    }
}

/// Values that several records share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repeat {
    /// The values, in the order of the fields.
    pub values: Vec<String>,
    /// How many records share them.
    pub count: i64,
    /// The first and the last of these records.
    pub records: [RecordId; 2],
}

impl std::fmt::Display for Repeat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [first, last] = &self.records;
        write!(f, "`{}` in {} records ({first} … {last})", self.values.join("`, `"), self.count)
    }
}

/// What reconciling changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reconciled {
    /// Indexes made.
    pub made: Vec<String>,
    /// Indexes dropped.
    pub dropped: Vec<String>,
}

/// Makes the declared indexes true. Call it at start, inside a write of the house.
///
/// # Errors
/// [`IndexError::NotUnique`] names the records that break a new rule; nothing is changed then.
pub fn reconcile(tx: &Tx, kits: &Kits) -> Result<Reconciled, IndexError> {
    tx.hold("record_indexes")?;
    let mut wanted: BTreeMap<String, Index> = BTreeMap::new();
    for index in kits.iter().flat_map(declared) {
        if let Some(other) = wanted.get(&index.name) {
            let (name, first, second) =
                (index.name.clone(), other.place_name(), index.place_name());
            return Err(IndexError::SameName { name, first, second });
        }
        wanted.insert(index.name.clone(), index);
    }
    let known: BTreeMap<String, String> = tx
        .query("SELECT name, definition FROM record_indexes", &[])?
        .into_iter()
        .map(|row| Ok((row.get("name")?, row.get("definition")?)))
        .collect::<Result<_, store::Error>>()?;

    let mut changes = Reconciled::default();
    for (name, definition) in &known {
        let stays = wanted.get(name).is_some_and(|it| it.definition(tx.dialect()) == *definition);
        if !stays {
            tx.execute(format!("DROP INDEX IF EXISTS {name}").as_str(), &[])?;
            tx.execute("DELETE FROM record_indexes WHERE name = $1", &params![name])?;
            changes.dropped.push(name.clone());
        }
    }
    for (name, index) in &wanted {
        let definition = index.definition(tx.dialect());
        if known.get(name) == Some(&definition) {
            continue;
        }
        if index.kind == Kind::Unique {
            let repeats = index.repeats(tx)?;
            if !repeats.is_empty() {
                let collection = index.collection.clone();
                return Err(IndexError::NotUnique {
                    collection,
                    fields: index.fields.clone(),
                    repeats,
                });
            }
        }
        tx.execute(definition.as_str(), &[])?;
        tx.execute(
            "INSERT INTO record_indexes (name, definition) VALUES ($1, $2)",
            &params![name, definition],
        )?;
        changes.made.push(name.clone());
    }
    if changes != Reconciled::default() {
        tx.audit(audit::Entry::new(
            TenantId::DEFAULT,
            "indexes_reconciled",
            "indexes".to_owned(),
            format!("Made {} indexes, dropped {}", changes.made.len(), changes.dropped.len()),
        ));
    }
    Ok(changes)
}

/// A field of `data` as an SQL expression of type text: what indexes hold and what queries must
/// write to use them. `table` is the alias of `records`, or empty.
///
/// True and false are `1` and `0` in SQLite and `true` and `false` in PostgreSQL.
pub fn expression(dialect: Dialect, table: &str, field: &str) -> String {
    let data = if table.is_empty() { "data".to_owned() } else { format!("{table}.data") };
    match dialect {
        Dialect::Sqlite => {
            let path: String =
                field.split('.').map(|it| format!(".\"{}\"", it.replace('"', ""))).collect();
            format!("CAST({data} ->> {} AS TEXT)", text(&format!("${path}")))
        }
        Dialect::Postgres => match field.split_once('.') {
            None => format!("({data} ->> {})", text(field)),
            Some(_) => {
                let path: Vec<String> =
                    field.split('.').map(|it| format!("\"{}\"", it.replace('"', ""))).collect();
                format!("({data} #>> {})", text(&format!("{{{}}}", path.join(","))))
            }
        },
    }
}

/// A text as an SQL literal.
pub fn text(text: &str) -> String {
    format!("'{}'", text.replace('\0', "").replace('\'', "''"))
}

/// The name of the index over these fields of a collection.
pub fn name(collection: &str, fields: &[String]) -> String {
    let whole = format!("records_{collection}_{}", fields.join("_")).to_lowercase();
    let plain: String =
        whole.chars().map(|it| if it.is_ascii_alphanumeric() { it } else { '_' }).collect();
    // PostgreSQL cuts names at 63 bytes; a cut name could be that of another index.
    let is_taken = RESERVED.contains(&plain.as_str());
    if plain.len() <= 55 && whole.is_ascii() && !is_taken {
        return plain;
    }
    let hash = hex::encode(&Sha256::digest(whole.as_bytes())[..4]);
    format!("{}_{hash}", &plain[..plain.len().min(50)])
}

/// Names of the indexes that the migrations made.
const RESERVED: [&str; 6] = [
    "records_tenant_collection",
    "records_parent_collection",
    "records_version_position",
    "records_version_lineage",
    "records_deleted_at",
    "records_words",
];

struct Index {
    name: String,
    collection: String,
    fields: Vec<String>,
    place: Place,
    kind: Kind,
}

/// What an index is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// No two records have the same values.
    Unique,
    /// Lists are narrowed by it.
    Filter,
    /// The records of one owner in a tenant, wherever they lie: the field is `created_by` or one of the
    /// data.
    Owner,
}

fn declared(kit: &CollectionKit) -> Vec<Index> {
    let index = |fields: &[String], kind| Index {
        name: name(&kit.name, fields),
        collection: kit.name.clone(),
        fields: fields.to_vec(),
        place: kit.place.clone(),
        kind,
    };
    let unique =
        kit.spec.unique.iter().filter(|it| !it.is_empty()).map(|it| index(it, Kind::Unique));
    // A field that is unique on its own has an index that also filters.
    let filters = kit
        .spec
        .filters
        .iter()
        .map(std::slice::from_ref)
        .filter(|it| !kit.spec.unique.iter().any(|unique| unique == it))
        .map(|it| index(it, Kind::Filter));
    let owners = kit.owners.iter().map(|owner| Index {
        name: name(&kit.name, &["owned_by".to_owned(), owner.clone()]),
        ..index(std::slice::from_ref(owner), Kind::Owner)
    });
    unique.chain(filters).chain(owners).collect()
}

impl Index {
    fn place_name(&self) -> String {
        format!("`{}` [{}]", self.collection, self.fields.join(", "))
    }

    fn scope(&self) -> &'static str {
        match (self.kind, &self.place) {
            (Kind::Owner, _) | (_, Place::Tenant) => "tenant",
            (_, Place::Parent(_)) => "parent",
            (_, Place::Version(_)) => "version",
        }
    }

    fn expressions(&self, dialect: Dialect) -> Vec<String> {
        let is_column = |it: &str| self.kind == Kind::Owner && it == "created_by";
        let written = self.fields.iter().map(|it| match is_column(it) {
            true => it.clone(),
            false => expression(dialect, "", it),
        });
        written.collect()
    }

    fn definition(&self, dialect: Dialect) -> String {
        let Self { name, collection, .. } = self;
        let order = match (self.kind, &self.place) {
            (Kind::Unique, _) => "",
            (Kind::Owner, _) | (Kind::Filter, Place::Tenant) => ", created_at, id",
            (Kind::Filter, Place::Parent(_) | Place::Version(_)) => ", position, id",
        };
        format!(
            "CREATE {unique}INDEX {name} ON records ({scope}, {fields}{order}) \
             WHERE collection = {collection} AND deleted_at IS NULL",
            unique = if self.kind == Kind::Unique { "UNIQUE " } else { "" },
            scope = self.scope(),
            fields = self.expressions(dialect).join(", "),
            collection = text(collection),
        )
    }

    fn repeats(&self, tx: &Tx) -> Result<Vec<Repeat>, store::Error> {
        let fields = self.expressions(tx.dialect());
        let named: Vec<String> =
            fields.iter().enumerate().map(|(at, it)| format!("{it} AS value_{at}")).collect();
        let there: Vec<String> = fields.iter().map(|it| format!("{it} IS NOT NULL")).collect();
        let sql = format!(
            "SELECT {named}, count(*) AS shared_by, min(id) AS first_id, max(id) AS last_id
               FROM records
              WHERE collection = {collection} AND deleted_at IS NULL AND {there}
              GROUP BY {scope}, {fields}
             HAVING count(*) > 1
              ORDER BY min(id)
              LIMIT 5",
            named = named.join(", "),
            collection = text(&self.collection),
            there = there.join(" AND "),
            scope = self.scope(),
            fields = fields.join(", "),
        );
        tx.query(sql.as_str(), &[])?
            .iter()
            .map(|row| {
                let values = (0..fields.len()).map(|at| row.get(&format!("value_{at}")));
                Ok(Repeat {
                    values: values.collect::<Result<_, _>>()?,
                    count: row.get("shared_by")?,
                    records: [row.get("first_id")?, row.get("last_id")?],
                })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::fixture::{self, Fixture};

    #[test]
    fn a_field_is_written_in_the_way_of_each_database() {
        let check = |field, sqlite: &str, postgres: &str| {
            assert_eq!(expression(Dialect::Sqlite, "r", field), sqlite);
            assert_eq!(expression(Dialect::Postgres, "r", field), postgres);
        };
        check("code", r#"CAST(r.data ->> '$."code"' AS TEXT)"#, "(r.data ->> 'code')");
        check(
            "metadata.unit",
            r#"CAST(r.data ->> '$."metadata"."unit"' AS TEXT)"#,
            r#"(r.data #>> '{"metadata","unit"}')"#,
        );
        check("it's", r#"CAST(r.data ->> '$."it''s"' AS TEXT)"#, "(r.data ->> 'it''s')");
    }

    testkit::on_both! {
        async fn indexes_follow_the_description(db: testkit::Database) {
            let house = Fixture::on(db).await;
            let again = house.write(&house.house(), |tx, kits, _| reconcile(tx, kits)).await;
            assert_eq!(again.expect("nothing is to be done"), Reconciled::default());

            let mut changed = fixture::description();
            let shelves = changed.collections.get_mut("shelves").expect("declared");
            shelves.filters = vec!["kind".into()];
            shelves.unique = vec![vec!["name".into()]];
            let kits = Arc::new(fixture::kits(&changed));
            let done = house.write(&house.house(), move |tx, _, _| reconcile(tx, &kits)).await;
            let done = done.expect("they are reconciled");
            assert_eq!(done.made, ["records_shelves_name"]);
            assert_eq!(done.dropped, ["records_shelves_is_open", "records_shelves_name_kind"]);
            house.record("shelves", json!({"name": "A", "kind": "wood"})).await;
        }

        async fn a_new_rule_that_records_break_is_refused_and_names_them(db: testkit::Database) {
            let house = Fixture::on(db).await;
            let first = house.record("shelves", json!({"name": "A", "kind": "wood"})).await;
            let last = house.record("shelves", json!({"name": "A", "kind": "steel"})).await;
            house.record("shelves", json!({"name": "B"})).await;
            let mut changed = fixture::description();
            let shelves = changed.collections.get_mut("shelves").expect("declared");
            shelves.unique.push(vec!["name".into()]);
            let kits = Arc::new(fixture::kits(&changed));
            let refused = house.write(&house.house(), move |tx, _, _| reconcile(tx, &kits)).await;
            let refused = refused.expect_err("two shelves are called A");
            assert_eq!(refused.code(), "misconfigured");
            let said = refused.to_string();
            assert!(said.contains("`A` in 2 records"), "{said}");
            assert!(said.contains(&first.id.to_string()) && said.contains(&last.id.to_string()), "{said}");
            let again = house.write(&house.house(), |tx, kits, _| reconcile(tx, kits)).await;
            assert_eq!(again.expect("nothing was changed"), Reconciled::default());
        }

        async fn two_indexes_of_one_name_are_refused(db: testkit::Database) {
            let house = Fixture::on(db).await;
            let mut changed = fixture::description();
            let books = changed.collections.get_mut("books").expect("declared");
            books.filters.push("metadata_unit".into());
            let kits = Arc::new(fixture::kits(&changed));
            let refused = house.write(&house.house(), move |tx, _, _| reconcile(tx, &kits)).await;
            let said = refused.expect_err("both would be records_books_metadata_unit").to_string();
            assert!(said.contains("[metadata.unit]") && said.contains("[metadata_unit]"), "{said}");
        }

        async fn a_list_over_all_tenants_is_read_in_its_order(db: testkit::Database) {
            let house = Fixture::on(db).await;
            for n in 0..200 {
                house.record("shelves", json!({"name": format!("{n}")})).await;
            }
            house.db.raw("ANALYZE records").await;
            let sql = "SELECT r.id FROM records r
                        WHERE r.collection = 'shelves' AND r.version IS NULL AND r.deleted_at IS NULL
                        ORDER BY r.created_at DESC, r.id DESC LIMIT 5";
            let said = explained(&house, sql.to_owned()).await;
            assert!(said.contains("records_collection"), "{said}");
            assert!(!said.contains("TEMP B-TREE") && !said.contains("Sort"), "{said}");
        }

        async fn a_filter_and_a_place_are_read_from_an_index(db: testkit::Database) {
            let house = Fixture::on(db).await;
            let shelf = house.shelf("A").await;
            let books: Vec<_> =
                (0..500).map(|it| json!({"label": "x", "topic": format!("{}", it % 50)})).collect();
            let version = house.active(shelf.id, &books).await.id;
            house.db.raw("ANALYZE records").await;
            let dialect = house.store.dialect();
            let sql = format!(
                "SELECT r.id FROM records r
                  WHERE r.collection = 'books' AND r.version = '{version}' AND r.deleted_at IS NULL
                    AND {} = '7' AND (r.position, r.id) > (0, '')
                  ORDER BY r.position, r.id LIMIT 5",
                expression(dialect, "r", "topic"),
            );
            let said = explained(&house, sql).await;
            assert!(said.contains("records_books_topic"), "{said}");
            // PostgreSQL rather sorts ten rows than keeps to an order.
            assert!(!said.contains("TEMP B-TREE"), "{said}");
        }
    }

    /// How the database would read this, in its words.
    async fn explained(house: &Fixture, sql: String) -> String {
        let plan = house.store.read(move |db| {
            let (explain, column) = match db.dialect() {
                Dialect::Sqlite => ("EXPLAIN QUERY PLAN", "detail"),
                Dialect::Postgres => ("EXPLAIN", "QUERY PLAN"),
            };
            let lines = db.query(&format!("{explain} {sql}"), &[])?;
            lines
                .iter()
                .map(|it| it.get::<String>(column))
                .collect::<Result<Vec<_>, store::Error>>()
        });
        plan.await.expect("it is explained").join("\n")
    }

    #[test]
    fn a_name_fits_both_databases_and_stays_apart_from_the_others() {
        let fields = |names: &[&str]| names.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        assert_eq!(name("codebooks", &fields(&["name", "type"])), "records_codebooks_name_type");
        assert_eq!(name("items", &fields(&["metadata.unit"])), "records_items_metadata_unit");
        let long =
            name("items", &fields(&["a_very_long_name_of_a_field", "and_another_long_name"]));
        assert!(long.len() < 63, "{long}");
        assert_ne!(name("tenant", &fields(&["collection"])), "records_tenant_collection");
    }
}
