//! From a request of the machine's to the server's answer.

use std::io;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use engineio_proto::Gone;
use engineio_proto::client::{Method, Query, Request, Response};
use http::header::{self, HeaderMap, HeaderValue};
use http::{StatusCode, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::upgrade::Upgraded;
use tungstenite::handshake::client::generate_key;
use tungstenite::handshake::derive_accept_key;

use super::connector::{BoxStream, Connector};
use super::lane::{Lane, Unsent};
use super::trace::Trace;
use super::{Cause, Endpoint};

type HttpRequest = http::Request<Full<Bytes>>;

/// All that is needed to send a request.
#[derive(Debug)]
pub(crate) struct Dialer {
    pub(crate) endpoint: Endpoint,
    pub(crate) authority: HeaderValue,
    pub(crate) path: String,
    /// What each request gets beside what the protocols want.
    pub(crate) headers: HeaderMap,
    pub(crate) connector: Connector,
    #[cfg(feature = "tls")]
    pub(crate) tls: Option<super::Tls>,
    pub(crate) trace: Option<Trace>,
}

/// The end of an exchange.
pub(crate) enum Answer {
    /// The answer came. The connection may be of further use.
    Response(Response, Option<Lane>),
    /// The WebSocket is open.
    WebSocket(Upgraded),
    /// There will be no answer.
    Gone(Gone, Cause),
}

impl Dialer {
    /// Sends a request on a connection, or on a new one, and reads the answer: of its body no more than one byte beyond `max_payload`.
    pub(crate) async fn request(self: Arc<Self>, lane: Option<Lane>, request: Request, max_payload: usize) -> Answer {
        let exchange = async {
            let (mut lane, response) = self.send(lane, self.http_request(request)?).await?;
            let response = lane.drive(read(response, max_payload)).await?;
            let reusable = response.body.len() <= max_payload;
            Ok(Answer::Response(response, reusable.then_some(lane)))
        };
        exchange.await.unwrap_or_else(|cause| Answer::Gone(Gone::Closed, cause))
    }

    /// Opens a WebSocket on a connection of its own.
    pub(crate) async fn websocket(self: Arc<Self>, query: Query, max_payload: usize) -> Answer {
        let exchange = async {
            let (request, key) = self.websocket_request(&query)?;
            let (mut lane, mut response) = self.send(None, request).await?;
            if response.status() != StatusCode::SWITCHING_PROTOCOLS {
                return Ok(Answer::Response(lane.drive(read(response, max_payload)).await?, None));
            }
            let accept = response.headers().get(header::SEC_WEBSOCKET_ACCEPT);
            if accept.is_none_or(|accept| accept.as_bytes() != derive_accept_key(key.as_bytes()).as_bytes()) {
                return Err(cause(io::Error::other(
                    "the server did not accept this WebSocket, but some other",
                )));
            }
            let upgrade = hyper::upgrade::on(&mut response);
            Ok(Answer::WebSocket(lane.drive(upgrade).await.map_err(cause)?))
        };
        exchange.await.unwrap_or_else(|cause| Answer::Gone(Gone::Closed, cause))
    }

    /// Sends a request; once more, on a new connection, if the old one ended before it could take it.
    async fn send(&self, lane: Option<Lane>, request: HttpRequest) -> Result<(Lane, http::Response<Incoming>), Cause> {
        let mut request = request;
        if let Some(mut lane) = lane {
            match lane.send(request).await {
                Ok(response) => return Ok((lane, response)),
                Err(Unsent::Request(unsent, _)) => request = *unsent,
                Err(Unsent::Error(error)) => return Err(cause(error)),
            }
        }
        let io = self.connect().await.map_err(cause)?;
        let mut lane = Lane::open(io).await.map_err(cause)?;
        match lane.send(request).await {
            Ok(response) => Ok((lane, response)),
            Err(Unsent::Request(_, error) | Unsent::Error(error)) => Err(cause(error)),
        }
    }

    async fn connect(&self) -> io::Result<BoxStream> {
        let io = self.connector.connect(&self.endpoint).await?;
        #[cfg(feature = "tls")]
        if let Some(tls) = &self.tls {
            return Ok(Box::new(tls.connect(&self.endpoint, io).await?));
        }
        Ok(io)
    }

    fn http_request(&self, request: Request) -> Result<HttpRequest, Cause> {
        let method = match request.method {
            Method::Get => http::Method::GET,
            Method::Post => http::Method::POST,
        };
        let mut http = self.head(method, &request.query, request.body)?;
        if let Some(kind) = request.content_type {
            let kind = HeaderValue::from_static(kind);
            http.headers_mut().insert(header::CONTENT_TYPE, kind);
        }
        Ok(http)
    }

    /// The request and its key.
    fn websocket_request(&self, query: &Query) -> Result<(HttpRequest, String), Cause> {
        let mut request = self.head(http::Method::GET, query, Bytes::new())?;
        let key = generate_key();
        let headers = request.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        headers.insert(header::SEC_WEBSOCKET_KEY, HeaderValue::try_from(&key).map_err(cause)?);
        Ok((request, key))
    }

    fn head(&self, method: http::Method, query: &Query, body: Bytes) -> Result<HttpRequest, Cause> {
        let uri = Uri::try_from(format!("{}?{}", self.path, query.as_str())).map_err(cause)?;
        let mut request = http::Request::new(Full::new(body));
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        *request.headers_mut() = self.headers.clone();
        let headers = request.headers_mut();
        if !headers.contains_key(header::HOST) {
            headers.insert(header::HOST, self.authority.clone());
        }
        Ok(request)
    }
}

async fn read(response: http::Response<Incoming>, max_payload: usize) -> Result<Response, Cause> {
    let (head, mut body) = response.into_parts();
    let mut whole = BytesMut::new();
    let mut only = Bytes::new(); // most bodies are one piece, which need not be copied
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(cause)?.into_data() else {
            continue;
        };
        let room = max_payload.saturating_add(1) - (only.len() + whole.len());
        let data = data.slice(..data.len().min(room));
        if only.is_empty() && whole.is_empty() {
            only = data;
        } else {
            whole.extend_from_slice(&std::mem::take(&mut only));
            whole.extend_from_slice(&data);
        }
        if only.len() + whole.len() > max_payload {
            break;
        }
    }
    let body = if whole.is_empty() { only } else { whole.freeze() };
    let kind = head.headers.get(header::CONTENT_TYPE);
    Ok(Response {
        status: head.status.as_u16(),
        binary: kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/octet-stream")),
        body,
    })
}

fn cause(error: impl std::error::Error + Send + Sync + 'static) -> Cause {
    Arc::new(error)
}
