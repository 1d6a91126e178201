//! What the pages about one session have in common: the session in the address, or what stands where it is not.

use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use sempre_protocol::SessionId;
use sempre_protocol::api::SessionInfo;

use super::MissingSession;
use crate::components::{DataFailure, Header};
use crate::data;

/// The session id in the address; none if it is no id at all.
fn session_in_address() -> Memo<Option<SessionId>> {
    let params = use_params_map();
    Memo::new(move |_| params.with(|params| params.get("id").and_then(|id| id.parse().ok())))
}

/// Shows the session in the address, once it is known.
pub(super) fn one_session(show: fn(SessionInfo) -> AnyView) -> AnyView {
    let id = session_in_address();
    let session = Resource::new(
        move || id.get(),
        |id| {
            let session = id.map(data::session);
            async move {
                match session {
                    Some(session) => session.await,
                    None => Ok(None),
                }
            }
        },
    );
    view! {
        <Suspense>
            {move || Suspend::new(async move {
                match session.await {
                    Ok(Some(info)) => show(info),
                    Ok(None) => view! { <MissingSession /> }.into_any(),
                    Err(error) => {
                        view! {
                            <Header here="" />
                            <main id="main" class="page narrow">
                                <DataFailure error=Signal::stored(error) />
                            </main>
                        }
                            .into_any()
                    }
                }
            })}
        </Suspense>
    }
    .into_any()
}
