//! Who is attached to a session: a number in the bar, and a list behind it.

use leptos::prelude::*;
use sempre_protocol::SessionId;
use sempre_protocol::texts::Role;
use sempre_protocol::viewers::{PeerKind, ViewerInfo};

use super::TerminalLink;
use crate::data;
use crate::feed::View;
use crate::format;

/// A viewer's name and what it does, in words. Both may hold text that a stranger chose.
fn words(viewer: &ViewerInfo, me: u64) -> (String, String) {
    let program = viewer.client.as_deref().unwrap_or("A program");
    let name = viewer.name.as_deref().unwrap_or(program);
    let own = if viewer.viewer == me { " (this tab)" } else { "" };
    let does = match (viewer.typing, viewer.role) {
        (true, _) => "typing now",
        (false, Role::Writer) => "may type",
        (false, Role::Viewer) => "only looks",
    };
    let whence = match viewer.peer {
        PeerKind::Network => "from the network",
        PeerKind::Unix | PeerKind::Loopback => "on the server's machine",
        PeerKind::Unknown => "from elsewhere",
    };
    (format!("{name}{own}"), format!("{does}, {whence}"))
}

/// The number as a button, while there is more than one viewer, and the list it shows.
#[component]
pub fn Presence(
    /// The terminal's tie.
    link: TerminalLink,
    /// Its session.
    session: SessionId,
) -> impl IntoView {
    let count = link.part(|view| (view.viewers > 1).then(|| format::count(view.viewers, "viewer")));
    // A list made anew loses the focus of its buttons: not at every key.
    let told = link.part(|view| Some(view.news.who_told.to_string()));
    let rows = move || {
        // Not `track`: a memo nobody has read follows nothing.
        told.with(|_| ());
        link.view.with_untracked(|view| {
            let view = view.as_ref()?;
            let rows = view.news.who.iter().map(|viewer| row(viewer, view, session));
            Some(rows.collect::<Vec<_>>())
        })
    };
    view! {
        <button
            type="button"
            class="button quiet small"
            popovertarget="presence"
            hidden=move || count.with(Option::is_none)
        >
            {count}
        </button>
        <div id="presence" class="popover above" popover="auto" role="dialog" aria-label="Viewers">
            <h2>"Viewers"</h2>
            <ul class="presence">{rows}</ul>
        </div>
    }
    .into_any()
}

fn row(viewer: &ViewerInfo, view: &View, session: SessionId) -> AnyView {
    let me = view.news.viewer;
    let (name, does) = words(viewer, me);
    let number = viewer.viewer;
    let label = format!("Disconnect {name}");
    let end = move |_| {
        // Gone already: as it was wished. Anything else shows by the list staying as it is.
        leptos::task::spawn_local(async move { drop(data::disconnect(session, number).await) });
    };
    let button = (view.role == Role::Writer && number != me).then(|| {
        view! {
            <button type="button" class="button small danger" aria-label=label on:click=end>
                "Disconnect"
            </button>
        }
    });
    view! {
        <li>
            <p>{name}</p>
            <p class="presence-does">{does}</p>
            {button}
        </li>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_viewer_is_told_by_name_and_by_what_it_does() {
        let mut viewer = ViewerInfo {
            viewer: 4,
            role: Role::Writer,
            typing: true,
            since: String::new(),
            peer: PeerKind::Network,
            name: None,
            client: Some("Firefox".into()),
        };
        let told = words(&viewer, 4);
        assert_eq!(
            told,
            ("Firefox (this tab)".into(), "typing now, from the network".into())
        );
        viewer.typing = false;
        viewer.role = Role::Viewer;
        viewer.peer = PeerKind::Loopback;
        viewer.name = Some("Anna".into());
        let told = words(&viewer, 1);
        assert_eq!(
            told,
            ("Anna".into(), "only looks, on the server's machine".into())
        );
    }
}
