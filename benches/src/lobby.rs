//! A namespace with members in rooms.

use socketio_proto::SocketId;
use socketio_proto::server::hub::{MemberKey, Namespace, RoomLimits};

/// A namespace whose members are all in the room `lobby`, and are known by their number.
#[derive(Debug)]
pub struct Lobby {
    /// The namespace.
    pub namespace: Namespace<usize>,
    /// Its members, in the order of arrival.
    pub keys: Vec<MemberKey>,
}

impl Lobby {
    /// One with so many members.
    ///
    /// # Panics
    ///
    /// If the namespace does not take them.
    #[must_use]
    pub fn of(members: usize) -> Self {
        let mut namespace = Namespace::new(RoomLimits::default());
        let enter = |number: usize| {
            let key = namespace.insert(id(number), number).expect("the ids differ");
            namespace.join(key, "lobby").expect("it may join");
            key
        };
        Self {
            keys: (0..members).map(enter).collect(),
            namespace,
        }
    }
}

fn id(number: usize) -> SocketId {
    let mut entropy = [0; 15];
    let scattered = (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    entropy[..8].copy_from_slice(&scattered.to_le_bytes());
    SocketId::from_entropy(entropy)
}
