//! PostgreSQL with the extension `vector` (0.8 or newer): the database of this application, or one
//! of its own.
//!
//! A space is a table of vectors in 16 bits with a graph over them. Such a graph is filtered after it
//! was walked, so that a narrow filter would get too few, and even a scan that goes on by itself
//! gives too few or not the nearest. So what passes a filter is counted first, up to a bound: below
//! it everything that passes is compared, exactly; above it the graph is walked, and goes on.

use std::fmt::Write;

use base::{ChunkId, DocumentId, Secret, TenantId};
use store::{Address, Db, Error, Options, Store, Tx, Value, params};
use tokio::sync::OnceCell;

use super::{Engine, EngineError, Filter, Metric, Point, Scored, Space, settings};

/// Its name.
pub const NAME: &str = "pgvector";

/// A graph is kept up to so many dimensions; beyond it all are compared.
const DIMENSIONS_MAX: usize = 4_000;

/// Points of one statement.
const AT_ONCE: usize = 50;

/// The oldest version whose scans go on until enough was found.
const VERSION_MIN: (u32, u32) = (0, 8);

/// A PostgreSQL server.
pub struct Pgvector {
    link: Link,
    /// Up to so many points that pass a filter are all compared.
    exact_up_to: u32,
}

enum Link {
    /// The database of this application.
    House(Store),
    /// One of its own, connected when it is first needed.
    Own { url: Secret<String>, store: OnceCell<Store> },
}

/// There is no PostgreSQL that could be it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the vector engine `pgvector` needs PostgreSQL: set PGVECTOR_URL, or let this application use it"
)]
pub struct NoPostgres;

impl Pgvector {
    /// The server that the settings name, or the database of this application. Nothing is asked of
    /// it yet.
    pub fn open(settings: &settings::Pgvector, house: &Store) -> Result<Self, NoPostgres> {
        let link = match &settings.url {
            Some(url) => Link::Own { url: url.clone(), store: OnceCell::new() },
            None if house.dialect() == store::Dialect::Postgres => Link::House(house.clone()),
            None => return Err(NoPostgres),
        };
        Ok(Self { link, exact_up_to: settings.exact_up_to })
    }

    async fn store(&self) -> Result<&Store, EngineError> {
        let (url, store) = match &self.link {
            Link::House(store) => return Ok(store),
            Link::Own { url, store } => (url, store),
        };
        let open = || async {
            let options = Options { pool_size: 8, ..Options::default() };
            let address = Address::Postgres(url.clone());
            Store::open(&address, options).await.map_err(|error| match error {
                store::OpenError::Server { .. } => EngineError::away(NAME, "no connection"),
                other => EngineError::refused(NAME, other.to_string()),
            })
        };
        store.get_or_try_init(open).await
    }

    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Db) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, EngineError> {
        self.store().await?.read(read).await.map_err(|it| EngineError::of_store(NAME, &it))
    }

    async fn write<T: Send + 'static>(
        &self,
        write: impl FnOnce(&Tx) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, EngineError> {
        let written = self.store().await?.bookkeep("keep vectors in pgvector", write).await;
        written.map_err(|it| EngineError::of_store(NAME, &it))
    }
}

#[async_trait::async_trait]
impl Engine for Pgvector {
    fn name(&self) -> &'static str {
        NAME
    }

    async fn create(&self, space: &Space) -> Result<(), EngineError> {
        let space = space.clone();
        let found = self.write(move |tx| {
            tx.hold("knowledge_pgvector")?;
            tx.execute("CREATE EXTENSION IF NOT EXISTS vector", &[])?;
            let version: String = tx
                .one("SELECT extversion FROM pg_extension WHERE extname = 'vector'", &[])?
                .get("extversion")?;
            if is_new_enough(&version) {
                for sql in tables(&space) {
                    tx.execute(sql.as_str(), &[])?;
                }
            }
            Ok(version)
        });
        let version = found.await?;
        if is_new_enough(&version) {
            Ok(())
        } else {
            Err(EngineError::refused(
                NAME,
                format!(
                    "the extension `vector` is {version}, 0.8 or newer is needed: ALTER EXTENSION vector UPDATE"
                ),
            ))
        }
    }

    async fn erase(&self, space: &Space) -> Result<(), EngineError> {
        let sql = format!("DROP TABLE IF EXISTS {}", space.name);
        self.write(move |tx| tx.execute(sql.as_str(), &[]).map(drop)).await
    }

    async fn upsert(&self, space: &Space, points: &[Point]) -> Result<(), EngineError> {
        let statements: Vec<(String, Vec<Value>)> =
            points.chunks(AT_ONCE).map(|it| insertion(space, it)).collect();
        self.write(move |tx| {
            for (sql, given) in &statements {
                tx.execute(sql.as_str(), given)?;
            }
            Ok(())
        })
        .await
    }

    async fn retain(
        &self,
        space: &Space,
        tenant: TenantId,
        document: DocumentId,
        kept: &[ChunkId],
    ) -> Result<(), EngineError> {
        let sql = format!(
            "DELETE FROM {} WHERE tenant = $1 AND document = $2
                AND NOT (chunk = ANY (CAST($3 AS TEXT[])))",
            space.name
        );
        let given = params![tenant, document, array(kept)];
        self.write(move |tx| tx.execute(sql.as_str(), &given).map(drop)).await
    }

    async fn search(
        &self,
        space: &Space,
        query: &[f32],
        filter: &Filter,
        most: usize,
    ) -> Result<Vec<Scored>, EngineError> {
        if filter.is_empty() || most == 0 || query.len() != space.dimensions {
            return Ok(Vec::new());
        }
        let (space, filter, query) = (space.clone(), filter.clone(), vector(query));
        let narrow = i64::from(self.exact_up_to);
        self.read(move |db| nearest(db, &space, &query, &filter, most, narrow)).await
    }

    async fn count(&self, space: &Space) -> Result<u64, EngineError> {
        let sql = format!("SELECT count(*) AS points FROM {}", space.name);
        self.read(move |db| db.one(sql.as_str(), &[])?.get("points")).await
    }

    async fn health(&self) -> Result<(), EngineError> {
        self.store().await?.ping().await.map_err(|it| EngineError::of_store(NAME, &it))
    }
}

fn nearest(
    db: &Db,
    space: &Space,
    query: &str,
    filter: &Filter,
    most: usize,
    narrow: i64,
) -> Result<Vec<Scored>, Error> {
    let (table, by) = (&space.name, operator(space));
    let (wheres, mut given) = conditions(filter);
    let counted = format!(
        "SELECT count(*) AS passing FROM (SELECT 1 FROM {table} WHERE {wheres} LIMIT {}) found",
        narrow + 1
    );
    let passing: i64 = db.one(counted.as_str(), &given)?.get("passing")?;
    let query_at = given.len() + 1;
    given.push(query.into());
    let distance = format!("vector {by} CAST(${query_at} AS halfvec)");
    let sql = if passing <= narrow {
        // The sum keeps the graph out of it.
        format!(
            "SELECT chunk, CAST({distance} AS DOUBLE PRECISION) AS distance FROM {table}
              WHERE {wheres} ORDER BY ({distance}) + 0, chunk LIMIT {most}"
        )
    } else {
        for setting in walking(most) {
            db.query(setting.as_str(), &[])?;
        }
        // Some more than wanted: a scan that goes on gives them nearly in order.
        format!(
            "WITH near AS MATERIALIZED (
                 SELECT chunk, {distance} AS distance FROM {table}
                  WHERE {wheres} ORDER BY {distance} LIMIT {wide})
             SELECT chunk, CAST(distance AS DOUBLE PRECISION) AS distance FROM near
              ORDER BY near.distance, chunk LIMIT {most}",
            wide = most + most / 2 + 10
        )
    };
    let rows = db.query(sql.as_str(), &given)?;
    rows.iter()
        .map(|row| {
            let distance: f64 = row.get("distance")?;
            let score = match space.metric {
                Metric::Cosine => 1.0 - distance,
                // The operator gives it negated.
                Metric::InnerProduct => -distance,
            };
            Ok(Scored { chunk: row.get("chunk")?, score: score as f32 })
        })
        .collect()
}

/// How the graph is walked, for as long as the transaction lasts.
fn walking(most: usize) -> [String; 4] {
    [
        "SET LOCAL hnsw.iterative_scan = relaxed_order".to_owned(),
        format!("SET LOCAL hnsw.ef_search = {}", (2 * most).clamp(128, 1_000)),
        "SET LOCAL hnsw.max_scan_tuples = 100000".to_owned(),
        "SET LOCAL hnsw.scan_mem_multiplier = 4".to_owned(),
    ]
}

fn operator(space: &Space) -> &'static str {
    match space.metric {
        Metric::Cosine => "<=>",
        Metric::InnerProduct => "<#>",
    }
}

/// The table of a space. Its name is made of letters and digits by us.
fn tables(space: &Space) -> Vec<String> {
    let (table, dimensions) = (&space.name, space.dimensions);
    let operators = match space.metric {
        Metric::Cosine => "halfvec_cosine_ops",
        Metric::InnerProduct => "halfvec_ip_ops",
    };
    let mut all = vec![
        format!(
            "CREATE TABLE IF NOT EXISTS {table} (
                 chunk    TEXT   NOT NULL PRIMARY KEY,
                 document TEXT   NOT NULL,
                 tenant   TEXT   NOT NULL,
                 labels   TEXT[] NOT NULL,
                 vector   HALFVEC({dimensions}) NOT NULL)"
        ),
        format!("CREATE INDEX IF NOT EXISTS {table}_of ON {table} (tenant, document)"),
        format!("CREATE INDEX IF NOT EXISTS {table}_labels ON {table} USING gin (labels)"),
    ];
    if dimensions <= DIMENSIONS_MAX {
        all.push(format!(
            "CREATE INDEX IF NOT EXISTS {table}_near ON {table}
              USING hnsw (vector {operators}) WITH (m = 16, ef_construction = 128)"
        ));
    }
    all
}

fn insertion(space: &Space, points: &[Point]) -> (String, Vec<Value>) {
    let mut sql =
        format!("INSERT INTO {} (chunk, document, tenant, labels, vector) VALUES ", space.name);
    let mut given = Vec::with_capacity(points.len() * 5);
    for (at, point) in points.iter().enumerate() {
        let [a, b, c, d, e] = [1, 2, 3, 4, 5].map(|it| at * 5 + it);
        let comma = if at == 0 { "" } else { ", " };
        // Writing to a string does not fail.
        let _ =
            write!(sql, "{comma}(${a}, ${b}, ${c}, CAST(${d} AS TEXT[]), CAST(${e} AS halfvec))");
        given.extend(params![
            point.chunk,
            point.document,
            point.tenant,
            array(&point.labels),
            vector(&point.vector)
        ]);
    }
    sql.push_str(
        " ON CONFLICT (chunk) DO UPDATE SET document = excluded.document,
             tenant = excluded.tenant, labels = excluded.labels, vector = excluded.vector",
    );
    (sql, given)
}

fn conditions(filter: &Filter) -> (String, Vec<Value>) {
    let mut given = vec![filter.tenant.into()];
    let mut all = vec!["tenant = $1".to_owned()];
    if let Some(documents) = &filter.documents {
        given.push(array(documents).into());
        all.push(format!("document = ANY (CAST(${} AS TEXT[]))", given.len()));
    }
    for group in &filter.groups {
        given.push(array(group).into());
        all.push(format!("labels && CAST(${} AS TEXT[])", given.len()));
    }
    (all.join(" AND "), given)
}

/// A list in PostgreSQL's notation. Ids and labels hold nothing that would have to be quoted.
fn array(items: &[impl ToString]) -> String {
    let items: Vec<String> = items.iter().map(ToString::to_string).collect();
    format!("{{{}}}", items.join(","))
}

/// A vector in its own notation.
fn vector(numbers: &[f32]) -> String {
    let mut text = String::with_capacity(numbers.len() * 12 + 2);
    text.push('[');
    for (at, number) in numbers.iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        let _ = write!(text, "{number}");
    }
    text.push(']');
    text
}

fn is_new_enough(version: &str) -> bool {
    let mut numbers = version.split('.').map_while(|it| it.parse::<u32>().ok());
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) >= VERSION_MIN
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_compared_by_its_numbers() {
        for (version, expected) in [
            ("0.8.0", true),
            ("0.8", true),
            ("0.10.1", true),
            ("1.0", true),
            ("0.7.4", false),
            ("", false),
        ] {
            assert_eq!(is_new_enough(version), expected, "{version}");
        }
    }

    #[test]
    fn lists_and_vectors_are_written_in_their_notation() {
        assert_eq!(array(&["own:usr_a", "shared"]), "{own:usr_a,shared}");
        assert_eq!(array(&Vec::<String>::new()), "{}");
        assert_eq!(vector(&[0.5, -1.0, 0.000_001]), "[0.5,-1,0.000001]");
    }
}
