//! How the model in this process is run.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

/// How the model in this process is run.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LocalSettings {
    /// How many processors it may use at once: half of the machine's when left out.
    pub threads: Option<u32>,
    /// Where models lie: in the data folder, which is not a setting of an application.
    #[serde(skip)]
    pub folder: Option<PathBuf>,
}
