//! A session's labels; story and branch come first and stand out.

use std::collections::BTreeMap;

use leptos::prelude::*;

/// Labels that people look for first (K8).
const PROMINENT: [&str; 2] = ["story", "branch"];

/// The labels, the prominent ones first, each group in the order of the alphabet.
fn in_order(labels: &BTreeMap<String, String>) -> Vec<(String, String)> {
    let prominent = PROMINENT.iter().filter_map(|key| labels.get_key_value(*key));
    let others = labels
        .iter()
        .filter(|(key, _)| !PROMINENT.contains(&key.as_str()));
    prominent
        .chain(others)
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

/// All labels as a list of chips; nothing if there are none.
#[component]
pub fn Labels(
    /// Keys and values, as given when the session was created.
    #[prop(into)]
    labels: Signal<BTreeMap<String, String>>,
) -> impl IntoView {
    let chip = |(key, value): (String, String)| {
        let prominent = PROMINENT.contains(&key.as_str());
        let name = key.clone();
        view! {
            <li class="chip" class:prominent=prominent data-label=name>
                <span class="chip-key">{key}</span>
                <span class="chip-value">{value}</span>
            </li>
        }
    };
    move || {
        let labels = labels.with(in_order);
        (!labels.is_empty()).then(|| {
            view! { <ul class="chips" aria-label="Labels">{labels.into_iter().map(chip).collect_view()}</ul> }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn story_and_branch_come_first() {
        let labels = ["alpha", "branch", "story", "zeta"].map(|key| (key.to_owned(), "x".to_owned()));
        let order: Vec<_> = in_order(&labels.into()).into_iter().map(|(key, _)| key).collect();
        assert_eq!(order, ["story", "branch", "alpha", "zeta"]);
    }

    #[test]
    fn a_label_is_text_whatever_it_says() {
        let labels = [(
            "<b>".to_owned(),
            "<script>alert(1)</script>\" onload=x".to_owned(),
        )];
        let html = Owner::new().with(|| view! { <Labels labels=Signal::stored(labels.into()) /> }.to_html());
        assert!(html.contains("&lt;script&gt;"), "{html}");
        assert!(!html.contains("<script>") && !html.contains("<b>"), "{html}");
    }
}
