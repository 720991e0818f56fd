//! A disk that takes nothing more: what cannot be kept is refused, what is there is read, and with the
//! space comes everything back.

use serde_json::json;
use tokio::process::Command;

use crate::{
    place::{Answer, Asker, Place, entries, list, text},
    script::done,
};

/// Room for the log of some hundred small transactions, and not for a list of ten thousand rows.
const ROOM: u64 = 512 * 1024;

async fn rule(asker: &Asker, client: &str, name: &str) -> Answer {
    let rules = json!({"ordering_strategy": "csi-first", "naming_template": "${material}"});
    let body = json!({"name": name, "rules_json": rules, "is_active": false});
    asker.post(&format!("/api/collections/rules?tenant={client}"), &body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_what_it_cannot_keep_and_nothing_else() {
    let place = Place::new().without_limits();
    let (server, admin, client) = place.begun().await;
    admin.codebook(&client, "Pipes", &list(30)).await;
    server.stop().await;

    let file = place.path().join("mainstay-data/codebook/mainstay.sqlite");
    let size = std::fs::metadata(&file).unwrap().len();
    let server = place.serve_within(size + ROOM).await;
    let admin = server.with(&admin.token.unwrap());
    let mut kept = Vec::new();
    let refused = loop {
        let answer = rule(&admin, &client, &format!("rule {}", kept.len())).await;
        if answer.status != 201 {
            break answer;
        }
        kept.push(text(&answer.json()["id"]));
        assert!(kept.len() < 5_000, "the disk does not get full");
    };
    check_full(&refused);
    assert!(kept.len() > 10, "hardly anything was written: {}", kept.len());
    let path = format!("/api/collections/codebooks/import?tenant={client}");
    let fields = [("name", "Too much"), ("type", "material")];
    check_full(&admin.upload(&path, &fields, "x.csv", &list(10_000)).await);

    // Reading goes on, and shows nothing of what was refused.
    let there = in_rules(&admin, &client).await;
    assert!(kept.iter().all(|it| there.contains(it)), "acknowledged and lost");
    let books = admin.get(&format!("/v1/clients/{client}/codebooks")).await.is(200);
    assert_eq!(entries(&books["data"]).len(), 1, "{books}");
    assert_eq!(server.nobody().get("/health/live").await.status, 200);
    assert!(place.log().contains("storage_full"), "the log does not say why: {}", place.log());

    done(Command::new("prlimit").args(["--pid", &server.id(), "--fsize=unlimited"])).await;
    let after = text(&rule(&admin, &client, "there is space again").await.is(201)["id"]);
    let mut now = in_rules(&admin, &client).await;
    now.retain(|it| !there.contains(it));
    assert_eq!(now, [after], "something refused came back");
    let accepted = admin.upload(&path, &fields, "x.csv", &list(200)).await.is(202);
    assert_eq!(admin.finished(&accepted["job"]).await["state"], "completed");
    assert!(server.stop().await.success());
    assert_eq!(place.json(&["audit", "verify"]).await["whole"], true);
}

async fn in_rules(asker: &Asker, client: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut path = format!("/api/collections/rules?tenant={client}&limit=500");
    loop {
        let page = asker.get(&path).await.is(200);
        found.extend(entries(&page["items"]).iter().map(|it| text(&it["id"])));
        let Some(next) = page["next_cursor"].as_str() else { return found };
        path = format!("/api/collections/rules?tenant={client}&limit=500&cursor={next}");
    }
}

#[track_caller]
fn check_full(answer: &Answer) {
    let body = answer.is(507);
    assert_eq!(body["code"], "storage_full", "{body}");
    assert!(body["hint"].is_string(), "{body}");
}
