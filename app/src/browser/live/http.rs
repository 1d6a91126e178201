//! Requests to the API of this server, with its problem details as errors.

use std::future::Future;

use gloo_net::http::{Request, Response};
use sempre_protocol::api::Problem;
use send_wrapper::SendWrapper;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::data::DataError;

/// `GET`, and the JSON it answers.
pub fn get<T: DeserializeOwned>(url: String) -> impl Future<Output = Result<T, DataError>> + Send {
    // The page has one thread: the wrapper only tells the compiler so.
    SendWrapper::new(async move {
        let request = Request::get(&url).header("accept", "application/json");
        json(checked(request.send().await).await?).await
    })
}

/// `POST` of a JSON body, and the JSON it answers.
pub fn post<B: Serialize, T: DeserializeOwned>(
    url: String,
    body: &B,
) -> impl Future<Output = Result<T, DataError>> + Send + use<B, T> {
    let request = Request::post(&url).json(body);
    SendWrapper::new(async move {
        let request = request.map_err(unreachable)?;
        json(checked(request.send().await).await?).await
    })
}

/// `DELETE`, with nothing to read in the answer.
pub fn delete(url: String) -> impl Future<Output = Result<(), DataError>> + Send {
    SendWrapper::new(async move { checked(Request::delete(&url).send().await).await.map(|_| ()) })
}

/// A text as it stands in the query of an address.
pub fn encoded(text: &str) -> String {
    js_sys::encode_uri_component(text).into()
}

fn unreachable(error: gloo_net::Error) -> DataError {
    DataError::Unreachable(error.to_string())
}

async fn json<T: DeserializeOwned>(response: Response) -> Result<T, DataError> {
    response.json().await.map_err(unreachable)
}

async fn checked(sent: Result<Response, gloo_net::Error>) -> Result<Response, DataError> {
    let response = sent.map_err(unreachable)?;
    match response.status() {
        200..=299 => Ok(response),
        401 => Err(DataError::LoggedOut),
        404 => Err(DataError::NotFound),
        status => Err(match response.json::<Problem>().await {
            Ok(problem) => DataError::Refused(problem),
            Err(_) => DataError::Unreachable(format!("HTTP status {status}")),
        }),
    }
}
