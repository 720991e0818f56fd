//! A version as a file.

use base::VersionId;
use identity::Caller;

use super::within;
use crate::{
    ask::Download,
    engine::Engine,
    error::EngineError,
    export::{self, Format, Request},
    record::{self, Invalid},
    version,
};

impl Engine {
    /// Writes a version in a format that its collection offers.
    ///
    /// # Errors
    /// A format that is not offered, with those that are.
    pub async fn version_export(
        &self,
        caller: &Caller,
        id: VersionId,
        format: &str,
        tabs: bool,
    ) -> Result<Download, EngineError> {
        let reach = caller.reach;
        let (version, parent, records) = self
            .store()
            .read(move |db| {
                let version = version::get(db, reach, id)?;
                let parent = record::get(db, reach, version.record, None)?;
                let records = version::records(db, id)?;
                Ok::<_, EngineError>((version, parent, records))
            })
            .await?;
        within(caller, version.tenant)?;
        let kit = self.versioned(&parent.collection)?;
        let children = self.children(kit)?;
        let spec = children.spec.export.clone().ok_or_else(|| {
            EngineError::from(Invalid::input(
                "/format",
                format!("`{}` is not exported", children.name),
            ))
        })?;
        let format = Format::named(format).ok_or_else(|| {
            let offered = spec.formats.join(", ");
            EngineError::from(Invalid::input(
                "/format",
                format!("`{format}` is no format; one of: {offered}"),
            ))
        })?;
        let (noun, number) = (kit.spec.noun.clone(), version.number.to_string());
        let title = kit.title(&parent.data).unwrap_or_else(|| parent.id.to_string());
        let now = self.now();
        let written = tokio::task::spawn_blocking(move || {
            let rows: Vec<_> = records.into_iter().map(|it| it.data).collect();
            let names = [(noun.as_str(), title.as_str()), ("version", number.as_str())];
            export::write(&spec, &rows, &Request { format, tabs, names: &names, now })
        })
        .await;
        let file = written
            .map_err(|_| EngineError::Misconfigured("writing the file broke off".into()))?
            .map_err(|error| Invalid::input("/format", error.to_string()))?;
        Ok(Download {
            name: file.name,
            content_type: file.content_type.to_owned(),
            bytes: file.bytes.into(),
        })
    }
}
