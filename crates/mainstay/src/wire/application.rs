//! Which application a command is about: named, or noted in the data that belongs to it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};

use super::Site;
use crate::{args::Data, environment::Environment};

impl Site {
    /// Notes which application the data belongs to, so that other commands find it.
    pub(super) fn remember(&self) -> anyhow::Result<()> {
        let note = self.data.join("application");
        let app = fs::canonicalize(&self.app).unwrap_or_else(|_| self.app.clone());
        if fs::read_to_string(&note).is_ok_and(|it| Path::new(it.trim()) == app) {
            return Ok(());
        }
        fs::write(&note, format!("{}\n", app.display()))
            .with_context(|| format!("cannot write into the data folder {}", self.data.display()))
    }
}

/// The folder that a command means: the one named, this one, the one that the data belongs to, or
/// the only one under `apps/`.
pub(super) fn folder(
    named: &Path,
    data: &Data,
    environment: &Environment,
) -> anyhow::Result<PathBuf> {
    if named.join("app.yaml").is_file() || named != Path::new(".") {
        return Ok(named.to_path_buf());
    }
    if let Some(app) = environment.get("MAINSTAY_APP") {
        return Ok(PathBuf::from(app));
    }
    let noted = |data: &Path| {
        fs::read_to_string(data.join("application")).ok().map(|it| PathBuf::from(it.trim()))
    };
    if let Some(app) = data.data.as_deref().and_then(noted) {
        return Ok(app);
    }
    let folders = |place: &str| -> Vec<PathBuf> {
        let entries = fs::read_dir(place).into_iter().flatten().flatten().map(|it| it.path());
        entries.collect()
    };
    let mut found: Vec<PathBuf> =
        folders("mainstay-data").iter().filter_map(|it| noted(it)).collect();
    if found.is_empty() {
        found = folders("apps").into_iter().filter(|it| it.join("app.yaml").is_file()).collect();
    }
    match &found[..] {
        [app] => Ok(app.clone()),
        _ => bail!("which application? name its folder with --app, or its data with --data"),
    }
}

/// What the folder is called.
pub(super) fn name_of(app: &Path) -> String {
    let whole = fs::canonicalize(app).unwrap_or_else(|_| app.to_path_buf());
    whole.file_name().and_then(|it| it.to_str()).unwrap_or("application").to_owned()
}
