//! The application's description, for the interface that draws itself from it.

use apps::{
    description::{EventSource, Task, TenantReach, collection::Collection, plural, task::RunMode},
    schema::Schema,
};
use base::Permission;
use serde_json::{Map, Value as Json, json};

use crate::{
    App,
    operation::{Answer, Call, Kind, Nothing, Operation},
    problem::Problem,
};

pub(super) fn all() -> Vec<Operation> {
    vec![Operation::new(
        "app.get",
        Permission::Anyone,
        Kind::One,
        "Application",
        "Describes the application: its collections, tasks, roles and nouns.",
        get,
    )]
}

async fn get(call: Call, _: Nothing) -> Result<Answer, Problem> {
    Ok(Answer::one(describe(&call.app)))
}

fn describe(app: &App) -> Json {
    let description = app.description();
    let folder = app.engine.folder();
    let tenants = description.tenants.as_ref().map(|it| {
        json!({
            "noun": it.noun,
            "plural": plural(&it.noun, it.plural.as_deref()),
            "schema": folder.tenant_schema().map(Schema::inlined),
            "restore_days": it.restore_days,
        })
    });
    let roles: Map<String, Json> = description
        .roles
        .iter()
        .map(|(name, it)| {
            let tenants = if it.tenants == TenantReach::All { "all" } else { "one" };
            (name.clone(), json!({"role": it.role, "tenants": tenants, "about": it.about}))
        })
        .collect();
    let collections: Map<String, Json> = description
        .collections
        .iter()
        .map(|(name, it)| (name.clone(), collection(app, name, it)))
        .collect();
    let tasks: Map<String, Json> =
        description.tasks.iter().map(|(name, it)| (name.clone(), task(app, name, it))).collect();
    let assistants: Map<String, Json> = description
        .assistants
        .iter()
        .map(|(name, it)| {
            let told = json!({"title": it.title, "about": it.about, "documents": it.documents});
            (name.clone(), told)
        })
        .collect();
    let progress: Map<String, Json> = description
        .progress
        .iter()
        .map(|(name, it)| {
            let has_criteria = it.criteria.is_some();
            let told = json!({
                "title": it.title, "of": it.of, "has_criteria": has_criteria, "recurring": it.recurring,
                "has_comment": it.comment.is_some(),
            });
            (name.clone(), told)
        })
        .collect();
    let questions: Map<String, Json> = description
        .questions
        .iter()
        .map(|(name, it)| (name.clone(), json!({"title": it.title, "about": it.about})))
        .collect();
    let language = description.languages.first().map_or("en", String::as_str);
    let reports: Map<String, Json> = description
        .reports
        .iter()
        .map(|(name, it)| (name.clone(), json!({"title": it.title.of(language), "of": it.of})))
        .collect();
    let events: Vec<&String> =
        description.webhooks.events.iter().map(|it: (&String, &EventSource)| it.0).collect();
    let pages: Vec<Json> = description
        .pages
        .iter()
        .map(|it| json!({"collection": it.collection, "title": it.title}))
        .collect();
    let uploads = &app.knowledge.settings().uploads;
    json!({
        "app": description.app,
        "title": description.title,
        "about": description.about,
        "version": app.settings.version,
        "prefix": app.prefix(),
        "tenants": tenants,
        "roles": roles,
        "collections": collections,
        "tasks": tasks,
        "assistants": assistants,
        "questions": questions,
        "progress": progress,
        "reports": reports,
        "sources": description.sources.keys().collect::<Vec<_>>(),
        "lookups": description.lookups.keys().collect::<Vec<_>>(),
        "schedules": description.schedules.keys().collect::<Vec<_>>(),
        "languages": description.languages,
        "has_deprecations": app.ageing().next().is_some(),
        "uploads": {
            "enabled": uploads.enabled,
            "bytes_max": uploads.bytes_max,
            "kinds": uploads.kinds,
        },
        "sign_up": description.sign_up.is_some(),
        "sign_in": description.users.sign_in,
        "webhook_events": events,
        "pages": pages,
        "model": {"complete": app.models.can_complete(), "embed": app.models.can_embed()},
    })
}

fn collection(app: &App, name: &str, spec: &Collection) -> Json {
    let kit = app.kits().get(name);
    let documents: Map<String, Json> = kit
        .into_iter()
        .flat_map(|it| it.documents())
        .map(|(field, schema)| (field.to_owned(), schema.inlined().clone()))
        .collect();
    let import = spec.import.as_ref().map(|it| {
        json!({
            "formats": it.formats,
            "max_bytes": it.max_bytes,
            "max_rows": it.max_rows,
            "columns": it.columns,
            "required": it.required,
        })
    });
    let export = spec
        .export
        .as_ref()
        .map(|it| json!({"formats": it.formats, "columns": it.columns.keys().collect::<Vec<_>>()}));
    json!({
        "noun": spec.noun,
        "plural": plural(&spec.noun, spec.plural.as_deref()),
        "title": spec.title,
        "columns": spec.columns,
        "filters": spec.filters,
        "sorts": spec.sorts,
        "order": spec.order,
        "schema": kit.map(|it| it.schema.inlined()),
        "parent": spec.parent,
        "shared": spec.shared,
        "private": spec.private,
        "archived": spec.archive.is_some(),
        "searchable": !spec.search.is_empty(),
        "unique": spec.unique,
        "versioned": spec.versioned.as_ref().map(|it| json!({"children": it.children})),
        "import": import,
        "export": export,
        "references": spec.references,
        "documents": documents,
    })
}

fn task(app: &App, name: &str, task: &Task) -> Json {
    let input =
        app.engine.folder().task(name).and_then(|it| it.input.as_ref().map(Schema::inlined));
    let run = task.run.map(|it| match it {
        RunMode::Job => "job",
        RunMode::Now => "now",
    });
    json!({
        "title": task.title,
        "about": task.about,
        "on": task.on,
        "run": run,
        "input": input,
        "makes": task.makes.map(|_| "version"),
        "proposes": task.proposes.as_ref().map(|it| json!({"categories": it.categories})),
        "has_fallback": task.fallback.is_some(),
        "text": task.text,
        "result": task.result.as_ref().map(|it| &it.collection),
        "computed": task.computed.keys().collect::<Vec<_>>(),
    })
}
