//! `/docs`: the API as a page, made of the same list. No script, nothing from elsewhere.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

use super::operations::{Answer, Body, Kind, Operation, operations};
use super::{DESCRIPTION, Viewer};
use crate::http::proof::As;

const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";
const STYLE: &str = "body{font:1rem/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;\
    color-scheme:light dark}code,pre{font-family:ui-monospace,monospace}pre{overflow:auto;padding:.75rem;\
    border:1px solid #8884}section{border-top:1px solid #8884}h3 b{display:inline-block;min-width:4.5rem}";

/// Answers with the page.
pub(in crate::http) async fn page(_: As<Viewer>) -> Response {
    let mut response = html().into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/html; charset=utf-8"),
    );
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    response
}

fn html() -> String {
    let mut html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>Sempre API</title><style>{STYLE}</style></head><body><h1>Sempre \
         {}</h1><p>Send <code>Authorization: Bearer TOKEN</code>. For programs: <a \
         href=\"api/v1/openapi.json\">openapi.json</a> (OpenAPI 3.1).</p>",
        env!("CARGO_PKG_VERSION")
    );
    let mut tags: Vec<_> = operations().map(|operation| operation.tag).collect();
    let mut seen = BTreeSet::new();
    tags.retain(|tag| seen.insert(*tag));
    for tag in tags {
        let _ = write!(html, "<h2>{tag}</h2>");
        operations()
            .filter(|operation| operation.tag == tag)
            .for_each(|operation| section(&mut html, operation));
    }
    html.push_str("<h2>Types</h2>");
    let schemas = DESCRIPTION
        .pointer("/components/schemas")
        .and_then(|schemas| schemas.as_object());
    for (name, schema) in schemas.into_iter().flatten() {
        let text = serde_json::to_string_pretty(schema).unwrap_or_default();
        let text = text.replace('&', "&amp;").replace('<', "&lt;");
        let _ = write!(
            html,
            "<details id=\"{name}\"><summary><code>{name}</code></summary><pre>{text}</pre></details>"
        );
    }
    html.push_str("</body></html>");
    html
}

/// All of it is written in the program.
fn section(html: &mut String, operation: &Operation) {
    let link = |name: &str| {
        format!(
            "<a href=\"#{0}\"><code>{name}</code></a>",
            name.trim_end_matches("[]")
        )
    };
    let method = operation.method.to_uppercase();
    let needs = match operation.role {
        Some(role) => format!("Needs {}", role.word()),
        None => "Open to anyone".to_owned(),
    };
    let _ = write!(
        html,
        "<section><h3><b>{method}</b> <code>{}</code></h3><p>{}. {needs}.</p><ul>",
        operation.path, operation.summary,
    );
    for parameter in operation.query {
        let kind = match parameter.kind {
            Kind::Text => "text".to_owned(),
            Kind::Number => "number".to_owned(),
            Kind::OneOf(words) => words.join(" | "),
            Kind::Id => "id".to_owned(),
        };
        let (name, meaning) = (parameter.name, parameter.meaning);
        let _ = write!(html, "<li><code>?{name}=</code> {kind}: {meaning}</li>");
    }
    match operation.body {
        Some(Body::Json(name)) => {
            let _ = write!(html, "<li>takes {}</li>", link(name));
        }
        Some(Body::Form(name)) => {
            let _ = write!(html, "<li>takes a form, {}</li>", link(name));
        }
        Some(Body::Media(kind)) => {
            let _ = write!(html, "<li>takes a file, <code>{kind}</code></li>");
        }
        None => {}
    }
    let answer = match operation.answer {
        Answer::Json(status, name) => format!("{status}, {}", link(name)),
        Answer::Media(types) => {
            let kinds: Vec<_> = types.iter().map(|(kind, _)| *kind).collect();
            format!("200, {}", kinds.join(" or "))
        }
        Answer::Events(names) => {
            let links: Vec<_> = names.iter().map(|name| link(name)).collect();
            format!("200, server-sent events of {}", links.join(", "))
        }
        Answer::Form(status) => format!("{status}, a page"),
        Answer::Redirect => "303".to_owned(),
        Answer::Nothing => "204".to_owned(),
    };
    let _ = write!(html, "<li>answers {answer}</li></ul></section>");
}
