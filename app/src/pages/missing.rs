//! What stands where nothing is.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::components::Header;
use crate::data::set_status;
use crate::routes;

/// For an address that no page has.
#[component]
pub fn Missing() -> impl IntoView {
    set_status(404);
    view! {
        <Title text="Not found" />
        <Header here="" />
        <main id="main" class="page narrow">
            <section class="empty">
                <h1>"There is no such page"</h1>
                <p>"The address may be mistyped, or from another release."</p>
                <p>
                    <a class="button primary" href=routes::home()>
                        "All sessions"
                    </a>
                </p>
            </section>
        </main>
    }
    .into_any()
}

/// For the address of a session that does not exist.
#[component]
pub fn MissingSession() -> impl IntoView {
    set_status(404);
    view! {
        <Title text="No such session" />
        <Header here="" />
        <main id="main" class="page narrow">
            <section class="empty" data-testid="missing-session">
                <h1>"There is no such session"</h1>
                <p>"It may have been removed with its journal, or the address is mistyped. Sessions never end because a page was closed."</p>
                <p>
                    <a class="button primary" href=routes::home()>
                        "All sessions"
                    </a>
                </p>
            </section>
        </main>
    }
    .into_any()
}
