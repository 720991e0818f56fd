//! The names that other parts of a description may use.

use serde_json::Value as Json;

use super::Files;
use crate::marked::Marked;

/// The error codes of the engine; an application's catalogue gives them its own.
pub const ERROR_CODES: &[&str] = &[
    "not_signed_in",
    "key_missing",
    "key_invalid",
    "key_expired",
    "key_revoked",
    "token_invalid",
    "token_expired",
    "session_ended",
    "wrong_credentials",
    "forbidden",
    "tenant_forbidden",
    "permission_missing",
    "record_locked",
    "invalid_input",
    "invalid_id",
    "invalid_file_type",
    "file_too_large",
    "body_too_large",
    "too_many_rows",
    "invalid_file",
    "invalid_json",
    "not_unique",
    "not_found",
    "record_not_found",
    "tenant_not_found",
    "version_not_found",
    "job_not_found",
    "schedule_not_found",
    "source_not_found",
    "archive_not_found",
    "archive_damaged",
    "configuration_not_found",
    "route_gone",
    "proposal_not_found",
    "no_active_version",
    "deleted",
    "stale",
    "precondition_required",
    "database_error",
    "database_unavailable",
    "storage_full",
    "model_error",
    "model_unavailable",
    "model_timeout",
    "embedding_failed",
    "rate_limited",
    "model_rate_limited",
    "quota_exceeded",
    "too_many_at_once",
    "job_failed",
    "job_timeout",
    "job_busy",
    "job_cancelled",
    "job_state",
    "not_ready",
    "deadline_passed",
    "version_active",
    "same_version",
    "version_conflict",
    "proposal_decided",
    "nothing_to_do",
    "invalid_document",
    "idempotency_conflict",
    "internal",
    "unavailable",
    "timeout",
    "maintenance",
    "misconfigured",
    "dependency_failed",
    // Those of the server, which also answers at an application's paths.
    "invalid_cursor",
    "unsupported_media_type",
    "method_not_allowed",
    "conflict",
    "version_state",
    "idempotency_busy",
    "user_not_found",
    "session_not_found",
    "key_not_found",
    "collection_not_found",
    "task_not_found",
    "webhook_not_found",
    "delivery_not_found",
    "budget_not_found",
    // Documents, assistants and what they keep.
    "document_not_found",
    "document_state",
    "uploads_disabled",
    "web_disabled",
    "page_refused",
    "page_unreachable",
    "page_too_large",
    "assistant_not_found",
    "chat_not_found",
    "questions_not_found",
    "conversation_not_found",
    "question_not_found",
    "run_not_found",
    "interrupted",
    "cancelled",
    "sign_up_disabled",
    "upgrade_required",
];

/// Names that are declared, whether or not what they name is whole.
pub(super) struct Names {
    pub(super) collections: Vec<String>,
    pub(super) tasks: Vec<String>,
    pub(super) assistants: Vec<String>,
    pub(super) sources: Vec<String>,
    pub(super) configs: Vec<String>,
}

impl Names {
    pub(super) fn of(app: &Marked, files: &Files) -> Self {
        let keys = |pointer: &str| {
            let object = app.value.pointer(pointer).and_then(Json::as_object);
            object.into_iter().flat_map(|it| it.keys().cloned()).collect()
        };
        Self {
            collections: keys("/collections"),
            tasks: keys("/tasks"),
            assistants: keys("/assistants"),
            sources: keys("/sources"),
            configs: files.config_names(),
        }
    }
}
