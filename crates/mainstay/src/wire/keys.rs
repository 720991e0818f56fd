//! The key of an installation, and what is derived from it.

use std::{fs, io::Write};

use anyhow::Context;
use base::{CursorKey, Secret};

use super::Site;

impl Site {
    /// A key of this installation, for what is derived from it. SECRET_KEY, or drawn once and kept.
    pub(crate) fn secret_key(&self) -> anyhow::Result<Secret<String>> {
        if let Some(given) = self.environment.secret("SECRET_KEY") {
            return Ok(given);
        }
        let file = self.data.join("secret.key");
        if let Ok(kept) = fs::read_to_string(&file) {
            return Ok(Secret::new(kept.trim().to_owned()));
        }
        let drawn = hex::encode(rand::random::<[u8; 32]>());
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut out =
            options.open(&file).with_context(|| format!("cannot write {}", file.display()))?;
        writeln!(out, "{drawn}")?;
        Ok(Secret::new(drawn))
    }

    /// The key that signs cursors.
    pub(crate) fn cursor_key(&self) -> anyhow::Result<CursorKey> {
        Ok(CursorKey::derive(self.secret_key()?.reveal(), "cursors"))
    }
}
