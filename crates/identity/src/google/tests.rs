//! Tokens as Google makes them, and as others would like to.

use base64::{Engine, engine::general_purpose::STANDARD};
use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::json;

use super::*;

/// A key made for these tests, and for nothing else.
const KEY: &str = "\
    MIIEowIBAAKCAQEAmBj7VDk300H+OSvB/caDhpOcjNeaImyiDwuNUFDmAS9aW9cZr6V1DOM0T0Z9JtINTUqJUnUO\
    l/QOd3atX7mpW9RsIVcTQThWy/YHxgnKgi53KUPdgVALqOKjkMs36jUEhD5hrg72HRr+LfKDZ0itjSit85yWiKsi\
    eKJW9kCvJ2GTiKPJ3uaYfqsdqW1alXpi0JJP07lpErgxMzicF7klfPE1Uj7p3xnuYTLlXxVAQvosBCoRTMxbA6Ha\
    uiogTPCcSrqdWjtqE1FVWL/Oc76krM0g/rAiDE9VhV0csJ6KO1dGBIaiVzbr9oWfve+7zXt8Tl9Ayc20YKy5zlJb\
    zo4SAQIDAQABAoIBACxfBVshwh54XyDwmgxd0Fr/TylrcITgajq3ZQdsQl1QIi0uyEiMnWQgGE+UQciEeOr2dq8+\
    hP5hbaL+VT/a2wR2KQFk9LIPLIseAFCO5KwrwAmiyckCwBQJ4ivIjUxfIS0vQbHUnYoKKOLgn+MOucq3dl/ea6/9\
    NPY6beIzJqX3BuBSz/OhwnXzV5cl/lZqY5L0piP/GQvCugkCQhlnUMNXnxRFh4r3VX45LGKs+BCDbf2d13adKZea\
    0+sBQYp9LJt8TPqQAIJpXD30g57YISUJiHvDk/7HzgB6bJopKXn7kFN/IwY9oO28wlkACdtS5gG4xNkLT67atl62\
    sF84Xb0CgYEA1exU4XueJN0TU1af3l6prGdY9ca81LUFUpv4UcdSSggg1zL20iBmB+nXJDtV84vhjy7B+gw69mbK\
    ec1DismuisLOo3iClJkn4f/E3UIzJE02p2tf7IDf9JXbYDhRK2CLtaTm10nr23NdcdDiSMfbyyh/VdtRLuY/FAM2\
    dsaLQM8CgYEAtgOMRQarY0k/4P/OA6j7BkbWAuodySaMkF77sVpwSA1mMbI6DJ/vQE3yutyhEaVxFfiA6hvpX/FW\
    v72vlbCxjQQ1FAwZ3nTLWf8VkRp211Mc3/1+aEKw25iPm2OlF5QmYgs/rI7pTZrtlZtKA20kzyVvkcjfTUCNXXgh\
    prCDFC8CgYBmw/hmtZbcCKPvBg8YqQsDekY/E3DFEgzziV+6EXGThOIZ3y649L1vEcO7cRGyRMFfokunDlcI5Yph\
    Bt1qf8ZsfHb+CrdYIVcKd28gB1xAFSOrO6bCG4r6mT7gs00y9FdJNGV8iNNYAcyjD4CVDAWnS9YX7ZrLV+p3d6+j\
    UW+1+wKBgBoqJmbhz49lPz6L50SVbQh49FjU6NU6qmgyj0Hue0eQTYmFUlzwPMdkrSj5gFn2C2yaHYYJ3yGAovTL\
    Qstk7BEWcr7gAnP9HCJizenfAQhxFSyJ1zsLozreEn7G8zuRe3cKoOugW59hTxf7i8c0UF9KxWASnS8QwYGXPFcm\
    9qDXAoGBALRcXKNXadIqUKNP4jpGaF1jpNQda4HqHOabfAsuaKVtUwL4q1+9Wh935gSfd1+xse8W0tV7Ow3N2nzh\
    ZBhwu+8uEPD6vMkR5d68/QDWO+J02h1iEfYMzbXAOwX+iJFqA9NBDz5oxbsVmvzyCcMvGIY+jHjm9b+Bo+iO4e3R\
    QzLh";
const MODULUS: &str = "\
    mBj7VDk300H-\
    OSvB_caDhpOcjNeaImyiDwuNUFDmAS9aW9cZr6V1DOM0T0Z9JtINTUqJUnUOl_QOd3atX7mpW9RsIVcTQThWy_YH\
    xgnKgi53KUPdgVALqOKjkMs36jUEhD5hrg72HRr-LfKDZ0itjSit85yWiKsieKJW9kCvJ2GTiKPJ3uaYfqsdqW1a\
    lXpi0JJP07lpErgxMzicF7klfPE1Uj7p3xnuYTLlXxVAQvosBCoRTMxbA6HauiogTPCcSrqdWjtqE1FVWL_Oc76k\
    rM0g_rAiDE9VhV0csJ6KO1dGBIaiVzbr9oWfve-7zXt8Tl9Ayc20YKy5zlJbzo4SAQ";
const CLIENT: &str = "123-mine.apps.googleusercontent.com";
const NOW: i64 = 1_800_000_000;

/// What counts when the file says one thing, a change of it another, and the environment names client ids or not: the
/// address of the keys, the client ids, and what is held back.
#[track_caller]
fn check_kept(file: Json, changed: Json, env: Option<&[&str]>, expected: (&str, &[&str], &[&str])) {
    let shown = format!("{file} {changed} {env:?}");
    let read = |google: Json| -> crate::Settings {
        serde_json::from_value(json!({"google": google})).expect("settings")
    };
    let env = env.map(|it| it.iter().map(|it| (*it).to_owned()).collect());
    let settings = crate::Settings::changed(read(changed), read(file), env).google;
    let held_back: Vec<&str> = settings.held_back.iter().map(|it| it.field).collect();
    let client_ids: Vec<&str> = settings.client_ids.iter().map(String::as_str).collect();
    assert_eq!((settings.keys_url.as_str(), &client_ids[..], &held_back[..]), expected, "{shown}");
}

const GOOGLES: &str = "https://www.googleapis.com/oauth2/v3/certs";

#[test]
fn a_change_of_the_document_says_neither_whose_keys_count_nor_for_whom() {
    let (keys, ids) = ("google.keys_url", "google.client_ids");
    let evil = json!({"client_ids": ["mine"], "keys_url": "https://evil.example/keys"});
    check_kept(json!({"client_ids": ["mine"]}), evil.clone(), None, (GOOGLES, &["mine"], &[keys]));
    check_kept(json!({}), evil.clone(), None, (GOOGLES, &[], &[keys, ids]));
    check_kept(evil.clone(), evil.clone(), None, ("https://evil.example/keys", &["mine"], &[]));
    check_kept(evil, json!({}), None, ("https://evil.example/keys", &[], &[keys]));
    let more = json!({"client_ids": ["theirs", "mine"]});
    check_kept(json!({"client_ids": ["mine", "old"]}), more, None, (GOOGLES, &["mine"], &[ids]));
}

#[test]
fn a_change_of_the_document_may_take_a_client_id_away() {
    let file = json!({"client_ids": ["mine", "old"]});
    check_kept(file.clone(), json!({"client_ids": ["mine"]}), None, (GOOGLES, &["mine"], &[]));
    check_kept(file, json!({}), None, (GOOGLES, &[], &[]));
}

#[test]
fn client_ids_of_the_environment_win_over_both() {
    let (file, changed) = (json!({"client_ids": ["mine"]}), json!({"client_ids": ["theirs"]}));
    check_kept(file, changed, Some(&["env"]), (GOOGLES, &["env"], &[]));
}

fn now() -> Timestamp {
    base::clock::from_micros(NOW * 1_000_000)
}

fn keys() -> JwkSet {
    let key = json!({"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "one", "n": MODULUS, "e": "AQAB"});
    serde_json::from_value(json!({"keys": [key]})).expect("a key set")
}

fn claims() -> Json {
    json!({
        "iss": "https://accounts.google.com", "aud": CLIENT, "sub": "1098",
        "iat": NOW - 10, "exp": NOW + 3_590,
        "email": "Ann@Example.com", "email_verified": true, "name": "Ann \u{7}Lee",
    })
}

fn signed(claims: &Json) -> String {
    let key = EncodingKey::from_rsa_der(&STANDARD.decode(KEY).expect("a key"));
    let header = Header { kid: Some("one".into()), ..Header::new(Algorithm::RS256) };
    encode(&header, claims, &key).expect("a token")
}

fn given(token: &str) -> Result<Person, GoogleError> {
    read(token, &kid(token)?, &keys(), &[CLIENT.to_owned()], now())
}

/// The claims with one of them otherwise; null takes it away.
fn otherwise(name: &str, value: Json) -> Result<Person, GoogleError> {
    let mut claims = claims();
    match value {
        Json::Null => {
            claims.as_object_mut().expect("claims").remove(name);
        }
        value => claims[name] = value,
    }
    given(&signed(&claims))
}

#[test]
fn a_token_of_googles_for_this_application_says_who_it_is() {
    let person = given(&signed(&claims())).unwrap_or_else(|_| panic!("a person"));
    assert_eq!((person.subject.as_str(), person.email.as_str()), ("1098", "Ann@Example.com"));
    assert_eq!(person.name, "Ann Lee");
    assert!(otherwise("iss", json!("accounts.google.com")).is_ok());
    assert!(otherwise("aud", json!([CLIENT, "another"])).is_ok());
    assert!(otherwise("email_verified", json!("true")).is_ok());
}

#[test]
fn a_token_for_somebody_else_or_by_somebody_else_is_none() {
    for (name, value) in [
        ("iss", json!("https://accounts.evil.example")),
        ("iss", Json::Null),
        ("aud", json!("another application")),
        ("aud", Json::Null),
        ("sub", Json::Null),
        ("sub", json!("")),
        ("exp", Json::Null),
        ("iat", json!(NOW + 600)),
    ] {
        let shown = format!("{name}: {value}");
        assert!(matches!(otherwise(name, value), Err(GoogleError::Invalid)), "{shown}");
    }
}

#[test]
fn a_token_ends_a_minute_after_its_time() {
    assert!(otherwise("exp", json!(NOW - 59)).is_ok());
    assert!(matches!(otherwise("exp", json!(NOW - 60)), Err(GoogleError::Expired)));
}

#[test]
fn an_address_that_google_did_not_verify_counts_for_nothing() {
    for (name, value) in
        [("email_verified", json!(false)), ("email_verified", Json::Null), ("email", Json::Null)]
    {
        assert!(matches!(otherwise(name, value), Err(GoogleError::Unverified)), "{name}");
    }
}

#[test]
fn a_token_that_was_signed_otherwise_or_changed_is_refused() {
    let token = signed(&claims());
    let (head, signature) = token.rsplit_once('.').expect("three parts");
    let (header, body) = head.split_once('.').expect("three parts");
    let mut other = claims();
    other["sub"] = json!("1");
    let (other_head, _) = {
        let other = signed(&other);
        let (head, signature) = other.rsplit_once('.').expect("three parts");
        (head.to_owned(), signature.to_owned())
    };
    for wrong in [
        format!("{other_head}.{signature}"),
        format!("{head}."),
        format!("{header}.{body}"),
        "nonsense".to_owned(),
        String::new(),
        "a".repeat(TOKEN_BYTES_MAX + 1),
    ] {
        assert!(matches!(given(&wrong), Err(GoogleError::Invalid)), "{wrong}");
    }
    // Its public key is no secret, so nobody may sign with it.
    let key = EncodingKey::from_secret(MODULUS.as_bytes());
    let header = Header { kid: Some("one".into()), ..Header::new(Algorithm::HS256) };
    let forged = encode(&header, &claims(), &key).expect("a token");
    assert!(matches!(given(&forged), Err(GoogleError::Invalid)));
    let header = Header { kid: Some("two".into()), ..Header::new(Algorithm::RS256) };
    let key = EncodingKey::from_rsa_der(&STANDARD.decode(KEY).expect("a key"));
    let unknown = encode(&header, &claims(), &key).expect("a token");
    assert!(matches!(given(&unknown), Err(GoogleError::Invalid)));
}

/// Answers every request with these keys, and counts them. Ends with the test's runtime.
async fn keys_at(keys: Json) -> (String, std::sync::Arc<std::sync::atomic::AtomicUsize>) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    testkit::install_tls();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://{}/certs", listener.local_addr().expect("an address"));
    let count = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counted = count.clone();
    #[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let body = keys.to_string();
            let _ = socket.read(&mut [0; 4096]).await;
            counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            let answer = format!(
                "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            );
            let _ = socket.write_all(answer.as_bytes()).await;
        }
    });
    (address, count)
}

async fn house(db: &testkit::Database, keys_url: String) -> (Identity, base::Clock) {
    let clock = base::Clock::by_hand(now());
    let google = Settings { client_ids: vec![CLIENT.to_owned()], keys_url, held_back: Vec::new() };
    let password = crate::settings::PasswordCost { memory_kib: 8, passes: 1, lanes: 1, at_once: 4 };
    let settings = crate::Settings {
        google,
        password,
        sign_ins_per_minute: 1_000,
        ..crate::Settings::default()
    };
    let store = db.migrated(&[crate::MIGRATIONS]).await;
    (Identity::open(store, clock.clone(), settings).await.expect("identity opens"), clock)
}

fn token(subject: &str, email: &str) -> Secret<String> {
    let mut claims = claims();
    (claims["sub"], claims["email"]) = (json!(subject), json!(email));
    claims["exp"] = json!(NOW + 100_000);
    Secret::new(signed(&claims))
}

const AS_NEW: Option<AsNew> = Some(AsNew { role: Role::Viewer, reach: Reach::All });

testkit::on_both! {
    async fn whom_google_vouches_for_comes_in_and_is_the_same_the_next_time(db: testkit::Database) {
        let (url, _) = keys_at(json!(keys())).await;
        let (identity, _) = house(&db, url).await;
        let come = async |token: &Secret<String>, as_new| sign_in(&identity, token, as_new, Origin::default()).await;
        let ann = token("1098", "Ann@Example.com");
        assert!(matches!(come(&ann, None).await, Err(GoogleError::Unknown)));
        let first = come(&ann, AS_NEW).await.expect("a new user").user;
        assert_eq!(come(&ann, None).await.expect("the same user").user, first);
        // Whatever address Google knows them by later.
        assert_eq!(come(&token("1098", "lee@example.com"), AS_NEW).await.expect("the same user").user, first);
        let found = identity.store().read(move |db| user::get(db, first)).await.expect("a read").expect("a user");
        assert_eq!((found.email.as_str(), found.role), ("Ann@Example.com", Role::Viewer));
        // Another account with an address that is taken is nobody.
        assert!(matches!(come(&token("2", "ann@example.com"), AS_NEW).await, Err(GoogleError::Taken)));
        // No password lets them in.
        for password in ["", "x", "a long enough password"] {
            let tried = sign_in::login(&identity, "ann@example.com", Secret::new(password.into()), Origin::default()).await;
            assert!(matches!(tried, Err(LoginError::WrongCredentials)));
        }
        let change = user::Change { disabled: Some(true), ..user::Change::default() };
        user::update(&identity, &Caller::house(), first, change, None).await.expect("it is disabled");
        assert!(matches!(come(&ann, AS_NEW).await, Err(GoogleError::Login(LoginError::Disabled))));
    }

    async fn googles_keys_are_kept_for_an_hour(db: testkit::Database) {
        let (url, count) = keys_at(json!(keys())).await;
        let (identity, clock) = house(&db, url).await;
        let asked = || count.load(std::sync::atomic::Ordering::SeqCst);
        for _ in 0..3 {
            sign_in(&identity, &token("1", "a@example.com"), AS_NEW, Origin::default()).await.expect("they come in");
        }
        assert_eq!(asked(), 1);
        clock.advance(SignedDuration::from_mins(61));
        sign_in(&identity, &token("1", "a@example.com"), AS_NEW, Origin::default()).await.expect("they come in");
        assert_eq!(asked(), 2);
    }

    async fn without_google_nobody_comes_in(db: testkit::Database) {
        let (identity, _) = house(&db, "http://127.0.0.1:9/certs".into()).await;
        testkit::install_tls();
        let away = sign_in(&identity, &token("1", "a@example.com"), AS_NEW, Origin::default()).await;
        assert!(matches!(away, Err(GoogleError::KeysAway)));
        let store = db.open(store::Options::default()).await;
        let bare = Identity::open(store, base::Clock::by_hand(now()), crate::Settings::default()).await;
        let bare = bare.expect("identity opens");
        let off = sign_in(&bare, &token("1", "a@example.com"), AS_NEW, Origin::default()).await;
        assert!(matches!(off, Err(GoogleError::NotSetUp)));
    }
}
