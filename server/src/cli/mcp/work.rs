//! What each tool does, by the client: arguments in, an answer out.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rmcp::model::JsonObject;
use sempre_protocol::api::{self, SessionState};
use sempre_protocol::programs::{self, ScreenPage, WaitKind, WaitRequest, WaitValue};
use sempre_protocol::{Offset, SessionId};
use serde::de::DeserializeOwned;
use tokio::time::{Instant, sleep};

use super::answer::{Answer, ToolError, done};
use super::arguments::{self, Until, Which};
use super::results::{Created, Ended, Exit, Screen, Session, Sessions, Typed, Waited};
use super::text;
use super::tools::Tools;
use super::words::{ran, waited_words, written};
use crate::cli::named_keys::Key;
use crate::client::{Client, ClientError, ScreenFormat};

/// How long a tool that changes nothing waits for a server that does not answer: a restart takes less.
const PATIENCE: Duration = Duration::from_secs(20);
/// Between two attempts.
const RETRY: Duration = Duration::from_millis(200);
/// The status of a server that cannot do it now (RFC 9110, 15.6.4).
const UNAVAILABLE: u16 = 503;
/// Silence that is waited for when nothing is said, ms.
const DEFAULT_SILENCE_MS: u64 = 1000;

impl Tools {
    /// Does what a tool is for.
    pub(super) async fn work(&self, tool: &str, arguments: JsonObject) -> Answer {
        let client = self.client().await?;
        match tool {
            "list_sessions" => self.list_sessions(client, read(arguments)?).await,
            "create_session" => self.create_session(client, read(arguments)?).await,
            "run_command" => self.run_command(client, read(arguments)?).await,
            "send_input" => self.send_input(client, read(arguments)?).await,
            "wait_for" => self.wait_for(client, read(arguments)?).await,
            "read_screen" => self.read_screen(client, read(arguments)?).await,
            "end_session" => self.end_session(client, read(arguments)?).await,
            tool => Err(ToolError::Arguments(format!("there is no tool {tool:?}"))),
        }
    }

    async fn find(&self, client: &Client, session: &str) -> Result<SessionId, ClientError> {
        patiently(PATIENCE, || self.reach.find(client, session)).await
    }

    async fn list_sessions(&self, client: &Client, asked: arguments::ListSessions) -> Answer {
        let limit = within(
            "limit",
            asked.limit,
            1,
            arguments::MAX_SESSIONS,
            arguments::DEFAULT_SESSIONS,
        )?;
        let state = match asked.state.unwrap_or(Which::Active) {
            Which::Active => Some(SessionState::Active),
            Which::Completed => Some(SessionState::Completed),
            Which::All => None,
        };
        let mut found = patiently(PATIENCE, || self.reach.sessions(client, state)).await?;
        found.retain(|session| asked.group.is_none() || session.group == asked.group);
        found.sort_by(|a, b| b.started_at.cmp(&a.started_at));
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let listed = Sessions {
            left_out: found.len().saturating_sub(limit),
            sessions: found.iter().take(limit).map(Session::from).collect(),
        };
        let mut words = match listed.sessions.len() {
            0 => "no session".to_owned(),
            _ => {
                let lines: Vec<_> = listed.sessions.iter().map(Session::words).collect();
                text::untrusted(&lines.join("\n"))
            }
        };
        if listed.left_out > 0 {
            words.push_str(&format!("\n{} more are left out; raise limit", listed.left_out));
        }
        done(&listed, words)
    }

    async fn create_session(&self, client: &Client, asked: arguments::CreateSession) -> Answer {
        let group = self.reach.group_of_new(asked.group)?;
        let request = api::CreateSession {
            shell: asked.shell,
            cmd: asked.command,
            cwd: asked.cwd,
            rows: asked.rows,
            cols: asked.cols,
            env: asked.env,
            labels: asked.labels,
            group,
            ttl: asked.ttl_seconds,
            ..api::CreateSession::default()
        };
        let created = client.create(&request).await?;
        // By the local socket nobody knows how browsers reach the server: then it is the path.
        let page = self.is_remote().then(|| client.target().page(&created.page_url));
        let created = Created {
            page: page.flatten().unwrap_or(created.page_url),
            session: Session::from(&created.session),
        };
        let words = format!(
            "started session {}; a person can watch it at {}",
            created.session.session_id, created.page
        );
        done(&created, words)
    }

    async fn run_command(&self, client: &Client, asked: arguments::RunCommand) -> Answer {
        if asked.command.trim().is_empty() {
            return Err(ToolError::Arguments("command is empty".into()));
        }
        let timeout_ms = timeout_ms(asked.timeout_seconds)?;
        let id = self.find(client, &asked.session).await?;
        let request = programs::RunCommand {
            command: asked.command,
            timeout_ms: Some(timeout_ms),
        };
        let (result, timed_out) = match client.run(id, &request).await {
            Ok(result) => (result, false),
            Err(ClientError::RunTimedOut(_, result)) => (*result, true),
            Err(error) => return Err(error.into()),
        };
        ran(result, timed_out)
    }

    async fn send_input(&self, client: &Client, asked: arguments::SendInput) -> Answer {
        if asked.keys.len() > arguments::MAX_KEYS {
            let most = arguments::MAX_KEYS;
            return Err(ToolError::Arguments(format!("more than {most} keys at once")));
        }
        let mut bytes = asked.text.unwrap_or_default().into_bytes();
        for key in &asked.keys {
            let Key(key) = key.parse().map_err(ToolError::Arguments)?;
            bytes.extend_from_slice(&key);
        }
        if asked.enter {
            bytes.push(b'\r');
        }
        if bytes.is_empty() {
            return Err(ToolError::Arguments(
                "nothing to type: give text, keys or enter".into(),
            ));
        }
        if bytes.len() > arguments::MAX_TYPED_BYTES {
            let (count, most) = (bytes.len(), arguments::MAX_TYPED_BYTES);
            return Err(ToolError::Arguments(format!(
                "{count} bytes are more than {most} at once; send several"
            )));
        }
        let id = self.find(client, &asked.session).await?;
        let input = programs::SendInput {
            data_b64: Some(STANDARD.encode(&bytes)),
            ..programs::SendInput::default()
        };
        let taken = client.input(id, &input).await?;
        let typed = Typed {
            offset: taken.offset.0,
            written_bytes: taken.written,
            held_bytes: taken.held,
        };
        let mut words = format!(
            "typed {} bytes; the output was at offset {}",
            typed.written_bytes, typed.offset
        );
        if typed.held_bytes > 0 {
            words.push_str(&format!(
                "; {} more wait until the program reads",
                typed.held_bytes
            ));
        }
        done(&typed, words)
    }

    async fn wait_for(&self, client: &Client, asked: arguments::WaitFor) -> Answer {
        let (kind, value) = wanted(&asked)?;
        let limit = Duration::from_millis(timeout_ms(asked.timeout_seconds)?);
        let id = self.find(client, &asked.session).await?;
        // So that nothing is missed if the server goes away meanwhile.
        let from = match asked.from_offset {
            Some(from) => Offset(from),
            None => patiently(limit, || client.session(id)).await?.offset,
        };
        let deadline = Instant::now() + limit;
        let waited = patiently(limit, || async {
            let left = deadline.saturating_duration_since(Instant::now());
            let request = WaitRequest {
                kind,
                value: value.clone(),
                timeout_ms: Some(u64::try_from(left.as_millis()).unwrap_or(u64::MAX).max(1)),
                from: matches!(kind, WaitKind::Text | WaitKind::Regex).then_some(from),
            };
            client.wait(id, &request).await
        });
        let waited = match waited.await {
            Ok(result) => Waited {
                happened: true,
                matched: result.text.as_deref().map(text::lines),
                groups: result
                    .groups
                    .iter()
                    .map(|group| group.as_deref().map(text::lines))
                    .collect(),
                offset: Some(result.offset.0),
                exit: result.exit.into(),
            },
            Err(error) if error.code() == Some("timed_out") => Waited {
                happened: false,
                matched: None,
                groups: Vec::new(),
                offset: None,
                exit: Exit::default(),
            },
            Err(error) => return Err(error.into()),
        };
        let words = waited_words(&waited, limit);
        done(&waited, words)
    }

    async fn read_screen(&self, client: &Client, asked: arguments::ReadScreen) -> Answer {
        let most = arguments::MAX_SCROLLBACK_LINES;
        let lines = within("scrollback_lines", asked.scrollback_lines, 0, most, 0)?;
        let id = self.find(client, &asked.session).await?;
        let json = patiently(PATIENCE, || client.screen(id, ScreenFormat::Json, lines)).await?;
        let page: ScreenPage = serde_json::from_slice(&json)
            .map_err(|error| ClientError::Told(format!("the server's screen makes no sense: {error}")))?;
        let (text, truncated) = text::end_of(text::lines(&written(&page)));
        let screen = Screen {
            text,
            scrollback_lines: page.above,
            truncated,
            cols: page.cols,
            rows: page.rows,
            cursor_col: page.cursor.col,
            cursor_row: page.cursor.row,
            full_screen: page.alternate,
            title: page.title.as_deref().map(text::line),
            cwd: page.cwd.as_deref().map(text::line),
            offset: page.offset.0,
        };
        let words = format!(
            "{}\n{}x{}, cursor at column {} of row {} (from 0), {} lines of scrollback{}",
            text::untrusted(&screen.text),
            screen.cols,
            screen.rows,
            screen.cursor_col,
            screen.cursor_row,
            screen.scrollback_lines,
            if truncated {
                ", the beginning is left out"
            } else {
                ""
            },
        );
        done(&screen, words)
    }

    async fn end_session(&self, client: &Client, asked: arguments::EndSession) -> Answer {
        let id = self.find(client, &asked.session).await?;
        let had_ended = !client.end(id).await?;
        let after = client.session(id).await?;
        let ended = Ended {
            session: Session::from(&after),
            had_ended,
        };
        let exit = ended.session.exit.words();
        let exit = exit.map_or_else(String::new, |exit| format!(" ({exit})"));
        let words = match had_ended {
            true => format!("session {id} had ended before{exit}; nothing was done"),
            false => format!("session {id} has ended{exit}; its output stays"),
        };
        done(&ended, words)
    }
}

fn read<T: DeserializeOwned>(arguments: JsonObject) -> Result<T, ToolError> {
    serde_json::from_value(arguments.into()).map_err(|error| ToolError::Arguments(error.to_string()))
}

/// A number that was asked for, or the one to take if none was.
fn within(name: &str, asked: Option<u32>, least: u32, most: u32, default: u32) -> Result<u32, ToolError> {
    match asked {
        None => Ok(default),
        Some(number) if (least..=most).contains(&number) => Ok(number),
        Some(number) => Err(ToolError::Arguments(format!(
            "{name} is {number}, which is not within {least} to {most}"
        ))),
    }
}

fn timeout_ms(asked: Option<u32>) -> Result<u64, ToolError> {
    let (most, default) = (arguments::MAX_TIMEOUT_S, arguments::DEFAULT_TIMEOUT_S);
    within("timeout_seconds", asked, 1, most, default).map(|seconds| u64::from(seconds) * 1000)
}

fn wanted(asked: &arguments::WaitFor) -> Result<(WaitKind, Option<WaitValue>), ToolError> {
    let value = || match asked.value.as_deref() {
        None | Some("") => Err(ToolError::Arguments(
            "value is missing: the text or pattern to wait for".into(),
        )),
        Some(value) => Ok(Some(WaitValue::Text(value.to_owned()))),
    };
    Ok(match asked.until {
        Until::Text => (WaitKind::Text, value()?),
        Until::Regex => (WaitKind::Regex, value()?),
        Until::Prompt => (WaitKind::Prompt, None),
        Until::Exit => (WaitKind::Exit, None),
        Until::Silence => {
            let silence_ms = asked.silence_ms.unwrap_or(DEFAULT_SILENCE_MS);
            (WaitKind::Silence, Some(WaitValue::Ms(silence_ms)))
        }
    })
}

/// Does what changes nothing, again while no server answers; for `patience` at most.
async fn patiently<T, F: Future<Output = Result<T, ClientError>>>(
    patience: Duration,
    mut attempt: impl FnMut() -> F,
) -> Result<T, ClientError> {
    let mut given_up: Option<Instant> = None;
    loop {
        let begun = Instant::now();
        match attempt().await {
            Err(error) if is_away(&error) => {
                // It may have answered for an hour before it went away again.
                given_up = given_up.filter(|_| begun.elapsed() < patience);
                let given_up = *given_up.get_or_insert_with(|| Instant::now() + patience);
                if Instant::now() > given_up {
                    return Err(error);
                }
                sleep(RETRY).await;
            }
            outcome => return outcome,
        }
    }
}

/// Whether the server is not there, or says that it goes away or has no room just now.
fn is_away(error: &ClientError) -> bool {
    match error {
        ClientError::Unreachable { .. } => true,
        ClientError::Problem(problem) => problem.status == UNAVAILABLE,
        _ => false,
    }
}
