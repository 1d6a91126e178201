//! The dialog that starts a session.

use std::collections::BTreeMap;

use leptos::ev::SubmitEvent;
use leptos::html::Dialog;
use leptos::prelude::*;
use sempre_protocol::api::CreateSession;
use sempre_protocol::{SessionId, Size};

use crate::browser::dialog;
use crate::data;

/// What the form holds, as typed.
#[derive(Clone, Copy)]
struct Form {
    shell: RwSignal<String>,
    cwd: RwSignal<String>,
    size: RwSignal<String>,
    story: RwSignal<String>,
    branch: RwSignal<String>,
    labels: RwSignal<String>,
    record_input: RwSignal<bool>,
}

impl Form {
    fn new() -> Self {
        let empty = || RwSignal::new(String::new());
        Self {
            shell: empty(),
            cwd: empty(),
            size: empty(),
            story: empty(),
            branch: empty(),
            labels: empty(),
            record_input: RwSignal::new(false),
        }
    }

    fn request(self) -> Result<CreateSession, String> {
        let text = |signal: RwSignal<String>| {
            Some(signal.get_untracked().trim().to_owned()).filter(|t| !t.is_empty())
        };
        let size = text(self.size).map(|size| size.parse::<Size>()).transpose()?;
        let mut labels = parse_labels(&self.labels.get_untracked())?;
        for (key, value) in [("story", text(self.story)), ("branch", text(self.branch))] {
            labels.extend(value.map(|value| (key.to_owned(), value)));
        }
        Ok(CreateSession {
            shell: text(self.shell),
            cwd: text(self.cwd),
            cols: size.map(|size| size.cols),
            rows: size.map(|size| size.rows),
            labels,
            // Left alone it is as the server is set.
            record_input: self.record_input.get_untracked().then_some(true),
            // What a person opens stays until a person ends it.
            ttl: Some(0),
            ..CreateSession::default()
        })
    }
}

/// Labels written `key=value`, one a line.
fn parse_labels(text: &str) -> Result<BTreeMap<String, String>, String> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let label = |line: &str| match line.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => Ok((key.trim().to_owned(), value.trim().to_owned())),
        _ => Err(format!("A label is written key=value, one a line, not “{line}”.")),
    };
    lines.map(label).collect()
}

/// Asks the server for the session; `busy` and `failed` follow.
fn start(
    request: CreateSession,
    busy: RwSignal<bool>,
    failed: RwSignal<Option<String>>,
    created: impl FnOnce(SessionId) + 'static,
) {
    busy.set(true);
    failed.set(None);
    leptos::task::spawn_local(async move {
        let answer = data::create(&request).await;
        busy.try_set(false);
        match answer {
            Ok(id) => created(id),
            Err(error) => drop(failed.try_set(Some(error.to_string()))),
        }
    });
}

/// The dialog, open as long as the component lives.
#[component]
pub fn NewSessionDialog(
    /// Gets the new session's id.
    #[prop(into)]
    on_created: Callback<SessionId>,
    /// Called once the dialog is closed.
    #[prop(into)]
    on_closed: Callback<()>,
) -> impl IntoView {
    let node = NodeRef::<Dialog>::new();
    let form = Form::new();
    let failed = RwSignal::new(None::<String>);
    let busy = RwSignal::new(false);
    Effect::new(move || dialog::show(node));
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let request = match form.request() {
            Ok(request) => request,
            Err(error) => return failed.set(Some(error)),
        };
        let created = move |id| {
            dialog::close(node);
            // None if the page that asked is gone.
            on_created.try_run(id);
        };
        start(request, busy, failed, created);
    };
    view! {
        <dialog class="dialog" node_ref=node aria-labelledby="new-session-title" on:close=move |_| on_closed.run(())>
            <form on:submit=submit>
                <h2 id="new-session-title">"New session"</h2>
                <Fields form />
                {move || failed.get().map(|error| view! { <p class="form-error" role="alert">{error}</p> })}
                <div class="dialog-actions">
                    <button type="button" class="button" on:click=move |_| dialog::close(node)>
                        "Cancel"
                    </button>
                    <button type="submit" class="button primary" disabled=busy>
                        {move || if busy.get() { "Starting…" } else { "Start session" }}
                    </button>
                </div>
            </form>
        </dialog>
    }
    .into_any()
}

#[component]
fn Fields(form: Form) -> impl IntoView {
    view! {
        <div class="fields">
            <ShellField shell=form.shell />
            <Field name="cwd" label="Directory" value=form.cwd placeholder="Home directory" hint="Absolute, or starting with ~/" />
            <Field name="size" label="Size" value=form.size placeholder="Automatic" hint="Columns × rows, such as 120x40" />
            <Field name="story" label="Story" value=form.story placeholder="" hint="" />
            <Field name="branch" label="Branch" value=form.branch placeholder="" hint="" />
            <label class="field full">
                <span>"More labels"</span>
                <textarea
                    name="labels"
                    rows="2"
                    spellcheck="false"
                    placeholder="key=value, one a line"
                    prop:value=form.labels
                    on:input:target=move |event| form.labels.set(event.target().value())
                ></textarea>
            </label>
            <label class="field full choice">
                <input
                    type="checkbox"
                    name="record_input"
                    prop:checked=form.record_input
                    on:change:target=move |event| form.record_input.set(event.target().checked())
                />
                <span>"Record what is typed"</span>
                <small>"All who type are told so. What programs ask for without echo is left out."</small>
            </label>
        </div>
    }
    .into_any()
}

#[component]
fn Field(
    name: &'static str,
    label: &'static str,
    value: RwSignal<String>,
    placeholder: &'static str,
    hint: &'static str,
) -> impl IntoView {
    view! {
        <label class="field">
            <span>{label}</span>
            <input
                type="text"
                name=name
                autocomplete="off"
                autocapitalize="off"
                spellcheck="false"
                placeholder=placeholder
                prop:value=value
                on:input:target=move |event| value.set(event.target().value())
            />
            {(!hint.is_empty()).then(|| view! { <small>{hint}</small> })}
        </label>
    }
    .into_any()
}

/// The installed shells, once they are known; the default is chosen.
#[component]
fn ShellField(shell: RwSignal<String>) -> impl IntoView {
    let shells = LocalResource::new(data::shells);
    let options = move || {
        let shells = shells.get()?.ok()?;
        let default = view! { <option value="">{format!("Default ({})", shells.default)}</option> };
        let installed = shells.installed.into_iter().map(|name| {
            let value = name.clone();
            view! { <option value=value>{name}</option> }
        });
        Some(view! { {default} {installed.collect_view()} })
    };
    view! {
        <label class="field">
            <span>"Shell"</span>
            <select name="shell" on:change:target=move |event| shell.set(event.target().value())>
                <Suspense fallback=|| view! { <option value="">"Default"</option> }>{options}</Suspense>
            </select>
        </label>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_read_line_by_line() {
        let labels = parse_labels(" a=1\n\nteam = core = x ").unwrap();
        assert_eq!(labels.get("a").map(String::as_str), Some("1"));
        assert_eq!(labels.get("team").map(String::as_str), Some("core = x"));
        assert!(parse_labels("a").unwrap_err().contains("key=value"));
        assert!(parse_labels("=x").is_err());
    }
}
