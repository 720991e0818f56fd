//! Bad files, bad bodies, bad rules: each is refused or reported, and named.

use serde_json::{Value as Json, json};
use testkit::Database;

use crate::place::{Asker, Place, entries, list, text};

async fn upload(
    asker: &Asker,
    client: &str,
    name: &str,
    file_name: &str,
    file: &[u8],
) -> crate::place::Answer {
    let path = format!("/v1/clients/{client}/codebooks/upload");
    asker.upload(&path, &[("name", name), ("type", "material")], file_name, file).await
}

/// The items of a list that is taken, and the job's result.
async fn items(asker: &Asker, client: &str, name: &str, file: &[u8]) -> (Vec<Json>, Json) {
    let accepted = upload(asker, client, name, "items.csv", file).await.is(202);
    let result = asker.result(&accepted).await;
    let path = format!("/v1/codebook-versions/{}/items?limit=500", text(&result["version"]));
    (entries(&asker.get(&path).await.is(200)["data"]).clone(), result)
}

testkit::on_both! {
    async fn a_file_that_cannot_be_read_is_refused_with_its_code(db: Database) {
        let place = Place::on(&db).without_limits();
        let (_server, admin, client) = place.begun().await;
        let mut big = list(10);
        big.resize(11 * 1024 * 1024, b'x');
        let zip = b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".to_vec();
        let refused: Vec<(&str, Vec<u8>, u16, u32)> = vec![
            ("a zip", zip, 400, 3004),
            ("a PDF", b"%PDF-1.7 and more of it".to_vec(), 400, 3004),
            ("an image", b"\x89PNG\r\n\x1a\n0000000000000".to_vec(), 400, 3004),
            ("11 MB", big, 413, 3005),
            ("10,001 rows", list(10_001), 422, 3006),
            ("no label column", b"weight,colour\n1,red\n".to_vec(), 422, 3007),
            ("nothing at all", Vec::new(), 422, 3007),
            ("only a header", b"label,unit\n".to_vec(), 422, 3007),
        ];
        for (what, file, status, code) in refused {
            let answer = upload(&admin, &client, what, "items.csv", &file).await;
            // What is wrong may also be found only by the job.
            if answer.status == 202 {
                let job = admin.finished(&answer.json()["data"]["job_id"]).await;
                panic!("{what} was taken: {job}");
            }
            let error = answer.refused(status, code);
            assert!(text(&error["message"]).len() > 10, "{what}: {error}");
        }
        let left = admin.get(&format!("/v1/clients/{client}/codebooks")).await.is(200);
        assert_eq!(left["data"], json!([]), "a refused file left a codebook");
        let most = upload(&admin, &client, "10,000 rows", "items.csv", &list(10_000)).await;
        assert_eq!(most.status, 202, "{}", most.text());
    }

    async fn what_can_be_read_is_kept_and_the_rest_is_reported(db: Database) {
        let place = Place::on(&db).without_limits();
        let (_server, admin, client) = place.begun().await;

        let latin = b"label,description\n\"8\"\" PIPE\",Caf\xe9 \x96 court\n".to_vec();
        let (found, _) = items(&admin, &client, "Latin", &latin).await;
        assert_eq!(found[0]["description"], "Café – court");
        let wide: Vec<u8> = [0xff, 0xfe].into_iter().chain("label,unit\n8 inch pipé,LF\n".encode_utf16().flat_map(u16::to_le_bytes)).collect();
        let (found, _) = items(&admin, &client, "Wide", &wide).await;
        assert_eq!(found[0]["original_label"], "8 inch pipé");
        let marked = [b"\xef\xbb\xbf".as_slice(), b"Label;Unit\r\n8 inch pipe;LF\r\n\r\n"].concat();
        let (found, _) = items(&admin, &client, "Semicolons", &marked).await;
        assert_eq!((&found[0]["original_label"], &found[0]["metadata"]["unit"]), (&json!("8 inch pipe"), &json!("LF")));

        let formula = b"label,description,code\n=CMD(1),\"=HYPERLINK(\"\"http://x\"\")\",F-1\n@SUM(A1),-1+2,F-2\n".to_vec();
        let (found, result) = items(&admin, &client, "Formulas", &formula).await;
        let labels: Vec<_> = found.iter().map(|it| text(&it["original_label"])).collect();
        assert_eq!(labels, ["=CMD(1)", "@SUM(A1)"], "formulas are kept as text");
        let exported = admin.get(&format!("/v1/codebook-versions/{}/export?format=csv", text(&result["version"]))).await.text();
        assert!(!exported.contains(",=CMD(1)") && exported.contains("'=CMD(1)"), "a formula goes out alive: {exported}");

        let repeated = b"code,label\nA-1,first\nA-1,second\nA-1,third\n".to_vec();
        let (found, result) = items(&admin, &client, "Repeated", &repeated).await;
        let codes: std::collections::BTreeSet<_> = found.iter().map(|it| text(&it["code"])).collect();
        assert_eq!(codes.len(), 3, "{codes:?}");
        let told = entries(&result["report"]).iter().filter(|it| it["code"] == "repeated").filter_map(|it| it["row"].as_u64());
        assert_eq!(told.collect::<std::collections::BTreeSet<_>>(), [3, 4].into(), "{result}");

        let open = b"label,unit\n\"8 inch pipe,LF\n9 inch pipe,LF\n".to_vec();
        let refused = upload(&admin, &client, "Open quote", "items.csv", &open).await.refused(422, 3007);
        assert!(text(&refused["message"]).contains("line 2"), "{refused}");

        let mixed = b"label,unit,application,diameter\nok,LF,potable,8\n,LF,water,8\nnull\0byte,EA,moon,six\nshort\n".to_vec();
        let (found, result) = items(&admin, &client, "Mixed", &mixed).await;
        assert_eq!(result["rows"]["skipped"], 1, "{result}");
        assert_eq!(found.len(), 3, "{found:?}");
        let cleaned = found.iter().find(|it| text(&it["original_label"]).starts_with("null")).unwrap();
        assert_eq!(cleaned["original_label"], "nullbyte");
        assert_eq!(cleaned["metadata"]["application_given"], "moon", "{cleaned}");
    }

    async fn a_file_name_leads_nowhere(db: Database) {
        let place = Place::on(&db).without_limits();
        let (_server, admin, client) = place.begun().await;
        for (at, name) in ["../../../../tmp/owned.csv", "C:\\\\windows\\\\x.csv", "a\0b.csv", "%2e%2e%2fx.csv", "\u{202e}vsc.exe"].iter().enumerate() {
            let answer = upload(&admin, &client, &format!("../{at}/..\\x"), name, &list(2)).await;
            if answer.status == 202 {
                let result = admin.result(&answer.json()).await;
                let version = text(&result["version"]);
                let file = admin.get(&format!("/v1/codebook-versions/{version}/export?format=csv")).await;
                let named = file.header("content-disposition").unwrap().split("filename*").next().unwrap().to_owned();
                assert!(!named.contains('/') && !named.contains('\\'), "{named}");
            } else {
                assert!((400..500).contains(&answer.status), "{}", answer.text());
            }
        }
        assert!(!std::path::Path::new("/tmp/owned.csv").exists());
        let answer = admin.get("/v1/../../etc/passwd").await;
        assert!(!answer.text().contains("root:"));
        for path in ["/..%2f..%2fetc/passwd", "/assets/..%2f..%2fCargo.toml", "/v1/clients/..%2f..%2fx"] {
            let answer = admin.get(path).await;
            assert!(!answer.text().contains("root:") && !answer.text().contains("[package]"), "{path}");
        }
    }

    async fn a_body_that_is_wrong_is_refused_with_every_fault(db: Database) {
        let place = Place::on(&db).without_limits();
        let (_server, admin, client) = place.begun().await;
        admin.send("/v1/clients", "application/json", "{\"name\":").await.refused(400, 3008);
        admin.send("/v1/clients", "application/json", vec![0xff, 0xfe, 0x00]).await.refused(400, 3008);
        let deep = format!("{{\"name\":\"x\",\"metadata\":{}1{}}}", "{\"a\":".repeat(5_000), "}".repeat(5_000));
        let answer = admin.send("/v1/clients", "application/json", deep).await;
        assert!((400..=422).contains(&answer.status), "{}", answer.text());
        let huge = format!("{{\"name\":\"{}\"}}", "x".repeat(3 * 1024 * 1024));
        admin.send("/v1/clients", "application/json", huge).await.refused(413, 3005);
        let answer = admin.send("/v1/clients", "text/plain", "name=x").await;
        assert_eq!(answer.status, 415, "{}", answer.text());
        assert!(answer.json()["error"]["code"].is_number(), "{}", answer.text());
        let answer = admin.send("/v1/clients", "application/x-www-form-urlencoded", "name=x").await;
        assert_eq!(answer.status, 415, "{}", answer.text());
        for body in ["[]", "null", "7", "\"x\""] {
            let answer = admin.send("/v1/clients", "application/json", body).await;
            assert!(matches!(answer.status, 400 | 422), "{body}: {}", answer.text());
        }
        let faulty = json!({"name": "", "slug": "No Good", "contact_email": "nobody", "surplus": 1});
        let error = admin.post("/v1/clients", &faulty).await.refused(422, 3001);
        let fields: Vec<_> = entries(&error["details"]["errors"]).iter().map(|it| text(&it["field"])).collect();
        for field in ["/name", "/slug", "/contact_email"] {
            assert!(fields.iter().any(|it| it == field), "{field} is not among {fields:?}");
        }
        for name in ["x".repeat(256), "a\u{0}b".into()] {
            let answer = admin.post("/v1/clients", &json!({"name": name})).await;
            assert!(matches!(answer.status, 400 | 422), "{}", answer.text());
        }
        let path = format!("/v1/clients/{client}/codebooks/upload");
        let answer = admin.send(&path, "multipart/form-data; boundary=x", "no form at all").await;
        assert!((400..=422).contains(&answer.status), "{}", answer.text());
        let answer = admin.send(&path, "multipart/form-data", "no boundary").await;
        assert!((400..=422).contains(&answer.status), "{}", answer.text());
    }

    async fn a_rule_that_cannot_work_is_refused(db: Database) {
        let place = Place::on(&db).without_limits();
        let (_server, admin, client) = place.begun().await;
        let (book, _) = admin.codebook(&client, "Pipes", &list(3)).await;
        let path = format!("/v1/codebooks/{book}/rules");
        let rules = |strategy: &str, template: &str| json!({"name": "r", "rules_json": {"ordering_strategy": strategy, "naming_template": template}});
        for faulty in [
            rules("material-first", "${nope}-${material}"),
            rules("material-first", "no placeholder"),
            rules("alphabet-first", "${material}"),
            json!({"name": "r", "rules_json": {"ordering_strategy": "csi-first"}}),
            json!({"name": "r", "rules_json": []}),
        ] {
            admin.post(&path, &faulty).await.refused(422, 8006);
        }
        let wrong = admin.post(&path, &rules("material-first", "${material}-${colour}")).await.refused(422, 8006);
        assert!(text(&wrong["message"]).contains("`${colour}`"), "{wrong}");
        let fault = &wrong["details"]["errors"][0];
        assert_eq!(fault["field"], "/rules_json/naming_template", "{wrong}");
        assert!(text(&fault["message"]).contains("`${colour}`"), "{wrong}");
        let good = admin.post(&path, &rules("csi-first", "${family}_${diameter}")).await.is(201);
        let patch = json!({"rules_json": {"ordering_strategy": "csi-first", "naming_template": "${oops}"}});
        let in_rule = format!("/v1/rules/{}", text(&good["data"]["id"]));
        admin.ask(reqwest::Method::PATCH, &in_rule, Some(&patch)).await.refused(422, 8006);
        let off = json!({"is_active": false});
        admin.ask(reqwest::Method::PATCH, &in_rule, Some(&off)).await.is(200);
        let listed = async |query: &str| {
            let found = admin.get(&format!("/v1/clients/{client}/rules?codebook_id={book}{query}")).await.is(200);
            entries(&found["data"]).len()
        };
        assert_eq!(listed("&active_only=true").await, 0, "a switch that is on");
        assert_eq!((listed("&active_only=false").await, listed("").await), (1, 1), "one that is off changes nothing");
        let with_it = admin.post(&format!("/v1/codebooks/{book}/refactor"), &json!({"rule_id": good["data"]["id"]})).await;
        assert!((400..500).contains(&with_it.status), "a rule that is off was used: {}", with_it.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_refactors_at_once_are_one() {
    let script = testkit::model::Script::start().await;
    script.always(|_| testkit::model::Reply::prose().delayed(std::time::Duration::from_secs(20)));
    let place = Place::new().without_limits();
    let (server, admin, client) = place.begun().await;
    let (book, _) = admin.codebook(&client, "Pipes", &list(5)).await;
    server.stop().await;
    let place =
        place.with("OPENAI_BASE_URL", &script.base_url()).with("OPENAI_API_KEY", "sk-anything");
    let server = place.serve_with(&["--drain", "0"]).await;
    let admin = server.with(&admin.token.unwrap());
    let path = format!("/v1/codebooks/{book}/refactor");
    let accepted = admin.post(&path, &json!({})).await.is(202);
    let refused = admin.post(&path, &json!({})).await;
    assert_eq!(refused.status, 409, "{}", refused.text());
    refused.refused(409, 2004);
    let seen = admin.get(&format!("/v1/codebooks/{book}")).await.is(200);
    assert!(
        seen["data"]["locked_by"].is_string() && seen["data"]["locked_at"].is_string(),
        "{seen}"
    );
    admin
        .post(&format!("/v1/jobs/{}/cancel", text(&accepted["data"]["job_id"])), &json!({}))
        .await
        .is(200);
    let ended = admin.finished(&accepted["data"]["job_id"]).await;
    assert_eq!(ended["state"], "cancelled", "{ended}");
    let seen = admin.get(&format!("/v1/codebooks/{book}")).await.is(200);
    assert_eq!(seen["data"]["locked_by"], Json::Null, "the lock outlived its job");
}
