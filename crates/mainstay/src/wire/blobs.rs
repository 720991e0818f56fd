//! Where the bytes of blobs lie: what the folder and the environment say about it.

use anyhow::bail;
use apps::{check::Level, folder::Folder};
use store::{
    Store,
    blob::{self, EnvValues, Settings},
};

use super::{Site, document};

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
    let environment = &site.environment;
    let text = |name: &str| environment.get(name).map(str::to_owned);
    let given = EnvValues {
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
    };
    settings.take(given).map_err(anyhow::Error::msg)?;
    let folder = settings.directory.take().unwrap_or_else(|| DIRECTORY.into());
    settings.directory = Some(site.data.join(folder));
    Ok(settings)
}

/// Has the document about blobs a fault?
fn is_at_fault(site: &Site) -> bool {
    let faults = Folder::read(&site.app).err().map(|it| it.0.faults).unwrap_or_default();
    faults.iter().any(|it| it.level == Level::Error && it.file.starts_with("config/blobs."))
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
