//! The folder of an application, read once: as its files are, and with the versions of documents that are
//! in force over them.

use apps::{
    configuration::{Kind, change::Register, version::Head},
    folder::Folder,
};
use store::{Store, migrate};

use super::{Site, migrations, settings};

impl Site {
    /// The application's folder: as its files are, and, once the database was asked ([`Site::settle`]),
    /// with the versions of documents over them.
    pub(crate) fn folder(&self) -> anyhow::Result<Folder> {
        self.settled.get().map_or_else(|| self.files(), |it| Ok(it.clone()))
    }

    /// Asks the database which versions of documents are in force over the files. The files by themselves
    /// must be without faults too: they are what can be gone back to.
    pub(crate) async fn settle(&self, store: &Store) -> anyhow::Result<Folder> {
        if let Some(settled) = self.settled.get() {
            return Ok(settled.clone());
        }
        let files = self.files()?;
        let heads = match Register::new(files.clone(), store.clone()).heads().await {
            Ok((_, heads)) => heads,
            Err(error) => {
                // A table that is yet to be made holds no version.
                if migrate::check(store, &migrations()).await.is_ok() {
                    return Err(error.into());
                }
                Vec::new()
            }
        };
        let settled = match heads.is_empty() {
            true => files,
            false => self.over(&heads)?,
        };
        Ok(self.settled.get_or_init(|| settled).clone())
    }

    /// The application's folder with these versions over the files of documents.
    fn over(&self, heads: &[Head]) -> anyhow::Result<Folder> {
        let kinds = self.kinds();
        let read = Folder::read_over(&self.app, apps::template::FUEL, &kinds, heads);
        read.map_err(|faults| {
            let names: Vec<&str> = heads.iter().map(|it| it.config.as_str()).collect();
            anyhow::anyhow!(
                "the documents that were changed while the application ran ({}) do not fit {}:\n{}go back \
                 to a file with `mainstay config revert NAME --to 0 --reason WHY`, or to another version",
                names.join(", "),
                self.app.display(),
                faults.0
            )
        })
    }

    /// The documents that Mainstay types, held against what the environment says here.
    pub(crate) fn kinds(&self) -> Vec<Kind> {
        server::configuration::kinds_in(&settings::surroundings(&self.environment))
    }

    /// Reads the application's folder, as its files are.
    pub(crate) fn files(&self) -> anyhow::Result<Folder> {
        if let Some(read) = self.folder.get() {
            return Ok(read.clone());
        }
        let kinds = self.kinds();
        let read = Folder::read_as(&self.app, apps::template::FUEL, &kinds).map_err(|faults| {
            let count = faults.0.faults.len();
            anyhow::anyhow!(
                "{count} faults in {}:\n{}run `mainstay check {}` to see them in place",
                self.app.display(),
                faults.0,
                self.app.display()
            )
        })?;
        Ok(self.folder.get_or_init(|| read).clone())
    }
}
