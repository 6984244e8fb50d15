//! The application's say in who gets in.

use std::borrow::Cow;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use engineio_proto::{ErrorCode, Refusal, Sid};

use crate::RequestHead;
use crate::entropy::entropy;
use crate::shield::{shield, shield_future};

type Verdict = Pin<Box<dyn Future<Output = Result<(), Cow<'static, str>>> + Send>>;
type AllowRequest = Arc<dyn Fn(RequestHead) -> Verdict + Send + Sync>;
type GenerateId = Arc<dyn Fn(&RequestHead) -> Option<Sid> + Send + Sync>;
type OnConnectionError = Arc<dyn Fn(&RequestHead, &Refusal) + Send + Sync>;

/// Functions of the application that are called with requests. One that panics refuses, or is logged.
#[derive(Clone, Default)]
pub(crate) struct Gate {
    allow_request: Option<AllowRequest>,
    generate_id: Option<GenerateId>,
    on_connection_error: Option<OnConnectionError>,
}

impl Gate {
    pub(crate) fn set_allow_request<F, Fut, M>(&mut self, hook: F)
    where
        F: Fn(RequestHead) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), M>> + Send + 'static,
        M: Into<Cow<'static, str>>,
    {
        self.allow_request = Some(Arc::new(move |head| {
            let verdict = hook(head);
            Box::pin(async move { verdict.await.map_err(Into::into) })
        }));
    }

    pub(crate) fn set_generate_id(&mut self, hook: impl Fn(&RequestHead) -> Option<Sid> + Send + Sync + 'static) {
        self.generate_id = Some(Arc::new(hook));
    }

    pub(crate) fn set_on_connection_error(&mut self, hook: impl Fn(&RequestHead, &Refusal) + Send + Sync + 'static) {
        self.on_connection_error = Some(Arc::new(hook));
    }

    /// Asks whether a client may begin a session.
    pub(crate) async fn allow(&self, head: &RequestHead) -> Result<(), Refusal> {
        let Some(hook) = &self.allow_request else {
            return Ok(());
        };
        let verdict = shield_future(async { hook(head.clone()).await }).await;
        match verdict {
            Ok(Ok(())) => Ok(()),
            Ok(Err(message)) => Err(Refusal::forbidden(message)),
            Err(error) => {
                tracing::error!(%error, "the hook that allows requests failed");
                Err(Refusal::new(ErrorCode::Forbidden).with_context("the hook that allows requests failed"))
            }
        }
    }

    /// An id for a new session.
    pub(crate) fn new_sid(&self, head: &RequestHead) -> Result<Sid, Refusal> {
        let Some(hook) = &self.generate_id else {
            let entropy = entropy().map_err(|error| {
                tracing::error!(%error, "no entropy for a session id");
                Refusal::new(ErrorCode::BadRequest).with_context("there is no entropy for a session id")
            })?;
            return Ok(Sid::from_entropy(entropy));
        };
        let sid = shield(|| hook(head)).unwrap_or_else(|error| {
            tracing::error!(%error, "the hook that makes session ids failed");
            None
        });
        sid.ok_or(Refusal::new(ErrorCode::BadRequest).with_context("no session id was made"))
    }

    /// Whether anybody wants to hear of requests that are refused.
    pub(crate) const fn has_connection_error(&self) -> bool {
        self.on_connection_error.is_some()
    }

    /// Tells of a request that was refused.
    pub(crate) fn connection_error(&self, head: &RequestHead, refusal: &Refusal) {
        if let Some(hook) = &self.on_connection_error {
            if let Err(error) = shield(|| hook(head, refusal)) {
                tracing::error!(%error, "the hook for requests that are refused failed");
            }
        }
    }
}
