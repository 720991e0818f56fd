//! What browsers get.

use reqwest::Method;
use testkit::Database;

use crate::{conditions::CAREFUL, house::House};

testkit::on_both! {
    async fn a_browser_gets_a_page_and_a_program_a_problem(db: Database) {
        let house = House::open(&db).await;
        for path in ["/", "/shelves/1"] {
            let page = house.nobody().header("accept", "text/html,*/*").get(path).await;
            assert_eq!(page.status, 200);
            assert!(page.header("content-type").unwrap().starts_with("text/html"));
            assert_eq!(page.header("cache-control"), Some("no-cache"));
            // Only an interface that was built has a tag.
            let Some(tag) = page.header("etag") else { continue };
            let asker = house.nobody().header("accept", "text/html,*/*").header("if-none-match", tag);
            let again = asker.get(path).await;
            assert_eq!((again.status.as_u16(), again.text.as_str()), (304, ""));
            for name in CAREFUL {
                assert_eq!(again.header(name), page.header(name), "{name} of a 304");
            }
        }
        house.nobody().header("accept", "application/json").get("/shelves/1").await.refused(404, "not_found");
        house.nobody().header("accept", "text/html").get("/api/nothing").await.refused(404, "not_found");
        let answer = house.nobody().header("accept", "text/html").get("/v1/nothing").await;
        assert_eq!(answer.is(404)["error"]["code"], 4001);
    }

    async fn the_readable_page_needs_nothing_from_elsewhere(db: Database) {
        let house = House::open(&db).await;
        let page = house.nobody().get("/docs").await;
        assert_eq!(page.status, 200);
        for piece in ["/docs/page.js", "/docs/page.css"] {
            assert!(page.text.contains(piece));
            let text = house.nobody().get(piece).await;
            assert_eq!(text.status, 200);
            assert!(!text.text.contains("http://") && !text.text.contains("https://"), "{piece}");
        }
        assert!(!page.text.contains("https://"));
    }

    async fn large_answers_are_compressed_for_those_who_can_read_that(db: Database) {
        let house = House::open(&db).await;
        for coding in ["gzip", "br", "zstd"] {
            let answer = house.nobody().header("accept-encoding", coding).get("/openapi.json").await;
            assert_eq!(answer.header("content-encoding"), Some(coding), "{:?}", answer.headers);
        }
        let small = house.nobody().header("accept-encoding", "gzip").get("/health/live").await;
        assert_eq!(small.header("content-encoding"), None);
    }

    async fn only_listed_origins_may_ask_from_a_browser(db: Database) {
        let settings = server::Settings {
            allowed_origins: vec!["https://app.example.com".into()],
            ..server::Settings::default()
        };
        let house = House::open_with(&db, settings).await;
        let ask = |origin: &str| {
            let nobody = house.nobody();
            let request = nobody
                .request(Method::OPTIONS, "/api/me")
                .header("origin", origin)
                .header("access-control-request-method", "GET")
                .header("access-control-request-headers", "authorization");
            async move { nobody.send(request).await }
        };
        let allowed = ask("https://app.example.com").await;
        assert_eq!(allowed.header("access-control-allow-origin"), Some("https://app.example.com"));
        let refused = ask("https://evil.example.com").await;
        assert_eq!(refused.header("access-control-allow-origin"), None);
        // What a page of theirs asks models may be read by it too, whatever comes of it.
        let question = house.nobody().request(Method::POST, "/llm/v1/chat/completions");
        let question = question.header("origin", "https://app.example.com").body("{}");
        let answered = house.nobody().send(question).await;
        assert_eq!(answered.status, 401, "{answered:?}");
        assert_eq!(answered.header("access-control-allow-origin"), Some("https://app.example.com"));
    }
}
