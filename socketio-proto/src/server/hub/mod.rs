//! Where everyone is: namespaces, the rooms in them, and who a message is for.
//!
//! The hub sends nothing. It answers one question, "to whom?", with [`Namespace::members`]; what is sent, and how it gets
//! there, is up to whoever asks. That keeps a server on many cores simple: what comes in concerns one connection, only what
//! goes out to several asks here, and each [`Namespace`] can be behind a lock of its own, held while its members are walked.
//!
//! - A [`Hub`] is the namespaces by name, for servers that keep them in one place.
//! - A [`Namespace`] is its members, each with the value through which the application reaches it, and their rooms.
//! - A [`Target`] is to whom: some rooms or everyone, except some rooms, except the one who speaks.
//!
//! ```
//! use socketio_proto::SocketId;
//! use socketio_proto::server::hub::{Hub, Target};
//!
//! let mut hub = Hub::default();
//! let chat = hub.create("/chat");
//! let ada = chat.insert(SocketId::new("socket-of-ada"), "Ada")?;
//! let bob = chat.insert(SocketId::new("socket-of-bob"), "Bob")?;
//! let eve = chat.insert(SocketId::new("socket-of-eve"), "Eve")?;
//! for member in [ada, bob] {
//!     chat.join(member, "staff")?;
//! }
//!
//! let names = |target: &Target| chat.members(target).map(|member| *member.value).collect::<Vec<_>>();
//! assert_eq!(names(&Target::everyone()), ["Ada", "Bob", "Eve"]);
//! assert_eq!(names(&Target::everyone().skip(eve)), ["Ada", "Bob"]);
//! assert_eq!(names(&Target::everyone().to("staff").to("socket-of-ada")), ["Ada", "Bob"]);
//! assert_eq!(names(&Target::everyone().except("staff")), ["Eve"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What it costs
//!
//! A member that joined nothing takes less than 300 bytes with its value of one word; its own room is a flag. To join or
//! to leave is a few searches in ordered maps, so clients that choose the names of rooms cannot make them collide. A
//! broadcast walks those it reaches and nobody else, in a deterministic order and without an allocation.
//!
//! # What is not checked here
//!
//! A room named like the id of a socket holds that socket and whoever joined: a member in it overhears what is sent to the
//! socket alone. This is the same in JavaScript, where applications rely on it. So a client's wish to join a room is the
//! application's to grant.

mod key;
mod limits;
mod member;
mod members;
mod names;
mod namespace;
pub mod recovery;
mod slab;
mod target;
mod union;

pub use key::MemberKey;
pub use limits::{JoinError, RoomLimits};
pub use member::{IdTaken, Member, Removed};
pub use members::Members;
pub use namespace::Namespace;
pub use target::Target;

use alloc::collections::BTreeMap;
use alloc::sync::Arc;

/// The namespaces by name.
///
/// One that clients may bring into being by naming it should go when its last member does: [`remove_if_empty`]
/// after each departure, and after each refusal.
///
/// [`remove_if_empty`]: Self::remove_if_empty
#[derive(Clone, Debug)]
pub struct Hub<T> {
    namespaces: BTreeMap<Arc<str>, Namespace<T>>,
    limits: RoomLimits,
    /// Above the serials of all namespaces that were removed, so that their keys name nobody in one of the same name.
    serial: u64,
}

impl<T> Hub<T> {
    /// No namespace yet; those to come have rooms within `limits`.
    #[must_use]
    pub const fn new(limits: RoomLimits) -> Self {
        Self {
            namespaces: BTreeMap::new(),
            limits,
            serial: 0,
        }
    }

    /// The namespace `name`, which exists from now on.
    pub fn create(&mut self, name: &str) -> &mut Namespace<T> {
        let create = || Namespace::with_serial(self.limits, self.serial);
        self.namespaces.entry(name.into()).or_insert_with(create)
    }

    /// Removes the namespace `name` if nobody is in it, and says whether it did.
    pub fn remove_if_empty(&mut self, name: &str) -> bool {
        let Some(namespace) = self.namespaces.get(name).filter(|namespace| namespace.is_empty()) else {
            return false;
        };
        self.serial = self.serial.max(namespace.next_serial());
        self.namespaces.remove(name).is_some()
    }

    /// The namespace `name`, to change who is in it and in which rooms.
    pub fn namespace_mut(&mut self, name: &str) -> Option<&mut Namespace<T>> {
        self.namespaces.get_mut(name)
    }

    /// The namespace `name`, if there is one.
    #[must_use]
    pub fn namespace(&self, name: &str) -> Option<&Namespace<T>> {
        self.namespaces.get(name)
    }

    /// All namespaces, in alphabetical order of their names.
    pub fn namespaces(&self) -> impl Iterator<Item = (&str, &Namespace<T>)> {
        self.namespaces.iter().map(|(name, namespace)| (&**name, namespace))
    }
}

impl<T> Default for Hub<T> {
    /// No namespace yet; those to come have the default limits.
    fn default() -> Self {
        Self::new(RoomLimits::default())
    }
}
