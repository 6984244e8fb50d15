//! Functions that handle events, with arguments of their own types.

use std::borrow::Cow;
use std::future::Future;
use std::pin::Pin;
use std::ptr;

use futures_util::FutureExt;
use serde::de::DeserializeOwned;
use socketio_proto::{Args, ArgsError, Remaining, ToArgs};

use crate::{Ack, BoxError, Client, HandlerError, Runtime, Socket};

/// The rest of what a handler does.
pub(crate) type HandlerFuture = Pin<Box<dyn Future<Output = Result<(), HandlerError>> + Send>>;

/// A function that handles an event: `async |socket: Socket, text: String, ack: Ack| { .. }`; `S` is the side that it is on, a server's
/// [`Socket`] or a [`Client`].
///
/// Each parameter takes what it needs, see [`Argument`]. It returns `()`, or a `Result` whose error is logged with the name of the
/// event and given to [`ServerBuilder::on_handler_error`](crate::ServerBuilder::on_handler_error).
///
/// Closures that capture something by move clone it for each call: `move |text: String| { let db = db.clone(); async move { .. } }`.
pub trait Handler<Parameters, S = Socket>: Send + Sync + 'static {
    /// Calls the function. What it does before it first waits is done in the order in which events arrive.
    ///
    /// # Errors
    ///
    /// The arguments that came are not the ones that the function takes.
    fn call(&self, call: Call<'_, S>) -> Result<HandlerFuture, ArgsError>;
}

/// One event, for the parameters of a handler to take what they need.
#[derive(Debug)]
pub struct Call<'a, S = Socket> {
    pub(crate) socket: &'a S,
    pub(crate) args: Remaining,
    pub(crate) ack: Option<Ack>,
}

/// A type that the parameter of a handler can have:
///
/// - [`Socket`], or on the other side [`Client`]: the socket that the event came on;
/// - [`Ack`]: the right to acknowledge the event;
/// - [`Rest`]: all arguments that are left, as they came;
/// - anything that serde can deserialize: the next argument. One that is missing is read as `null`, so that an `Option` is `None`.
///   Binary data is found in `bytes::Bytes` and whatever else deserializes from bytes.
pub trait Argument<S = Socket>: Sized {
    /// Takes it.
    ///
    /// # Errors
    ///
    /// The next argument is of another type.
    fn take(call: &mut Call<'_, S>) -> Result<Self, ArgsError>;
}

impl<S, T: DeserializeOwned> Argument<S> for T {
    fn take(call: &mut Call<'_, S>) -> Result<Self, ArgsError> {
        call.args.next()
    }
}

impl Argument for Socket {
    fn take(call: &mut Call<'_>) -> Result<Self, ArgsError> {
        Ok(call.socket.clone())
    }
}

impl<R: Runtime> Argument<Self> for Client<R> {
    fn take(call: &mut Call<'_, Self>) -> Result<Self, ArgsError> {
        Ok(call.socket.clone())
    }
}

impl<S> Argument<S> for Ack {
    fn take(call: &mut Call<'_, S>) -> Result<Self, ArgsError> {
        Ok(call.ack.take().unwrap_or_default())
    }
}

/// All arguments that are left, as they came: to relay them without reading them, or to read them one by one. A
/// parameter behind it finds none.
///
/// ```
/// # use socketio_hyper::{Namespace, Rest, Socket};
/// # fn example(namespace: &Namespace) {
/// namespace.on("echo", async |socket: Socket, Rest(args): Rest| socket.emit("echo", args));
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Rest(pub Args);

impl<S> Argument<S> for Rest {
    fn take(call: &mut Call<'_, S>) -> Result<Self, ArgsError> {
        Ok(Self(call.args.take()))
    }
}

/// What a handler may return.
pub trait Outcome {
    /// As a result.
    ///
    /// # Errors
    ///
    /// What the handler failed with.
    fn into_result(self) -> Result<(), BoxError>;
}

impl Outcome for () {
    fn into_result(self) -> Result<(), BoxError> {
        Ok(self)
    }
}

impl<T, E: Into<BoxError>> Outcome for Result<T, E> {
    fn into_result(self) -> Result<(), BoxError> {
        self.map(drop).map_err(Into::into)
    }
}

/// A handler's future, whatever it returns. (An `async` block that waits for it would have room for it twice.)
pub(crate) fn boxed<Fut>(future: Fut) -> HandlerFuture
where
    Fut: Future<Output: Outcome> + Send + 'static,
{
    Box::pin(future.map(|outcome| outcome.into_result().map_err(HandlerError::Failed)))
}

/// A handler whose parameters are forgotten.
pub(crate) trait AnyHandler<S = Socket>: Send + Sync {
    fn call(&self, call: Call<'_, S>) -> Result<HandlerFuture, ArgsError>;
}

pub(crate) struct Erased<H, P> {
    handler: H,
    parameters: std::marker::PhantomData<fn(P)>,
}

impl<H, P> Erased<H, P> {
    pub(crate) const fn new(handler: H) -> Self {
        Self {
            handler,
            parameters: std::marker::PhantomData,
        }
    }
}

impl<S, P: 'static, H: Handler<P, S>> AnyHandler<S> for Erased<H, P> {
    fn call(&self, call: Call<'_, S>) -> Result<HandlerFuture, ArgsError> {
        self.handler.call(call)
    }
}

/// A side of a connection whose handlers can be taken away.
pub(crate) trait Listening {
    /// Takes away the handler of an event, if it is still this one.
    fn forget(&self, event: &str, handler: *const ());
}

/// A handler of one socket that is called once.
pub(crate) struct Once<H> {
    event: Cow<'static, str>,
    handler: H,
}

impl<H> Once<H> {
    pub(crate) const fn new(event: Cow<'static, str>, handler: H) -> Self {
        Self { event, handler }
    }
}

impl<S: Listening, H: AnyHandler<S>> AnyHandler<S> for Once<H> {
    fn call(&self, call: Call<'_, S>) -> Result<HandlerFuture, ArgsError> {
        call.socket.forget(&self.event, ptr::from_ref(self).cast());
        self.handler.call(call)
    }
}

macro_rules! handlers {
    ($($parameter:ident)*) => {
        impl<S, F, Fut, $($parameter,)*> Handler<($($parameter,)*), S> for F
        where
            F: Fn($($parameter),*) -> Fut + Send + Sync + 'static,
            Fut: Future<Output: Outcome> + Send + 'static,
            $($parameter: Argument<S>,)*
        {
            #[allow(non_snake_case, unused_mut, unused_variables)]
            fn call(&self, mut call: Call<'_, S>) -> Result<HandlerFuture, ArgsError> {
                $(let $parameter = $parameter::take(&mut call)?;)*
                Ok(boxed(self($($parameter),*)))
            }
        }
    };
}

handlers!();
handlers!(A);
handlers!(A B);
handlers!(A B C);
handlers!(A B C D);
handlers!(A B C D E);
handlers!(A B C D E G);
handlers!(A B C D E G H);
handlers!(A B C D E G H I);

/// Relaying what came is what [`Rest`] is for.
impl ToArgs for Rest {
    fn write_args(&self, writer: &mut socketio_proto::ArgsWriter<'_>) -> Result<(), socketio_proto::EncodeError> {
        self.0.write_args(writer)
    }
}
