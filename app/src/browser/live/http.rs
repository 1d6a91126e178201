//! Requests to the API of this server, with its problem details as errors.
//!
//! What depends on the type of an answer is kept small: it is in the page's module once for each type.

use std::future::Future;

use gloo_net::http::{Method, Request, RequestBuilder};
use sempre_protocol::api::Problem;
use send_wrapper::SendWrapper;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::data::DataError;

/// `GET`, and the JSON it answers.
pub fn get<T: DeserializeOwned>(url: String) -> impl Future<Output = Result<T, DataError>> + Send {
    let answer = ask(Method::GET, url, String::new());
    async move { json(&answer.await?) }
}

/// `POST` of a JSON body, and the JSON it answers.
pub fn post<B: Serialize, T: DeserializeOwned>(
    url: String,
    body: &B,
) -> impl Future<Output = Result<T, DataError>> + Send + use<B, T> {
    // Serializing fails only for maps whose keys are no text; the server would refuse the empty body.
    let body = serde_json::to_string(body).unwrap_or_default();
    let answer = ask(Method::POST, url, body);
    async move { json(&answer.await?) }
}

/// `DELETE`, with nothing to read in the answer.
pub fn delete(url: String) -> impl Future<Output = Result<(), DataError>> + Send {
    let answer = ask(Method::DELETE, url, String::new());
    async move { answer.await.map(drop) }
}

/// A text as it stands in the query of an address.
pub fn encoded(text: &str) -> String {
    js_sys::encode_uri_component(text).into()
}

fn json<T: DeserializeOwned>(text: &str) -> Result<T, DataError> {
    serde_json::from_str(text).map_err(|error| DataError::Unreachable(error.to_string()))
}

fn unreachable(error: gloo_net::Error) -> DataError {
    DataError::Unreachable(error.to_string())
}

/// Sends a request, with a JSON body if it is not empty; the text of an answer that grants it.
fn ask(
    method: Method,
    url: String,
    body: String,
) -> SendWrapper<impl Future<Output = Result<String, DataError>>> {
    // The page has one thread: the wrapper only tells the compiler so.
    SendWrapper::new(async move {
        let request = RequestBuilder::new(&url)
            .method(method)
            .header("accept", "application/json");
        let request: Result<Request, _> = match body.is_empty() {
            true => request.build(),
            false => request.header("content-type", "application/json").body(body),
        };
        let response = request.map_err(unreachable)?.send().await.map_err(unreachable)?;
        let text = response.text().await.map_err(unreachable)?;
        match response.status() {
            200..=299 => Ok(text),
            401 => Err(DataError::LoggedOut),
            404 => Err(DataError::NotFound),
            status => Err(match json::<Problem>(&text) {
                Ok(problem) => DataError::Refused(problem),
                Err(_) => DataError::Unreachable(format!("HTTP status {status}")),
            }),
        }
    })
}
