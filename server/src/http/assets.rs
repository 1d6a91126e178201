//! The built page's files, embedded in this program, precompressed, named by their content.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;
use serde::Deserialize;

use super::{ApiError, ServerState};
use crate::config::BasePath;

/// What the build put into the site directory.
#[derive(RustEmbed)]
#[folder = "$SEMPRE_SITE_DIR"]
struct Embedded;

/// Where the icon of the site is.
pub(super) const FAVICON: &str = "/favicon.svg";
/// Names with a content hash never change what they stand for.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// Names without one are asked for again.
const ASK_AGAIN: &str = "no-cache";

/// The build's list of what it made.
#[derive(Debug, Clone, Default, Deserialize)]
struct Manifest {
    js: String,
    wasm: String,
    terminal: String,
    css: String,
}

/// The built page.
#[derive(Debug, Clone)]
pub(super) struct Site(Option<Manifest>);

impl Site {
    /// What this program was built with.
    pub(super) fn embedded() -> Self {
        let file = Embedded::get("manifest.json");
        Self(file.and_then(|file| serde_json::from_slice(&file.data).ok()))
    }

    /// The style sheet's path, if there is a page.
    pub(super) fn css_url(&self, base: &BasePath) -> Option<String> {
        self.0.as_ref().map(|manifest| asset(base, &manifest.css))
    }

    /// Paths of everything a page loads, if there is a page.
    pub(super) fn urls(&self, base: &BasePath) -> Option<sempre_app::AssetUrls> {
        self.0.as_ref().map(|manifest| sempre_app::AssetUrls {
            css: asset(base, &manifest.css),
            js: asset(base, &manifest.js),
            wasm: asset(base, &manifest.wasm),
            terminal: asset(base, &manifest.terminal),
            favicon: base.at(FAVICON),
        })
    }
}

fn asset(base: &BasePath, name: &str) -> String {
    base.at(&format!("/assets/{name}"))
}

/// `GET /assets/{*path}`.
pub(super) async fn by_path(
    path: Result<Path<String>, PathRejection>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    match path {
        Ok(Path(path)) => file(&path, &headers, FOR_EVER),
        Err(_) => ApiError::no_route(uri.path()).into_response(),
    }
}

/// `GET /favicon.svg`.
pub(super) async fn favicon(State(_): State<ServerState>, headers: HeaderMap) -> Response {
    file("favicon.svg", &headers, ASK_AGAIN)
}

fn file(path: &str, headers: &HeaderMap, cache: &'static str) -> Response {
    let accepted = headers
        .get(header::ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let encodings = [("br", ".br"), ("gzip", ".gz")]
        .into_iter()
        .filter(|(name, _)| accepts(accepted, name));
    let compressed = encodings.into_iter().find_map(|(name, ending)| {
        Embedded::get(&format!("assets/{path}{ending}")).map(|file| (Some(name), file))
    });
    let Some((encoding, file)) =
        compressed.or_else(|| Embedded::get(&format!("assets/{path}")).map(|file| (None, file)))
    else {
        return ApiError::no_route(&format!("/assets/{path}")).into_response();
    };
    let mut response = file.data.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type(path)));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Some(encoding) = encoding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    response
}

fn accepts(accepted: &str, encoding: &str) -> bool {
    accepted.split(',').any(|part| {
        let (name, quality) = part.split_once(';').unwrap_or((part, ""));
        name.trim() == encoding && quality.trim() != "q=0"
    })
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, ending)| ending) {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("json" | "map") => "application/json",
        Some("webmanifest") => "application/manifest+json",
        _ => "application/octet-stream",
    }
}
