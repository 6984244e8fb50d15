//! Sockets, watched by smol's reactor.
//!
//! The reactor tells once that a socket is ready, and must be asked again before it tells once more: a system call for each message. On
//! Linux it watches one thing for us instead, another `epoll`, which tells whenever there is something new about one of its sockets.

#[cfg(any(target_os = "linux", target_os = "android"))]
mod edge;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod level;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod readiness;

#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) use edge::Watched;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) use level::Watched;
