//! The one place where rooms meet: settings go down as values, doors are handed up.
//!
//! [`Site`] is an application and where its data lies; [`House`] is everything built on it. A command
//! takes the lowest of the two that it needs.

mod application;
mod blobs;
mod database;
mod folder;
mod keys;
mod settings;
mod tenants;
mod watch;

use std::{
    path::{Path, PathBuf},
    sync::OnceLock,
};

use anyhow::{Context, bail};
use apps::{engine::Engine, folder::Folder};
use base::{Clock, TenantId};
use identity::{Identity, tenant};
use knowledge::Knowledge;
use models::Models;
use observe::{Machine, Tail};
use serde::de::DeserializeOwned;
use store::{Address, Migration, Store};
use tokio_util::task::TaskTracker;

use crate::{
    args::{Application, Data},
    command,
    environment::{self, Environment, Lacking},
};

/// An application, and where its data lies.
pub(crate) struct Site {
    pub(crate) app: PathBuf,
    pub(crate) data: PathBuf,
    pub(crate) address: Address,
    pub(crate) environment: Environment,
    pub(crate) clock: Clock,
    /// The application's folder, once it was read.
    folder: OnceLock<Folder>,
    /// The same with the versions of documents that are in force, once the database was asked.
    settled: OnceLock<Folder>,
}

/// Everything built on a site.
pub(crate) struct House {
    pub(crate) site: Site,
    pub(crate) folder: Folder,
    pub(crate) store: Store,
    pub(crate) identity: Identity,
    pub(crate) models: Models,
    pub(crate) knowledge: Knowledge,
    pub(crate) engine: Engine,
    /// What goes on beside requests and jobs; stopping waits for it.
    pub(crate) tasks: TaskTracker,
}

/// Every room's tables.
pub(crate) fn migrations() -> Vec<Migration> {
    let rooms = [
        store::MIGRATIONS,
        work::MIGRATIONS,
        identity::MIGRATIONS,
        models::MIGRATIONS,
        knowledge::MIGRATIONS,
        sources::MIGRATIONS,
        apps::MIGRATIONS,
        server::MIGRATIONS,
    ];
    rooms.concat()
}

impl Site {
    /// The site that a command is about.
    pub(crate) fn find(
        application: &Application,
        environment: &Environment,
    ) -> anyhow::Result<Self> {
        let app = application::folder(&application.app, &application.data, environment)?;
        Self::at(app, &application.data, environment)
    }

    /// The site of this application folder.
    pub(crate) fn at(app: PathBuf, data: &Data, environment: &Environment) -> anyhow::Result<Self> {
        if !app.join("app.yaml").is_file() {
            bail!("{} holds no app.yaml; name the folder of an application", app.display());
        }
        let data = match &data.data {
            Some(data) => data.clone(),
            None => Path::new("mainstay-data").join(application::name_of(&app)),
        };
        let declared = environment::declared(&app);
        let mut environment = environment.clone();
        environment.fill(&declared);
        let address = environment.database(&data).map_err(|error| {
            // A part of an address may be one of several things that are lacking.
            match environment.lacking(&declared, &[]).told() {
                Some(told) => anyhow::anyhow!("{told}").context(format!("{error:#}")),
                None => error,
            }
        })?;
        Ok(Self {
            app,
            data,
            address,
            environment,
            clock: Clock::system(),
            folder: OnceLock::new(),
            settled: OnceLock::new(),
        })
    }

    /// What the application needs of the environment that is not there.
    pub(crate) fn lacking(&self, folder: &Folder) -> Lacking {
        self.environment.lacking(&folder.description().environment, &blobs::needed(folder))
    }

    /// Refuses when something is lacking, and names all of it at once.
    pub(crate) fn require(&self, folder: &Folder) -> anyhow::Result<()> {
        self.lacking(folder).told().map_or(Ok(()), |it| Err(anyhow::anyhow!(it)))
    }

    /// Builds the house. The database must be of this version.
    pub(crate) async fn build(self) -> anyhow::Result<House> {
        self.require(&self.files()?)?;
        let store = self.open_settled().await?;
        let folder = self.folder()?;
        blobs::check(&store).await?;
        let identity =
            Identity::open(store.clone(), self.clock.clone(), settings::identity(&self, &folder)?)
                .await?;
        let models = self.models(&store, &folder)?;
        let tasks = TaskTracker::new();
        let knowledge = self.knowledge(&store, &folder, &models, &tasks)?;
        let settings = apps::engine::Settings {
            allow_private_webhooks: self.environment.is_on("MAINSTAY_ALLOW_PRIVATE_WEBHOOKS"),
            allow_private_sources: self.environment.is_on("MAINSTAY_ALLOW_PRIVATE_SOURCES"),
            knowledge: Some(knowledge.clone()),
            web_search: settings::web_search(&self)?,
            seed: seed_of(&self.address.to_string()),
            environment: self.environment.named(&folder.description().environment),
        };
        tenants::ensure_default(&store, &folder, &self.clock).await?;
        let given = |name: &str| self.environment.get(name).map(str::to_owned);
        tenants::ensure_first(&store, &folder, &self.clock, given).await?;
        let engine = Engine::start(
            folder.clone(),
            store.clone(),
            models.clone(),
            self.clock.clone(),
            settings,
        )
        .await?;
        Ok(House { site: self, folder, store, identity, models, knowledge, engine, tasks })
    }

    /// The door to models.
    pub(crate) fn models(&self, store: &Store, folder: &Folder) -> anyhow::Result<Models> {
        let settings = settings::models(self, folder)?;
        Ok(Models::open(store.clone(), self.clock.clone(), settings)?)
    }

    /// The documents. What goes on beside the caller is among `tasks`.
    pub(crate) fn knowledge(
        &self,
        store: &Store,
        folder: &Folder,
        models: &Models,
        tasks: &TaskTracker,
    ) -> anyhow::Result<Knowledge> {
        Ok(Knowledge::open(knowledge::Parts {
            store: store.clone(),
            clock: self.clock.clone(),
            models: models.clone(),
            settings: settings::knowledge(self, folder)?,
            program: command::extract::program()
                .context("cannot tell where this program is, which reads files for itself")?,
            folder: Some(self.data.join("vectors")),
            tasks: tasks.clone(),
        })?)
    }
}

impl House {
    /// The house that a command is about.
    pub(crate) async fn find(
        application: &Application,
        environment: &Environment,
    ) -> anyhow::Result<Self> {
        Site::find(application, environment)?.build().await
    }

    /// The tenant that people mean by a name, a slug or an id; the only one where there is one.
    pub(crate) async fn tenant(&self, named: Option<&str>) -> anyhow::Result<TenantId> {
        let Some(tenants) = &self.folder.description().tenants else {
            return Ok(TenantId::DEFAULT);
        };
        let noun = tenants.noun.clone();
        let Some(text) = named.map(str::to_owned) else {
            bail!("which {noun}? name it with --tenant, by name, slug or id");
        };
        let asked = text.clone();
        let found = self.store.read(move |db| tenant::find(db, &asked)).await?;
        match found {
            Some(found) => Ok(found.id),
            None => bail!(
                "there is no {noun} `{text}`; make it first, in the interface or with POST /api/tenants"
            ),
        }
    }

    /// Ends what a command began: what models used is in the ledger before this returns.
    pub(crate) async fn leave(&self) {
        self.models.close().await;
        self.store.clone().close().await;
    }

    /// The server over this house.
    pub(crate) fn server(
        &self,
        settings: server::Settings,
        logs: Tail,
    ) -> anyhow::Result<server::App> {
        let version = settings.version.clone();
        let health = self.health(&version)?;
        Ok(server::App::new(server::Wiring {
            store: self.store.clone(),
            clock: self.site.clock.clone(),
            identity: self.identity.clone(),
            models: self.models.clone(),
            knowledge: self.knowledge.clone(),
            engine: self.engine.clone(),
            stats: self.stats(&version, &health),
            health,
            cursor_key: self.site.cursor_key()?,
            machine: Machine::new(&self.site.data, &version),
            settings,
            logs,
        })?)
    }
}

/// A document of `config/` in the type that a room gives it.
pub(crate) fn document<T: DeserializeOwned>(
    folder: &Folder,
    name: &str,
) -> anyhow::Result<Option<T>> {
    let Some(mut given) = folder.config(name).filter(|it| !it.is_null()) else { return Ok(None) };
    // What the application adds is its own matter.
    if let Some(object) = given.as_object_mut() {
        object.shift_remove(apps::configuration::OWN);
    }
    let read = serde_json::from_value(given);
    read.with_context(|| format!("config/{name}.yaml")).map(Some)
}

/// A number that belongs to an installation: the same in all processes that share its database. It
/// spreads the jitter of schedules (FNV-1a).
fn seed_of(address: &str) -> u64 {
    address.bytes().fold(0xcbf2_9ce4_8422_2325, |sum, byte| {
        (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
