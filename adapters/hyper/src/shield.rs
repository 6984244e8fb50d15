//! The application's code may panic; nobody else suffers from it.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};

use futures_util::FutureExt;

use crate::HandlerError;

/// Calls the application's code.
pub(crate) fn shield<T>(call: impl FnOnce() -> T) -> Result<T, HandlerError> {
    catch_unwind(AssertUnwindSafe(call)).map_err(panicked)
}

/// Waits for the application's code.
pub(crate) async fn shield_future<T>(future: impl Future<Output = T>) -> Result<T, HandlerError> {
    AssertUnwindSafe(future).catch_unwind().await.map_err(panicked)
}

/// As the error of whoever panicked.
pub(crate) fn panicked(panic: Box<dyn Any + Send>) -> HandlerError {
    let message = match panic.downcast::<String>() {
        Ok(message) => *message,
        Err(panic) => panic.downcast_ref::<&str>().copied().unwrap_or("no message").to_owned(),
    };
    HandlerError::Panicked(message)
}
