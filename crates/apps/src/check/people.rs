//! Who is there, and who can come: the first tenant, visitors who make accounts, people without a role.

use super::{At, Checker};
use crate::description::{Description, SignUp, TenantReach};

impl Checker<'_> {
    pub(super) fn people(&mut self, description: &Description) {
        if let Some(sign_up) = &description.sign_up {
            self.sign_up(sign_up, description);
        }
        if let Some(role) = &description.users.role {
            self.usual_role(role, description);
        }
        let first = description.tenants.as_ref().and_then(|it| it.first.as_deref());
        if let Some(name) = first.and_then(|it| it.strip_prefix("env.")) {
            let known: Vec<&str> = description.environment.names().collect();
            if !known.contains(&name) {
                let message = format!("`{name}` is no variable of the environment");
                let hint = format!("name it under `environment: {{optional: [{name}]}}`");
                let at = At::Value("/tenants/first");
                self.fault(at, "unknown_variable", message).hint = Some(hint);
            }
        }
    }

    /// What people are of whom nobody says what they are: nobody who reaches all tenants.
    fn usual_role(&mut self, name: &str, description: &Description) {
        let at = At::Value("/users/role");
        match description.roles.get(name) {
            None => {
                let message = format!("there is no role `{name}`");
                let known = description.roles.keys().map(String::as_str);
                self.unknown(at, "unknown_role", message, known, name);
            }
            Some(role) if role.tenants == TenantReach::All => {
                let message =
                    format!("`{name}` reaches all tenants, which has to be said of somebody");
                let hint = Some("name a role that reaches one".to_owned());
                self.fault(at, "invalid_value", message).hint = hint;
            }
            Some(_) => {}
        }
    }

    fn sign_up(&mut self, sign_up: &SignUp, description: &Description) {
        if description.tenants.is_some() {
            let message = "visitors could not say which tenant they belong to".to_owned();
            let hint = Some("leave out `sign_up` or `tenants`".to_owned());
            self.fault(At::Key("/sign_up"), "invalid_value", message).hint = hint;
        }
        let at = At::Value("/sign_up/role");
        match description.roles.get(&sign_up.role) {
            None => {
                let message = format!("there is no role `{}`", sign_up.role);
                let known = description.roles.keys().map(String::as_str);
                self.unknown(at, "unknown_role", message, known, &sign_up.role);
            }
            Some(role) => {
                let is_high = !matches!(role.role, base::Role::Editor | base::Role::Viewer);
                if is_high || role.tenants == TenantReach::All {
                    let message = format!("`{}` may do more than a visitor should", sign_up.role);
                    let hint = "name a role that is `editor` or `viewer` and reaches one tenant";
                    self.fault(at, "invalid_value", message).hint = Some(hint.to_owned());
                }
            }
        }
    }
}
