//! What can be said about documents.

use std::path::PathBuf;

use base::DocumentId;
use clap::{Args as ClapArgs, Subcommand};
use knowledge::{document::state::StateName, search::Mode};

use super::Application;

#[derive(Debug, ClapArgs)]
pub(crate) struct Documents {
    #[command(subcommand)]
    pub(crate) act: DocumentsAct,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DocumentsAct {
    /// List documents, everybody's but those of chats, the newest first.
    List {
        #[command(flatten)]
        application: Application,
        /// Only of this tenant, by name, slug or id.
        #[arg(long)]
        tenant: Option<String>,
        /// pending, extracting, embedding, ready, failed.
        #[arg(long)]
        state: Option<StateName>,
        /// Only with this tag.
        #[arg(long)]
        tag: Option<String>,
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// Put files and pages of the web in, and wait until they are ready or failed.
    Add(Add),
    /// Show what is known of a document, or its text.
    Show {
        #[command(flatten)]
        application: Application,
        id: DocumentId,
        /// Its text instead, as it was got out of the file.
        #[arg(long)]
        text: bool,
    },
    /// Remove documents for good, with their texts and vectors.
    Delete {
        #[command(flatten)]
        application: Application,
        #[arg(required = true)]
        ids: Vec<DocumentId>,
    },
    /// Find passages by meaning and by words, in everybody's documents that belong to no chat.
    Search(Search),
    /// Have failed documents go on where they stopped, and wait for them.
    Resume {
        #[command(flatten)]
        application: Application,
        #[arg(required = true)]
        ids: Vec<DocumentId>,
        /// Leave it to a running server, and do not wait.
        #[arg(long)]
        no_wait: bool,
    },
    /// Write documents out, with their files, texts and vectors: a line of JSON for each.
    Export {
        #[command(flatten)]
        application: Application,
        /// Whose, by name, slug or id.
        #[arg(long)]
        tenant: Option<String>,
        /// The file to write.
        file: PathBuf,
    },
    /// Take in what was written out; nothing is read or embedded again.
    Import {
        #[command(flatten)]
        application: Application,
        /// Whose they will be, by name, slug or id.
        #[arg(long)]
        tenant: Option<String>,
        /// Leave what they lack to a running server, and do not wait.
        #[arg(long)]
        no_wait: bool,
        /// The file.
        file: PathBuf,
    },
}

#[derive(Debug, ClapArgs)]
#[command(after_help = "Examples:\n  \
    mainstay documents add manual.pdf prices.xlsx --tag pumps\n  \
    mainstay documents add https://example.com/manual\n\n\
    A file is what its content says: pdf, docx, xlsx, html, md, txt, json or csv. Files are read by a\n\
    running server or by this command, whoever comes first. Exit code 1 when one was refused or\n\
    failed, or is not ready yet when Ctrl-C ends the waiting; what was taken in stays so.")]
pub(crate) struct Add {
    #[command(flatten)]
    pub(crate) application: Application,
    /// Files, and addresses of pages: http://… or https://….
    #[arg(value_name = "FILE|URL", required = true)]
    pub(crate) sources: Vec<String>,
    /// Whose they will be, by name, slug or id.
    #[arg(long)]
    pub(crate) tenant: Option<String>,
    /// What the one document is called; the name of its file, or its own title, when left out.
    #[arg(long)]
    pub(crate) title: Option<String>,
    /// A word by which they are chosen; may be repeated.
    #[arg(long)]
    pub(crate) tag: Vec<String>,
    /// Only for the command line and for who manages documents; else everybody of the tenant sees them.
    #[arg(long)]
    pub(crate) private: bool,
    /// Leave them to a running server, and do not wait.
    #[arg(long)]
    pub(crate) no_wait: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Search {
    #[command(flatten)]
    pub(crate) application: Application,
    /// What is looked for.
    pub(crate) query: String,
    /// Of which tenant, by name, slug or id.
    #[arg(long)]
    pub(crate) tenant: Option<String>,
    /// Only in documents with this tag; may be repeated, one of them is enough.
    #[arg(long)]
    pub(crate) tag: Vec<String>,
    /// hybrid, semantic, lexical.
    #[arg(long, default_value = "hybrid", value_parser = mode)]
    pub(crate) mode: Mode,
    /// Only passages that are at least so good, from 0 to 1.
    #[arg(long, value_name = "SCORE", default_value_t = 0.3)]
    pub(crate) min_score: f32,
    /// The most passages.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) limit: u32,
}

fn mode(text: &str) -> Result<Mode, String> {
    let mut all = [Mode::Hybrid, Mode::Semantic, Mode::Lexical].into_iter();
    all.find(|it| it.name() == text)
        .ok_or_else(|| "is none of hybrid, semantic, lexical".to_owned())
}
