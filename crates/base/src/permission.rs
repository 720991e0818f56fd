//! What may be done, and the table of who may do it.
//!
//! A role is what a person has; a scope is what an application key has. Both grant permissions by
//! the tables below and in no other place. Where a caller may act (one tenant or all) is not a
//! permission: it is part of the caller.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

macro_rules! names {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $text)] $variant,)*
        }

        impl $name {
            /// All of them, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The name used in tables, tokens, logs and documents.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }

        impl FromStr for $name {
            type Err = UnknownName;

            fn from_str(text: &str) -> Result<Self, UnknownName> {
                Self::ALL.iter().copied().find(|it| it.name() == text).ok_or_else(|| UnknownName {
                    text: text.chars().take(64).collect(),
                    known: Self::ALL.iter().map(|it| it.name()).collect::<Vec<_>>().join(", "),
                })
            }
        }
    };
}

/// A name that is not in the table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not known; one of: {known}")]
pub struct UnknownName {
    /// What was given.
    pub text: String,
    /// What would have been understood.
    pub known: String,
}

names! {
    /// Something that may be done. Each route names one.
    Permission {
        /// Sign in, sign out, see the description of the application. Needs no sign-in.
        Anyone = "anyone",
        /// See and change one's own account and sessions.
        OwnAccount = "own_account",
        /// See the list of all tenants.
        ListTenants = "list_tenants",
        /// Create, change, delete and restore tenants.
        ManageTenants = "manage_tenants",
        /// See records, versions, proposals, searches and exports.
        ReadRecords = "read_records",
        /// Create, change, delete, import and activate records and versions.
        WriteRecords = "write_records",
        /// See what others keep for themselves: their private records, what models were asked and said in
        /// debug mode, and feedback; switch debug mode.
        ReadPrivate = "read_private",
        /// Erase records for good.
        EraseRecords = "erase_records",
        /// Change reference data that all tenants share.
        ManageReference = "manage_reference",
        /// Run tasks that may call a model.
        RunTasks = "run_tasks",
        /// Ask models through the gateway.
        UseModels = "use_models",
        /// Ask assistants, and keep chats of one's own.
        UseAssistants = "use_assistants",
        /// Ask questions over the data of a tenant, and have a text looked at, by a model.
        AskQuestions = "ask_questions",
        /// See and search one's own documents, and those that are shared.
        ReadDocuments = "read_documents",
        /// Put documents in, change and remove one's own.
        WriteDocuments = "write_documents",
        /// See, change and remove everybody's documents.
        ManageDocuments = "manage_documents",
        /// Set budgets of models, and try providers.
        ManageModels = "manage_models",
        /// Accept and reject proposals.
        DecideProposals = "decide_proposals",
        /// See jobs.
        ReadJobs = "read_jobs",
        /// Cancel and retry jobs.
        ManageJobs = "manage_jobs",
        /// Begin, pause and resume what comes round by schedule.
        ManageSchedules = "manage_schedules",
        /// Put old records away, and bring them back.
        ManageArchives = "manage_archives",
        /// See what models used and cost.
        ReadUsage = "read_usage",
        /// See the audit log.
        ReadAudit = "read_audit",
        /// Verify and export the audit log of all tenants.
        ManageAudit = "manage_audit",
        /// See, create and revoke application keys.
        ManageKeys = "manage_keys",
        /// See, create and change users and their sessions.
        ManageUsers = "manage_users",
        /// See and change webhooks and their deliveries.
        ManageWebhooks = "manage_webhooks",
        /// See health in detail, statistics and metrics.
        ReadTelemetry = "read_telemetry",
        /// See and check the documents of the configuration.
        ManageConfiguration = "manage_configuration",
        /// See routes, settings and other internals.
        ReadInternals = "read_internals",
    }
}

names! {
    /// What a person is.
    Role {
        /// Everything.
        Owner = "owner",
        /// Everything but what only an owner may do to owners.
        Admin = "admin",
        /// Runs the system: jobs, audit, telemetry; reads records.
        Operator = "operator",
        /// Works with the records of a tenant.
        Editor = "editor",
        /// Reads the records of a tenant.
        Viewer = "viewer",
    }
}

names! {
    /// What an application key may do.
    Scope {
        /// Read records, versions, jobs, usage and audit.
        Read = "read",
        /// Read, and change records, run tasks, decide proposals.
        Write = "write",
        /// Run and cancel jobs.
        ExecuteJobs = "jobs:execute",
        /// Run tasks that call a model, ask assistants, and ask models through the gateway.
        CallModels = "llm:call",
        /// Ask models through the gateway, and nothing else.
        UseModels = "models",
        /// Make embeddings and search with them.
        GenerateEmbeddings = "embeddings:generate",
        /// Manage keys, users and webhooks of its tenant, and try models.
        Admin = "admin",
    }
}

impl Role {
    /// Does this role grant `permission`?
    pub fn grants(self, permission: Permission) -> bool {
        use Permission as P;
        match self {
            Self::Owner | Self::Admin => true,
            Self::Operator => matches!(
                permission,
                P::Anyone
                    | P::OwnAccount
                    | P::ListTenants
                    | P::ReadRecords
                    | P::ReadJobs
                    | P::ManageJobs
                    | P::ManageSchedules
                    | P::ManageArchives
                    | P::ReadUsage
                    | P::ReadAudit
                    | P::ManageAudit
                    | P::ManageModels
                    | P::ReadTelemetry
                    | P::ReadInternals
            ),
            Self::Editor => matches!(
                permission,
                P::Anyone
                    | P::OwnAccount
                    | P::ReadRecords
                    | P::WriteRecords
                    | P::RunTasks
                    | P::UseModels
                    | P::UseAssistants
                    | P::AskQuestions
                    | P::ReadDocuments
                    | P::WriteDocuments
                    | P::DecideProposals
                    | P::ReadJobs
                    | P::ManageJobs
                    | P::ReadUsage
                    | P::ReadAudit
            ),
            Self::Viewer => matches!(
                permission,
                P::Anyone
                    | P::OwnAccount
                    | P::ReadRecords
                    | P::AskQuestions
                    | P::ReadDocuments
                    | P::ReadJobs
                    | P::ReadUsage
                    | P::ReadAudit
            ),
        }
    }
}

impl Scope {
    /// Does this scope grant `permission`?
    pub fn grants(self, permission: Permission) -> bool {
        use Permission as P;
        match self {
            // What spends money with words of the caller's own is granted by name only, or with all
            // else that an editor may: whoever makes editors may do what they may.
            Self::Read | Self::Write
                if matches!(permission, P::UseModels | P::UseAssistants | P::AskQuestions) =>
            {
                false
            }
            Self::Read => Role::Viewer.grants(permission),
            Self::Write => Role::Editor.grants(permission),
            Self::ExecuteJobs => {
                matches!(permission, P::Anyone | P::ReadJobs | P::ManageJobs | P::RunTasks)
            }
            Self::CallModels => {
                matches!(
                    permission,
                    P::Anyone | P::RunTasks | P::UseModels | P::UseAssistants | P::AskQuestions
                )
            }
            Self::UseModels => matches!(permission, P::Anyone | P::UseModels),
            Self::GenerateEmbeddings => {
                matches!(permission, P::Anyone | P::ReadRecords | P::ReadDocuments)
            }
            Self::Admin => {
                Role::Editor.grants(permission)
                    || matches!(
                        permission,
                        P::ManageKeys
                            | P::ManageUsers
                            | P::ManageWebhooks
                            | P::ManageModels
                            | P::ManageDocuments
                            | P::ManageArchives
                            | P::ReadPrivate
                    )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_scope_may_delete_a_tenant() {
        for scope in Scope::ALL {
            assert!(!scope.grants(Permission::ManageTenants), "{scope}");
        }
    }

    #[test]
    fn only_scopes_that_say_so_ask_models() {
        let granting: Vec<_> =
            Scope::ALL.iter().filter(|it| it.grants(Permission::UseModels)).collect();
        assert_eq!(granting, [&Scope::CallModels, &Scope::UseModels, &Scope::Admin]);
    }

    #[test]
    fn asking_an_assistant_spends_money_and_is_granted_by_name() {
        let granting: Vec<_> =
            Scope::ALL.iter().filter(|it| it.grants(Permission::UseAssistants)).collect();
        assert_eq!(granting, [&Scope::CallModels, &Scope::Admin]);
        assert!(!Role::Viewer.grants(Permission::UseAssistants));
        assert!(!Role::Operator.grants(Permission::ReadDocuments));
    }

    #[test]
    fn who_may_read_may_ask_and_a_key_asks_by_name_alone() {
        for role in [Role::Owner, Role::Admin, Role::Editor, Role::Viewer] {
            assert!(role.grants(Permission::AskQuestions), "{role}");
        }
        assert!(!Role::Operator.grants(Permission::AskQuestions));
        let granting: Vec<_> =
            Scope::ALL.iter().filter(|it| it.grants(Permission::AskQuestions)).collect();
        assert_eq!(granting, [&Scope::CallModels, &Scope::Admin]);
    }

    #[test]
    fn who_runs_the_system_manages_models_and_who_works_with_records_does_not() {
        let roles: Vec<_> =
            Role::ALL.iter().filter(|it| it.grants(Permission::ManageModels)).collect();
        assert_eq!(roles, [&Role::Owner, &Role::Admin, &Role::Operator]);
        let scopes: Vec<_> =
            Scope::ALL.iter().filter(|it| it.grants(Permission::ManageModels)).collect();
        assert_eq!(scopes, [&Scope::Admin]);
    }

    #[test]
    fn a_viewer_changes_nothing() {
        for permission in [
            Permission::WriteRecords,
            Permission::RunTasks,
            Permission::UseModels,
            Permission::UseAssistants,
            Permission::WriteDocuments,
            Permission::ReadPrivate,
            Permission::ManageDocuments,
            Permission::ManageModels,
            Permission::ManageSchedules,
            Permission::ManageArchives,
            Permission::ManageConfiguration,
            Permission::DecideProposals,
            Permission::ManageKeys,
        ] {
            assert!(!Role::Viewer.grants(permission), "{permission}");
        }
    }
}
