//! A row of figures, each with its name. They stand still: who shows new ones shows a new row.

use leptos::prelude::*;

/// Names and values, as people write them.
pub fn figures(named: impl IntoIterator<Item = (&'static str, String)>) -> AnyView {
    let figure = |(name, value)| {
        view! {
            <div>
                <dt>{name}</dt>
                <dd>{value}</dd>
            </div>
        }
    };
    view! { <dl class="figures">{named.into_iter().map(figure).collect_view()}</dl> }.into_any()
}
