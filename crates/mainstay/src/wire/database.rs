//! The database of a site: opened as its documents and the environment say, and refused where its tables
//! are of another version.

use std::fs;

use anyhow::Context;
use apps::configuration::version::FILE;
use store::{Address, Store, migrate};

use super::{Site, blobs, document, migrations};

impl Site {
    /// Is there a database that could be asked without making one?
    pub(crate) fn has_database(&self) -> bool {
        match &self.address {
            Address::Sqlite(path) => path.is_file(),
            Address::Postgres(_) => true,
        }
    }

    /// Opens the database.
    pub(crate) async fn open(&self) -> anyhow::Result<Store> {
        fs::create_dir_all(&self.data)
            .with_context(|| format!("cannot make the data folder {}", self.data.display()))?;
        self.remember()?;
        let mut options = self.database_settings()?.options();
        if let Some(size) = self.environment.get("MAINSTAY_POOL_SIZE") {
            options.pool_size = size.parse().context("MAINSTAY_POOL_SIZE is not a number")?;
        }
        if self.environment.get("MAINSTAY_DURABILITY").is_some_and(|it| it == "normal") {
            options.durability = store::Durability::Normal;
        }
        options.blobs = blobs::settings(self)?;
        Ok(Store::open(&self.address, options).await?)
    }

    /// How the database is used. A folder with faults says nothing here: whoever needs the whole of it
    /// tells them.
    fn database_settings(&self) -> anyhow::Result<store::Settings> {
        match self.folder() {
            Ok(folder) => Ok(document(&folder, "database")?.unwrap_or_default()),
            Err(_) => Ok(store::Settings::default()),
        }
    }

    /// Opens the database and refuses one of another version.
    pub(crate) async fn open_checked(&self) -> anyhow::Result<Store> {
        let store = self.open().await?;
        migrate::check(&store, &migrations()).await?;
        Ok(store)
    }

    /// The same, with the versions of documents that are in force. Where they say something of the database
    /// itself, it is opened anew as they say.
    pub(crate) async fn open_settled(&self) -> anyhow::Result<Store> {
        let was_settled = self.settled.get().is_some();
        let store = self.open_checked().await?;
        let documents = self.settle(&store).await?.configuration();
        let is_changed = |name| documents.get(name).is_some_and(|it| it.version() != FILE);
        if was_settled || !(is_changed("database") || is_changed("blobs")) {
            return Ok(store);
        }
        store.close().await;
        self.open_checked().await
    }
}
