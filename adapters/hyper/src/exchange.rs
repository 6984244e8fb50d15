//! An HTTP request and its answer, on one side; an exchange of a session, on the other.

use std::pin::pin;
use std::sync::Arc;

use bytes::{Buf, Bytes, BytesMut};
use engineio_proto::server::Request as Routed;
use engineio_proto::{Exchange, Response};
use futures_util::future::{Either, select};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, SEC_WEBSOCKET_EXTENSIONS};
use http::{HeaderMap, Method, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::upgrade::OnUpgrade;

use crate::answers::Answer;
use crate::deflate::Agreement;
use crate::registry::Registry;
use crate::session::App;
use crate::websocket::Upgrade;

/// The body of an answer.
pub type Body = Full<Bytes>;

/// Answers one HTTP request of Engine.IO; its path has been matched.
pub(crate) async fn serve<A, B>(host: Arc<A::Host>, request: http::Request<B>) -> http::Response<Body>
where
    A: App,
    B: http_body::Body + Unpin,
{
    let (mut head, mut body) = request.into_parts();
    let mut switching = switching_protocols(&head);
    let routed = Routed {
        method: head.method.as_str(),
        query: head.uri.query().unwrap_or_default(),
        websocket: switching.is_some(),
        binary: is_binary(&head.headers),
    };
    let (session, exchange) = match Registry::<A>::find(&host, &head, &routed) {
        Ok(found) => found,
        Err(refusal) => {
            tracing::debug!(%refusal, "a request was refused");
            return respond(refusal.response());
        }
    };
    let upgrade = match exchange {
        Exchange::WebSocket { .. } => head.extensions.remove::<OnUpgrade>().map(|connection| {
            let settings = (*host).as_ref().per_message_deflate;
            let deflate = settings.and_then(|settings| Agreement::negotiate(&settings, &head.headers));
            if let (Some(agreement), Some(switching)) = (&deflate, &mut switching) {
                let headers = switching.headers_mut();
                headers.insert(SEC_WEBSOCKET_EXTENSIONS, agreement.header());
            }
            Upgrade { connection, deflate }
        }),
        Exchange::Poll | Exchange::Post { .. } => None,
    };
    let mut pending = session.request(exchange, upgrade);
    let max_payload = session.max_payload();
    drop((host, head));
    if let Exchange::Post { .. } = exchange {
        let reading = async {
            session.ready_to_read().await;
            read_body(&mut body, max_payload).await
        };
        // The answer comes before the body if the request is refused, or if the session ends while the client takes its time.
        match select(&mut pending, pin!(reading)).await {
            Either::Left((answer, _)) => return respond_with(answer, None),
            Either::Right((Some(body), _)) => pending.body(body),
            Either::Right((None, _)) => {
                return respond(Response {
                    status: 400,
                    content_type: None,
                    body: Bytes::new(),
                    compress: false,
                    refusal: None,
                });
            }
        }
    }
    drop((session, body));
    respond_with(pending.await, switching)
}

/// The 101 for a request that asks for a WebSocket in the right way.
fn switching_protocols(head: &http::request::Parts) -> Option<http::Response<Body>> {
    let possible = head.method == Method::GET
        && head.headers.contains_key(http::header::UPGRADE)
        && head.extensions.get::<OnUpgrade>().is_some();
    if !possible {
        return None;
    }
    let mut request = http::Request::new(());
    *request.version_mut() = head.version;
    *request.headers_mut() = head.headers.clone();
    tungstenite::handshake::server::create_response_with_body(&request, Body::default).ok()
}

fn is_binary(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"application/octet-stream"))
}

/// Reads a body; of one that is too large only as much as shows that. None if the client broke it off.
async fn read_body<B: http_body::Body + Unpin>(body: &mut B, max: usize) -> Option<Bytes> {
    let mut first = Bytes::new();
    let mut whole = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(mut data) = frame.ok()?.into_data() else {
            continue;
        };
        let length = data.remaining();
        if first.is_empty() && whole.is_empty() {
            first = data.copy_to_bytes(length); // copies nothing if it is `Bytes` already
        } else {
            whole.reserve(first.len() + length);
            whole.extend_from_slice(&std::mem::take(&mut first));
            while data.has_remaining() {
                let chunk = data.chunk();
                whole.extend_from_slice(chunk);
                data.advance(chunk.len());
            }
        }
        if first.len().max(whole.len()) > max {
            break;
        }
    }
    Some(if whole.is_empty() { first } else { whole.freeze() })
}

fn respond_with(answer: Answer, switching: Option<http::Response<Body>>) -> http::Response<Body> {
    match (answer, switching) {
        (Answer::Respond(response), _) => respond(response),
        (Answer::Upgrade, Some(switching)) => switching,
        (Answer::Upgrade, None) => unreachable!("only a request with the headers of an upgrade is routed as one"),
    }
}

fn respond(response: Response) -> http::Response<Body> {
    let mut answer = http::Response::new(Body::new(response.body));
    *answer.status_mut() = StatusCode::from_u16(response.status).expect("the machines use statuses that exist");
    let headers = answer.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(content_type) = response.content_type {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    answer
}
