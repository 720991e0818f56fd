//! What can be said when an assistant is asked.

use apps::ask::AskPlace;
use base::{DocumentId, RecordId};
use clap::Args as ClapArgs;

use super::Application;

#[derive(Debug, ClapArgs)]
#[command(after_help = "Examples:\n  \
    mainstay ask \"How often is the probe calibrated?\"\n  \
    mainstay ask --chat new \"What does the manual say about seals?\"\n  \
    mainstay ask --record 0193a5c0-7e1b-7c3a-9a43-0b1f6f0d2a11 \"Who manages this ride?\"\n\n\
    The answer comes from documents that are shared, and from the command line's own. It is made by\n\
    this command; a running server is not needed. Without a model the best passages are quoted.\n\
    Ctrl-C stops the answer.")]
pub(crate) struct Ask {
    #[command(flatten)]
    pub(crate) application: Application,
    /// What is asked.
    pub(crate) question: String,
    /// On whose account, by name, slug or id.
    #[arg(long)]
    pub(crate) tenant: Option<String>,
    /// Which assistant; the only one of the application when left out.
    #[arg(long)]
    pub(crate) assistant: Option<String>,
    /// Keep it in a chat: a new one, or one that the command line began. Kept nowhere when left out.
    #[arg(long, value_name = "new|ID", value_parser = place)]
    pub(crate) chat: Option<AskPlace>,
    /// The record it is about, for an assistant that is asked about records.
    #[arg(long, value_name = "ID")]
    pub(crate) record: Option<RecordId>,
    /// Only in this document; may be repeated.
    #[arg(long, value_name = "ID")]
    pub(crate) document: Vec<DocumentId>,
    /// Only in documents with this tag; may be repeated, one of them is enough.
    #[arg(long)]
    pub(crate) tag: Vec<String>,
    /// Search the web too, where a search of the web is set up.
    #[arg(long)]
    pub(crate) web: bool,
    /// A system prompt for this answer.
    #[arg(long, value_name = "TEXT")]
    pub(crate) system_prompt: Option<String>,
}

fn place(text: &str) -> Result<AskPlace, String> {
    if text == "new" {
        return Ok(AskPlace::New);
    }
    let chat = text.parse().map_err(|_| "is neither `new` nor the id of a chat".to_owned())?;
    Ok(AskPlace::Chat(chat))
}

#[cfg(test)]
mod tests {
    use base::ChatId;

    use super::*;

    #[test]
    fn a_chat_is_new_or_named_by_its_id() {
        let id = ChatId::generate();
        assert_eq!(place("new"), Ok(AskPlace::New));
        assert_eq!(place(&id.to_string()), Ok(AskPlace::Chat(id)));
        assert!(place("old").is_err_and(|it| it.contains("neither")));
    }
}
