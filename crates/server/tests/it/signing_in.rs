//! Signing in, staying in, going out.

use base::{Role, Scope};
use identity::Reach;
use serde_json::json;
use testkit::Database;

use crate::house::House;

testkit::on_both! {
    async fn who_signs_in_can_ask_who_they_are(db: Database) {
        let house = House::open(&db).await;
        let me = house.editor().await.get("/api/me").await.is(200);
        assert_eq!(me["role"], "editor");
        assert_eq!(me["role_name"], "clerk");
        assert_eq!(me["reaches"], "one");
        assert_eq!(me["tenant"], house.here.to_string());
        let permissions = me["permissions"].as_array().unwrap();
        assert!(permissions.contains(&json!("write_records")));
        assert!(!permissions.contains(&json!("manage_tenants")));
    }

    async fn a_wrong_password_says_nothing_about_the_account(db: Database) {
        let house = House::open(&db).await;
        let (email, _) = house.user(Role::Viewer, Reach::All).await;
        let nobody = house.nobody();
        let wrong = json!({"email": email, "password": "wrong horse"});
        let unknown = json!({"email": "no@example.com", "password": "wrong horse"});
        let one = nobody.post("/api/auth/login", wrong).await.refused(401, "wrong_credentials");
        let other = nobody.post("/api/auth/login", unknown).await.refused(401, "wrong_credentials");
        assert_eq!(one["detail"], other["detail"]);
    }

    async fn everybody_changes_their_own_name_and_nothing_else_of_their_account(db: Database) {
        let house = House::open(&db).await;
        let viewer = house.viewer().await;
        let me = viewer.get("/api/me").await.is(200);
        let own = format!("/api/users/{}", me["id"].as_str().unwrap());
        let changed = viewer.patch(&own, json!({"name": "Ann Lee"})).await.is(200);
        assert_eq!((&changed["name"], &changed["role"]), (&json!("Ann Lee"), &json!("viewer")));
        assert_eq!(viewer.get(&own).await.is(200)["name"], "Ann Lee");
        for more in [
            json!({"name": "Bob", "role": "admin"}),
            json!({"disabled": false}),
            json!({"reaches": "all"}),
            json!({"password": "another long password"}),
        ] {
            viewer.patch(&own, more).await.refused(403, "forbidden");
        }
        assert_eq!(viewer.get(&own).await.is(200)["name"], "Ann Lee");
        let other = house.editor().await.get("/api/me").await.is(200);
        let other = format!("/api/users/{}", other["id"].as_str().unwrap());
        viewer.get(&other).await.refused(403, "permission_missing");
        viewer.patch(&other, json!({"name": "Bob"})).await.refused(403, "permission_missing");
        let key = house.key(&[Scope::Read]).await;
        key.patch(&own, json!({"name": "Bob"})).await.refused(403, "permission_missing");
    }

    async fn a_refresh_token_is_good_once(db: Database) {
        let house = House::open(&db).await;
        let (email, password) = house.user(Role::Viewer, Reach::All).await;
        let nobody = house.nobody();
        let tokens = nobody.post("/api/auth/login", json!({"email": email, "password": password})).await.is(200);
        assert_eq!(tokens["expires_in"], 900);
        let again = json!({"refresh_token": tokens["refresh_token"]});
        let fresh = nobody.post("/api/auth/refresh", again.clone()).await.is(200);
        assert_ne!(fresh["refresh_token"], tokens["refresh_token"]);
        nobody.post("/api/auth/refresh", again).await.refused(401, "session_ended");
        let stolen = house.with(fresh["access_token"].as_str().unwrap());
        stolen.get("/api/me").await.refused(401, "session_ended");
    }

    async fn who_signs_out_is_out_at_once(db: Database) {
        let house = House::open(&db).await;
        let viewer = house.viewer().await;
        assert_eq!(viewer.post("/api/auth/logout", json!({})).await.status, 204);
        viewer.get("/api/me").await.refused(401, "session_ended");
    }

    async fn a_stale_token_does_not_prevent_a_sign_in(db: Database) {
        let house = House::open(&db).await;
        let (email, password) = house.user(Role::Viewer, Reach::All).await;
        let stale = house.with("eyJhbGciOiJIUzI1NiJ9.e30.x");
        stale.get("/api/me").await.refused(401, "token_invalid");
        stale.post("/api/auth/login", json!({"email": email, "password": password})).await.is(200);
    }

    async fn a_key_is_accepted_in_either_header_until_it_is_revoked(db: Database) {
        let house = House::open(&db).await;
        let owner = house.owner().await;
        let body = json!({"tenant": house.here, "name": "robot", "scopes": ["read", "write"]});
        let key = owner.post("/api/keys", body).await.is(201);
        let secret = key["secret"].as_str().unwrap();
        assert!(secret.starts_with("sh_live_"), "{secret}");
        let me = house.with(secret).get("/api/me").await.is(200);
        assert_eq!((&me["tenant"], &me["email"]), (&json!(house.here), &json!(null)));
        let list = "/api/collections/shelves";
        house.with(secret).get(list).await.is(200);
        house.nobody().header("x-api-key", secret).get(list).await.is(200);
        let id = key["id"].as_str().unwrap();
        assert_eq!(owner.delete(&format!("/api/keys/{id}")).await.status, 204);
        house.with(secret).get(list).await.refused(401, "key_revoked");
        let listed = owner.get(&format!("/api/keys?tenant={}", house.here)).await.is(200);
        assert!(listed["items"][0].get("secret").is_none());
    }

    async fn who_administers_the_whole_house_has_another_key_sign_and_nobody_is_signed_out(db: Database) {
        let house = House::open(&db).await;
        let (path, rotate) = ("/api/signing-keys", "/api/signing-keys/rotate");
        let admin = house.signed_in(Role::Admin, Reach::All).await;
        let told = admin.get(path).await.is(200);
        let first = told["keys"][0].clone();
        assert_eq!((&told["keys"].as_array().map(Vec::len), &told["max_age_s"]), (&Some(1), &json!(90 * 24 * 3_600)), "{told}");
        assert_eq!((&first["is_signing"], &first["sessions"], &first["retired_at"]), (&json!(true), &json!(1), &json!(null)));
        let made = admin.post(rotate, json!({})).await.is(200);
        assert_eq!((&made["is_signing"], &made["sessions"], made["id"] == first["id"]), (&json!(true), &json!(0), false), "{made}");
        let editor = house.editor().await;
        let told = admin.get(path).await.is(200);
        let keys: Vec<_> = told["keys"].as_array().unwrap().iter().map(|it| (&it["id"], &it["is_signing"], &it["sessions"])).collect();
        assert_eq!(keys, [(&first["id"], &json!(false), &json!(1)), (&made["id"], &json!(true), &json!(1))], "{told}");
        assert!(!told.to_string().contains("secret"), "{told}");
        editor.get("/api/me").await.is(200);
        let audit = admin.get("/api/audit?action=signing_key_rotated").await.is(200);
        let me = admin.get("/api/me").await.is(200);
        assert_eq!((audit["items"].as_array().map(Vec::len), &audit["items"][0]["actor"]), (Some(1), &me["id"]), "{audit}");

        let of_one = house.signed_in(Role::Owner, Reach::Tenant(house.here)).await;
        for asker in [of_one, house.signed_in(Role::Operator, Reach::All).await, house.key(&[Scope::Admin]).await] {
            asker.get(path).await.refused(403, "permission_missing");
            asker.post(rotate, json!({})).await.refused(403, "permission_missing");
        }
        assert_eq!(admin.get(path).await.is(200)["keys"].as_array().map(Vec::len), Some(2));
    }

    async fn malformed_credentials_are_told_apart_from_missing_ones(db: Database) {
        let house = House::open(&db).await;
        let list = "/api/collections/shelves";
        house.nobody().get(list).await.refused(401, "key_missing");
        let answer = house.with("banana").get(list).await;
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        answer.refused(401, "key_invalid");
        house.nobody().header("authorization", "Basic abc").get(list).await.refused(401, "key_invalid");
        let unknown = format!("sh_live_{}", "a".repeat(43));
        house.with(unknown).get(list).await.refused(401, "key_invalid");
    }

    async fn a_token_is_accepted_in_a_header_of_its_own(db: Database) {
        let house = House::open(&db).await;
        let viewer = house.viewer().await;
        let token = viewer.token().unwrap().to_owned();
        let me = house.nobody().header("x-session-token", token).get("/api/me").await.is(200);
        assert_eq!(me["role"], "viewer");
        house.nobody().header("x-session-token", "banana").get("/api/me").await.refused(401, "key_invalid");
        house.nobody().header("x-session-token", "").get("/api/me").await.refused(401, "key_missing");
        let described = house.nobody().get("/openapi.json").await.is(200);
        assert_eq!(described["components"]["securitySchemes"]["session"]["name"], "X-Session-Token");
    }

    async fn a_session_is_read_by_whose_it_is_and_by_who_manages_them(db: Database) {
        let house = House::open(&db).await;
        let (email, password) = house.user(Role::Editor, Reach::Tenant(house.here)).await;
        let tokens = house.nobody().post("/api/auth/login", json!({"email": email, "password": password})).await.is(200);
        let ann = house.with(tokens["access_token"].as_str().unwrap());
        assert_eq!(ann.get("/api/me").await.is(200)["session"], tokens["session"]);
        let path = format!("/api/sessions/{}", tokens["session"].as_str().unwrap());
        let own = ann.get(&path).await.is(200);
        assert_eq!((&own["user"], &own["is_current"]), (&tokens["user"]["id"], &json!(true)));
        let managed = house.owner().await.get(&path).await.is(200);
        assert_eq!((&managed["id"], &managed["is_current"]), (&tokens["session"], &json!(false)));
        house.editor().await.get(&path).await.refused(403, "permission_missing");
        // To another tenant it is not there, as little as its user.
        let elsewhere = house.signed_in(Role::Admin, Reach::Tenant(house.there)).await;
        let user = tokens["user"]["id"].as_str().unwrap();
        elsewhere.get(&format!("/api/users/{user}")).await.refused(404, "user_not_found");
        elsewhere.get(&format!("/api/sessions?user={user}")).await.refused(404, "user_not_found");
        elsewhere.get(&path).await.refused(404, "session_not_found");
        elsewhere.delete(&path).await.refused(404, "session_not_found");
        assert_eq!(ann.delete(&path).await.status, 204);
        house.owner().await.get(&path).await.refused(404, "session_not_found");
    }

    async fn it_is_told_who_administers_and_whose_account_is_open(db: Database) {
        let house = House::open(&db).await;
        let owner = house.owner().await;
        let me = owner.get("/api/me").await.is(200);
        assert_eq!((&me["is_admin"], &me["is_active"], &me["username"]), (&json!(true), &json!(true), &json!(null)));
        let body = json!({"email": "bo@example.com", "password": "a long enough password", "role": "clerk", "tenant": house.here});
        let user = owner.post("/api/users", body).await.is(201);
        assert_eq!((&user["is_admin"], &user["is_active"]), (&json!(false), &json!(true)));
        let path = format!("/api/users/{}", user["id"].as_str().unwrap());
        let closed = owner.patch(&path, json!({"disabled": true})).await.is(200);
        assert_eq!((&closed["is_active"], &closed["disabled"]), (&json!(false), &json!(true)));
    }

    async fn where_people_have_addresses_a_name_is_refused_and_an_address_needed(db: Database) {
        let house = House::open(&db).await;
        let owner = house.owner().await;
        let named = json!({"email": "bo@example.com", "username": "bo-lee", "password": "a long enough password", "role": "viewer", "tenant": house.here});
        let refused = owner.post("/api/users", named).await.refused(422, "invalid_input");
        assert_eq!(refused["errors"][0]["field"], "/username", "{refused}");
        let without = json!({"password": "a long enough password"});
        let refused = house.nobody().post("/api/auth/login", without).await.refused(422, "invalid_input");
        assert_eq!(refused["errors"][0]["field"], "/email", "{refused}");
    }

    async fn a_user_may_be_made_by_the_applications_own_role(db: Database) {
        let house = House::open(&db).await;
        let owner = house.owner().await;
        let body = json!({"email": "bo@example.com", "password": "a long enough password", "role": "clerk", "tenant": house.here});
        let user = owner.post("/api/users", body).await.is(201);
        assert_eq!((&user["role"], &user["role_name"], &user["reaches"]), (&json!("editor"), &json!("clerk"), &json!("one")));
        let body = json!({"email": "cy@example.com", "password": "a long enough password", "role": "kepper"});
        let refused = owner.post("/api/users", body).await.refused(422, "invalid_input");
        assert_eq!(refused["errors"][0]["hint"], "did you mean `keeper`?");
        let editor = house.editor().await;
        let body = json!({"email": "di@example.com", "password": "a long enough password", "role": "viewer"});
        editor.post("/api/users", body).await.refused(403, "permission_missing");
        let key = house.key(&[Scope::Read]).await;
        key.get("/api/users").await.refused(403, "permission_missing");
    }
}
