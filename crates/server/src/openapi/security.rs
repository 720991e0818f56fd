//! How callers show who they are, where browsers may do it by cookie.

use base::Permission;
use serde_json::{Value as Json, json};

use crate::cookie::{CSRF_HEADER, Cookies};

/// Adds the cookies of an application to its description: what they are called, and what goes with them.
pub(super) fn add_cookies(document: &mut Json, cookies: &Cookies) {
    let schemes = &mut document["components"]["securitySchemes"];
    schemes["cookie"] = json!({
        "type": "apiKey", "in": "cookie", "name": cookies.session,
        "description": "An access token that the browser keeps since the sign-in.",
    });
    schemes["refresh"] = json!({
        "type": "apiKey", "in": "cookie", "name": cookies.refresh,
        "description": "A refresh token that the browser keeps since the sign-in.",
    });
    schemes["csrf"] = json!({
        "type": "apiKey", "in": "header", "name": CSRF_HEADER,
        "description": format!(
            "The `csrf_token` of the last sign-in or refresh, also in the cookie `{}`. What changes something by \
             cookie needs it.",
            cookies.csrf,
        ),
    });
    let by_cookie = json!({"cookie": []});
    let meant = json!({"cookie": [], "csrf": []});
    let of_headers = document["security"].clone();
    add(&mut document["security"], by_cookie);
    let paths = document["paths"].as_object_mut().into_iter().flatten();
    let operations = paths.flat_map(|(_, it)| it.as_object_mut().into_iter().flatten());
    for (method, operation) in operations {
        if operation["x-operation"] == "auth.refresh" {
            operation["security"] = json!([{}, {"refresh": [], "csrf": []}]);
        } else if method != "get" && operation["x-permission"] != Permission::Anyone.name() {
            operation["security"] = of_headers.clone();
            add(&mut operation["security"], meant.clone());
        }
    }
}

fn add(list: &mut Json, way: Json) {
    if let Some(list) = list.as_array_mut() {
        list.push(way);
    }
}
