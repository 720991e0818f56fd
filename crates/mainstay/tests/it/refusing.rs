//! What the program refuses to begin with, and what it tells instead.

use testkit::Database;

use crate::place::{EMAIL, Place, codebook};

testkit::on_both! {
    async fn a_database_of_another_version_is_not_served(db: Database) {
        let place = Place::on(&db);
        let app = codebook().display().to_string();
        let fresh = place.run(&["serve", &app, "--listen", "127.0.0.1:0", "--no-migrate"]).await;
        assert_eq!(fresh.code, 1);
        assert!(fresh.err.contains("mainstay migrate up"), "{}", fresh.err);

        let server = place.serve().await;
        server.stop().await;
        let last = "INSERT INTO schema_migrations (name, checksum, applied_at, actor) VALUES ('20990101_000000_future', 'x', 1, 'x')";
        db.raw(last).await;
        for words in [&["serve", &app, "--listen", "127.0.0.1:0"][..], &["audit", "verify"], &["user", "list"]] {
            let ended = place.run(words).await;
            assert_eq!(ended.code, 1, "{words:?} went on: {}", ended.out);
            assert!(ended.err.contains("20990101_000000_future"), "{words:?}: {}", ended.err);
            assert!(!ended.out.contains("ready"));
        }
        let status = place.run(&["migrate", "status"]).await;
        assert!(status.code == 1 && status.out.contains("unknown"), "{}{}", status.out, status.err);
        db.raw("DELETE FROM schema_migrations WHERE name LIKE '2099%'").await;
        db.raw("UPDATE schema_migrations SET checksum = 'tampered' WHERE name = (SELECT min(name) FROM schema_migrations)").await;
        let changed = place.run(&["serve", &app, "--listen", "127.0.0.1:0"]).await;
        assert_eq!(changed.code, 1, "{}", changed.out);
        assert!(changed.err.contains("mainstay migrate status"), "no command is named: {}", changed.err);
    }
}

#[tokio::test]
async fn the_file_of_variables_is_read_and_the_environment_wins() {
    let place = Place::new().without("MAINSTAY_ADMIN_EMAIL").without("MAINSTAY_ADMIN_PASSWORD");
    place.file(".env", b"MAINSTAY_ADMIN_EMAIL=file@example.com\nMAINSTAY_ADMIN_PASSWORD='from the file, with spaces'\n");
    let server = place.serve().await;
    server.sign_in("file@example.com", "from the file, with spaces").await;
    server.stop().await;

    let place = Place::new();
    place.file(".env", b"MAINSTAY_ADMIN_EMAIL=file@example.com\n");
    let server = place.serve().await;
    server.admin().await;
    assert!(place.done(&["user", "list"]).await.contains(EMAIL));
    server.stop().await;

    place.file("other.env", b"LOG_LEVEL=info\nJWT_ALGORITHM=RS256\n");
    let ended = place.run(&["user", "list", "--env-file", "other.env"]).await;
    assert!(ended.code == 1 && ended.err.contains("JWT_ALGORITHM"), "{}", ended.err);
    let gone = place.run(&["user", "list", "--env-file", "gone.env"]).await;
    assert!(gone.code == 1 && gone.err.contains("gone.env"), "{}", gone.err);
    place.file("broken.env", b"this is no variable\n");
    let broken = place.run(&["user", "list", "--env-file", "broken.env"]).await;
    assert!(broken.code == 1 && broken.err.contains("broken.env"), "{}", broken.err);
}

#[tokio::test]
async fn settings_that_cannot_work_are_named() {
    let app = codebook().display().to_string();
    let faulty = [
        ("JWT_ALGORITHM", "RS256", "HS256"),
        ("JWT_SECRET_KEY", "short", "JWT_SECRET_KEY"),
        ("LOG_LEVEL", "shouting", "LOG_LEVEL"),
        ("PORT", "eighty", "PORT"),
        ("MAINSTAY_POOL_SIZE", "many", "MAINSTAY_POOL_SIZE"),
        ("MAINSTAY_DATABASE_URL", "mysql://x", "MAINSTAY_DATABASE_URL"),
        ("POSTGRES_USER", "me", "POSTGRES_PASSWORD, DB_HOST, POSTGRES_DB"),
        ("MAINSTAY_ADMIN_PASSWORD", "short", "password"),
        ("MAINSTAY_ADMIN_EMAIL", "nobody", "e-mail address"),
    ];
    for (name, value, told) in faulty {
        let place = Place::new().with(name, value);
        let ended = place.run(&["serve", &app]).await;
        assert_eq!(ended.code, 1, "{name}={value} was taken: {}{}", ended.out, ended.err);
        assert!(ended.err.contains(told), "{name}={value}: {}", ended.err);
        assert!(!ended.out.contains("ready"), "{}", ended.out);
    }
}

#[tokio::test]
async fn all_variables_that_are_missing_are_named_at_once() {
    let mut place = Place::new();
    let app = place.own_app();
    let yaml = std::fs::read_to_string(app.join("app.yaml")).unwrap();
    let needing = yaml.replace(
        "  optional: [OPENAI_API_KEY",
        "  required: [FIRST_THING, SECOND_THING]\n  optional: [OPENAI_API_KEY",
    );
    assert_ne!(yaml, needing);
    std::fs::write(app.join("app.yaml"), needing).unwrap();
    let ended = place.run(&["serve", &app.display().to_string()]).await;
    assert_eq!(ended.code, 1);
    assert!(ended.err.contains("FIRST_THING, SECOND_THING"), "{}", ended.err);
    let doctor = place.run(&["doctor", "--app", &app.display().to_string()]).await;
    assert!(doctor.code == 1 && doctor.out.contains("FIRST_THING, SECOND_THING"), "{}", doctor.out);
    let place = place.with("FIRST_THING", "1").with("SECOND_THING", "2");
    place.serve().await.admin().await;
}
