//! An HTTP request and its answer, on one side; an exchange of a session, on the other.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use engineio_proto::server::{Incoming, Request as Routed};
use engineio_proto::{Exchange, Refusal, Response};
use futures_util::future::{Either, select};
use http::header::{
    CACHE_CONTROL, CONNECTION, CONTENT_TYPE, HeaderValue, SEC_WEBSOCKET_EXTENSIONS, SET_COOKIE, UPGRADE,
};
use http::{HeaderMap, StatusCode};
use http_body_util::Full;
use hyper::upgrade::OnUpgrade;

use crate::RequestHead;
use crate::options::Options;
use crate::serving::compression::compress;
use crate::serving::read_body::{Asked, Incomplete, read_body};
use crate::serving::switching::switching_protocols;
use crate::session::answers::Answer;
use crate::session::registry::{Found, Registry};
use crate::session::{App, Pending, Session};
use crate::transport::deflate::Agreement;
use crate::transport::websocket::Upgrade;

/// The body of an answer.
pub type Body = Full<Bytes>;

/// Where a request belongs, with its head for those who want to hear of it.
enum Front<A: App> {
    /// To a session.
    Session(Arc<Session<A>>, Exchange, Option<RequestHead>),
    /// To a session that is to begin.
    Incoming(Incoming, RequestHead),
    /// Nowhere.
    Refused(Refusal, RequestHead),
}

/// Answers one HTTP request of Engine.IO; its path has been matched. It came from `address`, unless its extensions say from where.
///
/// What the head says is looked at before there is a future: there is one of them for each request, and it is small enough to cost
/// little.
pub(crate) fn serve<A, B>(
    host: Arc<A::Host>,
    request: http::Request<Asked<B>>,
    address: Option<SocketAddr>,
) -> impl Future<Output = Result<http::Response<Body>, Infallible>> + use<A, B>
where
    A: App,
    B: http_body::Body + Unpin,
{
    let registry: &Registry<A> = (*host).as_ref();
    let options = &registry.options;
    let (mut head, mut body) = request.into_parts();
    let mut switching = switching_protocols(&head).map(Box::new);
    let found = registry.find(&Routed {
        method: head.method.as_str(),
        query: head.uri.query().unwrap_or_default(),
        websocket: switching.is_some(),
        binary: is_binary(&head.headers),
    });
    // In time: whoever sees the head must not take the connection.
    let connection = head.extensions.remove::<OnUpgrade>();
    let deflate = options
        .per_message_deflate
        .filter(|_| connection.is_some())
        .and_then(|settings| Agreement::negotiate(&settings, &head.headers));
    let encodings = options.encodings(&head.headers);
    let front = match found {
        Found::Session(session, exchange) => {
            let head = options
                .gate
                .has_connection_error()
                .then(|| RequestHead::new(head, address));
            Front::Session(session, exchange, head)
        }
        Found::Incoming(incoming) => Front::Incoming(incoming, RequestHead::new(head, address)),
        Found::Refused(refusal) => Front::Refused(refusal, RequestHead::new(head, address)),
    };
    async move {
        let registry: &Registry<A> = (*host).as_ref();
        let options = &registry.options;
        let (head, begun, session, exchange) = match front {
            Front::Session(session, exchange, head) => (head, None, session, exchange),
            Front::Incoming(incoming, head) => match Registry::<A>::admit(&host, &head, incoming).await {
                Ok((sid, session)) => {
                    let head = options.gate.has_connection_error().then_some(head);
                    (head, Some(sid), session, incoming.exchange())
                }
                Err(refusal) => return Ok(refuse(options, &head, &refusal)),
            },
            Front::Refused(refusal, head) => return Ok(refuse(options, &head, &refusal)),
        };
        let connection = connection.filter(|_| matches!(exchange, Exchange::WebSocket { .. }));
        let upgrade = connection.map(|connection| {
            if let (Some(agreement), Some(switching)) = (&deflate, &mut switching) {
                let headers = switching.headers_mut();
                headers.insert(SEC_WEBSOCKET_EXTENSIONS, agreement.header());
            }
            Upgrade { connection, deflate }
        });
        let answered = if let Exchange::Post { .. } = exchange {
            // Most bodies have come along with their heads.
            let posted = match poll_fn(|cx| Poll::Ready(body.take_whole(cx))).await {
                Some(whole) => session.post(exchange, whole).map_err(|whole| body.put_back(whole)),
                None => Err(()),
            };
            match posted {
                Ok(pending) => Ok(Either::Left(pending)),
                Err(()) => Box::pin(accept_post(&session, exchange, &mut body, options.body_timeout)).await,
            }
        } else {
            Ok(Either::Left(session.request(exchange, upgrade)))
        };
        drop((session, body));
        let answer = match answered {
            Ok(Either::Left(pending)) => pending.await,
            Ok(Either::Right(answer)) => answer,
            Err(Incomplete::Aborted) => return Ok(empty(StatusCode::BAD_REQUEST)),
            Err(Incomplete::Late) => return Ok(empty(StatusCode::REQUEST_TIMEOUT)),
        };
        let response = match answer {
            Answer::Respond(response) => response,
            Answer::Upgrade => {
                return Ok(*switching.expect("only a request with the headers of an upgrade is routed as one"));
            }
        };
        if let (Some(code), Some(head)) = (response.refusal, &head) {
            let refusal = Refusal::new(code).with_context("it does not fit the state of its session");
            options.gate.connection_error(head, &refusal);
        }
        let encodings = encodings.filter(|_| response.compress && options.is_worth_compressing(response.body.len()));
        let mut answer = respond(response);
        if matches!(exchange, Exchange::WebSocket { .. }) {
            hang_up(&mut answer);
        }
        if let Some(encodings) = encodings {
            answer = Box::pin(compress(answer, encodings)).await;
        }
        if let (Some(cookie), Some(sid), StatusCode::OK) = (&options.cookie, &begun, answer.status()) {
            answer.headers_mut().append(SET_COOKIE, cookie.set(sid));
        }
        Ok(answer)
    }
}

/// Hands a POST to its session, and then its body. If that was not waited for, there is an answer already.
async fn accept_post<A, B>(
    session: &Arc<Session<A>>,
    exchange: Exchange,
    body: &mut Asked<B>,
    timeout: Duration,
) -> Result<Either<Pending<A>, Answer>, Incomplete>
where
    A: App,
    B: http_body::Body + Unpin,
{
    let max_payload = session.max_payload();
    let reading = pin!(async {
        session.ready_to_read().await;
        read_body(body, max_payload, &*session.clock.timer, timeout).await
    });
    let mut pending = session.request(exchange, None);
    // The answer comes before the body if the request is refused, or if the session ends while the client takes its time.
    match select(&mut pending, reading).await {
        Either::Left((answer, _)) => return Ok(Either::Right(answer)),
        Either::Right((body, _)) => pending.body(body?),
    }
    Ok(Either::Left(pending))
}

fn is_binary(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"application/octet-stream"))
}

fn refuse(options: &Options, head: &RequestHead, refusal: &Refusal) -> http::Response<Body> {
    tracing::debug!(%refusal, context = refusal.context(), "a request was refused");
    options.gate.connection_error(head, refusal);
    let mut answer = respond(refusal.response());
    if head.headers().contains_key(UPGRADE) {
        hang_up(&mut answer);
    }
    answer
}

/// Ends the connection behind an answer that is no 101: who asked for a WebSocket may write frames already, which are no requests.
pub(crate) fn hang_up(answer: &mut http::Response<Body>) {
    const CLOSE: HeaderValue = HeaderValue::from_static("close");
    answer.headers_mut().insert(CONNECTION, CLOSE);
}

fn respond(response: Response) -> http::Response<Body> {
    let mut answer = http::Response::new(Body::new(response.body));
    *answer.status_mut() = StatusCode::from_u16(response.status).expect("the machines use statuses that exist");
    let headers = answer.headers_mut();
    headers.insert(CACHE_CONTROL, NO_STORE);
    if let Some(content_type) = response.content_type {
        headers.insert(CONTENT_TYPE, content_type_of(content_type));
    }
    answer
}

const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// What most answers have is checked once and for all.
fn content_type_of(text: &'static str) -> HeaderValue {
    match text {
        "text/plain; charset=UTF-8" => const { HeaderValue::from_static("text/plain; charset=UTF-8") },
        "text/html" => const { HeaderValue::from_static("text/html") },
        other => HeaderValue::from_static(other),
    }
}

/// The answer to a POST of which the body did not come.
fn empty(status: StatusCode) -> http::Response<Body> {
    let mut answer = http::Response::new(Body::default());
    *answer.status_mut() = status;
    answer.headers_mut().insert(CACHE_CONTROL, NO_STORE);
    answer
}
