//! The application `memo-coach` from end to end, at the paths of its description: memos are graded, looked back
//! upon, talked about and printed; a script plays the model.

mod people;

use std::{
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

use reqwest::Method;
use serde_json::{Value as Json, json};
use testkit::{
    Database,
    model::{Reply, Script},
};

use crate::place::{Answer, Asker, PASSWORD, Place, Server, entries, text};

/// The beginning and the end of a good memo without a word about risks.
const MEMO: &str = "TO: Senior Leadership Team\nFROM: Director of Imaging\n\
    SUBJECT: Second MRI scanner at the Eastfield campus\n\n\
    We recommend buying a second 1.5T MRI scanner for Eastfield in the coming fiscal year. The cost is $2.1M including site \
    work, and the scanner would be in use by October.\n\n\
    Our current scanner runs at 94% utilisation. The average wait for a non-urgent outpatient exam is now 27 days, up from \
    16 days two years ago.\n\n\
    We ask the team to approve $2.1M of capital and 4.5 positions at its March meeting.";

const SPANISH: &str = "PARA: Comité de Dirección\nDE: Jefatura de Farmacia\n\n\
    Propongo instalar armarios automatizados de dispensación en urgencias, cuidados intensivos y medicina interna. La \
    inversión es de 310.000 euros y el plazo de instalación, de cinco meses. No he calculado el valor actual neto.\n\n\
    Solicito la aprobación de la inversión en la reunión de febrero.";

/// A place for the application, with the model that a script plays.
fn place(db: &Database, script: &Script) -> Place {
    Place::on(db)
        .of_app("memo-coach")
        .with("OPENAI_BASE_URL", &script.base_url())
        .with("OPENAI_API_KEY", "scripted")
        .with("OPENAI_MODEL", "scripted")
}

/// Copies the application, changes a file of the copy, and gives the folder.
fn changed(place: &mut Place, file: &str, old: &str, new: &str) -> PathBuf {
    let app = place.own_app();
    let before = fs::read_to_string(app.join(file)).expect("the copy can be read");
    assert!(before.contains(old), "`{old}` is not in {file}");
    fs::write(app.join(file), before.replacen(old, new, 1)).expect("the copy can be written");
    app
}

/// What a model answers that gives these scores and quotes this passage; what it says of the whole counts for
/// nothing.
fn graded(four: [u8; 4], segment: &str) -> Json {
    let [structure, evidence, strategy, implementation] =
        four.map(|it| json!({"score": it, "justification": "The second paragraph earns it."}));
    json!({
        "overall_score": 1.0,
        "strengths": ["The request comes first.", "The wait is measured.", "The amount is named."],
        "opportunities": ["Name the risks.", "Show a weaker case.", "Say who is in charge."],
        "rubric_scores": {"structure": structure, "evidence": evidence, "strategy": strategy, "implementation": implementation},
        "segment_feedback": [{
            "segment": segment, "comment": "It says at once what is wanted.",
            "questions": ["What happens if the answer is no?", "Who would doubt it, and why?"],
            "suggestions": ["Add the date of the decision."],
        }],
    })
}

/// Somebody whom the administrator makes an account for, signed in at the application's own path.
async fn member(server: &Server, admin: &Asker, username: &str, role: &str) -> Asker {
    let new = json!({"username": username, "password": PASSWORD, "name": username, "role": role});
    let made = data(&admin.post("/api/v1/users", &new).await, 201);
    assert_eq!((&made["username"], &made["role"]), (&json!(username), &json!(role)), "{made}");
    let signing = json!({"username": username, "password": PASSWORD});
    let signed = data(&server.nobody().post("/api/v1/auth/login", &signing).await, 200);
    assert_eq!((&signed["user_id"], &signed["role"]), (&made["user_id"], &json!(role)), "{signed}");
    server.with(&text(&signed["session_token"]))
}

/// What an answer holds, in the application's envelope.
#[track_caller]
fn data(answer: &Answer, status: u16) -> Json {
    let body = answer.is(status);
    assert_eq!(body["errors"], json!([]), "{body}");
    for part in ["timestamp", "request_id"] {
        assert!(
            body["meta"][part].as_str().is_some_and(|it| !it.is_empty()),
            "no {part} in {body}"
        );
    }
    body["data"].clone()
}

/// The first error of a refusal in the application's envelope.
#[track_caller]
fn refused(answer: &Answer, status: u16, code: &str) -> Json {
    let body = answer.is(status);
    let error = body["errors"][0].clone();
    assert_eq!((&body["data"], &error["code"]), (&Json::Null, &json!(code)), "{body}");
    assert!(error["message"].as_str().is_some_and(|it| !it.is_empty()), "{body}");
    error
}

async fn submitted(asker: &Asker, memo: &str) -> Json {
    data(&asker.post("/api/v1/evaluations/submit", &json!({"text_content": memo})).await, 200)
}

/// What stands in a memo where a passage is said to be.
fn marked(memo: &str, passage: &Json) -> String {
    let place = |name: &str| {
        let number = passage[name].as_u64().unwrap_or_else(|| panic!("no place in {passage}"));
        usize::try_from(number).expect("a place in a text")
    };
    memo.chars().skip(place("start")).take(place("end") - place("start")).collect()
}

/// Waits until an evaluation is done.
async fn completed(asker: &Asker, id: &str) -> Json {
    let began = Instant::now();
    loop {
        let now = data(&asker.get(&format!("/api/v1/evaluations/{id}/status")).await, 200);
        match now["status"].as_str() {
            Some("completed") => {
                return data(&asker.get(&format!("/api/v1/evaluations/{id}")).await, 200);
            }
            Some("queued" | "processing") => {
                assert!(began.elapsed() < Duration::from_secs(30), "{now}");
            }
            _ => panic!("{now}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

testkit::on_both! {
    async fn a_memo_is_graded_and_looked_back_upon(db: Database) {
        let script = Script::start().await;
        let place = place(&db, &script);
        let server = place.serve().await;
        let admin = server.admin().await;
        let ann = member(&server, &admin, "ann", "writer").await;
        let valid = data(&ann.get("/api/v1/auth/validate").await, 200);
        assert_eq!((&valid["valid"], &valid["username"]), (&json!(true), &json!("ann")));
        assert_eq!((&valid["is_admin"], &valid["is_active"]), (&json!(false), &json!(true)));

        let quoted = "The average wait for a non-urgent outpatient exam is now 27 days";
        script.answers(Reply::json(&graded([4, 4, 4, 2], quoted)).tokens(3_000, 800));
        let answer = ann.post("/api/v1/evaluations/submit", &json!({"text_content": MEMO})).await;
        assert_eq!((answer.header("x-ratelimit-limit"), answer.header("x-ratelimit-remaining")), (Some("20"), Some("19")));
        let told = data(&answer, 200);
        assert_eq!((&told["status"], &told["version"], &told["overall_score"]), (&json!("completed"), &json!(1), &json!(3.6)), "{told}");
        assert_eq!(told["rubric_scores"]["implementation"]["score"], 2);
        assert_eq!((&told["llm_model"], &told["tokens_in"]), (&json!("scripted"), &json!(3_000)), "{told}");
        assert_eq!(told["language_detection"]["detected_language"], "en");
        assert_eq!(marked(MEMO, &told["segment_feedback"][0]), quoted);

        // Rubric, frameworks, context and guidelines are in the question, and the memo between its marks.
        let asked = script.last_request().prompt();
        for words in ["Structure and logic (25/100)", "Pyramid Principle", "Senior leaders of a healthcare company", "Use the full range"] {
            assert!(asked.contains(words), "{words} is not in {asked}");
        }
        let between: Vec<&str> = asked.split("TEXT-").collect();
        assert_eq!(between.len(), 3, "{asked}");
        assert!(between[1].contains("Second MRI scanner"));

        let id = text(&told["evaluation_id"]);
        let again = data(&ann.get(&format!("/api/v1/evaluations/{id}")).await, 200);
        assert_eq!(again, told);
        let listed = ann.get("/api/v1/evaluations?owner=me").await.is(200);
        assert_eq!((entries(&listed["data"]).len(), &listed["data"][0]["evaluation_id"]), (1, &told["evaluation_id"]), "{listed}");

        let progress = data(&ann.get("/api/v1/progress/me").await, 200);
        assert_eq!((&progress["count"], &progress["overall_trends"][0]["overall"]), (&json!(1), &json!(3.6)), "{progress}");
        assert_eq!(progress["rubric_improvements"]["evidence"]["latest"], json!(4.0), "{progress}");
        assert!(progress["submission_frequency"]["week"].is_array(), "{progress}");

        // The same memo, changed, is its next version.
        script.answers(Reply::json(&graded([5, 4, 4, 4], quoted)));
        let better = format!("{MEMO}\n\nThe main risk is that fewer exams come back; we would then open four days a week.");
        let body = json!({"text_content": better, "previous_evaluation": id});
        let second = data(&ann.post("/api/v1/evaluations/submit", &body).await, 200);
        assert_eq!((&second["version"], &second["overall_score"]), (&json!(2), &json!(4.25)), "{second}");
        let progress = data(&ann.get("/api/v1/progress/me").await, 200);
        assert_eq!((&progress["count"], &progress["overall"]["latest"]), (&json!(2), &json!(4.25)), "what was kept ends with a new one: {progress}");

        let report = ann.get(&format!("/api/v1/export/pdf/{}", text(&second["evaluation_id"]))).await;
        assert_eq!((report.status, report.header("content-type")), (200, Some("application/pdf")), "{}", report.text());
        assert!(report.header("content-disposition").is_some_and(|it| it.starts_with("attachment") && it.contains("memo-evaluation-")));
        assert!(report.bytes.starts_with(b"%PDF-"));
        assert!(!place.log().contains("MRI"), "no word of a memo is logged");
    }

    async fn a_memo_in_spanish_is_judged_in_spanish(db: Database) {
        let script = Script::start().await;
        let place = place(&db, &script);
        let server = place.serve().await;
        let admin = server.admin().await;
        let ann = member(&server, &admin, "ann", "writer").await;
        let quoted = "No he calculado el valor actual neto.";
        script.answers(Reply::json(&graded([4, 3, 3, 3], quoted)));
        let told = submitted(&ann, SPANISH).await;
        assert_eq!(told["language_detection"]["detected_language"], "es", "{told}");
        assert_eq!(told["overall_score"], 3.25);
        let asked = script.last_request().prompt();
        assert!(asked.contains("Argumentos y pruebas (30/100)") && asked.contains("Escriba toda la valoración en español"), "{asked}");
        assert!(!asked.contains("How to evaluate"), "{asked}");
        assert_eq!(marked(SPANISH, &told["segment_feedback"][0]), quoted, "places count characters");
        let detected = data(&ann.post("/api/v1/language/detect", &json!({"text": SPANISH})).await, 200);
        assert_eq!(detected["detected_language"], "es", "{detected}");
        let languages = data(&ann.get("/api/v1/language/supported").await, 200);
        assert_eq!(languages["languages"], json!(["en", "es"]));
        let help = ann.get("/api/v1/help?language=es&section=rubric").await.is(200);
        assert!(entries(&help["data"]).iter().any(|it| it["title"] == "Estructura y lógica"), "{help}");
    }

    async fn the_coach_knows_the_evaluation_that_the_chat_is_about(db: Database) {
        let script = Script::start().await;
        let place = place(&db, &script);
        let server = place.serve().await;
        let admin = server.admin().await;
        let ann = member(&server, &admin, "ann", "writer").await;
        script.answers(Reply::json(&graded([4, 4, 4, 2], "We recommend")));
        let told = submitted(&ann, MEMO).await;
        let about = json!({"evaluation_id": told["evaluation_id"]});
        let begun = data(&ann.post("/api/v1/chat/sessions", &about).await, 201);
        assert_eq!((&begun["evaluation_id"], &begun["title"]), (&told["evaluation_id"], &json!("Evaluation")), "{begun}");
        let session = format!("/api/v1/chat/sessions/{}", text(&begun["session_id"]));
        script.answers(Reply::text("Name two risks, each with a measure."));
        script.always(|_| Reply::text("Risks of the scanner"));
        let asked = json!({"message_content": "What would make implementation a 4?"});
        let first = data(&ann.post(&format!("{session}/messages"), &asked).await, 200);
        assert_eq!(first["assistant_response"], "Name two risks, each with a measure.", "{first}");
        let used = json!({"evaluation_id": told["evaluation_id"], "submission_id": told["submission_id"], "earlier_versions": 0});
        assert_eq!(first["context_used"], used, "{first}");
        let prompt = script.requests()[1].prompt();
        for words in ["Show a weaker case.", "Second MRI scanner at the Eastfield campus", "Implementation and risks"] {
            assert!(prompt.contains(words), "{words} is not in {prompt}");
        }
        // The title is asked for behind the answer, and must not get the next one.
        let began = Instant::now();
        while script.requests().len() < 3 {
            assert!(began.elapsed() < Duration::from_secs(20), "no title is asked for");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        script.answers(Reply::text("For example: if fewer exams come back, we open four days a week."));
        let next = json!({"message_content": "Show me one."});
        let second = data(&ann.post(&format!("{session}/messages"), &next).await, 200);
        assert_eq!(second["session_id"], begun["session_id"]);
        let listed = ann.get(&format!("/api/v1/chat/sessions?evaluation_id={}", text(&told["evaluation_id"]))).await.is(200);
        assert_eq!((entries(&listed["data"]).len(), &listed["data"][0]["session_id"]), (1, &begun["session_id"]), "{listed}");
        let said = ann.get(&format!("{session}/messages")).await.is(200);
        assert_eq!((entries(&said["data"]).len(), &said["data"][3]["role"]), (4, &json!("assistant")), "{said}");
        let bob = member(&server, &admin, "bob", "writer").await;
        refused(&bob.post("/api/v1/chat/sessions", &about).await, 404, "EVALUATION_NOT_FOUND");
        refused(&ann.post("/api/v1/chat/sessions", &json!({})).await, 400, "VALIDATION_ERROR");
        refused(&bob.get(&format!("{session}/messages")).await, 404, "NOT_FOUND");
        refused(&bob.post(&format!("{session}/messages"), &next).await, 404, "NOT_FOUND");
        ann.delete(&session).await.is(200);
        refused(&ann.get(&format!("{session}/messages")).await, 404, "NOT_FOUND");
    }

    async fn progress_is_said_in_two_sentences_and_known_to_the_coach(db: Database) {
        let script = Script::start().await;
        let place = place(&db, &script);
        let server = place.serve().await;
        let admin = server.admin().await;
        let (ann, bob) = (member(&server, &admin, "ann", "writer").await, member(&server, &admin, "bob", "writer").await);
        let comment = "/api/v1/progress/me/comment";
        refused(&ann.post(comment, &json!({})).await, 404, "NOT_FOUND");
        let mut last = String::new();
        for (four, more) in [([3, 3, 3, 2], "We wait."), ([5, 4, 4, 4], "We name a risk.")] {
            script.answers(Reply::json(&graded(four, "We recommend")));
            last = text(&submitted(&ann, &format!("{MEMO} {more}")).await["evaluation_id"]);
        }
        script.answers(Reply::json(&json!({"comment": "Your line rises. Name the risks first."})));
        let answer = ann.post(comment, &json!({})).await;
        assert_eq!(answer.header("x-ratelimit-limit"), Some("20"));
        let told = data(&answer, 200);
        assert_eq!((&told["comment"], &told["count"]), (&json!("Your line rises. Name the risks first."), &json!(2)), "{told}");
        assert_eq!((&told["language"], &told["llm_model"]), (&json!("en"), &json!("scripted")), "{told}");
        let asked = script.last_request().prompt();
        for words in ["exactly two sentences", "Memos evaluated: 2", "latest 4.25", "Structure and logic: mean 4", "2 times: Name the risks."] {
            assert!(asked.contains(words), "{words} is not in {asked}");
        }
        // Where nothing has changed, nobody is asked again; in another language it is another question.
        let count = script.requests().len();
        assert_eq!(data(&ann.post(comment, &json!({})).await, 200)["comment"], told["comment"]);
        assert_eq!(script.requests().len(), count);
        script.answers(Reply::json(&json!({"comment": "Su línea sube. Empiece por los riesgos."})));
        let spanish = data(&ann.post(comment, &json!({"language": "es"})).await, 200);
        assert_eq!((&spanish["language"], &spanish["comment"]), (&json!("es"), &json!("Su línea sube. Empiece por los riesgos.")));
        assert!(script.last_request().prompt().contains("Memorandos evaluados: 2"));
        // It is one's own, and for those alone who may read the memos.
        refused(&bob.post(comment, &json!({})).await, 404, "NOT_FOUND");
        let of_ann = format!("/api/v1/progress/{}/comment", text(&data(&ann.get("/api/v1/auth/validate").await, 200)["user_id"]));
        refused(&bob.post(&of_ann, &json!({})).await, 403, "SESSION_OWNERSHIP");
        assert_eq!(data(&admin.post(&of_ann, &json!({"language": "es"})).await, 200)["count"], 2);
        // On the machine it is said of whom it is asked for, by the name that they sign in with.
        script.always(|_| Reply::json(&json!({"comment": "Her line rises."})));
        let here = place.json(&["progress", "--comment", "--of", "ann", "--language", "en"]).await;
        assert_eq!((&here["count"], &here["language"]), (&json!(2), &json!("en")), "{here}");
        assert!(here["comment"].as_str().is_some_and(|it| !it.is_empty()), "{here}");
        let unknown = place.run(&["progress", "--comment", "--of", "nobody"]).await;
        assert!(unknown.code == 1 && unknown.err.contains("there is no user nobody"), "{}", unknown.err);
        let (past, early) = ("/api/v1/progress/me?from=2020-01-01", "/api/v1/progress/me?to=2020-01-01");
        let (past, early) = (data(&ann.get(past).await, 200), data(&ann.get(early).await, 200));
        assert_eq!((&past["count"], &past["from"], &early["count"]), (&json!(2), &json!("2020-01-01"), &json!(0)));
        for (path, field) in [("from=soon", "from"), ("from=2026-11-02&to=2026-11-01", "to")] {
            let path = format!("/api/v1/progress/me?{path}");
            assert_eq!(refused(&ann.get(&path).await, 400, "VALIDATION_ERROR")["field"], field);
        }
        let none = place.json(&["progress", "--of", "ann", "--to", "2020-01-01"]).await;
        assert_eq!((&none["count"], &none["to"]), (&json!(0), &json!("2020-01-01")), "{none}");

        let begun = data(&ann.post("/api/v1/chat/sessions", &json!({"evaluation_id": last})).await, 201);
        let messages = format!("/api/v1/chat/sessions/{}/messages", text(&begun["session_id"]));
        let count = script.requests().len();
        script.answers(Reply::text("You are told about risks for the second time."));
        script.always(|_| Reply::text("Risks again"));
        data(&ann.post(&messages, &json!({"message_content": "What do you see again and again?"})).await, 200);
        let prompt = script.requests()[count].prompt();
        assert!(prompt.contains("<progress>") && prompt.contains("opportunities, 2 times: Name the risks."), "{prompt}");
    }

    async fn another_rubric_is_used_by_naming_its_file(db: Database) {
        let script = Script::start().await;
        let mut place = place(&db, &script);
        let (old, new) = ("    rubric:\n      category:", "    rubric:\n      file: config/rubric_long.yaml\n      category:");
        changed(&mut place, "app.yaml", old, new);
        let server = place.serve().await;
        let admin = server.admin().await;
        let ann = member(&server, &admin, "ann", "writer").await;
        let mut answer = graded([4, 4, 4, 2], "We recommend");
        for key in ["clarity", "ask", "risks"] {
            answer["rubric_scores"][key] = json!({"score": 4, "justification": "It is so."});
        }
        script.answers(Reply::json(&answer));
        let told = submitted(&ann, MEMO).await;
        // 15, 20, 15, 15, 15, 15 and 5 of a hundred.
        assert_eq!((&told["overall_score"], &told["rubric_scores"]["ask"]["score"]), (&json!(3.9), &json!(4)), "{told}");
        let asked = script.last_request().prompt();
        assert!(asked.contains("Clear opportunity and ask (15/100)") && !asked.contains("(25/100)"), "{asked}");
        let report = ann.get(&format!("/api/v1/export/pdf/{}", text(&told["evaluation_id"]))).await;
        assert!(report.status == 200 && report.bytes.starts_with(b"%PDF-"), "{}", report.text());
        let progress = data(&ann.get("/api/v1/progress/me").await, 200);
        assert_eq!(progress["rubric_improvements"]["risks"]["latest"], json!(4.0), "{progress}");
        let frontend = data(&ann.get("/api/v1/config/frontend").await, 200);
        assert_eq!(entries(&frontend["documents"]["rubric"]["criteria"]).len(), 7, "{frontend}");
        // What the help does not explain yet is told, and keeps nothing from starting.
        let checked = data(&admin.post("/api/v1/admin/config/validate-all", &json!({})).await, 200);
        assert_eq!((&checked["is_valid"], &checked["warnings"]), (&json!(true), &json!(3)), "{checked}");
    }

    async fn an_evaluation_that_takes_too_long_goes_on(db: Database) {
        let script = Script::start().await;
        let mut place = place(&db, &script);
        changed(&mut place, "app.yaml", "deadline_s: 15", "deadline_s: 1");
        let server = place.serve().await;
        let admin = server.admin().await;
        let ann = member(&server, &admin, "ann", "writer").await;
        script.answers(Reply::json(&graded([4, 4, 4, 4], "We recommend")).delayed(Duration::from_secs(4)));
        let late = ann.post("/api/v1/evaluations/submit", &json!({"text_content": MEMO})).await;
        let error = refused(&late, 503, "EVAL_TIMEOUT");
        let id = text(&error["details"]["errors"][0]["message"]);
        let at = format!("/api/v1/evaluations/{id}");
        refused(&ann.get(&at).await, 425, "EVALUATION_NOT_READY");
        assert_eq!(completed(&ann, &id).await["overall_score"], 4.0);
        assert_eq!(script.requests().len(), 1, "nobody is asked twice");

        // Who does not want to wait says so.
        script.answers(Reply::json(&graded([1, 1, 1, 1], "We recommend")));
        let body = json!({"text_content": format!("{MEMO} Thank you."), "mode": "job"});
        let accepted = data(&ann.post("/api/v1/evaluations/submit", &body).await, 202);
        assert!(accepted["estimated_completion"].is_string(), "{accepted}");
        assert_eq!(completed(&ann, &text(&accepted["evaluation_id"])).await["overall_score"], 1.0);
    }

    async fn what_does_not_fit_is_refused_in_the_applications_words(db: Database) {
        let script = Script::start().await;
        let place = place(&db, &script);
        let server = place.serve().await;
        let admin = server.admin().await;
        let ann = member(&server, &admin, "ann", "writer").await;
        for wrong in [json!({"text_content": "too short"}), json!({"text_content": "x".repeat(10_001)}), json!({}), json!({"text": MEMO})] {
            refused(&ann.post("/api/v1/evaluations/submit", &wrong).await, 400, "VALIDATION_ERROR");
        }
        // Each fault has an entry of its own, with its field.
        let missing = refused(&ann.post("/api/v1/evaluations/submit", &json!({})).await, 400, "VALIDATION_ERROR");
        assert_eq!(missing["field"], "text_content", "{missing}");
        let wrong = admin.post("/api/v1/users", &json!({"username": 5, "password": PASSWORD, "role": 7})).await.is(400);
        let told = entries(&wrong["errors"]);
        let fields: Vec<&Json> = told.iter().map(|it| &it["field"]).collect();
        assert!(fields.contains(&&json!("username")) && fields.contains(&&json!("role")), "{wrong}");
        assert!(told.iter().all(|it| it["code"] == "VALIDATION_ERROR" && it["message"].is_string()), "{wrong}");
        assert_eq!(script.requests().len(), 0);
        refused(&ann.get("/api/v1/evaluations/01a1fc96-0241-7626-afe9-000000000000").await, 404, "EVALUATION_NOT_FOUND");
        let wrong = json!({"username": "ann", "password": "another long password"});
        refused(&server.nobody().post("/api/v1/auth/login", &wrong).await, 401, "INVALID_CREDENTIALS");
        refused(&admin.get("/api/v1/admin/config/nothing").await, 404, "CONFIG_NOT_FOUND");
        let again = json!({"username": "ann", "password": PASSWORD, "role": "writer"});
        refused(&admin.post("/api/v1/users", &again).await, 400, "VALIDATION_ERROR");
        let renamed = data(&ann.ask(Method::PUT, "/api/v1/users/me", Some(&json!({"name": "Ann Writer"}))).await, 200);
        assert_eq!(renamed["name"], "Ann Writer");
        script.always(|_| Reply::status(400));
        refused(&ann.post("/api/v1/evaluations/submit", &json!({"text_content": MEMO})).await, 503, "LLM_ERROR");
        // Nothing is answered in the envelope too.
        assert_eq!(data(&ann.post("/api/v1/auth/logout", &json!({})).await, 200), Json::Null);
        refused(&ann.get("/api/v1/auth/validate").await, 401, "INVALID_SESSION");
    }

    async fn the_thirteen_documents_are_there_and_fit(db: Database) {
        let script = Script::start().await;
        let place = place(&db, &script);
        let server = place.serve().await;
        let admin = server.admin().await;
        let all = data(&admin.get("/api/v1/admin/config/categories").await, 200);
        let names: Vec<String> = entries(&all["documents"]).iter().map(|it| text(&it["name"])).collect();
        for name in ["rubric", "frameworks", "context", "prompt", "auth", "security", "frontend", "backend", "database", "llm", "logging", "monitoring", "performance"] {
            assert!(names.iter().any(|it| it == name), "{name} is not among {names:?}");
        }
        let checked = data(&admin.post("/api/v1/admin/config/validate-all", &json!({})).await, 200);
        assert_eq!((&checked["is_valid"], &checked["warnings"]), (&json!(true), &json!(0)), "{checked}");
        let rubric = text(&data(&admin.get("/api/v1/admin/config/rubric").await, 200)["content"]);
        let heavier = json!({"contents": {"rubric": rubric.replacen("weight: 25", "weight: 26", 1)}});
        let checked = data(&admin.post("/api/v1/admin/config/validate-all", &heavier).await, 200);
        assert_eq!(checked["is_valid"], false, "{checked}");
        let frontend = data(&server.nobody().get("/api/v1/config/frontend").await, 200);
        assert_eq!((&frontend["chars_max"], &frontend["texts"]["es"]["tab.help"]), (&json!(10_000), &json!("Ayuda")));
        // Who is signed in is told the names of the criteria too.
        assert!(frontend.get("documents").is_none(), "{frontend}");
        let frontend = data(&admin.get("/api/v1/config/frontend").await, 200);
        let criteria = entries(&frontend["documents"]["rubric"]["criteria"]);
        assert_eq!(criteria[0]["name"], json!({"en": "Structure and logic", "es": "Estructura y lógica"}), "{frontend}");
    }
}

#[tokio::test]
async fn a_document_that_does_not_fit_keeps_it_from_starting() {
    for (file, old, new, told) in [
        ("config/rubric.yaml", "weight: 25", "weight: 26", "the weights sum to 101"),
        ("config/rubric.yaml", "total_weight: 100", "total_weight: 90", "total_weight"),
        (
            "config/frontend.yaml",
            "chars_max: 10000",
            "chars_max: 9000",
            "the longest memo is 9000 characters here",
        ),
        ("config/llm.yaml", "relay: {deadline: 25s}", "relay: {deadline: 5s}", "deadline"),
        ("config/prompt.yaml", "{{ rubric_content }}", "{{ rubrik_content }}", "rubrik_content"),
        (
            "config/context.yaml",
            "  company: >-\n    Una empresa",
            "  company_name: >-\n    Una empresa",
            "company",
        ),
    ] {
        let mut place = Place::new().of_app("memo-coach");
        let app = changed(&mut place, file, old, new).display().to_string();
        let ended = place.run(&["serve", &app, "--listen", "127.0.0.1:0"]).await;
        assert_eq!(ended.code, 1, "{file} was taken with `{new}`: {}", ended.out);
        assert!(!ended.out.contains("ready"), "{}", ended.out);
        let line = ended.err.lines().find(|it| it.contains(file) && it.contains(told));
        let line = line.unwrap_or_else(|| panic!("`{told}` of {file} is not told: {}", ended.err));
        let place_told = line.split_once(&format!("{file}:")).expect("where it is").1;
        assert!(place_told.starts_with(|it: char| it.is_ascii_digit()), "no line is named: {line}");
    }
}
