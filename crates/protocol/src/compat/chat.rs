//! `POST /kiro/chat` (rows K4 and K5): a question for one of the workers, and its answer as text.

use serde::{Deserialize, Serialize};

use crate::SessionId;
use crate::api::Problem;

/// Body of a chat request. Either a question (`message`, or one of the other names for it) or a ping.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChatRequest {
    /// `ping` asks whether there are workers, without bothering one.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The question.
    #[serde(
        default,
        alias = "prompt",
        alias = "text",
        alias = "input",
        alias = "question",
        skip_serializing_if = "Option::is_none"
    )]
    pub message: Option<String>,
    /// What a ping says; a body that has it and no message is a ping.
    #[serde(default, skip_serializing)]
    #[cfg_attr(feature = "openapi", schema(value_type = Value))]
    pub ping: Option<serde::de::IgnoredAny>,
    /// The story it is about; comes back with the answer.
    #[serde(default, rename = "storyId", skip_serializing_if = "Option::is_none")]
    pub story_id: Option<String>,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChatAnswer {
    /// `answer` or `pong`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What the worker printed: text as it stood on its screen, without the question and without its prompt.
    pub response: String,
    /// The worker's session; not for pings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker: Option<SessionId>,
    /// How long it took, ms.
    pub duration_ms: u64,
    /// The story of the request.
    #[serde(default, rename = "storyId", skip_serializing_if = "Option::is_none")]
    pub story_id: Option<String>,
    /// How the workers are; only for pings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workers: Option<WorkersInfo>,
}

/// How the pool of workers is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WorkersInfo {
    /// Workers there should be.
    pub size: u32,
    /// Workers that wait for a question.
    pub ready: u32,
    /// Workers that answer one.
    pub busy: u32,
}

/// 504: the worker did not finish in time; problem details (RFC 9457) with what came so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChatUnfinished {
    /// What went wrong.
    #[serde(flatten)]
    pub problem: Problem,
    /// What the worker had printed.
    pub response: String,
    /// The worker's session.
    pub worker: SessionId,
}
