//! Who may what in `memo-coach`: accounts, sessions and cookies, and whose memos are seen by whom.

use reqwest::Method;
use serde_json::json;
use testkit::{
    Database,
    model::{Reply, Script},
};

use super::{MEMO, data, graded, member, place, refused, submitted};
use crate::place::{Answer, PASSWORD, entries, text};

testkit::on_both! {
    async fn a_memo_is_its_writers(db: Database) {
        let script = Script::start().await;
        let place = place(&db, &script);
        let server = place.serve().await;
        let admin = server.admin().await;
        let ann = member(&server, &admin, "ann", "writer").await;
        let bob = member(&server, &admin, "bob", "writer").await;
        let eve = member(&server, &admin, "eve", "coach").await;
        script.answers(Reply::json(&graded([3, 3, 3, 3], "We recommend")));
        let id = text(&submitted(&ann, MEMO).await["evaluation_id"]);
        for path in [format!("/api/v1/evaluations/{id}"), format!("/api/v1/evaluations/{id}/status")] {
            for other in [&bob, &eve] {
                refused(&other.get(&path).await, 404, "EVALUATION_NOT_FOUND");
            }
            data(&admin.get(&path).await, 200);
            refused(&server.nobody().get(&path).await, 401, "UNAUTHORIZED");
        }
        refused(&bob.get(&format!("/api/v1/export/pdf/{id}")).await, 403, "SESSION_OWNERSHIP");
        refused(&bob.get("/api/v1/progress/all").await, 403, "SESSION_OWNERSHIP");
        let together = data(&eve.get("/api/v1/progress/all").await, 200);
        assert_eq!((&together["count"], &together["overall"]["mean"]), (&json!(1), &json!(3.0)), "{together}");
        assert!(!together.to_string().contains("The request comes first"), "a coach sees numbers: {together}");

        for path in [
            "/api/v1/admin/last-evaluations",
            "/api/v1/admin/config/categories",
            "/api/v1/admin/audit",
            "/api/v1/debug/info",
            "/api/v1/health/detailed",
            "/api/v1/health/database",
            "/api/v1/health/config",
            "/api/v1/health/llm",
            "/api/v1/health/auth",
            "/api/v1/users",
        ] {
            refused(&bob.get(path).await, 403, "ADMIN_REQUIRED");
            refused(&server.nobody().get(path).await, 401, "UNAUTHORIZED");
            admin.get(path).await.is(200);
        }
        let health = data(&server.nobody().get("/api/v1/health").await, 200);
        assert_eq!(health.as_object().map(serde_json::Map::len), Some(2), "its status and when it was: {health}");
        let detailed = data(&admin.get("/api/v1/health/detailed").await, 200);
        assert!(detailed["checks"]["sign_in"]["message"].is_string(), "{detailed}");
        let last = admin.get("/api/v1/admin/last-evaluations").await.is(200);
        assert_eq!(last["data"][0]["evaluation_id"], json!(id));

        // In debug mode, and only then, what went over the wire is kept.
        let raw = format!("/api/v1/admin/evaluation/{id}/raw");
        refused(&admin.get(&raw).await, 404, "NOT_FOUND");
        data(&admin.post("/api/v1/admin/debug/toggle", &json!({"enabled": true})).await, 200);
        script.answers(Reply::json(&graded([3, 3, 3, 3], "We recommend")));
        let watched = submitted(&bob, &format!("{MEMO} We wait.")).await;
        let raw = format!("/api/v1/admin/evaluation/{}/raw", text(&watched["evaluation_id"]));
        assert!(data(&admin.get(&raw).await, 200)["raw_prompt"].to_string().contains("MRI"));
        refused(&bob.get(&raw).await, 403, "ADMIN_REQUIRED");
    }

    async fn people_have_names_and_sessions_and_passwords_that_hold(db: Database) {
        let script = Script::start().await;
        let place = place(&db, &script);
        let server = place.serve().await;
        let admin = server.admin().await;
        let ann = member(&server, &admin, "Ann_Writer", "writer").await;
        let nobody = server.nobody();
        for wrong in ["ann_WRITER", "an", "ann@example.com"] {
            let new = json!({"username": wrong, "password": PASSWORD, "role": "writer"});
            refused(&admin.post("/api/v1/users", &new).await, 400, "VALIDATION_ERROR");
        }
        for weak in ["Short-7", "no-upper-case-7", "No-digit-in-it", "NoSpecial7in1t", "Summer2024!"] {
            let new = json!({"username": "bob", "password": weak, "role": "writer"});
            refused(&admin.post("/api/v1/users", &new).await, 400, "VALIDATION_ERROR");
        }
        let signing = json!({"username": "ann_writer", "password": PASSWORD});
        let mut signed = Vec::new();
        for _ in 0..5 {
            signed.push(data(&nobody.post("/api/v1/sessions/create", &signing).await, 201));
        }
        // The first one of six is over; the newest is read by its id, also with the header that clients have for it.
        refused(&ann.get("/api/v1/auth/validate").await, 401, "INVALID_SESSION");
        let last = signed.last().expect("five sessions");
        let caller = server.with(&text(&last["session_token"]));
        let session = data(&caller.get(&format!("/api/v1/sessions/{}", text(&last["session_id"]))).await, 200);
        assert_eq!((&session["session_id"], &session["is_current"]), (&last["session_id"], &json!(true)));

        // A writer does without what the house's editors may; nothing of theirs is missing for it.
        let may = entries(&last["permissions"]);
        for without in ["read_audit", "read_jobs", "use_models", "write_records"] {
            assert!(!may.contains(&json!(without)), "{without}: {last}");
        }
        for path in ["/api/jobs", "/api/usage", "/api/audit"] {
            caller.get(path).await.is(403);
        }

        let wrong = json!({"username": "ann_writer", "password": "Another-guess-1"});
        for _ in 0..3 {
            refused(&nobody.post("/api/v1/auth/login", &wrong).await, 401, "INVALID_CREDENTIALS");
        }
        refused(&nobody.post("/api/v1/auth/login", &signing).await, 429, "RATE_LIMITED");
    }

    async fn what_is_somebodys_is_asked_for_by_their_session_too(db: Database) {
        let script = Script::start().await;
        let place = place(&db, &script);
        let server = place.serve().await;
        let admin = server.admin().await;
        let (ann, bob) = (member(&server, &admin, "ann", "writer").await, member(&server, &admin, "bob", "writer").await);
        script.answers(Reply::json(&graded([3, 3, 3, 3], "We recommend")));
        let id = text(&submitted(&ann, MEMO).await["evaluation_id"]);
        let who = data(&ann.get("/api/v1/auth/validate").await, 200);
        let (history, progress) =
            (format!("/api/v1/evaluations/session/{}", text(&who["session_id"])), format!("/api/v1/progress/{}", text(&who["session_id"])));
        for asker in [&ann, &admin] {
            let listed = asker.get(&history).await.is(200);
            assert_eq!((&listed["data"][0]["evaluation_id"], entries(&listed["data"]).len()), (&json!(id), 1), "{listed}");
            let told = data(&asker.get(&progress).await, 200);
            assert_eq!((&told["count"], &told["owner"]), (&json!(1), &who["user_id"]), "{told}");
        }
        refused(&bob.get(&history).await, 403, "ADMIN_REQUIRED");
        refused(&bob.get(&progress).await, 403, "SESSION_OWNERSHIP");
        refused(&server.nobody().get(&history).await, 401, "UNAUTHORIZED");
        let unknown = format!("/api/v1/evaluations/session/{}", base::SessionId::generate());
        refused(&ann.get(&unknown).await, 404, "NOT_FOUND");
        refused(&ann.get("/api/v1/evaluations/session/yesterday").await, 400, "VALIDATION_ERROR");
        let by_id = format!("/api/v1/evaluations?owner={}", text(&who["user_id"]));
        assert_eq!(entries(&admin.get(&by_id).await.is(200)["data"]).len(), 1);
        refused(&bob.get(&by_id).await, 403, "ADMIN_REQUIRED");

        // One's own name is changed by oneself, and nothing else of an account.
        let hers = format!("/api/v1/users/{}", text(&who["user_id"]));
        assert_eq!(data(&ann.ask(Method::PUT, &hers, Some(&json!({"name": "Ann Lee"}))).await, 200)["name"], "Ann Lee");
        for more in [json!({"role": "admin"}), json!({"password": "Another-odd-passw0rd"}), json!({"disabled": true})] {
            refused(&ann.ask(Method::PUT, &hers, Some(&more)).await, 403, "FORBIDDEN");
        }
        refused(&bob.ask(Method::PUT, &hers, Some(&json!({"name": "Mallory"}))).await, 403, "ADMIN_REQUIRED");
    }

    async fn a_browser_keeps_its_session_in_cookies(db: Database) {
        let script = Script::start().await;
        let place = place(&db, &script);
        let server = place.serve().await;
        let admin = server.admin().await;
        member(&server, &admin, "ann", "writer").await;
        let nobody = server.nobody();
        let signing = json!({"username": "ann", "password": PASSWORD});
        let signed = nobody.post("/api/v1/auth/login", &signing).await;
        let told = data(&signed, 200);
        let set = signed.headers.get_all("set-cookie").iter();
        let set: Vec<&str> = set.filter_map(|it| it.to_str().ok()).collect();
        let session = format!("__Host-memo-coach-session={}; Path=/; ", text(&told["session_token"]));
        let is_kept = |it: &&str| it.starts_with(&session) && it.ends_with("; HttpOnly; SameSite=Strict; Secure");
        assert!(set.iter().any(is_kept), "no cookie of the session among {set:?}");
        // The refresh token goes where it is exchanged, and nowhere else.
        let refresh = format!("__Secure-memo-coach-refresh={}", text(&told["refresh_token"]));
        for path in ["/api/auth/refresh", "/api/v1/auth/refresh"] {
            let expected = format!("{refresh}; Path={path}; ");
            assert!(set.iter().any(|it| it.starts_with(&expected)), "no cookie for {path}");
        }
        let path = "/api/v1/auth/refresh";
        let asked = nobody.request(Method::POST, path).header("cookie", refresh.as_str());
        refused(&Answer::read(asked).await.expect("an answer"), 403, "FORBIDDEN");
        let asked = nobody.request(Method::POST, path).header("cookie", refresh.as_str());
        let asked = asked.header("x-csrf-token", text(&told["csrf_token"]));
        let renewed = data(&Answer::read(asked).await.expect("an answer"), 200);
        assert_eq!(renewed["session_id"], told["session_id"]);
        assert_eq!((renewed.get("session_token"), renewed.get("refresh_token")), (None, None), "no script reads them");
    }
}
