//! Every route, walked as nobody, as the wrong role and as another tenant.
//!
//! A route that this walk does not know how to call fails it: who adds one says here what it takes.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use apps::{
    proposal::{self, NewProposal},
    question::conversation::{self, Conversation, Turn},
};
use base::{ChatId, MessageId, Permission, Role, Scope};
use identity::Reach;
use models::settings::ProviderSettings;
use reqwest::Method;
use serde_json::{Value as Json, json};
use server::{Settings, operation::Kind, route::Route};
use testkit::Database;

use crate::house::{Answer, Asker, House};

/// One thing of each kind, all of the first tenant.
struct Things {
    ids: HashMap<&'static str, String>,
    /// Whose the chat is: nobody else sees it, whatever their role.
    owner: Asker,
}

impl Things {
    async fn of(house: &House) -> Self {
        let owner = house.owner().await;
        let (record, version) = house.stocked("Oak", &["nut"]).await;
        let change = json!({"items": [{"label": "bolt", "code": "B"}]});
        let path = format!("/api/records/{record}/change");
        let accepted = owner.post(&path, change).await.is(202);
        let job = accepted["job"].as_str().unwrap().to_owned();
        let ended = house.job_ended(&owner, &job).await;
        assert_eq!(ended["state"], "completed", "{ended}");
        let versions = owner.get(&format!("/api/records/{record}/versions")).await.is(200);
        let other = versions["items"][0]["id"].as_str().unwrap().to_owned();
        let (now, id) = (house.clock.now(), version.parse().unwrap());
        house
            .store
            .write(&base::Actor::house(), now, move |tx| {
                let act = apps::record::Act::house(now);
                let new = NewProposal {
                    record: None,
                    category: "other".into(),
                    suggestion: "Dust it.".into(),
                    change: None,
                };
                proposal::insert(tx, &act, id, "rules", vec![new])?;
                tx.audit(store::audit::Entry::new(
                    base::TenantId::DEFAULT,
                    "tested",
                    "tests/1",
                    "A test",
                ));
                Ok::<_, proposal::ProposalError>(())
            })
            .await
            .expect("a proposal");
        let proposals = owner.get(&format!("/api/versions/{version}/proposals")).await.is(200);
        let key = json!({"tenant": house.here, "name": "robot", "scopes": ["read"]});
        let key = owner.post("/api/keys", key).await.is(201);
        let hook = json!({"tenant": house.here, "url": "http://127.0.0.1:9/hook", "events": ["shelf.done"]});
        let hook = owner.post("/api/webhooks", hook).await.is(201);
        let path = format!("/api/webhooks/{}/test", hook["id"].as_str().unwrap());
        let delivery = owner.post(&path, json!({})).await.is(202);
        let user = json!({"email": "ed@example.com", "password": "a long enough password", "role": "editor", "tenant": house.here});
        let user = owner.post("/api/users", user).await.is(201);
        let login = json!({"email": "ed@example.com", "password": "a long enough password"});
        house.nobody().post("/api/auth/login", login).await.is(200);
        let path = format!("/api/sessions?user={}", user["id"].as_str().unwrap());
        let sessions = owner.get(&path).await.is(200);
        let manual = json!({"tenant": house.here, "title": "Manual", "content": "The probe is calibrated each day."});
        let manual = owner.post("/api/documents", manual).await.is(201);
        let question =
            json!({"tenant": house.here, "question": "How often is the probe calibrated?"});
        let asked = owner.post("/api/ask", question).await.is(200);
        let text = |it: &Json| it.as_str().expect("an id").to_owned();
        let me = owner.get("/api/me").await.is(200);
        let conversation = Conversation {
            id: ChatId::generate(),
            tenant: house.here,
            owner: text(&me["id"]),
            questions: "shop".into(),
            title: "How many shelves?".into(),
            created_at: now,
            updated_at: now,
            expires_at: now + jiff::SignedDuration::from_hours(24),
        };
        let turn = Turn {
            id: MessageId::generate(),
            tenant: house.here,
            conversation: conversation.id,
            seq: 1,
            hash: String::new(),
            question: "How many shelves?".into(),
            answer: "One.".into(),
            followups: Vec::new(),
            language: "en".into(),
            result: json!({"columns": [], "rows": [], "row_count": 0, "is_cut": false}),
            from_cache: false,
            created_at: now,
        };
        let conversation_id = conversation.id.to_string();
        let nobody = base::Actor::house();
        let begun = house.store.write(&nobody, now, move |tx| {
            conversation::create(tx, &conversation)?;
            conversation::add(tx, &turn)
        });
        begun.await.expect("a conversation");
        let archive = house.archived(&owner, &["old", "new"]).await;
        let path = format!("/api/collections/shelves?tenant={}", house.here);
        owner.post(&path, json!({"name": "Tall", "height": 3})).await.is(201);
        let memo = json!({"tenant": house.here, "task": "reading", "text": "All is well."});
        let result = owner.post("/api/results", memo).await.is(200);
        let (tenant, kept) = (house.here, text(&result["id"]));
        // What goes over the wire is kept when a model is asked; here the rules answer.
        let actor = base::Actor::house();
        let keep = house.store.write(&actor, now, move |tx| {
            tx.execute(
                "INSERT INTO result_raws (result, tenant, prompt, answer, created_at)
                 VALUES ($1, $2, '{\"system\": null, \"user\": \"How?\"}', 'Well.', $3)",
                &store::params![kept, tenant, now],
            )?;
            tx.audit(store::audit::Entry::new(tenant, "tested", "tests/2", "A test"));
            Ok::<_, store::Error>(())
        });
        keep.await.expect("a raw answer");
        let ids = HashMap::from([
            ("schedule", "tidy".into()),
            ("config", "frontend".into()),
            ("archive", archive),
            ("tenant", house.here.to_string()),
            ("record", record),
            ("beside", String::new()),
            ("version", version),
            ("other", other),
            ("proposal", text(&proposals["items"][0]["id"])),
            ("job", job),
            ("key", text(&key["id"])),
            ("webhook", text(&hook["id"])),
            ("delivery", text(&delivery["id"])),
            ("user", text(&user["id"])),
            ("session", text(&sessions["items"][0]["id"])),
            ("collection", "shelves".into()),
            ("task", "advice".into()),
            ("model", "somebody/some-model".into()),
            ("budget", "of the walk".into()),
            ("document", text(&manual["id"])),
            ("chat", text(&asked["chat_id"])),
            ("run", text(&asked["run"])),
            ("conversation", conversation_id),
            ("source", "catalog".into()),
            ("lookup", "height".into()),
            ("report", "shelf".into()),
            ("result", text(&result["id"])),
        ]);
        Self { ids, owner }
    }

    /// The path of a route with these things in it, and its body.
    fn request(&self, route: &Route) -> (String, Json) {
        let mut path = route.path.to_string();
        for name in server::route::names_in(&route.path) {
            let take = route.plan.iter().find(|it| {
                it.source == server::route::Source::Named(name.to_owned()) && it.within.is_none()
            });
            let argument = take.map_or(name, |it| it.argument.as_str());
            let argument = if argument == "beside" { "record" } else { argument };
            let value = self.ids.get(argument);
            let value = value
                .unwrap_or_else(|| panic!("the walk knows no `{argument}` for {}", route.key()))
                .replace(' ', "%20");
            let value = value.as_str();
            path = path.replace(&format!("{{{name}}}"), value);
            path = path.replace(&format!("{{*{name}}}"), value);
        }
        // Whoever reaches all tenants says which one: these are somebody's in one of them.
        if matches!(route.operation.name, "progress.get" | "conversations.list") {
            path.push_str(&format!("?tenant={}", self.ids["tenant"]));
        }
        (path, self.body(route))
    }

    fn body(&self, route: &Route) -> Json {
        let id = |name: &str| self.ids[name].clone();
        let operation = route.operation.name;
        if matches!(route.method, Method::GET | Method::DELETE) {
            return Json::Null;
        }
        match operation {
            "auth.login" => {
                json!({"email": "ed@example.com", "password": "a long enough password"})
            }
            "auth.signup" => {
                json!({"email": "new@example.com", "password": "a long enough password"})
            }
            "auth.google" => json!({"id_token": "x"}),
            "auth.refresh" => json!({"refresh_token": "x"}),
            "me.set_password" => {
                json!({"current_password": "x", "password": "a long enough password"})
            }
            "schedules.run" | "schedules.pause" | "schedules.resume" | "archives.restore" => {
                json!({})
            }
            "archives.create" => json!({"tenant": id("tenant"), "collection": "notes"}),
            "auth.logout"
            | "me.update"
            | "me.set_picture"
            | "keys.rotate"
            | "signing_keys.rotate"
            | "versions.activate"
            | "proposals.accept"
            | "proposals.reject"
            | "jobs.cancel"
            | "jobs.retry"
            | "webhooks.update"
            | "webhooks.test"
            | "deliveries.retry"
            | "tenants.restore"
            | "records.restore"
            | "users.update" => json!({}),
            "users.erase" => json!({"dry_run": true}),
            "users.create" => {
                json!({"email": "new@example.com", "password": "a long enough password", "role": "viewer", "tenant": id("tenant")})
            }
            "keys.create" if route.is_declared => json!({"name": "k", "scopes": ["read"]}),
            "keys.create" => json!({"tenant": id("tenant"), "name": "k", "scopes": ["read"]}),
            "tenants.create" => json!({"name": "Another"}),
            "tenants.update" => json!({"contact": "x"}),
            "records.create" if route.path.ends_with("/notes") => json!({"text": "x"}),
            "records.create" | "records.update" => json!({"name": "x"}),
            "imports.create" => json!({"name": "x", "items": [{"label": "x", "code": "x"}]}),
            "imports.change" => json!({"items": [{"label": "x", "code": "x"}]}),
            "imports.preview" => json!({}),
            "versions.revert" => json!({"number": 1}),
            "proposals.decide" => json!({"ids": [id("proposal")], "action": "dismiss"}),
            "tasks.run" if route.is_declared => json!({}),
            "tasks.run" => json!({"record": id("record")}),
            "search.run" if route.is_declared => json!({"query": "nut"}),
            "search.run" => json!({"tenant": id("tenant"), "collection": "things", "query": "nut"}),
            "webhooks.create" => {
                json!({"tenant": id("tenant"), "url": "http://127.0.0.1:9/x", "events": ["shelf.done"]})
            }
            "documents.create" => json!({"tenant": id("tenant"), "content": "Each week."}),
            "documents.update" | "chats.rename" => json!({"title": "x"}),
            "documents.page" => json!({"tenant": id("tenant"), "url": "http://127.0.0.1:9/x"}),
            "documents.site" => json!({"tenant": id("tenant"), "url": "https://example.com"}),
            "documents.search" => json!({"tenant": id("tenant"), "query": "probe"}),
            "documents.resume"
            | "documents.summarize"
            | "chats.title"
            | "ask.again"
            | "ask.again_stream"
            | "runs.stop" => {
                json!({})
            }
            "assistants.set_prompt" => {
                json!({"tenant": id("tenant"), "system_prompt": "Be brief."})
            }
            "chats.create" => json!({"tenant": id("tenant"), "record": id("record")}),
            "ask.chat" | "ask.once" | "ask.stream" => {
                json!({"tenant": id("tenant"), "question": "How often?"})
            }
            "questions.ask" => json!({"tenant": id("tenant"), "question": "How many shelves?"}),
            "questions.followups" => {
                json!({"tenant": id("tenant"), "questions": ["How many shelves?"], "responses": ["One."]})
            }
            "questions.comment" => {
                json!({"tenant": id("tenant"), "record": id("record"), "question": "shelves/1", "response": "One."})
            }
            "analyses.run" => {
                json!({"tenant": id("tenant"), "task": "mood", "text": "All is well."})
            }
            "progress.comment" => json!({"tenant": id("tenant")}),
            "results.submit" => {
                json!({"tenant": id("tenant"), "task": "reading", "text": "All is well."})
            }
            "debug.set" => json!({"tenant": id("tenant"), "enabled": true}),
            "feedback.give" => json!({"subject": id("result"), "verdict": "up", "words": "Good."}),
            "language.detect" => json!({"text": "How many shelves are there?"}),
            "llm.chat" | "llm.messages" | "llm.count_tokens" => {
                json!({"model": "m", "max_tokens": 1, "messages": [{"role": "user", "content": "x"}]})
            }
            "models.test" | "sources.unlock" | "configuration.check" | "configuration.import" => {
                json!({})
            }
            "configuration.set" => json!({"content": "theme: dark\n", "reason": "It is night."}),
            "configuration.revert" => json!({"version": 0, "reason": "It is day."}),
            "sources.run" => json!({"tenant": id("tenant")}),
            "budgets.set" => json!({"scope": "whole", "period": "month", "limit_usd": 10.0}),
            "llm.responses" | "llm.embeddings" => json!({"model": "m", "input": "x"}),
            other => panic!("the walk does not know how to call {other}: say here what it takes"),
        }
    }

    /// Does the request name something of the first tenant?
    fn names_something(route: &Route, path: &str, body: &Json, things: &Self) -> bool {
        let text = format!("{path} {body}");
        let general = [
            "collection",
            "task",
            "beside",
            "model",
            "budget",
            "source",
            "lookup",
            "config",
            "report",
        ];
        let ids = things.ids.iter().filter(|it| !general.contains(it.0));
        ids.into_iter().any(|it| text.contains(it.1.as_str())) && route.path.len() > 1
    }
}

async fn call(asker: &Asker, route: &Route, path: &str, body: &Json) -> Answer {
    let mut request = asker.request(route.method.clone(), path);
    if !body.is_null() {
        request = request.json(body);
    }
    asker.send(request).await
}

/// Somebody who is signed in and lacks exactly this permission, and nothing that hides it.
async fn without(house: &House, permission: Permission) -> Asker {
    if !Role::Viewer.grants(permission) {
        return house.viewer().await;
    }
    let scope = match Scope::CallModels.grants(permission) {
        true => Scope::GenerateEmbeddings,
        false => Scope::CallModels,
    };
    assert!(!scope.grants(permission), "{permission}");
    house.key(&[scope]).await
}

testkit::on_both! {
    async fn nobody_gets_anything_that_needs_a_permission(db: Database) {
        let house = House::open(&db).await;
        let things = Things::of(&house).await;
        for route in &house.app.routes {
            let (path, body) = things.request(route);
            if route.operation.permission == Permission::Anyone {
                continue;
            }
            let answer = call(&house.nobody(), route, &path, &body).await;
            assert_eq!(answer.status, 401, "{} as nobody: {}", route.key(), answer.text);
        }
    }

    async fn the_wrong_role_is_refused_everywhere(db: Database) {
        let house = House::open(&db).await;
        let things = Things::of(&house).await;
        let mut askers: HashMap<Permission, Asker> = HashMap::new();
        for route in &house.app.routes {
            let permission = route.operation.permission;
            if permission == Permission::Anyone {
                continue;
            }
            let asker = match askers.get(&permission) {
                Some(asker) => asker.clone(),
                None => without(&house, permission).await,
            };
            askers.insert(permission, asker.clone());
            let (path, body) = things.request(route);
            let answer = call(&asker, route, &path, &body).await;
            assert_eq!(answer.status, 403, "{} without {permission}: {}", route.key(), answer.text);
        }
    }

    async fn every_thing_that_is_described_is_given_like_that(db: Database) {
        // The walk asks for models of `somebody`, who answers.
        let mut models = models::Settings::default();
        let offline = ProviderSettings { kind: Some("offline".into()), ..Default::default() };
        models.providers.insert("somebody".into(), offline);
        let settings = Settings { debug: true, ..Settings::default() };
        let house = House::open_with_models(&db, settings, models).await;
        let things = Things::of(&house).await;
        let owner = things.owner.clone();
        let is_talk = |kind| matches!(kind, Kind::Events | Kind::Socket);
        let mut routes: Vec<_> =
            house.app.routes.iter().filter(|it| !is_talk(it.operation.kind)).collect();
        // What is deleted or signed out is asked for before.
        routes.sort_by_key(|it| {
            let last = it.operation.name == "auth.logout";
            (last, it.method == Method::DELETE, it.method != Method::GET)
        });
        let mut missing: BTreeSet<&str> = routes.iter().map(|it| it.operation.gives).collect();
        for route in routes {
            let (path, body) = things.request(route);
            let answer = call(&owner, route, &path, &body).await;
            if answer.status.is_success() {
                missing.remove(route.operation.gives);
            }
        }
        let list = Some(("list.csv", "label,code\nnut,N\n"));
        house.owner().await.form("/api/collections/things/preview", &[], list).await.is(200);
        missing.remove("Preview");
        let text = ("config/frontend.yaml".to_owned(), "theme: light\n".to_owned());
        let zip = apps::configuration::bundle::pack(&BTreeMap::from([text])).expect("memory takes it");
        let only = [("validate_only", "true")];
        let path = "/api/configuration/import";
        house.owner().await.form_of_bytes(path, &only, Some(("all.zip", zip.as_slice()))).await.is(200);
        missing.remove("ConfigurationImport");
        let (email, password) = house.user(Role::Owner, Reach::All).await;
        let signing = json!({"email": email, "password": password});
        let told = house.nobody().post("/api/auth/login", signing).await.is(200);
        let again = json!({"refresh_token": told["refresh_token"]});
        house.nobody().post("/api/auth/refresh", again).await.is(200);
        missing.remove("Renewed");
        assert!(missing.is_empty(), "nothing gave {missing:?}, so nobody knows whether it is true");
    }

    async fn another_tenant_reaches_nothing(db: Database) {
        let house = House::open(&db).await;
        let things = Things::of(&house).await;
        let stranger = house.signed_in(Role::Owner, Reach::Tenant(house.there)).await;
        let mut walked = 0;
        for route in &house.app.routes {
            let (path, body) = things.request(route);
            if !Things::names_something(route, &path, &body, &things) {
                continue;
            }
            walked += 1;
            let answer = call(&stranger, route, &path, &body).await;
            let is_refused = matches!(answer.status.as_u16(), 403 | 404);
            // A choice among several tells for each that it is not there.
            let is_skipped = route.operation.name == "proposals.decide"
                && answer.json()["skipped"].as_array().is_some_and(|it| it.len() == 1);
            assert!(is_refused || is_skipped, "{} as another tenant: {} {}", route.key(), answer.status, answer.text);
        }
        assert!(walked > 50, "only {walked} routes name something");
    }

    async fn lists_without_a_tenant_show_ones_own_only(db: Database) {
        let house = House::open(&db).await;
        Things::of(&house).await;
        let stranger = house.signed_in(Role::Owner, Reach::Tenant(house.there)).await;
        for route in &house.app.routes {
            let is_list = route.operation.kind == Kind::Page;
            if !is_list || route.path.contains('{') {
                continue;
            }
            let answer = call(&stranger, route, &route.path, &Json::Null).await;
            if answer.status == 403 || answer.status == 404 {
                continue;
            }
            answer.is(200);
            let here = house.here.to_string();
            assert!(!answer.text.contains(&here), "{} shows the other tenant: {}", route.key(), answer.text);
        }
    }
}
