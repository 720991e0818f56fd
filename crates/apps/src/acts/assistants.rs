//! Asking an assistant, listening to an answer, stopping it, and the rules that people set for
//! themselves.

use std::time::Duration;

use base::{Actor, ChatId, MessageId, RequestId, RunId, TenantId, Timestamp};
use identity::Caller;
use jiff::tz::TimeZone;
use models::ModelError;
use serde_json::{Value as Json, json};
use store::params;
use tracing::Instrument as _;

use super::within;
use crate::{
    ask::{AskPlace, AssistantAsk},
    assistant::{
        AssistantError, Begins, Follow, Listener, Making, Runner, Scene, Task, Why,
        about::About,
        chat::{self, Chat},
        message,
        own_prompt::{self, OwnPrompt, Place},
        question::Question,
        run::{self, Run},
        title_by_words, whose,
    },
    description::assistant::{LongQuestion, WithoutModel},
    engine::Engine,
    error::EngineError,
    folder::AssistantKit,
    record::Invalid,
};

/// How long a question waits for the answer before it in the same chat to stop.
const SETTLED_WITHIN: Duration = Duration::from_secs(3);
/// The longest words that a caller may give along, in characters.
const CONTEXT_CHARS_MAX: usize = 10_000;
const PERSONALITY_CHARS_MAX: usize = 200;

/// A question with what belongs to it.
struct Prepared {
    kit: AssistantKit,
    begins: Begins,
    chat: Option<ChatId>,
    replaces: Option<MessageId>,
    question: Question,
    own_prompt: Option<String>,
    about: Option<About>,
}

impl Engine {
    /// Asks an assistant. What comes back is listened to; the answer is made whether or not anybody
    /// does, and stopped when nobody has for a while.
    ///
    /// # Errors
    /// A question without words; a chat that is not there, or somebody else's; an assistant that is
    /// not there. What goes wrong later is told in the run.
    pub async fn ask_assistant(
        &self,
        caller: &Caller,
        mut ask: AssistantAsk,
    ) -> Result<Follow, EngineError> {
        within(caller, ask.tenant)?;
        check(&ask)?;
        let prepared = self.prepare_question(caller, &mut ask).await?;
        self.needs_a_model(&prepared.kit, ask.tenant)?;
        let now = self.now();
        let request = RequestId::generate().uuid().simple().to_string();
        let run = Run {
            id: RunId::generate(),
            tenant: ask.tenant,
            owner: caller.actor.to_string(),
            assistant: prepared.kit.name.clone(),
            chat: prepared.chat,
            request: format!("req_{}", &request[request.len() - 12..]),
            state: run::State::Running,
            question: None,
            answer: None,
            replaces: prepared.replaces,
            sources: Vec::new(),
            metadata: json!({}),
            spoken: None,
            holder: self.hub().holder().to_owned(),
            searches: 0,
            tokens_used: None,
            error: None,
            started_at: now,
            beat_at: now,
            ended_at: None,
        };
        // It is in the hub before it is written down: whoever asks next finds it there.
        let making = self.hub().open(run.id);
        let listener = Listener::of(making.live().clone());
        let begun = run.clone();
        let write_down = move |tx: &store::Tx| {
            let before = match begun.chat {
                Some(chat) => run::stop_in(tx, chat)?,
                None => Vec::new(),
            };
            run::begin(tx, &begun)?;
            Ok::<_, store::Error>(before)
        };
        let before = self.store().bookkeep("begin an answer", write_down).await?;
        self.settle(before).await?;
        let follow = Follow::new(self.clone(), &run, Some(listener), 0);
        self.set_to_work(caller, ask, prepared, run, making);
        Ok(follow)
    }

    /// Listens to a run, after the event of this number.
    ///
    /// # Errors
    /// A run that is not there, or somebody else's.
    pub async fn follow(
        &self,
        caller: &Caller,
        run: RunId,
        after: u64,
    ) -> Result<Follow, EngineError> {
        let whose = whose(caller);
        let found = self.store().read(move |db| run::get(db, &whose, run)).await?;
        let listener = self.hub().find(run).map(Listener::of);
        Ok(Follow::new(self.clone(), &found, listener, after))
    }

    /// A run.
    ///
    /// # Errors
    /// As [`Engine::follow`].
    pub async fn run_get(&self, caller: &Caller, run: RunId) -> Result<Json, EngineError> {
        let whose = whose(caller);
        let found = self.store().read(move |db| run::get(db, &whose, run)).await?;
        Ok(run::view(&found))
    }

    /// Stops a run; one that has ended stays as it is.
    ///
    /// # Errors
    /// As [`Engine::follow`].
    pub async fn run_stop(&self, caller: &Caller, run: RunId) -> Result<Json, EngineError> {
        let (whose, again) = (whose(caller), whose(caller));
        self.store().read(move |db| run::get(db, &whose, run)).await?;
        if let Some(live) = self.hub().find(run) {
            live.stop(Why::Asked);
            let mut progress = live.progress();
            let over = progress.wait_for(|it| it.is_over);
            let _ = tokio::time::timeout(SETTLED_WITHIN, over).await;
        } else {
            let stop = move |tx: &store::Tx| run::ask_to_stop(tx, run);
            self.store().bookkeep("ask an answer to stop", stop).await?;
        }
        let found = self.store().read(move |db| run::get(db, &again, run)).await?;
        Ok(run::view(&found))
    }

    /// The rules that a person set for themselves, and the most characters they may have.
    ///
    /// # Errors
    /// An assistant that is not there.
    pub async fn own_prompt(
        &self,
        caller: &Caller,
        tenant: TenantId,
        assistant: Option<&str>,
    ) -> Result<Json, EngineError> {
        let (kit, place) = self.prompt_place(caller, tenant, assistant)?;
        let found = self.store().read(move |db| own_prompt::get(db, &place)).await?;
        Ok(prompt_view(kit, found.as_ref()))
    }

    /// Sets the rules of a person for themselves. Empty ones are taken away.
    ///
    /// # Errors
    /// An assistant that is not there; rules that are too long.
    pub async fn own_prompt_set(
        &self,
        caller: &Caller,
        tenant: TenantId,
        assistant: Option<&str>,
        text: &str,
    ) -> Result<Json, EngineError> {
        let (kit, place) = self.prompt_place(caller, tenant, assistant)?;
        let text = text.trim().replace('\0', "");
        check_prompt(kit, &text)?;
        let now = self.now();
        let wanted = (!text.is_empty()).then_some(OwnPrompt { text, updated_at: now });
        let set = wanted.clone();
        self.store()
            .write(&caller.actor, now, move |tx| match &set {
                Some(prompt) => own_prompt::set(tx, &place, prompt),
                None => own_prompt::clear(tx, &place).map(drop),
            })
            .await?;
        Ok(prompt_view(kit, wanted.as_ref()))
    }

    /// How much assistants did, for the overview: in all, since midnight, and now.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn assistant_stats(&self, now: Timestamp) -> Result<Json, store::Error> {
        let here = now.to_zoned(TimeZone::UTC);
        let midnight = here.start_of_day().map_or(now, |it| it.timestamp());
        let row = self.store().read(move |db| db.one(STATS, &params![midnight])).await?;
        let count = |name: &str| row.get::<i64>(name);
        let micros: f64 = row.get("micros")?;
        Ok(json!({
            "questions": count("questions")?,
            "questions_today": count("questions_today")?,
            "answered": count("answered")?,
            "failed": count("failed")?,
            "average_answer_ms": (micros / 1000.0).round(),
            "average_answer_s": (micros / 1000.0).round() / 1000.0,
            "searches": count("searches")?,
            "tokens": count("tokens")?,
            "running": self.hub().count(),
        }))
    }

    /// Checks a question and finds what belongs to it. One in a chat is on the account of the chat's
    /// tenant, whichever was given.
    async fn prepare_question(
        &self,
        caller: &Caller,
        ask: &mut AssistantAsk,
    ) -> Result<Prepared, EngineError> {
        let whose = whose(caller);
        let chat = match ask.place {
            AskPlace::Chat(chat) | AskPlace::Again(chat) => {
                let whose = whose.clone();
                Some(self.store().read(move |db| chat::get(db, &whose, chat)).await?)
            }
            AskPlace::Alone | AskPlace::New => None,
        };
        if let Some(chat) = &chat {
            ask.tenant = chat.tenant;
        }
        let named = chat.as_ref().map(|it| it.assistant.as_str()).or(ask.assistant.as_deref());
        let kit = self.assistant(named)?.clone();
        if let Some(text) = &ask.system_prompt {
            check_prompt(&kit, text)?;
        }
        let about = self.what_about(caller, ask, &kit, chat.as_ref()).await?;
        let place =
            Place { tenant: ask.tenant, owner: whose.owner.clone(), assistant: kit.name.clone() };
        let last = match ask.place {
            AskPlace::Again(chat) => Some(chat),
            _ => None,
        };
        let (own, last) = self
            .store()
            .read(move |db| {
                let own = own_prompt::get(db, &place)?;
                let last = last.map(|it| last_question(db, it)).transpose()?;
                Ok::<_, EngineError>((own, last))
            })
            .await?;
        let (given, begins, replaces) = match (ask.place, last) {
            (AskPlace::Again(chat), Some((question, answer))) => {
                let begins = Begins::Again(chat, question.id, question.seq);
                (question.content, begins, answer)
            }
            (AskPlace::Chat(chat), _) => (ask.question.clone(), Begins::InChat(chat), None),
            (AskPlace::New, _) => {
                let record = about.as_ref().map(|it| it.record.id);
                let chat = Chat { record, ..self.new_chat(ask, &kit, &whose.owner) };
                (ask.question.clone(), Begins::Chat(chat), None)
            }
            _ => (ask.question.clone(), Begins::Nowhere, None),
        };
        let question = Question::cut(&given, &kit.description.question);
        if question.is_cut() && kit.description.long_question == LongQuestion::Refuse {
            let most = kit.description.question.chars;
            let message = format!("is too long: at most {most} characters");
            return Err(Invalid::input("/question", message).into());
        }
        if question.text.is_empty() {
            return Err(Invalid::input("/question", "must not be empty").into());
        }
        let least = kit.description.question.least;
        if question.length_used < least {
            let message = format!("is too short: at least {least} characters");
            return Err(Invalid::input("/question", message).into());
        }
        let own_prompt = ask.system_prompt.clone().or(own.map(|it| it.text));
        let chat = match &begins {
            Begins::Nowhere => None,
            Begins::Chat(chat) => Some(chat.id),
            Begins::InChat(chat) | Begins::Again(chat, ..) => Some(*chat),
        };
        let own_prompt = own_prompt.filter(|it| !it.trim().is_empty());
        Ok(Prepared { kit, begins, chat, replaces, question, own_prompt, about })
    }

    /// What a question is about: what its chat is, or the record that it names. One that names a record is
    /// on the account of that record's tenant.
    async fn what_about(
        &self,
        caller: &Caller,
        ask: &mut AssistantAsk,
        kit: &AssistantKit,
        chat: Option<&Chat>,
    ) -> Result<Option<About>, EngineError> {
        match (chat, ask.record) {
            (Some(chat), Some(given)) if chat.record != Some(given) => {
                Err(Invalid::input("/record", "is not what this chat is about").into())
            }
            (Some(chat), _) => self.about_of(caller, chat).await,
            (None, Some(record)) => {
                let (tenant, about) = self.about(caller, kit, record).await?;
                ask.tenant = tenant.unwrap_or(ask.tenant);
                Ok(Some(about))
            }
            (None, None) => Ok(None),
        }
    }

    /// Refuses a question to an assistant that does not answer without a model, when there is none.
    fn needs_a_model(&self, kit: &AssistantKit, tenant: TenantId) -> Result<(), EngineError> {
        if kit.description.without_model == WithoutModel::Quote {
            return Ok(());
        }
        let policy = &kit.description.model;
        let ask = models::Ask {
            priority: policy.priority,
            model: policy.name.clone(),
            ..models::Ask::new(tenant, kit.name.clone(), Vec::new())
        };
        match self.models().would_ask(&ask) {
            Some(_) => Ok(()),
            None => Err(EngineError::Model(ModelError::NotConfigured)),
        }
    }

    fn new_chat(&self, ask: &AssistantAsk, kit: &AssistantKit, owner: &str) -> Chat {
        let now = self.now();
        Chat {
            id: ChatId::generate(),
            tenant: ask.tenant,
            assistant: kit.name.clone(),
            owner: owner.to_owned(),
            record: None,
            title: title_by_words(&ask.question, kit.description.titles.words),
            is_named: false,
            created_at: now,
            updated_at: now,
            run: None,
        }
    }

    /// Stops what is being answered in a chat.
    pub(super) async fn stop_in(&self, chat: ChatId) -> Result<(), EngineError> {
        let stop = move |tx: &store::Tx| run::stop_in(tx, chat);
        let running = self.store().bookkeep("ask answers to stop", stop).await?;
        self.settle(running).await
    }

    /// Waits a moment until those that were asked to stop have. One whose process is gone is ended
    /// here; that of another process hears of it with its next beat.
    async fn settle(&self, running: Vec<Run>) -> Result<(), EngineError> {
        let here: Vec<_> = running.iter().filter_map(|it| self.hub().find(it.id)).collect();
        here.iter().for_each(|it| it.stop(Why::Asked));
        let over = async {
            for live in &here {
                let _ = live.progress().wait_for(|it| it.is_over).await;
            }
        };
        let _ = tokio::time::timeout(SETTLED_WITHIN, over).await;
        let now = self.now();
        for run in running.into_iter().filter(|it| run::is_lost(it, now)) {
            let bury = move |tx: &store::Tx| crate::assistant::bury::bury(tx, run.id, now);
            self.store().write(&Actor::house(), now, bury).await?;
        }
        Ok(())
    }

    /// Begins to make the answer.
    fn set_to_work(
        &self,
        caller: &Caller,
        ask: AssistantAsk,
        prepared: Prepared,
        run: Run,
        making: Making,
    ) {
        let live = making.live().clone();
        let linger = Duration::from_secs(prepared.kit.description.linger_s);
        let scene = Scene {
            question: prepared.question.text.clone(),
            own_prompt: prepared.own_prompt,
            given: ask.context.clone(),
            personality: ask.personality.clone(),
            about: prepared.about,
            progress: Vec::new(),
        };
        let task = Task {
            caller: caller.clone(),
            ask,
            kit: prepared.kit,
            run,
            question: prepared.question,
            scene,
            begins: prepared.begins,
            making,
        };
        let runner = Runner::new(self, task);
        self.hub().tasks().spawn(async move { live.watch(linger).await });
        self.hub().tasks().spawn(Box::pin(runner.run()).in_current_span());
    }

    /// An assistant by its name; the only one when none is named.
    pub(super) fn assistant(&self, name: Option<&str>) -> Result<&AssistantKit, AssistantError> {
        let Some(name) = name else {
            let mut all = self.folder().assistants();
            let first = all.next().ok_or(AssistantError::NoAssistant)?;
            return match all.next() {
                None => Ok(first),
                Some(_) => {
                    let names: Vec<&str> =
                        self.folder().assistants().map(|it| it.name.as_str()).collect();
                    let fault = Invalid::input("/assistant", "is missing");
                    Err(fault.hint(format!("one of: {}", names.join(", "))).into())
                }
            };
        };
        let found = self.folder().assistant(name);
        found.ok_or_else(|| AssistantError::NoSuchAssistant(name.to_owned()))
    }

    fn prompt_place(
        &self,
        caller: &Caller,
        tenant: TenantId,
        assistant: Option<&str>,
    ) -> Result<(&AssistantKit, Place), EngineError> {
        within(caller, tenant)?;
        let kit = self.assistant(assistant)?;
        let place = Place { tenant, owner: caller.actor.to_string(), assistant: kit.name.clone() };
        Ok((kit, place))
    }
}

const STATS: &str = "
    SELECT count(*) AS questions,
           CAST(COALESCE(sum(CASE WHEN started_at >= $1 THEN 1 ELSE 0 END), 0) AS BIGINT) AS questions_today,
           CAST(COALESCE(sum(CASE WHEN state = 'done' THEN 1 ELSE 0 END), 0) AS BIGINT) AS answered,
           CAST(COALESCE(sum(CASE WHEN state = 'failed' THEN 1 ELSE 0 END), 0) AS BIGINT) AS failed,
           CAST(COALESCE(avg(CASE WHEN state = 'done' THEN ended_at - started_at END), 0)
                AS DOUBLE PRECISION) AS micros,
           CAST(COALESCE(sum(searches), 0) AS BIGINT) AS searches,
           CAST(COALESCE(sum(tokens_used), 0) AS BIGINT) AS tokens
      FROM assistant_runs";

/// The last question of a chat, and the answer to it when there is one. Behind it may stand the answer
/// to a question before it that came late.
fn last_question(
    db: &store::Db,
    chat: ChatId,
) -> Result<(message::Message, Option<MessageId>), EngineError> {
    let question = message::last_question(db, chat)?.ok_or(AssistantError::NothingAsked(chat))?;
    let answer = message::answer_to(db, chat, question.id)?;
    Ok((question, answer.map(|it| it.id)))
}

fn check(ask: &AssistantAsk) -> Result<(), EngineError> {
    let too_long = |text: &Option<String>, most: usize| {
        text.as_ref().is_some_and(|it| it.chars().count() > most)
    };
    for (field, text, most) in [
        ("/context", &ask.context, CONTEXT_CHARS_MAX),
        ("/personality", &ask.personality, PERSONALITY_CHARS_MAX),
    ] {
        if too_long(text, most) {
            let message = format!("must have at most {most} characters");
            return Err(Invalid::input(field, message).into());
        }
    }
    Ok(())
}

fn check_prompt(kit: &AssistantKit, text: &str) -> Result<(), EngineError> {
    let most = kit.description.own_prompt_chars as usize;
    let has = text.chars().count();
    if has > most {
        let message = match most {
            0 => "cannot be set for this assistant".to_owned(),
            _ => format!("must have at most {most} characters, has {has}"),
        };
        return Err(Invalid::input("/system_prompt", message).into());
    }
    Ok(())
}

fn prompt_view(kit: &AssistantKit, prompt: Option<&OwnPrompt>) -> Json {
    json!({
        "assistant": kit.name,
        "system_prompt": prompt.map(|it| &it.text),
        "is_own": prompt.is_some(),
        "updated_at": prompt.map(|it| it.updated_at),
        "chars_max": kit.description.own_prompt_chars,
    })
}
