//! What models write for a question: the query, the answer in words, what could be asked next, and a
//! word about an answer.

use std::sync::LazyLock;

use base::TenantId;
use models::{Message, ModelError};
use serde_json::{Value as Json, json};
use tracing::warn;

use super::{FOLLOWUPS, QuestionsKit, conversation::Turn, look, say};
use crate::{
    description::ModelPolicy,
    engine::Engine,
    error::{EngineError, model_code},
    followups,
    template::{Template, Vars},
};

/// Under which names models are used here.
pub(crate) const USES: [&str; 4] =
    ["question_query", "question_answer", "question_followups", "question_comment"];

/// Asks models on somebody's account, and counts what was used.
pub(crate) struct Writer {
    engine: Engine,
    kit: QuestionsKit,
    tenant: TenantId,
    user: String,
    /// Tokens used so far.
    pub(crate) tokens: u64,
    /// Who answered last, as `provider/model`.
    pub(crate) model: Option<String>,
}

/// What every template of questions sees.
#[derive(Clone)]
pub(crate) struct Scene {
    /// What is asked.
    pub(crate) question: String,
    /// In which language.
    pub(crate) language: String,
    /// Today, as a day in UTC.
    pub(crate) today: String,
    /// What was asked and answered before, the oldest first.
    pub(crate) history: Vec<Json>,
}

/// What a model wrote when it was asked for a query.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Written {
    /// The query; none when the data does not tell.
    pub(crate) query: Option<String>,
    /// What the question is about.
    pub(crate) category: Option<String>,
    /// What could be asked instead.
    pub(crate) instead: Option<String>,
}

/// What an answer is made of.
pub(crate) struct Found<'a> {
    /// What the data says, as text.
    pub(crate) text: &'a str,
    /// How many rows.
    pub(crate) count: usize,
}

static QUERY: LazyLock<Json> = LazyLock::new(|| {
    json!({
        "type": "object",
        "required": ["query"],
        "properties": {
            "query": {"type": ["string", "null"]},
            "category": {"type": ["string", "null"]},
            "instead": {"type": ["string", "null"]},
        },
    })
});

static FOLLOWUP_LIST: LazyLock<Json> = LazyLock::new(|| followups::schema(FOLLOWUPS, FOLLOWUPS));

impl Scene {
    fn vars(&self, kit: &QuestionsKit) -> Vars {
        let mut vars = Vars::new();
        vars.set("question", &json!(self.question))
            .set("language", &json!(self.language))
            .set("language_name", &json!(say::language_name(&self.language)))
            .set("today", &json!(self.today))
            .set("history", &json!(self.history));
        for (name, document) in kit.context(&self.language) {
            vars.set(name, document);
        }
        vars
    }

    /// The same, with one more turn.
    pub(crate) fn after(&self, answer: &str) -> Self {
        let mut history = self.history.clone();
        history.push(json!({"question": self.question, "answer": answer}));
        Self { history, ..self.clone() }
    }
}

/// A turn as templates see it.
pub(crate) fn seen(turn: &Turn) -> Json {
    json!({"question": turn.question, "answer": turn.answer})
}

impl Writer {
    pub(crate) fn new(engine: &Engine, kit: &QuestionsKit, tenant: TenantId, user: String) -> Self {
        Self { engine: engine.clone(), kit: kit.clone(), tenant, user, tokens: 0, model: None }
    }

    /// A query. `extra` is what its template sees beside the scene.
    pub(crate) async fn query(
        &mut self,
        scene: &Scene,
        extra: &[(&str, Json)],
    ) -> Result<Written, EngineError> {
        let mut vars = scene.vars(&self.kit);
        for (name, value) in extra {
            vars.set(name, value);
        }
        let (template, policy) = (self.kit.query.clone(), self.kit.description.query.model.clone());
        let said = self.structured(USES[0], &template, &policy, &vars, &QUERY).await?;
        let text = |name: &str| {
            let text = said.get(name)?.as_str()?.trim();
            (!text.is_empty()).then(|| text.to_owned())
        };
        let query = text("query").map(|it| bare(&it)).filter(|it| !it.is_empty());
        Ok(Written { query, category: text("category"), instead: text("instead") })
    }

    /// The answer in words; none when no model says it as it should be said.
    pub(crate) async fn answer(&mut self, scene: &Scene, found: &Found<'_>) -> Option<String> {
        let mut avoid: Vec<String> = Vec::new();
        for _ in 0..2 {
            let mut vars = scene.vars(&self.kit);
            vars.set("result", &json!(found.text))
                .set("result_count", &json!(found.count))
                .set("avoid", &json!(avoid));
            let (template, policy) =
                (self.kit.answer.clone(), self.kit.description.answer.model.clone());
            match self.complete(USES[1], &template, &policy, &vars).await {
                Ok(said) => {
                    let technical = look::technical(&said, &self.kit.description);
                    if technical.is_empty() {
                        return Some(said);
                    }
                    avoid = technical;
                }
                Err(error) => {
                    warn!(
                        questions = self.kit.name,
                        error.code = error.code(),
                        "No model put an answer into words; it is given as it was found"
                    );
                    return None;
                }
            }
        }
        None
    }

    /// What could be asked next: exactly three, whatever happens. `kind` is the kind of conversation.
    pub(crate) async fn followups(&mut self, scene: &Scene, kind: Option<&str>) -> Vec<String> {
        let mut vars = scene.vars(&self.kit);
        vars.set("count", &json!(FOLLOWUPS)).set("kind", &json!(kind));
        let (template, policy) =
            (self.kit.followups.clone(), self.kit.description.followups.model.clone());
        let said = self.structured(USES[2], &template, &policy, &vars, &FOLLOWUP_LIST).await;
        let proposed = match &said {
            Ok(said) => followups::proposed(said),
            Err(error) => {
                warn!(
                    questions = self.kit.name,
                    error.code = error.code(),
                    "No model proposed follow-up questions; usual ones are given"
                );
                Vec::new()
            }
        };
        three(proposed, &self.kit, scene)
    }

    /// A word about an answer.
    pub(crate) async fn comment(
        &mut self,
        scene: &Scene,
        template: &Template,
        policy: &ModelPolicy,
        extra: &[(&str, Json)],
    ) -> Result<String, EngineError> {
        let mut vars = scene.vars(&self.kit);
        for (name, value) in extra {
            vars.set(name, value);
        }
        self.complete(USES[3], template, policy, &vars).await
    }

    async fn structured(
        &mut self,
        operation: &'static str,
        template: &Template,
        policy: &ModelPolicy,
        vars: &Vars,
        schema: &Json,
    ) -> Result<Json, EngineError> {
        let ask = self.ask(operation, template, policy, vars)?;
        let said =
            self.engine.models().structured(ask, schema).await.map_err(EngineError::Model)?;
        self.tokens += said.usage.total();
        self.model = Some(format!("{}/{}", said.answer.provider, said.answer.model));
        Ok(said.value)
    }

    async fn complete(
        &mut self,
        operation: &'static str,
        template: &Template,
        policy: &ModelPolicy,
        vars: &Vars,
    ) -> Result<String, EngineError> {
        let ask = self.ask(operation, template, policy, vars)?;
        let said = self.engine.models().complete(ask).await.map_err(EngineError::Model)?;
        self.tokens += said.usage.total();
        self.model = Some(format!("{}/{}", said.provider, said.model));
        Ok(said.text.trim().replace('\0', ""))
    }

    fn ask(
        &self,
        operation: &'static str,
        template: &Template,
        policy: &ModelPolicy,
        vars: &Vars,
    ) -> Result<models::Ask, EngineError> {
        let prompt =
            template.prompt(vars).map_err(|error| EngineError::Misconfigured(error.to_string()))?;
        let system = prompt.system.map(Message::system);
        let messages = system.into_iter().chain([Message::user(prompt.user)]).collect();
        Ok(models::Ask {
            user: Some(self.user.clone()),
            priority: policy.priority,
            model: policy.name.clone(),
            max_tokens: Some(policy.max_tokens),
            temperature: Some(policy.temperature),
            answers: policy.answers,
            pause: policy.pause(),
            ..models::Ask::new(self.tenant, operation, messages)
        })
    }
}

/// Was the conversation more than the model takes?
pub(crate) fn is_too_long(error: &EngineError) -> bool {
    let EngineError::Model(ModelError::Refused { message, .. }) = error else { return false };
    let message = message.to_lowercase();
    message.contains("context length")
        || message.contains("context_length")
        || message.contains("too many tokens")
        || message.contains("maximum context")
}

/// Why a model did not answer, as a code.
pub(crate) fn failure_code(error: &EngineError) -> String {
    match error {
        EngineError::Model(error) => model_code(error).to_owned(),
        other => other.code().to_owned(),
    }
}

/// A query without what models put around it.
fn bare(text: &str) -> String {
    let text = text.trim();
    let inner = text.strip_prefix("```").map(|it| it.strip_suffix("```").unwrap_or(it));
    let inner = inner.map(|it| {
        let it = it.trim_start();
        let begins =
            |name: &&str| it.get(..name.len()).is_some_and(|it| it.eq_ignore_ascii_case(name));
        let named = ["postgresql", "sqlite", "sql"].into_iter().find(begins);
        named.map_or(it, |name| &it[name.len()..])
    });
    inner.unwrap_or(text).trim().trim_end_matches(';').trim_end().to_owned()
}

/// Three questions: those proposed, without what was asked already, filled up with usual ones.
fn three(proposed: Vec<String>, kit: &QuestionsKit, scene: &Scene) -> Vec<String> {
    let initial = kit.initial(&scene.language);
    let initial = initial.as_object().into_iter().flatten();
    let initial = initial
        .flat_map(|(_, it)| it["questions"].as_array().cloned().unwrap_or_default())
        .filter_map(|it| it.as_str().map(str::to_owned));
    let usual = say::followups(&scene.language).into_iter().map(str::to_owned);
    let is_asked = |it: &str| {
        let mut turns = scene.history.iter().filter_map(|turn| turn["question"].as_str());
        followups::is_same(&scene.question, it)
            || turns.any(|before| followups::is_same(before, it))
    };
    let all = proposed.into_iter().chain(initial).chain(usual);
    let mut three = followups::chosen(all, FOLLOWUPS, is_asked);
    // Even the usual ones were asked already: they may be asked again.
    for usual in say::followups(&scene.language) {
        if three.len() < FOLLOWUPS {
            three.push(usual.to_owned());
        }
    }
    three
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_loses_its_fence() {
        assert_eq!(bare("```sql\nSELECT 1;\n```"), "SELECT 1");
        assert_eq!(bare("```SELECT 1```"), "SELECT 1");
        assert_eq!(bare("  SELECT 1 ;; "), "SELECT 1");
        assert_eq!(bare("```PostgreSQL\nSELECT 'ä'\n```"), "SELECT 'ä'");
        assert_eq!(bare("``````"), "");
    }
}
