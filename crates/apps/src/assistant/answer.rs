//! Making an answer, from the question to the last event: look things up, number the sources, keep
//! the question, hand on what the model says as it says it, propose what could be asked next, keep the
//! answer.
//!
//! Whatever stops it (the client, the model, the program), what was written until then is kept and
//! marked, and the last event says what happened.

pub(super) mod ending;
mod next;

use std::{collections::BTreeSet, sync::Arc};

use base::{ChatId, MessageId, RunId, TenantId};
use identity::Caller;
use models::{BrokenOff, Cost, Message, ModelError, Speech, Usage};
use serde_json::{Map, Value as Json, json};
use store::audit;
use tracing::info;

use super::{
    about::{self, About},
    chat::{self, Chat},
    cite::{self, Checker, Source},
    event::Name,
    live::{Live, Making, Why},
    message::{self, Role},
    question::Question,
    run::{self, Run},
    say::{self, QUOTES, Scene},
    teller::Teller,
    title,
};
use crate::{
    ask::AssistantAsk, description::AssistantSource, engine::Engine, error::EngineError,
    folder::AssistantKit, prompt, template::TemplateError,
};

/// Makes one answer.
pub(crate) struct Runner {
    pub(super) engine: Engine,
    pub(super) caller: Caller,
    pub(super) ask: AssistantAsk,
    pub(super) live: Arc<Live>,
    /// The run is over when this goes.
    making: Option<Making>,
    pub(super) teller: Teller,
    /// How often vectors were searched.
    pub(super) searches: u32,
    kit: AssistantKit,
    run: Run,
    question: Question,
    scene: Scene,
    begins: Begins,
    /// How the answer is made, for the message.
    notes: Map<String, Json>,
    sources: Vec<Source>,
    checker: Checker,
    text: String,
    /// What was asked before in the same chat, the newest first.
    asked: Vec<String>,
    /// What could be asked next.
    followups: Vec<String>,
    model: Option<String>,
    used: Option<(Usage, Cost)>,
    /// The question is the first of its chat.
    is_first: bool,
}

/// Where the question stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Begins {
    /// It is not in a chat.
    Nowhere,
    /// It begins this chat.
    Chat(Chat),
    /// It is new in a chat that is there.
    InChat(ChatId),
    /// It is asked again: this message, before that place. Its answer, if there is one, is replaced.
    Again(ChatId, MessageId, i64),
}

/// What a runner is made of.
pub(crate) struct Task {
    pub(crate) caller: Caller,
    pub(crate) ask: AssistantAsk,
    pub(crate) kit: AssistantKit,
    pub(crate) run: Run,
    pub(crate) question: Question,
    pub(crate) scene: Scene,
    pub(crate) begins: Begins,
    pub(crate) making: Making,
}

/// Why an answer does not become whole.
#[derive(Debug)]
pub(crate) enum Stop {
    /// It was stopped.
    GivenUp(Why),
    /// Another process has ended the run.
    Lost,
    /// The model broke off after it had begun.
    Broke(Box<BrokenOff>),
    /// Something failed.
    Failed(Box<EngineError>),
}

/// An answer that was said to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Said {
    is_cut: bool,
}

impl From<ModelError> for Stop {
    fn from(error: ModelError) -> Self {
        Self::Failed(Box::new(EngineError::Model(error)))
    }
}

impl From<TemplateError> for Stop {
    fn from(error: TemplateError) -> Self {
        Self::Failed(Box::new(EngineError::Misconfigured(error.to_string())))
    }
}

impl Runner {
    pub(crate) fn new(engine: &Engine, task: Task) -> Self {
        let Task { caller, ask, kit, run, question, scene, begins, making } = task;
        let live = making.live().clone();
        Self {
            teller: Teller::new(engine.clone(), live.clone()),
            engine: engine.clone(),
            caller,
            ask,
            live,
            making: Some(making),
            searches: 0,
            kit,
            run,
            question,
            scene,
            begins,
            notes: Map::new(),
            sources: Vec::new(),
            checker: Checker::new(0),
            text: String::new(),
            asked: Vec::new(),
            followups: Vec::new(),
            model: None,
            used: None,
            is_first: false,
        }
    }

    /// Makes the answer, and afterwards the title of a chat whose first it is.
    pub(crate) async fn run(mut self) {
        let ended = self.answer().await;
        let is_told = self.finish(ended).await;
        self.making = None;
        let Some(chat) = self.chat().filter(|_| is_told) else { return };
        if self.is_first {
            self.name_chat(chat).await;
        }
    }

    async fn answer(&mut self) -> Result<Said, Stop> {
        let found = self.gather().await?;
        self.number(found).await?;
        self.keep_question().await?;
        let ask = models::Ask {
            user: Some(self.caller.actor.to_string()),
            priority: self.kit.description.model.priority,
            model: self.kit.description.model.name.clone(),
            max_tokens: Some(self.kit.description.model.max_tokens),
            temperature: Some(self.kit.description.model.temperature),
            ..models::Ask::new(self.tenant(), self.kit.name.clone(), Vec::new())
        };
        let said = if self.engine.models().would_ask(&ask).is_none() {
            self.quote().await?
        } else {
            let messages = self.messages().await?;
            let speaking = self.engine.models().clone();
            let speaking = speaking.speak(models::Ask { messages, ..ask });
            let speech = self.unless_stopped(Box::pin(speaking)).await??;
            self.listen(speech).await?
        };
        self.propose(said).await?;
        Ok(said)
    }

    /// Gives the sources their numbers, and tells them.
    async fn number(&mut self, found: Vec<Source>) -> Result<(), Stop> {
        let limits = self.kit.description.retrieval;
        let most = limits.top_k + self.kit.description.web.results;
        let first = self.scene.about.as_ref().map(|it| it.source(&self.kit.description));
        let (chunk, whole) = (limits.chunk_chars, limits.context_chars);
        self.sources = cite::numbered_behind(first, found, most, chunk, whole);
        self.checker = Checker::new(u32::try_from(self.sources.len()).unwrap_or_default());
        const TOLD_MAX: usize = 10;
        let told = json!({
            "stage": "citations",
            "count": self.sources.len(),
            "list": self.sources.iter().take(TOLD_MAX).map(Source::citation).collect::<Vec<_>>(),
        });
        self.teller.tell(Name::Meta, &told).await
    }

    /// Keeps the question, with the chat that it begins.
    async fn keep_question(&mut self) -> Result<(), Stop> {
        self.note("input_truncated", self.question.is_cut().into());
        let used = self.scene.about.as_ref().map(About::used);
        if let Some(used) = used {
            self.note("context_used", used);
        }
        self.run.sources = self.sources.clone();
        self.run.metadata = Json::Object(self.notes.clone());
        self.run.searches = self.searches;
        let (mut run, begins, now) = (self.run.clone(), self.begins.clone(), self.engine.now());
        let (text, most) = (self.question.text.clone(), self.kit.description.messages);
        let (about, reach) = (self.scene.about.clone(), self.caller.reach);
        let whose = super::whose(&self.caller);
        let first_title = title::by_words(&text, self.kit.description.titles.words);
        let kept = self.engine.store().write(&self.caller.actor, now, move |tx| {
            if let Some(chat) = run.chat {
                message::hold(tx, chat)?;
            }
            if !run::is_wanted(tx, run.id)? {
                // Another question came before this one was kept.
                return Ok(None);
            }
            let mut is_first = false;
            run.question = match &begins {
                Begins::Nowhere => None,
                Begins::Again(_, question, _) => Some(*question),
                Begins::Chat(Chat { id, .. }) | Begins::InChat(id) => {
                    if let Begins::Chat(chat) = &begins {
                        let chat = Chat { updated_at: now, ..chat.clone() };
                        about::begin(tx, reach, &chat, about.as_ref())?;
                    } else if !chat::touch(tx, *id, now)? {
                        return Err(super::AssistantError::NoSuchChat(*id).into());
                    }
                    let question = asked(tx, &run, *id, text, now)?;
                    is_first = question.seq == 1;
                    if is_first && matches!(begins, Begins::InChat(_)) {
                        // It was begun without a question, and is called by its first one.
                        chat::suggest(tx, &chat::get(tx, &whose, *id)?, &first_title)?;
                    }
                    message::add(tx, &question)?;
                    message::trim(tx, *id, most)?;
                    Some(question.id)
                }
            };
            run::found(tx, &run)?;
            let subject = format!("runs/{}", run.id);
            let summary = format!("Asked the assistant {}", run.assistant);
            tx.audit(audit::Entry::new(run.tenant, "question_asked", subject, summary));
            Ok::<_, EngineError>(Some((run.question, is_first)))
        });
        let kept = kept.await.map_err(|error| Stop::Failed(Box::new(error)))?;
        (self.run.question, self.is_first) = kept.ok_or(Stop::GivenUp(Why::Asked))?;
        if let Some(question) = self.run.question {
            let told = json!({"question_message_id": question, "chat_id": self.run.chat});
            self.teller.tell(Name::Saved, &told).await?;
        }
        Ok(())
    }

    /// Reads how the results of whoever asks went, where the template is to see that.
    async fn look_back(&mut self) -> Result<(), Stop> {
        let (engine, tenant) = (self.engine.clone(), self.tenant());
        let owner = self.caller.actor.to_string();
        let context = self.kit.description.context.clone();
        for (name, source) in context {
            let AssistantSource::Progress(of) = source else { continue };
            let seen = Box::pin(engine.progress_of(tenant, &of.progress, &owner)).await;
            self.scene.progress.push((name, seen.map_err(|error| Stop::Failed(Box::new(error)))?));
        }
        Ok(())
    }

    /// The conversation that the model goes on with.
    async fn messages(&mut self) -> Result<Vec<Message>, Stop> {
        self.look_back().await?;
        let (place, most) = (self.place(), self.kit.description.messages);
        let (name, started) = (self.kit.name.clone(), self.engine.now());
        let read = self.engine.store().read(move |db| {
            let said = match place {
                Some((chat, seq)) => message::before(db, chat, seq, most)?,
                None => Vec::new(),
            };
            Ok::<_, store::Error>((said, prompt::in_use(db, &name)?))
        });
        let (said, prompt_version) =
            read.await.map_err(|error| Stop::Failed(Box::new(error.into())))?;
        // The question itself is the last that was said, unless it is asked again.
        let said: Vec<message::Message> = match (&self.begins, self.run.question) {
            (Begins::Chat(_) | Begins::InChat(_), Some(question)) => {
                said.into_iter().filter(|it| it.id != question).collect()
            }
            _ => said,
        };
        let asked = said.iter().filter(|it| it.role == Role::User);
        self.asked = asked.map(|it| it.content.clone()).collect();
        self.note("prompt_version", json!(prompt_version));
        let history = say::history(said, self.kit.description.history_tokens);
        self.note("history_messages", history.len().into());
        let folder = self.engine.folder();
        Ok(say::messages(folder, &self.kit, &self.scene, &self.sources, history, started)?)
    }

    /// Up to where in which chat something was said before.
    fn place(&self) -> Option<(ChatId, i64)> {
        match &self.begins {
            Begins::Nowhere | Begins::Chat(_) => None,
            Begins::InChat(chat) => Some((*chat, i64::MAX)),
            Begins::Again(chat, _, seq) => Some((*chat, *seq)),
        }
    }

    /// Hands on what the model says.
    async fn listen(&mut self, mut speech: Speech) -> Result<Said, Stop> {
        self.start(speech.model(), false).await?;
        loop {
            let due = self.teller.due();
            let live = self.live.clone();
            let piece = tokio::select! {
                biased;
                why = live.stopped() => return Err(Stop::GivenUp(why)),
                piece = speech.next() => piece,
                () = until(due) => {
                    self.teller.flush().await?;
                    continue;
                }
            };
            let Some(piece) = piece else { break };
            self.write(&piece);
            if self.teller.due().is_some_and(|it| it <= tokio::time::Instant::now()) {
                self.teller.flush().await?;
            }
        }
        match speech.ended() {
            Ok(spoken) => {
                self.used = Some((spoken.usage, spoken.cost));
                Ok(Said { is_cut: spoken.is_cut })
            }
            Err(broken) => {
                self.used = Some((broken.usage, broken.cost));
                Err(Stop::Broke(broken))
            }
        }
    }

    /// Answers without a model.
    async fn quote(&mut self) -> Result<Said, Stop> {
        self.note("quoting", true.into());
        self.start(QUOTES.to_owned(), true).await?;
        for piece in say::quotes(&self.sources) {
            self.write(&piece);
            self.teller.flush().await?;
        }
        Ok(Said { is_cut: false })
    }

    async fn start(&mut self, model: String, is_quoting: bool) -> Result<(), Stop> {
        let told = json!({
            "chat_id": self.run.chat,
            "request_id": self.run.request,
            "model_used": model,
            "quoting": is_quoting,
        });
        info!(run.id = %self.run.id, model.name = model, "An answer begins");
        self.model = Some(model);
        self.teller.tell(Name::Start, &told).await
    }

    /// Takes words of the answer, and tells those that may be shown.
    fn write(&mut self, piece: &str) {
        let shown = self.checker.push(&piece.replace('\0', ""));
        self.show(&shown);
    }

    fn show(&mut self, shown: &str) {
        if !shown.is_empty() {
            self.text.push_str(shown);
            self.teller.add_words(shown);
        }
    }

    /// Gives a new chat a title of its own, unless somebody did meanwhile.
    async fn name_chat(&mut self, id: ChatId) {
        let user = self.caller.actor.to_string();
        let question = self.question.text.clone();
        let named =
            title::by_model(self.engine.models(), &self.kit, self.tenant(), &user, &question);
        let hub = self.engine.hub();
        let named = tokio::select! {
            biased;
            () = hub.closing() => None,
            named = named => named,
        };
        let Some(title) = named else { return };
        let (whose, now) = (super::whose(&self.caller), self.engine.now());
        let renamed = self.engine.store().write(&self.caller.actor, now, move |tx| {
            message::hold(tx, id)?;
            let chat = chat::get(tx, &whose, id)?;
            chat::suggest(tx, &chat, &title)?;
            Ok::<_, EngineError>(())
        });
        if let Err(error) = renamed.await {
            info!(run.id = %self.run.id, error.code = error.code(), "A chat kept its first title");
        }
    }

    /// Notes how the answer is made.
    pub(super) fn note(&mut self, name: &str, value: Json) {
        self.notes.insert(name.to_owned(), value);
    }

    pub(super) fn id(&self) -> RunId {
        self.run.id
    }

    pub(super) fn tenant(&self) -> TenantId {
        self.run.tenant
    }

    pub(super) fn chat(&self) -> Option<ChatId> {
        self.run.chat
    }

    pub(super) fn kit(&self) -> &AssistantKit {
        &self.kit
    }

    pub(super) fn question(&self) -> &str {
        &self.question.text
    }

    fn cited(&self) -> BTreeSet<u32> {
        self.checker.cited().collect()
    }
}

/// The question as a message.
fn asked(
    tx: &store::Tx,
    run: &Run,
    chat: ChatId,
    content: String,
    now: base::Timestamp,
) -> Result<message::Message, store::Error> {
    Ok(message::Message {
        id: MessageId::generate(),
        tenant: run.tenant,
        chat,
        seq: message::next_seq(tx, chat)?,
        role: Role::User,
        content,
        state: message::State::Whole,
        model_used: None,
        tokens_used: None,
        metadata: json!({"input_truncated": run.metadata["input_truncated"]}),
        sources: Vec::new(),
        cited: Vec::new(),
        followups: Vec::new(),
        run: Some(run.id),
        created_at: now,
    })
}

/// Ends at this moment; never where there is none.
async fn until(moment: Option<tokio::time::Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
