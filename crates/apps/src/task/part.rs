//! What a question is composed of: templates of the folder and places in documents of `config/`.
//!
//! Documents are read when a run begins, for the language of its text; the pieces are rendered one after
//! the other when a question is asked, each seeing what the ones before it became. A text that somebody
//! handed in is only ever a value here: nothing in it is run.
//!
//! Start at [`gather`], then [`compose`].

use serde_json::Value as Json;

use crate::{
    description::Part,
    field,
    folder::TaskKit,
    template::{Template, TemplateError, Value, Vars, value_of},
};

/// A piece of a question, for one run.
#[derive(Clone)]
pub struct Piece {
    name: String,
    kind: Kind,
}

#[derive(Clone)]
enum Kind {
    /// It is this.
    Given(Json),
    /// A template of the folder.
    File(Template),
    /// A template out of a document.
    Text(String),
}

/// A piece that is not there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the part `{name}` of the task `{task}` cannot be had: {why}")]
pub struct PartError {
    /// The task.
    pub task: String,
    /// The piece.
    pub name: String,
    /// What is missing.
    pub why: String,
}

/// Reads the pieces of a task for a text in this language; `usual` is taken where it is missing.
///
/// # Errors
/// [`PartError`] for the first place that is not there.
pub fn gather(
    kit: &TaskKit,
    language: &str,
    usual: &str,
    document: impl Fn(&str) -> Option<Json>,
) -> Result<Vec<Piece>, PartError> {
    let pieces = kit.description.parts.iter().map(|(name, part)| {
        let fault = |why: String| PartError { task: kit.name.clone(), name: name.clone(), why };
        let kind = match part {
            Part::Template(file) => {
                let template = kit.parts.get(file).cloned();
                Kind::File(template.ok_or_else(|| fault(format!("there is no `{file}`")))?)
            }
            Part::Document(part) => {
                let path = &part.config;
                let mut value = look(path, &document)
                    .ok_or_else(|| fault(format!("there is nothing at `{path}`")))?;
                if part.by_language {
                    let own = value.get(language).or_else(|| value.get(usual)).cloned();
                    let missing = || format!("`{path}` has no entry `{language}` or `{usual}`");
                    value = own.ok_or_else(|| fault(missing()))?;
                }
                match value {
                    Json::String(text) if part.render => Kind::Text(text),
                    _ if part.render => {
                        return Err(fault(format!("`{path}` is no text, so it is no template")));
                    }
                    value => Kind::Given(value),
                }
            }
        };
        Ok(Piece { name: name.clone(), kind })
    });
    pieces.collect()
}

/// Gives templates the pieces, in their order.
///
/// # Errors
/// The first template that fails.
pub fn compose(kit: &TaskKit, pieces: &[Piece], vars: &mut Vars) -> Result<(), TemplateError> {
    for piece in pieces {
        let value = match &piece.kind {
            Kind::Given(value) => value_of(value),
            Kind::File(template) => Value::from(template.render(vars)?.trim()),
            Kind::Text(text) => {
                let name = format!("parts/{}", piece.name);
                Value::from(kit.prompt.render_beside(&name, text, vars)?.trim())
            }
        };
        vars.set_value(&piece.name, value);
    }
    Ok(())
}

/// The text of a task's question with everything that it is composed of: a change of any of it is another
/// version of the prompt.
pub fn whole_text(kit: &TaskKit, document: impl Fn(&str) -> Option<Json>) -> String {
    let mut text = kit.prompt.source().to_owned();
    for (name, part) in &kit.description.parts {
        let source = match part {
            Part::Template(file) => kit.parts.get(file).map(|it| it.source().to_owned()),
            Part::Document(part) => look(&part.config, &document).map(|it| field::display(&it)),
        };
        text.push_str(&format!("\n\n{{# {name} #}}\n{}", source.unwrap_or_default()));
    }
    text
}

/// What stands in a document: `context.text`, or the whole of it: `context`.
fn look(path: &str, document: impl Fn(&str) -> Option<Json>) -> Option<Json> {
    let mut steps = path.split('.');
    let whole = document(steps.next()?)?;
    steps.try_fold(&whole, |it, step| it.get(step)).cloned()
}
