//! Where the bytes of blobs lie: what the folder and the environment say about it.

use anyhow::bail;
use apps::{check::Level, configuration, folder::Folder, template};
use store::{
    Store,
    blob::{self, EnvValues, Place, Settings},
};

use super::{Site, document};
use crate::environment::Environment;

/// The folder for blobs in the data folder, when nobody names another.
const DIRECTORY: &str = "blobs";

/// What is said about the places of blobs. A folder with faults elsewhere says nothing here: whoever
/// needs the whole of it tells them.
///
/// # Errors
/// Faults of that document itself: files would be looked for where they do not lie.
pub(super) fn settings(site: &Site) -> anyhow::Result<Settings> {
    let mut settings: Settings = match site.folder() {
        Ok(folder) => document(&folder, "blobs")?.unwrap_or_default(),
        Err(told) if is_at_fault(site) => return Err(told),
        Err(_) => Settings::default(),
    };
    let file = match site.files() {
        Ok(files) => document(&files, "blobs")?.unwrap_or_default(),
        Err(_) => Settings::default(),
    };
    settings.take_over(given(&site.environment), file).map_err(anyhow::Error::msg)?;
    let folder = settings.directory.take().unwrap_or_else(|| DIRECTORY.into());
    settings.directory = Some(site.data.join(folder));
    Ok(settings)
}

/// What the environment says about the places of blobs.
pub(super) fn given(environment: &Environment) -> EnvValues {
    let text = |name: &str| environment.get(name).map(str::to_owned);
    EnvValues {
        place: text("BLOB_PLACE"),
        directory: text("BLOB_DIRECTORY"),
        endpoint: text("S3_ENDPOINT"),
        bucket: text("S3_BUCKET"),
        region: text("S3_REGION"),
        prefix: text("S3_PREFIX"),
        path_style: environment.get("S3_PATH_STYLE").map(|_| environment.is_on("S3_PATH_STYLE")),
        key_id: environment.secret("AWS_ACCESS_KEY_ID"),
        key_secret: environment.secret("AWS_SECRET_ACCESS_KEY"),
        token: environment.secret("AWS_SESSION_TOKEN"),
    }
}

/// The variables without which an application that puts archives into S3 cannot do so, each with what it is
/// for. What `config/blobs.yaml` says need not be said again.
pub(super) fn needed(folder: &Folder) -> Vec<(&'static str, &'static str)> {
    let mut archives = folder.kits().iter().filter_map(|it| it.spec.archive.as_ref());
    if !archives.any(|it| it.place == Some(Place::S3)) {
        return Vec::new();
    }
    let said = folder.config("blobs");
    let bucket = said.as_ref().and_then(|it| it.pointer("/s3/bucket")?.as_str());
    let is_named = bucket.is_some_and(|it| !it.trim().is_empty());
    let bucket = ("S3_BUCKET", "the bucket into which the application puts archives");
    let keys = [
        ("AWS_ACCESS_KEY_ID", "the id of the key for that bucket"),
        ("AWS_SECRET_ACCESS_KEY", "the key for that bucket"),
    ];
    (!is_named).then_some(bucket).into_iter().chain(keys).collect()
}

/// Has the document about blobs a fault, wherever it lies?
fn is_at_fault(site: &Site) -> bool {
    let kinds = server::configuration::kinds();
    let read = Folder::read_as(&site.app, template::FUEL, &kinds);
    let faults = read.err().map(|it| it.0.faults).unwrap_or_default();
    let file = configuration::file_in(&site.app, "blobs");
    faults.iter().any(|it| it.level == Level::Error && it.file == file)
}

/// Refuses a database whose blobs lie where the settings do not lead.
pub(super) async fn check(store: &Store) -> anyhow::Result<()> {
    let status = blob::status(store).await?;
    if let Some(lost) = status.held.iter().find(|it| !it.is_set_up) {
        bail!(
            "{} blobs lie in {}, and nothing says where that is: set S3_BUCKET and what belongs to it, \
             or `s3` in config/blobs.yaml; to leave it, see `mainstay blobs move`",
            lost.count,
            lost.place
        );
    }
    Ok(())
}
