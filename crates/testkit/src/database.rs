//! A database for one test: a file in a temporary folder, or a database of its own on the server.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use base::Secret;
use store::{Address, Migration, Options, Store, migrate};
use tempfile::TempDir;
use tokio_postgres::NoTls;

/// A database of a test. A clone is the same database.
#[derive(Clone)]
pub struct Database {
    place: Arc<Place>,
}

enum Place {
    Sqlite { folder: TempDir },
    Postgres { server: String, name: String },
}

impl Database {
    /// A SQLite file that does not exist yet.
    pub fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        Self { place: Arc::new(Place::Sqlite { folder }) }
    }

    /// An empty database on the server at this address.
    pub async fn postgres(server: &str) -> Self {
        let name = format!("test_{}", base::RecordId::generate().uuid().as_simple());
        // The second template has no connections that would be in the way.
        postgres_script(server, &format!("CREATE DATABASE {name} TEMPLATE template0")).await;
        Self { place: Arc::new(Place::Postgres { server: server.to_owned(), name }) }
    }

    /// The database, open, with the tables of `store` and of these rooms.
    pub async fn migrated(&self, migrations: &[&[Migration]]) -> Store {
        let store = self.open(Options::default()).await;
        let rooms = migrations.iter().copied().flatten();
        let all: BTreeMap<&str, Migration> =
            store::MIGRATIONS.iter().chain(rooms).map(|it| (it.name, *it)).collect();
        let all: Vec<Migration> = all.into_values().collect();
        let ran = migrate::up(&store, &all, crate::moment(crate::START)).await;
        if let Err(error) = ran {
            panic!("the migrations run on an empty database: {error}: {error:?}");
        }
        store
    }

    /// The database, open as it is.
    pub async fn open(&self, options: Options) -> Store {
        Store::open(&self.address(), options).await.expect("the database of a test opens")
    }

    /// Closes the database and opens it again, as a restart does.
    pub async fn reopen(&self, store: Store) -> Store {
        store.close().await;
        self.open(Options::default()).await
    }

    /// Where it is.
    pub fn address(&self) -> Address {
        match &*self.place {
            Place::Sqlite { folder } => Address::Sqlite(file(folder.path())),
            Place::Postgres { .. } => Address::Postgres(Secret::new(self.url())),
        }
    }

    /// A folder that lives as long as the database, when it is SQLite.
    pub fn folder(&self) -> Option<&Path> {
        match &*self.place {
            Place::Sqlite { folder } => Some(folder.path()),
            Place::Postgres { .. } => None,
        }
    }

    /// Is it PostgreSQL?
    pub fn is_postgres(&self) -> bool {
        matches!(*self.place, Place::Postgres { .. })
    }

    /// Runs a script behind the store's back, as somebody with the file or the password could.
    pub async fn raw(&self, script: &str) {
        match &*self.place {
            Place::Sqlite { folder } => rusqlite::Connection::open(file(folder.path()))
                .and_then(|it| it.execute_batch(script))
                .expect("the script of a test runs"),
            Place::Postgres { .. } => postgres_script(&self.url(), script).await,
        }
    }

    /// Ends all connections of the server to this database, as a restart of the server does.
    pub async fn disconnect_all(&self) {
        if let Place::Postgres { server, name } = &*self.place {
            let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname =";
            postgres_script(server, &format!("{end} '{name}'")).await;
        }
    }

    /// Takes the database away; a file goes with the last clone.
    pub(crate) async fn remove(self) {
        if let Place::Postgres { server, name } = &*self.place {
            postgres_script(server, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
        }
    }

    /// The server's address with this database's name in it.
    fn url(&self) -> String {
        match &*self.place {
            Place::Sqlite { .. } => unreachable!("a file has no server"),
            Place::Postgres { server, name } => {
                let (address, options) = server.split_once('?').unwrap_or((server, ""));
                let scheme = address.find("://").map_or(0, |it| it + 3);
                let end = address[scheme..].find('/').map_or(address.len(), |it| scheme + it);
                let question = if options.is_empty() { "" } else { "?" };
                format!("{}/{name}{question}{options}", &address[..end])
            }
        }
    }
}

fn file(folder: &Path) -> PathBuf {
    folder.join("test.db")
}

async fn postgres_script(url: &str, script: &str) {
    let connected = tokio_postgres::connect(url, NoTls).await;
    let (client, connection) = connected.expect("the PostgreSQL server of the tests answers");
    #[expect(clippy::disallowed_methods, reason = "it ends with the client, three lines down")]
    let driver = tokio::spawn(connection);
    let ran = client.batch_execute(script).await;
    drop(client);
    let _ = driver.await;
    ran.expect("the script of a test runs");
}
