//! Templates of an application: prompts that ask a model, fallbacks that answer by rules.
//!
//! Strict: what is not given is an error, never an empty text. Bounded: a template that runs for
//! too long ends with an error. Templates see the values they are handed and nothing else, and
//! reach other templates of the same folder only (`{% from "fallbacks/coding.jinja" import code %}`).
//!
//! Start at [`Templates::read`], then [`Template::prompt`] and [`Template::answer`]; the filters
//! they may use are in [`filters`].

pub mod filters;
pub(crate) mod names;

use std::{
    collections::BTreeMap,
    error::Error as _,
    sync::{Arc, LazyLock},
};

use minijinja::{AutoEscape, Environment, ErrorKind, UndefinedBehavior};
use serde_json::Value as Json;

pub use minijinja::Value;
pub use sources::expression::{json_of, value_of};

use crate::marked::Place;

/// The steps a template may take: seconds of work, far more than ten thousand records need.
pub const FUEL: u64 = 200_000_000;

/// All templates of a folder, compiled. Cheap to clone.
#[derive(Clone)]
pub struct Templates {
    environment: Arc<Environment<'static>>,
    sources: Arc<BTreeMap<String, Arc<str>>>,
}

/// One template. Cheap to clone.
#[derive(Clone)]
pub struct Template {
    environment: Arc<Environment<'static>>,
    name: Arc<str>,
    source: Arc<str>,
}

/// What a template is given: name → value. Values are shared, so that a long list which goes into
/// many batches is converted once.
#[derive(Debug, Clone, Default)]
pub struct Vars(BTreeMap<Arc<str>, Value>);

/// A question to a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    /// The block `system`, when there is one.
    pub system: Option<String>,
    /// The block `user`, or the whole text when there is none.
    pub user: String,
}

/// A template that could not be compiled or did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// A syntax error, an unknown filter, a value that is not given, a filter's refusal.
    #[error("`{template}`{}: {message}", at(*line))]
    Failed {
        /// Its path below the folder.
        template: String,
        /// The line, when it is known.
        line: Option<usize>,
        /// What happened.
        message: String,
    },
    /// It ran for too long.
    #[error("`{template}` took more than the steps a template may take; does it loop for ever?")]
    TooLong {
        /// Its path below the folder.
        template: String,
    },
    /// It was to write JSON and did not.
    #[error("`{template}` did not write JSON: {message}, near `{near}`")]
    NotJson {
        /// Its path below the folder.
        template: String,
        /// What is wrong.
        message: String,
        /// The text around the place.
        near: String,
    },
}

fn at(line: Option<usize>) -> String {
    line.map(|it| format!(", line {it}")).unwrap_or_default()
}

impl Templates {
    /// Compiles templates: (path below the folder, text). The first fault ends it.
    pub fn read(
        texts: impl IntoIterator<Item = (String, String)>,
        fuel: u64,
    ) -> Result<Self, TemplateError> {
        let mut environment = environment(fuel);
        let mut sources = BTreeMap::new();
        for (name, text) in texts {
            sources.insert(name.clone(), Arc::from(text.as_str()));
            environment
                .add_template_owned(name.clone(), text)
                .map_err(|error| failed(&name, &error))?;
        }
        Ok(Self { environment: Arc::new(environment), sources: Arc::new(sources) })
    }

    /// The template at this path, if there is one.
    pub fn get(&self, name: &str) -> Option<Template> {
        Some(Template {
            environment: Arc::clone(&self.environment),
            name: name.into(),
            source: Arc::clone(self.sources.get(name)?),
        })
    }
}

impl Template {
    /// Its path below the folder.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The text as it stands in the file.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The variables it asks for, sorted.
    pub fn variables(&self) -> Vec<String> {
        let Ok(template) = self.environment.get_template(&self.name) else { return Vec::new() };
        let mut names: Vec<String> = template.undeclared_variables(false).into_iter().collect();
        names.retain(|it| !self.environment.globals().any(|(known, _)| known == it));
        names.sort();
        names
    }

    /// The text it makes of `vars`.
    pub fn render(&self, vars: &Vars) -> Result<String, TemplateError> {
        self.environment
            .get_template(&self.name)
            .and_then(|it| it.render(vars.value()))
            .map_err(|error| failed(&self.name, &error))
    }

    /// The text that another template makes of `vars`: one that stands in no file, in the same language
    /// and within the same bounds.
    pub fn render_beside(
        &self,
        name: &str,
        text: &str,
        vars: &Vars,
    ) -> Result<String, TemplateError> {
        self.environment
            .render_named_str(name, text, vars.value())
            .map_err(|error| failed(name, &error))
    }

    /// The question it makes of `vars`.
    pub fn prompt(&self, vars: &Vars) -> Result<Prompt, TemplateError> {
        let ask = || {
            let template = self.environment.get_template(&self.name)?;
            let mut rendered = template.render_captured(vars.value())?;
            let mut block = |name: &str| {
                rendered.with_state_mut(|state| match state.render_block(name) {
                    Ok(text) => Ok(Some(text.trim().to_owned())),
                    Err(error) if error.kind() == ErrorKind::UnknownBlock => Ok(None),
                    Err(error) => Err(error),
                })
            };
            let (system, user) = (block("system")?, block("user")?);
            let user = user.unwrap_or_else(|| rendered.output().trim().to_owned());
            Ok(Prompt { system, user })
        };
        ask().map_err(|error| failed(&self.name, &error))
    }

    /// The JSON it makes of `vars`. A comma before a closing bracket is forgiven.
    pub fn answer(&self, vars: &Vars) -> Result<Json, TemplateError> {
        let text = self.render(vars)?;
        let text = without_trailing_commas(&text);
        serde_json::from_str(&text).map_err(|error| TemplateError::NotJson {
            template: self.name.to_string(),
            message: error.to_string(),
            near: near(&text, error.line(), error.column()),
        })
    }
}

impl Vars {
    /// Nothing given.
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives `value` under `name`.
    pub fn set(&mut self, name: &str, value: &Json) -> &mut Self {
        self.0.insert(name.into(), value_of(value));
        self
    }

    /// Gives a value that was converted before ([`value_of`]).
    pub fn set_value(&mut self, name: &str, value: Value) -> &mut Self {
        self.0.insert(name.into(), value);
        self
    }

    /// The same with `value` under `name`.
    #[must_use]
    pub fn with(mut self, name: &str, value: &Json) -> Self {
        self.set(name, value);
        self
    }

    fn value(&self) -> Value {
        Value::from_pairs(self.0.iter().map(|(name, value)| (name.clone(), value.clone())))
    }
}

/// The language of expressions outside of templates: of sources.
pub fn language(fuel: u64) -> sources::expression::Language {
    Arc::new(environment(fuel))
}

/// Compiles one text, to learn its fault: where, and what.
pub(crate) fn compile(name: &str, text: &str) -> Result<(), (Place, String)> {
    let compiled = environment(FUEL).template_from_named_str(name, text).map(|_| ());
    compiled.map_err(|error| {
        let line = u32::try_from(error.line().unwrap_or(1)).unwrap_or(u32::MAX);
        let start = error.range().and_then(|it| text.get(..it.start)).unwrap_or_default();
        let column = start.rsplit('\n').next().map_or(0, |it| it.chars().count());
        let column = u32::try_from(column).unwrap_or(u32::MAX).saturating_add(1);
        let message = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
        (Place { line, column }, message)
    })
}

/// Is there a filter of this name?
pub(crate) fn has_filter(name: &str) -> bool {
    knows("filter", name)
}

/// Is there a test of this name?
pub(crate) fn has_test(name: &str) -> bool {
    knows("test", name)
}

fn knows(kind: &str, name: &str) -> bool {
    static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| environment(FUEL));
    let text = format!("{{{{ 1 if name is {kind} else 0 }}}}");
    ENVIRONMENT.render_str(&text, Value::from_pairs([("name", name)])).is_ok_and(|it| it == "1")
}

/// The filters worth proposing when a name is not known: those of the house, and the best known of
/// the language.
pub(crate) fn filter_names() -> impl Iterator<Item = &'static str> {
    filters::NAMES.into_iter().chain(sources::filters::NAMES).chain(FILTERS)
}

/// The best known filters of the language.
const FILTERS: [&str; 35] = [
    "lower",
    "upper",
    "title",
    "capitalize",
    "replace",
    "length",
    "count",
    "items",
    "dictsort",
    "reverse",
    "trim",
    "join",
    "split",
    "lines",
    "default",
    "round",
    "abs",
    "int",
    "float",
    "first",
    "last",
    "min",
    "max",
    "sort",
    "list",
    "string",
    "sum",
    "indent",
    "select",
    "reject",
    "selectattr",
    "rejectattr",
    "map",
    "groupby",
    "unique",
];
/// The tests worth proposing when a name is not known.
pub(crate) const TESTS: [&str; 18] = [
    "matching",
    "defined",
    "undefined",
    "none",
    "string",
    "number",
    "integer",
    "float",
    "boolean",
    "mapping",
    "sequence",
    "iterable",
    "startingwith",
    "endingwith",
    "odd",
    "even",
    "divisibleby",
    "in",
];

/// The variables that one text asks for and nobody in it sets.
pub(crate) fn undeclared(name: &str, text: &str) -> Vec<String> {
    let environment = environment(FUEL);
    let Ok(template) = environment.template_from_named_str(name, text) else { return Vec::new() };
    let mut names: Vec<String> = template.undeclared_variables(false).into_iter().collect();
    names.retain(|it| !environment.globals().any(|(known, _)| known == it));
    names.sort();
    names
}

fn environment(fuel: u64) -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_fuel(Some(fuel));
    environment.set_debug(false);
    minijinja_contrib::add_to_environment(&mut environment);
    filters::add(&mut environment);
    sources::filters::add(&mut environment);
    environment
}

fn failed(template: &str, error: &minijinja::Error) -> TemplateError {
    // The cause may lie inside a block or a macro of another template: the innermost one counts.
    let mut innermost = error;
    while let Some(source) = innermost.source().and_then(|it| it.downcast_ref()) {
        innermost = source;
    }
    if innermost.kind() == ErrorKind::OutOfFuel {
        return TemplateError::TooLong { template: template.to_owned() };
    }
    let message = match innermost.detail() {
        Some(detail) => format!("{}: {detail}", innermost.kind()),
        None => innermost.kind().to_string(),
    };
    TemplateError::Failed {
        template: innermost.name().unwrap_or(template).to_owned(),
        line: innermost.line(),
        message,
    }
}

/// The text without commas that stand before a closing bracket.
fn without_trailing_commas(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut comma = None;
    let (mut in_string, mut escaped) = (false, false);
    for it in text.chars() {
        if in_string {
            in_string = escaped || it != '"';
            escaped = it == '\\' && !escaped;
        } else {
            match it {
                '"' => (in_string, comma) = (true, None),
                ',' => comma = Some(out.len()),
                ']' | '}' => {
                    if let Some(at) = comma.take() {
                        out.remove(at);
                    }
                }
                _ if it.is_whitespace() => {}
                _ => comma = None,
            }
        }
        out.push(it);
    }
    out
}

fn near(text: &str, line: usize, column: usize) -> String {
    let line = text.lines().nth(line.saturating_sub(1)).unwrap_or_default();
    let start = column.saturating_sub(30);
    line.chars().skip(start).take(60).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn template(text: &str) -> Template {
        let texts = [("t.jinja".to_owned(), text.to_owned())];
        Templates::read(texts, FUEL).expect("it compiles").get("t.jinja").expect("it is there")
    }

    #[track_caller]
    fn writes(text: &str, vars: Json, expected: &str) {
        let mut given = Vars::new();
        for (name, value) in vars.as_object().into_iter().flatten() {
            given.set(name, value);
        }
        assert_eq!(template(text).render(&given).expect("it renders"), expected, "{text}");
    }

    #[test]
    fn what_is_not_given_is_an_error_and_can_be_asked_for() {
        let item = json!({"item": {"code": "A"}});
        let mut vars = Vars::new();
        vars.set("item", &item["item"]);
        for text in ["{{ colour }}", "{{ item.colour }}", "{% for it in colours %}{% endfor %}"] {
            assert!(template(text).render(&vars).is_err(), "{text}");
        }
        writes("{{ item.colour is defined }}", item.clone(), "False");
        writes("{{ item.colour|default('red') }}", item.clone(), "red");
        writes("{{ item|field('metadata.unit') is none }}", item.clone(), "True");
        writes("{{ item|field('code') }}", item, "A");
    }

    #[test]
    fn a_prompt_has_a_system_and_a_user_part() {
        let text = "{% set n = 2 %}{% block system %}\nBe brief.\n{% endblock %}\n{% block user %}Items: {{ n }} <{{ label }}>{% endblock %}";
        let vars = Vars::new().with("label", &json!("8\" cap & 'tee'"));
        assert_eq!(
            template(text).prompt(&vars).expect("it renders"),
            Prompt { system: Some("Be brief.".into()), user: "Items: 2 <8\" cap & 'tee'>".into() }
        );
        assert_eq!(
            template("Just {{ label }}").prompt(&vars).expect("it renders"),
            Prompt { system: None, user: "Just 8\" cap & 'tee'".into() }
        );
    }

    #[test]
    fn an_answer_is_json_and_a_comma_too_many_is_forgiven() {
        let text = r#"{"items": [{% for it in items %}{"id": {{ it.id|tojson }}, "label": {{ it.label|tojson }},},
            {% endfor %}], "text": "a,] \" ,}"}"#;
        let items = json!([{"id": 1, "label": "8\" 'cap' <x>"}, {"id": 2, "label": "tee"}]);
        let answer = template(text).answer(&Vars::new().with("items", &items)).expect("JSON");
        assert_eq!(answer, json!({"items": items, "text": "a,] \" ,}"}));
        assert!(matches!(
            template("{nothing").answer(&Vars::new()),
            Err(TemplateError::NotJson { .. })
        ));
    }

    #[test]
    fn a_template_that_loops_for_ever_ends_with_an_error() {
        let text = "{% for a in range(10000) %}{% for b in range(10000) %}{% for c in range(10000) %}{{ c }}{% endfor %}{% endfor %}{% endfor %}";
        let texts = [("t.jinja".to_owned(), text.to_owned())];
        let templates = Templates::read(texts, 100_000).expect("it compiles");
        let outcome = templates.get("t.jinja").expect("it is there").render(&Vars::new());
        assert!(matches!(outcome, Err(TemplateError::TooLong { .. })), "{outcome:?}");
    }

    #[test]
    fn running_for_too_long_inside_a_macro_is_told_as_such() {
        let text = "{% macro m() %}{% for a in range(9999) %}{% for a in range(9999) %}{{ a }}{% endfor %}{% endfor %}{% endmacro %}{{ m() }}";
        let templates =
            Templates::read([("t".to_owned(), text.to_owned())], 10_000).expect("it compiles");
        let outcome = templates.get("t").expect("it is there").render(&Vars::new());
        assert!(matches!(outcome, Err(TemplateError::TooLong { .. })), "{outcome:?}");
    }

    #[test]
    fn templates_of_a_folder_can_share_macros() {
        let texts = [
            ("fallbacks/a.jinja", "{% from 'fallbacks/b.jinja' import double %}{{ double(4) }}"),
            ("fallbacks/b.jinja", "{% macro double(n) %}{{ n * 2 }}{% endmacro %}"),
        ];
        let texts = texts.map(|(name, text)| (name.to_owned(), text.to_owned()));
        let templates = Templates::read(texts, FUEL).expect("they compile");
        let shared = templates.get("fallbacks/a.jinja").expect("it is there");
        assert_eq!(shared.render(&Vars::new()).expect("it renders"), "8");
    }

    #[test]
    fn an_error_names_its_template_and_line() {
        let error = template("\n\n{{ nothing }}").render(&Vars::new()).expect_err("not given");
        assert!(error.to_string().starts_with("`t.jinja`, line 3"), "{error}");
        let broken = Templates::read([("b".to_owned(), "a\n{% if %}".to_owned())], FUEL);
        assert!(matches!(broken, Err(TemplateError::Failed { line: Some(2), .. })));
    }

    #[test]
    fn the_variables_it_asks_for_are_known() {
        let text =
            "{% for it in items %}{{ it.code }}{{ range(3)|length }}{{ input.label }}{% endfor %}";
        assert_eq!(template(text).variables(), ["input", "items"]);
    }

    #[test]
    fn json_comes_back_as_it_went_in() {
        let value = json!({"a": [1, 2.5, null, true, "x", {"b": []}], "z": -3, "m": {}, "big": 18446744073709551615_u64});
        let back = json_of(&value_of(&value));
        assert_eq!(back["a"], value["a"]);
        assert_eq!(
            back.as_object().map(|it| it.keys().cloned().collect::<Vec<_>>()),
            Some(vec!["a".into(), "z".into(), "m".into(), "big".into()])
        );
    }

    #[test]
    fn ten_thousand_items_are_classified_by_forty_patterns() {
        let list: Vec<Json> = (0..40)
            .map(|it| json!({"code": it, "pattern": format!("(?i)\\bword{it}\\b|thing {it}x")}))
            .collect();
        let items: Vec<Json> = (0..10_000)
            .map(|it| json!({"label": format!("8\" PVC word{} SDR-35", it % 50)}))
            .collect();
        let text = "{% for it in items %}{% set found = it.label|classify(rules.list) %}{{ found.code if found else '-' }} {% endfor %}";
        let vars = Vars::new().with("items", &items.into()).with("rules", &json!({"list": list}));
        let template = template(text);
        let out = template.render(&vars).expect("it renders");
        assert!(out.starts_with("0 1 2 ") && out.ends_with("- - - "));
    }
}
