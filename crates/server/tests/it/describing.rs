//! The API's description.

use std::{collections::BTreeSet, path::Path, sync::Arc};

use serde_json::{Value as Json, json};
use testkit::Database;

use crate::house::House;

/// Every `$ref` of the document.
fn references<'a>(value: &'a Json, found: &mut BTreeSet<&'a str>) {
    match value {
        Json::Object(fields) => {
            for (name, inner) in fields {
                if name == "$ref" {
                    found.extend(inner.as_str());
                } else {
                    references(inner, found);
                }
            }
        }
        Json::Array(list) => list.iter().for_each(|it| references(it, found)),
        _ => {}
    }
}

async fn document() -> Json {
    let house = House::open(&Database::sqlite()).await;
    let mut document = house.nobody().get("/openapi.json").await.is(200);
    document["info"]["version"] = "0.0.0".into();
    document
}

#[tokio::test(flavor = "multi_thread")]
async fn the_description_is_a_whole_document_of_openapi_3_1() {
    testkit::install_tls();
    let document = document().await;
    assert_eq!(document["openapi"], "3.1.0");
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    for reference in found {
        let pointer = reference.strip_prefix('#').expect("all references are inside");
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
    let mut ids = BTreeSet::new();
    let paths = document["paths"].as_object().expect("paths");
    for (path, methods) in paths {
        for (method, operation) in methods.as_object().expect("methods") {
            let place = format!("{method} {path}");
            let id = operation["operationId"].as_str().expect("an id");
            assert!(ids.insert(id), "{place}: `{id}` is there twice");
            assert!(operation["summary"].as_str().is_some_and(|it| it.ends_with('.')), "{place}");
            let responses = operation["responses"].as_object().expect("responses");
            let is_success = |it: &String| it.starts_with('2') || it == "101";
            assert!(responses.keys().any(is_success), "{place}");
            for step in path.split('/').filter_map(|it| it.strip_prefix('{')) {
                let name = step.trim_end_matches('}');
                let declared = operation["parameters"].as_array().is_some_and(|all| {
                    all.iter().any(|it| {
                        it["name"] == name && it["in"] == "path" && it["required"] == true
                    })
                });
                assert!(declared, "{place}: `{name}` is not declared");
            }
            let mut seen = BTreeSet::new();
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let key = (parameter["name"].to_string(), parameter["in"].to_string());
                assert!(
                    parameter.get("$ref").is_some() || seen.insert(key.clone()),
                    "{place}: {key:?} twice"
                );
            }
            if matches!(method.as_str(), "get" | "delete") {
                assert!(operation.get("requestBody").is_none(), "{place} takes a body");
            }
        }
    }
    assert!(paths.contains_key("/v1/shops/{shop_id}/shelves"));
    assert!(paths.contains_key("/api/records/{record}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declared_route_is_described_with_its_fields_and_its_envelope() {
    testkit::install_tls();
    let document = document().await;
    let make = &document["paths"]["/v1/shops/{shop_id}/shelves"]["post"];
    insta::assert_json_snapshot!("a_declared_route", make);
    let read = &document["paths"]["/api/records/{record}"]["get"];
    insta::assert_json_snapshot!("a_fixed_route", read);
    let upload = &document["paths"]["/v1/shops/{shop_id}/shelves/upload"]["post"]["requestBody"];
    insta::assert_json_snapshot!("an_upload", upload);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_path_and_its_operation_is_listed() {
    testkit::install_tls();
    let document = document().await;
    let mut lines = Vec::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            let name = operation["x-operation"].as_str().unwrap_or_default();
            let permission = operation["x-permission"].as_str().unwrap_or_default();
            lines.push(format!("{} {path} → {name} ({permission})", method.to_uppercase()));
        }
    }
    insta::assert_snapshot!("all_routes", lines.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_description_is_the_same_each_time() {
    testkit::install_tls();
    assert_eq!(document().await.to_string(), document().await.to_string());
}

/// The interface takes its types from this file; `make openapi` writes both.
#[test]
fn the_interface_is_built_against_what_this_server_answers() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/openapi.json");
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    let printed = serde_json::to_string_pretty(&server::openapi::built_in()).unwrap() + "\n";
    assert!(
        kept == printed,
        "web/openapi.json is not what this server says of itself; `make openapi` writes it and the interface's types"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_built_in_is_the_same_in_every_application() {
    testkit::install_tls();
    let (whole, own) = (document().await, server::openapi::built_in());
    for (path, methods) in own["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            let served = &whole["paths"][path][method];
            assert_eq!(served["responses"], operation["responses"], "{method} {path}");
            assert_eq!(served["operationId"], operation["operationId"], "{method} {path}");
        }
    }
    let text = own.to_string();
    assert!(!text.contains("/v1/shops") && !text.contains("shelves"), "{text}");
}

/// The applications that are shipped, whatever they are.
#[test]
fn the_routes_of_every_shipped_application_fit_the_operations() {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../apps");
    let operations = server::route::operations();
    let mut seen = 0;
    for entry in std::fs::read_dir(shipped).expect("the folder of applications") {
        let path = entry.expect("an entry").path();
        let report = apps::check::folder(&path, &server::route::heads());
        let faults: Vec<_> = report
            .faults
            .iter()
            .filter(|it| it.code.contains("operation") || it.code.contains("argument"))
            .collect();
        assert!(faults.is_empty(), "{faults:?}");
        let Ok(folder) = apps::folder::Folder::read(&path) else { continue };
        let Some(routes) = &folder.description().routes else { continue };
        let style = Arc::new(server::style::Style::declared(routes));
        let compiled = server::route::declared(routes, &operations, &style);
        assert!(compiled.is_ok(), "{}: {compiled:?}", path.display());
        seen += 1;
    }
    assert!(seen > 0, "no application could be read");
}

testkit::on_both! {
    async fn the_interface_is_told_what_there_is_to_draw(db: Database) {
        let house = House::open(&db).await;
        let app = house.nobody().get("/api/app").await.is(200);
        assert_eq!((&app["app"], &app["prefix"]), (&json!("shelf"), &json!("/v1")));
        assert_eq!(app["tenants"]["plural"], "shops");
        assert_eq!(app["roles"]["keeper"], json!({"role": "admin", "tenants": "all", "about": ""}));
        let shelves = &app["collections"]["shelves"];
        assert_eq!(shelves["versioned"], json!({"children": "things"}));
        assert_eq!(shelves["schema"]["properties"]["height"]["type"], "integer");
        assert_eq!(app["collections"]["things"]["import"]["max_rows"], 50);
        assert_eq!(app["collections"]["things"]["searchable"], true);
        assert_eq!(app["tasks"]["coding"]["makes"], "version");
        assert_eq!(app["tasks"]["coding"]["input"]["properties"]["prefix"]["maxLength"], 5);
        assert_eq!(app["tasks"]["advice"]["run"], "now");
        assert_eq!(app["webhook_events"], json!(["shelf.done"]));
        let uploads = &app["uploads"];
        assert_eq!((&uploads["enabled"], &uploads["bytes_max"]), (&json!(true), &json!(5_242_880)));
        assert_eq!(uploads["kinds"], json!(["pdf", "docx", "xlsx", "html", "md", "txt", "json", "csv"]));
        assert_eq!(app["model"], json!({"complete": null, "embed": null}));
    }
}
