//! The names of rooms.

use std::borrow::Cow;
use std::iter;
use std::sync::Arc;

use socketio_proto::SocketId;

/// One room or several: `"lobby"`, `["lobby", "garden"]`, a `Vec<String>`; the [id](crate::Socket::id) of a socket is the name of its
/// own room. No room at all, as an empty `Vec`, changes nothing, as in JavaScript: a choice of everyone stays one.
pub trait IntoRooms: sealed::Sealed {
    /// One of the names.
    type Room: AsRef<str> + Into<Arc<str>>;

    /// The names.
    fn into_rooms(self) -> impl Iterator<Item = Self::Room>;
}

mod sealed {
    /// The names are gone through while a lock is held, so they come from no code of the application.
    pub trait Sealed {}
}

macro_rules! rooms {
    ($([$($generics:tt)*] $type:ty, of $room:ty: |$names:ident| $iter:expr;)*) => {$(
        impl<$($generics)*> sealed::Sealed for $type {}

        impl<$($generics)*> IntoRooms for $type {
            type Room = $room;

            fn into_rooms(self) -> impl Iterator<Item = $room> {
                let $names = self;
                $iter
            }
        }
    )*};
}

rooms! {
    ['a] &'a str, of &'a str: |name| iter::once(name);
    ['a] &'a String, of &'a str: |name| iter::once(name.as_str());
    ['a] &'a Arc<str>, of Arc<str>: |name| iter::once(Arc::clone(name));
    ['a] &'a SocketId, of &'a SocketId: |id| iter::once(id);
    ['a] Cow<'a, str>, of Cow<'a, str>: |name| iter::once(name);
    [] String, of String: |name| iter::once(name);
    [] Arc<str>, of Arc<str>: |name| iter::once(name);
    [R: AsRef<str> + Into<Arc<str>>, const N: usize] [R; N], of R: |names| names.into_iter();
    [R: AsRef<str> + Into<Arc<str>>] Vec<R>, of R: |names| names.into_iter();
    ['a, R: AsRef<str>, const N: usize] &'a [R; N], of &'a str: |names| names.iter().map(R::as_ref);
    ['a, R: AsRef<str>] &'a [R], of &'a str: |names| names.iter().map(R::as_ref);
    ['a, R: AsRef<str>] &'a Vec<R>, of &'a str: |names| names.iter().map(R::as_ref);
}
